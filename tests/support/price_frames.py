"""Frames of articles and prices to compute gross prices of, with VAT rates as they were in Germany."""

import datetime as dt
from typing import Any

import pandas as pd

from cloudkasse_etl.transform.prices.gross_prices import GrossPrices, gross_prices
from tests.support.german_vat import RATES_BY_CODE

TODAY = dt.date(2026, 11, 24)


def articles(*rows: dict[str, Any]) -> pd.DataFrame:
    base = {"number": "A1", "price_unit": 1.0, "price_factor": None, "tax_code": "3", "open_price": False}
    frame = pd.DataFrame([{**base, **row} for row in rows or ({},)])
    return frame.astype({"number": "str", "tax_code": "str", "price_unit": "float64", "price_factor": "float64"})


def prices(*rows: dict[str, Any]) -> pd.DataFrame:
    base = {
        "article": "A1",
        "price_group": "1",
        "min_quantity": 0.0,
        "price": 1.0,
        "valid_from": None,
        "valid_to": None,
    }
    frame = pd.DataFrame([{"row_id": i, **base, **row} for i, row in enumerate(rows)])
    for column in ("valid_from", "valid_to"):
        frame[column] = pd.to_datetime(frame[column]).astype("datetime64[s]")
    return frame.astype({"article": "str", "price_group": "str", "price": "float64", "min_quantity": "float64"})


def compute(
    price_rows: pd.DataFrame,
    article_rows: pd.DataFrame | None = None,
    as_of: dt.date = TODAY,
    groups: tuple[str, ...] = ("1",),
    known: tuple[str, ...] = (),
) -> GrossPrices:
    return gross_prices(
        price_rows,
        articles() if article_rows is None else article_rows,
        RATES_BY_CODE,
        bases={"1": "net", "2": "gross"},
        register_groups=groups,
        known_articles=pd.Series(known, dtype="str"),
        as_of=as_of,
    )
