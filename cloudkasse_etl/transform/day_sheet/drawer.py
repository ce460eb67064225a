"""The cash in a register's drawer: what was there, what came and went, what must be there. Pure, exact cents.

A stated opening cash (Anfangsbestand) tells what is in the drawer, it brings nothing in. So a closing whose receipts
state one begins with it anew, and one without goes on with what the closing before has left.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from cloudkasse_etl.schemas.wire_receipts import Receipt
from cloudkasse_etl.transform.books.business_cases import CASH, CASH_DIFFERENCE, OPENING_CASH
from cloudkasse_etl.transform.day_sheet.day_sums import live

CASH_MOVES: Final = (
    "Geldtransit", "Privateinlage", "Privatentnahme", "Lohnzahlung", "Einzahlung", "Auszahlung", CASH_DIFFERENCE,
)  # fmt: skip
"""Cases that only move cash; a receipt that has no others is told by them, all other cash are takings."""


@dataclass(frozen=True, slots=True)
class DrawerPart:
    """The cash of a closing's receipts, or of those that are in no closing yet.

    Attributes:
        closing: The number of the closing; None for those in none.
        opening_cents: The opening cash that they state; None where they state none.
        takings_cents: Cash from sales, vouchers, tips and the like, less change and what was paid back.
        moves: Cash that was only moved, by business case, in cents.
        foreign: Cash in other currencies, in hundredths of these, by currency.
    """

    closing: int | None
    opening_cents: int | None = None
    takings_cents: int = 0
    moves: Mapping[str, int] = field(default_factory=dict)
    foreign: Mapping[str, int] = field(default_factory=dict)

    @property
    def change_cents(self) -> int:
        """What came into the drawer, less what went out of it; without the opening cash."""
        return self.takings_cents + sum(self.moves.values())

    def left_after(self, before_cents: int) -> int:
        """What must be in the drawer after it.

        Args:
            before_cents: What was in it before; does not matter where opening cash is stated.

        Returns:
            The cash, in cents.
        """
        return (before_cents if self.opening_cents is None else self.opening_cents) + self.change_cents


def drawer_parts(receipts: Iterable[tuple[Receipt, int | None]]) -> list[DrawerPart]:
    """The cash of a register's receipts, closing by closing; what is in no closing yet comes last.

    Args:
        receipts: Receipts that a closing covers, each with the number of its closing.

    Returns:
        The parts, by the closings' numbers.
    """
    found: dict[int | None, list[Receipt]] = {}
    for receipt, closing in receipts:
        found.setdefault(closing, []).append(receipt)
    order = sorted(found, key=lambda closing: (closing is None, closing or 0))
    return [_part(closing, found[closing]) for closing in order]


def left_after(parts: Sequence[DrawerPart], before_cents: int) -> list[int]:
    """What must be in the drawer after each part.

    Args:
        parts: The parts in order.
        before_cents: What was in it before the first one.

    Returns:
        The cash after each, in cents.
    """
    found = []
    for part in parts:
        before_cents = part.left_after(before_cents)
        found.append(before_cents)
    return found


def _part(closing: int | None, receipts: Sequence[Receipt]) -> DrawerPart:
    takings = opening = 0
    is_stated = False
    moves: Counter[str] = Counter()
    foreign: Counter[str] = Counter()
    for receipt in receipts:
        lines = live(receipt)
        own = [one for one in receipt.payments if one.tender == CASH and one.currency == receipt.currency]
        cash = sum(one.base_amount_cents for one in own)
        for one in receipt.payments:
            if one.tender == CASH and one.currency != receipt.currency:
                foreign[one.currency] += one.amount_cents
        stated = [line.gross_cents for line in lines if line.business_case == OPENING_CASH]
        if stated:
            is_stated = True
            opening += sum(stated)
            cash -= sum(stated)
        rest = [line for line in lines if line.business_case != OPENING_CASH]
        if len(own) == len(receipt.payments) and all(line.business_case in CASH_MOVES for line in rest):
            for line in rest:
                moves[line.business_case] += line.gross_cents
            cash -= sum(line.gross_cents for line in rest)
        takings += cash
    return DrawerPart(closing, opening if is_stated else None, takings, dict(moves), dict(foreign))
