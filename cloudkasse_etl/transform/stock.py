"""From receipts to stock movements (facts, part F). Pure; revenue is in booking.py, what a set holds in trade_sets.py.

A movement is made of a receipt's line, not of its posting: a line that cannot be moved is refused alone, and is made
up for by calling `move` again, when the article is there.
"""

from enum import IntEnum
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from cloudkasse_etl.failures import Rejection
from cloudkasse_etl.transform.business_cases import (
    DEPOSIT_RETURN,
    SALE,
    STOCK_CASES,
    live_lines,
    repeated_line_numbers,
)
from cloudkasse_etl.transform.ledger import (
    MOVEMENTS,
    Ledger,
    Texts,
    clean_texts,
    refusal,
    setting_name,
    text_column,
    texts,
)
from cloudkasse_etl.transform.receipts import Booleans, Integers, ReceiptFrames, without_effect
from cloudkasse_etl.transform.trade_sets import Component, Refused, TradeSets

_LARGEST_MILLI = 10**18
_ITSELF = "0"
_UNIT_LENGTH = 10  # of SelectLine's Mengeneinheit


class _Moves(IntEnum):
    """What a line with an article moves."""

    UNKNOWN = 0
    NOTHING = 1
    ITSELF = 2
    COMPONENTS = 3


class _Part(NamedTuple):
    """An article that a line moves: itself, or a component of a set."""

    position: str
    article: str
    unit: str | None
    numerator: int
    denominator: int


class _Plan(NamedTuple):
    """What one article of the lines means for the stock.

    Attributes:
        moves: What it moves.
        parts: Which articles.
        needs_number: Whether one of them is kept by serial number or batch.
        refused: Why its set cannot be moved.
    """

    moves: _Moves
    parts: tuple[_Part, ...] = ()
    needs_number: bool = False
    refused: Refused | None = None


def move(
    frames: ReceiptFrames, ledger: Ledger, *, receipts: Booleans | None = None
) -> tuple[pd.DataFrame, list[Rejection]]:
    """Makes the stock movements of receipts that passed the checks on arrival.

    Out is negative. A quantity is the line's times the set's, exact to the thousandth; where a product is finer it
    is rounded half away from zero, so that a return brings back what the sale took.

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
    # the ids of such lines would be the same; `book` refuses their receipts
    doubled = lines["receipt"].isin(lines["receipt"].to_numpy()[repeated_line_numbers(lines)])
    lines = lines[lines["business_case"].isin(STOCK_CASES) & ~doubled].reset_index(drop=True)
    milli = _incoming_milli(lines)
    lines, milli = lines[milli != 0].reset_index(drop=True), milli[milli != 0]
    codes, numbers = pd.factorize(lines["article"].to_numpy(dtype=object))
    plans = [*_plans(numbers, ledger), _Plan(_Moves.UNKNOWN)]  # the last, -1, is that of no article
    refusals = _Refusals(frames.heads, lines)

    kinds = np.array([plan.moves for plan in plans])[codes]
    is_sale = (lines["business_case"] == SALE).to_numpy(bool)
    refusals.unknown(np.flatnonzero((kinds == _Moves.UNKNOWN) & is_sale))
    moved = kinds >= _Moves.ITSELF
    for row in np.flatnonzero(moved & np.array([plan.refused is not None for plan in plans])[codes]):
        if refused := plans[codes[row]].refused:
            refusals.add(row, refused.code, **refused.detail)
    has_number = lines["serial"].fillna("").astype(object).str.strip().ne("").to_numpy(bool)
    for row in np.flatnonzero(moved & np.array([plan.needs_number for plan in plans])[codes] & ~has_number):
        refusals.add(row, "stock_serial_missing", article=lines["article"][row])
    registers = frames.heads["register"].to_numpy(dtype=object)
    warehouses = np.array([_warehouse(register, ledger) for register in registers], dtype=object)
    receipt = lines["receipt"].to_numpy("int64")
    has_parts = np.array([bool(plan.parts) for plan in plans])[codes]
    for row in np.flatnonzero(moved & has_parts & pd.isna(warehouses[receipt])):
        setting = setting_name("registers", registers[receipt[row]], "warehouse")
        refusals.add(row, "stock_warehouse_missing", setting=setting)

    return _movements(lines, milli, codes, plans, frames.heads, warehouses, refusals), refusals.rejections()


def _incoming_milli(lines: pd.DataFrame) -> Integers:
    """How much comes in, in thousandths; negative goes out.

    The sign of a sale is its quantity's. Registers write the quantity of a returned deposit with either sign: it
    comes in where money goes out, and out again where that is voided. Where no money says so, its sign does, as for a
    sale.
    """
    spelled, quantities = pd.factorize(lines["quantity"].to_numpy(dtype=object))
    # three decimals, so without the point it is thousandths
    milli = np.array([int(quantity.replace(".", "")) for quantity in quantities], dtype="int64")[spelled]
    is_returned = (lines["business_case"] == DEPOSIT_RETURN).to_numpy(bool)
    gross = lines["gross_cents"].to_numpy("int64")
    by_money = np.where(gross == 0, -milli, -np.sign(gross) * np.abs(milli))
    return np.where(is_returned, by_money, -milli)


def _warehouse(register: str, ledger: Ledger) -> str | None:
    known = ledger.registers.get(register)
    return known.warehouse if known else None


def _plans(numbers: Any, ledger: Ledger) -> list[_Plan]:
    """What each of these articles means for the stock."""
    frame = ledger.articles
    is_kept = frame["stock_item"].to_numpy(bool) & ~frame["service_item"].to_numpy(bool)
    flags = [frame["trade_set"].to_numpy(bool).tolist(), is_kept.tolist(), frame["serial"].to_numpy(bool).tolist()]
    units = _units(texts(frame["unit"]))
    articles = dict(zip(texts(frame["number"]), zip(*flags, units, strict=True), strict=True))
    sets = TradeSets(frame, ledger.trade_sets)

    def plan(number: str) -> _Plan:
        if number not in articles:
            return _Plan(_Moves.UNKNOWN)
        is_set, is_kept, is_serial, unit = articles[number]
        if not is_set:
            part = _Part(_ITSELF, number, unit, 1, 1)
            return _Plan(_Moves.ITSELF, (part,), is_serial) if is_kept else _Plan(_Moves.NOTHING)
        found = sets.components(number)
        if isinstance(found, Refused):
            return _Plan(_Moves.COMPONENTS, refused=found)
        kept = [component for component in found if articles[component.article][1]]
        needs_number = any(articles[component.article][2] for component in kept)
        return _Plan(_Moves.COMPONENTS, tuple(part_of_set(component) for component in kept), needs_number)

    def part_of_set(component: Component) -> _Part:
        unit, quantity = articles[component.article][3], component.quantity
        return _Part(component.position, component.article, unit, quantity.numerator, quantity.denominator)

    return [plan(number) for number in numbers]


class _Refusals:
    """Collects the lines that are refused; of several reasons the first is told."""

    def __init__(self, heads: pd.DataFrame, lines: pd.DataFrame) -> None:
        self._ids = heads["receipt_id"].to_numpy(dtype=object)
        self._lines = lines
        self._found: dict[int, Rejection] = {}

    def add(self, row: Any, code: str, **detail: str) -> None:
        """Refuses a line."""
        key = f"{self._ids[self._lines['receipt'][row]]}|{self._lines['line_number'][row]}"
        self._found.setdefault(int(row), refusal(MOVEMENTS, key, code, detail))

    def unknown(self, rows: Integers) -> None:
        """Refuses sales of articles that SelectLine does not have, or of none."""
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
    lines: pd.DataFrame,
    milli: Integers,
    codes: Integers,
    plans: list[_Plan],
    heads: pd.DataFrame,
    warehouses: Texts,
    refusals: _Refusals,
) -> pd.DataFrame:
    """A movement for each article that a line moves."""
    parts = [part for plan in plans for part in plan.parts]
    counts = np.array([len(plan.parts) for plan in plans], dtype="int64")
    starts = np.cumsum(counts) - counts
    lines_moved = np.flatnonzero(~refusals.mask())
    rows = np.repeat(lines_moved, counts[codes[lines_moved]])
    part = starts[codes[rows]] + _count_up(counts[codes[lines_moved]])
    quantity = _times(milli[rows], parts, part)
    too_large = np.abs(quantity) > _LARGEST_MILLI
    for row, at in zip(rows[too_large], part[too_large], strict=True):
        refusals.add(row, "stock_quantity_too_large", article=parts[at].article)
    stays = (quantity != 0) & ~refusals.mask()[rows]
    rows, part, quantity = rows[stays], part[stays], quantity[stays].astype("int64")

    def of_part(name: str) -> Texts:
        values = np.empty(len(parts), dtype=object)
        values[:] = [getattr(found, name) for found in parts]
        chosen: Texts = values[part]
        return chosen

    receipt = lines["receipt"].to_numpy("int64")[rows]
    ids = heads["receipt_id"].to_numpy(dtype=object)[receipt]
    numbers = lines["line_number"].to_numpy("int64")[rows]
    positions, unit = of_part("position"), of_part("unit")
    # what SelectLine counts the article in; a line's own unit only where SelectLine names none
    keyed_in = _units(lines["unit"].to_numpy(dtype=object))[rows]
    unnamed = pd.isna(unit) & (positions == _ITSELF)
    unit[unnamed] = keyed_in[unnamed]
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
    }
    return pd.DataFrame(
        {
            name: values if name in ("line_number", "quantity_milli") else text_column(values)
            for name, values in columns.items()
        }
    )


def _units(values: Any) -> Texts:
    """Units as our tables take them, whatever was keyed in, here or in the ERP; none where nothing is left."""
    found = np.empty(len(values), dtype=object)
    found[:] = values
    codes, distinct = pd.factorize(clean_texts(found))
    return np.array([unit[:_UNIT_LENGTH] if unit.strip() else None for unit in distinct] + [None], dtype=object)[codes]


def _count_up(counts: Integers) -> Integers:
    """0, 1, … for each count, one after the other."""
    ends = np.cumsum(counts)
    return np.arange(ends[-1] if len(ends) else 0) - np.repeat(ends - counts, counts)


def _times(milli: Integers, parts: list[_Part], part: Integers) -> Any:
    """Quantities times what the parts are of one, as whole Python numbers where a set makes them large."""
    numerators = np.array([found.numerator for found in parts], dtype=object)[part]
    denominators = np.array([found.denominator for found in parts], dtype=object)[part]
    product = milli.astype(object) * numerators
    rounded = (2 * np.abs(product) + denominators) // (2 * denominators)
    result: Texts = np.where(product < 0, -rounded, rounded)
    return result
