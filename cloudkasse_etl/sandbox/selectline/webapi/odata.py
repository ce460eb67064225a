"""What /Accounting knows of OData: `top`, `skip`, filters of equalities; a list comes in an object, ten rows of it."""

import re
from collections.abc import Mapping
from typing import Any, Final

from cloudkasse_etl.sandbox.dependencies import Response
from cloudkasse_etl.sandbox.selectline.api_errors import ApiError
from cloudkasse_etl.sandbox.selectline.webapi.list_filter import count_of
from cloudkasse_etl.sandbox.selectline.webapi.routing import found

DEFAULT_TOP: Final = 10
_EQUALITY: Final = re.compile(r"\s*(\w+)\s+eq\s+(?:'((?:[^']|'')*)'|(-?\d+))\s*", re.IGNORECASE)
_NOT_PLAYED: Final = ("select", "orderby", "count")


def odata_page(rows: list[dict[str, Any]], query: Mapping[str, str]) -> Response:
    """Answer with the rows that are asked for.

    Raises:
        ApiError: 400: the filter cannot be read, or is one that the sandbox does not play.
    """
    for name in _NOT_PLAYED:
        if query.get(name):
            raise ApiError(400, f"The sandbox does not know {name}.")
    for name, value in _equalities(query.get("filter", "")):
        rows = [row for row in rows if str(row.get(name)) == value]
    skip, top = count_of(query, "skip", 0), count_of(query, "top", DEFAULT_TOP)
    return found({"Value": rows[skip : skip + top]})


def _equalities(text: str) -> list[tuple[str, str]]:
    pairs, place = [], 0
    while place < len(text):
        one = _EQUALITY.match(text, place)
        if one is None:
            raise ApiError(400, "The sandbox reads filters like \"Name eq 'value' and Number eq 1\" only.")
        name, quoted, plain = one.groups()
        pairs.append((name, plain if quoted is None else quoted.replace("''", "'")))
        place = one.end()
        if text[place : place + 3].lower() == "and":
            place += 3
        elif place < len(text):
            raise ApiError(400, "The sandbox joins filters by `and` only.")
    return pairs
