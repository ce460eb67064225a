"""How a receipt that arrived is read: translated, parsed, or refused because it cannot be."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

import msgspec
import orjson

from cloudkasse_etl.entities import STAGED_RECEIPTS
from cloudkasse_etl.fingerprint import fingerprint
from cloudkasse_etl.rejections.rejection import Rejection
from cloudkasse_etl.schemas.lenient_json import as_kept
from cloudkasse_etl.schemas.wire_receipts import (
    MalformedError,
    Receipt,
    check_times,
    item_id,
    read_item,
    read_receipt,
)
from cloudkasse_etl.state.stores.books.receipt_status import Status
from cloudkasse_etl.state.stores.books.staged_receipts import NO_ID, StagedReceipt
from cloudkasse_etl.tills.port import Translation, UntranslatableError
from cloudkasse_etl.transform.receipt_frames import content_hash

UNREADABLE = "receipt_malformed"
REFUSED = "refused"
"""The field of what takes the place of a receipt that could not be read: code and detail of its rejection."""
UNREADABLE_CODES = frozenset({UNREADABLE, "export_unreadable", "korona_unreadable"})
"""Codes of receipts of which a readable content takes the place as soon as there is one."""
NUL = b"\\u0000"
WITH_NUL = "a name or a time has a NUL character"
_NUMBERS = 2**53


@dataclass(frozen=True, slots=True)
class ValidatedReceipt:
    """A receipt with its status, and as it was parsed; None where it cannot be parsed."""

    staged: StagedReceipt
    receipt: Receipt | None

    @property
    def passed(self) -> bool:
        """Whether the checks found no fault."""
        return self.staged.status is not Status.REJECTED


class _Fiscal(msgspec.Struct, gc=False):
    tse: Any = None


_fiscal = msgspec.json.Decoder(_Fiscal)


def _states_tse_error(raw: bytes) -> bool:
    """Whether a receipt in canonical JSON has an error of the security device (DSFinV-K, TSE_TA_FEHLER)."""
    if b'"error"' not in raw:  # nearly every receipt
        return False
    try:
        tse = _fiscal.decode(raw).tse
    except msgspec.MsgspecError:
        return False
    return isinstance(tse, dict) and bool(tse.get("error"))


def is_unsigned(translation: Translation | None, raw: bytes, original: bytes | None) -> bool:
    """Whether the till says of a receipt that its security device (TSE) failed to sign it.

    Args:
        translation: Of the till's own form; None where receipts come in the canonical one.
        raw: The receipt in canonical JSON.
        original: As the till sent it, where that is another form.

    Returns:
        Whether it says so.
    """
    if original is None or translation is None:
        return _states_tse_error(raw)
    return translation.is_unsigned(original)


def translated(translation: Translation, original: bytes) -> list[ValidatedReceipt]:
    """The receipts that a till's own form means; one that cannot be translated is refused here."""
    try:
        each = [parsed(raw, None) for raw in translation.receipts(original)]
    except UntranslatableError as error:
        item = read_item(original)
        refused: dict[str, Any] = {REFUSED: {"code": error.code, "detail": dict(error.detail)}}
        refused |= {"id": item_id(item)} if item_id(item) else {"content": fingerprint(original)}
        if error.register is not None and error.number is not None:
            refused |= {"register": error.register, "number": error.number}
        each = [parsed(orjson.dumps(refused), None)]
    for validated in each:
        validated.staged.original = original
    return each


def parsed(raw: bytes, receipt_id: str | None) -> ValidatedReceipt:
    """Parses a receipt; one that breaks the contract is refused here.

    Args:
        raw: The receipt in canonical JSON.
        receipt_id: The id under which it is stored; None for its own.
    """
    try:
        receipt = read_receipt(raw)
        check_times(receipt)
        if b"\\" in raw and NUL in raw:  # the search for one byte is quick, and most receipts have none
            _refuse_nul(receipt)
    except MalformedError as error:
        item = read_item(raw)
        if item is not None:
            item, raw = as_kept(item)
        refused = item.get(REFUSED) if isinstance(item, dict) else None
        digest = _digest(raw if item is None else item)
        own = storable(item_id(item))
        key = receipt_id or own or f"?{digest}"
        came_as = NO_ID if receipt_id is None and own is None else None
        found = StagedReceipt(key, digest, raw, Status.REJECTED, came_as=came_as, **place_of(item))
        code, detail = (refused["code"], refused["detail"]) if refused else (UNREADABLE, {"message": str(error)})
        found.rejections = [Rejection(STAGED_RECEIPTS, key, code, detail, content=digest)]
        return ValidatedReceipt(found, None)
    reference_id = receipt.reference_id
    broken_off = receipt.cancelled and reference_id is None
    found = StagedReceipt(
        receipt_id or receipt.id,
        content_hash(receipt),
        raw,
        Status.STAGED,
        register=receipt.register,
        number=receipt.number,
        kind=receipt.kind[:40],
        business_day=dt.date.fromisoformat(receipt.business_day),
        ended_at=receipt.ended_at[:40],
        total_cents=receipt.total_cents,
        currency=storable(receipt.currency[:10]),
        reference_id=reference_id[:120] if reference_id else None,
        closing_number=receipt.closing_number,
        counts_in_closing=receipt.kind == "Beleg" and not broken_off,
    )
    return ValidatedReceipt(found, receipt)


def _digest(item: Any) -> str:
    """The hash of an item that cannot be parsed; like `content_hash` without what a later delivery may fill in."""
    if isinstance(item, dict):
        item = {name: value for name, value in item.items() if name not in ("closing_number", "arrived_at")}
    return fingerprint(item if isinstance(item, bytes) else orjson.dumps(item, option=orjson.OPT_SORT_KEYS))


def _refuse_nul(receipt: Receipt) -> None:
    """Refuses NUL characters, which PostgreSQL cannot store: one in a name would block every other receipt.

    Raises:
        MalformedError: A name has one.
    """
    names = (receipt.id, receipt.register, receipt.kind, receipt.ended_at, receipt.reference_id)
    if not all(storable(name) for name in (*names, *(line.article for line in receipt.lines)) if name):
        raise MalformedError(WITH_NUL)


def storable(name: str | None) -> str | None:
    """A text that every database accepts; None in place of any other."""
    return None if name is None or "\0" in name else name


def place_of(item: Any) -> dict[str, Any]:
    """Register and number of a receipt that is broken otherwise, so that it does not count as missing."""
    if not isinstance(item, dict):
        return {}
    register, number = item.get("register"), item.get("number")
    if isinstance(register, str) and 0 < len(register) <= 100 and storable(register) and _is_number(number):
        return {"register": register, "number": number}
    return {}


def _is_number(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < _NUMBERS
