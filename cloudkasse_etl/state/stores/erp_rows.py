"""A snapshot of the ERP's rows at the last complete run: their rowversions and counts, packed by bucket.

A bucket is a range of row numbers, so that a changed row is read and written only with its neighbours.
"""

import zlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

import orjson
import sqlalchemy as sa

from cloudkasse_etl.state.connection import StateConnection
from cloudkasse_etl.state.database.bulk import insert_columns
from cloudkasse_etl.state.database.keys import chunks
from cloudkasse_etl.state.database.retention import removal
from cloudkasse_etl.state.stores.checkpoints import Checkpoints

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

SNAPSHOT = "erp_rows"
"""The checkpoint that stores the snapshot's header."""
_BUCKETS_AT_ONCE = 500
_NUMBERS = ("row_id", "version", "counted", "further")
_Integers: TypeAlias = "np.ndarray[Any, np.dtype[np.int64]]"


@dataclass(frozen=True, slots=True)
class SourceTotals:
    """The totals of all rows of a source in a snapshot.

    Attributes:
        count: The number of rows.
        version_sum: The sum of their rowversions.
        highest: The highest rowversion that was ever seen.
    """

    count: int
    version_sum: int
    highest: int


@dataclass(frozen=True, slots=True)
class Header:
    """A snapshot's name, and its totals by source."""

    snapshot: str
    totals: Mapping[str, SourceTotals]


@dataclass(frozen=True, slots=True)
class Bucket:
    """The rows of a bucket as they are stored: their number, the sum of their rowversions, and the rows, packed."""

    number: int
    count: int
    version_sum: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Written:
    """Buckets of a source that are written.

    Attributes:
        buckets: The new buckets.
        instead_of: The buckets that are deleted first; all where None.
    """

    buckets: Sequence[Bucket]
    instead_of: Collection[int] | None


class ErpRowStore(Protocol):
    """A snapshot of the ERP's rows.

    Rows are frames of row_id, version (int64), article (str), counted, further (int64), in the order of row_id.
    """

    def header(self) -> Header | None:
        """The header of the stored snapshot; None where there is none."""
        ...

    def totals(self, source: str) -> Mapping[int, tuple[int, int]]:
        """Number of rows and sum of their rowversions, by bucket."""
        ...

    def rows(self, source: str, buckets: Collection[int]) -> "pd.DataFrame":
        """The rows of some buckets."""
        ...

    def keep(self, header: Header, written: Mapping[str, Written], checkpoints: Mapping[str, tuple[str, str]]) -> None:
        """Writes a snapshot in one transaction.

        Args:
            header: Its name and totals.
            written: The buckets of each source.
            checkpoints: By asset its fingerprint and details (JSON), stored as up to date with the snapshot.
        """
        ...


class ErpRows:
    """The snapshot of one company with one cloud."""

    def __init__(self, state: StateConnection) -> None:
        self._state = state
        self._table = state.tables.erp_rows
        self._checkpoints = Checkpoints(state)

    def header(self) -> Header | None:
        """The header of the stored snapshot; None where there is none."""
        found = self._checkpoints.of(SNAPSHOT)
        if found is None or not found.fingerprint:
            return None
        totals = orjson.loads(found.details)
        return Header(
            found.fingerprint,
            {name: SourceTotals(one["count"], int(one["sum"]), one["highest"]) for name, one in totals.items()},
        )

    def totals(self, source: str) -> Mapping[int, tuple[int, int]]:
        """Number of rows and sum of their rowversions, by bucket."""
        query = sa.select(self._table.c.bucket, self._table.c.row_count, self._table.c.version_sum)
        with self._state.reading() as connection:
            return {row[0]: (row[1], int(row[2])) for row in connection.execute(query.where(*self._of(source)))}

    def rows(self, source: str, buckets: Collection[int]) -> "pd.DataFrame":
        """The rows of some buckets."""
        query = sa.select(self._table.c.data).where(*self._of(source)).order_by(self._table.c.bucket)
        found: list[bytes] = []
        with self._state.reading() as connection:
            for chunk in chunks(sorted(buckets)):
                found += connection.execute(query.where(self._table.c.bucket.in_(chunk))).scalars()
        return unpacked(found)

    def keep(self, header: Header, written: Mapping[str, Written], checkpoints: Mapping[str, tuple[str, str]]) -> None:
        """Writes a snapshot in one transaction."""
        totals = {
            name: {"count": found.count, "sum": str(found.version_sum), "highest": found.highest}
            for name, found in header.totals.items()
        }
        with self._state.transaction() as connection:
            for source, part in written.items():
                self._put(connection, source, part.buckets, part.instead_of)
            self._checkpoints.put(connection, SNAPSHOT, header.snapshot, orjson.dumps(totals).decode())
            for asset, (fingerprint, details) in checkpoints.items():
                self._checkpoints.put(connection, asset, fingerprint, details)

    def _put(
        self, connection: sa.Connection, source: str, buckets: Sequence[Bucket], instead_of: Collection[int] | None
    ) -> None:
        if instead_of is None:
            connection.execute(removal(self._table).where(*self._of(source)))
        for numbers in chunks(sorted(instead_of or ())):
            connection.execute(removal(self._table).where(*self._of(source), self._table.c.bucket.in_(numbers)))
        fixed = {"target_id": self._state.target, "source": source, "company": self._state.company}
        for start in range(0, len(buckets), _BUCKETS_AT_ONCE):
            part = buckets[start : start + _BUCKETS_AT_ONCE]
            columns: dict[str, Sequence[Any]] = {
                "bucket": [bucket.number for bucket in part],
                "row_count": [bucket.count for bucket in part],
                "version_sum": [str(bucket.version_sum) for bucket in part],
                "data": [bucket.data for bucket in part],
            }
            insert_columns(connection, self._table, columns, fixed)

    def _of(self, source: str) -> tuple["sa.ColumnElement[bool]", "sa.ColumnElement[bool]"]:
        return self._table.c.target_id == self._state.target, self._table.c.source == source


def packed(rows: "pd.DataFrame", buckets: _Integers) -> Iterator[Bucket]:
    """Packs rows for storing.

    Args:
        rows: In the order of row_id.
        buckets: The bucket of each.
    """
    # imported here: half a second that the list of receipts need not wait for
    import numpy as np
    import pyarrow as pa

    if not len(rows):
        return
    columns = [rows[name].to_numpy(dtype="<i8") for name in _NUMBERS]
    texts = pa.array(rows["article"], pa.large_string())
    texts = texts.combine_chunks() if isinstance(texts, pa.ChunkedArray) else texts
    _, offsets, characters = texts.buffers()
    ends = np.frombuffer(offsets, np.int64)[texts.offset : texts.offset + len(texts) + 1]
    lengths = np.diff(ends).astype("<i8")
    data = memoryview(characters) if characters is not None else memoryview(b"")
    borders = [0, *(np.flatnonzero(np.diff(buckets)) + 1).tolist(), len(rows)]
    for first, end in pairwise(borders):
        # neighbouring values differ little, and repetitions compress well
        numbers = [np.diff(column[first:end], prepend=0) for column in columns]
        content = b"".join(
            [
                (end - first).to_bytes(8, "little"),
                *(column.tobytes() for column in (*numbers, lengths[first:end])),
                bytes(data[ends[first] : ends[end]]),
            ]
        )
        yield Bucket(
            int(buckets[first]), end - first, int(columns[1][first:end].sum()), zlib.compress(content, level=1)
        )


def unpacked(data: Sequence[bytes]) -> "pd.DataFrame":
    """Restores rows from the stored form."""
    # imported here: half a second that the list of receipts need not wait for
    import numpy as np
    import pandas as pd
    import pyarrow as pa

    numbers: list[list[_Integers]] = [[] for _ in _NUMBERS]
    texts = [pa.array([], pa.large_string())]
    for part in data:
        content = zlib.decompress(part)
        count = int.from_bytes(content[:8], "little")
        table = np.frombuffer(content, "<i8", (len(_NUMBERS) + 1) * count, offset=8).reshape(-1, count)
        for column, found in zip(numbers, table, strict=False):
            column.append(np.cumsum(found))
        offsets = np.concatenate([np.zeros(1, np.int64), np.cumsum(table[-1], dtype=np.int64)])
        characters = content[8 + table.nbytes :]
        texts.append(pa.LargeStringArray.from_buffers(count, pa.py_buffer(offsets.tobytes()), pa.py_buffer(characters)))
    empty = np.empty(0, np.int64)
    frame = pd.DataFrame(
        {name: np.concatenate([empty, *found]) for name, found in zip(_NUMBERS, numbers, strict=True)}, copy=False
    )
    frame.insert(2, "article", pd.Series(pd.array(pa.concat_arrays(texts), dtype="str")))
    return frame
