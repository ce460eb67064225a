"""The ERP's data for booking: articles, revenue accounts, trade sets, VAT rates, from one snapshot."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import pandas as pd

from cloudkasse_etl.erp.selectline.reader import ErpReader
from cloudkasse_etl.transform.prices.vat_rates import VatRates

_SMALL = ("ARTSET", "KTOGRUPPENPOS", "USDETAIL")
"""The tables that are read completely."""
_ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class Booking:
    """The ERP's data for booking, from one snapshot.

    Attributes:
        articles: As `ErpReader.booking_articles`: the requested ones, the components of those that are trade
            sets, and any that were read before.
        revenue_groups: Revenue accounts by revenue group and tax code.
        trade_sets: Components of trade sets.
        rates: VAT rates by date.
    """

    articles: pd.DataFrame
    revenue_groups: pd.DataFrame
    trade_sets: pd.DataFrame
    rates: VatRates


class BookingReader:
    """Reads the data for one batch of receipts after another, each time in a short transaction of its own.

    Data is kept, so that a batch reads only articles that are new; everything is read again if revenue accounts,
    trade sets or VAT rates have changed since: an article with a new tax code would otherwise be booked by rates
    without it. A single article that has changed stays as it was first read; the next run sees the change.

    Args:
        reader: Outside its `with` block.
    """

    def __init__(self, reader: ErpReader) -> None:
        self._reader = reader
        self._known: Booking | None = None
        self._marks: Mapping[str, str | None] = {}
        self._articles: set[str] = set()

    def read(self, numbers: Iterable[str]) -> Booking:
        """The data for booking receipts of these articles.

        Raises:
            ErpUnavailableError: The ERP cannot be reached.
            ErpSchemaError: A table or column is missing, or may not be read.
        """
        with self._reader as reader:
            for attempt in range(1, _ATTEMPTS + 1):
                marks = reader.watermarks(_SMALL)
                if marks != self._marks or None in marks.values():
                    self._known, self._articles, self._marks = None, set(), marks
                found = self._known = self._with_articles(reader, numbers)
                # if each statement sees another snapshot, a change may have happened in between
                if reader.sees_one_moment or attempt == _ATTEMPTS or reader.watermarks(_SMALL) == marks:
                    break
        return found

    def _with_articles(self, reader: ErpReader, numbers: Iterable[str]) -> Booking:
        known = self._known or Booking(
            reader.booking_articles([]),
            reader.revenue_groups(),
            reader.trade_sets(),
            VatRates.from_rates(reader.tax_rates()),
        )
        wanted, articles = set(numbers), known.articles
        while unread := sorted(wanted - self._articles):
            found = reader.booking_articles(unread)
            articles = pd.concat([articles, found], ignore_index=True)
            self._articles.update(unread)
            sets = found.loc[found["trade_set"], "number"]
            wanted.update(known.trade_sets.loc[known.trade_sets["article"].isin(sets), "component"])
        return replace(known, articles=articles)
