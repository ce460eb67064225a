"""Applies a contract to a frame: rows that break it become rejections, the others pass. The contracts are beside.

Not pandera's `drop_invalid_rows`: with an index that is not unique it drops the wrong rows, and does not report them.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pandera.pandas as pa
import pyarrow
from pandera import dtypes
from pandera.engines import pandas_engine
from pandera.errors import SchemaErrors

from cloudkasse_etl.arrow_lookup import are_distinct
from cloudkasse_etl.errors import ContractError
from cloudkasse_etl.fingerprint import fingerprint
from cloudkasse_etl.i18n.text import say, say_count
from cloudkasse_etl.rejections.record_names import name_of, title_of
from cloudkasse_etl.rejections.rejection import Rejection
from cloudkasse_etl.schemas.checks import clean_column, shown_limit

UNREADABLE = "unreadable"
"""Key of `frame.attrs` under which a reader keeps the contents of unreadable cells: column → index label → text. For
display only: in the frame itself such a cell holds a value that every contract refuses."""

_SHOWN_VALUE = 200
_Positions = np.ndarray[Any, np.dtype[np.int64]]
_CODES = {"not_nullable": "value_missing", "max_characters": "value_too_long", "clean_key": "key_invalid"}


@dataclass(frozen=True)
class Checked:
    """The valid rows of a frame, and the rejections of the others.

    Attributes:
        frame: The valid rows, in their order, the contract's columns in the contract's order, with a fresh index.
            Texts are `str`, days `datetime64[s]`.
        rejections: One for each row and cause (so a row with two faults has two, under one key); one for all rows
            of a duplicated key.
    """

    frame: pd.DataFrame
    rejections: tuple[Rejection, ...]


def check(frame: pd.DataFrame, model: type[pa.DataFrameModel], *, asset: str, key_columns: Sequence[str]) -> Checked:
    """Validates a frame against its contract, all rows and columns at once.

    Of a row that is `inactive` in the ERP only the key is checked (and that the flag is readable): it is not sent,
    so an old article without a name needs no correction.

    Args:
        frame: What was read, or what is to be sent. It is not changed. Its index may be anything; where its name
            ends in `_ID` its labels name rows that have no usable key ("ART row 17").
        model: The contract.
        asset: The asset in whose name rows are refused.
        key_columns: The columns that make up a record's key. Rows with the same key are all refused.

    Returns:
        The valid rows, and the rejections in the order of the rows.

    Raises:
        ContractError: A column is missing, unknown or of another type, so that no row can be trusted.
    """
    schema = _schema(model)
    names = _known_columns(frame, schema, asset)
    labels = frame.index
    checked = pd.DataFrame({name: clean_column(frame[name], schema.columns[name].dtype) for name in names}, copy=False)
    checked.index = pd.RangeIndex(len(checked))

    faults = _faults(checked, schema, asset)
    keys = list(key_columns)
    if "inactive" in names and len(faults):
        retired = checked["inactive"].fillna(False).to_numpy(dtype=bool)
        faults = faults[~retired[faults["row"]] | faults["column"].isin(keys)]
    unusable = np.zeros(len(checked), dtype=bool)
    unusable[faults.loc[faults["column"].isin(keys), "row"]] = True
    double = np.zeros(len(checked), dtype=bool)
    if not are_distinct(checked, keys):
        double = checked.duplicated(keys, keep=False).to_numpy() & ~unusable
        # other faults of these rows are not reported before it is clear which of them is the right one
        faults = faults[~double[faults["row"]]]

    rejected = double.copy()
    rejected[faults["row"]] = True
    if not rejected.any():
        return Checked(_plain_bools(checked, schema), ())
    rows = _Rows(checked, labels, frame.attrs.get(UNREADABLE, {}), schema, asset, keys, unusable)
    found = rows.faulty(faults) + rows.duplicated(np.flatnonzero(double))
    kept = checked.loc[~rejected].reset_index(drop=True)
    kept.attrs = {}
    return Checked(
        _plain_bools(kept, schema),
        tuple(rejection for _, rejection in sorted(found, key=lambda pair: pair[0])),
    )


def require(frame: pd.DataFrame, model: type[pa.DataFrameModel], *, asset: str) -> pd.DataFrame:
    """Validates a frame that this program made: a row that breaks its contract is an error of the program.

    Args:
        frame: What is to be written. It is not changed.
        model: The contract.
        asset: The asset that the frame belongs to, for the message.

    Returns:
        The frame, the contract's columns in the contract's order.

    Raises:
        ContractError: A row or column breaks the contract; nothing of the frame may be written.
    """
    schema = _schema(model)
    names = _known_columns(frame, schema, asset)
    checked = pd.DataFrame({name: clean_column(frame[name], schema.columns[name].dtype) for name in names}, copy=False)
    checked.index = pd.RangeIndex(len(checked))
    faults = _faults(checked, schema, asset)
    if len(faults):
        first = faults.iloc[0]
        raise ContractError(
            say_count(
                "{asset}: {count} value does not keep {contract}; it is in column {column}.",
                "{asset}: {count} values do not keep {contract}; the first is in column {column}.",
                count=len(faults),
                asset=asset,
                contract=schema.name,
                column=first["column"],
            ),
            hint=say("Nothing was written. This is an error of the program: please report it."),
        )
    return checked


def source_of(model: type[pa.DataFrameModel], name: str) -> str:
    """The source of a contract's column: a column of SelectLine, or a key of the settings.

    A name that the contract does not have is returned unchanged.
    """
    column = _schema(model).columns.get(name)
    return str((column.metadata or {}).get("column", name)) if column is not None else name


class _Text(pandas_engine.STRING):
    """Text whose type is compared as a whole: pandera's own gives a verdict a row, and lists the rows that failed."""

    def check(self, pandera_dtype: dtypes.DataType, data_container: Any = None) -> bool | Iterable[bool]:
        """Whether a column has this type; row by row where it has another one."""
        if getattr(pandera_dtype, "type", None) == self.type:
            return True
        return super().check(pandera_dtype, data_container)


@cache
def _schema(model: type[pa.DataFrameModel]) -> pa.DataFrameSchema:
    schema = model.to_schema()
    if not isinstance(schema, pa.DataFrameSchema):  # only for the type checker
        raise TypeError(f"{model.__name__} is no contract of pandas frames.")
    for column in schema.columns.values():
        if isinstance(column.dtype, pandas_engine.STRING):
            column.dtype = _Text(column.dtype.storage)
    return schema


def _known_columns(frame: pd.DataFrame, schema: pa.DataFrameSchema, asset: str) -> list[str]:
    """The frame with the contract's columns; raises where the frame has not exactly these."""
    wanted, there = list(schema.columns), [str(name) for name in frame.columns]
    wrong = [f"{name} is missing" for name in wanted if name not in there]
    wrong += [f"{name} is unknown" for name in there if name not in wanted]
    wrong += [f"{name} stands twice" for name in dict.fromkeys(there) if there.count(name) > 1]
    if wrong:
        raise _broken_frame(asset, schema, ", ".join(wrong))
    return wanted


def _broken_frame(asset: str, schema: pa.DataFrameSchema, wrong: str) -> ContractError:
    """An error of the program, in English only: developers fix it."""
    return ContractError(
        say("{asset}: the frame does not keep {contract}: {wrong}.", asset=asset, contract=schema.name, wrong=wrong)
    )


def _faults(frame: pd.DataFrame, schema: pa.DataFrameSchema, asset: str) -> pd.DataFrame:
    """The failures that pandera found: columns row (position), column, check, in the order of rows and columns."""
    try:
        schema.validate(frame, lazy=True, inplace=True)
    except SchemaErrors as error:
        cases = error.failure_cases
    else:
        return pd.DataFrame({"row": np.array([], dtype=np.int64), "column": [], "check": []})
    if cases["index"].isna().any():
        broken = cases.loc[cases["index"].isna(), "column"].drop_duplicates()
        wrong = ", ".join(f"{name} must be {schema.columns[name].dtype}, but is {frame[name].dtype}" for name in broken)
        raise _broken_frame(asset, schema, wrong)
    faults = pd.DataFrame(
        {
            "row": cases["index"].to_numpy(dtype=np.int64),
            "column": cases["column"].to_numpy(dtype=object),
            "check": cases["check"].to_numpy(dtype=object),
        }
    )
    order = {name: position for position, name in enumerate(schema.columns)}
    # one rejection a row and column: a null is not reported as a wrong type too, infinity not as unclean too
    faults = faults[~faults["check"].str.startswith("dtype(")]
    faults = faults.assign(place=faults["column"].map(order)).sort_values(["row", "place"], kind="stable")
    return faults.drop_duplicates(["row", "column"])[["row", "column", "check"]]


def _plain_bools(frame: pd.DataFrame, schema: pa.DataFrameSchema) -> pd.DataFrame:
    """Converts flags back to plain `bool`: the rows with unreadable flags have been removed."""
    wide = [name for name in schema.columns if isinstance(frame[name].dtype, pd.BooleanDtype)]
    return frame.astype(dict.fromkeys(wide, bool)) if wide else frame


@dataclass
class _Rows:
    """Makes rejections of rows; loops over refused rows only."""

    frame: pd.DataFrame
    labels: "pd.Index[Any]"
    unreadable: Mapping[str, Mapping[Any, str]]
    schema: pa.DataFrameSchema
    asset: str
    keys: list[str]
    unusable: np.ndarray[Any, np.dtype[np.bool_]]

    def faulty(self, faults: pd.DataFrame) -> list[tuple[int, Rejection]]:
        """A rejection for each fault, with the row's position."""
        positions = faults["row"].to_numpy(dtype=np.int64)
        rows = np.unique(positions)
        values = dict(zip(rows.tolist(), self._values(rows), strict=True))
        contents = {position: _content([row]) for position, row in values.items()}
        found = []
        columns, checks = faults["column"].tolist(), faults["check"].tolist()
        for position, column, failed in zip(positions.tolist(), columns, checks, strict=True):
            row = values[position]
            source, code = self._source(column), self._code(column, failed)
            detail = {"field": source.rpartition(".")[2], "column": source}
            if code in ("value_invalid", "key_invalid"):
                detail["value"] = self._shown(position, column, row[column])
            if limit := shown_limit(failed) if code == "value_too_long" else "":
                detail["limit"] = limit
            key = self._key(position, row)
            record = name_of(self.asset, key, title_of(row))
            found.append((position, Rejection(self.asset, key, code, detail, contents[position], record=record)))
        return found

    def duplicated(self, positions: _Positions) -> list[tuple[int, Rejection]]:
        """A rejection for each key of several rows, with the first row's position."""
        together: dict[str, list[tuple[int, dict[str, Any]]]] = {}
        for position, row in zip(positions.tolist(), self._values(positions), strict=True):
            together.setdefault(self._key(position, row), []).append((position, row))
        source = self._source(self.keys[0])
        return [
            (
                rows[0][0],
                Rejection(
                    self.asset,
                    key,
                    "key_duplicate",
                    {
                        "field": source.rpartition(".")[2],
                        "column": source,
                        "value": key[:_SHOWN_VALUE],
                        "count": str(len(rows)),
                    },
                    _content([row for _, row in rows]),
                    record=name_of(self.asset, key, title_of(rows[0][1])),
                ),
            )
            for key, rows in together.items()
        ]

    def _values(self, positions: _Positions) -> list[dict[str, Any]]:
        """The rows as plain Python values, null as None."""
        subset = self.frame.iloc[positions]
        table = pyarrow.Table.from_pandas(subset, preserve_index=False)
        return table.to_pylist()  # type: ignore[no-any-return]

    def _source(self, column: str) -> str:
        return str((self.schema.columns[column].metadata or {}).get("column", column))

    def _code(self, column: str, failed: str) -> str:
        name = failed.partition("(")[0]
        field = self.schema.columns[column]
        if name == "not_nullable":
            if any(check.name == "clean_key" for check in field.checks):
                return "key_invalid"
            # a flag is never null in SelectLine itself: null means that the reader could not read it
            if str(field.dtype) == "bool":
                return "value_invalid"
        return _CODES.get(name, "value_invalid")

    def _key(self, position: int, row: Mapping[str, Any]) -> str:
        if not self.unusable[position]:
            return "|".join("" if row[name] is None else str(row[name]) for name in self.keys)
        table = self._source(self.keys[0]).partition(".")[0]
        if row.get("row_id") is not None:
            return f"{table} row {row['row_id']}"
        if str(self.labels.name).endswith("_ID"):
            return f"{table} row {self.labels[position]}"
        return f"{table} row {position + 1}"

    def _shown(self, position: int, column: str, value: Any) -> str:
        kept = self.unreadable.get(column, {}).get(self.labels[position])
        return (kept if kept is not None else "" if value is None else str(value))[:_SHOWN_VALUE]


def _content(rows: Sequence[Mapping[str, Any]]) -> str:
    """A hash of all values: the same in every process, different as soon as any value is."""
    return fingerprint([list(row.items()) for row in rows])
