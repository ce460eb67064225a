"""The ERP and the settings as checked frames, each read once a run.

Related data is read in one short transaction, which is one snapshot of the ERP and ends before anything is computed or
sent: the ERP's users can write meanwhile, and no transaction is idle. Articles, their prices, groups and VAT rates are
from one snapshot, and so is the data for each batch of an import.

A run therefore reads several snapshots. The fingerprint of a table is always taken before its rows are read, so that
changes in between, or after the reading, are found by the next run.
"""

import datetime as dt
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import cached_property
from typing import Any, Self

import orjson
import pandas as pd
from pandera.pandas import DataFrameModel

from cloudkasse_etl.config.settings import Configuration
from cloudkasse_etl.entities import COMPANY, ERP_TABLES, KINDS, REGISTERS, REVENUE_POSTINGS, Kind
from cloudkasse_etl.erp.selectline.article_codes import articles_sharing_codes
from cloudkasse_etl.erp.selectline.erp_engine import erp_engine
from cloudkasse_etl.erp.selectline.erp_tables import Source
from cloudkasse_etl.erp.selectline.reader import ErpReader
from cloudkasse_etl.erp.selectline.row_changes import RowChanges
from cloudkasse_etl.fingerprint import fingerprint
from cloudkasse_etl.rejections.rejection import Rejection
from cloudkasse_etl.schemas.column_docs import key_of
from cloudkasse_etl.schemas.company import CompanyExtract
from cloudkasse_etl.schemas.contract import check
from cloudkasse_etl.schemas.registers import RegisterExtract
from cloudkasse_etl.sync.inputs.booking_inputs import Booking, BookingReader
from cloudkasse_etl.sync.inputs.extracts import Extract, keys_of, rekeyed
from cloudkasse_etl.sync.inputs.goods import GOODS, Goods, read_goods
from cloudkasse_etl.sync.inputs.goods_frames import GoodsFrames
from cloudkasse_etl.transform.bar_codes import all_spellings
from cloudkasse_etl.transform.prices.vat_rates import VatRates

BY_ARTICLE = ("ART", "ARPREIS")
"""The tables whose rows each belong to one article: their results can be computed article by article."""
_MASTER_DATA_SETTINGS = {"erp", *(name for kind in KINDS for name in kind.settings)}
_BOOKING_SETTINGS = {"company", "registers", "receipts", "books", "accounts", "erp"}
_CURRENCY = re.compile("[A-Z]{3}")
# Increased when the same sources give other results: everything is then compared once.
CONTENT_VERSION = 2


class ErpFrames:
    """Reads a run's data when it is needed. Between two of its methods no transaction is open, except in `view`.

    Args:
        configuration: Settings and the ERP's address.
        as_of: The run's day.

    Attributes:
        goods: All articles and prices.

    Raises:
        ErpUnavailableError: From any reading: the ERP cannot be reached.
        ErpSchemaError: A table or column is missing, or may not be read.
    """

    def __init__(self, configuration: Configuration, as_of: dt.date) -> None:
        self._settings = configuration.settings
        self._url = configuration.connections.erp_url.get_secret_value()
        self._as_of = as_of
        self._resources = ExitStack()
        self._viewing = False
        self._marks: Mapping[str, str | None] | None = None
        self._rates: list[Any] | None = None
        self._company: pd.DataFrame | None = None
        self._records: dict[Kind, Extract] = {}
        self.goods = GoodsFrames(lambda: self._read_goods(None), self._settings, as_of, of_all=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._resources.close()

    @cached_property
    def _reader(self) -> ErpReader:
        engine = erp_engine(self._url, self._settings)
        self._resources.callback(engine.dispose)
        return ErpReader(engine, self._settings)

    @property
    def watermarks(self) -> Mapping[str, str | None]:
        """A cheap fingerprint of each table that is read; None where the table has no rowversion.

        For ART, ARPREIS, GRUPPEN and USDETAIL they are replaced by those of the snapshot of the articles.
        """
        if self._marks is None:
            with self._reader as reader:
                self._marks = reader.watermarks()
        return self._marks

    @contextmanager
    def view(self) -> Iterator[None]:
        """One snapshot of articles, prices, groups and VAT rates: everything read of them in this block is consistent.

        Their fingerprints are taken again at its beginning. Nothing may be sent in it.
        """
        marks = self.watermarks
        with self._reader as reader:
            if self._viewing:
                yield
                return
            self._marks = {**marks, **reader.watermarks(GOODS)}
            if self._marks["USDETAIL"] != marks["USDETAIL"]:
                self._rates = None
            self._viewing = True
            try:
                yield
            finally:
                self._viewing = False

    @property
    def _rates_of_today(self) -> list[Any]:
        """The VAT rates in force, for fingerprints."""
        if self._rates is None:
            with self._reader as reader:
                self._rates = sorted(VatRates.from_rates(reader.tax_rates()).on(self._as_of).items())
        return self._rates

    def _read_goods(self, numbers: list[str] | None) -> Goods:
        with self.view(), self._reader as reader:
            return read_goods(reader, numbers, self.watermarks)

    def fingerprint(self, asset: str, *upstream: int) -> str | None:
        """A hash of all that an asset's content depends on: tables, settings, rates of the day, upstream assets.

        Returns:
            None where it cannot be computed cheaply: then everything is compared.
        """
        return self._hash(asset, ERP_TABLES[asset], upstream)

    def rest(self, asset: str, *upstream: int) -> str | None:
        """As `fingerprint`, without the rows of single articles."""
        return self._hash(asset, [table for table in ERP_TABLES[asset] if table not in BY_ARTICLE], upstream)

    def rest_by_part(self, asset: str, *upstream: int) -> Mapping[str, str]:
        """The parts of `rest`, to find out which of them has changed.

        Args:
            asset: The asset's name.
            upstream: The generations of the assets that it depends on.

        Returns:
            A short hash of each part by its name: `program`, `erp`, `settings`, the tables, `rates`, `upstream`.
        """
        tables = [table for table in ERP_TABLES[asset] if table not in BY_ARTICLE]
        parts: dict[str, object] = {
            "program": CONTENT_VERSION,
            "erp": _without_secret(self._url),
            "settings": self._settings.model_dump(mode="json", include=_MASTER_DATA_SETTINGS),
            **{table: self.watermarks.get(table) for table in tables},
            "rates": self._rates_of_today if "USDETAIL" in tables else [],
            "upstream": upstream,
        }
        return {
            name: fingerprint(orjson.dumps(part, option=orjson.OPT_SORT_KEYS), size=8) for name, part in parts.items()
        }

    def unseen(self, asset: str) -> tuple[str, ...]:
        """The tables of an asset whose changes cannot be detected, because they have no rowversion."""
        return tuple(table for table in ERP_TABLES[asset] if self.watermarks.get(table) is None)

    def _hash(self, asset: str, tables: Iterable[str], upstream: tuple[int, ...]) -> str | None:
        if any(self.watermarks.get(table) is None for table in ERP_TABLES[asset]):
            return None
        marks = [self.watermarks.get(table) for table in tables]
        rates = self._rates_of_today if "USDETAIL" in ERP_TABLES[asset] else []
        settings = self._settings.model_dump(
            mode="json", include=_BOOKING_SETTINGS if asset == REVENUE_POSTINGS else _MASTER_DATA_SETTINGS
        )
        source = fingerprint(_without_secret(self._url), size=8)
        parts = [CONTENT_VERSION, asset, source, marks, rates, settings, upstream]
        return fingerprint(orjson.dumps(parts, option=orjson.OPT_SORT_KEYS))

    def changes(self, table: str) -> RowChanges:
        """Finds the changed rows of a table of `BY_ARTICLE`. To be called in a `view`."""
        return RowChanges(self._reader, table)

    def sharing_codes(self, numbers: Iterable[str]) -> set[str]:
        """The articles that share a bar code with one of these, these included. To be called in a `view`."""
        return articles_sharing_codes(self._reader, numbers, all_spellings)

    def narrowed(self, numbers: Iterable[str]) -> GoodsFrames:
        """The articles and prices as if the ERP had no others than these.

        To be called in a `view`: they are read at once, from its snapshot.

        Args:
            numbers: The articles' numbers.

        Returns:
            Separate frames; those of all articles, `goods`, do not change.
        """
        read = self._read_goods(sorted(numbers))
        return GoodsFrames(lambda: read, self._settings, self._as_of, of_all=False)

    @property
    def _company_rows(self) -> pd.DataFrame:
        if self._company is None:
            with self._reader as reader:
                rows = reader.company()
            wanted = self._settings.company.database_name
            self._company = rows if wanted is None else rows[rows["database_name"] == wanted]
        return self._company

    @cached_property
    def currency(self) -> str | None:
        """The currency of the books, even if the company's row is refused for another reason."""
        found = self._company_rows["currency"].dropna().unique()
        return str(found[0]) if len(found) == 1 else None

    @property
    def books_currency(self) -> str | None:
        """The same, if it is a three-letter code of ISO 4217."""
        found = self.currency
        return found if found is not None and _CURRENCY.fullmatch(found) else None

    @cached_property
    def warehouses(self) -> Mapping[str, bool]:
        """The ERP's warehouses: number -> whether it is active."""
        with self._reader as reader:
            frame = reader.warehouses()
        inactive = frame["inactive"].fillna(False).astype(bool)
        return dict(zip(frame["number"], (~inactive).tolist(), strict=True))

    @property
    def has_read_company(self) -> bool:
        """Whether the company's row was read."""
        return self._company is not None

    @cached_property
    def company(self) -> Extract:
        """The company; shape of CompanyExtract, one row or none."""
        rows, asset = self._company_rows, COMPANY.extract
        number = self._settings.company.number
        if len(rows) == 0:
            rejection = Rejection(asset, number, "company_missing", content="missing")
            return Extract(_empty(CompanyExtract), (rejection,), frozenset([number]))
        if len(rows) > 1:
            names = ", ".join(rows["database_name"].fillna("?").astype("str"))
            detail = {"count": str(len(rows)), "value": names}
            rejection = Rejection(asset, number, "company_ambiguous", detail, content=names)
            return Extract(_empty(CompanyExtract), (rejection,), frozenset([number]))
        checked = check(rows, CompanyExtract, asset=asset, key_columns=key_of(CompanyExtract))
        return Extract(checked.frame, rekeyed(checked.rejections, number), frozenset([number]))

    @cached_property
    def registers(self) -> Extract:
        """The registers that the settings name; shape of RegisterExtract."""
        rows = [
            {
                "number": register.number,
                "name": register.name,
                "price_group": register.price_group,
                "warehouse": register.warehouse,
                "currency": self.currency,
            }
            for register in self._settings.registers
        ]
        frame = pd.DataFrame(rows, columns=list(RegisterExtract.to_schema().columns), dtype="str")
        checked = check(frame, RegisterExtract, asset=REGISTERS.extract, key_columns=REGISTERS.key)
        return Extract(checked.frame, checked.rejections, keys_of(checked.rejections))

    def records(
        self, kind: Kind, source: Source, contract: type[DataFrameModel], chosen: Collection[str] | None = None
    ) -> Extract:
        """The active records of a kind that only have to be read and checked. Read once a run.

        Args:
            kind: The kind of record.
            source: The table and its columns; rows whose `inactive` is set are left out.
            contract: The shape of the extract.
            chosen: The numbers that the settings name; None where they select all.

        Returns:
            The records and the refused ones.
        """
        if kind not in self._records:
            with self._reader as reader:
                raw = reader.records(source)
            if "inactive" in raw:
                raw = raw[~raw["inactive"].fillna(False).astype(bool)]
            if chosen is not None:
                raw = raw[raw["number"].isin(list(chosen))]
            checked = check(raw, contract, asset=kind.extract, key_columns=kind.key)
            self._records[kind] = Extract(checked.frame, checked.rejections, keys_of(checked.rejections))
        return self._records[kind]

    @cached_property
    def _booking(self) -> BookingReader:
        return BookingReader(self._reader)

    def booking(self, numbers: Iterable[str]) -> Booking:
        """The data for booking receipts of some articles, from one snapshot."""
        return self._booking.read(numbers)


def _empty(model: Any) -> pd.DataFrame:
    return pd.DataFrame({name: pd.Series(dtype="str") for name in model.to_schema().columns})


def _without_secret(url: str) -> str:
    """The ERP's address without user and password."""
    return url.rsplit("@", 1)[-1].split("://", 1)[-1]
