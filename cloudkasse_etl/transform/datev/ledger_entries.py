"""Pairs postings with their counter-postings: DATEV's row names both accounts, our table has a row for each."""

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from cloudkasse_etl.schemas.booked_rows import mark_of, pair_of, posting_number


@dataclass(frozen=True, slots=True)
class Entry:
    """An amount on an account, and with the opposite sign on another.

    Attributes:
        posting_ids: Of the two postings, that on `account` first.
        repeated: Which of the two were in an earlier file.
        receipt_id, register, receipt_number, closing_number: The receipt; its closing is None where there is none yet.
        day: The posting date.
        account, contra: The two accounts.
        amount_cents: On `account`; debit is positive.
        currency, tax_code, vat_rate, tax_cents, business_case, tender, text, flag: Of the posting on `account`.
        mark: What a document's number ends in: `/2` for a receipt's second import, `/S1` where its first is taken back.
        reason: Why it takes another one back; None where it does not.
    """

    posting_ids: tuple[str, str]
    repeated: tuple[bool, bool]
    receipt_id: str
    register: str
    receipt_number: int
    closing_number: int | None
    day: dt.date
    account: str
    contra: str
    amount_cents: int
    currency: str
    tax_code: str | None
    vat_rate: str | None
    tax_cents: int
    business_case: str | None
    tender: str | None
    text: str
    flag: str | None
    mark: str = ""
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Unpaired:
    """A posting without its counter-posting: the table was changed by hand.

    Attributes:
        posting_id: The posting.
        document: The number of its document.
    """

    posting_id: str
    document: str


def paired(postings: Iterable[Any]) -> Iterator[Entry | Unpaired]:
    """Pairs postings, which come receipt by receipt, by their numbers: 1 and 2, 3 and 4 (transform/booking.py).

    The clearing account of the settings is not asked: it may have been another one when a receipt was booked.
    """
    for _, rows in groupby(postings, key=lambda row: (row.posting_date, row.receipt_id)):
        waiting: dict[tuple[str, str, int], Any] = {}
        for row in rows:
            key = pair_of(row.posting_id)
            other = waiting.pop(key, None)
            if other is None:
                waiting[key] = row
            elif other.amount_cents + row.amount_cents or other.currency != row.currency:
                yield from (Unpaired(found.posting_id, found.document_number) for found in (other, row))
            else:
                yield _entry(*sorted((other, row), key=lambda found: posting_number(found.posting_id)))
        yield from (Unpaired(row.posting_id, row.document_number) for row in waiting.values())


def _entry(own: Any, contra: Any) -> Entry:
    closing = own.closing_number
    return Entry(
        (own.posting_id, contra.posting_id),
        (bool(own.was_exported), bool(contra.was_exported)),
        own.receipt_id,
        own.register,
        int(own.receipt_number),
        None if closing is None else int(closing),
        own.posting_date,
        own.account,
        contra.account,
        int(own.amount_cents),
        own.currency,
        own.tax_code,
        own.vat_rate,
        int(own.tax_cents),
        own.business_case,
        own.tender,
        own.text,
        own.flag,
        mark_of(own.posting_id),
        own.reason,
    )
