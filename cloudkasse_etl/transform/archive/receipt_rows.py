"""Rows of the archive's tables that are made of a receipt, or of a closing, as it came."""

import base64
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec
import orjson

from cloudkasse_etl.schemas.wire_receipts import MalformedError, parse_closing, read_item, read_receipt
from cloudkasse_etl.transform.archive.archive_table import ArchiveTable
from cloudkasse_etl.transform.archive.receipt_tables import (
    CLOSING,
    CLOSING_CONTENT,
    CLOSING_TENDER,
    CLOSING_TOTAL,
    RECEIPT,
    RECEIPT_CONTENT,
    RECEIPT_LINE,
    RECEIPT_PAYMENT,
    RECEIPT_VAT,
)

Rows = Iterator[tuple[ArchiveTable, Mapping[Any, Any]]]
CANONICAL, TILLS = "canonical", "till"
# Of the receipt itself, what is not in its row of our tables.
_HEAD = ("started_at", "cancelled", "employee", "customer", "note")


def rows_of_receipt(stored: Mapping[Any, Any]) -> Rows:
    """The rows of a receipt in all tables of receipts.

    Args:
        stored: Its row of our tables, with `closing_number` as that to which it belongs.

    Yields:
        Table and row. One that cannot be read has no lines, payments and VAT.
    """
    key = {"receipt_id": stored["receipt_id"]}
    raw = _bytes(stored["raw"])
    try:
        receipt = read_receipt(raw)
    except MalformedError:
        yield RECEIPT, {**stored, **dict.fromkeys((*_HEAD, "tse"))}
        yield from _contents(stored)
        return
    head = {name: getattr(receipt, name) for name in _HEAD}
    yield RECEIPT, {**stored, **head, "tse": None if receipt.tse is None else _json(receipt.tse)}
    yield from _contents(stored)
    currency = {"currency": receipt.currency}
    for at, line in enumerate(receipt.lines, 1):
        fields = msgspec.structs.asdict(line)
        yield RECEIPT_LINE, {**key, "position": at, "line_number": line.number, **currency, **fields}
    for at, payment in enumerate(receipt.payments, 1):
        fields = msgspec.structs.asdict(payment)
        yield RECEIPT_PAYMENT, {**key, "position": at, **fields, "payment_currency": payment.currency, **currency}
    for at, block in enumerate(receipt.vat, 1):
        yield RECEIPT_VAT, {**key, "position": at, **currency, **msgspec.structs.asdict(block)}


def _bytes(content: Any) -> bytes:
    """The bytes of a content, which SQLite keeps as a text once it was changed by hand."""
    return content.encode() if isinstance(content, str) else bytes(content)


def _contents(stored: Mapping[Any, Any]) -> Rows:
    for form, content in ((CANONICAL, stored["raw"]), (TILLS, stored["original"])):
        if content is not None:
            yield RECEIPT_CONTENT, {"receipt_id": stored["receipt_id"], "form": form, **content_cells(_bytes(content))}


def rows_of_closing(stored: Mapping[Any, Any]) -> Rows:
    """The rows of a closing in all tables of closings.

    Args:
        stored: Its row of our tables.

    Yields:
        Table and row.
    """
    key = {"register": stored["register"], "closing_number": stored["number"]}
    raw = _bytes(stored["raw"])
    try:
        closing = parse_closing(read_item(raw))
    except MalformedError:  # of an earlier release, which read other forms
        yield CLOSING, {**stored, "created_at": None}
        yield CLOSING_CONTENT, {**key, **content_cells(raw)}
        return
    yield CLOSING, {**stored, "created_at": closing.created_at}
    yield CLOSING_CONTENT, {**key, **content_cells(raw)}
    parts: tuple[tuple[ArchiveTable, Sequence[msgspec.Struct]], ...] = (
        (CLOSING_TOTAL, closing.business_cases),
        (CLOSING_TENDER, closing.tenders),
    )
    for table, found in parts:
        for at, part in enumerate(found, 1):
            yield table, {**key, "position": at, **msgspec.structs.asdict(part)}


def content_cells(content: bytes) -> dict[str, str]:
    """A content as a text, or where that would break a line or is no UTF-8, in base64."""
    if b"\n" not in content and b"\r" not in content:
        try:
            return {"encoding": "text", "content": content.decode()}
        except UnicodeDecodeError:
            pass
    return {"encoding": "base64", "content": base64.b64encode(content).decode()}


def content_of(encoding: str, content: str) -> bytes:
    """The content that `content_cells` wrote."""
    return base64.b64decode(content) if encoding == "base64" else content.encode()


def _json(value: object) -> str:
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()
