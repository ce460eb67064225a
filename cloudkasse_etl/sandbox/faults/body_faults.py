"""Spoils the JSON of good answers, to simulate a misbehaving cloud. Which answer is spoiled: wire_faults.py.

Every choice is made with the generator that is passed in, so that a seed spoils the same answers in the same way.
"""

import random
from collections.abc import Iterator
from typing import Any

Json = dict[str, Any]

UNKNOWN_FIELD = "x_new_field"
# The contract passes this on unchanged: its content is unspecified and belongs to the record.
OPAQUE = frozenset({"tse"})
MOST_REPEATED = 5


def add_unknown_fields(value: Any, rng: random.Random) -> Any:
    """Give every object a field that no contract names."""
    if isinstance(value, list):
        return [add_unknown_fields(part, rng) for part in value]
    if not isinstance(value, dict):
        return value
    made = {name: part if name in OPAQUE else add_unknown_fields(part, rng) for name, part in value.items()}
    return made | {UNKNOWN_FIELD: rng.choice([None, 1, "new", [1, {"a": "b"}], {"currency": "EUR"}])}


def give_wrong_type(answer: Json, rng: random.Random) -> Json:
    """Give one field a value of another type; nulls stay, since another value could be valid there."""
    places = list(_places(answer))
    top = [place for place in places if len(place) == 1]
    place = rng.choice(top if not places or rng.random() < 0.25 else places)
    spoiled: Json = _replaced(answer, place)
    return spoiled


def repeat_items(page: Json, earlier: list[Any], rng: random.Random) -> Json:
    """Repeat items of this page and of an earlier one, at random places of the page.

    Args:
        page: The page.
        earlier: Items of an earlier page.
        rng: Chooses the items and their places.

    Returns:
        The page with the repeated items.
    """
    items = list(page["items"])
    source = [*items, *earlier]
    for item in rng.sample(source, min(len(source), rng.randint(1, MOST_REPEATED))):
        items.insert(rng.randint(0, len(items)), item)
    return page | {"items": items}


def hold_cursor(page: Json, asked: str | None) -> Json:
    """Let a page announce another one, but with the cursor of the request, so that the client would loop."""
    held = page | ({"has_more": True} if "has_more" in page else {})
    return held if asked is None else held | {"next_cursor": asked}


def _places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, part in parts:
        if part is not None and name not in OPAQUE:
            yield (*path, name)
            yield from _places(part, (*path, name))


def _replaced(value: Any, path: tuple[Any, ...]) -> Any:
    if not path:
        return _of_another_type(value)
    name = path[0]
    if isinstance(value, dict):
        return value | {name: _replaced(value[name], path[1:])}
    return [_replaced(part, path[1:]) if index == name else part for index, part in enumerate(value)]


def _of_another_type(value: Any) -> Any:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, str):
        return {"value": value}
    return [value] if isinstance(value, dict) else {"items": value}
