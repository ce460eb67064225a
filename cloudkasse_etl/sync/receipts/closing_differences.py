"""Compares a closing with the receipts that were staged for it: count, business cases, printed tax and tenders."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from cloudkasse_etl.i18n.formats import plain_euros, spelled
from cloudkasse_etl.i18n.text import Language, say, say_count
from cloudkasse_etl.schemas.wire_receipts import TENDERS, Closing, Receipt

VAT: Final = "VAT"
"""What the printed tax of a rate is called among business cases and tenders."""
Totals = Counter[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class ClosingDifference:
    """A sum that a closing and its receipts have differently, in cents.

    Attributes:
        what: A business case, `VAT` or a tender.
        vat_rate: Its rate; empty where it has none.
        stated_cents: What the closing states.
        staged_cents: What its staged receipts come to.
    """

    what: str
    vat_rate: str
    stated_cents: int
    staged_cents: int


@dataclass(frozen=True, slots=True)
class ClosingComparison:
    """A closing beside its receipts.

    Attributes:
        stated_count: How many receipts its totals cover.
        staged_count: How many of them are staged.
        differences: The sums that differ, by name and rate.
    """

    stated_count: int
    staged_count: int
    differences: tuple[ClosingDifference, ...]

    @property
    def is_equal(self) -> bool:
        """Whether nothing differs."""
        return self.stated_count == self.staged_count and not self.differences

    def texts(self, language: Language) -> list[str]:
        """What differs, as texts; empty if nothing does."""
        found = []
        if self.stated_count != self.staged_count:
            found.append(
                say_count(
                    "{count:,} receipt in the closing, {staged:,} staged",
                    "{count:,} receipts in the closing, {staged:,} staged",
                    count=self.stated_count,
                    staged=self.staged_count,
                ).render(language)
            )
        return found + [_spelled(difference, language) for difference in self.differences]


def compare_closing(closing: Closing, receipts: Sequence[Receipt], *, has_cases: bool) -> ClosingComparison:
    """Compares a closing with its receipts.

    Args:
        closing: The closing.
        receipts: Its receipts.
        has_cases: Whether the till's closings state business cases and taxes, or tenders alone; one that states cases
            all the same is compared in them.

    Returns:
        Both counts, and the sums that differ.
    """
    stated, staged = _stated(closing), _staged(receipts)
    if not has_cases and not closing.business_cases:
        staged = Counter({key: cents for key, cents in staged.items() if key[0] in TENDERS})
    differences = tuple(
        ClosingDifference(*key, stated[key], staged[key])
        for key in sorted(stated.keys() | staged.keys())
        if stated[key] != staged[key]
    )
    return ClosingComparison(closing.receipt_count, len(receipts), differences)


def _stated(closing: Closing) -> Totals:
    totals: Totals = Counter()
    for total in closing.business_cases:
        totals[total.business_case, total.vat_rate or ""] += total.gross_cents
        if total.vat_rate is not None:
            totals[VAT, total.vat_rate] += total.tax_cents
    for tender in closing.tenders:
        totals[tender.tender, ""] += tender.amount_cents
    return totals


def _staged(receipts: Sequence[Receipt]) -> Totals:
    totals: Totals = Counter()
    for receipt in receipts:
        for line in receipt.lines:
            if not line.cancelled:
                totals[line.business_case, line.vat_rate or ""] += line.gross_cents
        for block in receipt.vat:
            if block.vat_rate is not None:
                totals[VAT, block.vat_rate] += block.tax_cents
        for payment in receipt.payments:
            totals[payment.tender, ""] += payment.base_amount_cents
    return totals


def _spelled(difference: ClosingDifference, language: Language) -> str:
    name = say("VAT").render(language) if difference.what == VAT else difference.what
    rate = f" {spelled(difference.vat_rate, language)} %" if difference.vat_rate else ""
    return say(
        "{what}: {closing} in the closing, {staged} staged",
        what=f"{name}{rate}",
        closing=spelled(plain_euros(difference.stated_cents), language),
        staged=spelled(plain_euros(difference.staged_cents), language),
    ).render(language)
