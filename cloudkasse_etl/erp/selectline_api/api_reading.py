"""How SelectLine's Web API is read, whatever is asked for: lists page by page, and what may not be there."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final, Protocol, TypeVar

from cloudkasse_etl.http.peer_answers import Answer, RefusedError
from cloudkasse_etl.schemas.lenient_json import read_json

T = TypeVar("T")
Item = Mapping[str, Any]
PAGE_ITEMS: Final = 500


class Requests(Protocol):
    """What of a session is used to read and to write."""

    def read(self, path: str, read: Callable[[Answer], T], params: Mapping[str, str | int | None] | None = None) -> T:
        """Asks for something.

        Args:
            path: The path below the API's address.
            read: Reads the answer.
            params: The query.

        Returns:
            What was read.
        """
        ...

    def write(self, method: str, path: str, read: Callable[[Answer], T], body: bytes | None = None) -> T:
        """Sends a change, once.

        Args:
            method: The HTTP method.
            path: The path below the API's address.
            read: Reads the answer.
            body: JSON.

        Returns:
            What was read.
        """
        ...


def is_not_there(error: RefusedError) -> bool:
    """Whether a refusal says that there is no such thing; it need have no body."""
    return error.status == 404


def unless_not_there(ask: Callable[[], T]) -> T | None:
    """What is asked for; None where there is no such thing."""
    try:
        return ask()
    except RefusedError as error:
        if is_not_there(error):
            return None
        raise


def each_once(
    ask: Callable[[int, int], Sequence[Item]],
    *key: str,
    is_empty: Callable[[RefusedError], bool] = is_not_there,
) -> Iterator[Item]:
    """The items of a list, each once.

    It ends with a page that brings nothing new: the server may give out less than it was asked for, and its lists have
    no total.

    Args:
        ask: Asks for a page, by its number from 0 and by how many items were seen before.
        key: By which fields an item is known to be the same.
        is_empty: Whether a refusal is the API's word for an empty list.

    Returns:
        The items, as their pages are asked for.
    """
    seen: set[tuple[Any, ...]] = set()
    page = 0
    while True:
        try:
            items = ask(page, len(seen))
        except RefusedError as error:
            if is_empty(error):
                return
            raise
        new = [item for item in items if tuple(item.get(name) for name in key) not in seen]
        if not new:
            return
        seen.update(tuple(item.get(name) for name in key) for item in new)
        yield from new
        page += 1


def number_named(name: str) -> Callable[[Answer], int]:
    """Reads the number that an answer has under a name."""

    def read(answer: Answer) -> int:
        number = answer.data.get(name)
        if not isinstance(number, int) or isinstance(number, bool):
            raise answer.unreadable()
        return number

    return read


def object_of(answer: Answer) -> dict[str, Any]:
    """An answer that is an object."""
    return answer.data


def items_of(answer: Answer) -> Sequence[Item]:
    """An answer that is a list of objects.

    Raises:
        ContractError: It is none.
    """
    try:
        found = read_json(answer.raw)
    except ValueError:
        found = None
    if not isinstance(found, list) or not all(isinstance(item, dict) for item in found):
        raise answer.unreadable()
    return found
