"""What DSFinV-K's codes mean for books and stock (facts, part F): which receipts and lines count, and as what."""

from typing import Final

import numpy as np
import pandas as pd

from cloudkasse_etl.transform.receipts import IN_KIND, Booleans, Integers, ReceiptFrames

BOOKED_KIND: Final = "Beleg"

OPENING_CASH: Final = "Anfangsbestand"
CASH_DIFFERENCE: Final = "DifferenzSollIst"
DISCOUNT: Final = "Rabatt"
# Booked on a revenue account; every other case has an account of its own in the settings.
REVENUE_CASES: Final = ("Umsatz", "Aufschlag", DISCOUNT)
UNTAXED_CASES: Final = (
    "MehrzweckgutscheinKauf", "MehrzweckgutscheinEinloesung", "TrinkgeldAN", "ZuschussEcht", "Privateinlage",
    "Privatentnahme", "Geldtransit", "Lohnzahlung", CASH_DIFFERENCE, OPENING_CASH,
)  # fmt: skip
REVIEWED_CASES: Final = ("Einzahlung", "Auszahlung")
DEPOSIT_RETURN: Final = "PfandRueckzahlung"
# A deposit is taxed like what it goes with, so its article's own tax code says nothing about it.
RATE_OF_OTHERS: Final = ("Pfand", DEPOSIT_RETURN)
SALE: Final = "Umsatz"
STOCK_CASES: Final = (SALE, "Pfand", DEPOSIT_RETURN)

CASH: Final = "Bar"
NO_TENDER: Final = "Keine"
NAMED_TENDER: Final = "Unbar"


def has_effect(frames: ReceiptFrames, kind: str = BOOKED_KIND) -> Booleans:
    """Which receipts of a kind have an effect.

    Those without are broken off (flagged without a reference to what they would void) or empty (no live line and a
    total of 0).
    """
    heads = frames.heads
    live = frames.lines.loc[~frames.lines["cancelled"].to_numpy(bool), "receipt"].to_numpy("int64")
    is_empty = (np.bincount(live, minlength=len(heads)) == 0) & (heads["total_cents"].to_numpy("int64") == 0)
    is_broken_off = heads["cancelled"].to_numpy(bool) & heads["reference_id"].isna().to_numpy(bool)
    of_kind: Booleans = (heads["kind"] == kind).to_numpy(bool)
    return of_kind & ~is_broken_off & ~is_empty


def moves_stock(frames: ReceiptFrames, *, in_kind: bool) -> Booleans:
    """Which receipts can move stock; `in_kind`: whether goods taken in kind do."""
    moving = has_effect(frames)
    return moving | has_effect(frames, IN_KIND) if in_kind else moving


def live_lines(frames: ReceiptFrames, receipts: Booleans) -> pd.DataFrame:
    """The lines that count of the chosen receipts, by receipt and line number, with a fresh index."""
    lines = frames.lines
    receipt = lines["receipt"].to_numpy("int64")
    chosen = np.flatnonzero(~lines["cancelled"].to_numpy(bool) & receipts[receipt])
    order = np.lexsort((lines["line_number"].to_numpy("int64")[chosen], receipt[chosen]))
    return lines.iloc[chosen[order]].reset_index(drop=True)


def repeated_line_numbers(lines: pd.DataFrame) -> Integers:
    """Positions of lines, ordered as `live_lines` does, whose number the line before has as well."""
    keys = lines[["receipt", "line_number"]].to_numpy("int64")
    return np.flatnonzero((keys[1:] == keys[:-1]).all(axis=1)) + 1
