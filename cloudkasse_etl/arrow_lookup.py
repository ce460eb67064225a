"""Which texts of a column are among others, and where; by Arrow, without a Python object a text."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

_BESIDE = "\x1f"  # in no checked text


def is_among(texts: "pd.Series[Any]", others: "pd.Series[Any] | Iterable[str]") -> npt.NDArray[np.bool_]:
    """Where a text is one of others; a missing one is among none.

    pandas' `isin` takes three quarters of the time of a million gross prices.
    """
    found = pc.is_in(_array(texts), value_set=_array(others), skip_nulls=True)
    return np.asarray(found.to_numpy(zero_copy_only=False), dtype=bool)


def places_among(texts: "pd.Series[Any]", others: "pd.Series[Any] | Iterable[str]") -> npt.NDArray[np.int64]:
    """The place of each text among others, the first where it stands in several; -1 where in none.

    Half the time of `Index.get_indexer`, which makes Python's texts of both sides besides.
    """
    found = pc.index_in(_array(texts), value_set=_array(others), skip_nulls=True)
    return np.asarray(pc.fill_null(found, -1).to_numpy(zero_copy_only=False), dtype=np.int64)


def looked_up(texts: "pd.Series[Any]", known: "pd.Series[Any]", meanings: "pd.Series[Any]") -> "pd.Series[str]":
    """The meaning of each text, that of the first where it is known several times; missing where it is not."""
    return pd.Series(meanings.array.take(places_among(texts, known), allow_fill=True), index=texts.index)


def are_distinct(frame: pd.DataFrame, names: Sequence[str]) -> bool:
    """Whether no two rows have the same in some columns; null equals null."""
    if len(names) == 1 or any(frame[name].dtype != "str" for name in names):
        return not frame.duplicated(list(names)).any()
    # once instead of once a column
    joined = pc.binary_join_element_wise(
        *(_array(frame[name]) for name in names),
        pa.scalar(_BESIDE, pa.large_string()),
        null_handling="replace",
        null_replacement="\x00",
    )
    return not pd.Series(pd.array(joined, dtype="str")).duplicated().any()


def _array(texts: "pd.Series[Any] | Iterable[str]") -> Any:
    known = texts if isinstance(texts, pd.Series) else list(texts)
    return pa.array(known, pa.large_string(), from_pandas=True)
