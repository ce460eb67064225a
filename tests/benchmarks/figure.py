"""A figure: programs that do the same work, run in turn, and what is claimed of their medians.

A figure lies in a module of its own in `figures/`, as `FIGURE` or, where one preparation serves several, `FIGURES`.
"""

import statistics
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import Any, Literal

from tests.benchmarks import figures
from tests.benchmarks.process import Run

Quantity = Literal["seconds", "cpu_seconds", "peak_bytes"]
Values = Mapping[str, float]
"""A quantity of each run of one round, by `contestant/run`."""


@dataclass(frozen=True)
class Contestant:
    """A program that does the work.

    Attributes:
        name: As the table names it.
        play: Does the work once, in an empty folder, and gives what each of its runs took, by name. What it prepares
            there is not measured.
    """

    name: str
    play: Callable[[Path], Mapping[str, Run]]


@dataclass(frozen=True)
class Claim:
    """A limit that the figure sets.

    Attributes:
        text: What is compared.
        ours: What of a round's values is ours.
        peer: What it is divided by; None: the value itself is limited.
        at_most: The largest ratio (or value) with which the claim holds.
        at_least: The smallest.
        quantity: What is compared: seconds or peak_bytes.
    """

    text: str
    ours: Callable[[Values], float]
    peer: Callable[[Values], float] | None = None
    at_most: float | None = None
    at_least: float | None = None
    quantity: Quantity = "seconds"

    def result(self, values: Values) -> float:
        """The ratio (or value) of a round."""
        return self.ours(values) / (self.peer(values) if self.peer else 1.0)

    def holds(self, value: float) -> bool:
        """Whether a ratio (or value) keeps the limit."""
        return (self.at_most is None or value <= self.at_most) and (self.at_least is None or value >= self.at_least)


@dataclass(frozen=True)
class Figure:
    """What is measured.

    Attributes:
        number: By which it is called (`make bench FIGURES=1,2`).
        title: What it is, with the amounts.
        enter: Prepares what all rounds share (servers, a shop to copy), in an empty folder, for a share of the full
            size, and gives the contestants.
        claims: The limits.
        notes: How it is measured, for the reader of the table; Markdown.
        rounds: How often at least; None: as often as asked.
        axis: How it is drawn: a bar a run, or a line over sizes, by which the runs are named then.
    """

    number: str
    title: str
    enter: Callable[[Path, float], AbstractContextManager[Sequence[Contestant]]]
    claims: Sequence[Claim]
    notes: str = ""
    rounds: int | None = None
    axis: Literal["bars", "sizes"] = "bars"


def known_figures() -> list[Figure]:
    """All figures, by number."""
    found: list[Figure] = []
    for module in iter_modules(figures.__path__):
        names = vars(import_module(f"{figures.__name__}.{module.name}"))
        found += names.get("FIGURES", []) or ([names["FIGURE"]] if "FIGURE" in names else [])
    return sorted(found, key=lambda figure: figure.number)


def play(figure: Figure, rounds: int, scale: float, told: Callable[[str], None]) -> dict[str, Any]:
    """Measures a figure: in each round every contestant once, in turn, the order turned from round to round.

    Returns:
        The result as it is kept: runs by name (medians), claims (median of the rounds' ratios, lowest, highest).
    """
    played: list[dict[str, Run]] = []
    rounds = max(rounds, figure.rounds or 0)
    with tempfile.TemporaryDirectory(prefix="bench-") as shared, figure.enter(Path(shared), scale) as contestants:
        for number in range(rounds):
            found: dict[str, Run] = {}
            for contestant in contestants if number % 2 == 0 else reversed(contestants):
                with tempfile.TemporaryDirectory(prefix="bench-") as folder:
                    runs = contestant.play(Path(folder))
                found |= {f"{contestant.name}/{name}": run for name, run in runs.items()}
            # in the order of the contestants, whatever the order in which they were played
            order = [f"{contestant.name}/" for contestant in contestants]
            found = dict(sorted(found.items(), key=lambda pair: order.index(pair[0].partition("/")[0] + "/")))
            told(f"round {number + 1}: " + ", ".join(f"{name} {run.seconds:.2f} s" for name, run in found.items()))
            played.append(found)
    return {
        "number": figure.number,
        "title": figure.title,
        "notes": figure.notes,
        "date": datetime.now(UTC).date().isoformat(),
        "rounds": rounds,
        "axis": figure.axis,
        "runs": {name: _medians(run[name] for run in played) for name in played[0]},
        "claims": [_judged(claim, played) for claim in figure.claims],
    }


def _medians(runs: Iterator[Run]) -> dict[str, float]:
    kept = list(runs)
    return {
        quantity: statistics.median(getattr(run, quantity) for run in kept)
        for quantity in ("seconds", "cpu_seconds", "peak_bytes")
    }


def _judged(claim: Claim, played: Sequence[Mapping[str, Run]]) -> dict[str, Any]:
    def ratios(quantity: Quantity) -> list[float]:
        return [claim.result({name: getattr(run, quantity) for name, run in runs.items()}) for runs in played]

    found = ratios(claim.quantity)
    median = statistics.median(found)
    return {
        "text": claim.text,
        "at_most": claim.at_most,
        "at_least": claim.at_least,
        "is_ratio": claim.peer is not None,
        "quantity": claim.quantity,
        "median": median,
        "lowest": min(found),
        "highest": max(found),
        "cpu_median": statistics.median(ratios("cpu_seconds")) if claim.quantity == "seconds" else None,
        "holds": claim.holds(median),
    }
