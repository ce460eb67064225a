"""When receipts arrive in the cloud: at once, hours late, out of order, twice.

A tablet that is offline delivers when it is online again, which may be after the closing of the day.
"""

import heapq
import random
from collections.abc import Iterator
from typing import Any

from cloudkasse_etl.sandbox.till.shifts import Clock, Shift

LATE_SECONDS = 30 * 60  # what arrives later than this counts as late


class Deliveries:
    """Receipts that have not arrived yet, the next one to arrive first.

    Args:
        clock: The shop's zone.

    Attributes:
        late: Receipts that first arrived more than half an hour after they ended.
        after_closing: Receipts that first arrived after the closing of their day, with its number.
        repeated: Second deliveries, with the closing's number.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._waiting: list[tuple[int, int, dict[str, Any]]] = []
        self._count = 0
        self.late = 0
        self.after_closing = 0
        self.repeated = 0

    def schedule(
        self,
        shift: Shift,
        rng: random.Random,
        *,
        next_opening: int | None,
        offline: float,
        repeats: float,
        is_showcase: bool,
    ) -> None:
        """Decide when the receipts of a shift arrive.

        Args:
            shift: The register's day.
            rng: Makes the random choices.
            next_opening: When the shop opens next, in seconds since 1970; None on the last day, after which everything
                has arrived.
            offline: Probability that the tablet goes offline.
            repeats: Probability that a receipt arrives twice.
            is_showcase: Whether it goes offline until after the closing, and a receipt arrives twice, in any case.
        """
        arrivals = [ended + rng.randint(1, 8) for ended in shift.ended]
        if is_showcase or rng.random() < offline:
            self._take_offline(shift, arrivals, rng, next_opening, is_showcase)
        for place, (receipt, ended, arrival) in enumerate(zip(shift.receipts, shift.ended, arrivals, strict=True)):
            is_closed = arrival >= shift.closed_at
            self.late += arrival - ended > LATE_SECONDS
            self.after_closing += is_closed
            self._send(receipt, arrival, shift.closing["number"] if is_closed else None)
            # An outage never delays the opening cash: it is the receipt that always arrives twice, first with null.
            if rng.random() < repeats or (is_showcase and place == 0):
                self.repeated += 1
                again = max(arrival, shift.closed_at) + rng.randint(60, 5400)
                self._send(receipt, again, shift.closing["number"])

    def arriving(self, until: int | None) -> Iterator[dict[str, Any]]:
        """Yield what arrives before a moment, in the order of arrival; everything that is pending if None."""
        while self._waiting and (until is None or self._waiting[0][0] < until):
            yield heapq.heappop(self._waiting)[2]

    def _take_offline(
        self, shift: Shift, arrivals: list[int], rng: random.Random, next_opening: int | None, is_showcase: bool
    ) -> None:
        count = len(arrivals)
        if count == 1:
            return  # no customer came, and there was nothing to count
        first = rng.randint(1, max(1, count // 2))
        missed = list(range(first, min(count, first + max(1, count // 3))))
        if is_showcase or rng.random() < 0.35:
            earliest = shift.closed_at if next_opening is None else next_opening
            back = earliest + rng.randint(600, 5400)
        else:
            back = shift.ended[missed[-1]] + rng.randint(60, 3600)
        rng.shuffle(missed)  # a tablet that is back sends in no particular order
        for order, place in enumerate(missed):
            arrivals[place] = max(arrivals[place], back + order // 5)

    def _send(self, receipt: dict[str, Any], arrival: int, closing_number: int | None) -> None:
        self._count += 1  # preserves the order of receipts that arrive in the same second
        sent = receipt | {"closing_number": closing_number, "arrived_at": self._clock.show(arrival)}
        heapq.heappush(self._waiting, (arrival, self._count, sent))
