"""Receipts as flat frames, their content hash, and which of them have no effect. Pure."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from itertools import chain
from operator import attrgetter
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
import pandas as pd

from cloudkasse_etl.fingerprint import fingerprint
from cloudkasse_etl.schemas.no_effect import OF_KIND, NoEffect
from cloudkasse_etl.schemas.wire_receipts import Receipt, ReceiptColumns

Integers = npt.NDArray[np.int64]
Booleans = npt.NDArray[np.bool_]

IN_KIND = "AVSachbezug"


class ReceiptFrames:
    """Receipts, flat. `receipt` in the other frames is a receipt's row number in `heads`.

    Built from columns as lists (`columns`: by frame and name), which the checks on arrival use directly: building the
    frames of a page costs more than checking it, so each frame is built when it is first used.

    Attributes:
        heads: receipt_id, register, number (int64), kind, cancelled, reference_id, business_day (text), ended_at
            (text), currency, total_cents (int64).
        lines: receipt, line_number (int64), business_case, article, text, quantity (text, 3 decimals), unit,
            gross_cents, net_cents, tax_cents (int64), vat_rate (text, 2 decimals, or null), serial, cancelled,
            in_house (object: True, False or None).
        payments: receipt, tender, name, currency, amount_cents, base_amount_cents (int64).
        vat: receipt, vat_rate, gross_cents, net_cents, tax_cents: the VAT table as printed.
    """

    def __init__(self, receipts: Sequence[Receipt]) -> None:
        self.columns: Mapping[str, Mapping[str, Any]] = {"heads": _Columns(_HEADS, receipts)} | {
            name: _Columns(names, _parts(receipts, name), receipt=_owners(receipts, name))
            for name, names in (("lines", _LINES), ("payments", _PAYMENTS), ("vat", _BLOCKS))
        }

    @classmethod
    def of_columns(cls, columns: ReceiptColumns) -> "ReceiptFrames":
        """Receipts that arrived as columns, with those that the checks on arrival use."""
        found = cls(())
        found.columns = {
            "heads": columns.heads,
            "lines": columns.lines,
            "payments": columns.payments,
            "vat": columns.vat,
        }
        return found

    @cached_property
    def heads(self) -> pd.DataFrame:
        """A row a receipt."""
        return self._frame("heads")

    @cached_property
    def lines(self) -> pd.DataFrame:
        """A row a line."""
        return self._frame("lines")

    @cached_property
    def payments(self) -> pd.DataFrame:
        """A row a payment."""
        return self._frame("payments")

    @cached_property
    def vat(self) -> pd.DataFrame:
        """A row of the VAT tables."""
        return self._frame("vat")

    def _frame(self, name: str) -> pd.DataFrame:
        columns = self.columns[name]
        names = columns.names if isinstance(columns, _Columns) else columns
        return pd.DataFrame({column: _array(column, columns[column]) for column in names})


class _Columns(dict[str, Any]):
    """Columns of rows, each built when it is first used."""

    def __init__(self, fields: Mapping[str, str], rows: Sequence[Any], **more: Any) -> None:
        super().__init__(more)
        self.names = (*more, *fields)
        self._fields = fields
        self._rows = rows

    def __missing__(self, name: str) -> list[Any]:
        values = self[name] = list(map(attrgetter(self._fields[name]), self._rows))
        return values


_HEADS = {
    "receipt_id": "id", "register": "register", "number": "number", "kind": "kind", "cancelled": "cancelled",
    "reference_id": "reference_id", "business_day": "business_day", "ended_at": "ended_at", "currency": "currency",
    "total_cents": "total_cents",
}  # fmt: skip
_LINES = {
    "line_number": "number", "business_case": "business_case", "article": "article", "text": "text",
    "quantity": "quantity", "unit": "unit", "gross_cents": "gross_cents", "net_cents": "net_cents",
    "tax_cents": "tax_cents", "vat_rate": "vat_rate", "serial": "serial", "cancelled": "cancelled",
    "in_house": "in_house",
}  # fmt: skip
_PAYMENTS = {name: name for name in ("tender", "name", "currency", "amount_cents", "base_amount_cents")}
_BLOCKS = {name: name for name in ("vat_rate", "gross_cents", "net_cents", "tax_cents")}


def flatten(receipts: Sequence[Receipt]) -> ReceiptFrames:
    """Lays receipts out as frames, in their order. Texts are object columns, null is None."""
    return ReceiptFrames(receipts)


def _parts(receipts: Sequence[Receipt], name: str) -> list[Any]:
    return list(chain.from_iterable(map(attrgetter(name), receipts)))


def _owners(receipts: Sequence[Receipt], name: str) -> Integers:
    lengths = np.array([len(found) for found in map(attrgetter(name), receipts)], dtype="int64")
    return np.repeat(np.arange(len(receipts)), lengths)


def _array(name: str, values: Any) -> npt.NDArray[Any]:
    if name in ("receipt", "number", "line_number") or name.endswith("_cents"):
        return np.asarray(values, dtype="int64")
    if name == "cancelled":
        return np.array(values, dtype=bool)
    result = np.empty(len(values), dtype=object)
    result[:] = values
    return result


_plain, _sorted = msgspec.json.Encoder(), msgspec.json.Encoder(order="sorted")


def content_hash(receipt: Receipt) -> str:
    """Hash of all known fields except those that a later delivery may fill in (closing_number, arrived_at)."""
    closing_number, arrived_at = receipt.closing_number, receipt.arrived_at
    receipt.closing_number = receipt.arrived_at = None
    try:
        # decimals are normalised by parsing, and fields are in order; but `tse` is an object of any shape
        text = _plain.encode(receipt) if receipt.tse is None else _sorted.encode(receipt)
    finally:
        receipt.closing_number, receipt.arrived_at = closing_number, arrived_at
    return fingerprint(text)


def without_effect(frames: ReceiptFrames, *, in_kind_moves_stock: bool) -> Booleans:
    """Which receipts book and move nothing: kinds AV*, broken off (cancelled without reference), empty.

    Args:
        frames: The receipts.
        in_kind_moves_stock: Whether AVSachbezug moves stock here, and so has an effect.
    """
    heads, lines = frames.columns["heads"], frames.columns["lines"]
    receipt = lines["receipt"][~np.array(lines["cancelled"], dtype=bool)]
    live = np.bincount(receipt, minlength=len(heads["kind"])) > 0
    booking = ("Beleg", IN_KIND) if in_kind_moves_stock else ("Beleg",)
    other_kind = np.array([kind not in booking for kind in heads["kind"]], dtype=bool)
    broken_off = np.array(heads["cancelled"], dtype=bool) & _is_none(heads["reference_id"])
    empty = ~live & (np.array(heads["total_cents"], dtype="int64") == 0)
    without: Booleans = other_kind | broken_off | empty
    return without


def reasons_without_effect(frames: ReceiptFrames, *, in_kind_moves_stock: bool) -> list[NoEffect | None]:
    """Why receipts have no effect, in their order; None for those that have one.

    Args:
        frames: The receipts.
        in_kind_moves_stock: Whether AVSachbezug moves stock here, and so has an effect.
    """
    heads, found = frames.columns["heads"], without_effect(frames, in_kind_moves_stock=in_kind_moves_stock)
    reasons: list[NoEffect | None] = [None] * len(found)
    for at in np.flatnonzero(found).tolist():
        if heads["kind"][at] not in ("Beleg", IN_KIND) or (heads["kind"][at] == IN_KIND and not in_kind_moves_stock):
            reasons[at] = OF_KIND.get(heads["kind"][at], NoEffect.OTHER)
        elif heads["cancelled"][at] and heads["reference_id"][at] is None:
            reasons[at] = NoEffect.BROKEN_OFF
        else:
            reasons[at] = NoEffect.EMPTY
    return reasons


def _is_none(values: Sequence[Any]) -> Booleans:
    return np.array([value is None for value in values], dtype=bool)
