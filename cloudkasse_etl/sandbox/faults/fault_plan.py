"""The faults that can be injected into requests to the sandbox, and their notation: "all:0.2,seed=7".

Only parsing and choosing; how a fault is carried out on a connection is in wire_faults.py.
"""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Self

from cloudkasse_etl.errors import ConfigurationError
from cloudkasse_etl.i18n.text import say

ALL = "all"
OFF = "off"
FEED_PATHS = frozenset({"/v1/receipts", "/v1/closings"})
HOUR = 3600
HINT = say('Write it like "all:0.2,seed=7" or "rate_limited:0.1,cut_body:0.05"; "off" ends it.')


class Fault(StrEnum):
    """What can go wrong with one request."""

    RATE_LIMITED = "rate_limited"
    UNAVAILABLE = "unavailable"
    SERVER_ERROR = "server_error"
    PROXY_PAGE = "proxy_page"
    CUT_BODY = "cut_body"
    CLOSED_BEFORE = "closed_before"
    CLOSED_AFTER = "closed_after"
    SLOW = "slow"
    REPEATED_ITEMS = "repeated_items"
    SWAPPED_PAGES = "swapped_pages"
    STANDING_CURSOR = "standing_cursor"
    EXPIRED_CURSOR = "expired_cursor"
    UNKNOWN_FIELDS = "unknown_fields"
    WRONG_TYPES = "wrong_types"
    CLOCK_OFF = "clock_off"


DESCRIPTIONS: Mapping[Fault, str] = {
    Fault.RATE_LIMITED: "429, with Retry-After in seconds or as a date",
    Fault.UNAVAILABLE: "503, with Retry-After in seconds or as a date",
    Fault.SERVER_ERROR: "500, before the work was done or after it",
    Fault.PROXY_PAGE: "a proxy's HTML, as 200, 502 or 504, before the work or after it",
    Fault.CUT_BODY: "the answer is cut short",
    Fault.CLOSED_BEFORE: "the connection is closed or reset before the work",
    Fault.CLOSED_AFTER: "the work is done, and the connection closed or reset without an answer",
    Fault.SLOW: "the answer comes after slow_seconds",
    Fault.REPEATED_ITEMS: "a page holds items twice, earlier pages' ones too",
    Fault.SWAPPED_PAGES: "two pages of receipts or closings come in the other order",
    Fault.STANDING_CURSOR: "a page's next cursor is the one that was asked for, with more announced",
    Fault.EXPIRED_CURSOR: "410: the cursor is not known any more",
    Fault.UNKNOWN_FIELDS: "every object has a field that the contract does not name",
    Fault.WRONG_TYPES: "one field of the answer has another type",
    Fault.CLOCK_OFF: "the cloud's clock is an hour off",
}
OF_PAGES = frozenset({Fault.REPEATED_ITEMS, Fault.STANDING_CURSOR})
OF_LATER_PAGES = frozenset({Fault.EXPIRED_CURSOR})
OF_FEEDS = frozenset({Fault.SWAPPED_PAGES})


@dataclass(frozen=True)
class FaultPlan:
    """Which share of the requests fails, and how.

    Attributes:
        shares: By fault, the share of the eligible requests that it is injected into.
        mixed: The share of the requests that get any fault, each fault equally often.
        seed: Decides which requests fail.
        slow_seconds: Delay of a slow answer; more than the client's read timeout, so that it gives up.
        retry_after_seconds: The value of Retry-After.
    """

    shares: Mapping[Fault, float] = field(default_factory=dict)
    mixed: float = 0.0
    seed: int = 1
    slow_seconds: float = 65.0
    retry_after_seconds: int = 1

    @classmethod
    def parse(cls, text: str) -> Self:
        """Parse "all:0.2,seed=7" or "rate_limited:0.1,cut_body:0.05,slow_seconds=5"; "off" means no faults.

        Raises:
            ConfigurationError: The text cannot be parsed; the message says why.
        """
        shares: dict[Fault, float] = {}
        mixed = 0.0
        numbers: dict[str, Any] = {}
        for entry in filter(None, (part.strip() for part in text.split(","))):
            name, colon, value = entry.partition(":")
            if entry == OFF:
                continue
            if not colon:
                numbers |= _read_number(entry)
            elif name == ALL:
                mixed = _read_share(entry, value)
            elif name in list(Fault):
                shares[Fault(name)] = _read_share(entry, value)
            else:
                raise ConfigurationError(
                    say("The sandbox knows no fault '{fault}'.", fault=name[:40]),
                    hint=say("There are: {known}.", known=", ".join([ALL, *Fault])),
                )
        if mixed + sum(shares.values()) > 1.000001:
            raise ConfigurationError(say("The shares of the faults come to more than 1."), hint=HINT)
        return cls(shares, mixed, **numbers)

    def __str__(self) -> str:
        parts = [f"{ALL}:{self.mixed:g}"] if self.mixed else []
        parts += [f"{fault}:{share:g}" for fault, share in self.shares.items()]
        if not parts:
            return OFF
        settings = (f"{name}={getattr(self, name):g}" for name in NUMBERS)
        return ",".join([*parts, *settings])

    def choose(self, method: str, path: str, *, has_cursor: bool, rng: random.Random) -> Fault | None:
        """Choose the fault of one request.

        Args:
            method: The HTTP method.
            path: The path, without the query.
            has_cursor: Whether the request asks for a page after a cursor; some faults need one.
            rng: Decides.

        Returns:
            The fault; None if the request is served normally.
        """
        possible = [fault for fault in Fault if _can_happen(fault, method, path, has_cursor)]
        spread = self.mixed / len(possible)
        roll = rng.random()
        for fault in possible:
            roll -= spread + self.shares.get(fault, 0.0)
            if roll < 0:
                return fault
        return None


NUMBERS: Mapping[str, tuple[Callable[[str], float], float, float]] = {
    "seed": (int, -(2**53), 2**53),
    "slow_seconds": (float, 0, HOUR),
    "retry_after_seconds": (int, 0, HOUR),
}


def _read_number(entry: str) -> dict[str, float]:
    name, _, value = entry.partition("=")
    if name in NUMBERS:
        read, least, most = NUMBERS[name]
        try:
            number = read(value)
        except ValueError:
            number = float("nan")
        if least <= number <= most:
            return {name: number}
    raise ConfigurationError(say("The sandbox's faults cannot be read at '{entry}'.", entry=entry[:40]), hint=HINT)


def _read_share(entry: str, value: str) -> float:
    try:
        share = float(value)
    except ValueError:
        share = float("nan")
    if not 0 <= share <= 1:
        raise ConfigurationError(say("'{entry}' names no share from 0 to 1.", entry=entry[:40]), hint=HINT)
    return share


def _can_happen(fault: Fault, method: str, path: str, has_cursor: bool) -> bool:
    is_page = method == "GET" and path != "/v1/status"
    if fault in OF_FEEDS:
        return is_page and path in FEED_PATHS
    if fault in OF_LATER_PAGES:
        return is_page and has_cursor
    return is_page or fault not in OF_PAGES
