"""From checked extracts to upload payloads: one frame a kind of record, in the wire's fields and order."""

import datetime as dt
from collections.abc import Collection, Iterator
from typing import Any

import numpy as np
import pandas as pd
from pandera.pandas import DataFrameModel

from cloudkasse_etl.arrow_lookup import is_among, looked_up
from cloudkasse_etl.entities import ARTICLES, BY_NAME
from cloudkasse_etl.rejections.rejection import Rejection
from cloudkasse_etl.schemas.articles import ArticlePayload
from cloudkasse_etl.schemas.company import CompanyPayload
from cloudkasse_etl.schemas.employees import EmployeePayload
from cloudkasse_etl.schemas.prices import PricePayload
from cloudkasse_etl.transform.prices.vat_rates import VatRates


def company_payload(company: pd.DataFrame, *, number: str, vat_id: str | None, tax_number: str | None) -> pd.DataFrame:
    """The company's payload: the ERP's row, and the fields that only the settings hold.

    Args:
        company: One row, as CompanyExtract has it.
        number: The company's number in the settings.
        vat_id: VAT identification number, or None.
        tax_number: National tax number, or None.

    Returns:
        One row, as CompanyPayload has it.
    """
    frame = company.assign(number=number, vat_id=vat_id, tax_number=tax_number)
    return _in_order(frame, CompanyPayload)


def active_payload(records: pd.DataFrame, model: type[DataFrameModel]) -> pd.DataFrame:
    """Records that are uploaded as they are read, all active: one that is no longer read is retired.

    Args:
        records: All columns of the payload but `active`.
        model: The payload's contract.
    """
    return _in_order(records.assign(active=True), model)


def employee_payload(employees: pd.DataFrame) -> pd.DataFrame:
    """The employees' payload, with the name that the register shows (EmployeePayload)."""
    first, last = employees["first_name"].fillna(""), employees["last_name"].fillna("")
    shown = (first + " " + last).str.strip()
    shown = shown.where(shown != "", employees["number"])
    return _in_order(employees.assign(display_name=shown, active=True), EmployeePayload)


def article_payload(articles: pd.DataFrame, rates: VatRates, as_of: dt.date) -> pd.DataFrame:
    """The articles' payload with the VAT rate of the day.

    Args:
        articles: As ArticleExtract has them; each tax code must have a rate on the day.
        rates: VAT rates by date.
        as_of: The run's day.

    Returns:
        A row for each article, as ArticlePayload has them.
    """
    known = rates.texts_on(as_of)
    codes, texts = (pd.Series(list(column), dtype="str") for column in (known.keys(), known.values()))
    vat_rate = looked_up(articles["tax_code"], codes, texts)
    return _in_order(articles.assign(vat_rate=vat_rate, active=True), ArticlePayload)


def price_payload(prices: pd.DataFrame, *, currency: str) -> pd.DataFrame:
    """The gross prices' payload in the company's currency (PricePayload)."""
    return _in_order(prices.assign(currency=currency, active=True), PricePayload)


def refuse_unknown_tax_codes(
    articles: pd.DataFrame, rates: VatRates, as_of: dt.date
) -> tuple[pd.DataFrame, list[Rejection]]:
    """Removes articles whose tax code has no rate on the day: no register could sell them.

    Args:
        articles: As ArticleExtract has them.
        rates: VAT rates by date.
        as_of: The run's day.

    Returns:
        The other articles, and a rejection for each that was removed.
    """
    unknown = ~is_among(articles["tax_code"], rates.on(as_of))
    if not unknown.any():
        return articles, []
    rejections = [
        _of_tax_code(number, code, rates, as_of)
        for number, code in zip(
            articles.loc[unknown, "number"], articles.loc[unknown, "tax_code"].fillna(""), strict=True
        )
    ]
    return articles[~unknown].reset_index(drop=True), rejections


def refuse_ambiguous_keys(
    articles: pd.DataFrame, price_groups: Collection[str]
) -> tuple[pd.DataFrame, list[Rejection]]:
    """Removes articles whose prices would have the keys of another article's, since a key's parts are joined by `|`.

    Article `A|1` in group `2` has the keys of article `A` in group `1|2`.

    Args:
        articles: All that are uploaded, as ArticleExtract has them.
        price_groups: The price groups that the settings name.

    Returns:
        The other articles, and a rejection for each that was removed.
    """
    found: dict[int, Rejection] = {}
    for longer in sorted(group for group in price_groups if "|" in group):
        for group in sorted(price_groups):
            beginning, is_end, _ = longer.rpartition(f"|{group}") if longer.endswith(f"|{group}") else ("", "", "")
            if not is_end:
                continue
            others = articles["number"].str.removesuffix(f"|{beginning}")
            for row in np.flatnonzero((others != articles["number"]) & others.isin(articles["number"])):
                detail = {"group": group, "other": str(others.iloc[row]), "value": longer}
                number = str(articles["number"].iloc[row])
                found.setdefault(
                    int(row), Rejection(ARTICLES.extract, number, "article_key_ambiguous", detail, content=longer)
                )
    if not found:
        return articles, []
    kept = np.ones(len(articles), dtype=bool)
    kept[list(found)] = False
    return articles[kept].reset_index(drop=True), list(found.values())


def _of_tax_code(number: str, code: str, rates: VatRates, as_of: dt.date) -> Rejection:
    asset = ARTICLES.extract
    if fault := rates.fault(code):
        refusal, found = fault
        return Rejection(asset, number, refusal, {"value": code, "rates": found}, content=f"{code}\x1f{found}")
    return Rejection(asset, number, "tax_code_unknown", {"value": code, "day": f"{as_of}"}, content=code)


def keys(entity: str, payload: pd.DataFrame) -> "pd.Series[str]":
    """Each record's key as the wire writes it: its parts joined by `|`, empty for null."""
    first, *others = BY_NAME[entity].key
    result = payload[first].astype("str")
    for name in others:
        result = result + "|" + payload[name].fillna("").astype("str")
    return result


def items(payload: pd.DataFrame) -> Iterator[dict[str, Any]]:
    """The rows as wire items, one at a time: null where empty, Python's own types."""
    columns = []
    for name in payload.columns:
        column = payload[name]
        if column.dtype == bool or np.issubdtype(column.to_numpy().dtype, np.integer):
            columns.append(column.tolist())
        else:
            columns.append(column.astype(object).where(column.notna(), None).tolist())
    names = list(payload.columns)
    return (dict(zip(names, values, strict=True)) for values in zip(*columns, strict=True))


def _in_order(frame: pd.DataFrame, model: type[DataFrameModel]) -> pd.DataFrame:
    return frame[list(model.to_schema().columns)].reset_index(drop=True)
