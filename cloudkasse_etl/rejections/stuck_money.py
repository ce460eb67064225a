"""Money in receipts that are not booked: one sum, and one way to say it, wherever such an amount is shown.

The sum is that of the receipts' totals with their signs, so that whoever adds up a list of them, or looks into the
table of what became of all receipts, reaches the same figure. Where some of it was paid out (refunds, voids, cash that
left the till), both directions are told: 50.00 taken and 50.00 paid out are not nothing.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Self

from cloudkasse_etl.i18n.formats import money
from cloudkasse_etl.i18n.text import Language, say, say_count
from cloudkasse_etl.rejections.record_names import Amount


@dataclass(frozen=True, slots=True)
class StuckMoney:
    """What is stuck in some receipts, in cents by currency.

    Attributes:
        receipts: How many receipts there are.
        taken: The sum of those with a total of 0 or more.
        paid_out: The sum of the others, without its sign.
    """

    receipts: int = 0
    taken: Mapping[str, int] = field(default_factory=dict)
    paid_out: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, totals: Iterable[tuple[str, Amount | None]]) -> Self:
        """What is stuck in receipts.

        Args:
            totals: The receipts' keys and totals; None for what is no receipt. A key may come several times.

        Returns:
            The sums, in which each receipt counts once.
        """
        found: dict[bool, dict[str, int]] = {False: {}, True: {}}
        each = {key: amount for key, amount in totals if amount is not None}
        for amount in each.values():
            sums = found[amount.cents < 0]
            sums[amount.currency] = sums.get(amount.currency, 0) + abs(amount.cents)
        return cls(len(each), found[False], found[True])

    @classmethod
    def sum_of(cls, parts: Iterable["StuckMoney"]) -> Self:
        """The sum over parts which have no receipt in common, by currency."""
        receipts, taken, paid_out = 0, Counter[str](), Counter[str]()
        for part in parts:
            receipts += part.receipts
            taken.update(part.taken)
            paid_out.update(part.paid_out)
        return cls(receipts, dict(taken), dict(paid_out))

    @property
    def cents(self) -> dict[str, int]:
        """The sum of the totals, by currency."""
        currencies = dict.fromkeys([*self.taken, *self.paid_out])
        return {currency: self.taken.get(currency, 0) - self.paid_out.get(currency, 0) for currency in currencies}

    @property
    def weight(self) -> int:
        """By which causes are put in order: all that is not in the books, in whichever direction and currency."""
        return sum(self.taken.values()) + sum(self.paid_out.values())

    def render(self, language: Language) -> str:
        """Like `883.67 €` or `271.72 € (329.84 € taken, 58.12 € paid out)`; empty where there are no receipts."""
        texts = []
        for currency, cents in self.cents.items():
            amount = money(cents, currency, language)
            taken, paid_out = self.taken.get(currency), self.paid_out.get(currency)
            if taken and paid_out:
                both = say(
                    "{amount} ({taken} taken, {paid_out} paid out)",
                    amount=amount,
                    taken=money(taken, currency, language),
                    paid_out=money(paid_out, currency, language),
                )
                amount = both.render(language)
            texts.append(amount)
        return ", ".join(texts)

    def sentence(self, language: Language) -> str:
        """The same with the number of receipts, as a part of a sentence; empty where there are none."""
        if not self.receipts:
            return ""
        return say_count(
            "{amount} is stuck in {count:,} receipt",
            "{amount} are stuck in {count:,} receipts",
            count=self.receipts,
            amount=self.render(language),
        ).render(language)

    def as_dict(self) -> dict[str, dict[str, int]]:
        """For `--json`."""
        return {"amounts_cents": self.cents, "paid_out_cents": dict(self.paid_out)}
