"""The dry run: runs the use cases on a session that writes nothing, to find out what a synchronisation would do."""

import datetime as dt
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import pandas as pd

from cloudkasse_etl.config.settings import Configuration
from cloudkasse_etl.entities import STAGED_RECEIPTS, Kind
from cloudkasse_etl.state.dry_run.dry_records import Acceptance
from cloudkasse_etl.state.stores.books.receipt_status import Status
from cloudkasse_etl.state.stores.books.staged_receipts import StagedReceipt
from cloudkasse_etl.sync.dry_run.plan_report import (
    ACTIONS,
    DETAILS,
    EntityPlan,
    ImportPlan,
    Plan,
    PlannedRecord,
    ReceiptLine,
    ReceiptsPlan,
)
from cloudkasse_etl.sync.dry_run.plan_session import PlanSession, open_plan
from cloudkasse_etl.sync.master_data.extraction import extract
from cloudkasse_etl.sync.master_data.price_computation import compute_gross_prices
from cloudkasse_etl.sync.master_data.record_titles import names_by_key
from cloudkasse_etl.sync.master_data.upload import upload
from cloudkasse_etl.sync.receipts.receipt_import import import_receipts, lines_of
from cloudkasse_etl.sync.receipts.receipt_staging import stage_closings, stage_receipts
from cloudkasse_etl.sync.run.report import widest_scope
from cloudkasse_etl.tills.capabilities import refuse_if_none_is_taken

What = Literal["all", "master-data", "receipts", "import"]


def plan(configuration: Configuration, what: What = "all", *, as_of: dt.date | None = None) -> Plan:
    """Finds out what a synchronisation would do, record by record. Writes nothing anywhere, and uses GET only.

    Refusals that only the cloud can decide about are known only when a record is really sent; those that its contract
    always requires are foreseen.

    Args:
        configuration: Settings and connections.
        what: `all` with an import at the end, or a part.
        as_of: The day that is planned for; today where None.

    Returns:
        The plan.

    Raises:
        CloudkasseError: ERP, cloud or our own tables cannot be read; there is no plan then.
    """
    if what == "master-data":
        refuse_if_none_is_taken(configuration.settings.till.kind)
    with open_plan(configuration, as_of=as_of) as session:
        # first whether the cloud can be reached: a person should not wait for a comparison needlessly
        if what != "import":
            session.cloud_status  # noqa: B018 -- for the errors that it raises
        entities = _master_data(session) if what in ("all", "master-data") else ()
        receipts = _receipts(session) if what in ("all", "receipts") else None
        imports = _import(session) if what in ("all", "import") else None
        counts = {asset: report.counts for asset, report in session.reports.items()}
        scope = widest_scope(session.reports.values())
    return Plan(what, entities, receipts, imports, counts, scope)


def _master_data(session: PlanSession) -> tuple[EntityPlan, ...]:
    blocked: dict[str, str] = {}
    found = []
    for kind in session.kinds:
        reports = [extract(session, kind), *([compute_gross_prices(session)] if kind.computed else [])]
        cause = blocked.get(kind.after.name) if kind.after else None
        if cause is not None:
            blocked[kind.name] = cause
            refused = tuple(r for report in reports for r in report.rejections)
            found.append(EntityPlan(kind.name, rejections=refused, skipped=cause))
            continue
        report = upload(session, kind)
        stopped = session.stopped.get(report.asset)
        if stopped is not None:
            blocked[kind.name] = kind.name
        found.append(
            EntityPlan(
                kind.name,
                records=_records(session, kind),
                unchanged=report.counts.unchanged,
                rejections=tuple(r for part in (*reports, report) for r in part.rejections),
                waiting=report.deferrals,
                stopped=stopped.render(session.settings.language) if stopped else None,
            )
        )
    return tuple(found)


def _records(session: PlanSession, kind: Kind) -> tuple[PlannedRecord, ...]:
    """The records that would be sent; those that are shown one by one have their names."""
    records = [_record(acceptance) for acceptance in session.store.synced.acceptances(kind.name)]
    shown = [key for action in ACTIONS for key in [r.key for r in records if r.action == action][:DETAILS]]
    names = names_by_key(session.store, kind, shown)
    return tuple(replace(record, called=names.get(record.key)) for record in records)


def _record(acceptance: Acceptance) -> PlannedRecord:
    if not acceptance.active:
        return PlannedRecord(acceptance.key, "retired", acceptance.after, acceptance.before)
    action: Literal["new", "changed"] = "new" if acceptance.before is None else "changed"
    return PlannedRecord(acceptance.key, action, acceptance.after, acceptance.before)


@dataclass
class _Arrivals:
    """Counts the receipts that would be staged; keeps only the first few of them."""

    by_status: Counter[str] = field(default_factory=Counter)
    receipts: Counter[str] = field(default_factory=Counter)
    cents: Counter[str] = field(default_factory=Counter)
    examples: list[ReceiptLine] = field(default_factory=list)
    closings: int = 0

    def stage(self, receipts: Sequence[StagedReceipt]) -> None:
        for r in receipts:
            self.by_status[str(r.status)] += 1
            if r.status is Status.STAGED:
                self.receipts[r.register or ""] += 1
                self.cents[r.register or ""] += r.total_cents or 0
        for r in receipts[: DETAILS - len(self.examples)]:
            self.examples.append(
                ReceiptLine(
                    r.receipt_id, r.register, r.number, r.business_day, r.total_cents, str(r.status), r.currency
                )
            )

    def close(self, closings: Sequence[Mapping[str, Any]]) -> None:
        self.closings += len(closings)


def _receipts(session: PlanSession) -> ReceiptsPlan:
    arrivals = _Arrivals()
    session.store.staging.on_staged, session.store.closings.on_closings = arrivals.stage, arrivals.close
    staged, closed = stage_receipts(session), stage_closings(session)
    return ReceiptsPlan(
        by_status=dict(sorted(arrivals.by_status.items())),
        seen=staged.counts.unchanged,
        total_cents=sum(arrivals.cents.values()),
        by_register={name: (count, arrivals.cents[name]) for name, count in sorted(arrivals.receipts.items())},
        examples=tuple(arrivals.examples),
        rejections=staged.rejections + closed.rejections,
        closings=arrivals.closings,
    )


@dataclass
class _Books:
    """Sums up the postings that would be booked, batch by batch."""

    receipts: int = 0
    postings: int = 0
    movements: int = 0
    stock_lines: int = 0
    debit: Counter[str] = field(default_factory=Counter)
    credit: Counter[str] = field(default_factory=Counter)
    into: Counter[tuple[str, str]] = field(default_factory=Counter)
    out: Counter[tuple[str, str]] = field(default_factory=Counter)
    examples: list[Mapping[str, Any]] = field(default_factory=list)

    def book(self, postings: pd.DataFrame | None, movements: pd.DataFrame, receipts: int) -> None:
        self.receipts += receipts
        self.movements += len(movements)
        self.stock_lines += lines_of(movements)
        places = list(zip(movements["article"], movements["warehouse"], strict=True))
        for place, quantity in zip(places, movements["quantity_milli"].tolist(), strict=True):
            (self.into if quantity > 0 else self.out)[place] += abs(quantity)
        if postings is None:  # stock lines that are booked later
            return
        self.postings += len(postings)
        amounts = postings["amount_cents"]
        for counter, part in ((self.debit, amounts.clip(lower=0)), (self.credit, -amounts.clip(upper=0))):
            for account, cents in part.groupby(postings["account"]).sum().items():
                counter[str(account)] += int(cents)
        shown = postings[["document_number", "posting_date", "account", "amount_cents", "text"]]
        self.examples += shown.head(DETAILS - len(self.examples)).to_dict("records")  # type: ignore[arg-type]


def _import(session: PlanSession) -> ImportPlan:
    books = _Books()
    session.store.books.on_booked = books.book
    anew = _Arrivals()
    session.store.staging.on_staged = anew.stage
    fetched = STAGED_RECEIPTS in session.reports
    postings, movements = import_receipts(session)
    validated = session.reports.get(STAGED_RECEIPTS)
    refused = validated.rejections if validated is not None and not fetched else ()
    missing: Counter[str] = Counter()
    for rejection in postings.rejections:
        if rejection.code == "account_missing":
            missing.update(part.detail.get("setting", "") for part in rejection.parts())
    return ImportPlan(
        receipts=books.receipts,
        postings=books.postings,
        accounts={a: (books.debit[a], books.credit[a]) for a in sorted({*books.debit, *books.credit})},
        movements=books.movements,
        stock_lines=books.stock_lines,
        articles={p: (books.into[p], books.out[p]) for p in sorted({*books.into, *books.out})},
        examples=tuple(books.examples),
        missing=dict(missing),
        rejections=refused + postings.rejections + movements.rejections,
        judged_anew=dict(sorted(anew.by_status.items())),
        waiting=postings.deferrals,
    )
