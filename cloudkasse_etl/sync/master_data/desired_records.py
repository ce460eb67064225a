"""Computes the records that the cloud should have, and which others may be retired. Nothing is sent here."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from itertools import islice

import numpy as np
import orjson
import pandas as pd
from pandera.pandas import DataFrameModel

from cloudkasse_etl.arrow_lookup import is_among
from cloudkasse_etl.config.settings import Settings
from cloudkasse_etl.entities import ARTICLES, COMPANY, EMPLOYEES, PRICES, REGISTERS, Kind
from cloudkasse_etl.erp.selectline import erp_tables
from cloudkasse_etl.rejections.record_names import natural_place
from cloudkasse_etl.rejections.rejection import Rejection
from cloudkasse_etl.schemas.articles import ArticleExtract, ArticlePayload
from cloudkasse_etl.schemas.company import CompanyExtract, CompanyPayload
from cloudkasse_etl.schemas.employees import EmployeeExtract, EmployeePayload
from cloudkasse_etl.schemas.prices import PriceExtract, PricePayload
from cloudkasse_etl.schemas.registers import RegisterExtract, RegisterPayload
from cloudkasse_etl.state.stores.state_stores import StateStores
from cloudkasse_etl.state.stores.waiting_records import KEPT, Waiting
from cloudkasse_etl.sync.inputs.article_subset import Scope, Subset
from cloudkasse_etl.sync.inputs.extracts import Extract
from cloudkasse_etl.sync.run.report import Deferral
from cloudkasse_etl.sync.run.session import SyncSession
from cloudkasse_etl.transform import payloads

EXAMPLES = 5
_BARS = 3  # between the four parts of a price's key
_ARTICLE_FIRST = "article_required"


@dataclass(frozen=True)
class Desired:
    """The records of one kind that the cloud should have.

    Attributes:
        payload: The records, as the Payload contract has them.
        may_retire: Returns, for keys of records that are no longer desired, which of them may be retired.
        waiting: Records that wait for others, by what they wait for; they are not in the payload.
    """

    payload: pd.DataFrame
    may_retire: Callable[["pd.Series[str]"], "pd.Series[bool]"]
    waiting: tuple[Deferral, ...] = ()


@dataclass(frozen=True)
class Flow:
    """The processing of one kind of record from the ERP to the cloud.

    Attributes:
        extract: The contract of the records that are read.
        payload: The contract of the records that are sent.
        read: Reads and checks the ERP's records; once a run, however often it is called.
        desired: Computes the records that the cloud should have.

    Both take the scope of the run, which matters to kinds whose records belong to an article each.
    """

    extract: type[DataFrameModel]
    payload: type[DataFrameModel]
    read: Callable[[SyncSession, Scope], Extract]
    desired: Callable[[SyncSession, Scope], Desired]


def _company(session: SyncSession, _: Scope) -> Desired:
    company = session.settings.company
    payload = payloads.company_payload(
        session.sources.company.frame, number=company.number, vat_id=company.vat_id, tax_number=company.tax_number
    )
    return Desired(payload, _none)  # a company has no `active`, so it is never retired


def _registers(session: SyncSession, _: Scope) -> Desired:
    extract = session.sources.registers
    return Desired(payloads.active_payload(extract.frame, RegisterPayload), _unless_in(extract.held))


def _articles(session: SyncSession, scope: Scope) -> Desired:
    goods = scope.goods_of(session.sources)
    extract = goods.articles
    payload = payloads.article_payload(extract.frame, goods.rates, session.as_of)
    return Desired(payload, _unless_in(extract.held))


def _prices(session: SyncSession, scope: Scope) -> Desired:
    goods, store = scope.goods_of(session.sources), session.store
    gross = goods.gross
    among = scope.numbers if isinstance(scope, Subset) else None
    in_cloud = store.synced.all(ARTICLES.name) if among is None else store.synced.among(ARTICLES.name, among)
    held_articles = in_cloud.loc[in_cloud["active"], "key"]
    ready = is_among(gross.prices["article"], held_articles)
    waiting = pd.concat([gross.prices.loc[~ready, ["article", "key"]], gross.waiting], ignore_index=True)
    # A retired article's prices stay unchanged, and so do those of a group that no register uses any more, and
    # those that may be a refused price's.
    used = {register.price_group for register in session.settings.registers}
    selling = goods.articles.frame["number"]
    refused = goods.prices.held

    def may_retire(keys: "pd.Series[str]") -> "pd.Series[bool]":
        article, group = _article_and_group(keys, store)
        held = _held(keys, article, group, gross.held)
        return group.isin(used) & ~article.isin(refused) & ~held & is_among(article, selling)

    each = _by_article(waiting)
    if among is not None:
        elsewhere = store.waiting.of(session.kind(PRICES.name).cloud)
        each += [w for w in elsewhere if w.code == _ARTICLE_FIRST and w.awaited not in among]
    currency = session.sources.currency or ""
    payload = payloads.price_payload(gross.prices[ready].drop(columns=["key"]), currency=currency)
    return Desired(payload, may_retire, _deferrals(each, store))


def _article_and_group(keys: "pd.Series[str]", store: StateStores) -> tuple["pd.Series[str]", "pd.Series[str]"]:
    """Article and price group of prices in the cloud; where a number contains a `|` too, the record itself is read."""
    parts = keys.str.rsplit("|", n=3)
    article, group = parts.str[0].astype("str"), parts.str[1].astype("str")
    unclear = keys.str.count(r"\|") > _BARS
    if not unclear.any():
        return article, group
    items = {
        key: orjson.loads(content) for key, content in store.synced.contents(PRICES.name, list(keys[unclear])).items()
    }
    articles, groups = ({key: item[name] for key, item in items.items()} for name in ("article", "price_group"))
    return keys.map(articles).fillna(article).astype("str"), keys.map(groups).fillna(group).astype("str")


def _held(
    keys: "pd.Series[str]", article: "pd.Series[str]", group: "pd.Series[str]", held: pd.DataFrame
) -> "pd.Series[bool]":
    """Which prices in the cloud may belong to a refused price (`GrossPrices.held`)."""
    near = is_among(article, held["article"])
    parts = keys[near].str.rsplit("|", n=2)
    found = pd.DataFrame({"article": article[near], "price_group": group[near]})
    found = found.assign(quantity=parts.str[1], begins=parts.str[2], at=np.flatnonzero(near))
    pairs = found.merge(held, on=["article", "price_group"])
    same = pairs["min_quantity"].isna() | (pairs["min_quantity"] == pairs["quantity"])
    pairs = pairs[same & (pairs["begins"] >= pairs["first"]) & (pairs["begins"] <= pairs["last"])]
    return pd.Series(np.isin(np.arange(len(keys)), pairs["at"].to_numpy()), index=keys.index, dtype=bool)


def _by_article(waiting: pd.DataFrame) -> list[Waiting]:
    found: dict[str, list[str]] = {}
    for article, key in zip(waiting["article"].tolist(), waiting["key"].tolist(), strict=True):
        found.setdefault(article, []).append(key)
    return [Waiting(_ARTICLE_FIRST, article, len(keys), tuple(keys[:KEPT])) for article, keys in found.items()]


def _deferrals(each: list[Waiting], store: StateStores) -> tuple[Deferral, ...]:
    """Describes prices that wait for articles: the first article, how many more there are, and the first prices."""
    if not each:
        return ()
    each = sorted(each, key=lambda one: natural_place(one.awaited))
    (article,) = store.rejections.named([Rejection(ARTICLES.extract, each[0].awaited, "")])
    detail = {"value": article.name(), "more": str(len(each) - 1)}
    examples = tuple(islice((key for one in each for key in one.examples), EXAMPLES))
    return (Deferral(_ARTICLE_FIRST, sum(one.count for one in each), examples, detail, tuple(each)),)


def _none(keys: "pd.Series[str]") -> "pd.Series[bool]":
    return pd.Series(False, index=keys.index)


def _unless_in(held: frozenset[str]) -> Callable[["pd.Series[str]"], "pd.Series[bool]"]:
    return lambda keys: ~keys.isin(held)


def _read_articles(session: SyncSession, scope: Scope) -> Extract:
    return scope.goods_of(session.sources).articles


def _read_prices(session: SyncSession, scope: Scope) -> Extract:
    return scope.goods_of(session.sources).prices


def _of_table(
    kind: Kind,
    source: erp_tables.Source,
    extract: type[DataFrameModel],
    payload: type[DataFrameModel],
    made: Callable[[pd.DataFrame], pd.DataFrame] | None = None,
    chosen: Callable[[Settings], Collection[str] | None] = lambda settings: None,
) -> Flow:
    """The flow of a kind whose records are the rows of one table, each uploaded independently.

    Args:
        kind: The kind of record.
        source: The table and its columns.
        extract: The contract of the records that are read.
        payload: The contract of the records that are sent.
        made: Makes the payload of the extract; None where nothing but `active` is added.
        chosen: Returns the numbers that the settings name; None for all records.
    """

    def read(session: SyncSession, _: Scope) -> Extract:
        return session.sources.records(kind, source, extract, chosen(session.settings))

    def desired(session: SyncSession, scope: Scope) -> Desired:
        found = read(session, scope)
        frame = made(found.frame) if made else payloads.active_payload(found.frame, payload)
        return Desired(frame, _unless_in(found.held))

    return Flow(extract, payload, read, desired)


def _chosen_employees(settings: Settings) -> Collection[str] | None:
    return None if settings.employees.numbers == "all" else settings.employees.numbers


FLOWS: Mapping[str, Flow] = {
    COMPANY.name: Flow(CompanyExtract, CompanyPayload, lambda session, _: session.sources.company, _company),
    REGISTERS.name: Flow(RegisterExtract, RegisterPayload, lambda session, _: session.sources.registers, _registers),
    EMPLOYEES.name: _of_table(
        EMPLOYEES, erp_tables.EMPLOYEES, EmployeeExtract, EmployeePayload, payloads.employee_payload, _chosen_employees
    ),
    ARTICLES.name: Flow(ArticleExtract, ArticlePayload, _read_articles, _articles),
    PRICES.name: Flow(PriceExtract, PricePayload, _read_prices, _prices),
}
"""The flow of each of `KINDS`, by its name."""
