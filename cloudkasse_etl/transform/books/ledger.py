"""The inputs of booking besides the receipts: settings, articles and rates. Their use is in booking.py."""

import datetime as dt
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import pandas as pd

from cloudkasse_etl.config.record.setting_values import setting_name as setting_name
from cloudkasse_etl.config.sections.account_settings import Accounts
from cloudkasse_etl.config.sections.shop_settings import Register
from cloudkasse_etl.fingerprint import fingerprint
from cloudkasse_etl.rejections.rejection import Rejection
from cloudkasse_etl.transform.books.reversals import Mirror
from cloudkasse_etl.transform.prices.vat_rates import VatRates

_UNFIT = ("Cc", "Cs", "Zl", "Zp")

Texts = npt.NDArray[np.object_]


@dataclass(frozen=True, slots=True)
class Review:
    """Why a receipt is booked and flagged for review as a whole.

    Attributes:
        code: A key of the failures' catalogue.
        detail: The values of the placeholders in the code's text.
    """

    code: str
    detail: Mapping[str, str]


@dataclass(frozen=True)
class Ledger:
    """The inputs of booking besides the receipts.

    Attributes:
        accounts: The accounts of the settings.
        registers: The registers of the settings by number; one that was used only in the past may be missing.
        currency: The currency of the books, three letters; None where it is not known: then nothing can be booked.
        closed_until: The last day of the books' closed period.
        articles: The articles of the receipts, with the components of trade sets and inactive articles: number,
            tax_code, revenue_group, revenue_account, unit (text or null), stock_item, service_item, trade_set,
            serial (bool). An article that is missing here does not exist in the ERP.
        revenue_groups: KTOGRUPPENPOS of revenues (AufwandErloes 'E'): revenue_group, tax_code, account.
        trade_sets: ARTSET: article, component, position (integer or null), quantity (float), unit.
        rates: The VAT rates of the ERP's tax codes by date.
        released: Receipts that were held for review and that a person has released: they are not held again, and
            their postings are flagged.
        mirrors: What each void takes over from the receipt that it voids, by the void's id; holds all voids.
        reviews: Receipts that are flagged for review as a whole, by id.
        in_kind_moves_stock: Whether goods taken in kind (AVSachbezug) leave the stock.
        zone: The shop's time zone, which decides the day of a point in time.
    """

    accounts: Accounts
    registers: Mapping[str, Register]
    currency: str | None
    closed_until: dt.date | None
    articles: pd.DataFrame
    revenue_groups: pd.DataFrame
    trade_sets: pd.DataFrame
    rates: VatRates
    released: frozenset[str] = frozenset()
    mirrors: Mapping[str, Mirror] = field(default_factory=dict)
    reviews: Mapping[str, Review] = field(default_factory=dict)
    in_kind_moves_stock: bool = False
    zone: dt.tzinfo = field(default_factory=lambda: ZoneInfo("Europe/Berlin"))


def texts(column: "pd.Series[Any]") -> Texts:
    """A column's texts as objects; every kind of null becomes None."""
    values = column.to_numpy(dtype=object, copy=True)
    values[column.isna().to_numpy()] = None
    return values


def clean_texts(values: Texts) -> Texts:
    """Texts of registers made safe for tables and files: no control characters, nothing that cannot be encoded."""
    codes, distinct = pd.factorize(values)
    clean = np.empty(len(distinct) + 1, dtype=object)  # the last, -1, is None
    clean[:-1] = [
        text if text.isprintable() else "".join(" " if unicodedata.category(c) in _UNFIT else c for c in text)
        for text in distinct
    ]
    return clean[codes]


def usable_texts(values: Any) -> Texts:
    """As `clean_texts`, without surrounding blanks; None where no text remains."""
    found = np.empty(len(values), dtype=object)
    found[:] = values
    codes, distinct = pd.factorize(clean_texts(found))
    usable: Texts = np.array([text.strip() or None for text in distinct] + [None], dtype=object)
    return usable[codes]


def text_column(values: Any) -> "pd.Series[str]":
    """Objects as a column of texts."""
    return pd.Series(pd.array(values, dtype="str"))


def refusal(asset: str, key: str, code: str, detail: Mapping[str, str]) -> Rejection:
    """Makes a rejection that counts as unchanged as long as its code and detail are the same.

    Args:
        asset: The asset that refuses the record.
        key: The record's key within the asset.
        code: A code of the catalogue.
        detail: The values of the placeholders in the code's text.

    Returns:
        The rejection; its `content` is a hash of code and detail.
    """
    content = fingerprint(code, *(f"{name}\x1e{detail[name]}" for name in sorted(detail)))
    return Rejection(asset, key, code, dict(detail), content=content)
