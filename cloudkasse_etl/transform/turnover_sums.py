"""Sums the turnover of receipts by day, hour, VAT rate, register, tender and article. Pure, exact cents."""

from dataclasses import dataclass
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from cloudkasse_etl.transform.books.business_cases import NAMED_TENDER, SALE, live_lines
from cloudkasse_etl.transform.receipt_frames import Integers, ReceiptFrames, without_effect
from cloudkasse_etl.transform.turnover_cases import TURNOVER_CASES

UNKNOWN_HOUR: Final = -1

_KEYS = {
    "days": ["day"],
    "hours": ["hour"],
    "rates": ["vat_rate"],
    "registers": ["register"],
    "tenders": ["tender", "name"],
    "articles": ["article", "unit"],
}


@dataclass(frozen=True)
class TurnoverFrames:
    """Sums of many receipts; texts are "" where there is none.

    Attributes:
        days: day (text, ISO 8601), receipts, gross_cents.
        hours: hour (0 to 23 in the shop's zone; -1 where the time cannot be read), receipts, gross_cents.
        rates: vat_rate (text, 2 decimals), gross_cents.
        registers: register, receipts, gross_cents.
        tenders: tender, name (of tender Unbar only), gross_cents: paid in base currency, receipts with turnover only.
        articles: article ("" for lines that name none), unit, text, gross_cents, quantity_milli, lines: sales and
            returns before discounts that have lines of their own.
    """

    days: pd.DataFrame
    hours: pd.DataFrame
    rates: pd.DataFrame
    registers: pd.DataFrame
    tenders: pd.DataFrame
    articles: pd.DataFrame


def tally(frames: ReceiptFrames, zone: ZoneInfo) -> TurnoverFrames:
    """Sums up receipts; cancelled lines, kinds AV* and broken-off receipts are left out.

    Args:
        frames: Receipts as `flatten` lays them out.
        zone: The shop's time zone, for the hours.

    Returns:
        The sums; see `TurnoverFrames`.
    """
    heads = frames.heads
    lines = live_lines(frames, ~without_effect(frames, in_kind_moves_stock=False))
    lines = lines[lines["business_case"].isin(TURNOVER_CASES)]
    gross = lines["gross_cents"].to_numpy("int64")
    receipt = lines["receipt"].to_numpy("int64")

    has_turnover = np.bincount(receipt, minlength=len(heads)) > 0
    totals = np.zeros(len(heads), dtype="int64")
    np.add.at(totals, receipt, gross)
    sold = pd.DataFrame(
        {
            "day": heads["business_day"],
            "hour": _hours(heads["ended_at"], zone),
            "register": heads["register"],
            "receipts": np.ones(len(heads), dtype="int64"),
            "gross_cents": totals,
        }
    )[has_turnover]

    paid = frames.payments[has_turnover[frames.payments["receipt"].to_numpy("int64")]]
    named = paid["tender"] == NAMED_TENDER
    payments = pd.DataFrame(
        {
            "tender": paid["tender"],
            "name": paid["name"].where(named).fillna("").astype(object),
            "gross_cents": paid["base_amount_cents"],
        }
    )
    rates = pd.DataFrame({"vat_rate": lines["vat_rate"].fillna(""), "gross_cents": gross})
    sales = lines[lines["business_case"] == SALE]
    articles = pd.DataFrame(
        {
            "article": sales["article"].fillna("").astype(object),
            "unit": sales["unit"].fillna("").astype(object),
            "text": sales["text"],
            "gross_cents": sales["gross_cents"],
            # three decimals, always: without the point it is the number of thousandths
            "quantity_milli": sales["quantity"].astype(str).str.replace(".", "", regex=False).astype("int64"),
            "lines": np.ones(len(sales), dtype="int64"),
        }
    )
    return TurnoverFrames(
        days=_summed("days", sold[["day", "receipts", "gross_cents"]]),
        hours=_summed("hours", sold[["hour", "receipts", "gross_cents"]]),
        rates=_summed("rates", rates),
        registers=_summed("registers", sold[["register", "receipts", "gross_cents"]]),
        tenders=_summed("tenders", payments),
        articles=_summed("articles", articles),
    )


def added(first: TurnoverFrames, second: TurnoverFrames) -> TurnoverFrames:
    """The sums of both; its size depends on the numbers of days, articles and so on, not of receipts."""
    return TurnoverFrames(
        **{name: _summed(name, pd.concat([getattr(first, name), getattr(second, name)])) for name in _KEYS}
    )


def _summed(name: str, frame: pd.DataFrame) -> pd.DataFrame:
    how = {column: "last" if column == "text" else "sum" for column in frame.columns if column not in _KEYS[name]}
    return frame.groupby(_KEYS[name], as_index=False, sort=True).agg(how)


def _hours(ended_at: pd.Series, zone: ZoneInfo) -> Integers:
    """The hour on the shop's clock: a receipt's own offset may be another."""
    times = pd.to_datetime(ended_at, utc=True, format="ISO8601", errors="coerce")
    return np.asarray(times.dt.tz_convert(zone).dt.hour.fillna(UNKNOWN_HOUR), dtype=np.int64)
