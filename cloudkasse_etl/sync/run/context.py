"""What never changes during a run: settings, id, day, and what was asked of it. What it finds: session.py."""

import datetime as dt
from dataclasses import dataclass
from pathlib import Path

from cloudkasse_etl.config.settings import Configuration, Settings


@dataclass(frozen=True, slots=True)
class SyncOptions:
    """What a person can ask of one run.

    Attributes:
        full: Compare everything, however quiet the sources look.
        retry_rejected: Try rejected records again although nothing about them has changed.
        allow_retire: Retire records even where they are more than the settings allow unasked.
        import_receipts: Book what is staged, once it was fetched; None: as receipts.import of the settings says.
        receipt_ids: Of an import: only these receipts; all that are staged where empty.
    """

    full: bool = False
    retry_rejected: bool = False
    allow_retire: bool = False
    import_receipts: bool | None = None
    receipt_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RunContext:
    """One run, a dry run or a look, as it is from its beginning to its end.

    Attributes:
        configuration: Settings and connections.
        as_of: The day whose prices and VAT rates hold, by the shop's clock.
        run_id: The run's id; empty where nothing is kept of it.
        kind: What kind of run it is, for the history.
        options: What was asked of it.
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
        """What cloudkasse.yaml says."""
        return self.configuration.settings


def today(settings: Settings) -> dt.date:
    """The day that it is in the shop.

    Args:
        settings: For the shop's time zone.

    Returns:
        The date by the shop's clock, which need not be this computer's.
    """
    return dt.datetime.now(settings.zone).date()
