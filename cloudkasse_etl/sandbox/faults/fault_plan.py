"""A plan of faults to inject into requests to a sandbox, and its notation: "all:0.2,seed=7".

Only parsing and choosing; which faults there are is in cloud_faults.py, how one is carried out in wire_faults.py.
"""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Self

from cloudkasse_etl.errors import ConfigurationError
from cloudkasse_etl.i18n.text import say
from cloudkasse_etl.sandbox.faults.cloud_faults import CLOUD_FAULTS
from cloudkasse_etl.sandbox.faults.fault_kinds import FaultKinds

ALL = "all"
OFF = "off"
HOUR = 3600
HINT = say('Write it like "all:0.2,seed=7" or "rate_limited:0.1,cut_body:0.05"; "off" ends it.')


@dataclass(frozen=True)
class FaultPlan:
    """Which share of the requests fails, and how.

    Attributes:
        shares: By fault, the share of the eligible requests that it is injected into.
        mixed: The share of the requests that get any fault, each fault equally often.
        seed: Decides which requests fail.
        slow_seconds: Delay of a slow answer; more than the client's read timeout, so that it gives up.
        retry_after_seconds: The value of Retry-After.
        kinds: The faults of the server.
    """

    shares: Mapping[StrEnum, float] = field(default_factory=dict)
    mixed: float = 0.0
    seed: int = 1
    slow_seconds: float = 65.0
    retry_after_seconds: int = 1
    kinds: FaultKinds = CLOUD_FAULTS

    @classmethod
    def parse(cls, text: str, kinds: FaultKinds = CLOUD_FAULTS) -> Self:
        """Parse "all:0.2,seed=7" or "rate_limited:0.1,cut_body:0.05,slow_seconds=5"; "off" means no faults.

        Raises:
            ConfigurationError: The text cannot be parsed; the message says why.
        """
        shares: dict[StrEnum, float] = {}
        known = {str(fault): fault for fault in kinds.descriptions}
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
            elif name in known:
                shares[known[name]] = _read_share(entry, value)
            else:
                raise ConfigurationError(
                    say("The sandbox knows no fault '{fault}'.", fault=name[:40]),
                    hint=say("There are: {known}.", known=", ".join([ALL, *known])),
                )
        if mixed + sum(shares.values()) > 1.000001:
            raise ConfigurationError(say("The shares of the faults come to more than 1."), hint=HINT)
        return cls(shares, mixed, kinds=kinds, **numbers)

    def __str__(self) -> str:
        parts = [f"{ALL}:{self.mixed:g}"] if self.mixed else []
        parts += [f"{fault}:{share:g}" for fault, share in self.shares.items()]
        if not parts:
            return OFF
        settings = (f"{name}={getattr(self, name):g}" for name in NUMBERS)
        return ",".join([*parts, *settings])

    def choose(self, method: str, path: str, *, has_cursor: bool, rng: random.Random) -> StrEnum | None:
        """Choose the fault of one request.

        Args:
            method: The HTTP method.
            path: The path, without the query.
            has_cursor: Whether the request asks for a page after a cursor; some faults need one.
            rng: Decides.

        Returns:
            The fault; None if the request is served normally.
        """
        possible = [one for one in self.kinds.descriptions if self.kinds.can_happen(one, method, path, has_cursor)]
        if not possible:
            return None
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
