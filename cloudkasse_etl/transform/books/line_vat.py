"""The VAT that each line is booked with, so that the lines' sums equal the receipt's VAT table (docs/rules.md)."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from cloudkasse_etl.schemas.wire_receipts import RECEIVABLES
from cloudkasse_etl.transform.books.business_cases import OPENING_CASH, UNTAXED_CASES
from cloudkasse_etl.transform.books.ledger import Texts, texts
from cloudkasse_etl.transform.receipt_frames import Booleans, Integers


@dataclass(frozen=True)
class LineVat:
    """VAT by line.

    Attributes:
        rate: The rate as the wire writes it; None where the line is booked without VAT.
        tax_cents: With the sign of the line's gross; by receipt and rate the sum is the VAT table's.
        unbookable: receipt, vat_rate, tax_cents of printed tax that no line could be booked with.
    """

    rate: Texts
    tax_cents: Integers
    unbookable: pd.DataFrame


def line_vat(lines: pd.DataFrame, blocks: pd.DataFrame) -> LineVat:
    """Distributes the printed tax over the lines.

    A line keeps its own tax; the difference to the table, a few cents, goes to the rate's line with the largest |gross|
    (of several the lowest number). The table's row of a rate covers all lines of that rate, or all but the
    receivables (Forderungs lines): where it leaves them out, they are booked without VAT. A missing row counts as 0.
    A case that is not taxed is booked without VAT even where it names a rate; if tax was printed for it,
    that tax is booked nevertheless, because it was printed.

    Args:
        lines: Lines that count, by receipt and line number.
        blocks: The VAT tables of the same receipts.

    Returns:
        Rate and tax in cents of each line, and the printed tax that no line could be booked with.
    """
    gross, tax = lines["gross_cents"].to_numpy("int64"), lines["tax_cents"].to_numpy("int64")
    rate = texts(lines["vat_rate"])
    spelled = np.concatenate([rate, texts(blocks["vat_rate"])])
    codes, rates = pd.factorize(spelled, sort=True)  # sorted: a receipt's order of rates is the same in any batch
    codes = codes.astype("int64") + 1  # 0 is no rate
    receipts = np.concatenate([lines["receipt"].to_numpy("int64"), blocks["receipt"].to_numpy("int64")])
    keys, groups = np.unique(receipts * (len(rates) + 1) + codes, return_inverse=True)
    of_line, of_block = groups[: len(lines)], groups[len(lines) :]

    def total(of_row: Integers, cents: Integers) -> Integers:
        sums = np.zeros(len(keys), dtype="int64")  # not bincount: its weights are floats
        np.add.at(sums, of_row, cents)
        return sums

    covered = total(of_block, blocks["gross_cents"].to_numpy("int64")) == total(of_line, gross)
    is_opening = (lines["business_case"] == OPENING_CASH).to_numpy(bool)
    left_out = lines["business_case"].isin(RECEIVABLES).to_numpy(bool) & ~covered[of_line]
    untaxed = lines["business_case"].isin(UNTAXED_CASES).to_numpy(bool) & (tax == 0)
    bears: Booleans = (gross != 0) & (codes[: len(lines)] > 0) & ~is_opening & ~left_out & ~untaxed
    booked = np.where(bears, tax, 0)
    difference = total(of_block, blocks["tax_cents"].to_numpy("int64")) - total(of_line, booked)

    rows = np.flatnonzero(bears & (difference != 0)[of_line])
    order = np.lexsort((lines["line_number"].to_numpy("int64")[rows], -np.abs(gross[rows]), of_line[rows]))
    adjusted, first = np.unique(of_line[rows][order], return_index=True)
    booked[rows[order[first]]] += difference[adjusted]

    # Printed tax without a line: the rate has no line that is booked, or there is no rate, or it is on opening cash.
    astray = is_opening | (codes[: len(lines)] == 0)
    lost = total(of_line[astray], tax[astray])
    difference[adjusted] = 0
    without = np.flatnonzero((difference != 0) | (lost != 0))
    spellings = np.append(np.array([None], dtype=object), np.asarray(rates, dtype=object))
    unbookable = pd.DataFrame(
        {
            "receipt": keys[without] // len(spellings),
            "vat_rate": spellings[keys[without] % len(spellings)],
            "tax_cents": np.where(lost != 0, lost, difference)[without],
        }
    )
    rate[~bears] = None
    return LineVat(rate, booked, unbookable)
