"""A sheet as a part of a page, and what a reader of it has to know first."""

from collections.abc import Iterator
from typing import Any

from cloudkasse_etl.config.settings import Settings
from cloudkasse_etl.i18n import formats
from cloudkasse_etl.i18n.text import Text, joined, say, say_count
from cloudkasse_etl.sync.outputs.day.booked_comparison import EntrySum
from cloudkasse_etl.sync.outputs.day.day_sheet import DaySheet, Money
from cloudkasse_etl.sync.outputs.day.money_sections import MoneySections
from cloudkasse_etl.sync.outputs.day.record_sections import RecordSections
from cloudkasse_etl.sync.outputs.day.sheet_drawing import SheetDrawing
from cloudkasse_etl.sync.outputs.day.sheet_words import STATE_WORDS
from cloudkasse_etl.sync.outputs.tables.table_page import Chapter


def chapter_of(sheet: DaySheet, name: str, settings: Settings) -> Chapter:
    """A sheet as a part of a page.

    Args:
        sheet: The sheet.
        name: The register's name; empty where it has none.
        settings: Language and time zone, and what is delivered and exported.

    Returns:
        The part: figures, notes, and all tables.
    """
    head = _Head(sheet, settings)
    return Chapter(
        head.title(name),
        figures=[*head.figures()],
        notes=[head.told(note) for note in head.notes()],
        proof=head.proof(),
        sections=[*MoneySections(sheet, settings).sections(), *RecordSections(sheet, settings).sections()],
    )


class _Head(SheetDrawing):
    """Draws what is above the tables."""

    def title(self, name: str) -> str:
        """The register."""
        register = formats.clean(f"{self.sheet.register} {name}".strip(), 60)
        return self.told(say("Register {register}", register=register))

    def figures(self) -> Iterator[tuple[str, str]]:
        """What matters most."""
        money = self.sheet.money[0]
        shown = [
            (say("Turnover"), self.amount_with_currency(money.sums.turnover_cents, money)),
            (say("VAT, as printed"), self.amount_with_currency(money.sums.tax_cents, money)),
            (say("Receipts"), self.count(money.sums.receipts)),
            (self._expected(), self.amount_with_currency(money.expected_cents, money)),
            (say("Counted difference"), self.amount_with_currency(money.difference_cents, money)),
            (say("The day is"), self.told(STATE_WORDS[self.sheet.state])),
        ]
        yield from ((self.told(label), value) for label, value in shown)

    def _expected(self) -> Text:
        return say("Cash expected") if self.sheet.is_closed else say("Cash expected now")

    def notes(self) -> Iterator[Text]:
        """What a reader of the sheet has to know, the most urgent first."""
        sheet = self.sheet
        if any(not money.is_sound for money in sheet.money):
            yield say("The sums of this sheet contradict each other, or the postings: see the tables.")
        if sheet.uncounted:
            yield say_count(
                "{count:,} receipt is in no sum of this sheet; it is listed below.",
                "{count:,} receipts are in no sum of this sheet; they are listed below.",
                count=len(sheet.uncounted),
            )
        if sheet.numbers.missing:
            yield say_count(
                "{count:,} receipt number is missing.", "{count:,} receipt numbers are missing.",
                count=sheet.numbers.missing,
            )  # fmt: skip
        if sheet.numbers.doubled:
            numbers = self.few(sheet.numbers.doubled)
            yield say("Several receipts have the same number: {numbers}.", numbers=numbers)
        if sheet.missing_closings:
            gaps = ", ".join(gap.numbers for gap in sheet.missing_closings)
            yield say("Closings are missing: {numbers}.", numbers=gaps)
        differing = [one for one in sheet.closings if one.compared is not None and not one.is_settled]
        if differing:
            yield say("Closings and receipts differ: {numbers}.", numbers=self.few([one.number for one in differing]))
        if not sheet.is_closed:
            yield say("The day is not closed yet: all figures are those of now.")
        if sheet.unsigned:
            yield say_count(
                "The security device (TSE) failed: {count:,} receipt is not signed: {numbers}.",
                "The security device (TSE) failed: {count:,} receipts are not signed: {numbers}.",
                count=len(sheet.unsigned),
                numbers=self.few(sheet.unsigned),
            )
        for money in sheet.money:
            yield from self._entries(money)
            if money.unbooked.count:
                yield say_count(
                    "{count:,} receipt is not booked yet ({amount}).",
                    "{count:,} receipts are not booked yet ({amount}).",
                    count=money.unbooked.count, amount=self.amount_with_currency(money.unbooked.cents, money),
                )  # fmt: skip

    def _entries(self, money: Money) -> Iterator[Text]:
        """What is not simply booked on its day: both sides of each undo, with counts and sums."""
        for one in money.late:
            yield say_count(
                "The day was closed in the books: {count:,} receipt is booked on {day}, postings {postings:,}, debit "
                "{debit}, turnover {amount}.",
                "The day was closed in the books: {count:,} receipts are booked on {day}, postings {postings:,}, debit "
                "{debit}, turnover {amount}.",
                count=one.receipts, **self._facts(one, money),
            )  # fmt: skip
        for one in money.undone:
            yield say_count(
                "The import of {count:,} receipt was taken back, counter-entries {postings:,} dated {day}, debit "
                "{debit}, turnover {amount}: {reason}",
                "The imports of {count:,} receipts were taken back, counter-entries {postings:,} dated {day}, debit "
                "{debit}, turnover {amount}: {reason}",
                count=one.receipts, reason=formats.clean(one.reason or "", 100), **self._facts(one, money),
            )  # fmt: skip
        for one in money.again:
            yield say_count(
                "{count:,} receipt was booked again on {day}, postings {postings:,}, debit {debit}, turnover {amount}.",
                "{count:,} receipts were booked again on {day}, postings {postings:,}, debit {debit}, turnover "
                "{amount}.",
                count=one.receipts, **self._facts(one, money),
            )  # fmt: skip

    def _facts(self, one: EntrySum, money: Money) -> dict[str, Any]:
        return {
            "day": formats.day_in_figures(one.posting_date, self.language),
            "postings": one.postings,
            "debit": self.amount_with_currency(one.debit_cents, money),
            "amount": self.amount_with_currency(one.turnover_cents, money),
        }

    def proof(self) -> str:
        """The sentence that all ways of adding up have one result; empty if they do not."""
        told = [
            say(
                "All receipts come to {total}, by VAT rate, business case and tender alike; the turnover to "
                "{turnover}, by VAT rate, business case and hour.",
                total=self.amount_with_currency(money.sums.total_cents, money),
                turnover=self.amount_with_currency(money.sums.turnover_cents, money),
            )
            for money in self.sheet.money
            if money.is_sound
        ]
        if len(told) < len(self.sheet.money):
            return ""
        if any(money.booked for money in self.sheet.money):
            told.append(say("What is booked is what the receipts say."))
        return self.told(joined(" ", told))
