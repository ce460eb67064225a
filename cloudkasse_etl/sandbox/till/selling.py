"""The simulated shop: sells what was synchronised into a store, and delivers receipts and closings into it.

selling_plan.py decides who sells how much; shifts.py simulates a register's day; baskets.py and cashbook.py are the
events of a day; deliveries.py decides when receipts arrive. `sell_remotely` asks a running sandbox to sell.
"""

import random
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import orjson
import requests

from cloudkasse_etl.errors import ConfigurationError
from cloudkasse_etl.i18n.text import say
from cloudkasse_etl.sandbox.cloud.cloud_store import FeedName, Store
from cloudkasse_etl.sandbox.cloud.remote_control import no_sandbox, send_order
from cloudkasse_etl.sandbox.till.assortment import Catalogue
from cloudkasse_etl.sandbox.till.counter import Memory
from cloudkasse_etl.sandbox.till.deliveries import Deliveries
from cloudkasse_etl.sandbox.till.sales_summary import SalesSummary, Tally
from cloudkasse_etl.sandbox.till.selling_plan import make_plan
from cloudkasse_etl.sandbox.till.shifts import Clock, Rates, Worker

# A fixed day, not today: the same store and seed give the same receipts at any time. Three weeks before the end
# of summer time, so that a longer sale has both offsets in it.
FIRST_DAY = date(2026, 10, 5)
DEFAULT_TIMEZONE = "Europe/Berlin"
MAX_DAYS = 1000
MAX_RECEIPTS = 1_000_000
PAGE_ITEMS = 1000
SELL_PATH = "/sandbox/sell"
CONNECT_SECONDS = 5.0
SELL_SECONDS = 900.0

# Two simultaneous sales in one process would assign the same numbers.
_ONE_AT_A_TIME = threading.Lock()


@dataclass
class Position:
    """How far the shop has progressed, read from the store's own receipts and closings.

    Attributes:
        last_day: The last business day; None when nothing was sold yet.
        numbers: By register the number of its last receipt.
        closings: By register the number of its last closing.
    """

    last_day: date | None = None
    numbers: dict[str, int] = field(default_factory=dict)
    closings: dict[str, int] = field(default_factory=dict)

    def see(self, register: str, business_day: str, receipt_number: int, closing_number: int) -> None:
        """Update the position by a receipt or a closing.

        Args:
            register: The register's number.
            business_day: Its day, ISO 8601.
            receipt_number: The receipt's number; 0 for a closing.
            closing_number: The closing's number; 0 for a receipt.
        """
        day = date.fromisoformat(business_day)
        self.last_day = day if self.last_day is None else max(day, self.last_day)
        self.numbers[register] = max(receipt_number, self.numbers.get(register, 0))
        self.closings[register] = max(closing_number, self.closings.get(register, 0))


def sell(
    store: Store,
    *,
    days: int,
    receipts: int,
    seed: int,
    first_day: date | None = None,
    timezone: str = DEFAULT_TIMEZONE,
    rates: Rates = Rates(),  # noqa: B008 -- frozen
    should_stop: Callable[[], bool] = lambda: False,
) -> SalesSummary:
    """Simulate some days of the shop, and deliver to the cloud what its registers write.

    Every day has at each active register an opening cash, customers, cash in and out, and a closing at night. The
    receipts of a day are delivered before the next day begins; those of a tablet that was offline come later, at the
    latest at the end. Then everything has arrived and every day is closed.

    The same seed on a store with the same content gives the same receipts, ids included. A second call continues with
    the following days and numbers.

    Args:
        store: The sandbox's data, with master data synchronised into it.
        days: On how many days the shop is open; Sundays are skipped and not counted.
        receipts: How many customers are served, over all days and registers: receipts of kind Beleg with an effect
            that sell or take back something: articles, vouchers, deposits, a payment of an advance or an open
            account. In addition there are voids, receipts that are broken off, slips of the kinds AV..., and those
            that only move cash (opening, counting, paying in and out).
        seed: Decides everything else.
        first_day: The first day; by default the day after the last one sold, else `FIRST_DAY`.
        timezone: The shop's zone.
        rates: How often the rarer events happen. From 200 receipts on, everything that this shop can do happens at
            least once, whatever the rates.
        should_stop: Called before every day; when it returns true, pending receipts are delivered and the call ends.

    Returns:
        What was sold.

    Raises:
        ConfigurationError: Nothing is synchronised that could be sold, or an argument is out of range.
    """
    if not (1 <= days <= MAX_DAYS and 0 <= receipts <= MAX_RECEIPTS):
        raise ConfigurationError(
            f"The sandbox cannot sell {receipts} receipt{'' if receipts == 1 else 's'} on {days} day"
            f"{'' if days == 1 else 's'}.",
            hint=f"It sells up to {MAX_RECEIPTS} receipts on 1 to {MAX_DAYS} days.",
        )
    clock = Clock(_zone(timezone))
    with _ONE_AT_A_TIME:
        catalogue = Catalogue(store, seed=seed)
        position = _read_position(store)
        first_day = _first_day(position, first_day)
        # The position is part of every seed: a second call with the same seed gives another week, not the same again.
        rng = random.Random(f"{seed}|{first_day}|{sorted(position.numbers.items())}")
        plan = make_plan(catalogue, days=days, receipts=receipts, first_day=first_day, rng=rng)
        worker = Worker(plan, seed, clock, rates, catalogue.employees)
        deliveries, tally = Deliveries(clock), Tally()
        memories = {till.number: Memory() for till in catalogue.tills}
        for day, following in zip(plan.days, [*plan.days[1:], None], strict=True):
            if should_stop():
                break
            next_opening = None if following is None else clock.opening(following)
            closings: list[tuple[int, dict[str, Any]]] = []
            for register_day in plan.of(day):
                number = register_day.till.number
                shift = worker.work(
                    register_day,
                    catalogue.offers(register_day.till, day),
                    memories[number],
                    first_number=position.numbers.get(number, 0) + 1,
                    closing_number=position.closings.get(number, 0) + 1,
                    rng=rng,
                )
                closing = shift.closing
                position.see(number, closing["business_day"], closing["last_receipt_number"], closing["number"])
                closings.append((shift.closed_at, closing))
                tally.add(shift.receipts)
                deliveries.schedule(
                    shift,
                    rng,
                    next_opening=next_opening,
                    offline=rates.offline,
                    repeats=rates.repeats,
                    is_showcase=register_day is plan.showcase,
                )
            store.deliver_receipts(deliveries.arriving(next_opening))
            store.deliver_closings(closing for _, closing in sorted(closings, key=lambda made: made[0]))
        store.deliver_receipts(deliveries.arriving(None))
        return tally.summary(
            registers=memories,
            late=deliveries.late,
            after_closing=deliveries.after_closing,
            repeated=deliveries.repeated,
        )


def sell_remotely(
    url: str, token: str, *, days: int, receipts: int, seed: int, first_day: date | None = None
) -> dict[str, Any]:
    """Ask a running sandbox to sell, and return its summary (the fields of `SalesSummary`).

    Args:
        url: Where it listens, such as "http://127.0.0.1:8090".
        token: Its bearer token.
        days: On how many days the shop is open (`sell`).
        receipts: How many customers are served, over all days and registers.
        seed: Decides everything else.
        first_day: The first day; by default the day after the last one sold.

    Returns:
        The fields of `SalesSummary`.

    Raises:
        ConfigurationError: Nothing listens there, it is no sandbox, the token is wrong, or it has nothing to sell.
    """
    order: dict[str, Any] = {"days": days, "receipts": receipts, "seed": seed}
    if first_day is not None:
        order["first_day"] = first_day.isoformat()
    answer = send_order(url, SELL_PATH, token, order, timeout=(CONNECT_SECONDS, SELL_SECONDS))
    summary = _json_object(answer)
    if answer.status_code == 200 and summary.keys() >= {"receipts", "closings", "by_kind"}:
        return summary
    code, detail = str(summary.get("code")), str(summary.get("detail"))
    if (answer.status_code, code) in {(400, "malformed"), (409, "nothing_to_sell")}:
        raise ConfigurationError(detail)
    if answer.status_code >= 500 and code in {"busy", "stopping", "internal_error"}:
        raise ConfigurationError(f"The sandbox could not sell: {detail}", hint="Try again, or look into its log.")
    raise no_sandbox(answer, say("can be asked to sell"))


def _json_object(answer: requests.Response) -> dict[str, Any]:
    try:
        content = orjson.loads(answer.content)
    except orjson.JSONDecodeError:
        return {}
    return content if isinstance(content, dict) else {}


def _zone(timezone: str) -> ZoneInfo:
    try:
        return ZoneInfo(timezone)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ConfigurationError(
            f"There is no time zone {timezone!r}.", hint="Name one as Europe/Berlin is named."
        ) from error


def _first_day(position: Position, wanted: date | None) -> date:
    if position.last_day is None:
        return wanted or FIRST_DAY
    following = position.last_day + timedelta(days=1)
    if wanted is not None and wanted < following:
        raise ConfigurationError(
            f"The sandbox has already sold up to {position.last_day}; it cannot go back to {wanted}.",
            hint=f"Leave the first day out, or name one from {following} on.",
        )
    return wanted or following


def _read_position(store: Store) -> Position:
    position = Position()
    for receipt in _feed(store, "receipts"):
        position.see(receipt["register"], receipt["business_day"], receipt["number"], receipt["closing_number"] or 0)
    for closing in _feed(store, "closings"):
        position.see(closing["register"], closing["business_day"], closing["last_receipt_number"], closing["number"])
    return position


def _feed(store: Store, feed: FeedName) -> Any:
    cursor, has_more = None, True
    while has_more:
        page = orjson.loads(store.feed_page(feed, cursor, PAGE_ITEMS))
        yield from page["items"]
        cursor, has_more = page["next_cursor"], page["has_more"]
