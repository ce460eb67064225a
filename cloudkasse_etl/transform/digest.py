"""A record's content as text and as a 64-bit hash, which decides whether it is new, changed or unchanged."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from pandas.util import hash_array

# Fields are separated by a character that no checked text contains, and null differs from the empty text.
_SEPARATOR = "\x1f"
_NULL = "\x00"
_ROWS = 50_000  # at once: each row becomes a Python text


def digests(frame: pd.DataFrame) -> npt.NDArray[np.int64]:
    """Hashes each row over all its columns, whatever their order.

    The hash is a keyed 64-bit one over the row's text: the chance that two contents of one record collide is 1 in 18
    quintillion. Column types do not count, only the values: a row read back from JSON has the hash of the row that
    was sent.

    Returns:
        int64, one a row.
    """
    found = [np.empty(0, dtype="int64")]
    for start in range(0, len(frame), _ROWS):
        part = frame.iloc[start : start + _ROWS]
        found.append(_hashed([_texts(part[name]) for name in sorted(part.columns)]))
    return np.concatenate(found)


def _hashed(columns: Sequence[pa.Array]) -> npt.NDArray[np.int64]:
    joined = pc.binary_join_element_wise(
        *columns, pa.scalar(_SEPARATOR, pa.large_string()), null_handling="replace", null_replacement=_NULL
    )
    values = np.asarray(joined.to_numpy(zero_copy_only=False), dtype=object)
    return hash_array(values, categorize=False).view("int64")


def _texts(column: "pd.Series[Any]") -> pa.Array:
    if pd.api.types.is_bool_dtype(column.dtype):
        return pc.if_else(pa.array(column.to_numpy(dtype=bool)), "true", "false").cast(pa.large_string())
    if pd.api.types.is_integer_dtype(column.dtype):
        return pa.array(column.to_numpy(dtype="int64")).cast(pa.large_string())
    return pa.array(column, type=pa.large_string(), from_pandas=True)


def item_digests(items: Sequence[Mapping[str, Any]], fields: Iterable[str] | None = None) -> npt.NDArray[np.int64]:
    """Hashes wire items, with the same result as `digests` for the frame that they were made from.

    Args:
        items: The items.
        fields: The fields to hash; the first item's fields where None. A field that an item lacks is null.

    Returns:
        int64, one an item.
    """
    if not items:
        return np.empty(0, dtype="int64")
    names = sorted(items[0] if fields is None else fields)
    return _hashed([_item_texts([item.get(name) for item in items]) for name in names])


def _item_texts(values: list[Any]) -> pa.Array:
    """A field of all items, as `item_text` has it; item by item only where values are not texts, flags or numbers."""
    kinds = set(map(type, values)) - {type(None)}
    if kinds <= {str}:
        return pa.array(values, pa.large_string())
    if kinds == {bool}:
        return pa.array(values, pa.bool_()).cast(pa.large_string())
    if kinds == {int} and all(value is None or -(2**63) <= value < 2**63 for value in values):
        return pa.array(values, pa.int64()).cast(pa.large_string())
    return pa.array([item_text(value) for value in values], pa.large_string())


def item_text(value: Any) -> str | None:
    """A field of a wire item as the text that is hashed."""
    if value is None or isinstance(value, str):
        return value
    return orjson.dumps(value).decode()
