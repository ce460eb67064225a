"""Groups DSFinV-K's business cases by their effect on books and stock, and selects the lines that count."""

from typing import Final

import numpy as np
import pandas as pd

from cloudkasse_etl.config.sections import account_settings as accounts
from cloudkasse_etl.schemas.wire_receipts import RECEIVABLES
from cloudkasse_etl.transform.receipt_frames import Booleans, Integers, ReceiptFrames

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
# Taxed like the goods that they belong to: the tax code of an article that they name is ignored.
RATE_OF_OTHERS: Final = ("Pfand", DEPOSIT_RETURN, *RECEIVABLES)
SALE: Final = "Umsatz"
STOCK_CASES: Final = (SALE, "Pfand", DEPOSIT_RETURN)

CASH: Final = accounts.CASH
NO_TENDER: Final = "Keine"
NAMED_TENDER: Final = accounts.NAMED_TENDER


def live_lines(frames: ReceiptFrames, receipts: Booleans) -> pd.DataFrame:
    """The lines of the chosen receipts that are not cancelled, by receipt and line number, with a fresh index."""
    lines = frames.lines
    receipt = lines["receipt"].to_numpy("int64")
    chosen = np.flatnonzero(~lines["cancelled"].to_numpy(bool) & receipts[receipt])
    order = np.lexsort((lines["line_number"].to_numpy("int64")[chosen], receipt[chosen]))
    return lines.iloc[chosen[order]].reset_index(drop=True)


def repeated_line_numbers(lines: pd.DataFrame) -> Integers:
    """Positions of lines (ordered as by `live_lines`) with the same number as the line before."""
    keys = lines[["receipt", "line_number"]].to_numpy("int64")
    return np.flatnonzero((keys[1:] == keys[:-1]).all(axis=1)) + 1
