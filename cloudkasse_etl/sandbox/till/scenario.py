"""The type of a kind of visit at a register; the scenarios themselves are in baskets.py and credits.py."""

from collections.abc import Callable
from typing import NamedTuple

from cloudkasse_etl.sandbox.till.counter import Counter
from cloudkasse_etl.sandbox.till.receipt_builder import Draft


class Scenario(NamedTuple):
    """A kind of visit.

    Attributes:
        name: Its name in plans and tests.
        weight: How often it happens, relative to the sum of all weights.
        serve: Fills the draft; returns how it is paid (a word of tendering.py), "" for at random.
        needs: The list of `Offers` that must not be empty.
        after: The name of the scenario that must have happened at the register before; empty for none.
    """

    name: str
    weight: float
    serve: Callable[[Counter, Draft], str]
    needs: str = "all"
    after: str = ""


def main_supply(draft: Draft) -> tuple[str | None, int]:
    """Return the rate with the largest gross of goods, and that gross in cents."""
    return max(draft.gross_by_rate("Umsatz").items(), key=lambda item: (item[1], item[0] or ""))
