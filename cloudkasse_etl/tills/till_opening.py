"""Opens the till that the settings name, behind the port."""

import threading

from cloudkasse_etl.config.connections import Connections
from cloudkasse_etl.config.settings import Api
from cloudkasse_etl.tills.cloudkasse.client import CloudClient
from cloudkasse_etl.tills.port import AttemptJournal, Foresight, NoJournal, OnRetry, Till


def open_till(
    connections: Connections,
    api: Api,
    journal: AttemptJournal | None = None,
    *,
    stop: threading.Event | None = None,
    on_retry: OnRetry = lambda text: None,
) -> Till:
    """Opens a company's till.

    Args:
        connections: Address and token.
        api: Connections, time limits and retries.
        journal: Keeps attempts at writing until they are answered; None where nothing is sent.
        stop: Set from another thread, it ends all waiting almost at once.
        on_retry: Called before each pause, from the request's own thread, with a sentence about it.

    Returns:
        The till; a context that closes it.
    """
    return CloudClient(connections, api, NoJournal() if journal is None else journal, stop=stop, on_retry=on_retry)


def open_dry_till(
    connections: Connections, api: Api, foresee: Foresight, *, stop: threading.Event | None = None
) -> Till:
    """Opens a company's till for a dry run: it is asked, but sent nothing; records count as accepted.

    Args:
        connections: Address and token.
        api: Connections, time limits and retries.
        foresee: What the caller expects the till to refuse.
        stop: As for `open_till`.

    Returns:
        The till; a context that closes it.
    """
    from cloudkasse_etl.tills.cloudkasse.dry_client import DryClient  # a run has no use for it, and starts sooner

    return DryClient(connections, api, foresee, stop=stop)
