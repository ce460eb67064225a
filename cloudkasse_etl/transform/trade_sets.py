"""What a trade set (Handelsstückliste) consists of, sets within sets resolved, in exact fractions. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from math import isfinite
from typing import Any, NamedTuple

import pandas as pd

from cloudkasse_etl.transform.ledger import texts

# A set within a set, five deep: past that, or past so many components, the lists lead round in a circle or are broken.
_DEPTH, _COMPONENTS = 5, 1_000
_LARGEST = 1_000_000
# Longer positions would not leave room for a movement's id.
_LAST_POSITION = 999


class Component(NamedTuple):
    """A part of a set.

    Attributes:
        position: Its place, unique in the set: ARTSET's position, "2.1" for the first part of a set in second place.
        article: Its number.
        quantity: How many of its base unit go into one set, exactly as the decimal says that SelectLine shows.
    """

    position: str
    article: str
    quantity: Fraction


@dataclass(frozen=True)
class Refused:
    """Why a set cannot be taken apart: a code of the catalogue, and what fills its text."""

    code: str
    detail: dict[str, str]


class TradeSets:
    """All sets of a ledger; each is taken apart once."""

    def __init__(self, articles: pd.DataFrame, trade_sets: pd.DataFrame) -> None:
        self._is_set: dict[Any, bool] = dict(
            zip(texts(articles["number"]), articles["trade_set"].astype(bool).tolist(), strict=True)
        )
        self._parts: dict[Any, list[tuple[Any, str | None, float]]] = {}
        rows = zip(
            texts(trade_sets["article"]),
            trade_sets["position"].astype("float64").tolist(),
            texts(trade_sets["component"]),
            trade_sets["quantity"].astype("float64").tolist(),
            strict=True,
        )
        for article, position, component, quantity in rows:
            self._parts.setdefault(article, []).append((position, component, quantity))
        self._known: dict[str, list[Component] | Refused] = {}

    def components(self, number: str) -> list[Component] | Refused:
        """The parts of a set that are no sets themselves, or why it has none."""
        found = self._known.get(number)
        if found is None:
            try:
                found = list(self._walk(number, "", Fraction(1), (number,), [0]))
            except _BrokenSetError as error:
                found = error.refused
            self._known[number] = found
        return found

    def _walk(
        self, number: str, prefix: str, times: Fraction, path: tuple[str, ...], count: list[int]
    ) -> Iterator[Component]:
        parts = self._parts.get(number)
        if not parts:
            raise _BrokenSetError("stock_set_empty", article=number)
        for position, component, quantity in _placed(parts):
            if not component or component not in self._is_set:
                raise _BrokenSetError("stock_component_unknown", article=number, component=component or "")
            if not isfinite(quantity) or not 0 <= quantity <= _LARGEST:
                raise _BrokenSetError(
                    "stock_set_quantity", article=number, component=component, value=f"{quantity:.10g}"
                )
            count[0] += 1
            if component in path or len(path) > _DEPTH or count[0] > _COMPONENTS:
                raise _BrokenSetError("stock_set_circular", article=path[0], component=component)
            if quantity == 0:
                continue
            # the shortest decimal that reads back as this float is what was keyed in
            product = times * Fraction(Decimal(repr(quantity)))
            if self._is_set[component]:
                yield from self._walk(component, f"{prefix}{position}.", product, (*path, component), count)
            else:
                yield Component(f"{prefix}{position}", component, product)


class _BrokenSetError(Exception):
    def __init__(self, code: str, **detail: str) -> None:
        super().__init__(code)
        self.refused = Refused(code, detail)


def _placed(parts: list[tuple[Any, str | None, float]]) -> list[tuple[int, str | None, float]]:
    """A set's parts by position; where positions are missing, doubled or unusable, all are counted anew."""
    ordered = sorted(parts, key=lambda part: (part[0] != part[0], part[0], part[1] or "", part[2]))
    positions = [int(part[0]) for part in ordered if part[0] == part[0] and 1 <= part[0] <= _LAST_POSITION]
    if len(set(positions)) < len(ordered):
        positions = list(range(1, len(ordered) + 1))
    return [(position, part[1], float(part[2])) for position, part in zip(positions, ordered, strict=True)]
