"""Receipts by column: their JSON as msgspec writes a `Receipt`, and what checks and tables ask of them."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from cloudkasse_etl.tills.dsfinvk.by_column.column_values import (
    Booleans,
    Integers,
    Values,
    all_match,
    cents_of,
    distinct,
    integer_text,
    joined,
    pieces_of,
    quoted,
    rounded_cents,
    sums_of,
    units_of,
)
from cloudkasse_etl.tills.dsfinvk.by_column.line_columns import (
    LineColumns,
    VatAmounts,
    line_columns,
    vat_amounts,
)
from cloudkasse_etl.tills.dsfinvk.by_column.payment_columns import Payments, payment_columns
from cloudkasse_etl.tills.dsfinvk.by_column.row_owners import Columns, Owned, Receipts, same_lines
from cloudkasse_etl.tills.dsfinvk.by_column.strict_log import DeviatingError, StrictLog
from cloudkasse_etl.tills.dsfinvk.cells.moments import Moments
from cloudkasse_etl.tills.dsfinvk.closing_translation import SALES
from cloudkasse_etl.tills.dsfinvk.line_translation import LineTranslation
from cloudkasse_etl.tills.dsfinvk.receipt_translation import ID_LENGTH, TRANSACTION, TSE_FIELDS, receipt_id
from cloudkasse_etl.tills.dsfinvk.standard_codes import KIND_CODES, VatRates, flag_of, whole
from cloudkasse_etl.tills.dsfinvk.table_rows import ClosingRows

WANTED: Final[Mapping[str, tuple[str, ...]]] = {
    "transactions": (
        "BON_ID", "BON_NR", "BON_TYP", "BON_STORNO", "BON_START", "BON_ENDE", "BEDIENER_ID", "UMS_BRUTTO", "KUNDE_ID",
        "BON_NOTIZ",
    ),
    "datapayment": ("BON_ID", "ZAHLART_TYP", "ZAHLART_NAME", "ZAHLWAEH_CODE", "ZAHLWAEH_BETRAG", "BASISWAEH_BETRAG"),
    "lines": (
        "BON_ID", "POS_ZEILE", "GUTSCHEIN_NR", "ARTIKELTEXT", "GV_TYP", "INHAUS", "P_STORNO", "AGENTUR_ID", "ART_NR",
        "GTIN", "MENGE", "FAKTOR", "EINHEIT", "STK_BR",
    ),
    "itemamounts": ("BON_ID", "POS_ZEILE", "PF_BRUTTO", "PF_NETTO", "PF_UST"),
    "subitems": (
        "BON_ID", "POS_ZEILE", "ZI_MENGE", "ZI_FAKTOR", "ZI_BASISPREIS_BRUTTO", "ZI_BASISPREIS_NETTO",
        "ZI_BASISPREIS_UST",
    ),
    "transactions_tse": ("BON_ID", "TSE_ID", *(column for _, column in TSE_FIELDS)),
    "transactions_vat": ("BON_ID", "UST_SCHLUESSEL", "BON_BRUTTO", "BON_NETTO", "BON_UST"),
    "lines_vat": ("BON_ID", "POS_ZEILE", "UST_SCHLUESSEL", "POS_BRUTTO", "POS_NETTO", "POS_UST"),
    "references": ("BON_ID", "POS_ZEILE", "REF_TYP", "REF_Z_KASSE_ID", "REF_Z_NR", "REF_BON_ID"),
}  # fmt: skip
"""The columns that are read, by table; of the other tables closings are read by row."""

_UNSAFE: Final = '["\\\\\x00-\x1f]'
_TIME: Final = r"^\d{4}-\d{2}-\d{2}T([01]\d|2[0-3]):[0-5]\d:[0-5]\d[+-]\d{2}:\d{2}$"

_RFC_3339: Final = re.compile(r"[^T]+T[0-9:]{8}(\.[0-9]+)?[+-][0-9]{2}:[0-9]{2}")


@dataclass(frozen=True, slots=True)
class ClosingHead:
    """What of a closing its receipts need.

    Attributes:
        till_id: Z_KASSE_ID.
        register: What the settings call it.
        number, created_at, business_day, currency: Of the closing.
        row: Its row in cashpointclosing.csv.
        rates: Its VAT rates.
        tse_serials: The serial numbers of its TSEs by TSE_ID.
    """

    till_id: str
    register: str
    number: int
    created_at: str
    business_day: str
    currency: str
    row: ClosingRows
    rates: VatRates
    tse_serials: Mapping[str, str]


@dataclass(slots=True)
class ReceiptsByColumn:
    """The receipts of several closings that follow each other; made once a batch.

    Attributes:
        heads: The closings.
        first: The place of the first one.
        tables: Their rows as columns, by table.
        translation, moments, log: Read what is not as usual, and end this where it has to be told.
    """

    heads: Sequence[ClosingHead]
    first: int
    tables: Mapping[str, Columns]
    translation: LineTranslation
    moments: Moments
    log: StrictLog
    owners: Receipts = field(init=False)
    closing: Integers = field(init=False)
    offsets: Integers = field(init=False)
    lines: Owned = field(init=False)
    of_lines: LineColumns = field(init=False)
    payments: Payments = field(init=False)
    vat: Owned = field(init=False)
    of_vat: VatAmounts = field(init=False)
    total: Integers = field(init=False)
    cancelled: Booleans = field(init=False)
    kind: tuple[list[str], Integers] = field(init=False)
    number: Integers = field(init=False)
    ids: Any = field(init=False)
    ended_at: Any = field(init=False)
    references: dict[int, str] = field(init=False)
    counts: Booleans = field(init=False)

    def __post_init__(self) -> None:
        heads = self.tables["transactions"]
        self.owners = Receipts(heads)
        self.closing = heads["place"] - self.first
        self.offsets = np.searchsorted(self.closing, np.arange(len(self.heads) + 1))
        rates = [head.rates for head in self.heads]
        self.lines = self.owners.rows(self.tables["lines"])
        self.of_lines = line_columns(self.lines, self.tables["lines_vat"], rates, self.first, self.translation)
        self._look_at_prices()
        self.total = cents_of(units_of(heads["UMS_BRUTTO"], self.translation.amounts, "transactions", "UMS_BRUTTO"))
        flags = partial(flag_of, table="transactions", column="BON_STORNO")
        self.cancelled = Values(heads["BON_STORNO"]).flags(flags)
        kind = Values(heads["BON_TYP"])
        self.kind = (kind.read(lambda text: KIND_CODES.read([text], 0, "transactions", "BON_TYP")), kind.codes)
        self.number = self._numbers(heads["BON_NR"])
        self.ids = self._ids(heads["BON_ID"])
        self.ended_at = self._times("BON_ENDE")
        currencies = [head.currency for head in self.heads]
        paid = self.owners.rows(self.tables["datapayment"])
        self.payments = payment_columns(paid, currencies, self.first, self.translation.amounts)
        self.vat = self.owners.rows(self.tables["transactions_vat"])
        self.of_vat = vat_amounts(self.vat.columns, "transactions_vat", rates, self.first, self.translation)
        self.references = self._references()
        named = np.zeros(self.owners.count, dtype=bool)
        named[list(self.references)] = True
        is_receipt = np.array([name == "Beleg" for name in self.kind[0]], dtype=bool)[kind.codes]
        self.counts = is_receipt & ~(self.cancelled & ~named)
        self._compare()

    def _numbers(self, column: Any) -> Integers:
        if all_match(column, "^[0-9]{1,15}$"):
            return np.asarray(column.cast(pa.int64()).to_numpy())
        amounts = self.translation.amounts
        return Values(column).integers(lambda text: whole(amounts, [text], 0, "transactions", "BON_NR"))

    def _ids(self, bon_id: Any) -> Any:
        before = [f"{head.till_id}/{head.number}/" for head in self.heads]
        found = joined(pieces_of(before, self.closing), bon_id.cast(pa.large_string()))
        if (pc.max(pc.utf8_length(found)).as_py() or 0) > ID_LENGTH:
            raise DeviatingError("id")
        return found

    def _look_at_prices(self) -> None:
        for name in ("itemamounts", "subitems"):
            columns = self.tables[name]
            if len(columns["place"]) and (same_lines(self.lines, columns) < 0).any():
                self.log.noted("line_unknown", "", name, "POS_ZEILE")

    def _references(self) -> dict[int, str]:
        """The receipts that refer to others, by row: few, so one by one."""
        owned = self.owners.rows(self.tables["references"], unknown=True)
        names = ("POS_ZEILE", "REF_TYP", "REF_Z_KASSE_ID", "REF_Z_NR", "REF_BON_ID")
        found: dict[int, str] = {}
        cells = [owned.columns[name].to_pylist() for name in names]
        for at, line, kind, register, number, bon_id in zip(owned.owner.tolist(), *cells, strict=True):
            if kind != TRANSACTION or line or not bon_id:
                continue
            head = self.heads[self.closing[at]]
            amounts = self.translation.amounts
            closing = whole(amounts, [number], 0, "references", "REF_Z_NR") if number else head.number
            name = receipt_id(register or head.till_id, closing, bon_id)
            if found.setdefault(at, name) != name:
                raise DeviatingError("several_references")
        return found

    def _compare(self) -> None:
        """Compares the sums of each receipt, as `ClosingTranslation.compare` does.

        Raises:
            DeviatingError: One of them differs, and that counts.
        """
        charged = sums_of(np.where(self.of_lines.live, self.of_lines.vat.gross, 0), self.lines.offsets)
        paid = sums_of(self.payments.base, self.payments.offsets)
        printed = rounded_cents(sums_of(self.of_vat.gross_units, self.vat.offsets))
        differs = (charged != self.total) | (paid != self.total) | (printed != self.total)
        if (differs & self.counts).any():
            raise DeviatingError("sum_differs")
        if ((self.total != 0) & (paid == -self.total)).any():
            raise DeviatingError("payments_turned")

    # --- JSON

    def beginning(self, at: int, *, cancelled: bool, number: str) -> str:
        """How the JSON of a closing's receipts begins, up to the closing's number.

        Args:
            at: The closing's place.
            cancelled: Whether the receipts are cancelled.
            number: The closing's number, as JSON.

        Returns:
            The first fields.
        """
        flag = "true" if cancelled else "false"
        day = self.heads[at].business_day
        return f'{{"arrived_at":null,"business_day":"{day}","cancelled":{flag},"closing_number":{number}'

    def json(self) -> Any:
        """Each receipt in JSON."""
        heads = self.tables["transactions"]
        begins = [
            self.beginning(at, cancelled=cancelled, number=str(head.number))
            for cancelled in (False, True)
            for at, head in enumerate(self.heads)
        ]
        has_vat = np.array([rate is not None for rate in self.of_vat.rates], dtype=bool)[self.of_vat.rate]
        blocks = np.flatnonzero(has_vat | (self.of_vat.tax != 0))
        return joined(
            pieces_of(begins, self.closing + self.cancelled * len(self.heads)),
            pieces_of([f',"currency":{quoted(head.currency)}' for head in self.heads], self.closing),
            _named("customer", heads["KUNDE_ID"]),
            _named("employee", heads["BEDIENER_ID"]),
            ',"ended_at":',
            _texts(self.ended_at),
            ',"id":',
            _texts(self.ids),
            pieces_of([f',"kind":"{kind}","lines":[' for kind in self.kind[0]], self.kind[1]),
            _listed(self.of_lines.json, self.lines.offsets),
            _named("note", heads["BON_NOTIZ"], "],"),
            ',"number":',
            integer_text(self.number),
            ',"payments":[',
            _listed(self.payments.json, self.payments.offsets),
            self._reference_json(),
            pieces_of([f',"register":{quoted(head.register)},"started_at":' for head in self.heads], self.closing),
            _texts(self._times("BON_START")),
            ',"total_cents":',
            integer_text(self.total),
            ',"tse":',
            self._tse(),
            ',"vat":[',
            _listed(self._blocks(blocks), np.searchsorted(blocks, self.vat.offsets)),
            "]}",
        )

    def _times(self, column: str) -> Any:
        """Times of receipts, in the shop's zone; a receipt that tells no beginning began when it ended."""
        texts = self.tables["transactions"][column]
        if column == "BON_START" and pc.any(pc.equal(texts, "")).as_py():
            texts = pc.if_else(pc.equal(texts, ""), self.tables["transactions"]["BON_ENDE"], texts)
        if all_match(texts, _TIME):
            # an hour with its offset is looked at once: no zone changes its offset twice within one
            hours = joined(pc.utf8_slice_codeunits(texts, 0, 13), " ", _offset(texts))
            if all(map(self._is_plain_hour, pc.unique(hours).to_pylist())):
                return texts
        return Values(texts).pieces(partial(self._time, column))

    def _time(self, column: str, text: str) -> str:
        found = self.moments.read(text, "transactions", column)
        if not _RFC_3339.fullmatch(found):
            raise DeviatingError("time")  # before there were zones, an offset had seconds
        return found

    def _is_plain_hour(self, text: str) -> bool:
        hour, offset = text.split(" ")
        ends = (f"{hour}:00:00{offset}", f"{hour}:59:59{offset}")
        return all(self.moments.read(end, "transactions", "BON_ENDE") == end for end in ends)

    def _reference_json(self) -> Any:
        texts, codes = ['],"reference":null'], np.zeros(self.owners.count, dtype="int64")
        for at, name in self.references.items():
            codes[at] = len(texts)
            texts.append(f'],"reference":{{"receipt_id":{quoted(name)}}}')
        return pieces_of(texts, codes)

    def _blocks(self, rows: Integers) -> Any:
        vat = self.of_vat
        return joined(
            '{"gross_cents":',
            integer_text(vat.gross[rows]),
            ',"net_cents":',
            integer_text(vat.gross[rows] - vat.tax[rows]),
            ',"tax_cents":',
            integer_text(vat.tax[rows]),
            pieces_of([f',"vat_rate":{quoted(rate)}}}' for rate in vat.rates], vat.rate[rows]),
        )

    def _tse(self) -> Any:
        owned = self.owners.rows(self.tables["transactions_tse"], unknown=True)
        begins, ends = owned.offsets[:-1], owned.offsets[1:]
        has = ends > begins
        rows = pa.array(begins[has])
        columns = {name: owned.columns[name].take(rows) for name in WANTED["transactions_tse"]}
        count = len(rows)
        serial = Values(columns["TSE_ID"])
        closing = self.closing[has]
        pair = closing * max(len(serial.texts), 1) + serial.codes
        unique, inverse = distinct(pair, len(self.heads) * max(len(serial.texts), 1))
        serials = [
            self.heads[code // len(serial.texts)].tse_serials.get(serial.texts[code % len(serial.texts)]) or ""
            for code in unique
        ]
        parts = []
        names = dict(TSE_FIELDS) | {"serial": ""}
        for name in sorted(names):
            if name == "serial":
                part = pieces_of([f',"serial":{quoted(text)}' if text else "" for text in serials], inverse)
            else:
                column = columns[names[name]]
                if not pc.any(pc.not_equal(column, "")).as_py():
                    continue
                part = _tse_part(name, column)
            parts.append(part)
        inside = joined(*parts) if count and parts else pa.array([""] * count, pa.large_string())
        found = joined("{", pc.utf8_slice_codeunits(inside, 1), "}")
        if has.all():
            return found
        index = np.where(has, np.cumsum(has) - 1, count)
        return pa.concat_arrays([found, pa.array(["null"], pa.large_string())]).take(pa.array(index))

    # --- what is asked of it

    def sales(self) -> Booleans:
        """Which receipts are sales only: all of their lines are."""
        cases, codes = self.of_lines.case
        others = np.array([case not in SALES for case in cases], dtype=bool)[codes] & self.of_lines.live
        found: Booleans = sums_of(others.astype("int64"), self.lines.offsets) == 0
        return found


def _offset(texts: Any) -> Any:
    return pc.utf8_slice_codeunits(texts, 19, 25)


def _tse_part(name: str, column: Any) -> Any:
    if name in ("transaction", "signature_counter"):
        if all_match(column, "^[1-9][0-9]{0,17}$"):
            return joined(f',"{name}":', column)
    elif not pc.any(pc.match_substring_regex(column, f"^$|{_UNSAFE}")).as_py():
        return joined(f',"{name}":"', column, '"')

    def piece(text: str) -> str:
        if not text:
            return ""
        if name in ("transaction", "signature_counter") and text.isdecimal():
            if len(text) > 18:
                raise DeviatingError("number")
            return f',"{name}":{int(text)}'
        return f',"{name}":{quoted(text)}'

    return Values(column).pieces(piece)


def _named(name: str, column: Any, before: str = ",") -> Any:
    return Values(column).pieces(lambda text: f'{before}"{name}":{quoted(text or None)}')


def _texts(column: Any) -> Any:
    """Texts of which most are there once, in JSON."""
    column = column.cast(pa.large_string())
    if pc.any(pc.match_substring_regex(column, _UNSAFE)).as_py():
        return Values(column).pieces(quoted)
    return joined('"', column, '"')


def _listed(json: Any, offsets: Integers) -> Any:
    """The parts of each receipt with commas between."""
    parts = json.cast(pa.large_string())
    commas = pa.scalar(",", pa.large_string())
    return pc.binary_join(pa.LargeListArray.from_arrays(pa.array(offsets), parts), commas)
