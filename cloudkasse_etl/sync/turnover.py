"""The use case that sums up what was sold: the receipts of the last business days, read in batches."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd

from cloudkasse_etl.schemas.receipts import read_receipt
from cloudkasse_etl.state.sales import SalesReader
from cloudkasse_etl.state.store import StateStore
from cloudkasse_etl.transform.receipts import flatten
from cloudkasse_etl.transform.turnover import UNKNOWN_HOUR, TurnoverFrames, added, tally

DAYS = 30
TOP = 10


@dataclass(frozen=True, slots=True)
class Share:
    """A part of the turnover.

    Attributes:
        key: What the part is of: a VAT rate ("" without VAT), a register, a tender.
        name: More about it: the name of a tender Unbar.
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
    """An article's sales less its returns; `article` is "" for all lines that name none."""

    article: str
    text: str
    unit: str
    gross_cents: int
    quantity_milli: int


@dataclass(frozen=True)
class Turnover:
    """What was sold on some business days.

    Attributes:
        days: By day, in order; a day of cash movements only has none.
        hours: By hour of the shop's clock, in order.
        rates, registers, tenders: Largest first. Tenders are what was paid on receipts with turnover.
        by_turnover: The articles that brought most.
        by_quantity: The articles that were sold most, by unit, the unit with most lines first: 2 kg are not more
            than 1 piece.
        refused: Receipts that were refused on arrival and count nowhere.
        currency: Of all amounts: receipts of another than the books' are refused on arrival.
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

    @property
    def gross_cents(self) -> int:
        """The turnover, gross."""
        return sum(day.gross_cents for day in self.days)

    @property
    def receipts(self) -> int:
        """How many receipts have turnover."""
        return sum(day.receipts for day in self.days)


def sum_up_sales(store: StateStore, zone: ZoneInfo, *, until: dt.datetime | None = None, days: int = DAYS) -> Turnover:
    """Sums up the last business days that have receipts.

    Args:
        store: Our own tables, open for reading.
        zone: The shop's time zone.
        until: Only receipts that were staged by then; None: all.
        days: How many business days at most.

    Raises:
        StateUnavailableError: Our own tables cannot be reached.
    """
    reader = SalesReader(store, until)
    period = reader.days(days)
    sums, currency = _read(reader.raw(period[0], period[-1]), zone) if period else (None, "")
    if sums is None or not len(sums.days):
        return Turnover(refused=reader.refused())
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
        by_turnover=_articles(_largest(_over_units(sums.articles)).head(TOP)),
        by_quantity=_by_quantity(sums.articles),
        refused=reader.refused(),
        currency=currency,
    )


def _read(batches: Iterable[list[bytes]], zone: ZoneInfo) -> tuple[TurnoverFrames | None, str]:
    sums: TurnoverFrames | None = None
    currency = ""
    for batch in batches:
        frames = flatten([read_receipt(raw) for raw in batch])
        currency = str(frames.heads["currency"].iloc[0])
        part = tally(frames, zone)
        sums = part if sums is None else added(sums, part)
    return sums, currency


def _over_units(articles: pd.DataFrame) -> pd.DataFrame:
    how = {"unit": "last", "text": "last", "gross_cents": "sum", "quantity_milli": "sum"}
    return articles.groupby("article", as_index=False).agg(how)


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
