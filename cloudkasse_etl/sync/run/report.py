"""Reports: the result of a use case, and that of a whole run. No I/O."""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Self

from cloudkasse_etl.i18n.text import Text, say, say_count
from cloudkasse_etl.rejections.causes import in_order
from cloudkasse_etl.rejections.rejection import Language, Rejection

if TYPE_CHECKING:  # its module imports SQLAlchemy, which `--help` does not need
    from cloudkasse_etl.state.stores.deliveries.delivered_receipts import ListedDocument
    from cloudkasse_etl.state.stores.waiting_records import Waiting
    from cloudkasse_etl.sync.run.receipt_sums import ReceiptSums

SHOWN_REJECTIONS = 20


class Outcome(StrEnum):
    """The result of a run: the manual's three results, or that there was nothing to do."""

    NO_NEW_DATA = "no_new_data"
    SUCCESSFUL = "successful"
    PARTIALLY_SUCCESSFUL = "partially_successful"
    FAILED = "failed"

    @property
    def exit_code(self) -> int:
        """0, 10 or 20."""
        return {Outcome.PARTIALLY_SUCCESSFUL: 10, Outcome.FAILED: 20}.get(self, 0)


@dataclass(frozen=True, slots=True)
class Counts:
    """How many records of an asset, or of a whole run, had which result."""

    new: int = 0
    changed: int = 0
    deactivated: int = 0
    unchanged: int = 0
    rejected: int = 0
    still_rejected: int = 0
    deferred: int = 0

    @property
    def attempted(self) -> int:
        """The base of the outcome: unchanged and waiting records do not count as attempted."""
        return self.new + self.changed + self.deactivated + self.rejected

    def __add__(self, other: Self) -> "Counts":
        mine, theirs = self.as_dict(), other.as_dict()
        return Counts(**{name: mine[name] + theirs[name] for name in mine})

    def as_dict(self) -> dict[str, int]:
        """The counts by name, in the order in which they are shown."""
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, slots=True)
class Deferral:
    """Records that wait for something in order, grouped by what they wait for.

    Attributes:
        code: A key of the failures' catalogue.
        count: How many records wait.
        examples: Keys of the first few.
        detail: The values of the placeholders in the catalogue's text.
        each: The same by the single records that are waited for, if there are several and they are known.
    """

    code: str
    count: int
    examples: tuple[str, ...] = ()
    detail: Mapping[str, str] = field(default_factory=dict)
    each: "tuple[Waiting, ...]" = field(default=(), compare=False)

    def by_awaited(self) -> "tuple[Waiting, ...]":
        """The waiting records, grouped by the single record that they wait for."""
        from cloudkasse_etl.state.stores.waiting_records import Waiting

        return self.each or (Waiting(self.code, "", self.count, self.examples),)

    def text(self, language: Language) -> str:
        """What they wait for and what to do."""
        sample = Rejection("", "", self.code, self.detail)
        return f"{sample.text(language)} {sample.cure(language)}"


@dataclass(frozen=True, slots=True)
class AssetReport:
    """The result of one use case.

    Attributes:
        asset: The asset's name.
        counts: Records by result.
        rejections: All open ones of the asset, the still rejected included.
        deferrals: Waiting records, by reason.
        warnings: Records that were processed, but should be reviewed.
        seconds: How long it took.
        rows: How many records the asset holds, where it is known.
        lacking: Register's price group → how many articles have a price elsewhere but none in it.
        turns: The last and the next day (ISO text) on which the calendar alone changes the result.
        quiet: True where nothing had changed and nothing was read.
        looked_at: How many articles were processed, if only the changed ones were.
        why_everything: Why all articles were processed, although the changed ones might have been enough.
        left: Work that the run could have done but was not asked to, and why.
        apart: Of new receipts, how many no import will book: `no_effect`, `before_start`.
        notes: What was read although it deviates from the rules, as sentences.
        unsigned: Of new receipts, how many the till's security device (TSE) failed to sign, by register and business
            day.
        documents: Documents, or batches for the ledger, that were delivered last, newest first.
    """

    asset: str
    counts: Counts
    rejections: tuple[Rejection, ...] = ()
    deferrals: tuple[Deferral, ...] = ()
    warnings: tuple[Rejection, ...] = ()
    seconds: float = 0.0
    rows: int | None = None
    lacking: Mapping[str, int] = field(default_factory=dict)
    turns: tuple[str | None, str | None] = (None, None)
    quiet: bool = False
    looked_at: int | None = None
    why_everything: Text | None = None
    left: Text | None = None
    apart: Mapping[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    unsigned: Mapping[tuple[str, dt.date], int] = field(default_factory=dict)
    documents: "tuple[ListedDocument, ...]" = ()

    @property
    def scope(self) -> Text | None:
        """The processed articles, in a sentence; None if there were none, or if there was no choice."""
        if self.why_everything is not None:
            return say("Looks at everything: {reason}.", reason=self.why_everything)
        if self.looked_at is not None:
            return say_count(
                "Looks at {count:,} changed article.", "Looks at {count:,} changed articles.", count=self.looked_at
            )
        return None


@dataclass(frozen=True, slots=True)
class RunReport:
    """The result of a run; the source of `--json`, the run tags and the history.

    Attributes:
        error: Why it broke, if it did.
        sums: What became of all receipts; None where that was not looked at.
        in_short: The error in two or three words; empty where there is none.
        open_records: Of a run that broke, how many records are rejected in all: it has looked at a part.
        settings: Number and hash of the settings, and what of them had changed (`settings_record.note_of`); None where
            they are not recorded.
    """

    run_id: str
    kind: str
    outcome: Outcome
    message: str
    assets: Mapping[str, AssetReport]
    protocol: str
    error: str | None = None
    sums: "ReceiptSums | None" = None
    in_short: str = ""
    open_records: int = 0
    settings: Mapping[str, Any] | None = None

    @property
    def counts(self) -> Counts:
        """The totals of all assets."""
        return total(self.assets.values())

    @property
    def rejections(self) -> tuple[Rejection, ...]:
        """All open rejections."""
        return tuple(rejection for report in self.assets.values() for rejection in report.rejections)

    @property
    def scope(self) -> Text | None:
        """The articles that the run processed, in a sentence; None if there were none to process."""
        return widest_scope(self.assets.values())

    def as_dict(self, language: Language) -> dict[str, Any]:
        """The object that `sync --json` prints."""
        return {
            "run_id": self.run_id,
            "outcome": str(self.outcome),
            "kind": self.kind,
            "message": self.message,
            "assets": {name: report.counts.as_dict() for name, report in self.assets.items()},
            "rejections": [rejection_dict(r, language) for r in in_order(self.rejections)[:SHOWN_REJECTIONS]],
            "protocol": self.protocol,
            "receipts": None if self.sums is None else self.sums.as_dict(),
            "looked_at": None if self.scope is None else self.scope.render(language),
        }


def widest_scope(reports: Iterable[AssetReport]) -> Text | None:
    """The articles that several assets processed, in the sentence of the one that processed most.

    Args:
        reports: In the order in which the assets ran.

    Returns:
        None if there were none to process.
    """
    told = [report for report in reports if report.scope is not None]
    everything = [report for report in told if report.why_everything is not None]
    return (everything or told)[-1].scope if told else None


def rejection_dict(rejection: Rejection, language: Language) -> dict[str, Any]:
    """A rejection as the protocol holds it; the total is that of a receipt which is not booked because of it.

    One that has several causes names them in `parts`, each with its own text and cure.
    """
    amount, parts = rejection.called.amount, rejection.parts()
    return {
        "asset": rejection.asset,
        "key": rejection.key,
        "name": rejection.name(language),
        "code": rejection.code,
        "text": rejection.text(language),
        "cure": rejection.cure(language),
        "since": rejection.since.isoformat() if rejection.since else None,
        "still": rejection.still,
        "total_cents": amount.cents if amount else None,
        "currency": amount.currency if amount else None,
        **({"parts": [{"text": p.text(language), "cure": p.cure(language)} for p in parts]} if len(parts) > 1 else {}),
    }


def total(reports: Iterable[AssetReport]) -> Counts:
    """The sum of the reports' counts."""
    counts = Counts()
    for report in reports:
        counts += report.counts
    return counts


def refused_counts(rejections: Iterable[Rejection]) -> Counts:
    """Counts refused records: one with several faults is one record, and new as soon as one of them is."""
    rejections = list(rejections)
    fresh = {rejection.key for rejection in rejections if not rejection.still}
    still = {rejection.key for rejection in rejections} - fresh
    return Counts(rejected=len(fresh), still_rejected=len(still))


def outcome_of(counts: Counts, *, broke: bool = False) -> Outcome:
    """The outcome of the counts."""
    if broke:
        return Outcome.FAILED
    if counts.attempted == 0:
        return Outcome.NO_NEW_DATA
    if counts.rejected == 0:
        return Outcome.SUCCESSFUL
    return Outcome.FAILED if counts.rejected == counts.attempted else Outcome.PARTIALLY_SUCCESSFUL
