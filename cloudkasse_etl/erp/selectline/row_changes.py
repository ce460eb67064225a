"""Finds changed rows of ART and ARPREIS cheaply: by rowversion, by counts and sums, by buckets of rows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import sqlalchemy as sa

from cloudkasse_etl.erp.selectline import conversion, erp_tables, statements
from cloudkasse_etl.erp.selectline.reader import ErpReader
from cloudkasse_etl.erp.selectline.row_versions import checked_versions

BUCKET_ROWS = statements.BUCKET_ROWS
_SOURCES = {"ART": (erp_tables.ARTICLES, "Artikelnummer"), "ARPREIS": (erp_tables.PRICES, "Artikelnummer")}


@dataclass(frozen=True, slots=True)
class Totals:
    """The number of rows, and the sum of their rowversions, which changes with nearly any write."""

    count: int
    version_sum: int


class RowChanges:
    """Queries a table for its changed rows, among those that the extracts read.

    Frames are as `Rows.versions`; None where the table's data does not allow it.

    Args:
        reader: In its `with` block.
        table: ART or ARPREIS.
    """

    def __init__(self, reader: ErpReader, table: str) -> None:
        self._reader = reader
        self._table = table
        source, key = _SOURCES[table]
        self._source = source.table
        self._row_id = reader.spelled(source, source.row_id)
        self._version = reader.spelled(source, "TS")
        self._key = reader.spelled(source, key)
        self._where: tuple[sa.ColumnElement[bool], ...] = reader.price_filter() if source is erp_tables.PRICES else ()

    def above(self, version: int) -> pd.DataFrame | None:
        """The rows whose rowversion is greater than this one."""
        return self._rows(statements.above(self._version, version)) if self._version else None

    def within(self, bucket: int) -> pd.DataFrame | None:
        """The rows of a bucket."""
        return self._rows(*statements.in_bucket(self._row_id, bucket)) if self._row_id else None

    def totals(self) -> Totals | None:
        """Count and sum of all rows."""
        found = self._buckets(None)
        return None if found is None else found[0]

    def buckets(self) -> Mapping[int, Totals] | None:
        """Count and sum of each bucket that has rows."""
        return self._buckets(self._row_id) if self._row_id else None

    def _rows(self, *where: "sa.ColumnElement[bool]") -> pd.DataFrame | None:
        if not (self._row_id and self._version and self._key):
            return None
        statement = statements.changed_statement(
            self._source, self._row_id, self._version, self._key, (*where, *self._where)
        )
        ids, versions, keys = _columns(self._reader.fetch(statement, self._table), 3)
        number, version = conversion.Column(erp_tables.Kind.KEY), conversion.Column(erp_tables.Kind.VERSION)
        number.add(keys)
        version.add(versions)
        if number.is_foreign:
            return None
        return checked_versions(conversion.row_ids(ids), version.series().to_numpy(), number.series())

    def _buckets(self, row_id: str | None) -> Mapping[int, Totals] | None:
        if self._version is None:
            return None
        statement = statements.bucket_statement(self._source, row_id, self._version, self._where)
        try:
            rows = self._reader.fetch(statement, self._table)
            return {int(bucket): Totals(int(count), int(total)) for bucket, count, total in rows}
        except (TypeError, ValueError, OverflowError):
            return None  # an invalid row number or rowversion


def buckets_of(ids: "np.ndarray[Any, np.dtype[np.int64]]") -> "np.ndarray[Any, np.dtype[np.int64]]":
    """The number of each row's bucket."""
    return ids // BUCKET_ROWS


def _columns(rows: Sequence[tuple[Any, ...]], count: int) -> Sequence[Sequence[Any]]:
    return list(zip(*rows, strict=True)) if rows else [()] * count
