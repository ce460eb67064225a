"""Postings and movements as they are read back of a receipt that others refer to, without what they have from it."""

from typing import NamedTuple


class PostingRow(NamedTuple):
    """A posting as it is stored; of a receipt in the order of their numbers."""

    account: str
    amount_cents: int
    tax_code: str | None
    business_case: str | None
    tender: str | None
    text: str


class MovedRow(NamedTuple):
    """A movement as it is stored: the line's number, the component's place in its set (else 0), and what moved."""

    line_number: int
    position: str
    article: str
    quantity_milli: int
    unit: str | None
    serial: str | None
