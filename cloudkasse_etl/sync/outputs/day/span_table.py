"""Several sheets in one table, a row a day and register, with totals by currency and VAT rate."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from cloudkasse_etl.config.settings import Settings
from cloudkasse_etl.i18n import formats
from cloudkasse_etl.i18n.text import Language, Text, rendered, rendered_each, say, say_as, say_count
from cloudkasse_etl.schemas.no_effect import NoEffect
from cloudkasse_etl.sync.outputs.day.day_sheet import DayReport, DaySheet, Money
from cloudkasse_etl.sync.outputs.day.sheet_words import STATE_WORDS
from cloudkasse_etl.sync.outputs.tables.table_page import Chapter, Section
from cloudkasse_etl.transform.books.business_cases import CASH

_HEADS = (
    say("Day"),
    say("Register"),
    say("The day is"),
    say("Receipts"),
    say("Turnover"),
    say("Printed VAT"),
    say("In cash"),
    say("Otherwise"),
    say("Cash expected"),
    say("Difference"),
    say("Voids"),
    say_as("column", "Cancelled"),
    say("Broken off"),
    say("Missing"),
    say("Not booked"),
)


@dataclass(frozen=True, slots=True)
class SpanRow:
    """A register's day in one currency, in cents.

    Attributes:
        receipts, turnover_cents, tax_cents: As of its sheet.
        cash_cents, other_cents: What was taken in cash, and otherwise, in foreign cash too.
        expected_cents: The cash that must be in the drawer in the end.
        difference_cents: What was counted more or less.
        void_cents, cancelled_cents, broken_off_cents: What was taken back, cancelled and broken off.
        missing: How many receipt numbers are missing.
        unbooked_cents: The totals of what is still to be booked.
    """

    receipts: int
    turnover_cents: int
    tax_cents: int
    cash_cents: int
    other_cents: int
    expected_cents: int
    difference_cents: int
    void_cents: int
    cancelled_cents: int
    broken_off_cents: int
    missing: int
    unbooked_cents: int

    def cells(self, settings: Settings, *, is_total: bool) -> list[str]:
        """Its numbers as texts; a total has none for the cash in the drawer, which of several days has no sum."""
        language = settings.language
        values = [getattr(self, name) for name in self.__slots__]
        texts = [
            formats.count(value, language) if name in ("receipts", "missing") else formats.euros(value, language)
            for name, value in zip(self.__slots__, values, strict=True)
        ]
        if is_total:
            texts[self.__slots__.index("expected_cents")] = ""
        return texts


def span_row(sheet: DaySheet, money: Money) -> SpanRow:
    """A sheet as a row of the table.

    Args:
        sheet: The sheet.
        money: One of its currencies; what has none is told with the first.
    """
    is_first = money is sheet.money[0]
    return SpanRow(
        money.sums.receipts,
        money.sums.turnover_cents,
        money.sums.tax_cents,
        sum(part.takings_cents for part in money.drawer),
        sum(
            tender.base_cents
            for tender in money.sums.tenders
            if tender.tender != CASH or tender.currency != money.currency
        ),
        money.expected_cents,
        money.difference_cents,
        money.sums.voids.cents,
        money.sums.cancelled_lines.cents,
        sheet.apart_of(NoEffect.BROKEN_OFF).keyed_cents if is_first else 0,
        sheet.numbers.missing if is_first else 0,
        money.unbooked.cents,
    )


def total_row(rows: Sequence[SpanRow]) -> SpanRow:
    """The sum of rows of one currency."""
    return SpanRow(*(sum(getattr(row, name) for row in rows) for name in SpanRow.__slots__))


def span_chapter(report: DayReport, settings: Settings) -> Chapter:
    """All sheets in one table.

    Args:
        report: The sheets.
        settings: Language and time zone.

    Returns:
        The table, and totals by VAT rate.
    """
    language = settings.language
    return Chapter(
        say("All registers").render(language) if not report.is_span else "",
        notes=[note.render(language) for note in _notes(report, language)],
        sections=[_table(report, settings), *_rates(report, settings)],
        is_broad=True,
    )


def _notes(report: DayReport, language: Language) -> Iterator[Text]:
    unsound = [sheet for sheet in report.sheets if any(not money.is_sound for money in sheet.money)]
    if unsound:
        places = ", ".join(
            f"{formats.clean(sheet.register, 40)} {formats.day_in_figures(sheet.day, language)}"
            for sheet in unsound[:10]
        )
        yield say("Sums that contradict each other, or the postings: {places}.", places=places)
    if uncounted := sum(len(sheet.uncounted) for sheet in report.sheets):
        yield say_count(
            "{count:,} receipt is in no sum; the sheet of its day names it.",
            "{count:,} receipts are in no sum; the sheets of their days name them.",
            count=uncounted,
        )


def _table(report: DayReport, settings: Settings) -> Section:
    language = settings.language
    found = [(sheet, money) for sheet in report.sheets for money in sheet.money]
    currencies = sorted({money.currency for _, money in found})
    rows: list[Sequence[str]] = []
    marks = set()
    heads, blank = (_HEADS, ("",)) if report.is_span else (_HEADS[1:], ())
    for sheet, money in found:
        if any(not one.is_sound for one in sheet.money) or sheet.uncounted or sheet.numbers.missing:
            marks.add(len(rows))
        register = f"{sheet.register} ({money.currency})" if len(currencies) > 1 else sheet.register
        day = (formats.day_in_figures(sheet.day, language),) if report.is_span else ()
        head = (*day, formats.clean(register, 40), rendered(STATE_WORDS[sheet.state], language))
        rows.append((*head, *span_row(sheet, money).cells(settings, is_total=False)))
    sums = frozenset(range(len(rows), len(rows) + len(currencies)))
    for currency in currencies:
        whole = total_row([span_row(sheet, money) for sheet, money in found if money.currency == currency])
        total = say("Total {currency}", currency=formats.clean(currency, 10)).render(language)
        rows.append((total, "", *blank, *whole.cells(settings, is_total=True)))
    title = say("Day by day") if report.is_span else say("Register by register")
    return Section(
        title.render(language),
        "",
        rendered_each(heads, language),
        rows,
        2 + len(blank),
        marks=frozenset(marks),
        sums=sums,
    )


def _rates(report: DayReport, settings: Settings) -> Iterator[Section]:
    """Gross, net and printed tax of all sheets by VAT rate (§ 22 UStG)."""
    language = settings.language
    for currency in sorted({money.currency for sheet in report.sheets for money in sheet.money}):
        found = [money for sheet in report.sheets for money in sheet.money if money.currency == currency]
        rates: dict[str | None, list[int]] = {}
        for money in found:
            for one in money.sums.rates:
                sums = rates.setdefault(one.vat_rate, [0, 0, 0, 0])
                for at, cents in enumerate((one.gross_cents, one.net_cents, one.tax_cents, one.turnover_cents)):
                    sums[at] += cents
        order = sorted(rates, key=lambda rate: (rate is None, -float(rate or 0)))
        rows = [
            (
                formats.rate(rate, language) if rate else say("without VAT").render(language),
                *(formats.euros(cents, language) for cents in rates[rate]),
            )
            for rate in order
        ]
        whole = [formats.euros(sum(rates[rate][at] for rate in order), language) for at in range(4)]
        heads = (say("VAT"), say("Gross"), say("Net"), say("Printed VAT"), say("of it turnover"))
        title = say("By VAT rate, {currency}", currency=formats.clean(currency, 10))
        total = (say("Total").render(language), *whole)
        yield Section(title.render(language), "", rendered_each(heads, language), rows, 1, total)
