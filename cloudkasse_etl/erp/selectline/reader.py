"""Reads SelectLine into frames with English columns, in short transactions. Rows are validated in schemas."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from types import TracebackType
from typing import Any, Self

import numpy as np
import pandas as pd
import sqlalchemy as sa

from cloudkasse_etl.arrow_lookup import looked_up
from cloudkasse_etl.config.settings import Settings
from cloudkasse_etl.erp.selectline import conversion, erp_tables
from cloudkasse_etl.erp.selectline.erp_engine import DeniedError, driver_errors, place, read_transaction
from cloudkasse_etl.erp.selectline.erp_tables import Field, Source
from cloudkasse_etl.erp.selectline.groups import SEVERAL_NAMES, distinct_names
from cloudkasse_etl.erp.selectline.rights import all_denied
from cloudkasse_etl.erp.selectline.row_versions import FOREIGN, VERSION, Rows, row_versions, together
from cloudkasse_etl.erp.selectline.statements import select_statement, watermark_statement
from cloudkasse_etl.erp.selectline.structure import Structure, open_price_field
from cloudkasse_etl.errors import ErpSchemaError
from cloudkasse_etl.i18n.text import joined, say
from cloudkasse_etl.schemas.checks import FIRST_DAY, LAST_EMPTY_DAY
from cloudkasse_etl.schemas.contract import UNREADABLE

CHUNK_ROWS = 20_000
IN_KEYS = 500  # SQL Server accepts at most 2,100 parameters
WATCHED = tuple(dict.fromkeys(source.table for source in erp_tables.SOURCES))
"""The tables that are read, and watched for changes."""

# MANDANT.Land holds a vehicle country code, used where Mandantenland is empty; these differ from ISO 3166.
_COUNTRY_SIGNS = {"D": "DE", "A": "AT", "FL": "LI", "L": "LU", "F": "FR", "I": "IT", "B": "BE"}


class ErpReader:
    """SelectLine's tables as frames. They can be read within a `with` block only, which is one view of the database.

    Each outermost `with` block is ONE connection in one read-only transaction (PostgreSQL: REPEATABLE READ), so that
    an article and its price are of the same moment; nested blocks share the transaction of the outermost. It ends
    with the block, and reading must be finished by then: an open transaction keeps the ERP's users from writing
    (SQLite) or is ended by the server (PostgreSQL, idle_in_transaction_session_timeout). Do not send requests to the
    cloud within a block.

    Read `watermarks()` before the frames: on SQL Server, where each statement sees what is committed by then, a change
    in between is then found by the next run rather than by none.

    All frames: texts are `str` (null as missing, never empty), flags `bool`, numbers `float64`, days `datetime64[s]`.
    The index holds SelectLine's row numbers (`ART_ID`), where the table has them. A cell that cannot be read becomes
    a value that every contract refuses: text ending in NUL, infinity, the year 1, or a missing flag (the column is
    `boolean` then); its original content is in `frame.attrs["unreadable"]`.

    Args:
        engine: From `erp_engine`.
        settings: For schema, price groups and the column of open prices.

    Raises:
        ErpUnavailableError: From any method: the database cannot be reached, or the connection breaks.
        ErpSchemaError: From any method: a table or column that it needs is missing, or may not be read.
    """

    def __init__(self, engine: sa.Engine, settings: Settings) -> None:
        self._engine = engine
        self._settings = settings
        self._transaction = ExitStack()
        self._depth = 0
        self._connection: sa.Connection | None = None
        self._structure: Structure | None = None
        self._refusal: ErpSchemaError | None = None

    def __enter__(self) -> Self:
        if self._depth == 0:
            self._connection = self._transaction.enter_context(read_transaction(self._engine))
        self._depth += 1
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._depth -= 1
        if self._depth == 0:
            self._connection = self._refusal = None
            self._transaction.__exit__(kind, error, trace)

    def company(self) -> pd.DataFrame:
        """All rows of MANDANT, as `CompanyExtract` has them; one is usual."""
        frame = self._frame(erp_tables.COMPANY)
        signs = frame["country_sign"].map(lambda sign: _COUNTRY_SIGNS.get(sign, sign), na_action="ignore")
        frame["country"] = frame["country"].fillna(signs.astype("str")).astype("str")
        number = frame["house_number"]
        frame["street"] = frame["street"].str.cat(number, sep=" ").fillna(frame["street"]).fillna(number)
        return _kept(frame, frame.drop(columns=["house_number", "country_sign"]))

    def records(self, source: Source) -> pd.DataFrame:
        """All rows of a source, with its fields as columns: for records that need no more than that."""
        return self._frame(source)

    def employees(self) -> pd.DataFrame:
        """All employees, as `EmployeeExtract` has them."""
        return self.records(erp_tables.EMPLOYEES)

    def articles(self, numbers: Sequence[str] | None = None) -> Rows:
        """Articles, as `ArticleExtract` has them, the inactive ones and those of every group included.

        Args:
            numbers: Numbers of the articles; all where None.
        """
        column = self._settings.articles.open_price_column
        further = {"open_price": open_price_field(column)} if column else {}
        frame, versions = self._rows(erp_tables.ARTICLES, "number", further, (), numbers)
        groups, frame.attrs[SEVERAL_NAMES] = distinct_names(self.article_groups())
        frame["group_name"] = looked_up(frame["group"], groups["number"], groups["name"])
        if not column:
            frame["open_price"] = False
        order = (
            "number", "name", "description", "gtin", "group", "group_name", "unit", "tax_code", "stock_item",
            "discountable", "open_price", "shop_active", "inactive", "price_unit", "price_factor",
        )  # fmt: skip
        return Rows(_kept(frame, frame[list(order)]), versions)

    def prices(self, articles: Sequence[str] | None = None) -> Rows:
        """The prices of the groups that the settings name, as `PriceExtract` has them; no customer's own prices.

        Programs write 1900-01-01 or earlier for a missing date, so such a first day is read as missing. Such a last day
        is not read as endless but refused later: a price without an end by mistake would be charged for ever.

        Args:
            articles: Numbers of the articles; all where None.
        """
        frame, versions = self._rows(erp_tables.PRICES, "article", {}, self.price_filter(), articles)
        frame["min_quantity"] = frame["min_quantity"].fillna(0.0)
        if (blank := frame["valid_from"].between(FIRST_DAY, LAST_EMPTY_DAY)).any():
            frame["valid_from"] = frame["valid_from"].mask(blank)
        frame.insert(0, "row_id", frame.index.to_numpy())
        return Rows(frame, versions)

    def price_filter(self) -> tuple["sa.ColumnElement[bool]", ...]:
        """The conditions for the rows of ARPREIS that are read."""
        kind, group = self.column(erp_tables.PRICES, "PreisTyp"), self.column(erp_tables.PRICES, "TypNummer")
        return kind == "G", group.in_(sorted(self._settings.price_groups))

    def article_groups(self) -> pd.DataFrame:
        """Article groups: number, name."""
        return self._groups("AG")

    def price_groups(self) -> pd.DataFrame:
        """Price groups: number, name."""
        return self._groups("PG")

    def tax_rates(self) -> pd.DataFrame:
        """VAT rates: tax_code, valid_from (1900-01-01 where SelectLine has none, or an empty date), rate (percent).

        No contract refuses rows of this frame, and leaving one out would put an older rate in force. So a code with an
        unusable row is left out altogether: its articles are then refused, with the code's name.
        """
        frame = self._frame(erp_tables.TAX_RATES)
        start = frame["valid_from"].fillna(LAST_EMPTY_DAY)
        frame["valid_from"] = start.mask(start.between(FIRST_DAY, LAST_EMPTY_DAY), LAST_EMPTY_DAY)
        usable = frame["rate"].between(0, 100) & (frame["valid_from"].dt.year > 1)
        broken = frame.loc[~usable, "tax_code"]
        good = frame[~frame["tax_code"].isin(broken) & frame["tax_code"].notna()]
        return good.reset_index(drop=True)

    def warehouses(self) -> pd.DataFrame:
        """Warehouses: number, name, inactive."""
        return self._frame(erp_tables.WAREHOUSES)

    def booking_articles(self, numbers: Sequence[str]) -> pd.DataFrame:
        """The columns of some articles that booking needs; inactive articles are included.

        Returns:
            number, tax_code, revenue_group, revenue_account, unit (str); stock_item, service_item, trade_set, serial
            (bool). Numbers that the ERP does not contain are missing.
        """
        number = self.column(erp_tables.BOOKING_ARTICLES, "Artikelnummer")
        parts = [self._frame(erp_tables.BOOKING_ARTICLES, {}, among) for among in _among(number, numbers)]
        frame = pd.concat(parts, ignore_index=True)
        frame["trade_set"] = frame.pop("set_kind").eq("H").fillna(False).astype(bool)
        serial = frame.pop("serial_kind")
        frame["serial"] = (serial.notna() & serial.ne("O").fillna(False)).astype(bool)
        for flag in ("stock_item", "service_item"):
            # a flag that cannot be read is missing
            frame[flag] = frame[flag].fillna(False).astype(bool)
        return frame

    def revenue_groups(self) -> pd.DataFrame:
        """Revenue accounts by revenue group and tax code: revenue_group, tax_code, account."""
        kind = self.column(erp_tables.REVENUE_GROUPS, "AufwandErloes")
        return self._frame(erp_tables.REVENUE_GROUPS, {}, kind == "E").reset_index(drop=True)

    def trade_sets(self) -> pd.DataFrame:
        """Components of trade sets: article, component, position (int64), quantity (float64), unit."""
        frame = self._frame(erp_tables.TRADE_SETS).reset_index(drop=True)
        frame = frame[frame["article"].notna() & frame["component"].notna()].reset_index(drop=True)
        # a position that is missing or not a number does not change the components
        position = frame["position"].where(np.isfinite(frame["position"]), 0).to_numpy(dtype=np.int64)
        frame["position"] = position
        return frame

    def watermarks(self, among: Collection[str] | None = None) -> dict[str, str | None]:
        """A cheap fingerprint of tables that are read, by table name; it changes with any insert, update, delete.

        It is made of COUNT, MAX(TS) and SUM(TS). A deleted row does not change the maximum, hence the count; a
        rowversion that was assigned before another can be committed after it, below a maximum already read, hence the
        sum. A table without TS has None: it has to be compared in full.

        Args:
            among: Names of the tables to read; all that are watched where None.
        """
        structure = self._known()
        asked = [table for table in WATCHED if among is None or table.name in among]
        columns = [(table, structure.actual(table, "TS")) for table in asked]
        marks: dict[str, str | None] = dict.fromkeys((table.name for table in asked), None)
        versioned = [(table, column) for table, column in columns if column]
        if versioned:
            marks |= self._marks(versioned)
        return marks

    def _marks(self, versioned: Sequence[tuple[sa.Table, str]]) -> dict[str, str | None]:
        """The fingerprints; None where one cannot be computed, so that the table is compared in full."""
        try:
            return {name: ":".join(parts) for name, *parts in self.fetch(watermark_statement(versioned))}
        except OverflowError:
            # SQLite sums integers of 64 bits only; an impossible TS must not stop the run.
            return {}

    def _groups(self, kind: str) -> pd.DataFrame:
        return self._frame(erp_tables.GROUPS, {}, self.column(erp_tables.GROUPS, "Id") == kind)

    def _open(self) -> sa.Connection:
        if self._connection is None:
            raise RuntimeError("ErpReader is used outside its `with` block.")
        return self._connection

    @contextmanager
    def _refusals(self, table: str | None = None) -> Iterator[None]:
        """Translates errors; a missing right is reported with all missing rights, and again at the next reading.

        PostgreSQL answers everything after a first refusal with 25P02, which would hide the reason.
        """
        if self._refusal is not None:
            raise self._refusal
        try:
            with driver_errors(self._engine.url, table):
                yield
        except DeniedError as error:
            if self._structure is None:
                raise
            found = all_denied(self._engine, self._structure, self._settings.erp.db_schema, error)
            if self._engine.dialect.name == "postgresql":
                self._refusal = found
            raise found from error

    def _known(self) -> Structure:
        if self._structure is None:
            with self._refusals():
                self._structure = Structure.of(self._open(), self._settings)
        return self._structure

    def column(self, source: Source, name: str) -> "sa.ColumnElement[Any]":
        """A column of a source's table, spelled as in the database."""
        return sa.column(self._known().actual(source.table, name) or name)

    def spelled(self, source: Source, name: str) -> str | None:
        """The spelling of a column in the database; None where it is missing."""
        return self._known().actual(source.table, name)

    def fetch(self, statement: sa.Executable, table: str | None = None) -> Sequence[tuple[Any, ...]]:
        """The rows of a small statement on one table or several.

        Raises:
            OverflowError: SQLite cannot compute that sum.
        """
        with self._refusals(table):
            try:
                return [tuple(row) for row in self._open().execute(statement)]
            except sa.exc.OperationalError as error:
                if "integer overflow" not in str(error.orig):
                    raise
                raise OverflowError(str(error.orig)) from error

    @property
    def sees_one_moment(self) -> bool:
        """Whether all statements see the same snapshot; on SQL Server each sees what is committed by then."""
        return self._engine.dialect.name != "mssql"

    def _rows(
        self,
        source: Source,
        key: str,
        further: Mapping[str, Field],
        where: Sequence["sa.ColumnElement[bool]"],
        keys: Sequence[str] | None,
    ) -> tuple[pd.DataFrame, pd.DataFrame | None]:
        """A source with its rows' rowversions; restricted to some keys if they are given."""
        fields = {**further, VERSION: Field("TS", erp_tables.Kind.VERSION, optional=True)}
        if keys is None:
            frame = self._frame(source, fields, *where)
        else:
            column = self.column(source, source.fields[key].column)
            frame = together([self._frame(source, fields, *where, among) for among in _among(column, keys)])
            # SQL Server's IN treats a1 and A1 as equal
            frame = _kept(frame, frame[frame[key].isin(list(keys))])
        version = frame.pop(VERSION)
        return frame, None if FOREIGN in frame.attrs else row_versions(frame, key, version, source.row_id)

    def _frame(
        self, source: Source, further: Mapping[str, Field] | None = None, *where: "sa.ColumnElement[bool]"
    ) -> pd.DataFrame:
        """Reads a source; optional columns that the table lacks are empty."""
        structure = self._known()
        fields = {**source.fields, **(further or {})}
        if lacking := structure.lacking(source, fields):
            texts = joined(" ", (say("{where}: {text}", where=p.where, text=p.text) for p in lacking))
            raise ErpSchemaError(
                say("{place}: {texts}", place=place(self._engine.url), texts=texts), hint=lacking[0].cure
            )
        spelled = {name: structure.actual(source.table, field.column) for name, field in fields.items()}
        zone = self._settings.zone
        columns = {name: conversion.Column(fields[name].kind, zone) for name, column in spelled.items() if column}
        row_id = structure.actual(source.table, source.row_id)
        statement = select_statement(
            source.table,
            [(column, fields[name].kind) for name, column in spelled.items() if column],
            dialect=self._engine.dialect.name,
            row_id=row_id,
            where=where,
        )
        with self._refusals(source.table.name):
            ids = self._read(statement, list(columns.values()), numbered=row_id is not None)
        index = pd.RangeIndex(len(ids)) if row_id is None else pd.Index(ids, name=source.row_id)
        unreadable = {
            name: {index[position]: text for position, text in column.unreadable.items()}
            for name, column in columns.items()
            if column.unreadable
        }
        frame = pd.DataFrame(
            {
                name: columns[name].series() if name in columns else conversion.empty(field.kind, len(ids))
                for name, field in fields.items()
            }
        )
        frame.index = index
        if unreadable:
            frame.attrs[UNREADABLE] = unreadable
        if any(column.is_foreign for column in columns.values()):
            frame.attrs[FOREIGN] = True
        return frame

    def _read(
        self, statement: "sa.Select[*tuple[Any, ...]]", columns: Sequence[conversion.Column], *, numbered: bool
    ) -> "np.ndarray[Any, np.dtype[np.int64]]":
        """Fills the columns; returns the rows' numbers, or their positions where the table has none."""
        try:
            return self._fetch(statement, columns, numbered=numbered)
        except sa.exc.OperationalError as error:
            if "Could not decode to UTF-8" not in str(error.orig):
                raise
        # SQLite may hold text that is not UTF-8. The driver's own decoding is by far the fastest, but fails on it.
        driver: Any = self._open().connection.driver_connection
        driver.text_factory = conversion.tolerant_text
        try:
            for column in columns:
                column.clear()
            return self._fetch(statement, columns, numbered=numbered)
        finally:
            driver.text_factory = str

    def _fetch(
        self, statement: "sa.Select[*tuple[Any, ...]]", columns: Sequence[conversion.Column], *, numbered: bool
    ) -> "np.ndarray[Any, np.dtype[np.int64]]":
        ids = [np.array([], dtype=np.int64)]
        count = 0
        with self._open().execute(statement, execution_options={"yield_per": CHUNK_ROWS}) as result:
            for rows in result.partitions():
                values = list(zip(*rows, strict=True))
                ids.append(conversion.row_ids(values.pop(0)) if numbered else np.arange(count, count + len(rows)))
                count += len(rows)
                for column, taken in zip(columns, values, strict=True):
                    column.add(taken)
        return np.concatenate(ids)


def _among(column: "sa.ColumnElement[Any]", keys: Sequence[str]) -> Iterator["sa.ColumnElement[bool]"]:
    """Conditions that a key is one of some, in parts that each fit a statement; one that is never true for no keys."""
    for start in range(0, max(len(keys), 1), IN_KEYS):
        yield column.in_(keys[start : start + IN_KEYS])


def _kept(source: pd.DataFrame, frame: pd.DataFrame) -> pd.DataFrame:
    """The frame with the information about unreadable cells of the one that it was made from."""
    frame.attrs = dict(source.attrs)
    return frame
