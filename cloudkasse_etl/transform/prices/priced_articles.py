"""Which articles have a price for a quantity of 1 today, in one price group, and when the calendar changes that."""

import datetime as dt

import numpy as np
import numpy.typing as npt
import pandas as pd

from cloudkasse_etl.schemas.checks import LAST_EMPTY_DAY
from cloudkasse_etl.transform.prices.vat_rates import FAR_FUTURE, FAR_PAST

_ONE_MILLI = 1000


class PricedArticles:
    """Collects the prices of one group, some at a time, all of an article's together.

    A price that is expired, begins later, or applies only from a larger quantity does not count: a register shows
    nothing then. A refused price counts, since its own rejection names it.

    Args:
        open_price: By article, whether its price is keyed in at the register, so that it needs none here.
        as_of: The run's day.
    """

    def __init__(self, open_price: npt.NDArray[np.bool_], as_of: dt.date) -> None:
        self.have_one: npt.NDArray[np.bool_] = np.zeros(len(open_price), dtype=bool)
        self._needs_none = open_price
        self._day = pd.Timestamp(as_of)
        self._last: pd.Timestamp | None = None
        self._next: pd.Timestamp | None = None

    @property
    def turns(self) -> tuple[str | None, str | None]:
        """The last day up to today, and the first one after it, on which a price that counts begins or expires."""
        return _text(self._last), _text(self._next)

    def add(self, prices: pd.DataFrame, places: npt.NDArray[np.int64]) -> None:
        """Adds prices of this group.

        Args:
            prices: start, end (days, both inclusive), quantity_milli, quantity_usable.
            places: Which article each belongs to.
        """
        start, end = prices["start"].to_numpy(), prices["end"].to_numpy()
        for_one = (prices["quantity_milli"].to_numpy() <= _ONE_MILLI) | ~prices["quantity_usable"].to_numpy(bool)
        is_broken = (end <= np.datetime64(LAST_EMPTY_DAY)) | (start > end)
        today = np.datetime64(self._day)
        self.have_one[places[for_one & (is_broken | ((start <= today) & (end >= today)))]] = True
        is_endless = (start == np.datetime64(FAR_PAST)) & (end == np.datetime64(FAR_FUTURE))
        settled = self._needs_none.copy()
        settled[places[for_one & (is_broken | is_endless)]] = True
        matters = for_one & ~settled[places]
        if matters.any():
            self._turn(start[matters], end[matters])

    def _turn(self, start: npt.NDArray[np.datetime64], end: npt.NDArray[np.datetime64]) -> None:
        begun = start[start > np.datetime64(FAR_PAST)]
        over = end[end < np.datetime64(FAR_FUTURE)] + np.timedelta64(1, "D")
        days = pd.DatetimeIndex(np.concatenate([begun, over]))
        before, after = days[days <= self._day], days[days > self._day]
        if len(before):
            self._last = max(filter(None, (self._last, before.max())))
        if len(after):
            self._next = min(filter(None, (self._next, after.min())))


def _text(day: pd.Timestamp | None) -> str | None:
    return None if day is None else f"{day:%Y-%m-%d}"
