"""Does something for many companies at once: bounded threads, and a bounded time for each and all.

A company that hangs holds up none: its thread is given up, and another takes its place.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from cloudkasse_etl.errors import CloudkasseError
from cloudkasse_etl.i18n.text import say

THREADS = 8
SECONDS_A_COMPANY = 20.0
_PAUSE = 0.02

Found = TypeVar("Found")


@dataclass(frozen=True, slots=True)
class Answer(Generic[Found]):
    """What was found at a company.

    Attributes:
        company: Its key.
        found: What was found; None where there is an error.
        error: Why nothing was.
    """

    company: str
    found: Found | None = None
    error: CloudkasseError | None = None


@dataclass
class _Task:
    """A company that a thread is at work on."""

    company: str
    since: float
    is_given_up: bool = False


class _Work(Generic[Found]):
    """The work on many companies, shared by its threads."""

    def __init__(
        self, do: Callable[[str], Found], companies: Sequence[str], hanging: set[str], patience: float
    ) -> None:
        self._do = do
        self._left = deque(companies)
        self._hanging = hanging
        self._patience = patience
        self._lock = threading.Lock()
        self._found: list[Answer[Found]] = []
        self.at_work: dict[int, _Task] = {}
        self.is_over = False

    def work(self) -> None:
        """What a thread does: one company after another."""
        me = threading.get_ident()
        while (task := self._next(me)) is not None:
            answer = self._answer(task.company)
            with self._lock:
                self._hanging.discard(task.company)
                self.at_work.pop(me, None)
                if task.is_given_up or self.is_over:
                    return
                self._found.append(answer)

    def give_up(self, now: float) -> int:
        """Gives up the companies that take too long; returns how many threads are missing."""
        with self._lock:
            for task in self.at_work.values():
                if not task.is_given_up and (self.is_over or now - task.since > self._patience):
                    task.is_given_up = True
                    self._hanging.add(task.company)
                    self._found.append(Answer(task.company, error=_hangs()))
            busy = sum(not task.is_given_up for task in self.at_work.values())
            return min(len(self._left), THREADS - busy)

    @property
    def is_done(self) -> bool:
        """Whether no company is left, and no thread is at work that was not given up."""
        with self._lock:
            return not self._left and all(task.is_given_up for task in self.at_work.values())

    def found(self) -> list[Answer[Found]]:
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

    def _answer(self, company: str) -> Answer[Found]:
        try:
            return Answer(company, self._do(company))
        except CloudkasseError as error:
            return Answer(company, error=error)
        except Exception as error:  # noqa: BLE001 -- one company's fault must not end the thread that others wait for
            fault = f"{type(error).__name__}: {error}"
            return Answer(company, error=CloudkasseError(say("Unforeseen error: {fault}", fault=fault)))


def for_each(
    do: Callable[[str], Found],
    companies: Sequence[str],
    *,
    hanging: set[str] | None = None,
    seconds: float | None = None,
    seconds_a_company: float = SECONDS_A_COMPANY,
) -> list[Answer[Found]]:
    """Calls a function for companies, in threads.

    Args:
        do: What to do for a company, by its key.
        companies: Their keys, in the order in which to begin.
        hanging: Companies whose threads have not come back yet, kept from one call to the next by whoever calls often:
            they are not asked again before.
        seconds: When it ends, whatever is done by then; None: when all are done.
        seconds_a_company: How long one may take.

    Returns:
        What was found. Companies for which there was no time are not in it.
    """
    hanging = set() if hanging is None else hanging
    waiting = [company for company in companies if company in hanging]
    work = _Work(do, [company for company in companies if company not in hanging], hanging, seconds_a_company)
    deadline = None if seconds is None else time.monotonic() + seconds
    while not work.is_done and (deadline is None or time.monotonic() < deadline):
        for _ in range(work.give_up(time.monotonic())):
            threading.Thread(target=work.work, daemon=True, name="one of many companies").start()
        time.sleep(_PAUSE)
    work.is_over = True
    work.give_up(time.monotonic())
    return [*(Answer[Found](company, error=_hangs()) for company in waiting), *work.found()]


def _hangs() -> CloudkasseError:
    return CloudkasseError(
        say("It does not answer; the look at it was given up, and is made again once it has come to an end.")
    )
