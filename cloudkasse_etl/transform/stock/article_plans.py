"""How an article of a receipt's line affects the stock: itself, the components of a set, or not at all. Pure."""

from enum import IntEnum
from typing import Any, NamedTuple

from cloudkasse_etl.transform.books.ledger import Ledger, texts, usable_texts
from cloudkasse_etl.transform.stock.trade_sets import Component, Refused, TradeSets

ITSELF = "0"
"""The position of a movement that does not belong to a component of a set."""


class Moves(IntEnum):
    """What a line with an article moves."""

    UNKNOWN = 0
    NOTHING = 1
    ITSELF = 2
    COMPONENTS = 3


class Part(NamedTuple):
    """An article that a line moves: itself, or a component of a set.

    Attributes:
        position: The component's place in the set, or `ITSELF`.
        article: Its number.
        unit: Its unit of quantity in SelectLine; None where it has none.
        numerator, denominator: How much of it one unit of the line's article is.
        is_converted: Whether the set gives it in another unit.
        needs_number: Whether it is tracked by serial number or batch.
    """

    position: str
    article: str
    unit: str | None
    numerator: int
    denominator: int
    is_converted: bool
    needs_number: bool


class ArticlePlan(NamedTuple):
    """How one article of the lines affects the stock.

    Attributes:
        moves: What it moves.
        unit: The article's own unit of quantity in SelectLine; None where it has none.
        parts: The articles that are moved.
        numbered: Those of them that are tracked by serial number or batch, each once.
        refused: Why its set cannot be moved.
    """

    moves: Moves
    unit: str | None = None
    parts: tuple[Part, ...] = ()
    numbered: tuple[str, ...] = ()
    refused: Refused | None = None


def article_plans(numbers: Any, ledger: Ledger) -> list[ArticlePlan]:
    """The stock plan of each of these articles."""
    frame = ledger.articles
    is_kept = frame["stock_item"].to_numpy(bool) & ~frame["service_item"].to_numpy(bool)
    flags = [frame["trade_set"].to_numpy(bool).tolist(), is_kept.tolist(), frame["serial"].to_numpy(bool).tolist()]
    articles = dict(zip(texts(frame["number"]), zip(*flags, usable_texts(frame["unit"]), strict=True), strict=True))
    sets = TradeSets(frame, ledger.trade_sets)

    def plan(number: str) -> ArticlePlan:
        if number not in articles:
            return ArticlePlan(Moves.UNKNOWN)
        is_set, is_kept, is_serial, unit = articles[number]
        if not is_set:
            part = Part(ITSELF, number, unit, 1, 1, False, is_serial)
            return _planned(Moves.ITSELF, unit, (part,)) if is_kept else ArticlePlan(Moves.NOTHING)
        found = sets.components(number)
        if isinstance(found, Refused):
            return ArticlePlan(Moves.COMPONENTS, unit, refused=found)
        kept = (component for component in found if articles[component.article][1])
        return _planned(Moves.COMPONENTS, unit, tuple(map(part_of_set, kept)))

    def part_of_set(component: Component) -> Part:
        _, _, is_serial, unit = articles[component.article]
        quantity = component.quantity
        return Part(
            component.position, component.article, unit, quantity.numerator, quantity.denominator,
            component.is_converted, is_serial,
        )  # fmt: skip

    return [plan(number) for number in numbers]


def _planned(moves: Moves, unit: str | None, parts: tuple[Part, ...]) -> ArticlePlan:
    numbered = dict.fromkeys(part.article for part in parts if part.needs_number)
    return ArticlePlan(moves, unit, parts, tuple(numbered))
