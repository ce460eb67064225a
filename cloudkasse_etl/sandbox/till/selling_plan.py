"""Distributes customers over days and registers, and reserves places for rare events that must not be missing.

Decided before anything is sold, from seed and position alone; nothing is written here.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import NamedTuple

from cloudkasse_etl.errors import ConfigurationError
from cloudkasse_etl.sandbox.till import baskets, cashbook
from cloudkasse_etl.sandbox.till.assortment import Catalogue, Till

# From this many receipts on, every scenario and every extra happens at least once.
COMPLETE_FROM_RECEIPTS = 200
WEEKDAY_WEIGHTS = (10, 9, 10, 11, 14, 16, 0)  # Monday first; closed on Sundays
SUNDAY = 6


class RegisterDay(NamedTuple):
    """The work of a register on a day.

    Attributes:
        first_slot: How many customers were served in this call before.
        quota: How many customers it serves; may be 0.
    """

    day: date
    till: Till
    first_slot: int
    quota: int


@dataclass
class Plan:
    """All days of a call.

    Attributes:
        days: The business days, in order.
        register_days: What each register does on each of them, in order.
        scenarios, extras: The name of the scenario, of the extra, that must happen in a slot.
        showcase: The busiest register day if everything must happen at least once: its tablet goes offline.
    """

    days: list[date]
    register_days: list[RegisterDay]
    scenarios: dict[int, str] = field(default_factory=dict)
    extras: dict[int, str] = field(default_factory=dict)
    showcase: RegisterDay | None = None

    def of(self, day: date) -> list[RegisterDay]:
        """Return the work of the registers on a day."""
        count = len(self.register_days) // len(self.days)
        place = self.days.index(day) * count
        return self.register_days[place : place + count]


def make_plan(catalogue: Catalogue, *, days: int, receipts: int, first_day: date, rng: random.Random) -> Plan:
    """Distribute the receipts over days and registers.

    Args:
        catalogue: What can be sold.
        days: How many days the shop is open.
        receipts: How many customers are served.
        first_day: The first day; a Sunday is skipped.
        rng: Makes the random choices.

    Returns:
        The plan.

    Raises:
        ConfigurationError: No register has anything to sell on one of the days.
    """
    open_days = list(_open_days(first_day, days))
    places = [(day, place, till) for day in open_days for place, till in enumerate(catalogue.tills)]
    # The first register is the shop's main one; one with nothing to sell stays closed, but is opened and counted.
    weights = [
        WEEKDAY_WEIGHTS[day.weekday()] * (3 if place == 0 else 2) if catalogue.offers(till, day).all else 0
        for day, place, till in places
    ]
    if not any(weights):
        raise ConfigurationError(
            "The sandbox cannot sell: no article has a price in a price group that a register uses.",
            hint="Synchronise the prices first (cloudkasse-etl sync master-data), or choose a day on which they count.",
        )
    register_days, slot = [], 0
    for (day, _, till), quota in zip(places, _shares(receipts, weights), strict=True):
        register_days.append(RegisterDay(day, till, slot, quota))
        slot += quota
    plan = Plan(open_days, register_days)
    if receipts >= COMPLETE_FROM_RECEIPTS:
        plan.showcase = max(register_days, key=lambda register_day: register_day.quota)
        plan.extras = dict(zip(rng.sample(range(receipts), len(cashbook.EXTRAS)), cashbook.BY_NAME, strict=True))
        # a sale that is voided must not leave a debt
        plan.scenarios = {slot: "plain" for slot, name in plan.extras.items() if name.startswith("void,")}
        plan.scenarios |= dict(_placed_scenarios(catalogue, register_days, rng, set(plan.scenarios)))
    return plan


def _placed_scenarios(
    catalogue: Catalogue, register_days: Sequence[RegisterDay], rng: random.Random, taken: set[int]
) -> Iterator[tuple[int, str]]:
    """Give every scenario a slot of its own, at a register that can serve it that day.

    One that settles the debt of another one comes right after it: no other visit can settle it in between. Scenarios
    that need something that no register sells are left out.

    Args:
        catalogue: What can be sold.
        register_days: Where it can be.
        rng: Makes the random choices.
        taken: Slots that are not to be used; those that are used are added.
    """
    busy = [register_day for register_day in register_days if register_day.quota]
    # First scenarios that not every register can serve, then those that need two slots, while slots are free.
    for scenario in sorted(baskets.SCENARIOS, key=lambda scenario: (scenario.needs == "all", not scenario.after)):
        names = [scenario.after, scenario.name] if scenario.after else [scenario.name]
        for register_day in rng.sample(busy, len(busy)):
            slots = range(register_day.first_slot, register_day.first_slot + register_day.quota - len(names) + 1)
            free = [slot for slot in slots if taken.isdisjoint(range(slot, slot + len(names)))]
            if free and getattr(catalogue.offers(register_day.till, register_day.day), scenario.needs):
                for slot, name in enumerate(names, rng.choice(free)):
                    taken.add(slot)
                    yield slot, name
                break


def _open_days(first_day: date, count: int) -> Iterator[date]:
    day = first_day
    while count:
        if day.weekday() != SUNDAY:
            count -= 1
            yield day
        day += timedelta(days=1)


def _shares(total: int, weights: Sequence[int]) -> list[int]:
    """Split a number by weights so that the parts add up to it: the largest remainders get one more."""
    whole = sum(weights)
    shares = [total * weight // whole for weight in weights]
    by_remainder = sorted(range(len(weights)), key=lambda place: (-(total * weights[place] % whole), place))
    for place in by_remainder[: total - sum(shares)]:
        shares[place] += 1
    return shares
