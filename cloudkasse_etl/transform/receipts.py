"""Receipts as flat frames, their content hash, and which of them have no effect. Pure."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
import pandas as pd

from cloudkasse_etl.schemas.receipts import Receipt

Integers = npt.NDArray[np.int64]
Booleans = npt.NDArray[np.bool_]

IN_KIND = "AVSachbezug"


@dataclass(frozen=True)
class ReceiptFrames:
    """Receipts, flat. `receipt` in the other frames is a receipt's row number in `heads`.

    Attributes:
        heads: receipt_id, register, number (int64), kind, cancelled, reference_id, business_day (text), ended_at
            (text), currency, total_cents (int64).
        lines: receipt, line_number (int64), business_case, article, text, quantity (text, 3 decimals), unit,
            gross_cents, net_cents, tax_cents (int64), vat_rate (text, 2 decimals, or null), serial, cancelled,
            in_house (object: True, False or None).
        payments: receipt, tender, name, currency, amount_cents, base_amount_cents (int64).
        vat: receipt, vat_rate, gross_cents, net_cents, tax_cents: the VAT table as printed.
    """

    heads: pd.DataFrame
    lines: pd.DataFrame
    payments: pd.DataFrame
    vat: pd.DataFrame


def flatten(receipts: Sequence[Receipt]) -> ReceiptFrames:
    """Lays receipts out as frames, in their order. Texts are object columns, null is None."""
    lines = [(at, line) for at, receipt in enumerate(receipts) for line in receipt.lines]
    payments = [(at, payment) for at, receipt in enumerate(receipts) for payment in receipt.payments]
    blocks = [(at, block) for at, receipt in enumerate(receipts) for block in receipt.vat]
    return ReceiptFrames(
        heads=pd.DataFrame(
            {
                "receipt_id": _texts([r.id for r in receipts]),
                "register": _texts([r.register for r in receipts]),
                "number": _ints([r.number for r in receipts]),
                "kind": _texts([r.kind for r in receipts]),
                "cancelled": np.array([r.cancelled for r in receipts], dtype=bool),
                "reference_id": _texts([r.reference_id for r in receipts]),
                "business_day": _texts([r.business_day for r in receipts]),
                "ended_at": _texts([r.ended_at for r in receipts]),
                "currency": _texts([r.currency for r in receipts]),
                "total_cents": _ints([r.total_cents for r in receipts]),
            }
        ),
        lines=pd.DataFrame(
            {
                "receipt": _ints([at for at, _ in lines]),
                "line_number": _ints([line.number for _, line in lines]),
                "business_case": _texts([line.business_case for _, line in lines]),
                "article": _texts([line.article for _, line in lines]),
                "text": _texts([line.text for _, line in lines]),
                "quantity": _texts([line.quantity for _, line in lines]),
                "unit": _texts([line.unit for _, line in lines]),
                "gross_cents": _ints([line.gross_cents for _, line in lines]),
                "net_cents": _ints([line.net_cents for _, line in lines]),
                "tax_cents": _ints([line.tax_cents for _, line in lines]),
                "vat_rate": _texts([line.vat_rate for _, line in lines]),
                "serial": _texts([line.serial for _, line in lines]),
                "cancelled": np.array([line.cancelled for _, line in lines], dtype=bool),
                "in_house": _texts([line.in_house for _, line in lines]),
            }
        ),
        payments=pd.DataFrame(
            {
                "receipt": _ints([at for at, _ in payments]),
                "tender": _texts([payment.tender for _, payment in payments]),
                "name": _texts([payment.name for _, payment in payments]),
                "currency": _texts([payment.currency for _, payment in payments]),
                "amount_cents": _ints([payment.amount_cents for _, payment in payments]),
                "base_amount_cents": _ints([payment.base_amount_cents for _, payment in payments]),
            }
        ),
        vat=pd.DataFrame(
            {
                "receipt": _ints([at for at, _ in blocks]),
                "vat_rate": _texts([block.vat_rate for _, block in blocks]),
                "gross_cents": _ints([block.gross_cents for _, block in blocks]),
                "net_cents": _ints([block.net_cents for _, block in blocks]),
                "tax_cents": _ints([block.tax_cents for _, block in blocks]),
            }
        ),
    )


def _texts(values: Sequence[Any]) -> npt.NDArray[np.object_]:
    result = np.empty(len(values), dtype=object)
    result[:] = values
    return result


def _ints(values: Sequence[int]) -> Integers:
    return np.array(values, dtype="int64")


def content_hash(receipt: Receipt) -> str:
    """Hash of all known fields but those that a later delivery may fill in (closing_number, arrived_at)."""
    closing_number, arrived_at = receipt.closing_number, receipt.arrived_at
    receipt.closing_number = receipt.arrived_at = None
    try:
        # decimals have one spelling since the parsing; `tse` is an object of any shape
        text = msgspec.json.encode(receipt, order="sorted")
    finally:
        receipt.closing_number, receipt.arrived_at = closing_number, arrived_at
    return hashlib.blake2b(text, digest_size=16).hexdigest()


def without_effect(frames: ReceiptFrames, *, in_kind_moves_stock: bool) -> Booleans:
    """Which receipts book and move nothing: kinds AV*, broken off (cancelled without reference), empty.

    Args:
        frames: The receipts.
        in_kind_moves_stock: Whether AVSachbezug moves stock here, and so has an effect.
    """
    heads = frames.heads
    live = np.bincount(frames.lines["receipt"][~frames.lines["cancelled"]], minlength=len(heads)) > 0
    other_kind = (heads["kind"] != "Beleg").to_numpy(bool)
    if in_kind_moves_stock:
        other_kind = other_kind & (heads["kind"] != IN_KIND).to_numpy(bool)
    broken_off = heads["cancelled"].to_numpy(bool) & heads["reference_id"].isna().to_numpy(bool)
    empty = ~live & (heads["total_cents"].to_numpy() == 0)
    without: Booleans = other_kind | broken_off | empty
    return without
