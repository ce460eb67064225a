"""Articles, their prices and the VAT rates, as read from one snapshot of the ERP, not checked yet."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import pandas as pd

from cloudkasse_etl.erp.selectline.reader import ErpReader
from cloudkasse_etl.erp.selectline.row_versions import Rows
from cloudkasse_etl.errors import ErpSchemaError
from cloudkasse_etl.transform.prices.vat_rates import VatRates

GOODS = ("ART", "ARPREIS", "GRUPPEN", "USDETAIL")
"""The tables that they are read from."""
_T = TypeVar("_T")


@dataclass(slots=True)
class Goods:
    """The rows as they were read. Articles and prices are released once they were checked, to save memory.

    Attributes:
        articles: Articles, or why they could not be read.
        prices: Prices, or why they could not be read.
        rates: VAT rates by date, or why they could not be read.
        versions: Of ART and ARPREIS: `Rows.versions`.
        steady: Whether all of it is from the snapshot of the fingerprints.
    """

    articles: Rows | ErpSchemaError | None
    prices: Rows | ErpSchemaError | None
    rates: VatRates | ErpSchemaError
    versions: Mapping[str, pd.DataFrame | None]
    steady: bool


def read_goods(reader: ErpReader, numbers: list[str] | None, marks: Mapping[str, str | None]) -> Goods:
    """Reads the rows, within the reader's block.

    Args:
        reader: In its `with` block.
        numbers: The articles' numbers; all where None.
        marks: The fingerprints, taken in the same block.

    Returns:
        The rows.
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
    """The result of reading, or its error: only callers that need this part fail, and the rest can be used."""
    try:
        return read(*arguments)
    except ErpSchemaError as error:
        return error


def found(read: _T | ErpSchemaError | None) -> _T:
    """The result of reading.

    Raises:
        ErpSchemaError: It could not be read.
    """
    if isinstance(read, ErpSchemaError):
        raise read
    if read is None:
        raise RuntimeError("These rows were checked already, and let go.")
    return read
