"""Rows of postings and movements as read back, without the columns that are the receipt's own; and how they are named.

Ids and document numbers of a receipt's first import are as they always were. A later one's end in `/2`, `/3` and so on;
those of the counter-entries that take an import back in `/S1`, `/S2` (docs/rules.md, Corrections). So no two rows have
one id, and none hangs on what was booked before.
"""

import datetime as dt
from typing import Final, NamedTuple

FIRST: Final = 1
"""The generation of a receipt's first import."""
LATER: Final = "/"
"""Stands before the generation in ids and numbers of later imports."""
COUNTER: Final = "/S"
"""Stands before the generation in those of counter-entries."""


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


def later(first: str, generation: int) -> str:
    """The id or number in a generation of what has another one in the first."""
    return first if generation == FIRST else f"{first}{LATER}{generation}"


def counter(first: str, generation: int) -> str:
    """The id or number of what takes back what a generation has, of what it has in the first one."""
    return f"{first}{COUNTER}{generation}"


def first_of(row_id: str) -> str:
    """The id that a row's counterpart has in the first generation; a receipt's own id may have anything in it."""
    begin, colon, end = row_id.rpartition(":")
    return begin + colon + end.partition(LATER)[0]


def mark_of(row_id: str) -> str:
    """What a row's id ends in, and its document's number too; empty in the first generation."""
    _, slash, mark = row_id.rpartition(":")[2].partition(LATER)
    return slash + mark


def posting_number(posting_id: str) -> int:
    """The number of a posting among those of its receipt and generation, from 1; 0 for an id that is none of ours."""
    number = posting_id.rpartition(":")[2].partition(LATER)[0]
    return int(number) if number.isdecimal() else 0


def pair_of(posting_id: str) -> tuple[str, str, int]:
    """What a posting and that of its clearing alone have in common: 1 and 2, 3 and 4 (transform/booking.py)."""
    begin, _, end = posting_id.rpartition(":")
    number, _, mark = end.partition(LATER)
    return (begin, mark, (int(number) + 1) // 2) if number.isdecimal() else (posting_id, mark, 0)


def component_of(movement_id: str) -> str:
    """The place of a movement's component in its trade set, `0` where there is none."""
    return movement_id.rpartition(":")[2].partition(LATER)[0]
