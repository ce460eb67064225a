"""Articles, their prices and the VAT rates, as they are read from the ERP: of one moment, and not checked yet."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import pandas as pd

from cloudkasse_etl.erp.selectline.reader import ErpReader
from cloudkasse_etl.erp.selectline.row_versions import Rows
from cloudkasse_etl.errors import ErpSchemaError
from cloudkasse_etl.transform.prices.vat_rates import VatRates

GOODS = ("ART", "ARPREIS", "GRUPPEN", "USDETAIL")
"""The tables that they come from."""
_T = TypeVar("_T")


@dataclass(slots=True)
class Goods:
    """What was read. Articles and prices are let go, each once it was checked.

    Attributes:
        articles: Articles, or why they could not be read.
        prices: Prices, or why they could not be read.
        rates: VAT rates by date, or why they could not be read.
        versions: Of ART and ARPREIS: `Rows.versions`.
        steady: Whether all of it is of the moment of the fingerprints.
    """

    articles: Rows | ErpSchemaError | None
    prices: Rows | ErpSchemaError | None
    rates: VatRates | ErpSchemaError
    versions: Mapping[str, pd.DataFrame | None]
    steady: bool


def read_goods(reader: ErpReader, numbers: list[str] | None, marks: Mapping[str, str | None]) -> Goods:
    """Reads all of it, within the reader's block.

    Args:
        reader: In its `with` block.
        numbers: Of which articles; of all where None.
        marks: The fingerprints, taken in the same block.
    """
    articles, prices = _unless_refused(reader.articles, numbers), _unless_refused(reader.prices, numbers)
    rates = _unless_refused(lambda: VatRates.from_rates(reader.tax_rates()))
    versions = {
        table: rows.versions if isinstance(rows, Rows) else None
        for table, rows in (("ART", articles), ("ARPREIS", prices))
    }
    refused = any(isinstance(read, ErpSchemaError) for read in (articles, prices, rates))
    steady = not refused and (
        reader.sees_one_moment or all(marks[table] == mark for table, mark in reader.watermarks(GOODS).items())
    )
    return Goods(articles, prices, rates, versions, steady)


def _unless_refused(read: Callable[..., _T], *arguments: Any) -> _T | ErpSchemaError:
    """What is read, or that it cannot be: whoever needs it is told, and the rest can be used all the same."""
    try:
        return read(*arguments)
    except ErpSchemaError as error:
        return error


def found(read: _T | ErpSchemaError | None) -> _T:
    """What was read.

    Raises:
        ErpSchemaError: It could not be read.
    """
    if isinstance(read, ErpSchemaError):
        raise read
    if read is None:
        raise RuntimeError("These rows were checked already, and let go.")
    return read
