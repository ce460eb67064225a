"""On which day something is booked whose own period is closed: on the first open day (docs/rules.md, Posting)."""

import datetime as dt
from typing import Final

import numpy as np
import numpy.typing as npt

from cloudkasse_etl.transform.books.ledger import Texts

CLOSED_PERIOD: Final = "closed_period"
"""The flag of a posting that is not booked on its own day."""


def is_of_closed_period(flag: str | None) -> bool:
    """Whether a posting's flags say that it is not booked on its own day."""
    return CLOSED_PERIOD in (flag or "").split()


def open_day(day: dt.date, closed_until: dt.date | None) -> tuple[dt.date, bool]:
    """The day on which something of a day is booked, and whether that is another one since its period is closed."""
    if closed_until is None or day > closed_until:
        return day, False
    return closed_until + dt.timedelta(days=1), True


def open_days(days: Texts, closed_until: dt.date | None) -> tuple[Texts, npt.NDArray[np.bool_]]:
    """The same for each of some days in ISO form, which compare like texts."""
    if closed_until is None:
        return days, np.zeros(len(days), dtype=bool)
    is_closed = np.asarray(days <= f"{closed_until}", dtype=bool)
    return np.where(is_closed, f"{closed_until + dt.timedelta(days=1)}", days), is_closed
