"""Rows of postings and movements as read back, without the columns that are the receipt's own."""

import datetime as dt
from typing import NamedTuple


class PostingRow(NamedTuple):
    """A posting as it is stored; a receipt's postings come in the order of their numbers."""

    account: str
    amount_cents: int
    tax_code: str | None
    business_case: str | None
    tender: str | None
    text: str
    vat_rate: str | None = None


class LedgerRow(NamedTuple):
    """A posting with all that goes into the ERP's ledger; each of a receipt's is followed by that of its clearing."""

    day: dt.date
    account: str
    amount_cents: int
    currency: str
    tax_code: str | None
    vat_rate: str | None
    tax_cents: int
    business_case: str | None
    tender: str | None


class MovedRow(NamedTuple):
    """A movement as it is stored: the line's number, the component's place in its set (else 0), and what moved."""

    line_number: int
    position: str
    article: str
    quantity_milli: int
    unit: str | None
    serial: str | None
