"""What the cloud should hold of each kind of record, and what of the rest may be retired. Nothing is sent here."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import orjson
import pandas as pd

from cloudkasse_etl.arrow_lookup import is_among
from cloudkasse_etl.i18n.text import Text, say
from cloudkasse_etl.schemas.articles import ArticlePayload
from cloudkasse_etl.schemas.company import CompanyPayload
from cloudkasse_etl.schemas.employees import EmployeePayload
from cloudkasse_etl.schemas.prices import PricePayload
from cloudkasse_etl.schemas.registers import RegisterPayload
from cloudkasse_etl.state.stores.store import StateStore
from cloudkasse_etl.state.stores.waiting_records import Waiting, WaitingStore
from cloudkasse_etl.sync.run.report import Deferral
from cloudkasse_etl.sync.run.session import SyncSession
from cloudkasse_etl.transform import payloads

EXAMPLES = 5
_BARS = 3  # between the four parts of a price's key
_ARTICLE_FIRST = "article_required"


@dataclass(frozen=True)
class Desired:
    """What the cloud should hold of one kind of record.

    Attributes:
        payload: The records, as the Payload contract has them.
        may_retire: Of the keys of records that are no longer desired, which ones may be retired.
        waiting: Records that wait for something else, by what they wait for; they are not in the payload.
    """

    payload: pd.DataFrame
    may_retire: Callable[["pd.Series[str]"], "pd.Series[bool]"]
    waiting: tuple[Deferral, ...] = ()


@dataclass(frozen=True)
class Entity:
    """How one kind of record goes up.

    Attributes:
        name: As the wire calls it.
        asset: What brings it up.
        source: The asset whose records they are, under the same keys; one that is refused there goes no further.
        model: The contract of what goes up.
        desired: What the cloud should hold.
        noun: As people call such records.
        needs_register: Whether the cloud takes them only once it has a register.
        upstream: The assets that decide what the cloud takes.
    """

    name: str
    asset: str
    source: str
    model: Any
    desired: Callable[[SyncSession], Desired]
    noun: Text
    needs_register: bool = False
    upstream: tuple[str, ...] = ()


def _company(session: SyncSession) -> Desired:
    company = session.settings.company
    payload = payloads.company_payload(
        session.sources.company.frame, number=company.number, vat_id=company.vat_id, tax_number=company.tax_number
    )
    return Desired(payload, _none)  # a company has no `active`: it is never retired


def _registers(session: SyncSession) -> Desired:
    extract = session.sources.registers
    return Desired(payloads.register_payload(extract.frame), _unless_in(extract.held))


def _employees(session: SyncSession) -> Desired:
    extract = session.sources.employees
    return Desired(payloads.employee_payload(extract.frame), _unless_in(extract.held))


def _articles(session: SyncSession) -> Desired:
    extract = session.goods.articles
    payload = payloads.article_payload(extract.frame, session.goods.rates, session.as_of)
    return Desired(payload, _unless_in(extract.held))


def _prices(session: SyncSession) -> Desired:
    goods, part, store = session.goods, session.part, session.store
    gross = goods.gross
    in_cloud = store.synced("articles") if part is None else store.synced_among("articles", part.numbers)
    held_articles = in_cloud.loc[in_cloud["active"], "key"]
    ready = is_among(gross.prices["article"], held_articles)
    waiting = pd.concat([gross.prices.loc[~ready, ["article", "key"]], gross.waiting], ignore_index=True)
    # A retired article's prices stay as they are, and so do those of a group that no register uses any more, and
    # those that may be a refused price's.
    used = {register.price_group for register in session.settings.registers}
    selling = goods.articles.frame["number"]
    refused = goods.prices.held

    def may_retire(keys: "pd.Series[str]") -> "pd.Series[bool]":
        article, group = _article_and_group(keys, store)
        held = _held(keys, article, group, gross.held)
        return group.isin(used) & ~article.isin(refused) & ~held & is_among(article, selling)

    each = _by_article(waiting)
    if part is not None:
        elsewhere = WaitingStore(store).stored("cloudkasse_prices")
        each += [w for w in elsewhere if w.code == _ARTICLE_FIRST and w.awaited not in part.numbers]
    currency = session.sources.currency or ""
    payload = payloads.price_payload(gross.prices[ready].drop(columns=["key"]), currency=currency)
    return Desired(payload, may_retire, _deferrals(each))


def _article_and_group(keys: "pd.Series[str]", store: StateStore) -> tuple["pd.Series[str]", "pd.Series[str]"]:
    """Article and price group of prices that the cloud holds; where a number has a `|` too, the record itself tells."""
    parts = keys.str.rsplit("|", n=3)
    article, group = parts.str[0].astype("str"), parts.str[1].astype("str")
    unclear = keys.str.count(r"\|") > _BARS
    if not unclear.any():
        return article, group
    items = {key: orjson.loads(content) for key, content in store.contents("prices", list(keys[unclear])).items()}
    articles, groups = ({key: item[name] for key, item in items.items()} for name in ("article", "price_group"))
    return keys.map(articles).fillna(article).astype("str"), keys.map(groups).fillna(group).astype("str")


def _held(
    keys: "pd.Series[str]", article: "pd.Series[str]", group: "pd.Series[str]", held: pd.DataFrame
) -> "pd.Series[bool]":
    """Which prices of the cloud may be those of a refused price (`GrossPrices.held`)."""
    near = is_among(article, held["article"])
    parts = keys[near].str.rsplit("|", n=2)
    found = pd.DataFrame({"article": article[near], "price_group": group[near]})
    found = found.assign(quantity=parts.str[1], begins=parts.str[2], at=np.flatnonzero(near))
    pairs = found.merge(held, on=["article", "price_group"])
    same = pairs["min_quantity"].isna() | (pairs["min_quantity"] == pairs["quantity"])
    pairs = pairs[same & (pairs["begins"] >= pairs["first"]) & (pairs["begins"] <= pairs["last"])]
    return pd.Series(np.isin(np.arange(len(keys)), pairs["at"].to_numpy()), index=keys.index, dtype=bool)


def _by_article(waiting: pd.DataFrame) -> list[Waiting]:
    found = waiting.groupby("article", sort=False)["key"].agg(["size", "first"])
    columns = found.index.tolist(), found["size"].tolist(), found["first"].tolist()
    return [Waiting(_ARTICLE_FIRST, article, count, (key,)) for article, count, key in zip(*columns, strict=True)]


def _deferrals(each: list[Waiting]) -> tuple[Deferral, ...]:
    """What is told of prices that wait for articles: the first articles, and a price of each."""
    if not each:
        return ()
    each = sorted(each, key=lambda one: one.awaited)
    first = each[:EXAMPLES]
    names = ", ".join(one.awaited for one in first) + (", …" if len(each) > EXAMPLES else "")
    examples = tuple(key for one in first for key in one.examples)
    return (Deferral(_ARTICLE_FIRST, sum(one.count for one in each), examples, {"value": names}, tuple(each)),)


def _none(keys: "pd.Series[str]") -> "pd.Series[bool]":
    return pd.Series(False, index=keys.index)


def _unless_in(held: frozenset[str]) -> Callable[["pd.Series[str]"], "pd.Series[bool]"]:
    return lambda keys: ~keys.isin(held)


COMPANY = Entity("companies", "cloudkasse_company", "selectline_company", CompanyPayload, _company, say("company"))
REGISTERS = Entity(
    "registers", "cloudkasse_registers", "selectline_registers", RegisterPayload, _registers, say("registers")
)
EMPLOYEES = Entity(
    "employees", "cloudkasse_employees", "selectline_employees", EmployeePayload, _employees, say("employees")
)
ARTICLES = Entity(
    "articles",
    "cloudkasse_articles",
    "selectline_articles",
    ArticlePayload,
    _articles,
    say("articles"),
    needs_register=True,
    upstream=("cloudkasse_registers",),
)
PRICES = Entity(
    "prices",
    "cloudkasse_prices",
    "gross_prices",
    PricePayload,
    _prices,
    say("prices"),
    needs_register=True,
    upstream=("cloudkasse_registers", "cloudkasse_articles"),
)
