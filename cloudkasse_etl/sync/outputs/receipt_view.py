"""One receipt in a person's language: facts, and tables whose last rows are their sums. No markup.

cli/commands/books/list_receipts.py draws it for a terminal, assets/ui/receipt_markdown.py for the UI.
"""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from cloudkasse_etl.i18n.formats import clean, day_in_figures, decimal, short_quantity, shown_time, spelled
from cloudkasse_etl.i18n.text import Language, Text, rendered, rendered_each, say, say_as, with_colon
from cloudkasse_etl.state.lease.run_words import starter_words
from cloudkasse_etl.state.stores.books.decision_log import Decision, Subject
from cloudkasse_etl.state.stores.books.receipt_status import status_word
from cloudkasse_etl.sync.receipts.decisions import ACTIONS
from cloudkasse_etl.sync.receipts.receipt_detail import OtherReceipt, ReceiptDetail
from cloudkasse_etl.sync.receipts.receipt_search import short_id

Cells = tuple[str, ...]
_TOTAL = say("Total")
_TEXT_LIMIT = 40


@dataclass(frozen=True, slots=True)
class Section:
    """A table with its heading.

    Attributes:
        title: The heading.
        heads: The columns' headings.
        rows: The rows, without columns that are empty; the last one is their sum, where they have one.
        numbers: The positions of columns with numbers.
    """

    title: str
    heads: Cells
    rows: tuple[Cells, ...]
    numbers: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ReceiptView:
    """A receipt as text.

    Attributes:
        head: Its name and its status.
        problems: What is wrong and what to do about it, in pairs.
        facts: Further facts, with their labels.
        sections: The tables that have rows.
    """

    head: str
    problems: tuple[tuple[str, str], ...]
    facts: tuple[tuple[str, str], ...]
    sections: tuple[Section, ...]


def view_of(found: ReceiptDetail, language: Language, zone: ZoneInfo) -> ReceiptView:
    """A receipt as text.

    Args:
        found: The receipt.
        language: The language.
        zone: The shop's time zone.

    Returns:
        The text.
    """
    draw = _Drawing(language)
    sections = (draw.lines(found), draw.payments(found), draw.vat(found), draw.postings(found), draw.movements(found))
    return ReceiptView(
        head=with_colon(found.name, rendered(status_word(found.listed.status), language), language),
        problems=tuple(_problems(found, language)),
        facts=tuple((label.render(language), told) for label, told in _facts(found, language, zone)),
        sections=tuple(section for section in sections if section.rows),
    )


def _problems(found: ReceiptDetail, language: Language) -> Iterable[tuple[str, str]]:
    of_lines = {id(rejection) for rejection in found.listed.lines}
    for rejection in found.refused:
        text = rejection.text(language)
        if id(rejection) in of_lines:
            line = rejection.key.rpartition("|")[2]
            text = say("Line {line}: {reason}", line=line, reason=text).render(language)
        yield text, rejection.cure(language)
    if not found.refused and not found.listed.decisions and (reason := found.listed.reason(language)):
        yield reason, ""


def _facts(found: ReceiptDetail, language: Language, zone: ZoneInfo) -> Iterable[tuple[Text, str]]:
    yield say("id"), found.listed.receipt_id
    if found.kind:
        yield say("kind"), clean(found.kind)
    if found.listed.ended_at:
        yield say_as("receipt", "ended"), _moment(found.listed.ended_at, zone, language)
    if found.voids:
        yield say("voids"), _other(found.voids, language)
    for other in found.voided_by:
        yield say("is voided by"), _other(other, language)
    if found.closing is not None:
        yield say("closing"), _closing(found).render(language)
    for decision in found.listed.decisions:
        yield say("decided"), _decided(decision, language, zone)
    at, run_id = found.fetched
    yield say("fetched"), _run(run_id, shown_time(at, zone, language)).render(language)
    if found.rejected:
        first, last = found.rejected.first_run, found.rejected.last_run
        refused = _run(first, shown_time(found.rejected.since, zone, language))
        if last != first:
            refused = say("{first}; tried again and refused by run {run}", first=refused, run=last[:8])
        yield say_as("column", "rejected"), refused.render(language)
    if found.imported:
        at, run_id = found.imported
        yield say("imported"), _run(run_id, shown_time(at, zone, language)).render(language)
    if found.listed.document:
        yield say("in SelectLine"), found.listed.document.text.render(language)
    if found.batch:
        yield say("in SelectLine's ledger"), found.batch.text.render(language)


def _moment(text: str, zone: ZoneInfo, language: Language) -> str:
    """A time of the register in the shop's zone; as it came where it cannot be read."""
    try:
        return shown_time(dt.datetime.fromisoformat(text), zone, language)
    except (ValueError, OverflowError):
        return clean(text)


def _other(other: OtherReceipt, language: Language) -> str:
    if other.name is None or other.status is None:
        return say("a receipt that has not come ({id})", id=clean(short_id(other.receipt_id))).render(language)
    text = say(
        "{receipt}, {status} (id {id})",
        receipt=other.name,
        status=status_word(other.status),
        id=short_id(other.receipt_id),
    )
    return text.render(language)


def _closing(found: ReceiptDetail) -> Text:
    number = found.closing
    if found.closing_verified is None:
        return say("{number}, which has not arrived", number=number)
    if found.closing_verified:
        return say("{number}, equal to its receipts", number=number)
    return say("{number}, not found equal to its receipts yet", number=number)


def _decided(decision: Decision, language: Language, zone: ZoneInfo) -> str:
    action: Text = ACTIONS[decision.action]
    if decision.subject is Subject.LINE:
        action = say("line {line} {action}", line=decision.key.rpartition("|")[2], action=action)
    text = f"{action.render(language)}: {decision.why(language)}"
    at = shown_time(decision.decided_at, zone, language) if decision.decided_at else ""
    by = ", ".join(part for part in (at, clean(rendered(starter_words(decision.decided_by or ""), language))) if part)
    return f"{text} ({by})" if by else text


def _run(run_id: str, at: str) -> Text:
    return say("{moment}, run {run}", moment=at, run=run_id[:8])


class _Drawing:
    """The tables of a receipt in a language."""

    def __init__(self, language: Language) -> None:
        self._language = language

    def lines(self, found: ReceiptDetail) -> Section:
        """What was sold; cancelled lines are not in the sum."""
        rows = [
            (
                self._shown(line["number"]),
                self._shown(line["article"]),
                self._text(line),
                self._quantity(line["quantity_milli"], line["unit"]),
                self._cents(line["gross_cents"]),
                self._rate(line["vat_rate"]),
                self._shown(line["business_case"]),
            )
            for line in found.lines
        ]
        total = self._sum(line["gross_cents"] for line in found.lines if not line["cancelled"])
        return self._section(say("Lines"), _LINES, rows, (self._total, "", "", "", total, "", ""), numbers=(0, 3, 4, 5))

    def payments(self, found: ReceiptDetail) -> Section:
        """How it was paid; a foreign currency is shown beside."""
        rows = [
            (
                self._shown(payment["tender"]),
                self._shown(payment["name"]),
                self._cents(payment["base_amount_cents"]),
                self._foreign(payment, found.currency),
            )
            for payment in found.payments
        ]
        total = self._sum(payment["base_amount_cents"] for payment in found.payments)
        return self._section(say("Payments"), _PAYMENTS, rows, (self._total, "", total, ""), numbers=(2, 3))

    def vat(self, found: ReceiptDetail) -> Section:
        """The VAT table, as it was printed."""
        names = ("net_cents", "tax_cents", "gross_cents")
        rows = [(self._rate(block["vat_rate"]), *(self._cents(block[name]) for name in names)) for block in found.vat]
        totals = [self._sum(block[name] for block in found.vat) for name in names]
        return self._section(say("VAT"), _VAT, rows, (self._total, *totals), numbers=(1, 2, 3))

    def postings(self, found: ReceiptDetail) -> Section:
        """The postings; debit and credit have one sum."""
        rows = [
            (
                day_in_figures(row["posting_date"], self._language),
                row["document_number"],
                row["account"],
                *self._sides(row["amount_cents"], self._cents),
                self._shown(row["tax_code"]),
                clean(row["text"], _TEXT_LIMIT),
            )
            for row in found.postings
        ]
        sides = [self._sum(max(sign * row["amount_cents"], 0) for row in found.postings) for sign in (1, -1)]
        return self._section(say("Postings"), _POSTINGS, rows, (self._total, "", "", *sides, "", ""), numbers=(3, 4))

    def movements(self, found: ReceiptDetail) -> Section:
        """The stock movements; pieces and kilograms have no sum."""
        texts = {(line["number"], line["article"]): line["text"] for line in found.lines}
        rows = [
            (
                str(row["line_number"]),
                row["article"],
                self._shown(texts.get((row["line_number"], row["article"]))),
                row["warehouse"],
                *self._sides(row["quantity_milli"], lambda milli: short_quantity(milli, self._language)),
                self._shown(row["unit"]),
            )
            for row in found.movements
        ]
        return self._section(say("Stock movements"), _MOVEMENTS, rows, None, numbers=(0, 4, 5))

    @property
    def _total(self) -> str:
        return _TOTAL.render(self._language)

    def _section(
        self, title: Text, heads: Sequence[str], rows: Sequence[Cells], total: Cells | None, *, numbers: tuple[int, ...]
    ) -> Section:
        shown = [*rows, *([total] if total and rows else [])]
        filled = [at for at in range(len(heads)) if any(row[at] for row in rows)]
        return Section(
            title.render(self._language),
            tuple(rendered_each(heads, self._language)[at] for at in filled),
            tuple(tuple(row[at] for at in filled) for row in shown),
            tuple(filled.index(at) for at in numbers if at in filled),
        )

    def _shown(self, value: object) -> str:
        return "" if value is None else clean(str(value), _TEXT_LIMIT)

    def _text(self, line: Mapping[str, Any]) -> str:
        text = self._shown(line["text"])
        return say("{text} (cancelled)", text=text).render(self._language) if line["cancelled"] else text

    def _cents(self, cents: int | None) -> str:
        return "" if cents is None else decimal(cents, 2, self._language, minus="-")

    def _sum(self, found: Iterable[int | None]) -> str:
        return self._cents(sum(cents for cents in found if cents is not None))

    def _quantity(self, milli: int | None, unit: str | None) -> str:
        return "" if milli is None else f"{short_quantity(milli, self._language)} {clean(unit or '', 10)}".strip()

    def _rate(self, text: str | None) -> str:
        return "" if text is None else f"{spelled(clean(text, 10), self._language)} %"

    def _foreign(self, payment: Mapping[str, Any], currency: str | None) -> str:
        if payment["currency"] in (None, currency):
            return ""
        return f"{self._cents(payment['amount_cents'])} {clean(payment['currency'], 10)}"

    def _sides(self, value: int, shown: Any) -> Cells:
        return (shown(value), "") if value > 0 else ("", shown(-value))


_LINES = (
    say("line"),
    say("article"),
    say("text"),
    say("quantity"),
    say("gross"),
    say("VAT"),
    say_as("column", "business case"),
)
_PAYMENTS = (say_as("column", "tender"), say("name"), say("amount"), say("in its currency"))
_VAT = (say("VAT"), say("net"), say("tax"), say("gross"))
_POSTINGS = (
    say("day"),
    say("document"),
    say("account"),
    say("debit"),
    say("credit"),
    say("tax code"),
    say("text"),
)
_MOVEMENTS = (say("line"), say("article"), say("text"), say("warehouse"), say("in"), say("out"), say("unit"))
