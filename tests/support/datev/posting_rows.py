"""Postings as the store reads them, made without a database."""

import datetime as dt
from types import SimpleNamespace
from typing import Any

from cloudkasse_etl.config.exports.datev_settings import Datev
from cloudkasse_etl.transform.datev.batch_rows import BatchRow, gather
from cloudkasse_etl.transform.datev.batch_split import Batch, split
from cloudkasse_etl.transform.datev.ledger_entries import Entry, paired

MADE = dt.datetime(2026, 11, 24, 8, 30, 0, 123_000, tzinfo=dt.UTC)
DATEV = Datev(adviser=29098, client=55003)


def pair(cents: int, *, number: int = 1, at: int = 1, contra: str = "1371", **fields: Any) -> list[SimpleNamespace]:
    """An amount on an account and its counter-posting: the `at`-th pair of a receipt."""
    own: dict[str, Any] = {
        "posting_id": f"R{number}:{2 * at - 1:04d}", "posting_date": dt.date(2026, 11, 23),
        "document_number": f"K1-{number}", "register": "K1", "receipt_number": number, "receipt_id": f"R{number}",
        "account": "8400", "amount_cents": cents, "currency": "EUR", "tax_code": "3", "vat_rate": "19.00",
        "tax_cents": 0, "business_case": "Umsatz", "tender": None, "text": "Kaffee", "flag": None,
        "closing_number": 12, "was_exported": 0, "reason": None,
    }  # fmt: skip
    own |= fields
    other = own | {
        "posting_id": f"{own['receipt_id']}:{2 * at:04d}", "account": contra, "amount_cents": -own["amount_cents"],
        "tax_code": None, "vat_rate": None, "tax_cents": 0,
    }  # fmt: skip
    own["posting_id"] = f"{own['receipt_id']}:{2 * at - 1:04d}"
    return [SimpleNamespace(**own), SimpleNamespace(**other)]


def rows_from(postings: list[SimpleNamespace], datev: Datev = DATEV) -> list[BatchRow]:
    """Their rows."""
    return gather((entry for entry in paired(postings) if isinstance(entry, Entry)), datev.grain)


def batches_from(postings: list[SimpleNamespace], datev: Datev = DATEV, **options: Any) -> list[Batch]:
    """Their files."""
    all_days: dict[str, Any] = {"first": dt.date(2000, 1, 1), "last": dt.date(2099, 12, 31)}
    fixed: dict[str, Any] = {"number": 1, "made": MADE, "language": "de"}
    return split(rows_from(postings, datev), datev, **(all_days | fixed | options))
