"""Which receipt, or which line, the rows of a table belong to."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from cloudkasse_etl.tills.dsfinvk.by_column.column_blocks import differ
from cloudkasse_etl.tills.dsfinvk.by_column.column_values import Integers
from cloudkasse_etl.tills.dsfinvk.by_column.strict_log import DeviatingError

Columns = dict[str, Any]
"""Columns of a table by name; `place` is the closing of each row."""


@dataclass(frozen=True, slots=True)
class Owned:
    """The rows of a table in the order of their receipts.

    Attributes:
        columns: The columns.
        owner: Of each row its receipt's row in transactions.csv; -1 where there is none.
        offsets: Where each receipt's rows begin, and behind the last one's.
    """

    columns: Columns
    owner: Integers
    offsets: Integers


class Receipts:
    """The receipts of several closings, by closing and BON_ID.

    Args:
        heads: The columns of transactions.csv.

    Raises:
        DeviatingError: A receipt has no BON_ID, or is there twice.
    """

    def __init__(self, heads: Columns) -> None:
        self._place, self._bon_id = heads["place"], heads["BON_ID"]
        self.count = len(self._place)
        self._keys = _keys(self._place, self._bon_id)
        if pc.count_distinct(self._keys).as_py() != self.count or pc.any(pc.equal(self._bon_id, "")).as_py():
            raise DeviatingError("receipt_doubled")

    def rows(self, columns: Columns, *, unknown: bool = False) -> Owned:
        """The rows of a table by receipt.

        Args:
            columns: The table's columns.
            unknown: Whether rows of receipts that are not there are left out; else they are not as usual.

        Raises:
            DeviatingError: There are rows of other receipts.
        """
        place, bon_id = columns["place"], columns["BON_ID"]
        if not len(place):
            return Owned(columns, np.zeros(0, dtype="int64"), np.zeros(self.count + 1, dtype="int64"))
        begins = np.concatenate(([True], (np.diff(place) != 0) | differ(bon_id)))
        first = np.flatnonzero(begins)
        keys = _keys(place[first], bon_id.take(pa.array(first)))
        if keys.equals(self._keys):
            found = np.arange(self.count)
        else:
            found = pc.fill_null(pc.index_in(keys, value_set=self._keys), -1).to_numpy().astype("int64")
            if not unknown and (found < 0).any():
                raise DeviatingError("receipt_unknown")
        owner = found[np.cumsum(begins) - 1]
        if (np.diff(owner) < 0).any() or owner[0] < 0:
            order = np.argsort(owner, kind="stable")
            order = order[np.searchsorted(owner[order], 0) :]
            rows = pa.array(order)
            columns = {n: c[order] if n == "place" else c.take(rows) for n, c in columns.items()}
            owner = owner[order]
        return Owned(columns, owner, np.searchsorted(owner, np.arange(self.count + 1)))


def same_lines(lines: Owned, columns: Columns) -> Integers:
    """Of each row of a table the row of lines.csv with its closing, BON_ID and POS_ZEILE.

    Args:
        lines: The lines.
        columns: The table's columns.

    Returns:
        The rows; -1 where there is none.
    """
    ours = lines.columns
    names = ("BON_ID", "POS_ZEILE")
    count = len(columns["place"])
    is_same = count == len(ours["place"]) and (columns["place"] == ours["place"]).all()
    if is_same and all(columns[name].equals(ours[name]) for name in names):
        return np.arange(count)
    mine, asked = (_keys(table["place"], *(table[name] for name in names)) for table in (ours, columns))
    found = pc.fill_null(pc.index_in(asked, value_set=mine), -1)
    return np.asarray(found.to_numpy().astype("int64"))


def _keys(place: Integers, *texts: Any) -> Any:
    # a closing's number has no line break, and no two keys have the same length and parts
    parts = [pa.array(place).cast(pa.string()), *texts]
    lengths = [pc.utf8_length(text).cast(pa.string()) for text in texts[:-1]]
    return pc.binary_join_element_wise(*parts, *lengths, "\n")
