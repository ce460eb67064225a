"""Looks at many companies at once whether there is anything new: bounded threads, and a bounded time for each and all.

A company that hangs holds up none: its thread is given up, another takes its place, and the company is not asked again
before that thread has come back.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from cloudkasse_etl.config.settings import Configuration
from cloudkasse_etl.i18n.text import Text, joined
from cloudkasse_etl.sync.monitoring.chain.at_once import Answer, for_each
from cloudkasse_etl.sync.monitoring.new_data import Novelty, look_for_novelty

# Dagster gives a sensor 60 seconds.
SECONDS = 45.0


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
    found = for_each(lambda company: look_for_novelty(load(company)), companies, hanging=_hanging, seconds=seconds)
    return [_look(answer) for answer in found]


def _look(answer: Answer[Novelty]) -> Look:
    if answer.error is None:
        return Look(answer.company, answer.found)
    return Look(answer.company, problem=joined(" ", filter(None, (answer.error.message, answer.error.hint))))
