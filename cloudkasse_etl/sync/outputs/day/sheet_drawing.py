"""What all parts of a sheet are drawn with: texts, numbers and tables in a person's language. No markup."""

import datetime as dt
from collections.abc import Iterable, Sequence

from cloudkasse_etl.config.settings import Settings
from cloudkasse_etl.i18n import formats
from cloudkasse_etl.i18n.text import Text, rendered, rendered_each
from cloudkasse_etl.sync.outputs.day.day_sheet import DaySheet, Money
from cloudkasse_etl.sync.outputs.day.sheet_words import CASE_WORDS
from cloudkasse_etl.sync.outputs.tables.table_page import Section


class SheetDrawing:
    """Draws a sheet.

    Args:
        sheet: The sheet.
        settings: Language and time zone, and what is delivered and exported.
    """

    def __init__(self, sheet: DaySheet, settings: Settings) -> None:
        self.sheet, self.settings = sheet, settings
        self.language = settings.language
        self.has_several = len(sheet.money) > 1

    def table(
        self,
        title: Text,
        heads: Iterable[Text],
        rows: Sequence[Sequence[str]],
        *,
        money: Money | None = None,
        lead: Text | None = None,
        texts: int = 1,
        total: Sequence[str] = (),
        marks: frozenset[int] = frozenset(),
        sums: frozenset[int] = frozenset(),
        wide: int = 0,
        is_narrow: bool = True,
    ) -> Section:
        """A table.

        Args:
            title: Its heading.
            heads: The headings of its columns.
            rows: Its rows.
            money: Whose currency the heading names, where the sheet has several.
            lead: What it tells; None for nothing.
            texts, total, marks, sums, wide, is_narrow: As of `Section`.

        Returns:
            The table.
        """
        shown = self.told(title)
        if money is not None and self.has_several:
            shown = f"{shown} ({formats.clean(money.currency, 10)})"
        return Section(
            shown, self.told(lead) if lead else "", rendered_each(heads, self.language), rows, texts, total,
            marks, wide, sums, is_narrow,
        )  # fmt: skip

    def told(self, text: str) -> str:
        """A text in the sheet's language."""
        return rendered(text, self.language)

    def case(self, code: str) -> str:
        """A business case as a person reads it."""
        return self.told(CASE_WORDS.get(code, formats.clean(code, 40)))

    def hour(self, begins: dt.datetime | None) -> str:
        """An hour, with its day where that is another one."""
        if begins is None:
            return "–"
        hour = f"{begins:%H}–{(begins.hour + 1) % 24:02d}"
        if begins.date() == self.sheet.day:
            return hour
        return f"{hour} ({formats.day_in_figures(begins.date(), self.language)})"

    def moment(self, text: str) -> str:
        """A point in time on the shop's clock."""
        try:
            moment = dt.datetime.fromisoformat(text)
        except ValueError:
            return formats.clean(text, 40) or "–"
        return formats.minute(moment.astimezone(self.settings.zone), self.language)

    def few(self, numbers: Sequence[int]) -> str:
        """The first of some numbers."""
        shown = ", ".join(map(str, numbers[:20]))
        return f"{shown}, …" if len(numbers) > 20 else shown

    def amount_with_currency(self, cents: int, money: Money) -> str:
        """An amount with its currency, its minus as in the tables."""
        return formats.money(cents, money.currency, self.language).replace("-", formats.MINUS, 1)

    def count(self, value: int) -> str:
        """A whole number."""
        return formats.count(value, self.language)

    def amount(self, cents: int) -> str:
        """An amount without its currency."""
        return formats.euros(cents, self.language)
