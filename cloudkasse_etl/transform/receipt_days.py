"""The check of a receipt's business day: a register whose clock is wrong must not book in another year. Pure."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from cloudkasse_etl.entities import STAGED_RECEIPTS
from cloudkasse_etl.rejections.rejection import Rejection
from cloudkasse_etl.schemas.wire_receipts import Receipt, day_of

IMPLAUSIBLE = "business_day_implausible"


@dataclass(frozen=True, slots=True)
class DayBounds:
    """How far a business day may be from the day on which its receipt arrived.

    Attributes:
        ahead: Days after it.
        back: Days before it.
        zone: The shop's time zone, which decides the day of a point in time.
    """

    ahead: int
    back: int
    zone: ZoneInfo


def check_days(receipts: Sequence[Receipt], fetched: Sequence[dt.datetime], bounds: DayBounds) -> dict[int, Rejection]:
    """Finds business days that are too far from the day on which their receipt arrived in the cloud.

    Only the arrival is compared: the register's own times come from the same clock as its business day. A receipt that
    arrived with the right business day is booked on it, whatever its other times are. No receipt arrives after it was
    fetched: where the time of arrival is later, that clock is wrong, and the day of fetching is compared instead.

    Args:
        receipts: The receipts.
        fetched: When each was fetched.
        bounds: How far is too far.

    Returns:
        The refusals by place in `receipts`; those that pass are not in it.
    """
    found: dict[int, Rejection] = {}
    days: dict[str, int] = {}
    moment, here = None, dt.date.min
    for at, receipt in enumerate(receipts):
        arrived = day_of(receipt.arrived_at, bounds.zone) if receipt.arrived_at else None
        if fetched[at] is not moment:  # a page was fetched at one moment
            moment = fetched[at]
            here = moment.astimezone(bounds.zone).date()
        arrived = here if arrived is None else min(arrived, here)
        day = days.get(receipt.business_day)
        if day is None:
            day = days[receipt.business_day] = dt.date.fromisoformat(receipt.business_day).toordinal()
        if not -bounds.back <= day - arrived.toordinal() <= bounds.ahead:
            detail = {
                "day": receipt.business_day,
                "arrived": arrived.isoformat(),
                "register": receipt.register,
                "number": str(receipt.number),
            }
            found[at] = Rejection(STAGED_RECEIPTS, receipt.id, IMPLAUSIBLE, detail)
    return found
