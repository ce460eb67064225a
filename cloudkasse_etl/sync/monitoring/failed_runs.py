"""Failed runs, and the later runs that repeat their work: one rule for alerts, retries and the page of open records."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from cloudkasse_etl.sync.run.report import Outcome

_ALL = "all"
# A run of `all` includes these: its success ends their failures, too.
_PARTS_OF_ALL = (_ALL, "master-data", "receipts", "assets")


class _Ended(Protocol):
    """A run that has ended, as alerts and the page of what is open know it."""

    @property
    def kind(self) -> str:
        """Its kind: `all`, `master-data`, `receipts`, `import` or `assets`."""

    @property
    def ended_at(self) -> dt.datetime:
        """When it ended."""

    @property
    def is_failed(self) -> bool:
        """Whether it failed."""


Run = TypeVar("Run", bound=_Ended)


@dataclass(frozen=True, slots=True)
class LastRun:
    """A run that has ended.

    Attributes:
        kind: Its kind.
        ended_at: When it ended.
        outcome: Its outcome.
        message: Its sentence, or why it broke.
    """

    kind: str
    ended_at: dt.datetime
    outcome: str
    message: str

    @property
    def is_failed(self) -> bool:
        """Whether it failed."""
        return self.outcome == str(Outcome.FAILED)


def does_work_of(kind: str, failed: str) -> bool:
    """Whether a run of a kind does what a failed run of another, or of the same kind, should have done."""
    return kind == failed or (kind == _ALL and failed in _PARTS_OF_ALL)


def not_made_up_for(latest: Sequence[Run]) -> list[Run]:
    """The failed ones among the latest runs of each kind, unless a wider run has worked since."""
    return [run for run in latest if run.is_failed and not is_made_up_for(run.kind, latest, since=run.ended_at)]


def is_made_up_for(kind: str, latest: Sequence[_Ended], *, since: dt.datetime | None) -> bool:
    """Whether the failure of a kind of run is over.

    Args:
        kind: The kind.
        latest: The latest ended runs, one a kind.
        since: When it failed; None: whenever.

    Returns:
        Whether a later run has repeated its work.
    """
    return any(
        not run.is_failed and does_work_of(run.kind, kind) and (since is None or run.ended_at >= since)
        for run in latest
    )


def to_be_told(latest: Sequence[LastRun]) -> LastRun | None:
    """The run by which one judges whether all is well.

    Args:
        latest: The latest ended runs, one a kind.

    Returns:
        The latest that failed and that nothing has made up for; if there is none, the latest; None without runs.
    """
    return max(not_made_up_for(latest) or latest, key=lambda run: run.ended_at, default=None)
