"""Simulates a register's day from the opening cash to the takings at night: finished receipts and their closing.

Nothing is delivered here: deliveries.py decides what arrives in the cloud, and when.
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import accumulate
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from cloudkasse_etl.sandbox.till import baskets, cashbook
from cloudkasse_etl.sandbox.till.assortment import Offers
from cloudkasse_etl.sandbox.till.counter import Counter, Memory, Scenario
from cloudkasse_etl.sandbox.till.day_closings import close, has_effect
from cloudkasse_etl.sandbox.till.receipt_builder import Draft
from cloudkasse_etl.sandbox.till.selling_plan import Plan, RegisterDay
from cloudkasse_etl.sandbox.till.tendering import settle

SATURDAY = 5
OPENS_AT = 9 * 3600
CLOSES_AT = 18 * 3600 + 1800
CLOSES_AT_ON_SATURDAYS = 16 * 3600

Writer = Callable[[Draft, int, int], dict[str, Any]]

_SCENARIO_WEIGHTS = list(accumulate(scenario.weight for scenario in baskets.SCENARIOS))


@dataclass(frozen=True)
class Rates:
    """How often something happens besides ordinary sales and returns.

    Attributes:
        voids: Voids of finished receipts, per sale.
        broken_off: Receipts that are broken off, per sale.
        other_kinds: Slips of the kinds AV... that are not broken off, per sale.
        cash_moves: Cash in and out during the day and counting, per sale.
        offline: Tablets that are offline for hours, per register and day.
        repeats: Receipts that are delivered a second time after their closing, per receipt.
    """

    voids: float = 0.012
    broken_off: float = 0.01
    other_kinds: float = 0.012
    cash_moves: float = 0.012
    offline: float = 0.08
    repeats: float = 0.02


@dataclass(frozen=True)
class Clock:
    """Times of a zone. Within a day it counts seconds, so that a change to summer time has no effect."""

    zone: ZoneInfo

    def opening(self, day: date) -> int:
        """Return when the shop opens, in seconds since 1970."""
        return int(datetime(day.year, day.month, day.day, OPENS_AT // 3600, tzinfo=self.zone).timestamp())

    def show(self, moment: int) -> str:
        """Return a moment as RFC 3339 with the offset in force."""
        return datetime.fromtimestamp(moment, self.zone).isoformat()


@dataclass
class Shift:
    """The result of a register's day.

    Attributes:
        receipts: Finished receipts in the order of their numbers.
        ended: When each of them ended, in seconds since 1970.
        closing: The closing.
        closed_at: When it was made, in seconds since 1970.
    """

    receipts: list[dict[str, Any]] = field(default_factory=list)
    ended: list[int] = field(default_factory=list)
    closing: dict[str, Any] = field(default_factory=dict)
    closed_at: int = 0


@dataclass
class Worker:
    """Simulates the shifts of one call.

    Attributes:
        plan: Who sells how much, and what must happen where.
        seed: The seed; part of the ids. With an even one the shop taxes what is sold on account when it is paid.
        clock: The shop's zone.
        rates: The frequencies of events.
        employees: Numbers of those who sell; may be empty.
    """

    plan: Plan
    seed: int
    clock: Clock
    rates: Rates
    employees: Sequence[str]

    def work(
        self,
        register_day: RegisterDay,
        offers: Offers,
        memory: Memory,
        *,
        first_number: int,
        closing_number: int,
        rng: random.Random,
    ) -> Shift:
        """Simulate one register's day.

        Args:
            register_day: Which register, which day, how many customers.
            offers: What it may sell.
            memory: What the register remembers of earlier days; is updated.
            first_number: The number of its next receipt.
            closing_number: The number of its next closing.
            rng: Makes the random choices.

        Returns:
            The day's receipts and closing.
        """
        day, till = register_day.day, register_day.till
        counter = Counter(till.number, offers, memory, rng, is_taxed_when_paid=self.seed % 2 == 0)
        staff: list[str | None] = [*rng.sample(self.employees, min(2, len(self.employees)))] or [None]
        shift = Shift()

        def write(draft: Draft, started: int, ended: int) -> dict[str, Any]:
            number = first_number + len(shift.receipts)
            receipt = draft.finish(
                # Number and register are never repeated, so neither is the id, whatever seed another call has.
                id_=_receipt_id(self.seed, till.number, number),
                register=till.number,
                number=number,
                started_at=self.clock.show(started),
                ended_at=self.clock.show(ended),
                day=day,
                employee=rng.choice(staff),
            )
            shift.receipts.append(receipt)
            shift.ended.append(ended)
            return receipt

        opens = self.clock.opening(day)
        write(cashbook.opening(till.currency), opens - 600, opens - 570)
        events = self._events(register_day, offers, rng)
        times = _times(len(events), opens, day, rng)
        for place, (event, started) in enumerate(zip(events, times, strict=True)):
            following = times[place + 1] if place + 1 < len(times) else started + 180
            ended = started + min(rng.randint(15, 150), max(1, following - started - 2))
            if isinstance(event, cashbook.Extra):
                draft = event.write(counter, till.currency)
                if draft is None:
                    continue
            else:
                draft = Draft(till.currency)
                settle(draft, rng, event.serve(counter, draft), memory)
            if (wanting := -draft.cash_cents - _drawer_cents(shift.receipts)) > 0:
                # nothing can be taken out of an empty drawer, and a cash account below zero would not be plausible
                write(cashbook.change(till.currency, wanting), started, started)
            receipt = write(draft, started, ended)
            if not isinstance(event, cashbook.Extra):
                memory.recent.append(receipt)
        self._cash_up(shift, counter, till.currency, opens, write)
        shift.closing = close(
            shift.receipts,
            register=till.number,
            number=closing_number,
            created_at=self.clock.show(shift.closed_at),
            business_day=day.isoformat(),
        )
        return shift

    def _events(self, register_day: RegisterDay, offers: Offers, rng: random.Random) -> list[Scenario | cashbook.Extra]:
        events: list[Scenario | cashbook.Extra] = []
        chances = [
            (getattr(self.rates, group), [extra for extra in cashbook.EXTRAS if extra.group == group])
            for group in ("voids", "broken_off", "other_kinds", "cash_moves")
        ]
        drawn = rng.choices(baskets.SCENARIOS, cum_weights=_SCENARIO_WEIGHTS, k=register_day.quota)
        for slot, chosen in enumerate(drawn, register_day.first_slot):
            placed = self.plan.scenarios.get(slot)
            scenario = chosen if placed is None else baskets.BY_NAME[placed]
            events.append(scenario if getattr(offers, scenario.needs) else baskets.SCENARIOS[0])
            # At most one extra after a customer: so a void always finds a receipt that is not voided.
            if slot in self.plan.extras:
                events.append(cashbook.BY_NAME[self.plan.extras[slot]])
                continue
            dice = rng.random()
            for chance, extras in chances:
                if dice < chance:
                    events.append(rng.choices(extras, [extra.weight for extra in extras])[0])
                    break
                dice -= chance
        return events

    def _cash_up(self, shift: Shift, counter: Counter, currency: str, opens: int, write: Writer) -> None:
        """Count the cash and bring the takings away, some minutes before the closing; both may be after midnight."""
        rng = counter.rng
        counter.memory.tips_cents += _tips_cents(shift.receipts)
        drafts = cashbook.cash_up(counter, currency, _drawer_cents(shift.receipts), counter.memory.tips_cents)
        # 22:00 to 1:30 if the shop opens at 9:00.
        shift.closed_at = max(opens + rng.randint(13 * 3600, 16 * 3600 + 1800), shift.ended[-1] + 900)
        for place, draft in enumerate(drafts):
            started = shift.closed_at - 600 + 120 * place
            write(draft, started, started + 60)


def _receipt_id(seed: int, register: str, number: int) -> str:
    return str(UUID(int=random.Random(f"{seed}|{register}|{number}").getrandbits(128)))


def _times(count: int, opens: int, day: date, rng: random.Random) -> list[int]:
    """Return this many moments within the opening hours, in order: most in the late morning and towards the evening."""
    length = (CLOSES_AT_ON_SATURDAYS if day.weekday() == SATURDAY else CLOSES_AT) - OPENS_AT
    peaks = (0.22, 0.78)
    shares = (rng.triangular(0, 1, peaks[rng.random() < 0.5]) for _ in range(count))
    return sorted(opens + int(share * (length - 1)) for share in shares)


def _drawer_cents(receipts: Sequence[dict[str, Any]]) -> int:
    return sum(
        payment["base_amount_cents"]
        for receipt in receipts
        if has_effect(receipt)
        for payment in receipt["payments"]
        if payment["tender"] == "Bar"
    )


def _tips_cents(receipts: Sequence[dict[str, Any]]) -> int:
    return sum(
        line["gross_cents"]
        for receipt in receipts
        if has_effect(receipt)
        for line in receipt["lines"]
        if line["business_case"] == "TrinkgeldAN" and not line["cancelled"]
    )
