"""The list of receipts: the status of each, its reason, and people's decisions about it."""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from cloudkasse_etl.config.settings import Configuration
from cloudkasse_etl.entities import REVENUE_POSTINGS, STAGED_RECEIPTS, STOCK_MOVEMENTS
from cloudkasse_etl.i18n.formats import plain_euros
from cloudkasse_etl.i18n.text import Text, rendered, say
from cloudkasse_etl.rejections.record_names import ReceiptName
from cloudkasse_etl.rejections.rejection import Language, Rejection
from cloudkasse_etl.schemas.no_effect import NO_EFFECT_WORDS
from cloudkasse_etl.state.database.keys import bounded_key
from cloudkasse_etl.state.stores.books.decision_log import Action, Decision, Subject
from cloudkasse_etl.state.stores.books.receipt_reader import EVERY, ReceiptReader, ReceiptRow, Wanted
from cloudkasse_etl.state.stores.books.receipt_status import Status
from cloudkasse_etl.state.stores.books.receipt_totals import Booked, ReceiptGroup
from cloudkasse_etl.state.stores.deliveries.delivered_receipts import DeliveredReceipts, ErpDocument
from cloudkasse_etl.state.stores.state_stores import StateStores
from cloudkasse_etl.state.stores.waiting_records import AWAITED
from cloudkasse_etl.sync.inputs.own_tables import open_reading
from cloudkasse_etl.sync.receipts.receipt_search import called, originals_of
from cloudkasse_etl.sync.receipts.validation.books_currency import last_known_currency
from cloudkasse_etl.sync.run.receipt_sums import ReceiptSums, sums_of


@dataclass(frozen=True)
class ListedReceipt:
    """A receipt as a list shows it.

    Attributes:
        rejections: Why it is refused, where it is.
        lines: Why stock lines of it are refused, where they are; by line.
        waits: What it waits for, if it is a void that waits for its original.
        decisions: People's decisions about it and its stock lines, oldest first.
        no_effect: Why it has no effect, if it has none.
        document: The document in SelectLine that it is in; None where it is in none.
        name: What it is called; with its total and the currency of that, as far as they are known.
    """

    receipt_id: str
    register: str | None
    number: int | None
    business_day: dt.date | None
    ended_at: str | None
    total_cents: int | None
    status: str
    closing_number: int | None
    rejections: tuple[Rejection, ...]
    decisions: tuple[Decision, ...] = ()
    lines: tuple[Rejection, ...] = ()
    waits: Rejection | None = None
    no_effect: str | None = None
    document: ErpDocument | None = None
    name: ReceiptName = field(kw_only=True)

    @property
    def total(self) -> str | None:
        """The total as text."""
        return None if self.total_cents is None else plain_euros(self.total_cents)

    @property
    def holding(self) -> tuple[Decision, ...]:
        """The decisions in force: the newest about it and about each of its lines, without those taken back."""
        newest = {(d.subject, d.key): d for d in self.decisions}
        return tuple(d for d in newest.values() if d.action is not Action.RESTORE)

    def reason(self, language: Language) -> str:
        """Why it, or a stock line of it, was rejected, or has no effect; what it waits for; people's decisions."""
        refused = [rejection.text(language) for rejection in (*self.rejections, *([self.waits] if self.waits else ()))]
        lines = [
            say("Line {line}: {reason}", line=r.key.rpartition("|")[2], reason=r.text(language)).render(language)
            for r in self.lines
        ]
        decided = [
            d.why(language) if d.subject is Subject.RECEIPT else _of_line(d).render(language) for d in self.holding
        ]
        idle = [rendered(NO_EFFECT_WORDS.get(self.no_effect, self.no_effect), language)] if self.no_effect else []
        return " ".join(part for part in (*decided, *refused, *lines, *idle) if part)

    def as_dict(self, language: Language) -> dict[str, Any]:
        """The receipt as `receipts --json` prints it."""
        return {
            "receipt_id": self.receipt_id,
            "name": self.name.render(language),
            "register": self.register,
            "number": self.number,
            "business_day": self.business_day.isoformat() if self.business_day else None,
            "ended_at": self.ended_at,
            "total_cents": self.total_cents,
            "status": self.status,
            "reason": self.reason(language) or None,
            "codes": [rejection.code for rejection in self.rejections],
            "closing_number": self.closing_number,
            "decisions": [decision_dict(decision) for decision in self.decisions],
            "delivery": self.document and self.document.as_dict(),
        }


def decision_dict(decision: Decision) -> dict[str, Any]:
    """A decision as `--json` prints it."""
    line = decision.key.rpartition("|")[2] if decision.subject is Subject.LINE else None
    return {
        "action": str(decision.action),
        "line": int(line) if line and line.isdecimal() else None,
        "reason": decision.reason,
        "decided_at": decision.decided_at.isoformat() if decision.decided_at else None,
        "decided_by": decision.decided_by,
    }


def _of_line(decision: Decision) -> Text:
    return say("Line {line} dismissed: {reason}", line=decision.key.rpartition("|")[2], reason=decision.reason)


def list_receipts(
    configuration: Configuration, *, status: str | None = None, wanted: Wanted = EVERY
) -> list[ListedReceipt]:
    """All receipts, or those of one status, by register and number. May be called while a synchronisation runs.

    The status `dismissed` includes receipts of which a stock line is dismissed.

    Args:
        configuration: Settings and connections.
        status: The status; None for any.
        wanted: Which of them.

    Returns:
        The receipts.

    Raises:
        StateUnavailableError: Our own tables cannot be reached.
    """
    with open_reading(configuration) as store:
        also = _with_lines(_decisions(store)) if status == "dismissed" else ()
        return listed(store, configuration, ReceiptReader(store.connection).rows(status, also=also, wanted=wanted))


def sums_of_listed(receipts: Iterable[ListedReceipt]) -> ReceiptSums:
    """The sums of some receipts, by what became of them: those of all receipts where all are listed."""
    groups = []
    for receipt in receipts:
        refused_by = next((rejection.asset for rejection in receipt.rejections), None)
        known = receipt.total_cents is not None
        parts = (receipt.status, refused_by, receipt.no_effect, receipt.name.currency if known else None)
        groups.append(ReceiptGroup(*parts, count=1, known=int(known), cents=receipt.total_cents or 0))
    return sums_of(groups, Booked())


def newest_first(receipts: Iterable[ListedReceipt]) -> list[ListedReceipt]:
    """Receipts by day and time, the latest first; before them those whose day cannot be read."""
    return sorted(
        receipts,
        key=lambda receipt: (receipt.business_day or dt.date.max, receipt.ended_at or "", receipt.number or 0),
        reverse=True,
    )


def listed(store: StateStores, configuration: Configuration, rows: Sequence[ReceiptRow]) -> list[ListedReceipt]:
    """Some receipts as a list shows them: with their reasons, and with people's decisions.

    Args:
        store: Our own tables.
        configuration: Settings and connections.
        rows: The receipts as they are stored.

    Returns:
        The receipts, in that order.
    """
    rejections: dict[str, list[Rejection]] = {}
    for asset in (STAGED_RECEIPTS, REVENUE_POSTINGS):
        for rejection in store.rejections.of(asset):
            rejections.setdefault(rejection.key, []).append(rejection)
    lines: dict[str, list[Rejection]] = {}
    for rejection in store.rejections.of(STOCK_MOVEMENTS):
        lines.setdefault(rejection.key.rpartition("|")[0], []).append(rejection)
    originals = originals_of(store, store.waiting.of(REVENUE_POSTINGS))
    days = str(configuration.settings.receipts.void_wait_days)
    decisions, books = _decisions(store), last_known_currency(store)  # older releases kept no currency of receipts
    documents = DeliveredReceipts(store.connection).documents_of([row.receipt_id for row in rows])
    return [
        ListedReceipt(
            receipt_id=row.receipt_id,
            register=row.register,
            number=row.number,
            business_day=row.business_day,
            ended_at=row.ended_at,
            total_cents=row.total_cents,
            status=row.status,
            closing_number=row.closing_number,
            rejections=tuple(rejections.get(row.receipt_id, ())),
            decisions=tuple(decisions.get(row.receipt_id, ())),
            lines=tuple(lines.get(row.receipt_id, ())),
            waits=_waits(row, originals, days),
            no_effect=row.no_effect,
            document=documents.get(row.receipt_id),
            name=called(row, row.currency or books),
        )
        for row in rows
    ]


def _decisions(store: StateStores) -> dict[str, list[Decision]]:
    """People's decisions about receipts and their stock lines, by the receipt's id, oldest first."""
    found: dict[str, list[Decision]] = {}
    for decision in store.decisions.all(Subject.RECEIPT, Subject.LINE):
        of_line = decision.subject is Subject.LINE
        found.setdefault(decision.key.rpartition("|")[0] if of_line else decision.key, []).append(decision)
    return found


def _waits(row: ReceiptRow, originals: Mapping[str, str], days: str) -> Rejection | None:
    if row.status != Status.STAGED or not row.reference_id:
        return None
    original = originals.get(bounded_key(row.reference_id))
    if original is None:
        return None
    return Rejection(REVENUE_POSTINGS, row.receipt_id, AWAITED, {"value": original, "days": days})


def _with_lines(decisions: Mapping[str, list[Decision]]) -> list[str]:
    """The receipts of which a stock line is dismissed."""
    newest = {d.key: (key, d) for key, found in decisions.items() for d in found if d.subject is Subject.LINE}
    return sorted({key for key, decision in newest.values() if decision.action is Action.DISMISS})


def list_dismissed_numbers(configuration: Configuration) -> list[Decision]:
    """The decisions by which missing receipt numbers were dismissed.

    Raises:
        StateUnavailableError: Our own tables cannot be reached.
    """
    with open_reading(configuration) as store:
        return list(store.decisions.holding(Subject.NUMBERS, Action.DISMISS).values())
