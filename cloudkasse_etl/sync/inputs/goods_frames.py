"""Articles, their prices and gross prices as checked frames: of all articles, or of some as if there were no others."""

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pandas as pd

from cloudkasse_etl.config.settings import Settings
from cloudkasse_etl.entities import ARTICLES, PRICES
from cloudkasse_etl.erp.selectline.groups import SEVERAL_NAMES
from cloudkasse_etl.rejections.rejection import Rejection
from cloudkasse_etl.schemas.articles import ArticleExtract
from cloudkasse_etl.schemas.checks import FIRST_DAY
from cloudkasse_etl.schemas.column_docs import key_of
from cloudkasse_etl.schemas.contract import check
from cloudkasse_etl.schemas.prices import PriceExtract
from cloudkasse_etl.sync.inputs.extracts import Extract, keys_of, rekeyed, titled
from cloudkasse_etl.sync.inputs.goods import Goods, found
from cloudkasse_etl.transform.bar_codes import checked_bar_codes
from cloudkasse_etl.transform.payloads import refuse_ambiguous_keys, refuse_unknown_tax_codes
from cloudkasse_etl.transform.prices.gross_prices import GrossPrices, gross_prices
from cloudkasse_etl.transform.prices.vat_rates import VatRates


class GoodsFrames:
    """Checks articles and prices and computes gross prices, each when first needed. All of it is from one snapshot.

    Args:
        read: Reads the rows; called once, when the first of them is needed.
        settings: For the chosen articles, the price groups and the registers.
        as_of: The day whose VAT rates apply.
        of_all: Whether these are all articles of the ERP.

    Raises:
        ErpUnavailableError: From any member that reads: the ERP cannot be reached.
        ErpSchemaError: From any member: a table or column that it needs is missing, or may not be read.
    """

    def __init__(self, read: Callable[[], Goods], settings: Settings, as_of: dt.date, *, of_all: bool) -> None:
        self._read = read
        self._settings = settings
        self._as_of = as_of
        self._of_all = of_all
        self._read_goods: Goods | None = None
        self._articles: Extract | None = None
        self._prices: Extract | None = None
        self._gross: GrossPrices | None = None

    @property
    def _goods(self) -> Goods:
        if self._read_goods is None:
            self._read_goods = self._read()
        return self._read_goods

    @property
    def rates(self) -> VatRates:
        """VAT rates by date, from the snapshot of the articles."""
        return found(self._goods.rates)

    def versions(self, table: str) -> pd.DataFrame | None:
        """The rows of ART or ARPREIS that were read, with their rowversions: `Rows.versions`."""
        return self._goods.versions[table]

    @property
    def is_read_to_the_end(self) -> bool:
        """Whether gross prices were computed, and so everything that they are made of was read."""
        return self._gross is not None

    def is_steady(self) -> bool:
        """Whether articles and prices are from one snapshot, that of their fingerprints."""
        return self._goods.steady

    @property
    def articles(self) -> Extract:
        """The articles that are active and chosen and have a VAT rate; shape of ArticleExtract."""
        if self._articles is None:
            self._articles = self._checked_articles()
        return self._articles

    @property
    def prices(self) -> Extract:
        """The prices of the price groups that the settings name; shape of PriceExtract.

        `held` has the articles of refused rows, since a refused row's own key may be wrong. Once gross prices are
        computed, only `row_id` is left of the frame: the rest would be a fifth of a run's memory for a big shop.
        """
        if self._prices is None:
            self._prices = self._checked_prices()
        return self._prices

    @property
    def gross(self) -> GrossPrices:
        """The gross prices that the registers show."""
        if self._gross is None:
            self._gross = self._computed()
        return self._gross

    def _checked_articles(self) -> Extract:
        goods = self._goods
        raw, goods.articles = found(goods.articles).frame, None
        wanted = ~raw["inactive"].fillna(False).astype(bool)
        if self._settings.articles.groups != "all":
            wanted &= raw["group"].isin(self._settings.articles.groups)
        if self._settings.articles.only_shop_active:
            wanted &= raw["shop_active"].fillna(False).astype(bool)
        asset = ARTICLES.extract
        checked = check(raw[wanted], ArticleExtract, asset=asset, key_columns=key_of(ArticleExtract))
        frame, untaxed = refuse_unknown_tax_codes(checked.frame, self.rates, self._as_of)
        frame, alike = refuse_ambiguous_keys(frame, self._settings.price_groups)
        frame, of_codes = checked_bar_codes(frame)
        rejections = titled((*checked.rejections, *untaxed, *alike, *of_codes), raw)
        if self._of_all:  # this concerns no single article
            rejections += _groups_with_several_names(raw.attrs.get(SEVERAL_NAMES, {}))
        return Extract(frame, rejections, keys_of(rejections), raw.loc[~wanted, "number"])

    def _checked_prices(self) -> Extract:
        goods = self._goods
        raw, goods.prices = found(goods.prices).frame, None
        checked = check(raw, PriceExtract, asset=PRICES.extract, key_columns=key_of(PriceExtract))
        kept = set(checked.frame["row_id"]) if checked.rejections else set()
        refused = raw[~raw["row_id"].isin(kept)] if checked.rejections else raw.iloc[:0]
        names = {f"{row.row_id}": _price_name(row) for row in refused.itertuples()}
        rejections = tuple(rekeyed([r], names.get(r.key, r.key))[0] for r in checked.rejections)
        return Extract(checked.frame, rejections, frozenset(refused["article"].dropna()))

    def _computed(self) -> GrossPrices:
        articles = self.articles
        prices = self.prices
        used = tuple(register.price_group for register in self._settings.registers)
        self._prices = replace(prices, frame=prices.frame[["row_id"]])
        found = gross_prices(
            prices.frame,
            articles.frame,
            self.rates,
            # no register shows the prices of a further group
            bases={
                number: group.basis
                for number, group in self._settings.price_groups.items()
                if number in used or not used
            },
            register_groups=used,
            known_articles=articles.passed_over,
            refused_articles=prices.held,
            as_of=self._as_of,
        )
        return replace(found, rejections=list(titled(found.rejections, articles.frame)))


def _groups_with_several_names(several: Mapping[str, str]) -> tuple[Rejection, ...]:
    asset, code = ARTICLES.extract, "group_name_ambiguous"
    return tuple(
        Rejection(asset, f"GRUPPEN AG {number}", code, {"value": number, "names": names}, content=names)
        for number, names in several.items()
    )


def _price_name(row: Any) -> str:
    """A price's name in its rejection: a person searches for article and group, not for SelectLine's row number."""
    unreadable = not pd.isna(row.valid_from) and row.valid_from < FIRST_DAY
    start = "" if pd.isna(row.valid_from) else "?" if unreadable else f"{row.valid_from:%Y-%m-%d}"
    article = "" if pd.isna(row.article) else row.article
    group = "" if pd.isna(row.price_group) else row.price_group
    return f"{article}|{group}|{row.min_quantity:g}|{start} (ARPREIS {row.row_id})"
