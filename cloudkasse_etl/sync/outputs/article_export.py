"""The use case that writes articles and gross prices as CSV, for tills that take no upload."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from cloudkasse_etl.config.settings import Configuration
from cloudkasse_etl.i18n.text import Language, rendered_each, say
from cloudkasse_etl.rejections.rejection import Rejection
from cloudkasse_etl.sync.inputs.erp_frames import ErpFrames
from cloudkasse_etl.sync.outputs.csv_files import TextSink, comma_cell, csv_file, decimal_cell
from cloudkasse_etl.sync.run.context import today
from cloudkasse_etl.transform import payloads

_HEADS = (
    say("Article"), say("Name"), say("Description"), say("GTIN"), say("Group"), say("Group name"), say("Unit"),
    say("Tax code"), say("VAT rate"), say("Price group"), say("From quantity"), say("Valid from"), say("Valid to"),
    say("Gross price"), say("Currency"),
)  # fmt: skip
_OF_ARTICLES = ("number", "name", "description", "gtin", "group", "group_name", "unit", "tax_code")


@dataclass(frozen=True, slots=True)
class ArticleExport:
    """What was written.

    Attributes:
        articles: How many articles.
        prices: How many prices; an article without one has a row all the same.
        rejections: Why articles and prices were left out.
    """

    articles: int
    prices: int
    rejections: tuple[Rejection, ...]


def export_articles(
    configuration: Configuration, out: Path | TextSink, *, as_of: dt.date | None = None
) -> ArticleExport:
    """Writes the articles that are sold, with all gross prices that hold or will hold: a row a price.

    Args:
        configuration: Settings and connections; neither till nor our own tables are asked.
        out: The file, or a stream.
        as_of: The day whose prices and VAT rates apply; the shop's today where None.

    Returns:
        How many there were.

    Raises:
        ErpUnavailableError: The ERP cannot be reached.
        ConfigurationError: The file cannot be written.
    """
    settings = configuration.settings
    day = today(settings) if as_of is None else as_of
    with ErpFrames(configuration, day) as frames:
        goods, currency = frames.goods, frames.currency or ""
        articles = payloads.article_payload(goods.articles.frame, goods.rates, day)
        prices = goods.gross.prices
        rejections = (*goods.articles.rejections, *goods.gross.rejections)
        held = prices["valid_to"].isna() | (prices["valid_to"].fillna("") >= f"{day}")
    prices = prices.loc[held & prices["article"].isin(articles["number"])]
    with csv_file(out, rendered_each(_HEADS, settings.language)) as write:
        for row in _rows(articles, prices, currency, settings.language):
            write(row)
    return ArticleExport(len(articles), len(prices), rejections)


def _rows(articles: pd.DataFrame, prices: pd.DataFrame, currency: str, language: Language) -> Iterator[list[Any]]:
    by_article: dict[str, list[dict[str, Any]]] = {}
    for price in _records(prices):
        by_article.setdefault(price["article"], []).append(price)
    for article in _records(articles.sort_values("number")):
        head = [*(article[name] for name in _OF_ARTICLES), comma_cell(article["vat_rate"], language)]
        for price in by_article.get(article["number"], []):
            yield [
                *head,
                price["price_group"],
                comma_cell(price["min_quantity"], language),
                price["valid_from"],
                price["valid_to"],
                decimal_cell(int(price["gross_cents"]), 2, language),
                currency,
            ]
        if article["number"] not in by_article:
            yield [*head, *([None] * 6)]


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows; what is missing is None."""
    found = frame.astype(object)
    return [{str(k): v for k, v in row.items()} for row in found.where(found.notna(), None).to_dict("records")]
