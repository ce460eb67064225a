"""The lines of receipts by column: their amounts, and their JSON as msgspec writes a `Line`."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pyarrow.compute as pc

from cloudkasse_etl.schemas.wire_receipts import CENTS_LIMIT
from cloudkasse_etl.tills.dsfinvk.by_column.column_values import (
    Booleans,
    Integers,
    Values,
    all_match,
    distinct,
    integer_text,
    joined,
    objects,
    pieces_of,
    quoted,
    rounded_cents,
    units_of,
)
from cloudkasse_etl.tills.dsfinvk.by_column.row_owners import Columns, Owned, same_lines
from cloudkasse_etl.tills.dsfinvk.by_column.strict_log import DeviatingError
from cloudkasse_etl.tills.dsfinvk.cells.amounts import CENT
from cloudkasse_etl.tills.dsfinvk.line_translation import LineTranslation
from cloudkasse_etl.tills.dsfinvk.standard_codes import CASE_CODES, VatRates, flag_of

_NOTHING = "-0,. "
_LONGEST_QUANTITY = 16


@dataclass(frozen=True, slots=True)
class VatAmounts:
    """Amounts with their VAT rates.

    Attributes:
        rates: The distinct rates.
        rate: Of each row the index of its rate.
        gross_units: In hundred-thousandths.
        gross, tax: In cents.
    """

    rates: list[str | None]
    rate: Integers
    gross_units: Integers
    gross: Integers
    tax: Integers


@dataclass(frozen=True, slots=True)
class LineColumns:
    """Lines in the order of their receipts.

    Attributes:
        json: Each line in JSON.
        live: Whether it was not cancelled.
        vat: Its amounts.
        cases, numbers, quantities: By line, made when they are asked for.
    """

    json: Any
    live: Booleans
    vat: VatAmounts
    case: tuple[list[str], Integers]
    number: Integers
    quantity: tuple[list[str], Integers]

    def lists(self, rows: slice) -> dict[str, Any]:
        """What the checks on arrival ask of lines (transform/receipt_frames.py)."""
        gross, tax = self.vat.gross[rows], self.vat.tax[rows]
        return {
            "cancelled": ~self.live[rows],
            "business_case": objects(self.case[0], self.case[1][rows]),
            "gross_cents": gross,
            "net_cents": gross - tax,
            "tax_cents": tax,
            "vat_rate": objects(self.vat.rates, self.vat.rate[rows]),
            "quantity": objects(self.quantity[0], self.quantity[1][rows]),
            "line_number": self.number[rows],
        }


def vat_amounts(
    columns: Columns, table: str, rates: Sequence[VatRates], first: int, translation: LineTranslation
) -> VatAmounts:
    """Reads the VAT keys and amounts of lines_vat or transactions_vat.

    Args:
        columns: The table's columns.
        table: Which of the two.
        rates: The rates of each closing.
        first: The place of the first closing.
        translation: Reads what is not as usual.

    Returns:
        The rates and amounts of the rows.

    Raises:
        DeviatingError, UnreadableError: There is something to be told.
    """
    names = [f"{'POS' if table == 'lines_vat' else 'BON'}_{part}" for part in ("BRUTTO", "NETTO", "UST")]
    keys = Values(columns["UST_SCHLUESSEL"])
    texts: list[str | None] = []
    index: dict[str | None, int] = {}
    pair = (columns["place"] - first) * max(len(keys.texts), 1) + keys.codes
    unique, inverse = distinct(pair, len(rates) * max(len(keys.texts), 1))
    of_pair = []
    for code in unique:
        closing, key = divmod(code, len(keys.texts))
        rate = rates[closing].of([keys.texts[key]], 0, table)
        if rate not in index:
            index[rate] = len(texts)
            texts.append(rate)
        of_pair.append(index[rate])
    rate_of = np.array(of_pair, dtype="int64")[inverse]
    has = [~np.asarray(_is_blank(columns[name]).to_numpy(zero_copy_only=False)) for name in names]
    gross, net, tax = (
        units_of(pc.if_else(_is_blank(columns[name]), "", columns[name]), translation.amounts, table, name, 5, empty=0)
        for name in names
    )
    if not all(map(np.all, has)):
        cells = [columns[name].to_pylist() for name in names]
        for row in np.flatnonzero(~(has[0] & has[1] & has[2])).tolist():
            of_row = [column[row] for column in cells]
            gross[row], tax[row] = translation.gross_and_tax(of_row, texts[rate_of[row]], 0, 1, 2, table)
            net[row] = gross[row] - tax[row]
    if (np.abs(gross - net - tax) >= CENT).any():
        raise DeviatingError("sum_differs")
    gross_cents, tax_cents = rounded_cents(gross), rounded_cents(tax)
    if (np.abs(gross_cents - tax_cents) > CENTS_LIMIT).any():
        raise DeviatingError("limit")
    return VatAmounts(texts, rate_of, gross, gross_cents, tax_cents)


def _is_blank(column: Any) -> Any:
    return pc.equal(pc.utf8_trim_whitespace(column), "")


def line_columns(
    lines: Owned, vat_rows: Columns, rates: Sequence[VatRates], first: int, translation: LineTranslation
) -> LineColumns:
    """Translates lines that are as usual: each with one VAT rate, or without amounts.

    Args:
        lines: The lines.
        vat_rows: The columns of lines_vat.csv.
        rates: The rates of each closing.
        first: The place of the first closing.
        translation: Reads what is not as usual.

    Returns:
        The lines.

    Raises:
        DeviatingError, UnreadableError: There is something to be told, or a line has several rates.
    """
    columns, amounts = lines.columns, translation.amounts
    if any(agency not in ("", "0") for agency in Values(columns["AGENTUR_ID"]).texts):
        raise DeviatingError("agency_line")
    number = Values(columns["POS_ZEILE"]).integers(_line_number)
    if (number == 0).any() or _is_doubled(lines, number):
        raise DeviatingError("line_number_counted")
    cancelled = Values(columns["P_STORNO"]).flags(partial(flag_of, table="lines", column="P_STORNO"))
    price = units_of(columns["STK_BR"], amounts, "lines", "STK_BR", 5, empty=0)
    vat, has_vat = _of_lines(vat_amounts(vat_rows, "lines_vat", rates, first, translation), lines, vat_rows)
    if not has_vat.all():
        something = Values(columns["MENGE"]).flags(lambda text: bool(text.strip(_NOTHING)))
        if (~has_vat & (price != 0) & something & ~cancelled).any():
            raise DeviatingError("line_without_vat")
    if (vat.gross_units % CENT).any():
        raise DeviatingError("fractions_of_cents")
    quantity = _quantities(columns, translation)
    if any(len(text) > _LONGEST_QUANTITY for text in quantity[0]):
        raise DeviatingError("limit")
    case = Values(columns["GV_TYP"])
    cases = case.read(lambda text: CASE_CODES.read([text], 0, "lines", "GV_TYP"))
    in_house = Values(columns["INHAUS"]).pieces(
        lambda text: ("true" if flag_of(text, "lines", "INHAUS") else "false") if text else "null"
    )
    json = joined(
        _named("{", "article", columns["ART_NR"]),
        pieces_of([f',"business_case":"{name}"' for name in cases], case.codes),
        pieces_of([',"cancelled":false,"gross_cents":', ',"cancelled":true,"gross_cents":'], cancelled.astype("int64")),
        integer_text(vat.gross),
        _named(",", "gtin", columns["GTIN"]),
        ',"in_house":',
        in_house,
        ',"net_cents":',
        integer_text(vat.gross - vat.tax),
        ',"number":',
        integer_text(number),
        pieces_of([f',"quantity":"{text}","serial":null,"tax_cents":' for text in quantity[0]], quantity[1]),
        integer_text(vat.tax),
        Values(columns["ARTIKELTEXT"]).pieces(lambda text: f',"text":{quoted(text)}'),
        _named(",", "unit", columns["EINHEIT"]),
        ',"unit_price_cents":',
        integer_text(rounded_cents(price)),
        pieces_of([f',"vat_rate":{quoted(rate)}' for rate in vat.rates], vat.rate),
        _named(",", "voucher", columns["GUTSCHEIN_NR"]),
        "}",
    )
    return LineColumns(json, ~cancelled, vat, (cases, case.codes), number, quantity)


def _of_lines(vat: VatAmounts, lines: Owned, vat_rows: Columns) -> tuple[VatAmounts, Booleans]:
    """The amounts in the order of the lines, and which lines have any."""
    place = same_lines(lines, vat_rows)
    count = len(lines.owner)
    has_vat = np.zeros(count, dtype=bool)
    if len(place) == count and (place == np.arange(count)).all():
        return vat, ~has_vat
    if (place < 0).any() or len(np.unique(place)) != len(place):
        raise DeviatingError("several_rates")
    has_vat[place] = True
    rates = vat.rates if None in vat.rates else [*vat.rates, None]
    rate = np.full(count, rates.index(None), dtype="int64")
    rate[place] = vat.rate
    spread = []
    for values in (vat.gross_units, vat.gross, vat.tax):
        found = np.zeros(count, dtype="int64")
        found[place] = values
        spread.append(found)
    return VatAmounts(rates, rate, *spread), has_vat


def _line_number(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) < 10 else 0


def _is_doubled(lines: Owned, number: Integers) -> bool:
    same = np.diff(lines.owner) == 0
    if (np.diff(number)[same] > 0).all():
        return False
    return len(np.unique(lines.owner * 10**9 + number)) != len(number)


def _quantities(columns: Columns, translation: LineTranslation) -> tuple[list[str], Integers]:
    amount, factor = Values(columns["MENGE"]), Values(columns["FAKTOR"])
    if (
        not translation.amounts.has_points
        and set(factor.texts) <= {"1,000", "1", ""}
        and all_match(amount.column, r"^(-?[1-9][0-9]{0,10},[0-9]{3}|0,[0-9]{3}|-0,[0-9]{0,2}[1-9][0-9]{0,2})$")
        and all_match(amount.column, r"^[^,]+,[0-9]{3}$")
    ):
        return pc.replace_substring(amount.column, ",", ".").to_pylist(), amount.codes
    pair = amount.codes * max(len(factor.texts), 1) + factor.codes
    unique, inverse = distinct(pair, len(amount.texts) * max(len(factor.texts), 1))
    texts = [
        translation.quantity(amount.texts[code // len(factor.texts)], factor.texts[code % len(factor.texts)], None)
        for code in unique
    ]
    return texts, inverse


def _named(before: str, name: str, column: Any) -> Any:
    return Values(column).pieces(lambda text: f'{before}"{name}":{quoted(text or None)}')
