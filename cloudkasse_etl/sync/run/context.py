"""The constants of a run: settings, id, day and options. Its changing state: session.py."""

import datetime as dt
from dataclasses import dataclass
from pathlib import Path

from cloudkasse_etl.config.settings import Configuration, Settings


@dataclass(frozen=True, slots=True)
class SyncOptions:
    """The options of one run.

    Attributes:
        full: Compare everything, however quiet the sources look.
        retry_rejected: Try rejected records again although nothing about them has changed.
        allow_retire: Retire records even where they are more than the settings allow unasked.
        import_receipts: Book what is staged, once it was fetched; None: as receipts.import of the settings says.
        receipt_ids: Of an import: only these receipts, as a person names them; all that are staged where empty.
        only_register: Of a delivery: only what this register sold.
        only_day: Of a delivery: only what was sold on this business day.
    """

    full: bool = False
    retry_rejected: bool = False
    allow_retire: bool = False
    import_receipts: bool | None = None
    receipt_ids: tuple[str, ...] = ()
    only_register: str | None = None
    only_day: dt.date | None = None


@dataclass(frozen=True, slots=True)
class RunContext:
    """The constants of a run, a dry run or a check for new data.

    Attributes:
        configuration: Settings and connections.
        as_of: The day whose prices and VAT rates apply, by the shop's clock.
        run_id: The run's id; empty if nothing of it is stored.
        kind: What kind of run it is, for the history.
        options: Its options.
        protocol_folder: Where protocols are written.
    """

    configuration: Configuration
    as_of: dt.date
    run_id: str = ""
    kind: str = ""
    options: SyncOptions = SyncOptions()
    protocol_folder: Path = Path()

    @property
    def settings(self) -> Settings:
        """The settings of cloudkasse.yaml."""
        return self.configuration.settings


def today(settings: Settings) -> dt.date:
    """The present day in the shop's zone.

    Args:
        settings: For the shop's time zone.

    Returns:
        The date by the shop's clock, which may differ from this computer's.
    """
    return dt.datetime.now(settings.zone).date()
