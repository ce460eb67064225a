"""Opens the till that the settings name, behind the port."""

import threading

from cloudkasse_etl.config.settings import Configuration, Settings
from cloudkasse_etl.tills.port import (
    AttemptJournal,
    Foresight,
    NoJournal,
    NoPartMemory,
    OnRetry,
    PartMemory,
    Till,
    Translation,
)


def open_till(
    configuration: Configuration,
    journal: AttemptJournal | None = None,
    memory: PartMemory | None = None,
    *,
    stop: threading.Event | None = None,
    on_retry: OnRetry = lambda text: None,
) -> Till:
    """Opens a company's till.

    Args:
        configuration: Settings and connections.
        journal: Keeps attempts at writing until they are answered; None where nothing is sent.
        memory: Remembers what was read to its end; None where nothing is read.
        stop: Set from another thread, it ends all waiting almost at once.
        on_retry: Called before each pause, from the request's own thread, with a sentence about it.

    Returns:
        The till; a context that closes it.
    """
    # a run imports what speaks to its own till only, and starts sooner
    if configuration.settings.till.kind == "dsfinvk":
        from cloudkasse_etl.tills.dsfinvk.export_till import ExportTill

        return ExportTill(configuration, NoPartMemory() if memory is None else memory)
    kept = NoJournal() if journal is None else journal
    if configuration.settings.till.kind == "korona":
        from cloudkasse_etl.tills.korona.korona_client import KoronaClient

        return KoronaClient(configuration, kept, stop=stop, on_retry=on_retry)
    from cloudkasse_etl.tills.cloudkasse.client import CloudClient

    return CloudClient(
        configuration.connections,
        configuration.settings.api,
        kept,
        stop=stop,
        on_retry=on_retry,
    )


def open_dry_till(
    configuration: Configuration,
    foresee: Foresight,
    memory: PartMemory,
    *,
    stop: threading.Event | None = None,
) -> Till:
    """Opens a company's till for a dry run: it is asked, but sent nothing; records count as accepted.

    Args:
        configuration: Settings and connections.
        foresee: What the caller expects the till to refuse.
        memory: Remembers what was read to its end.
        stop: As for `open_till`.

    Returns:
        The till; a context that closes it.
    """
    if configuration.settings.till.kind == "dsfinvk":
        return open_till(configuration, memory=memory)
    if configuration.settings.till.kind == "korona":
        from cloudkasse_etl.tills.korona.korona_dry_client import KoronaDryClient

        return KoronaDryClient(configuration, foresee, stop=stop)
    from cloudkasse_etl.tills.cloudkasse.dry_client import DryClient

    return DryClient(configuration.connections, configuration.settings.api, foresee, stop=stop)


def translation_of(settings: Settings) -> Translation | None:
    """What translates the till's own form of receipts and closings; None where they come in the canonical form.

    Args:
        settings: The settings, which name what the till calls otherwise.
    """
    if settings.till.kind == "korona":
        from cloudkasse_etl.tills.korona.korona_translation import KoronaTranslation

        return KoronaTranslation(settings)
    return None
