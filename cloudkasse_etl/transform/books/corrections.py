"""Counter-entries of what an import booked, and what a later import books in its place (docs/rules.md, Corrections).

Pure. A counter-entry is the row that it takes back with the opposite sign, an id and a document number of its own, the
id of that row and the reason. It is dated as that row is; where the period is closed by now, on the first open day.
"""

import datetime as dt
from collections.abc import Mapping
from typing import Any

import pandas as pd

from cloudkasse_etl.schemas.booked_rows import counter, first_of, later
from cloudkasse_etl.transform.books.closed_periods import CLOSED_PERIOD, is_of_closed_period, open_day, open_days

Row = Mapping[str, Any]


def counter_posting(posting: Row, reason: str, closed_until: dt.date | None) -> dict[str, Any]:
    """The posting that takes another one back.

    Args:
        posting: All columns of the other one.
        reason: Why it is taken back.
        closed_until: Up to which day the books are closed.

    Returns:
        All columns but company and run.
    """
    day, is_moved = open_day(posting["posting_date"], closed_until)
    document = f"{posting['register']}-{posting['receipt_number']}"
    return _countered(posting, "posting_id", reason) | {
        "posting_date": day,
        "document_number": counter(document, posting["generation"]),
        "amount_cents": -posting["amount_cents"],
        "tax_cents": -posting["tax_cents"],
        "flag": CLOSED_PERIOD if is_moved or is_of_closed_period(posting["flag"]) else None,
    }


def counter_movement(movement: Row, reason: str, closed_until: dt.date | None) -> dict[str, Any]:
    """The stock movement that takes another one back.

    Args:
        movement: All columns of the other one.
        reason: Why it is taken back.
        closed_until: Up to which day the books are closed.

    Returns:
        All columns but company and run.
    """
    day, _ = open_day(movement["movement_date"], closed_until)
    return _countered(movement, "movement_id", reason) | {
        "movement_date": day,
        "quantity_milli": -movement["quantity_milli"],
    }


def _countered(row: Row, key: str, reason: str) -> dict[str, Any]:
    kept = {name: value for name, value in row.items() if name not in ("company", "run_id")}
    return kept | {key: counter(first_of(row[key]), row["generation"]), "corrects": row[key], "reason": reason}


def later_postings(postings: pd.DataFrame, generations: Mapping[str, int]) -> pd.DataFrame:
    """Postings with the ids and numbers of the import that makes them.

    Args:
        postings: As RevenuePosting has them.
        generations: Of the receipts of which an import was undone, the how manieth this one is.

    Returns:
        The postings, with their `generation` where there are such receipts.
    """
    found = _of_a_generation(postings, generations)
    if found is not postings:
        found["document_number"] = _named(found["document_number"], found["generation"])
        found["posting_id"] = _named(found["posting_id"], found["generation"])
    return found


def later_movements(
    movements: pd.DataFrame, generations: Mapping[str, int], closed_until: dt.date | None
) -> pd.DataFrame:
    """Movements with the ids of the import that makes them.

    What a first import moves keeps its business day. A later one moves what was taken back on the first open day.

    Args:
        movements: As StockMovement has them.
        generations: Of the receipts of which an import was undone, the how manieth this one is.
        closed_until: Up to which day the books are closed.

    Returns:
        The movements, with their `generation` where there are such receipts.
    """
    found = _of_a_generation(movements, generations)
    if found is not movements:
        found["movement_id"] = _named(found["movement_id"], found["generation"])
        own = found["movement_date"]
        opened, _ = open_days(own.to_numpy(dtype=object), closed_until)
        found["movement_date"] = own.mask(found["generation"] > 1, pd.Series(opened, own.index, own.dtype))
    return found


def _of_a_generation(rows: pd.DataFrame, generations: Mapping[str, int]) -> pd.DataFrame:
    known = rows["receipt_id"].map(generations) if generations and len(rows) else None
    if known is None or known.isna().all():
        return rows
    return rows.assign(generation=known.fillna(1).astype("int64"))


def _named(column: "pd.Series[str]", generation: "pd.Series[int]") -> "pd.Series[str]":
    named = [later(text, number) for text, number in zip(column.tolist(), generation.tolist(), strict=True)]
    return pd.Series(named, index=column.index, dtype=column.dtype)
