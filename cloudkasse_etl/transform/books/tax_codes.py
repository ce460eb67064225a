"""Finds the ERP's tax code and revenue account for a line's article and rate on its day (docs/rules.md)."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from cloudkasse_etl.transform.books.ledger import Ledger, Texts, texts
from cloudkasse_etl.transform.receipt_frames import Booleans, Integers

NO_VAT = "0.00"
SEVERAL_ACCOUNTS = "revenue_account_ambiguous"

_Days = npt.NDArray[np.datetime64]
# Position of an unknown day: of no period, while 0 means the time before the first period.
_UNKNOWN = -1


@dataclass(frozen=True)
class LineTaxCodes:
    """The ERP's tax code and account of each line.

    Attributes:
        revenue_account: The account that article and rate lead to; None where the ERP names none, or several.
        tax_code: The article's own code if it has the line's rate; else that by which the account was found; else
            the only code that has this rate; else None.
        is_unexpected: True where the article's own code has another rate, also on the other days that may count.
        own_code: The article's own code, None where there is no article or it has none.
        contradiction: Contradicting data in the ERP that this line depends on; else None.
    """

    revenue_account: Texts
    tax_code: Texts
    is_unexpected: Booleans
    own_code: Texts
    contradiction: npt.NDArray[np.object_]


class Contradiction(NamedTuple):
    """A code of the catalogue, and the values of its placeholders."""

    code: str
    detail: tuple[tuple[str, str], ...]

    @property
    def is_cured_by_settings(self) -> bool:
        """Whether the settings name what is ambiguous in the ERP, so that the line can be booked nevertheless."""
        return self.code == SEVERAL_ACCOUNTS


class _Article(NamedTuple):
    tax_code: str | None
    revenue_group: str | None
    revenue_account: str | None


class _Choice(NamedTuple):
    revenue_account: str | None
    tax_code: str | None
    is_unexpected: bool
    own_code: str | None
    contradiction: Contradiction | None


def find_tax_codes(lines: pd.DataFrame, rates: Texts, heads: pd.DataFrame, ledger: Ledger) -> LineTaxCodes:
    """Looks up each line's tax code and revenue account in the ERP's tables.

    The business day decides; where the line's rate is not in force then, also the day on which the receipt ended (a
    night shop sells past midnight, when rates change), and the day of the receipt that it voids. Values that a void
    takes over from its booked original are not looked up here.

    Args:
        lines: Lines with receipt and article.
        rates: The rate that each is booked with.
        heads: The receipts.
        ledger: Articles, revenue accounts and rates.

    Returns:
        A row for each line.
    """
    periods = _Periods(ledger)
    receipt = lines["receipt"].to_numpy("int64")
    article_codes, articles = pd.factorize(lines["article"].to_numpy(dtype=object))
    rate_codes, distinct_rates = pd.factorize(rates)
    # Thousands of articles on dozens of days, but rates change on few of them: so there are few distinct lookups.
    questions = np.column_stack([article_codes, rate_codes, *(days[receipt] for days in periods.of(heads, ledger))])
    distinct, answer_of = _distinct_rows(questions.astype("int64"))
    catalogue = _Catalogue(ledger, periods)
    answers = [
        catalogue.choice(
            None if article < 0 else articles[article],
            None if rate < 0 else distinct_rates[rate],
            tuple(dict.fromkeys(day for day in days if day != _UNKNOWN)),
        )
        for article, rate, *days in distinct.tolist()
    ]
    columns = pd.DataFrame(answers, columns=list(_Choice._fields), dtype=object).iloc[answer_of]
    return LineTaxCodes(
        texts(columns["revenue_account"]),
        texts(columns["tax_code"]),
        columns["is_unexpected"].to_numpy(bool) & ~_rate_of_voided(rates, receipt, heads, ledger),
        texts(columns["own_code"]),
        texts(columns["contradiction"]),
    )


def _distinct_rows(rows: Integers) -> tuple[Integers, Integers]:
    """The distinct rows and, for each row, which of them it is."""
    keys = np.zeros(len(rows), dtype="int64")
    for column in rows.T:
        # numbered from 0 again after each column, so that the product never exceeds 64 bits
        _, keys = np.unique(keys * (column.max(initial=0) + 2) + column + 1, return_inverse=True)
    _, first, inverse = np.unique(keys, return_index=True, return_inverse=True)
    return rows[first], inverse


def _rate_of_voided(rates: Texts, receipt: Integers, heads: pd.DataFrame, ledger: Ledger) -> Booleans:
    """Where a line's rate is a rate of the receipt that its own receipt voids."""
    result = np.zeros(len(rates), dtype=bool)
    ids = heads["receipt_id"].to_numpy(dtype=object)
    for row in np.flatnonzero(heads["receipt_id"].isin(list(ledger.mirrors)).to_numpy(bool)[receipt]):
        result[row] = rates[row] in ledger.mirrors[ids[receipt[row]]].rates
    return result


class _Periods:
    """The periods between two changes of any rate."""

    def __init__(self, ledger: Ledger) -> None:
        self._rates = ledger.rates
        starts = np.sort(ledger.rates.periods["start"].unique())
        self._starts = np.asarray(starts, dtype="datetime64[D]")
        self._known: dict[int, dict[str, int]] = {0: {}}

    def of(self, heads: pd.DataFrame, ledger: Ledger) -> Iterator[Integers]:
        """The periods of the days that may count for each receipt, the preferred one first."""
        yield self._number(np.asarray(heads["business_day"].to_numpy(dtype=object), dtype="datetime64[D]"))
        yield self._number(_day_of_ending(heads, ledger.zone))
        mirrors = [ledger.mirrors.get(receipt_id) for receipt_id in heads["receipt_id"]]
        voided = [(found.business_day if found else None) or "NaT" for found in mirrors]
        days = np.array(voided, dtype="datetime64[D]")
        yield self._number(days)

    def _number(self, days: _Days) -> Integers:
        numbers = np.searchsorted(self._starts, days, side="right").astype("int64")
        return np.where(np.isnat(days), _UNKNOWN, numbers)

    def rates(self, period: int) -> dict[str, int]:
        """The rate in basis points of every code that has one in this period."""
        found = self._known.get(period)
        if found is None:
            day: dt.date = self._starts[period - 1].item()
            found = self._known[period] = self._rates.on(day)
        return found


def _day_of_ending(heads: pd.DataFrame, zone: dt.tzinfo) -> _Days:
    """The shop's day on which a receipt ended; NaT where the time cannot be parsed."""
    ended = pd.to_datetime(heads["ended_at"], utc=True, errors="coerce", format="ISO8601")
    local = ended.dt.tz_convert(zone).dt.tz_localize(None)
    return local.to_numpy().astype("datetime64[D]")


class _Catalogue:
    """The ERP's articles and revenue accounts."""

    def __init__(self, ledger: Ledger, periods: _Periods) -> None:
        self._periods = periods
        frame = ledger.articles
        columns = [texts(frame[name]) for name in ("tax_code", "revenue_group", "revenue_account")]
        self._articles: dict[Any, _Article] = dict(
            zip(texts(frame["number"]), map(_Article._make, zip(*columns, strict=True)), strict=True)
        )
        self._ambiguous = _ambiguous(frame)
        self._rates = ledger.rates
        self._known: dict[tuple[str, tuple[int, ...]], list[list[str]]] = {}
        self._accounts: dict[str, dict[str, set[str]]] = {}
        groups = [texts(ledger.revenue_groups[name]) for name in ("revenue_group", "tax_code", "account")]
        for group, code, account in zip(*groups, strict=True):
            if group and code and account:
                self._accounts.setdefault(group, {}).setdefault(code, set()).add(account)

    def choice(self, number: str | None, rate: str | None, periods: tuple[int, ...]) -> _Choice:
        """Account and tax code of an article sold at a rate in one of several periods."""
        article = self._articles.get(number, _Article(None, None, None))
        has_rate = self._codes(rate or NO_VAT, periods)
        is_own = any(article.tax_code in codes for codes in has_rate)
        account, by_code = article.revenue_account if is_own else None, None
        if not account:
            account, by_code = self._group_account(article, is_own, has_rate)
        code = article.tax_code if is_own else by_code or _only(next(filter(None, has_rate), []))
        return _Choice(
            account,
            None if rate is None else code,
            article.tax_code is not None and not is_own,
            article.tax_code,
            self._contradiction(number, article, account, is_own, has_rate),
        )

    def _contradiction(
        self, number: str | None, article: _Article, account: str | None, is_own: bool, has_rate: list[list[str]]
    ) -> Contradiction | None:
        if number in self._ambiguous:
            return self._ambiguous[number]
        code = article.tax_code or ""
        if fault := self._rates.fault(code):
            refusal, found = fault
            return Contradiction(refusal, (("value", code), ("rates", found)))
        if account:
            return None
        group, accounts = article.revenue_group or "", self._accounts.get(article.revenue_group or "", {})
        asked = (
            [code]
            if is_own and code in accounts
            else next(
                ([code for code in codes if code in accounts] for codes in has_rate if accounts.keys() & codes), []
            )
        )
        for one in asked:
            if len(accounts[one]) > 1:
                detail = (("group", group), ("value", one), ("accounts", ", ".join(sorted(accounts[one]))))
                return Contradiction(SEVERAL_ACCOUNTS, detail)
        return None

    def _codes(self, rate: str, periods: tuple[int, ...]) -> list[list[str]]:
        """The codes that have this rate, by period."""
        found = self._known.get((rate, periods))
        if found is None:
            points = int(rate.replace(".", ""))
            found = self._known[rate, periods] = [
                [code for code, its_points in self._periods.rates(period).items() if its_points == points]
                for period in periods
            ]
        return found

    def _group_account(
        self, article: _Article, is_own: bool, has_rate: list[list[str]]
    ) -> tuple[str | None, str | None]:
        """The account of the article's revenue group at a code that has the rate, and that code."""
        accounts = self._accounts.get(article.revenue_group or "", {})
        own = accounts.get(article.tax_code or "", set()) if is_own else set()
        if own:
            return _only(own), article.tax_code
        for codes in has_rate:
            found = {code: accounts[code] for code in codes if code in accounts}
            if found:
                # codes of one rate lead to different accounts: ambiguous in the ERP, so the setting must decide
                return _only(set().union(*found.values())), _only(found)
        return None, None


_COLUMNS = {
    "tax_code": "SSVerkauf",
    "revenue_group": "Erfolgskontengruppe",
    "revenue_account": "KontoVerkauf",
    "stock_item": "Lagerartikel",
    "service_item": "Leistungsartikel",
    "trade_set": "Stueckliste",
    "serial": "SerieCharge",
    "unit": "Mengeneinheit",
}


def _ambiguous(articles: pd.DataFrame) -> dict[Any, Contradiction]:
    """Articles with several rows in the ERP that differ in what booking needs."""
    rows = articles[articles["number"].duplicated(keep=False)]
    found: dict[Any, Contradiction] = {}
    for number, mine in rows.groupby("number"):
        differing = [column for name, column in _COLUMNS.items() if mine[name].nunique(dropna=False) > 1]
        if differing:
            detail = (("value", str(number)), ("columns", ", ".join(differing)))
            found[number] = Contradiction("article_ambiguous", detail)
    return found


def _only(values: Any) -> str | None:
    """The single distinct value, else None."""
    return str(next(iter(values))) if len(values) == 1 else None
