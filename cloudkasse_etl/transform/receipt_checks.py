"""The checks on receipts as they arrive (docs/rules.md, VAT). Pure, in whole cents."""

from collections.abc import Collection, Iterable, Sequence
from itertools import compress

import numpy as np

from cloudkasse_etl.entities import STAGED_RECEIPTS
from cloudkasse_etl.i18n.formats import plain_euros
from cloudkasse_etl.rejections.rejection import Rejection
from cloudkasse_etl.schemas.wire_receipts import BUSINESS_CASES, KINDS, RECEIVABLES, TENDERS
from cloudkasse_etl.transform.books.business_cases import UNTAXED_CASES
from cloudkasse_etl.transform.receipt_frames import Integers, ReceiptFrames


def check_receipts(
    frames: ReceiptFrames, *, registers: Collection[str], currency: str | None
) -> dict[int, list[Rejection]]:
    """Checks receipts on arrival, in whole cents.

    Known kind, business cases, tenders, register and currency: of all receipts. Sums, the tax of each line against
    its rate, and VAT against the table that was printed: of receipts of kind Beleg that were not broken off (the
    others book nothing, and an order or a receipt that was broken off need not add up).

    Args:
        frames: The receipts.
        registers: Registers that the settings name or that were ever synchronised.
        currency: The currency of the books; None where it is not known yet.

    Returns:
        The refusals by row of `frames.heads`; receipts that pass are not in it.
    """
    check = _Check(frames)
    heads, lines, payments = (frames.columns[name] for name in ("heads", "lines", "payments"))
    check.codes(heads["kind"], None, KINDS, "receipt_kind_unknown")
    check.codes(heads["register"], None, registers, "receipt_register_unknown")
    if currency is not None:
        check.codes(heads["currency"], None, (currency,), "receipt_currency", books=currency)
    check.codes(lines["business_case"], lines["receipt"], BUSINESS_CASES, "receipt_business_case_unknown")
    check.codes(payments["tender"], payments["receipt"], TENDERS, "receipt_tender_unknown")
    check.sums()
    check.tax_of_rates()
    check.vat()
    return check.found


class _Check:
    """Collects what the checks find, by receipt."""

    def __init__(self, frames: ReceiptFrames) -> None:
        self.found: dict[int, list[Rejection]] = {}
        heads, lines, self._payments, self._blocks = (
            frames.columns[name] for name in ("heads", "lines", "payments", "vat")
        )
        self._lines = lines
        self._heads = heads
        self._count = len(heads["receipt_id"])
        broken_off = [
            cancelled and reference is None
            for cancelled, reference in zip(heads["cancelled"], heads["reference_id"], strict=True)
        ]
        self._counts = np.array([kind == "Beleg" for kind in heads["kind"]], dtype=bool) & ~np.array(broken_off, bool)
        live = ~np.array(lines["cancelled"], dtype=bool)
        self._receipt = lines["receipt"][live]
        self._gross, self._net, self._tax = (_ints(lines[name])[live] for name in _AMOUNTS)
        self._live = np.flatnonzero(live)
        # lists: numpy compares objects no faster, and as often as there are values to look for
        self._rate: list[str | None] = list(compress(lines["vat_rate"], live))
        self._case: list[str] = list(compress(lines["business_case"], live))

    def codes(
        self, values: Sequence[str], receipts: Integers | None, known: Collection[str], code: str, **detail: str
    ) -> None:
        """Refuses receipts with a value that is not among the known ones."""
        unknown = set(values).difference(known)
        if unknown:
            rows = [row for row, value in enumerate(values) if value in unknown]
            for row in rows:
                self._add(row if receipts is None else int(receipts[row]), code, value=values[row], **detail)

    def sums(self) -> None:
        """Σ gross of live lines = total = Σ payments; gross = net + tax in each line and block."""
        total = _ints(self._heads["total_cents"])
        lines = _sums(self._receipt, self._gross, self._count)
        paid = _sums(self._payments["receipt"], _ints(self._payments["base_amount_cents"]), self._count)
        for at in np.flatnonzero(self._counts & (lines != total)).tolist():
            self._add(at, "receipt_lines_total", value=plain_euros(lines[at]), total=plain_euros(total[at]))
        for at in np.flatnonzero(self._counts & (paid != total)).tolist():
            self._add(at, "receipt_payments_total", value=plain_euros(paid[at]), total=plain_euros(total[at]))
        blocks = (self._blocks["receipt"], *(_ints(self._blocks[name]) for name in _AMOUNTS))
        for (receipt, gross, net, tax), code in (
            ((self._receipt, self._gross, self._net, self._tax), "receipt_line_tax"),
            (blocks, "receipt_block_tax"),
        ):
            for row in np.flatnonzero(self._counts[receipt] & (gross != net + tax)).tolist():
                self._add(int(receipt[row]), code, value=plain_euros(gross[row]))

    def tax_of_rates(self) -> None:
        """Checks that each line's tax follows from its rate and gross, but for rounding; at 0 % it must be 0.

        Registers round up, down or half up, some from the net amount: that makes a cent and a half at most. Some
        round the tax of one piece and multiply it: half a cent a piece, as long as that is below a tenth of the tax.
        Cases that are not taxed, and receivables, may name the rate of the goods they belong to without having tax.
        """
        points_of = {rate: int(rate.replace(".", "")) if rate else 0 for rate in set(self._rate)}
        points = np.array([points_of[rate] for rate in self._rate], dtype="int64")
        base = 10_000 + points
        off = np.abs(self._tax * base - self._gross * points)  # times base
        is_absurd = np.where(points == 0, off > 0, 2 * off > 3 * base)
        for row in np.flatnonzero(is_absurd & self._counts[self._receipt]).tolist():
            names_others = self._tax[row] == 0 and self._case[row] in (*UNTAXED_CASES, *RECEIVABLES)
            if self._rate[row] is None or names_others:
                continue
            place = int(self._live[row])
            quantity = abs(int(self._lines["quantity"][place].replace(".", "")))
            exact = abs(int(self._gross[row]) * int(points[row]))  # times base
            by_piece = min(quantity * int(base[row]) // 2_000, exact // 10)
            if off[row] <= base[row] + by_piece and points[row]:
                continue
            expected = (2 * exact + int(base[row])) // (2 * int(base[row]))
            self._add(
                int(self._receipt[row]),
                "receipt_tax_rate",
                line=str(self._lines["line_number"][place]),
                value=plain_euros(self._gross[row]),
                rate=str(self._rate[row]),
                tax=plain_euros(self._tax[row]),
                expected=plain_euros(expected if self._gross[row] >= 0 else -expected),
            )

    def vat(self) -> None:
        """Checks that a rate's block covers the gross of all lines of that rate, or of all but the Forderungs lines.

        Its tax may differ from the lines' by half a cent a line, rounded up: it was computed from the total.
        An empty block (no gross, or a rate of 0 %) need not be printed.
        """
        block_rate = self._blocks["vat_rate"]
        rates = sorted({*self._rate, *block_rate} - {None})
        if not rates:
            return
        codes = {rate: code for code, rate in enumerate(rates)} | {None: -1}

        def keys_of(receipt: Integers, of_row: Iterable[str | None]) -> tuple[Integers, Integers]:
            """Mask of rows with a rate, and the combined key of receipt and rate in those rows."""
            code = np.array([codes[rate] for rate in of_row], dtype="int64")
            rows = np.flatnonzero(code >= 0)
            return rows, receipt[rows] * len(rates) + code[rows]

        of_line, line_keys = keys_of(self._receipt, self._rate)
        of_block, block_keys = keys_of(self._blocks["receipt"], block_rate)
        printed_keys, first = np.unique(block_keys, return_index=True)
        for row in np.setdiff1d(np.arange(len(block_keys)), first).tolist():
            at = int(block_keys[row]) // len(rates)
            if self._counts[at]:
                self._add(at, "receipt_block_double", value=rates[int(block_keys[row]) % len(rates)])
        keys = np.union1d(line_keys, block_keys)
        place, printed_place = np.searchsorted(keys, line_keys), np.searchsorted(keys, printed_keys)
        is_core = np.array([case not in RECEIVABLES for case in self._case], dtype=bool)[of_line]
        lines = [_sums(place, part[of_line], len(keys)) for part in (self._gross, self._tax, np.ones_like(self._gross))]
        core = [
            _sums(place[is_core], part[of_line][is_core], len(keys))
            for part in (self._gross, self._tax, np.ones_like(self._gross))
        ]
        block_gross, block_tax = (np.zeros(len(keys), dtype="int64") for _ in range(2))
        block_gross[printed_place] = _ints(self._blocks["gross_cents"])[of_block][first]
        block_tax[printed_place] = _ints(self._blocks["tax_cents"])[of_block][first]
        zero_rate = np.array([float(rate) == 0 for rate in rates], dtype=bool)[keys % len(rates)]
        zero_rate[printed_place] = False
        good = zero_rate
        for gross, tax, count in (lines, core):
            good |= (block_gross == gross) & (np.abs(block_tax - tax) <= (count + 1) // 2)
        receipts = keys // len(rates)
        for row in np.flatnonzero(~good & self._counts[receipts]).tolist():
            at, rate = int(receipts[row]), rates[int(keys[row]) % len(rates)]
            if block_gross[row] not in (lines[0][row], core[0][row]):
                value, total, code = block_gross[row], lines[0][row], "receipt_vat_gross"
            else:
                value, total, code = block_tax[row], lines[1][row], "receipt_vat_tax"
            self._add(at, code, rate=rate, value=plain_euros(value), total=plain_euros(total))

    def _add(self, at: int, code: str, **detail: str) -> None:
        mine = self.found.setdefault(at, [])
        if not any(other.code == code and other.detail == detail for other in mine):
            mine.append(Rejection(STAGED_RECEIPTS, self._heads["receipt_id"][at], code, detail))


_AMOUNTS = ("gross_cents", "net_cents", "tax_cents")


def _sums(of_row: Integers, cents: Integers, count: int) -> Integers:
    result = np.zeros(count, dtype="int64")  # not bincount: its weights are floats
    np.add.at(result, of_row, cents)
    return result


def _ints(values: Sequence[int]) -> Integers:
    return np.array(values, dtype="int64")
