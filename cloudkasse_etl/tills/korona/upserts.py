"""Writes records by their number: an upsert, which may be repeated, so that a lost answer does no harm.

One request at a time: KORONA.cloud limits parallel updates (TOO_MANY_PARALLEL_UPDATE_REQUESTS).
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from cloudkasse_etl.errors import ContractError
from cloudkasse_etl.http.peer_answers import Answer, RefusedError
from cloudkasse_etl.http.transport import Transport
from cloudkasse_etl.i18n.text import say
from cloudkasse_etl.tills.item_results import CONTRACT_CODE, rejected
from cloudkasse_etl.tills.port import ItemResult

BATCH_ITEMS = 100
REFUSED_CODE = "korona_refused"
TOO_MANY = "BATCH_SIZE_OUT_OF_RANGE"
_WRITE = {"writeMode": "ADD_OR_UPDATE"}
_STATUS_OF_ACTION = {"ADDED": "created", "UPDATED": "updated", "QUEUED": "updated", "NONE": "unchanged"}

Record = dict[str, Any]
_encoder = msgspec.json.Encoder(decimal_format="number")


class _Result(msgspec.Struct):
    """What became of a record (AddOrUpdateResult)."""

    action: str | None = None
    id: str | None = None
    message: str | None = None
    number: str | None = None
    status: str | None = None


_results = msgspec.json.Decoder(list[_Result])


@dataclass(frozen=True, slots=True)
class Written:
    """What became of a record.

    Attributes:
        status: `created`, `updated` or `unchanged`; None where it was refused.
        id: KORONA's own id of it.
        code: Why it was refused.
        message: The text for that.
    """

    status: str | None
    id: str | None = None
    code: str = REFUSED_CODE
    message: str | None = None

    def result(self, item: dict[str, Any]) -> ItemResult:
        """The result of one of our records that the written one holds."""
        if self.status is None:
            return rejected(item, self.code, self.message, cloud_id=self.id)
        status = self.status if item.get("active", True) else "deactivated"
        return ItemResult(item, status, cloud_id=self.id)  # type: ignore[arg-type]  # one of _STATUS_OF_ACTION


def write(transport: Transport, path: str, records: Sequence[Record]) -> list[Written]:
    """Adds or updates records by their number; fields that are left out stay as they are.

    A batch that is refused as a whole is halved, so that one record holds up no other.

    Args:
        transport: Sends one request.
        path: The list that they belong to.
        records: With their numbers.

    Returns:
        What became of each record, in their order.

    Raises:
        RefusedError: A refusal that no record is the reason of.
    """
    written: list[Written] = []
    for start in range(0, len(records), BATCH_ITEMS):
        written += _write(transport, path, records[start : start + BATCH_ITEMS])
    return written


def _write(transport: Transport, path: str, records: Sequence[Record]) -> list[Written]:
    def read(answer: Answer) -> list[_Result]:
        try:
            return _results.decode(answer.raw)
        except (msgspec.ValidationError, RecursionError):
            raise ContractError(
                say("KORONA.cloud's answer to POST {path} is no list of results.", path=path),
                hint=say("Report it to KORONA.cloud."),
            ) from None
        except (msgspec.MsgspecError, UnicodeDecodeError):
            raise answer.unreadable() from None

    try:
        results = transport.call("POST", path, read, params=_WRITE, body=_encoder.encode(list(records)))
    except RefusedError as refusal:
        if refusal.status not in (400, 413):
            raise
        if len(records) > 1:
            middle = len(records) // 2
            return _write(transport, path, records[:middle]) + _write(transport, path, records[middle:])
        if refusal.code == TOO_MANY:
            raise
        return [Written(None, message=refusal.detail or refusal.code or f"HTTP {refusal.status}")]
    return [_checked(found, transport) for found in _in_order(records, results)]


def _in_order(records: Sequence[Record], results: Sequence[_Result]) -> list[_Result | None]:
    """The result of each record: the one that names its number, else the one at its place."""
    count = Counter(result.number for result in results)
    named = {result.number: result for result in results if count[result.number] == 1}
    found = []
    for at, record in enumerate(records):
        here = results[at] if len(results) == len(records) else None
        is_here = here is not None and here.number in (None, record["number"])
        found.append(here if is_here else named.get(record["number"]))
    return found


def _checked(result: _Result | None, transport: Transport) -> Written:
    if result is None:
        return Written(None, code=CONTRACT_CODE, message="KORONA.cloud gave no result for it.")
    if result.status == "OK" and result.action in _STATUS_OF_ACTION:
        return Written(_STATUS_OF_ACTION[result.action], result.id)
    text = transport.peer.without_secret(result.message) if result.message else None
    if result.status == "ERROR":
        return Written(None, result.id, message=text or "-")
    return Written(None, result.id, CONTRACT_CODE, text or "KORONA.cloud's result for it has no known status.")
