"""Looks at many companies at once whether there is anything new: bounded threads, and a bounded time for each and all.

A company that hangs holds up none: its thread is given up, another takes its place, and the company is not asked again
before that thread has come back.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from cloudkasse_etl.config.settings import Configuration
from cloudkasse_etl.errors import CloudkasseError
from cloudkasse_etl.i18n.text import Text, joined, say
from cloudkasse_etl.sync.monitoring.new_data import Novelty, look_for_novelty

THREADS = 8
SECONDS_A_COMPANY = 20.0
# Dagster gives a sensor 60 seconds.
SECONDS = 45.0
_PAUSE = 0.05


@dataclass(frozen=True, slots=True)
class Look:
    """What was found at a company.

    Attributes:
        company: Its key.
        novelty: What is new; None where it could not be looked at.
        problem: Why it could not be.
    """

    company: str
    novelty: Novelty | None = None
    problem: Text | str | None = None


@dataclass
class _Task:
    """A company that a thread is looking at."""

    company: str
    since: float
    is_given_up: bool = False


class _Looking:
    """One look at many companies, shared by its threads."""

    def __init__(self, load: Callable[[str], Configuration], companies: Sequence[str]) -> None:
        self._load = load
        self._left = deque(companies)
        self._lock = threading.Lock()
        self._found: list[Look] = []
        self.at_work: dict[int, _Task] = {}
        self.is_over = False

    def work(self) -> None:
        """What a thread does: one company after another."""
        me = threading.get_ident()
        while (task := self._next(me)) is not None:
            look = self._look(task.company)
            with self._lock:
                _hanging.discard(task.company)
                self.at_work.pop(me, None)
                if task.is_given_up or self.is_over:
                    return
                self._found.append(look)

    def give_up(self, now: float) -> int:
        """Gives up the companies that take too long; returns how many threads are missing."""
        with self._lock:
            for task in self.at_work.values():
                if not task.is_given_up and (self.is_over or now - task.since > SECONDS_A_COMPANY):
                    task.is_given_up = True
                    _hanging.add(task.company)
                    self._found.append(Look(task.company, problem=_hangs()))
            busy = sum(not task.is_given_up for task in self.at_work.values())
            return min(len(self._left), THREADS - busy)

    @property
    def is_done(self) -> bool:
        """Whether no company is left, and no thread is at work that was not given up."""
        with self._lock:
            return not self._left and all(task.is_given_up for task in self.at_work.values())

    def found(self) -> list[Look]:
        """What was found so far, in the order in which it was."""
        with self._lock:
            return list(self._found)

    def _next(self, me: int) -> _Task | None:
        with self._lock:
            if self.is_over or not self._left:
                return None
            company = self._left.popleft()
            task = self.at_work[me] = _Task(company, time.monotonic())
            return task

    def _look(self, company: str) -> Look:
        try:
            return Look(company, look_for_novelty(self._load(company)))
        except CloudkasseError as error:
            return Look(company, problem=joined(" ", filter(None, (error.message, error.hint))))
        except Exception as error:  # noqa: BLE001 -- one company's fault must not end the thread that looks at others
            return Look(company, problem=say("Unforeseen error: {fault}", fault=f"{type(error).__name__}: {error}"))


_hanging: set[str] = set()
"""Companies whose threads have not come back yet, of earlier looks too."""


def look_at_companies(
    load: Callable[[str], Configuration], companies: Sequence[str], *, seconds: float = SECONDS
) -> list[Look]:
    """Looks at companies whether there is anything new.

    Args:
        load: Reads a company's configuration, by its key.
        companies: Their keys, in the order in which to look.
        seconds: When the look ends, whatever has been looked at by then.

    Returns:
        What was found. Companies for which there was no time are not in it.
    """
    waiting = [company for company in companies if company in _hanging]
    looking = _Looking(load, [company for company in companies if company not in _hanging])
    deadline = time.monotonic() + seconds
    while not looking.is_done and time.monotonic() < deadline:
        for _ in range(looking.give_up(time.monotonic())):
            threading.Thread(target=looking.work, daemon=True, name="looking").start()
        time.sleep(_PAUSE)
    looking.is_over = True
    looking.give_up(time.monotonic())
    return [*(Look(company, problem=_hangs()) for company in waiting), *looking.found()]


def _hangs() -> Text:
    return say("It does not answer; the look at it was given up, and is made again once it has come to an end.")
