"""The use case that tells what is open now, over all assets: what a person has to do, and what waits.

It reads our own tables alone: no lease, no ERP, no till. So it may be called beside a synchronisation, and what one
run did or did not look at makes no difference.
"""

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import orjson

from cloudkasse_etl.config.settings import Configuration, Settings
from cloudkasse_etl.fingerprint import fingerprint
from cloudkasse_etl.i18n.text import Language, Text, joined, say, say_count, with_semicolon
from cloudkasse_etl.rejections.causes import Cause, by_cause, in_order_of, told_apart
from cloudkasse_etl.rejections.rejection import Rejection
from cloudkasse_etl.rejections.stuck_money import StuckMoney
from cloudkasse_etl.state.connection import connect
from cloudkasse_etl.state.database.opening import place_of, tables_untouched
from cloudkasse_etl.state.lease.run_words import kind_words
from cloudkasse_etl.state.stores.state_stores import StateStores, stores_on
from cloudkasse_etl.sync.inputs.own_tables import reported_as_the_erps
from cloudkasse_etl.sync.monitoring.failed_runs import LastRun
from cloudkasse_etl.sync.monitoring.gaps import Missing, missing_numbers
from cloudkasse_etl.sync.monitoring.waiting import LongWait, waits_since_before
from cloudkasse_etl.sync.run.receipt_sums import ReceiptSums, receipt_sums, waiting_text
from cloudkasse_etl.sync.run.report import rejection_dict

# a clock that is a little behind hides nothing
_AHEAD = dt.timedelta(days=1)


@dataclass(frozen=True, slots=True)
class OpenReport:
    """What is open at one moment.

    Attributes:
        language: The language of the texts.
        rejections: All open ones, record by record, in the order of the causes.
        causes: Their causes, in the order in which to deal with them.
        missing: Numbers of receipts and closings that never came.
        waits: What waits for something else, longest first; no rejections.
        sums: All receipts by what became of them, those that wait for their import among them.
        overdue: How many rejected records have been open for longer than `checks.waiting_hours`.
        hours: That limit; None where there is none.
        last_run: The latest run that failed and that nothing has made up for, else the latest; None where there is
            none, or where it was not asked for.
        left_out: How many rejected records are not in it, since only those of one asset or code were asked for.
    """

    language: Language
    rejections: tuple[Rejection, ...] = ()
    causes: tuple[Cause, ...] = ()
    missing: tuple[Missing, ...] = ()
    waits: tuple[LongWait, ...] = ()
    sums: ReceiptSums = field(default_factory=ReceiptSums)
    overdue: int = 0
    hours: int | None = None
    last_run: LastRun | None = None
    left_out: int = 0

    @property
    def count(self) -> int:
        """How many records are rejected."""
        return len({(rejection.asset, rejection.key) for rejection in self.rejections})

    @property
    def waiting(self) -> int:
        """How many records wait, those for their import included."""
        return sum(wait.count for wait in self.waits)

    @property
    def is_open(self) -> bool:
        """Whether a person has something to do."""
        return bool(self.causes or self.missing) or self.has_failed

    @property
    def is_urgent(self) -> bool:
        """Whether something has been open for too long, or the last run failed."""
        return self.overdue > 0 or self.has_failed

    @property
    def has_failed(self) -> bool:
        """Whether the last run failed."""
        return self.last_run is not None and self.last_run.is_failed

    @property
    def stuck(self) -> StuckMoney:
        """The money in the receipts that are rejected, each once."""
        return StuckMoney.of((r.key, r.called.amount) for r in self.rejections)

    @property
    def sentence(self) -> str:
        """What is open and what waits, in a sentence or two."""
        texts: list[Text | str] = [self._open(), *(missing.text for missing in self.missing)]
        if staged := waiting_text(self.sums.waiting, self.language):
            texts.append(staged)
        others = self.waiting - self.sums.waiting.count
        if others > 0:
            texts.append(
                say_count("{count:,} record waits for others.", "{count:,} records wait for others.", count=others)
            )
        if self.last_run is not None and self.last_run.is_failed:
            texts.insert(
                0, say("A run ({kind}) failed, and none has made up for it yet.", kind=kind_words(self.last_run.kind))
            )
        return joined(" ", texts).render(self.language)

    def _open(self) -> Text:
        if not self.causes:
            if self.left_out:
                return say_count(
                    "No record is rejected with this filter, {count:,} is without it.",
                    "No record is rejected with this filter, {count:,} are without it.",
                    count=self.left_out,
                )
            return say("No record is rejected.")
        causes = say_count("1 cause", "{count:,} causes", count=len(self.causes))
        head = say_count(
            "{count:,} record needs a person, for {causes}",
            "{count:,} records need a person, for {causes}",
            count=self.count,
            causes=causes,
        )
        stuck = self.stuck.sentence(self.language)
        texts = [joined("", [with_semicolon(head.render(self.language), stuck, self.language), "."])]
        if several := told_apart(self.causes):
            texts.append(several)
        return joined(" ", texts)

    @property
    def fingerprint(self) -> str:
        """Differs when anything differs that a person would see, but for the time that has passed."""
        seen = [
            [(c.asset, c.code, c.cure, c.summary, list(c.keys), str(c.since)) for c in self.causes],
            [(w.asset, w.count, w.names, w.why, str(w.since)) for w in self.waits],
            [missing.as_dict() for missing in self.missing],
            [
                self.sentence,
                self.sums.render(self.language),
                self.overdue,
                self.last_run.message if self.last_run and self.has_failed else "",
            ],
        ]
        return fingerprint(orjson.dumps(seen))

    def table(self, settings: Settings) -> dict[str, Any]:
        """The report as the protocol of a run is laid out, for a CSV file."""
        return {**self.as_dict(), "language": self.language, "timezone": settings.timezone}

    def as_dict(self) -> dict[str, Any]:
        """The report as `rejections --json` prints it, with all records."""
        return {
            "message": self.sentence,
            "failed_run": {
                "kind": self.last_run.kind,
                "ended_at": self.last_run.ended_at.isoformat(timespec="seconds"),
                "message": self.last_run.message,
            }
            if self.has_failed and self.last_run is not None
            else None,
            "open": self.count,
            "causes": [
                {
                    "asset": cause.asset,
                    "code": cause.code,
                    "text": cause.summary,
                    "cure": cause.cure,
                    "count": cause.count,
                    **cause.stuck.as_dict(),
                    "since": cause.since.isoformat() if cause.since else None,
                }
                for cause in self.causes
            ],
            "rejections": [_without_still(rejection_dict(r, self.language)) for r in self.rejections],
            "missing": [missing.as_dict() for missing in self.missing],
            "receipts": self.sums.as_dict(),
            "waiting": [
                {
                    "asset": w.asset,
                    "count": w.count,
                    "since": w.since.isoformat(),
                    "examples": w.examples,
                    "text": w.why,
                    "cure": w.cure,
                }
                for w in self.waits
            ],
        }


def _without_still(rejection: dict[str, Any]) -> dict[str, Any]:
    """A rejection that is about no run: that it was there before distinguishes none."""
    return {name: value for name, value in rejection.items() if name != "still"}


def open_records(
    configuration: Configuration,
    *,
    last_run: LastRun | None = None,
    asset: str | None = None,
    code: str | None = None,
) -> OpenReport:
    """Tells what is open now.

    Args:
        configuration: Settings and connections.
        last_run: The run by which one judges whether all is well, for the report: `failed_runs.to_be_told`.
        asset: Only rejections of this asset.
        code: Only rejections of this code.

    Returns:
        The report.

    Raises:
        ErpUnavailableError: Our tables are in the ERP's database, and that cannot be reached.
        StateUnavailableError: Our own tables cannot be reached.
    """
    with _looking(configuration) as store:
        return what_is_open(store, configuration.settings, last_run=last_run, asset=asset, code=code)


def what_is_open(
    store: StateStores,
    settings: Settings,
    *,
    sums: ReceiptSums | None = None,
    last_run: LastRun | None = None,
    asset: str | None = None,
    code: str | None = None,
) -> OpenReport:
    """The same with tables that are open already.

    Args:
        store: Our own tables.
        settings: For language and limits.
        sums: The sums of all receipts, if they are known already.
        last_run: The run by which one judges whether all is well, for the report: `failed_runs.to_be_told`.
        asset: Only rejections of this asset.
        code: Only rejections of this code.

    Returns:
        The report.
    """
    language, hours = settings.language, settings.checks.waiting_hours
    now = dt.datetime.now(dt.UTC)
    every = store.waiting.rejected_since_before(now + _AHEAD)
    found = [r for r in every if asset in (None, r.asset) and code in (None, r.code)]
    limit = None if hours is None else now - dt.timedelta(hours=hours)
    causes = by_cause(found, language)
    late = {(r.asset, r.key) for r in found if limit is not None and r.since is not None and r.since < limit}
    return OpenReport(
        language=language,
        rejections=tuple(in_order_of(causes, found)),
        causes=tuple(causes),
        missing=() if code else tuple(m for m in missing_numbers(store, language) if asset in (None, m.asset)),
        waits=tuple(waits_since_before(now + _AHEAD, store, settings)),
        sums=receipt_sums(store) if sums is None else sums,
        overdue=len(late),
        hours=hours,
        last_run=last_run,
        left_out=len({(r.asset, r.key) for r in every} - {(r.asset, r.key) for r in found}),
    )


@contextmanager
def _looking(configuration: Configuration) -> Iterator[StateStores]:
    with reported_as_the_erps(configuration):
        place = place_of(configuration.settings, configuration.connections)
        with tables_untouched(place) as opened:
            yield stores_on(connect(opened))
