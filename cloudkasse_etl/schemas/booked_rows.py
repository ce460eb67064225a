"""Rows of postings and movements as read back for a receipt that others refer to, without the receipt's own columns."""

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


class MovedRow(NamedTuple):
    """A movement as it is stored: the line's number, the component's place in its set (else 0), and what moved."""

    line_number: int
    position: str
    article: str
    quantity_milli: int
    unit: str | None
    serial: str | None
