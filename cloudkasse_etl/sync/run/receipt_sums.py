"""The receipts that were ever fetched, by what became of them: each counts once, so that the parts add up to the whole.

One definition and one wording for all that counts receipts: a run's sentence, the UI, the page and the commands.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from cloudkasse_etl.entities import REVENUE_POSTINGS
from cloudkasse_etl.i18n.formats import counted, money
from cloudkasse_etl.i18n.messages import Language
from cloudkasse_etl.i18n.text import Text, joined, rendered, say, say_as, say_count, with_colon
from cloudkasse_etl.schemas.no_effect import NO_EFFECT_WORDS
from cloudkasse_etl.state.stores.books.receipt_status import Status
from cloudkasse_etl.state.stores.books.receipt_totals import Booked, ReceiptGroup, ReceiptTotals
from cloudkasse_etl.state.stores.books.sales import NOT_IMPORTED
from cloudkasse_etl.state.stores.state_stores import StateStores

FATE_WORDS: Mapping[str, Text] = {
    Status.IMPORTED: say_as("fate", "imported"),
    Status.STAGED: say("waiting for their import"),
    NOT_IMPORTED: say("refused by the import"),
    Status.REJECTED: say("rejected when they came"),
    Status.NO_EFFECT: say("without effect on the books"),
    Status.BEFORE_START: say("before the start date, never booked"),
    Status.DISMISSED: say("dismissed: a person deals with them"),
}
"""What becomes of receipts, of several; in the order in which it is told."""
_OF_ONE: Mapping[str, Text] = {
    Status.IMPORTED: say_as("one receipt", "imported"),
    Status.STAGED: say_as("one receipt", "waiting for its import"),
    NOT_IMPORTED: say_as("one receipt", "refused by the import"),
    Status.REJECTED: say_as("one receipt", "rejected when it came"),
    Status.NO_EFFECT: say_as("one receipt", "without effect on the books"),
    Status.BEFORE_START: say_as("one receipt", "before the start date, never booked"),
    Status.DISMISSED: say_as("one receipt", "dismissed: a person deals with it"),
}
"""What can become of a receipt, in the order in which it is shown, as a person reads it."""


def fate_words(fate: str, count: int, language: Language) -> str:
    """What has become of some receipts, to be written behind their number.

    Args:
        fate: One of `FATE_WORDS`.
        count: How many they are; one has words of its own.
        language: The language.

    Returns:
        The words.
    """
    words = _OF_ONE if count == 1 else FATE_WORDS
    return rendered(words.get(fate, fate), language)


@dataclass(frozen=True, slots=True)
class FateSum:
    """The receipts of which the same has become.

    Attributes:
        fate: One of `FATE_WORDS`.
        reason: Why they have no effect, one of `NO_EFFECT_WORDS`; None for all other fates.
        count: How many.
        cents: The sum of their totals, gross, by currency.
        unknown: How many have no total that could be read; they are in the count, but not in the sum.
    """

    fate: str
    reason: str | None = None
    count: int = 0
    cents: Mapping[str, int] = field(default_factory=dict)
    unknown: int = 0

    def name(self, language: Language) -> str:
        """What has become of them, with the reason."""
        word = rendered(FATE_WORDS.get(self.fate, self.fate), language)
        if not self.reason:
            return word
        return with_colon(word, rendered(NO_EFFECT_WORDS.get(self.reason, self.reason), language), language)

    def amount(self, language: Language) -> str:
        """The sum of their totals, and how many of them it leaves out."""
        return amount_text(self.cents, self.unknown, language)


@dataclass(frozen=True, slots=True)
class ReceiptSums:
    """All receipts that were ever fetched.

    Attributes:
        fates: What became of them, in the order of `FATE_WORDS`; those without effect by reason. None is empty.
        postings: How many postings are booked.
        movements: How many stock movements are booked.
    """

    fates: tuple[FateSum, ...] = ()
    postings: int = 0
    movements: int = 0

    @property
    def count(self) -> int:
        """How many receipts there are."""
        return sum(fate.count for fate in self.fates)

    @property
    def cents(self) -> dict[str, int]:
        """The sum of the totals of all, gross, by currency."""
        return _added(fate.cents for fate in self.fates)

    @property
    def unknown(self) -> int:
        """How many have no total that could be read."""
        return sum(fate.unknown for fate in self.fates)

    @property
    def waiting(self) -> FateSum:
        """The receipts that wait for their import."""
        return self.of(Status.STAGED)

    def of(self, fate: str) -> FateSum:
        """The receipts of one fate, whatever the reason."""
        found = [one for one in self.fates if one.fate == fate]
        return FateSum(
            fate,
            count=sum(one.count for one in found),
            cents=_added(one.cents for one in found),
            unknown=sum(one.unknown for one in found),
        )

    def render(self, language: Language) -> str:
        """The sums in one sentence: `562 receipts (7,682.42 €): 540 imported (7,480.20 €), …`."""
        whole = say_count("{count:,} receipt", "{count:,} receipts", count=self.count).render(language)
        parts = [
            f"{counted(one.count, language)} {fate_words(one.fate, one.count, language)} ({one.amount(language)})"
            for one in map(self.of, dict.fromkeys(one.fate for one in self.fates))
        ]
        if not parts:
            return whole
        return with_colon(f"{whole} ({self._whole(language)})", ", ".join(parts), language)

    def rows(self, language: Language) -> list[tuple[str, int, str]]:
        """The rows of a table: what became of them, how many, their sum; the whole is the last row."""
        rows = [(one.name(language), one.count, one.amount(language)) for one in self.fates]
        return [*rows, (say("in all").render(language), self.count, self._whole(language))]

    def _whole(self, language: Language) -> str:
        return amount_text(self.cents, self.unknown, language)

    def as_dict(self) -> dict[str, Any]:
        """For `--json`."""
        return {
            "count": self.count,
            "cents": self.cents,
            "unknown": self.unknown,
            "fates": [
                {
                    "fate": str(one.fate),
                    "reason": one.reason,
                    "count": one.count,
                    "cents": dict(one.cents),
                    "unknown": one.unknown,
                }
                for one in self.fates
            ],
        }


FATES_HEADS = (say("all receipts ever fetched"), say("count"), say("gross amount"))
"""The headings of `ReceiptSums.rows`."""


def receipt_sums(store: StateStores) -> ReceiptSums:
    """Sums up all receipts of the company, in two queries that read no receipt.

    Args:
        store: Our own tables.

    Returns:
        The sums.

    Raises:
        StateUnavailableError: Our own tables cannot be reached.
    """
    totals = ReceiptTotals(store.connection)
    return sums_of(totals.unbooked(), totals.booked())


def sums_of(groups: Sequence[ReceiptGroup], booked: Booked) -> ReceiptSums:
    """Puts groups of receipts together to sums.

    Args:
        groups: The receipts that are not imported.
        booked: Those that are.

    Returns:
        The sums.
    """
    found: dict[tuple[str, str | None], list[ReceiptGroup]] = {}
    for group in groups:
        is_by_import = group.status == Status.REJECTED and group.refused_by == REVENUE_POSTINGS
        found.setdefault((NOT_IMPORTED if is_by_import else group.status, group.no_effect), []).append(group)
    fates = [
        FateSum(
            fate,
            reason,
            count=sum(group.count for group in some),
            cents=_added({group.currency or "": group.cents} for group in some if group.known),
            unknown=sum(group.count - group.known for group in some),
        )
        for (fate, reason), some in found.items()
    ]
    if booked.receipts:
        cents = {currency: cents for currency, (_, cents) in booked.receipts.items()}
        fates.append(FateSum(Status.IMPORTED, count=sum(count for count, _ in booked.receipts.values()), cents=cents))
    fates.sort(key=lambda one: (_place(one.fate, FATE_WORDS), _place(one.reason or "", NO_EFFECT_WORDS)))
    return ReceiptSums(tuple(fates), booked.postings, booked.movements)


def waiting_text(waiting: FateSum, language: Language) -> Text | None:
    """A sentence on the receipts that wait for their import; None if none do."""
    if not waiting.count:
        return None
    return say_count(
        "{count:,} receipt waits for its import ({amount}).",
        "{count:,} receipts wait for their import ({amount}).",
        count=waiting.count,
        amount=waiting.amount(language),
    )


def amount_text(cents: Mapping[str, int], unknown: int, language: Language) -> str:
    """Amounts by currency, and how many receipts they leave out.

    Args:
        cents: Cents by currency.
        unknown: How many receipts have no known amount.
        language: The language of the text.

    Returns:
        Like `7.71 €` or `7.71 €, 3.00 CHF, 2 of unknown amount`.
    """
    parts = [money(value, currency, language) for currency, value in sorted(cents.items())]
    if unknown:
        parts.append(say_count("{count:,} of unknown amount", "{count:,} of unknown amount", count=unknown))
    return joined(", ", parts).render(language) if parts else money(0, "", language)


def _place(name: str, words: Mapping[str, Text]) -> int:
    return list(words).index(name) if name in words else -1 if not name else len(words)


def _added(sums: Iterable[Mapping[str, int]]) -> dict[str, int]:
    found: dict[str, int] = {}
    for one in sums:
        for currency, cents in one.items():
            found[currency] = found.get(currency, 0) + cents
    return found
