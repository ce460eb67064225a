"""Results of records that were sent: the entities' keys, and the validation of a batch's results."""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, get_args

from cloudkasse_etl.tills.item_results import CONTRACT_CODE, rejected
from cloudkasse_etl.tills.port import ItemResult, WireStatus, record_key

_STATUSES = frozenset(get_args(WireStatus))
# as wide as our column for it
_MAX_ID = 100


def check_results(
    entity: str,
    items: Sequence[dict[str, Any]],
    results: Sequence[Any],
    hide: Callable[[str], str] = lambda text: text,
) -> tuple[ItemResult, ...]:
    """Assigns the results of a batch to the records that were sent.

    A result belongs to a record by index AND key. If it is missing, duplicate, out of order or ill-typed, that
    record is rejected with code `contract`: it never counts as accepted, and no other record is affected.

    Args:
        entity: One of `ENTITIES`.
        items: The records in the order sent.
        results: The answer's results, not checked yet.
        hide: Removes secrets from the server's texts.

    Returns:
        A result for each record, in the order sent.
    """
    by_index: dict[int, Any] = {}
    seen: Counter[int] = Counter()
    disordered: set[int] = set()
    highest = -1
    for result in results:
        index = result.get("index") if isinstance(result, dict) else None
        if isinstance(index, int) and not isinstance(index, bool):
            seen[index] += 1
            by_index[index] = result
            if index < highest:
                disordered.add(index)
            highest = max(highest, index)
    checked = []
    for index, item in enumerate(items):
        if not seen[index]:
            checked.append(_broken(item, "the cloud gave no result for it"))
        elif seen[index] > 1:
            checked.append(_broken(item, "the cloud gave more than one result for it"))
        elif index in disordered:
            checked.append(_broken(item, "its result stands out of order"))
        else:
            checked.append(_check_result(record_key(entity, item), item, by_index[index], hide))
    return tuple(checked)


def _check_result(key: str, item: dict[str, Any], result: dict[str, Any], hide: Callable[[str], str]) -> ItemResult:
    status, cloud_id, error = result.get("status"), result.get("id"), result.get("error")
    if result.get("key") != key:
        return _broken(item, "its result is for another key")
    if not isinstance(status, str) or status not in _STATUSES:
        return _broken(item, "its result has no known status")
    if not isinstance(cloud_id, str | None):
        return _broken(item, "its result's id is no text")
    if cloud_id and ("\0" in cloud_id or len(cloud_id) > _MAX_ID):
        return _broken(item, "its result's id is too long to be kept, or has a NUL character")
    if status == "rejected":
        code, field, message = (
            (error.get(name) for name in ("code", "field", "message")) if isinstance(error, dict) else (None,) * 3
        )
        if not isinstance(code, str) or not code:
            return _broken(item, "it was rejected without a code")
        return rejected(
            item,
            hide(code),
            hide(message) if isinstance(message, str) else None,
            field=hide(field) if isinstance(field, str) else None,
            cloud_id=cloud_id,
        )
    if error is not None:
        return _broken(item, "its result names an error and a success")
    if not cloud_id:
        return _broken(item, "its result has no id")
    return ItemResult(item=item, status=status, cloud_id=cloud_id)  # type: ignore[arg-type]  # one of _STATUSES


def _broken(item: dict[str, Any], reason: str) -> ItemResult:
    return rejected(item, CONTRACT_CODE, f"CloudKasse's answer is not as the contract says: {reason}.")
