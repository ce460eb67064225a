"""What booking has to know besides the receipts: settings, articles and rates. How it is used lies in booking.py."""

import datetime as dt
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import pandas as pd

from cloudkasse_etl.config.account_settings import Accounts
from cloudkasse_etl.config.settings import Register
from cloudkasse_etl.rejections.rejection import Rejection
from cloudkasse_etl.transform.books.reversals import Mirror
from cloudkasse_etl.transform.prices.vat_rates import VatRates

POSTINGS, MOVEMENTS = "revenue_postings", "stock_movements"

_PLAIN_KEY = re.compile(r"\w[\w-]*")

_UNFIT = ("Cc", "Cs", "Zl", "Zp")

Texts = npt.NDArray[np.object_]


@dataclass(frozen=True, slots=True)
class Review:
    """Why a receipt is booked and flagged for review as a whole.

    Attributes:
        code: A key of the failures' catalogue.
        detail: What fills its text.
    """

    code: str
    detail: Mapping[str, str]


@dataclass(frozen=True)
class Ledger:
    """What booking has to know besides the receipts.

    Attributes:
        accounts: The accounts of the settings.
        registers: The registers of the settings by number; one that sold in former times may be missing.
        currency: In which the books are kept, three letters; None where nobody says: nothing can be booked then.
        closed_until: The last day of the books' closed period.
        articles: The articles that occur, the components of trade sets among them, inactive ones as well: number,
            tax_code, revenue_group, revenue_account, unit (text or null), stock_item, service_item, trade_set,
            serial (bool). An article that is not here does not exist.
        revenue_groups: KTOGRUPPENPOS of revenues (AufwandErloes 'E'): revenue_group, tax_code, account.
        trade_sets: ARTSET: article, component, position (integer or null), quantity (float), unit.
        rates: The VAT rates of the ERP's tax codes by date.
        released: Receipts that were held for a person, who has let them through: nothing holds them any more, and
            their postings are flagged.
        mirrors: What each receipt that voids another takes over from it, by the void's id; all voids are in it.
        reviews: Receipts that are flagged for review as a whole, by id.
        in_kind_moves_stock: Whether goods taken in kind (AVSachbezug) leave the stock.
        zone: The shop's time zone, in which a time has its day.
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
    """A column's texts as objects; what is null in any way is None."""
    values = column.to_numpy(dtype=object, copy=True)
    values[column.isna().to_numpy()] = None
    return values


def clean_texts(values: Texts) -> Texts:
    """Texts of registers as any table and file takes them: no control characters, nothing that cannot be encoded."""
    codes, distinct = pd.factorize(values)
    clean = np.empty(len(distinct) + 1, dtype=object)  # the last, -1, is None
    clean[:-1] = [
        text if text.isprintable() else "".join(" " if unicodedata.category(c) in _UNFIT else c for c in text)
        for text in distinct
    ]
    return clean[codes]


def usable_texts(values: Any) -> Texts:
    """The same without blanks around them; None where nothing is left."""
    found = np.empty(len(values), dtype=object)
    found[:] = values
    codes, distinct = pd.factorize(clean_texts(found))
    usable: Texts = np.array([text.strip() or None for text in distinct] + [None], dtype=object)
    return usable[codes]


def text_column(values: Any) -> "pd.Series[str]":
    """Objects as a column of texts."""
    return pd.Series(pd.array(values, dtype="str"))


def setting_name(*keys: str) -> str:
    """A setting as a person looks it up in cloudkasse.yaml, `accounts.revenue."19.00"`."""
    return ".".join(key if _PLAIN_KEY.fullmatch(key) else f'"{key}"' for key in keys)


def refusal(asset: str, key: str, code: str, detail: Mapping[str, str]) -> Rejection:
    """A rejection that is the same one as long as its reason is, whatever else has changed meanwhile."""
    reason = "\x1f".join([code, *(f"{name}\x1e{detail[name]}" for name in sorted(detail))])
    content = blake2b(reason.encode("utf-8", "replace"), digest_size=16).hexdigest()
    return Rejection(asset, key, code, dict(detail), content=content)
