"""What a trade set (Handelsstückliste) consists of, sets within sets resolved, in exact fractions. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from math import isfinite, isnan
from typing import Any, NamedTuple

import pandas as pd

from cloudkasse_etl.transform.books.ledger import texts, usable_texts
from cloudkasse_etl.transform.stock.units import ratio

# Sets within a set, five deep: past that, or past so many components, the lists are circular or broken.
_DEPTH, _COMPONENTS = 5, 1_000
_LARGEST = 1_000_000
# Longer positions would not leave room for a movement's id.
_LAST_POSITION = 999


class Component(NamedTuple):
    """A part of a set.

    Attributes:
        position: Its place, unique in the set: ARTSET's position, "2.1" for the first part of a set in second place.
        article: Its number.
        quantity: How many of its base unit go into one set, exactly the decimal that SelectLine shows.
        is_converted: Whether the set names another unit than that of the component, or a set in between does.
    """

    position: str
    article: str
    quantity: Fraction
    is_converted: bool = False


class _Row(NamedTuple):
    """A row of ARTSET."""

    position: float
    component: str | None
    quantity: float
    unit: str | None


@dataclass(frozen=True)
class Refused:
    """Why a set cannot be resolved: a code of the catalogue, and the values of its placeholders."""

    code: str
    detail: dict[str, str]


class TradeSets:
    """All sets of a ledger; each is resolved once."""

    def __init__(self, articles: pd.DataFrame, trade_sets: pd.DataFrame) -> None:
        self._is_set: dict[Any, bool] = dict(
            zip(texts(articles["number"]), articles["trade_set"].astype(bool).tolist(), strict=True)
        )
        self._units: dict[Any, Any] = dict(zip(texts(articles["number"]), usable_texts(articles["unit"]), strict=True))
        self._parts: dict[Any, list[_Row]] = {}
        rows = zip(
            texts(trade_sets["article"]),
            trade_sets["position"].astype("float64").tolist(),
            texts(trade_sets["component"]),
            trade_sets["quantity"].astype("float64").tolist(),
            usable_texts(trade_sets["unit"]),
            strict=True,
        )
        for article, *row in rows:
            self._parts.setdefault(article, []).append(_Row(*row))
        self._known: dict[str, list[Component] | Refused] = {}

    def components(self, number: str) -> list[Component] | Refused:
        """The parts of a set that are not sets themselves, or why they cannot be found."""
        found = self._known.get(number)
        if found is None:
            try:
                found = list(self._walk(number, "", _Times(Fraction(1), False), (number,), [0]))
            except _BrokenSetError as error:
                found = error.refused
            self._known[number] = found
        return found

    def _walk(
        self, number: str, prefix: str, times: "_Times", path: tuple[str, ...], count: list[int]
    ) -> Iterator[Component]:
        parts = self._parts.get(number)
        if not parts:
            raise _BrokenSetError("stock_set_empty", article=number)
        for position, (_, component, quantity, unit) in _placed(parts):
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
            own_unit = self._units[component]
            # ARTSET.Menge is in the component's own unit, unless the row names another one of the same kind
            size = (ratio(unit, own_unit) if unit and own_unit else None) or Fraction(1)
            # the shortest decimal that parses to this float is what was keyed in
            product = _Times(times.quantity * Fraction(Decimal(repr(quantity))) * size, times.is_converted or size != 1)
            if self._is_set[component]:
                yield from self._walk(component, f"{prefix}{position}.", product, (*path, component), count)
            else:
                yield Component(f"{prefix}{position}", component, product.quantity, product.is_converted)


class _Times(NamedTuple):
    """How many of a part go into one set, in the part's base unit, and whether a unit was converted on the way."""

    quantity: Fraction
    is_converted: bool


class _BrokenSetError(Exception):
    def __init__(self, code: str, **detail: str) -> None:
        super().__init__(code)
        self.refused = Refused(code, detail)


def _placed(parts: list[_Row]) -> list[tuple[int, _Row]]:
    """A set's parts by position; where positions are missing, duplicate or unusable, all are numbered again."""
    ordered = sorted(parts, key=lambda row: (isnan(row.position), row.position, row.component or "", row.quantity))
    positions = [int(row.position) for row in ordered if 1 <= row.position <= _LAST_POSITION]
    if len(set(positions)) < len(ordered):
        positions = list(range(1, len(ordered) + 1))
    return list(zip(positions, ordered, strict=True))
