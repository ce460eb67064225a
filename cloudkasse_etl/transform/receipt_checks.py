"""The checks on receipts as they arrive (design, section 10; VAT rules: facts, parts C and F). Pure, in whole cents."""

from collections.abc import Collection
from typing import Any

import numpy as np
import pandas as pd

from cloudkasse_etl.failures import Rejection
from cloudkasse_etl.schemas.receipts import BUSINESS_CASES, KINDS, RECEIVABLES, TENDERS
from cloudkasse_etl.transform.amounts import euros
from cloudkasse_etl.transform.receipts import Integers, ReceiptFrames


def check_receipts(
    frames: ReceiptFrames, *, registers: Collection[str], currency: str | None
) -> dict[int, list[Rejection]]:
    """Checks receipts on arrival, in whole cents.

    Known kind, business cases, tenders, register and currency: of all receipts. Sums, and VAT against the table
    that was printed: of receipts of kind Beleg that were not broken off (the others book nothing, and an order or
    a receipt that was broken off need not add up).

    Args:
        frames: The receipts.
        registers: Registers that the settings name or that were ever synchronised.
        currency: The currency of the books; None where it is not known yet.

    Returns:
        The refusals by row of `frames.heads`; receipts that pass are not in it.
    """
    check = _Check(frames)
    heads, lines, payments = frames.heads, frames.lines, frames.payments
    check.heads(~heads["kind"].isin(KINDS), "receipt_kind_unknown", value="kind")
    check.heads(~heads["register"].isin(list(registers)), "receipt_register_unknown", value="register")
    if currency is not None:
        check.heads(heads["currency"] != currency, "receipt_currency", value="currency")
    check.parts(
        lines, ~lines["business_case"].isin(BUSINESS_CASES), "receipt_business_case_unknown", value="business_case"
    )
    check.parts(payments, ~payments["tender"].isin(TENDERS), "receipt_tender_unknown", value="tender")
    check.sums()
    check.vat()
    return check.found


class _Check:
    """Collects what the checks find, by receipt."""

    def __init__(self, frames: ReceiptFrames) -> None:
        self._frames = frames
        self._count = len(frames.heads)
        self.found: dict[int, list[Rejection]] = {}
        heads = frames.heads
        broken_off = heads["cancelled"].to_numpy(bool) & heads["reference_id"].isna().to_numpy(bool)
        self._counts = (heads["kind"] == "Beleg").to_numpy(bool) & ~broken_off
        self._live = frames.lines[~frames.lines["cancelled"].to_numpy(bool)]

    def heads(self, wrong: Any, code: str, *, value: str) -> None:
        """Refuses receipts by a field of their head."""
        for at in np.flatnonzero(np.asarray(wrong, dtype=bool)).tolist():
            self._add(at, code, value=str(self._frames.heads[value].iat[at]))

    def parts(self, frame: pd.DataFrame, wrong: Any, code: str, *, value: str) -> None:
        """Refuses receipts by a field of their lines or payments."""
        bad = frame[np.asarray(wrong, dtype=bool)]
        for at, text in zip(bad["receipt"].tolist(), bad[value].tolist(), strict=True):
            self._add(at, code, value=str(text))

    def sums(self) -> None:
        """Σ gross of live lines = total = Σ payments; gross = net + tax in each line and block."""
        total = self._frames.heads["total_cents"].to_numpy()
        lines = self._sum(self._live["receipt"], self._live["gross_cents"])
        payments = self._frames.payments
        paid = self._sum(payments["receipt"], payments["base_amount_cents"])
        for at in np.flatnonzero(self._counts & (lines != total)).tolist():
            self._add(at, "receipt_lines_total", value=euros(lines[at]), total=euros(total[at]))
        for at in np.flatnonzero(self._counts & (paid != total)).tolist():
            self._add(at, "receipt_payments_total", value=euros(paid[at]), total=euros(total[at]))
        for frame, code in ((self._live, "receipt_line_tax"), (self._frames.vat, "receipt_block_tax")):
            off = frame["gross_cents"] != frame["net_cents"] + frame["tax_cents"]
            for at, gross in zip(
                frame.loc[off, "receipt"].tolist(), frame.loc[off, "gross_cents"].tolist(), strict=True
            ):
                if self._counts[at]:
                    self._add(at, code, value=euros(gross))

    def vat(self) -> None:
        """A rate's block covers the gross of all lines of that rate, or of all but the Forderungs lines.

        Its tax may differ from the lines' by half a cent a line, rounded up: it was computed from the total.
        A block of nothing (no gross, or a rate of 0 %) need not be printed.
        """
        live = self._live[self._live["vat_rate"].notna()]
        receivable = live["business_case"].isin(RECEIVABLES).to_numpy(bool)
        every = _by_rate(live)
        core = _by_rate(live[~receivable])
        blocks = self._frames.vat[self._frames.vat["vat_rate"].notna()]
        twice = blocks.duplicated(["receipt", "vat_rate"])
        self.parts(
            blocks[self._counts[blocks["receipt"]]],
            twice[self._counts[blocks["receipt"]]],
            "receipt_block_double",
            value="vat_rate",
        )
        blocks = blocks[~twice].set_index(["receipt", "vat_rate"])[["gross_cents", "tax_cents"]]
        joined = (
            every.join(core.add_suffix("_core"), how="outer").join(blocks.add_prefix("block_"), how="outer").fillna(0)
        )
        printed = joined.index.isin(blocks.index)
        receipts = joined.index.get_level_values(0).to_numpy("int64")
        numbers = {name: joined[name].to_numpy("int64") for name in joined.columns}
        fits = [
            (numbers["block_gross_cents"] == numbers[f"gross_cents{end}"])
            & (np.abs(numbers["block_tax_cents"] - numbers[f"tax_cents{end}"]) <= (numbers[f"lines{end}"] + 1) // 2)
            for end in ("", "_core")
        ]
        gross_fits = (numbers["block_gross_cents"] == numbers["gross_cents"]) | (
            numbers["block_gross_cents"] == numbers["gross_cents_core"]
        )
        zero_rate = np.array([float(rate) == 0 for rate in joined.index.get_level_values(1)], dtype=bool)
        good = fits[0] | fits[1] | (zero_rate & ~printed)
        for row in np.flatnonzero(~good & self._counts[receipts]).tolist():
            rate = str(joined.index[row][1])
            if not gross_fits[row]:
                self._add(
                    int(receipts[row]),
                    "receipt_vat_gross",
                    rate=rate,
                    value=euros(numbers["block_gross_cents"][row]),
                    total=euros(numbers["gross_cents"][row]),
                )
            else:
                self._add(
                    int(receipts[row]),
                    "receipt_vat_tax",
                    rate=rate,
                    value=euros(numbers["block_tax_cents"][row]),
                    total=euros(numbers["tax_cents"][row]),
                )

    def _sum(self, at: Any, cents: Any) -> Integers:
        result = np.zeros(self._count, dtype="int64")
        np.add.at(result, np.asarray(at, dtype="int64"), np.asarray(cents, dtype="int64"))
        return result

    def _add(self, at: int, code: str, **detail: str) -> None:
        receipt_id = str(self._frames.heads["receipt_id"].iat[at])
        mine = self.found.setdefault(at, [])
        if not any(other.code == code and other.detail == detail for other in mine):
            mine.append(Rejection("staged_receipts", receipt_id, code, detail))


def _by_rate(lines: pd.DataFrame) -> pd.DataFrame:
    """gross_cents, tax_cents and the number of lines by receipt and rate."""
    grouped = lines.groupby(["receipt", "vat_rate"], sort=False)
    sums = grouped[["gross_cents", "tax_cents"]].sum()
    sums["lines"] = grouped.size()
    return sums
