"""A register that serves customers on one day: adds goods to a draft, and remembers receipts for later visits.

The type of a kind of visit is here as well; the kinds themselves are in baskets.py and credits.py.
"""

import random
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from cloudkasse_etl.sandbox.till import money
from cloudkasse_etl.sandbox.till.assortment import Offer, Offers
from cloudkasse_etl.sandbox.till.receipt_builder import Draft

LINE_COUNTS = (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12)
LINE_WEIGHTS = (24, 50, 68, 81, 88, 92, 95, 97, 98, 99, 99.5, 100)  # cumulative, for random.choices
QUANTITIES = (1, 2, 3, 4, 5)
QUANTITY_WEIGHTS = (70, 88, 95, 98, 100)
MAX_KEPT_CREDITS = 200
# Lines that leave no debt: a receipt with only these can be voided at any time.
VOIDABLE_CASES = frozenset(
    {"Umsatz", "Aufschlag", "Rabatt", "Pfand", "PfandRueckzahlung", "TrinkgeldAG", "ZuschussUnecht"}
)


@dataclass(slots=True)
class Credit:
    """A voucher, an advance or an open account that a customer can use later."""

    number: str
    cents: int
    vat_rate: str | None = None


@dataclass
class Memory:
    """What a register remembers from one day to the next, limited in size.

    Attributes:
        recent: Finished receipts of customers that are not voided.
        credits: Vouchers and the like by kind, the oldest first; the very oldest are never redeemed.
        cards_cents: What was paid onto stored-value cards and is not spent yet, over all cards.
        tips_cents: Tips for the staff that were received and are not paid out yet.
    """

    recent: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=40))
    credits: dict[str, deque[Credit]] = field(default_factory=dict)
    cards_cents: int = 0
    tips_cents: int = 0

    def keep(self, kind: str, credit: Credit) -> None:
        """Remember a credit."""
        self.credits.setdefault(kind, deque(maxlen=MAX_KEPT_CREDITS)).append(credit)

    def take(self, kind: str) -> Credit | None:
        """Return the oldest credit of a kind and forget it."""
        kept = self.credits.get(kind)
        return kept.popleft() if kept else None

    def charge(self, cents: int) -> bool:
        """Deduct an amount from the stored-value cards; False, and no change, where their balance is lower."""
        is_covered = 0 < cents <= self.cards_cents
        self.cards_cents -= cents if is_covered else 0
        return is_covered

    def voidable(self) -> list[int]:
        """Return the places in `recent` of receipts that may be voided whatever has happened since.

        A voucher, an advance or a tip may have been redeemed or paid out by then.
        """
        return [
            place
            for place, receipt in enumerate(self.recent)
            if all(line["cancelled"] or line["business_case"] in VOIDABLE_CASES for line in receipt["lines"])
        ]

    def void(self, place: int) -> dict[str, Any]:
        """Forget a receipt that is voided, and return it; what was paid by card is on the card again."""
        receipt = self.recent[place]
        del self.recent[place]
        self.cards_cents += sum(
            payment["base_amount_cents"] for payment in receipt["payments"] if payment["tender"] == "Guthabenkarte"
        )
        return receipt


@dataclass(slots=True)
class Counter:
    """A register that serves customers on one day.

    Attributes:
        is_taxed_when_paid: Whether VAT on what is sold on account is due when it is paid (Ist-Versteuerung) rather than
            at once; a shop does the one or the other.
        serial: Makes numbers of vouchers and the like unique.
    """

    register: str
    offers: Offers
    memory: Memory
    rng: random.Random
    is_taxed_when_paid: bool = False
    serial: int = 0

    def document(self, prefix: str) -> str:
        """Return a new number for a voucher, an invoice, an order."""
        self.serial += 1
        return f"{prefix}-{self.register}-{self.rng.randrange(1_000_000):06d}{self.serial:04d}"

    def pick(self, offers: Sequence[Offer] | None = None) -> Offer:
        """Return an article at random; those at the beginning of the list are bought far more often."""
        among = offers or self.offers.all
        return among[int(len(among) * self.rng.random() ** 2)]

    def goods(self, draft: Draft, offer: Offer | None = None, *, milli: int | None = None, **options: Any) -> Any:
        """Add an Umsatz line at the price in force and return it.

        Args:
            draft: The receipt.
            offer: The article; chosen at random if None.
            milli: The quantity in thousandths; chosen at random if None.
            **options: Further arguments of `Draft.add`.

        Returns:
            The line.
        """
        offer = offer or self.pick()
        milli = milli or self.quantity_milli(offer)
        price = self._keyed_price() if offer.base_cents is None else offer.price_cents(abs(milli))
        if money.amount_cents(price, milli) == 0:
            milli = 1000 if milli > 0 else -1000
        return article_line(draft, "Umsatz", offer, offer.name, price, milli, **options)

    def basket(self, draft: Draft) -> None:
        """Add a customer's goods."""
        for _ in range(self.rng.choices(LINE_COUNTS, cum_weights=LINE_WEIGHTS)[0]):
            self.goods(draft)

    def basket_up_to(self, draft: Draft, cents: int) -> bool:
        """Add goods worth at most this amount; False, and no line, where nothing is that cheap."""
        self.basket(draft)
        while draft.lines and draft.total_cents > cents:
            del draft.lines[-1]
        if not draft.lines:
            for offer in self.offers.all:
                if 0 < (offer.base_cents or 0) <= cents:
                    self.goods(draft, offer, milli=1000)
                    break
        return 0 < draft.total_cents <= cents

    def basket_of(self, draft: Draft, cents: int) -> None:
        """Add goods until they are worth this amount, or the basket is full."""
        self.basket(draft)
        while draft.total_cents < cents and len(draft.lines) < max(LINE_COUNTS):
            self.goods(draft)

    def quantity_milli(self, offer: Offer) -> int:
        """Return the quantity of an article that a customer buys, in thousandths."""
        if offer.is_weighed and offer.base_cents is not None:
            return self.rng.randrange(50, 2500)
        return self.rng.choices(QUANTITIES, cum_weights=QUANTITY_WEIGHTS)[0] * 1000

    def _keyed_price(self) -> int:
        return 50 + 5 * int(600 * self.rng.random() ** 2)


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


def article_line(
    draft: Draft, case: str, offer: Offer, text: str, price: int, milli: int = 1000, *, cancelled: bool = False
) -> dict[str, Any]:
    """Add a line that names an article.

    Args:
        draft: The receipt.
        case: DSFinV-K GV_TYP.
        offer: The article.
        text: The text of the line.
        price: Gross cents of one unit.
        milli: The quantity in thousandths.
        cancelled: Whether the line was cancelled during entry.

    Returns:
        The line.
    """
    return draft.add(
        case,
        text,
        price,
        offer.vat_rate,
        quantity_milli=milli,
        article=offer.number,
        gtin=offer.gtin,
        unit=offer.unit,
        cancelled=cancelled,
    )


def main_supply(draft: Draft) -> tuple[str | None, int]:
    """Return the rate with the largest gross of goods, and that gross in cents."""
    return max(draft.gross_by_rate("Umsatz").items(), key=lambda item: (item[1], item[0] or ""))
