"""From receipts to stock movements. Pure; revenue is in booking.py, what an article moves in article_plans.py.

A movement is made from a receipt's line, not from its posting: a line that cannot be moved is refused alone, and
calling `move` again, once the article exists, makes its movement.
"""

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd

from cloudkasse_etl.entities import STOCK_MOVEMENTS
from cloudkasse_etl.rejections.record_names import LINE_CENTS
from cloudkasse_etl.rejections.rejection import Rejection
from cloudkasse_etl.transform.books.business_cases import (
    DEPOSIT_RETURN,
    SALE,
    STOCK_CASES,
    live_lines,
    repeated_line_numbers,
)
from cloudkasse_etl.transform.books.ledger import Ledger, Texts, refusal, setting_name, text_column, usable_texts
from cloudkasse_etl.transform.receipt_frames import Booleans, Integers, ReceiptFrames, without_effect
from cloudkasse_etl.transform.stock.article_plans import ITSELF, ArticlePlan, Moves, article_plans
from cloudkasse_etl.transform.stock.stock_reversals import TakenBack, of_voids
from cloudkasse_etl.transform.stock.units import ratio

_LARGEST_MILLI = 10**18
_UNIT_LENGTH = 10  # of SelectLine's Mengeneinheit
_SERIAL_LENGTH = 80  # of SelectLine's serial and batch numbers


def move(
    frames: ReceiptFrames, ledger: Ledger, *, receipts: Booleans | None = None
) -> tuple[pd.DataFrame, list[Rejection]]:
    """Makes the stock movements of receipts that passed the checks on arrival.

    Out is negative. A quantity is the line's, in the article's unit, times the set's, exact to the thousandth; where
    a product is finer it is rounded half away from zero, so that a return restores what the sale took. A line that
    names no unit is in the article's own; where the article has none, the line's is kept. A quantity that converting
    its unit would round to zero is refused.

    A serial or batch number stays on the movement as it was keyed in; in a set, on that of the article that is tracked
    by number, or of every component where none is.

    Args:
        frames: Receipts.
        ledger: Articles, trade sets and the registers' warehouses.
        receipts: Which of them may move stock; all if not given. Those without effect never do.

    Returns:
        Movements as StockMovement has them, by receipt and line in the order of the batch; and the refused lines.
        Of a refused line nothing is moved.
    """
    moving = ~without_effect(frames, in_kind_moves_stock=ledger.in_kind_moves_stock)
    lines = live_lines(frames, moving if receipts is None else moving & receipts)
    # such lines would have the same ids; `book` refuses their receipts
    doubled = lines["receipt"].isin(lines["receipt"].to_numpy()[repeated_line_numbers(lines)])
    lines = lines[lines["business_case"].isin(STOCK_CASES) & ~doubled].reset_index(drop=True)
    back = TakenBack(lines, frames.heads, ledger)
    lines = lines[~back.is_mirrored].reset_index(drop=True)
    milli = _incoming_milli(lines, of_voids(lines, frames.heads, ledger))
    lines, milli = lines[milli != 0].reset_index(drop=True), milli[milli != 0]
    codes, numbers = pd.factorize(lines["article"].to_numpy(dtype=object))
    plans = [*article_plans(numbers, ledger), ArticlePlan(Moves.UNKNOWN)]  # the last, -1, is that of no article
    sold = _SoldLines(lines, milli, codes, usable_texts(lines["unit"]), usable_texts(lines["serial"]))
    refusals = _Refusals(frames.heads, lines)

    kinds = np.array([plan.moves for plan in plans])[codes]
    is_sale = (lines["business_case"] == SALE).to_numpy(bool)
    refusals.unknown(np.flatnonzero((kinds == Moves.UNKNOWN) & is_sale))
    moved = kinds >= Moves.ITSELF
    for row in np.flatnonzero(moved & np.array([plan.refused is not None for plan in plans])[codes]):
        if refused := plans[codes[row]].refused:
            refusals.add(row, refused.code, **refused.detail)
    needs_number = np.array([bool(plan.numbered) for plan in plans])[codes]
    for row in np.flatnonzero(moved & needs_number):
        _refuse_number(row, lines["article"][row], plans[codes[row]], sold.serials[row], refusals)
    has_parts = np.array([bool(plan.parts) for plan in plans])[codes]
    sizes = _sizes(sold, plans)
    for row in np.flatnonzero(moved & has_parts & ~sizes.known):
        of_article = plans[codes[row]].unit or ""
        refusals.add(
            row, "stock_unit_unknown", article=lines["article"][row], unit=sold.units[row], stock_unit=of_article
        )
    registers = frames.heads["register"].to_numpy(dtype=object)
    warehouses = np.array([_warehouse(register, ledger) for register in registers], dtype=object)
    receipt = lines["receipt"].to_numpy("int64")
    for row in np.flatnonzero(moved & has_parts & pd.isna(warehouses[receipt])):
        setting = setting_name("registers", registers[receipt[row]], "warehouse")
        refusals.add(row, "stock_warehouse_missing", setting=setting)

    movements = _movements(sold, sizes, plans, frames.heads, warehouses, refusals)
    refused = sorted([*refusals.rejections(), *back.rejections], key=lambda refused: refused.key)
    return back.beside(movements), _with_facts(refused, lines, frames.heads)


def _with_facts(refused: list[Rejection], lines: pd.DataFrame, heads: pd.DataFrame) -> list[Rejection]:
    """Notes article and amount of each refused line, by which a person finds it on the receipt.

    They are no part of what is compared: a rejection that an earlier release stored without has not changed.
    """
    if not refused:
        return refused
    ids = heads["receipt_id"].to_numpy(dtype=object)[lines["receipt"].to_numpy("int64")]
    articles = lines["article"].where(lines["article"].notna(), "").tolist()
    columns = (ids.tolist(), lines["line_number"].tolist(), articles, lines["gross_cents"].tolist())
    facts = {
        f"{receipt}|{number}": {"article": article.strip(), LINE_CENTS: str(cents)}
        for receipt, number, article, cents in zip(*columns, strict=True)
    }
    return [replace(r, detail={**facts.get(r.key, {}), **r.detail}) for r in refused]


@dataclass(frozen=True)
class _SoldLines:
    """The lines that may move stock.

    Attributes:
        frame: The lines.
        milli: Quantity that comes in, in thousandths of the line's own unit; negative goes out.
        codes: The position of each line's article plan.
        units, serials: As they were keyed in, without characters that no table accepts; None where no text remains.
    """

    frame: pd.DataFrame
    milli: Integers
    codes: Integers
    units: Texts
    serials: Texts


@dataclass(frozen=True)
class _Sizes:
    """How much of the article's unit the line's unit is, as whole Python numbers.

    Attributes:
        numerators, denominators: Of the fraction.
        known: Where it is known.
    """

    numerators: Texts
    denominators: Texts
    known: Booleans


def _sizes(sold: _SoldLines, plans: list[ArticlePlan]) -> _Sizes:
    """Compares each line's unit with its article's, each pair of an article and a unit once."""
    of_unit, units = pd.factorize(sold.units)
    # the last plan is that of no article, and the last unit is none
    pairs, of_pair = np.unique(
        sold.codes % len(plans) * (len(units) + 1) + of_unit % (len(units) + 1), return_inverse=True
    )
    found: list[Fraction | None] = []
    for pair in pairs.tolist():
        plan, unit = plans[pair // (len(units) + 1)], (*units, None)[pair % (len(units) + 1)]
        found.append(ratio(unit, plan.unit) if unit and plan.unit else Fraction(1))
    numerators, denominators = np.empty(len(found), dtype=object), np.empty(len(found), dtype=object)
    numerators[:] = [1 if size is None else size.numerator for size in found]
    denominators[:] = [1 if size is None else size.denominator for size in found]
    known: Booleans = np.array([size is not None for size in found], dtype=bool)
    return _Sizes(numerators[of_pair], denominators[of_pair], known[of_pair])


def _refuse_number(row: Any, article: str, plan: ArticlePlan, serial: str | None, refusals: "_Refusals") -> None:
    """Refuses a line whose article is tracked by number if the number is missing or fits several articles."""
    if serial is None:
        refusals.add(row, "stock_serial_missing", article=article)
    elif len(plan.numbered) > 1:
        refusals.add(row, "stock_serial_ambiguous", article=article, components=", ".join(plan.numbered))
    elif len(serial) > _SERIAL_LENGTH:
        refusals.add(row, "stock_serial_too_long", article=article)


def _incoming_milli(lines: pd.DataFrame, is_void: Booleans) -> Integers:
    """How much comes in, in thousandths; negative goes out.

    The sign of a sale is its quantity's. Registers write the quantity of a returned deposit, and that of a void, with
    either sign: it comes in where money goes out, and out again where that is voided. Where there is no money, the
    quantity's sign decides, as for a sale.
    """
    spelled, quantities = pd.factorize(lines["quantity"].to_numpy(dtype=object))
    # three decimals, so without the point it is thousandths
    milli = np.array([int(quantity.replace(".", "")) for quantity in quantities], dtype="int64")[spelled]
    by_its_money = (lines["business_case"] == DEPOSIT_RETURN).to_numpy(bool) | is_void
    gross = lines["gross_cents"].to_numpy("int64")
    by_money = np.where(gross == 0, -milli, -np.sign(gross) * np.abs(milli))
    return np.where(by_its_money, by_money, -milli)


def _warehouse(register: str, ledger: Ledger) -> str | None:
    known = ledger.registers.get(register)
    return known.warehouse if known else None


class _Refusals:
    """Collects the lines that are refused; of several reasons only the first is reported."""

    def __init__(self, heads: pd.DataFrame, lines: pd.DataFrame) -> None:
        self._ids = heads["receipt_id"].to_numpy(dtype=object)
        self._lines = lines
        self._found: dict[int, Rejection] = {}

    def add(self, row: Any, code: str, **detail: str) -> None:
        """Refuses a line."""
        key = f"{self._ids[self._lines['receipt'][row]]}|{self._lines['line_number'][row]}"
        self._found.setdefault(int(row), refusal(STOCK_MOVEMENTS, key, code, detail))

    def unknown(self, rows: Integers) -> None:
        """Refuses sales of articles that SelectLine does not have, and sales without an article."""
        article, text = self._lines["article"], self._lines["text"]
        for row in rows:
            number = article[row]
            if pd.isna(number) or not number.strip():
                self.add(row, "stock_article_missing", text=text[row])
            else:
                self.add(row, "stock_article_unknown", article=number)

    def mask(self) -> Booleans:
        """Which lines are refused."""
        refused = np.zeros(len(self._lines), dtype=bool)
        refused[list(self._found)] = True
        return refused

    def rejections(self) -> list[Rejection]:
        """By key, whatever the order of the batch."""
        return sorted(self._found.values(), key=lambda found: found.key)


def _movements(
    sold: _SoldLines,
    sizes: _Sizes,
    plans: list[ArticlePlan],
    heads: pd.DataFrame,
    warehouses: Texts,
    refusals: _Refusals,
) -> pd.DataFrame:
    """A movement for each article that a line moves."""
    lines, codes = sold.frame, sold.codes
    parts = [part for plan in plans for part in plan.parts]
    counts = np.array([len(plan.parts) for plan in plans], dtype="int64")
    starts = np.cumsum(counts) - counts
    lines_moved = np.flatnonzero(~refusals.mask())
    rows = np.repeat(lines_moved, counts[codes[lines_moved]])
    part = starts[codes[rows]] + _count_up(counts[codes[lines_moved]])

    def of_part(name: str) -> Texts:
        values = np.empty(len(parts), dtype=object)
        values[:] = [getattr(found, name) for found in parts]
        chosen: Texts = values[part]
        return chosen

    quantity = _product(
        sold.milli[rows].astype(object) * of_part("numerator") * sizes.numerators[rows],
        of_part("denominator") * sizes.denominators[rows],
    )
    is_converted = of_part("is_converted").astype(bool) | (sizes.numerators != sizes.denominators)[rows].astype(bool)
    for at in np.flatnonzero(np.abs(quantity) > _LARGEST_MILLI):
        refusals.add(rows[at], "stock_quantity_too_large", article=parts[part[at]].article)
    for at in np.flatnonzero((quantity == 0) & is_converted):
        found = parts[part[at]]
        refusals.add(rows[at], "stock_quantity_too_small", article=found.article, unit=found.unit or "")
    stays = (quantity != 0) & ~refusals.mask()[rows]
    rows, part, quantity = rows[stays], part[stays], quantity[stays].astype("int64")

    receipt = lines["receipt"].to_numpy("int64")[rows]
    ids = heads["receipt_id"].to_numpy(dtype=object)[receipt]
    numbers = lines["line_number"].to_numpy("int64")[rows]
    positions, unit = of_part("position"), _cut(of_part("unit"))
    # the article's unit in SelectLine; a line's own unit only where SelectLine has none
    keyed_in = _cut(sold.units)[rows]
    unnamed = pd.isna(unit) & (positions == ITSELF)
    unit[unnamed] = keyed_in[unnamed]
    numbered = np.array([bool(plan.numbered) for plan in plans])[codes[rows]]
    serials = np.where(of_part("needs_number").astype(bool) | ~numbered, sold.serials[rows], None)
    columns: dict[str, Any] = {
        "movement_id": [f"{key}:{n}:{at}" for key, n, at in zip(ids, numbers.tolist(), positions, strict=True)],
        "receipt_id": ids,
        "line_number": numbers,
        "register": heads["register"].to_numpy(dtype=object)[receipt],
        "movement_date": heads["business_day"].to_numpy(dtype=object)[receipt],
        "article": of_part("article"),
        "warehouse": warehouses[receipt],
        "quantity_milli": quantity,
        "unit": unit,
        "serial": serials,
    }
    return pd.DataFrame(
        {
            name: values if name in ("line_number", "quantity_milli") else text_column(values)
            for name, values in columns.items()
        }
    )


def _cut(units: Texts) -> Texts:
    """Units shortened to the length that SelectLine allows."""
    codes, distinct = pd.factorize(units)
    return np.array([unit[:_UNIT_LENGTH] for unit in distinct] + [None], dtype=object)[codes]


def _count_up(counts: Integers) -> Integers:
    """0, 1, … for each count, one after the other."""
    ends = np.cumsum(counts)
    return np.arange(ends[-1] if len(ends) else 0) - np.repeat(ends - counts, counts)


def _product(numerators: Any, denominators: Any) -> Any:
    """Fractions rounded half away from zero, as whole Python numbers: units and sets make them large."""
    rounded = (2 * np.abs(numerators) + denominators) // (2 * denominators)
    result: Texts = np.where(numerators < 0, -rounded, rounded)
    return result
