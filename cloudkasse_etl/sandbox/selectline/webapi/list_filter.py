"""Paging and sorting of the API's lists: `listFilter.page`, `.items` and `.orderBy`; an array without a total."""

from collections.abc import Mapping
from typing import Any, Final

from cloudkasse_etl.sandbox.selectline.api_errors import ApiError

DEFAULT_ITEMS: Final = 10
NOT_PLAYED: Final = ("filter", "searchTerm", "searchIn")


def page_of(rows: list[dict[str, Any]], query: Mapping[str, str], prefix: str = "listFilter") -> list[dict[str, Any]]:
    """The page of a list that is asked for: ten rows of page 0 by default, all of them with `items=0`.

    Args:
        rows: The whole list.
        query: The request's query.
        prefix: What the parameters' names begin with.

    Returns:
        The rows of the page.

    Raises:
        ApiError: 400: a parameter cannot be read, or is one that the sandbox does not play.
    """
    for name in NOT_PLAYED:
        if query.get(f"{prefix}.{name}"):
            raise ApiError(400, f"The sandbox does not know {prefix}.{name}.")
    page, items = count_of(query, f"{prefix}.page", 0), count_of(query, f"{prefix}.items", DEFAULT_ITEMS)
    for wanted in reversed(query.get(f"{prefix}.orderBy", "").split("|")):
        if wanted:
            name = wanted.removesuffix("!")
            rows = _sorted(rows, name, is_falling=wanted != name)
    return rows[page * items : (page + 1) * items] if items else rows


def _sorted(rows: list[dict[str, Any]], name: str, *, is_falling: bool) -> list[dict[str, Any]]:
    return sorted(rows, key=lambda row: _key(row.get(name)), reverse=is_falling)


def count_of(query: Mapping[str, str], name: str, default: int) -> int:
    """Read a count of the query.

    Args:
        query: The request's query.
        name: The parameter.
        default: Its value where it is not given.

    Returns:
        The count.

    Raises:
        ApiError: 400: it is no whole number from 0.
    """
    try:
        value = int(query.get(name) or default)
    except ValueError:
        value = -1
    if value < 0:
        raise ApiError(400, f"{name} is not a whole number from 0.")
    return value


def _key(value: Any) -> tuple[int, float, str]:
    """Nothing first, then numbers, then texts."""
    if value is None:
        return (0, 0.0, "")
    return (1, float(value), "") if isinstance(value, int | float) else (2, 0.0, str(value))
