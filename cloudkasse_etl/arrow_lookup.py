"""Looks up texts of one column in another with Arrow, without creating a Python object for each text."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

_BESIDE = "\x1f"  # in no checked text


def is_among(texts: "pd.Series[Any]", others: "pd.Series[Any] | Iterable[str]") -> npt.NDArray[np.bool_]:
    """Mask of the texts that are among others; missing texts never are.

    pandas' `isin` takes three quarters of the time of a million gross prices.
    """
    found = pc.is_in(_array(texts), value_set=_array(others), skip_nulls=True)
    return np.asarray(found.to_numpy(zero_copy_only=False), dtype=bool)


def places_among(texts: "pd.Series[Any]", others: "pd.Series[Any] | Iterable[str]") -> npt.NDArray[np.int64]:
    """The place of each text among others, the first of several; -1 where it is not among them.

    Half the time of `Index.get_indexer`, which also creates Python objects for both sides.
    """
    found = pc.index_in(_array(texts), value_set=_array(others), skip_nulls=True)
    return np.asarray(pc.fill_null(found, -1).to_numpy(zero_copy_only=False), dtype=np.int64)


def looked_up(texts: "pd.Series[Any]", known: "pd.Series[Any]", meanings: "pd.Series[Any]") -> "pd.Series[str]":
    """The meaning of each text, the first where it is known several times; missing where it is unknown.

    Args:
        texts: The texts to look up.
        known: The known texts.
        meanings: The meaning of each known text.

    Returns:
        A meaning for each of `texts`.
    """
    return pd.Series(meanings.array.take(places_among(texts, known), allow_fill=True), index=texts.index)


def are_distinct(frame: pd.DataFrame, names: Sequence[str]) -> bool:
    """Whether the combinations of some columns' values are unique; null equals null."""
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
