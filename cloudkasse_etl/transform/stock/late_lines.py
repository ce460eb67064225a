"""Decides what happens to stock lines that an earlier import refused and that were checked again. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from cloudkasse_etl.rejections.rejection import Rejection, lookup


@dataclass(frozen=True)
class LateLines:
    """Stock lines that were checked again, by the keys of their rejections.

    Attributes:
        ended: No longer refused: their movements are written now.
        renewed: Refused for another reason than before, with that reason; `since` is the first time.
        waiting: All that the program will move later, once the reason for their refusal is gone.
    """

    ended: frozenset[str]
    renewed: tuple[Rejection, ...]
    waiting: frozenset[str]


def is_by_hand(rejection: Rejection) -> bool:
    """Whether a person was asked to book the stock line; the program then never moves it."""
    return lookup(rejection.code).by_hand


def receipt_of(key: str) -> str:
    """The id of the receipt whose stock line a rejection's key names."""
    return key.rpartition("|")[0]


def look_again(opened: Mapping[str, Rejection], refused: Iterable[Rejection]) -> LateLines:
    """Decides what happens to open stock lines.

    A line that a person was asked to book stays as it is, whatever has changed since: the program cannot know whether
    it is booked already. A line without an open rejection (it is moved, or was dismissed) is ignored.

    Args:
        opened: The open rejections of the lines that were checked again, by key.
        refused: The lines that are refused now.

    Returns:
        The lines by what happens to them.
    """
    present = {rejection.key: rejection for rejection in refused}
    ours = {key: rejection for key, rejection in opened.items() if not is_by_hand(rejection)}
    still = {key: rejection for key, rejection in present.items() if key in ours}
    return LateLines(
        ended=frozenset(ours.keys() - still.keys()),
        renewed=tuple(
            rejection.refused_as(ours[key])
            for key, rejection in still.items()
            if (rejection.code, rejection.content) != (ours[key].code, ours[key].content)
        ),
        waiting=frozenset(key for key, rejection in still.items() if not is_by_hand(rejection)),
    )
