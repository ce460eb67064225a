"""The data of a run for its page: from the history, and from the protocol if there is one."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cloudkasse_etl.entities import (
    ASSETS_OF,
    DELIVERED,
    REVENUE_POSTINGS,
    STAGED_CLOSINGS,
    STAGED_RECEIPTS,
    STOCK_MOVEMENTS,
)
from cloudkasse_etl.rejections.causes import Cause, causes_of
from cloudkasse_etl.sync.run.report import Counts

DOWN = (STAGED_RECEIPTS, STAGED_CLOSINGS, REVENUE_POSTINGS, STOCK_MOVEMENTS, *DELIVERED)


@dataclass(frozen=True)
class RunFacts:
    """A run.

    Attributes:
        run_id: Its id.
        kind: `all`, `master-data`, `receipts`, `import`, `deliver` or `assets`.
        outcome: One of the four outcomes, or `running`, `queued`.
        message: The run's sentence, or why it broke.
        started_at: When it began.
        seconds: How long it took; None while it runs.
        started_by: Who started it, as text.
        counts: The run's totals.
        protocol: As `read_protocol` returns it; None where the run left none.
    """

    run_id: str
    kind: str
    outcome: str
    message: str
    started_at: dt.datetime
    seconds: float | None
    started_by: str
    counts: Mapping[str, int]
    protocol: Mapping[str, Any] | None = None

    @property
    def until(self) -> dt.datetime | None:
        """When it ended: receipts that were staged later are not on its page. None while it runs."""
        return None if self.seconds is None else self.started_at + dt.timedelta(seconds=self.seconds + 1)

    @property
    def assets(self) -> Mapping[str, Counts] | None:
        """Counts by asset; None where the protocol is missing, or of a release that did not store them."""
        noted = self.protocol.get("assets") if self.protocol else None
        if noted is None:
            return None
        names = Counts().as_dict()
        return {asset: Counts(**{name: int(counts[name]) for name in names}) for asset, counts in noted.items()}

    def settings_changes(self) -> Sequence[Mapping[str, Any]]:
        """What of the settings had changed when the run began, where it was the first one under them."""
        noted = self.protocol.get("settings") if self.protocol else None
        return noted["changes"] if noted else ()

    def upward(self) -> dict[str, Counts]:
        """Counts of uploads, by kind of record; those that the run did not touch are missing."""
        assets = self.assets or {}
        return {
            kind: sum((assets[name] for name in names if name in assets), Counts())
            for kind, names in ASSETS_OF.items()
            if any(name in assets for name in names)
        }

    def downward(self) -> dict[str, Counts]:
        """Counts of fetched and booked records, by asset."""
        assets = self.assets or {}
        return {name: assets[name] for name in DOWN if name in assets}

    def causes(self) -> list[Cause]:
        """The causes of the rejections that were open after the run, most records first."""
        protocol = self.protocol or {}
        return causes_of(protocol.get("rejections", ()), protocol.get("language", "en"))
