"""What the cloud should hold of each kind of record, and what of the rest may be retired. Nothing is sent here."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pandas as pd

from cloudkasse_etl.schemas.articles import ArticlePayload
from cloudkasse_etl.schemas.company import CompanyPayload
from cloudkasse_etl.schemas.employees import EmployeePayload
from cloudkasse_etl.schemas.prices import PricePayload
from cloudkasse_etl.schemas.registers import RegisterPayload
from cloudkasse_etl.state.waiting import Waiting
from cloudkasse_etl.sync.report import Deferral
from cloudkasse_etl.sync.session import SyncSession
from cloudkasse_etl.transform import payloads
from cloudkasse_etl.transform.membership import is_among

EXAMPLES = 5


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
    """How one kind of record goes up."""

    name: str
    asset: str
    model: Any
    desired: Callable[[SyncSession], Desired]
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
    extract = session.sources.articles
    payload = payloads.article_payload(extract.frame, session.sources.rates, session.as_of)
    return Desired(payload, _unless_in(extract.held))


def _prices(session: SyncSession) -> Desired:
    sources = session.sources
    gross = sources.gross
    in_cloud = session.store.synced("articles")
    held_articles = in_cloud.loc[in_cloud["active"], "key"]
    ready = is_among(gross.prices["article"], held_articles)
    waiting = pd.concat([gross.prices.loc[~ready, ["article", "key"]], gross.waiting], ignore_index=True)
    # A retired article's prices stay as they are, and so do those of a group that no register uses any more, and
    # those of an article or group with a refused price.
    used = {register.price_group for register in session.settings.registers}
    selling = sources.articles.frame["number"]
    refused = sources.prices.held
    refused_groups = set(zip(gross.held["article"], gross.held["price_group"], strict=True))

    def may_retire(keys: "pd.Series[str]") -> "pd.Series[bool]":
        parts = keys.str.rsplit("|", n=3)
        article, group = parts.str[0], parts.str[1]
        pairs = pd.Series(list(zip(article, group, strict=True)), index=keys.index, dtype=object)
        return group.isin(used) & ~article.isin(refused) & ~pairs.isin(refused_groups) & is_among(article, selling)

    deferrals: tuple[Deferral, ...] = ()
    if len(waiting):
        articles = waiting["article"].drop_duplicates()
        names = ", ".join(articles.head(EXAMPLES)) + (", …" if len(articles) > EXAMPLES else "")
        examples = tuple(waiting["key"].head(EXAMPLES))
        code = "article_required"
        by_article = waiting.groupby("article", sort=False)["key"].agg(["size", "first"])
        each = tuple(
            Waiting(code, article, count, (key,))
            for article, count, key in zip(
                by_article.index.tolist(), by_article["size"].tolist(), by_article["first"].tolist(), strict=True
            )
        )
        deferrals = (Deferral(code, len(waiting), examples, {"value": names}, each),)
    currency = sources.currency or ""
    payload = payloads.price_payload(gross.prices[ready].drop(columns=["key"]), currency=currency)
    return Desired(payload, may_retire, deferrals)


def _none(keys: "pd.Series[str]") -> "pd.Series[bool]":
    return pd.Series(False, index=keys.index)


def _unless_in(held: frozenset[str]) -> Callable[["pd.Series[str]"], "pd.Series[bool]"]:
    return lambda keys: ~keys.isin(held)


COMPANY = Entity("companies", "cloudkasse_company", CompanyPayload, _company)
REGISTERS = Entity("registers", "cloudkasse_registers", RegisterPayload, _registers)
EMPLOYEES = Entity("employees", "cloudkasse_employees", EmployeePayload, _employees)
ARTICLES = Entity(
    "articles",
    "cloudkasse_articles",
    ArticlePayload,
    _articles,
    needs_register=True,
    upstream=("cloudkasse_registers",),
)
PRICES = Entity(
    "prices",
    "cloudkasse_prices",
    PricePayload,
    _prices,
    needs_register=True,
    upstream=("cloudkasse_registers", "cloudkasse_articles"),
)
