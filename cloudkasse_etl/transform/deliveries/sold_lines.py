"""The lines of booked receipts that a sales document carries: as they were sold, posted and moved. Pure.

Accounts, tax codes and warehouses are those of the postings and movements, not those of today's settings: what a
document makes in SelectLine is what our books say.
"""

from collections import defaultdict
from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass, replace

from cloudkasse_etl.schemas.booked_rows import MovedRow
from cloudkasse_etl.schemas.wire_receipts import Line
from cloudkasse_etl.transform.books.business_cases import DEPOSIT_RETURN, REVENUE_CASES, SALE
from cloudkasse_etl.transform.books.reversals import Original, posted_entries
from cloudkasse_etl.transform.receipt_frames import IN_KIND

# Sales and what belongs to them; all else is the ledger's (docs/deliveries.md).
DOCUMENT_CASES = (*REVENUE_CASES, "Pfand", DEPOSIT_RETURN)


@dataclass(frozen=True, slots=True)
class SoldLine:
    """A line of a receipt, or what is left of one, as a document carries it.

    Attributes:
        article: The article that the ERP knows; None for one that is sold without.
        name: What is printed.
        business_case: DSFinV-K's GV_TYP.
        quantity_milli: Thousandths of the unit; negative for a return.
        unit: The unit that quantity and price are for.
        unit_price_cents: The gross price of a unit, never negative.
        gross_cents: What the line came to, negative for a return or a discount.
        tax_code: The ERP's tax code; None without VAT.
        vat_rate: Percent with two decimals, None without VAT.
        account: The account that it was posted on; None where it came to nothing.
        warehouse: Where its stock was booked; None where none was.
    """

    article: str | None
    name: str
    business_case: str
    quantity_milli: int
    unit: str | None
    unit_price_cents: int
    gross_cents: int
    tax_code: str | None
    vat_rate: str | None
    account: str | None
    warehouse: str | None


@dataclass(frozen=True, slots=True)
class Moved:
    """A movement with the warehouse that it is of."""

    row: MovedRow
    warehouse: str


def sold_lines(original: Original, moved: Sequence[Moved], known: Container[str]) -> Iterator[SoldLine]:
    """The lines of a booked receipt that belong into a sales document.

    Goods taken in kind come to nothing and only move stock. A trade set's components moved in its place: the document
    names the set, and SelectLine resolves it as it does in each of its own documents.

    Args:
        original: The receipt and its postings.
        moved: Its movements.
        known: The articles that the ERP has: a document cannot name another one, so such a line goes by its name.

    Yields:
        The lines, in their order on the receipt.
    """
    receipt = original.receipt
    entries = posted_entries(original)
    by_line: dict[int, list[Moved]] = defaultdict(list)
    for movement in moved:
        by_line[movement.row.line_number].append(movement)
    is_in_kind = receipt.kind == IN_KIND
    for line in sorted(receipt.lines, key=lambda line: line.number):
        movements = by_line.get(line.number, [])
        if line.cancelled or line.business_case not in DOCUMENT_CASES or (is_in_kind and not movements):
            continue
        entry = entries.get(line.number)
        gross = 0 if is_in_kind or entry is None else line.gross_cents
        if not gross and not movements:
            continue
        quantity, unit = _quantity(line, movements, gross)
        yield SoldLine(
            article=line.article if line.article in known and _is_good(line) else None,
            name=line.text,
            business_case=line.business_case,
            quantity_milli=quantity,
            unit=unit,
            unit_price_cents=0 if is_in_kind else abs(line.unit_price_cents),
            gross_cents=gross,
            tax_code=entry.tax_code if entry else None,
            vat_rate=entry.vat_rate if entry else None,
            account=entry.account if entry else None,
            warehouse=movements[0].warehouse if movements else None,
        )


def taken_back(line: SoldLine) -> SoldLine:
    """The line that takes another one back in a further document."""
    return replace(line, quantity_milli=-line.quantity_milli, gross_cents=-line.gross_cents)


def _is_good(line: Line) -> bool:
    return line.article is not None and line.business_case in (SALE, "Pfand", DEPOSIT_RETURN)


def _quantity(line: Line, movements: Sequence[Moved], gross: int) -> tuple[int, str | None]:
    """What was sold, more than 0, or came back, less; in the unit of the stock where that alone was booked."""
    milli = int(line.quantity.replace(".", ""))
    if len(movements) == 1 and movements[0].row.article == line.article:
        return -movements[0].row.quantity_milli, movements[0].row.unit
    if movements:  # of a set: all of its components go the same way
        return (-1 if movements[0].row.quantity_milli > 0 else 1) * abs(milli), line.unit
    return (-abs(milli) if gross < 0 else abs(milli)), line.unit
