"""The use case that sums up sales: the receipts of the last business days, read in batches."""

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd

from cloudkasse_etl.schemas.wire_receipts import MalformedError, Receipt, read_receipt
from cloudkasse_etl.state.stores.books.sales import COUNTED, FATES, NO_EFFECT, SalesReader
from cloudkasse_etl.state.stores.state_stores import StateStores
from cloudkasse_etl.transform.receipt_frames import flatten
from cloudkasse_etl.transform.stock.units import ratio
from cloudkasse_etl.transform.turnover_sums import UNKNOWN_HOUR, TurnoverFrames, added, tally

DAYS = 30
TOP = 10


@dataclass(frozen=True, slots=True)
class Share:
    """A part of the turnover.

    Attributes:
        key: A VAT rate ("" without VAT), a register or a tender.
        name: The name of a tender Unbar.
        gross_cents: Gross, in the books' currency.
        receipts: How many receipts; None where a receipt can be in several parts.
    """

    key: str
    gross_cents: int
    name: str = ""
    receipts: int | None = None


@dataclass(frozen=True, slots=True)
class Day:
    """A business day."""

    day: dt.date
    receipts: int
    gross_cents: int


@dataclass(frozen=True, slots=True)
class Hour:
    """An hour of the day, over all days."""

    hour: int
    receipts: int
    gross_cents: int


@dataclass(frozen=True, slots=True)
class ArticleSales:
    """An article's sales less its returns; `article` is "" for all lines that name none.

    `quantity_milli` is None where it was sold in units that cannot be added up.
    """

    article: str
    text: str
    unit: str
    gross_cents: int
    quantity_milli: int | None


@dataclass(frozen=True, slots=True)
class OtherCurrency:
    """The sales of the same days in another currency than that of the other figures."""

    currency: str
    receipts: int
    gross_cents: int


@dataclass(frozen=True, slots=True)
class Fate:
    """Receipts by their status.

    Attributes:
        name: One of `state.sales.FATES`.
        receipts: How many, of any kind.
        gross_cents: Their turnover in the books' currency; None where there is none.
        total_cents: The sum of their totals in that currency, as all that counts receipts tells it: vouchers and cash
            that came in or went out are in it, which are no turnover.
        reasons: Why they have no effect, where they have none: reason → how many.
    """

    name: str
    receipts: int
    gross_cents: int | None = None
    total_cents: int = 0
    reasons: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Turnover:
    """The sales of some business days.

    Attributes:
        days: By day, in order; a day of cash movements only has none.
        hours: By hour of the shop's clock, in order.
        rates, registers, tenders: Largest first. Tenders are the payments of receipts with turnover.
        by_turnover: The articles with the largest turnover.
        by_quantity: The articles that were sold most, by unit, the unit with most lines first: 2 kg are not more
            than 1 piece.
        refused: Receipts that were refused on arrival and count nowhere.
        currency: Of all amounts: that of the last day. Receipts of another than the books' are refused on arrival, but
            the books' may have changed.
        fates: All receipts of the days by status, each once. The turnover is that of receipts which are
            booked or to be booked.
        others: Sales in further currencies, which no other figure includes; most receipts first.
    """

    days: tuple[Day, ...] = ()
    hours: tuple[Hour, ...] = ()
    rates: tuple[Share, ...] = ()
    registers: tuple[Share, ...] = ()
    tenders: tuple[Share, ...] = ()
    by_turnover: tuple[ArticleSales, ...] = ()
    by_quantity: tuple[tuple[str, tuple[ArticleSales, ...]], ...] = ()
    refused: int = 0
    currency: str = ""
    others: tuple[OtherCurrency, ...] = ()
    fates: tuple[Fate, ...] = ()

    @property
    def gross_cents(self) -> int:
        """The turnover, gross."""
        return sum(day.gross_cents for day in self.days)

    @property
    def receipts(self) -> int:
        """How many receipts have turnover."""
        return sum(day.receipts for day in self.days)


def sum_up_sales(store: StateStores, zone: ZoneInfo, *, until: dt.datetime | None = None, days: int = DAYS) -> Turnover:
    """Sums up the last business days that have receipts.

    Args:
        store: Our own tables, open for reading.
        zone: The shop's time zone.
        until: Only receipts that were staged by then; None: all.
        days: How many business days at most.

    Returns:
        The sums, in gross cents.

    Raises:
        StateUnavailableError: Our own tables cannot be reached.
    """
    reader = SalesReader(store.connection, until)
    period = reader.days(days)
    first, last = (period[0], period[-1]) if period else (dt.date.min, dt.date.max)
    found, by_fate = _read(reader.raw(first, last), zone)
    counts, reasons = reader.fates(first, last), reader.reasons(first, last)
    if not found:
        known = {name for by_currency in counts.values() for name in by_currency if name}
        currency = min(by_fate or known, default="")
        return Turnover(
            refused=reader.refused(),
            fates=_fates(counts, by_fate.get(currency, {}), reasons, currency),
            currency=currency,
        )
    currency, sums = max(found.items(), key=lambda one: (one[1].days["day"].max(), _receipts(one[1]), one[0]))
    others = [
        OtherCurrency(other, _receipts(part), int(part.days["gross_cents"].sum()))
        for other, part in found.items()
        if other != currency
    ]
    return Turnover(
        days=tuple(
            Day(dt.date.fromisoformat(row["day"]), row["receipts"], row["gross_cents"]) for row in _rows(sums.days)
        ),
        hours=tuple(Hour(**row) for row in _rows(sums.hours) if row["hour"] != UNKNOWN_HOUR),
        rates=tuple(Share(row["vat_rate"], row["gross_cents"]) for row in _rows(_largest(sums.rates))),
        registers=tuple(
            Share(row["register"], row["gross_cents"], receipts=row["receipts"])
            for row in _rows(_largest(sums.registers))
        ),
        tenders=tuple(Share(row["tender"], row["gross_cents"], row["name"]) for row in _rows(_largest(sums.tenders))),
        by_turnover=_by_turnover(sums.articles),
        by_quantity=_by_quantity(sums.articles),
        refused=reader.refused(),
        currency=currency,
        fates=_fates(counts, by_fate[currency], reasons, currency),
        others=tuple(sorted(others, key=lambda other: (-other.receipts, other.currency))),
    )


def _read(
    batches: Iterable[list[tuple[str, bytes]]], zone: ZoneInfo
) -> tuple[dict[str, TurnoverFrames], dict[str, Counter[str]]]:
    """The sums for each currency that has turnover, and the turnover in cents by currency and status."""
    sums: dict[str, TurnoverFrames] = {}
    by_fate: dict[str, Counter[str]] = {}
    for batch in batches:
        groups: dict[tuple[str, str], list[Receipt]] = {}
        for fate, raw in batch:
            with suppress(MalformedError):  # an unreadable one was dismissed by a person
                receipt = read_receipt(raw)
                groups.setdefault((receipt.currency, fate), []).append(receipt)
        for (currency, fate), receipts in groups.items():
            part = tally(flatten(receipts), zone)
            by_fate.setdefault(currency, Counter())[fate] += int(part.days["gross_cents"].sum())
            if fate in COUNTED:
                sums[currency] = added(sums[currency], part) if currency in sums else part
    return {currency: part for currency, part in sums.items() if len(part.days)}, by_fate


def _fates(
    counts: Mapping[str, Mapping[str, tuple[int, int]]],
    gross_cents: Mapping[str, int],
    reasons: Mapping[str, int],
    currency: str,
) -> tuple[Fate, ...]:
    named = [*(fate for fate in FATES if fate in counts), *sorted(counts.keys() - set(FATES))]
    return tuple(
        Fate(
            fate,
            sum(count for count, _ in counts[fate].values()),
            gross_cents.get(fate),
            counts[fate].get(currency, (0, 0))[1],
            reasons if fate == NO_EFFECT else {},
        )
        for fate in named
    )


def _receipts(sums: TurnoverFrames) -> int:
    return int(sums.days["receipts"].sum())


def _by_turnover(articles: pd.DataFrame) -> tuple[ArticleSales, ...]:
    """The articles with the largest turnover, over all units; a quantity is in the unit of most lines."""
    by_lines = articles.sort_values("lines", ascending=False, kind="stable")
    how = {"unit": "first", "text": "last", "gross_cents": "sum", "quantity_milli": "sum"}
    top = _articles(_largest(by_lines.groupby("article", as_index=False).agg(how)).head(TOP))
    quantities = by_lines[by_lines["article"].isin([one.article for one in top])].groupby("article")
    units = {str(article): (rows["unit"].tolist(), rows["quantity_milli"].tolist()) for article, rows in quantities}
    return tuple(replace(one, quantity_milli=_sum_of(*units[one.article])) for one in top)


def _sum_of(units: list[str], quantities: list[int]) -> int | None:
    """The sum of quantities, converted to the first unit; None if one cannot be converted."""
    sizes = [ratio(unit, units[0]) for unit in units]
    if None in sizes:
        return None
    return round(sum((size or 0) * quantity for size, quantity in zip(sizes, quantities, strict=True)))


def _by_quantity(articles: pd.DataFrame) -> tuple[tuple[str, tuple[ArticleSales, ...]], ...]:
    named = articles[articles["article"] != ""]
    units = named.groupby("unit")["lines"].sum().sort_values(ascending=False, kind="stable").index
    return tuple(
        (str(unit), _articles(_largest(named[named["unit"] == unit], "quantity_milli").head(TOP))) for unit in units[:2]
    )


def _largest(frame: pd.DataFrame, by: str = "gross_cents") -> pd.DataFrame:
    return frame.sort_values(by, ascending=False, kind="stable")


def _articles(frame: pd.DataFrame) -> tuple[ArticleSales, ...]:
    names = ["article", "text", "unit", "gross_cents", "quantity_milli"]
    return tuple(ArticleSales(**row) for row in _rows(frame[names]))


def _rows(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows with Python's own numbers; only of frames that are small."""
    return [{str(name): value for name, value in row.items()} for row in frame.to_dict("records")]
