"""Which faults a server can have: their names, what each is, and which requests it can befall."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True)
class FaultKinds:
    """The faults of one kind of server.

    Attributes:
        descriptions: What each is, for people.
        can_happen: Whether one can befall a request: fault, method, path, whether it asks for a page after a cursor.
    """

    descriptions: Mapping[StrEnum, str]
    can_happen: Callable[[StrEnum, str, str, bool], bool]
