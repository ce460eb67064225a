"""From the postings of booked receipts to those of a batch for the ledger (docs/deliveries.md, The ledger). Pure.

A batch's amounts are its receipts' to the cent, by day, account and tax code, with the VAT that was printed. Debits and
credits of one account and tax code are not set off against each other where VAT is in them: of a sale and its return
the printed taxes may differ by a cent, which a position that comes to nothing could not carry.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from cloudkasse_etl.schemas.booked_rows import LedgerRow
from cloudkasse_etl.transform.deliveries.sold_lines import DOCUMENT_CASES


@dataclass(frozen=True, slots=True)
class LedgerReceipt:
    """A booked receipt, as far as it goes into the ledger.

    Attributes:
        receipt_id: Its id.
        number: Its number on the register.
        day: The day on which it was sold, which decides the rate of a tax code.
        rows: Its postings, in pairs, each before that of its clearing.
        is_in_documents: Whether its sales are in a document: they are left out then, with their clearing.
    """

    receipt_id: str
    number: int
    day: dt.date
    rows: Sequence[LedgerRow]
    is_in_documents: bool


@dataclass(frozen=True, slots=True)
class LedgerPosition:
    """A line of a posting.

    Attributes:
        account: The account.
        amount_cents: Gross; debit is positive. Never 0.
        tax_code: The ERP's tax code; None without VAT.
        vat_rate: Percent with two decimals, None without VAT.
        tax_cents: The VAT in it, as it was printed, with the sign of the amount.
        kinds: DSFinV-K's business cases and tenders that are in it, in a fixed order.
    """

    account: str
    amount_cents: int
    tax_code: str | None
    vat_rate: str | None
    tax_cents: int
    kinds: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CompoundPosting:
    """A posting whose positions sum up to 0.

    Attributes:
        day: The day that it is posted on.
        sold: The day on which what it posts was sold; another one where that day's period was closed.
        currency: Of all its amounts.
        number: Of the receipt that it is made of; None for one of several receipts.
        positions: At least two, in a fixed order.
    """

    day: dt.date
    sold: dt.date
    currency: str
    number: int | None
    positions: tuple[LedgerPosition, ...]


class _Part(NamedTuple):
    """What postings that become one have in common."""

    day: dt.date
    sold: dt.date
    currency: str
    number: int
    vat_rate: str
    tax_code: str


class _Line(NamedTuple):
    """What postings that become one position have in common."""

    account: str
    tax_code: str
    vat_rate: str
    is_credit: bool


def ledger_postings(receipts: Iterable[LedgerReceipt], *, by_receipt: bool) -> list[CompoundPosting]:
    """Makes postings of receipts: one for each, or one for each day, tax code and rate, and one of all without VAT.

    Args:
        receipts: The receipts, in any order.
        by_receipt: Whether each receipt is a posting of its own.

    Returns:
        The postings, by day and number; receipts of which nothing is posted are in none.
    """
    parts: dict[_Part, _Sums] = defaultdict(_Sums)
    for receipt in receipts:
        for row, clearing in _entries(receipt):
            tax = ("", "") if by_receipt or row.tax_code is None else (row.vat_rate or "", row.tax_code)
            number = receipt.number if by_receipt else 0
            part = parts[_Part(row.day, receipt.day, row.currency, number, *tax)]
            part.add(row)
            part.add(clearing)
    return [
        CompoundPosting(part.day, part.sold, part.currency, part.number if by_receipt else None, positions)
        for part, sums in sorted(parts.items())
        if (positions := tuple(sums.positions()))
    ]


def carries_sales(receipts: Iterable[LedgerReceipt]) -> bool:
    """Whether the sales of any of these receipts are among their postings for the ledger."""
    return any(_is_sale(row) for receipt in receipts for row, _ in _entries(receipt))


def clearing_cents(receipts: Iterable[LedgerReceipt]) -> int:
    """What the postings of receipts leave on clearing: the gross of the documents that carry their sales, negative."""
    return sum(clearing.amount_cents for receipt in receipts for _, clearing in _entries(receipt))


def has_odd_rows(receipt: LedgerReceipt) -> bool:
    """Whether the postings of a receipt are anything else than pairs that each sum up to 0."""
    rows = receipt.rows
    pairs = list(pairwise(rows))[::2]
    return len(rows) % 2 == 1 or any(row.amount_cents + other.amount_cents for row, other in pairs)


def _entries(receipt: LedgerReceipt) -> Iterable[tuple[LedgerRow, LedgerRow]]:
    for row, clearing in list(pairwise(receipt.rows))[::2]:
        if not (receipt.is_in_documents and _is_sale(row)):
            yield row, clearing


def _is_sale(row: LedgerRow) -> bool:
    return row.tender is None and row.business_case in DOCUMENT_CASES


class _Sums:
    """The positions of a posting in the making."""

    def __init__(self) -> None:
        self._amount: dict[_Line, int] = defaultdict(int)
        self._tax: dict[_Line, int] = defaultdict(int)
        self._kinds: dict[_Line, set[str]] = defaultdict(set)

    def add(self, row: LedgerRow) -> None:
        is_credit = row.tax_code is not None and row.amount_cents < 0
        line = _Line(row.account, row.tax_code or "", row.vat_rate or "", is_credit)
        self._amount[line] += row.amount_cents
        self._tax[line] += row.tax_cents
        self._kinds[line].update(filter(None, (row.tender or row.business_case,)))

    def positions(self) -> Iterable[LedgerPosition]:
        for line, cents in sorted(self._amount.items()):
            if cents:
                yield LedgerPosition(
                    account=line.account,
                    amount_cents=cents,
                    tax_code=line.tax_code or None,
                    vat_rate=line.vat_rate or None,
                    tax_cents=self._tax[line],
                    kinds=tuple(sorted(self._kinds[line])),
                )
