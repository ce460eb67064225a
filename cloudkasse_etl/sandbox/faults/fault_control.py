"""The faults in force, and those that have happened."""

import random
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum

from cloudkasse_etl.sandbox.faults.fault_plan import FaultPlan


class Control:
    """The faults in force and those injected so far; shared by the ASGI layer and its callers.

    Attributes:
        plan: The faults.
        done: How often each has happened.
        under_way: How many requests are being spoiled right now, whether or not their clients still wait.
    """

    def __init__(self, plan: FaultPlan) -> None:
        self.under_way = 0
        self.set(plan)

    def set(self, plan: FaultPlan) -> None:
        """Start again with other faults; the same plan makes the same requests of a sequence fail."""
        self.plan = plan
        self.done: Counter[str] = Counter()
        self._seen: Counter[str] = Counter()

    @contextmanager
    def spoiling(self) -> Iterator[None]:
        """Note that a request is being spoiled, for the duration of the `with` block."""
        self.under_way += 1
        try:
            yield
        finally:
            self.under_way -= 1

    def draw(self, method: str, path: str, has_cursor: bool) -> tuple[StrEnum | None, random.Random]:
        """Choose the fault of the next request to a path.

        Args:
            method: The HTTP method.
            path: The path, without the query.
            has_cursor: Whether the request asks for a page after a cursor.

        Returns:
            The fault, None if there is no fault; and the generator for its further choices.
        """
        # by path, since requests to several paths, or over several connections, overtake each other
        request = f"{method} {path}"
        self._seen[request] += 1
        rng = random.Random(f"{self.plan.seed} {request} {self._seen[request]}")
        fault = self.plan.choose(method, path, has_cursor=has_cursor, rng=rng)
        if fault is not None:
            self.done[str(fault)] += 1
        return fault, rng
