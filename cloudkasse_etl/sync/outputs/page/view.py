"""Turns figures into what the template shows: labels, findings and bars in the page's language. No HTML of its own."""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from cloudkasse_etl.i18n import formats
from cloudkasse_etl.i18n.text import Text, joined, rendered, rendered_by_name, say, say_count
from cloudkasse_etl.rejections.causes import Cause, Victim, more_than
from cloudkasse_etl.rejections.rejection import Language
from cloudkasse_etl.schemas.no_effect import NO_EFFECT_WORDS
from cloudkasse_etl.state.stores.books.sales import COUNTED, NOT_IMPORTED, STAGED
from cloudkasse_etl.sync.outputs.page.charts import Chart, Column, column_chart
from cloudkasse_etl.sync.outputs.page.texts import WORDS
from cloudkasse_etl.sync.outputs.turnover import ArticleSales, Fate, Share, Turnover

# Up to this many columns each shows its value; if there are more, only the largest does.
ALL_VALUES = 8
# So many times as many days as business days may be shown before the days without receipts are left out.
SPARSE = 2
# A day's opening hours always stand whole.
LONG = 24


@dataclass(frozen=True)
class Row:
    """A row of a table with bars.

    Attributes:
        label: Its label.
        cells: Its figures as text.
        start, width: Its bar in percent of the available width; None without one.
        note: An addition to the label, in small letters.
    """

    label: str
    cells: Sequence[str]
    start: float | None = None
    width: float | None = None
    note: str = ""


@dataclass(frozen=True)
class Section:
    """A chart with its table.

    Attributes:
        name: What it shows.
        finding: Its result in a sentence.
        heads: The table's headings, the label's first.
        rows: The table.
        chart: A drawing; None where the table carries the bars.
        total: A last row; None without one.
        full: Takes the whole width of the page.
    """

    name: str
    finding: str
    heads: Sequence[str]
    rows: Sequence[Row]
    chart: Chart | None = None
    total: Row | None = None
    full: bool = False

    @property
    def is_long(self) -> bool:
        """Whether the table would leave the place below its chart empty: on the screen it scrolls, with sum in view."""
        return self.chart is not None and len(self.rows) > LONG


@dataclass(frozen=True)
class CauseRow:
    """A cause with its records.

    Attributes:
        cause: The cause.
        width: Its bar in percent.
        records: The records that are shown.
        more: How many there are besides; empty where there are none.
    """

    cause: Cause
    width: float
    records: Sequence[Victim]
    more: str


# What is seen in a chart of shares: by the label of the largest and its part.
_SHARES: Mapping[str, Callable[[str, str], Text]] = {
    "rate": lambda label, percent: say("{label} VAT: {percent} of the turnover", label=label, percent=percent),
    "no_rate": lambda _, percent: say("Without VAT: {percent} of the turnover", percent=percent),
    "tender": lambda label, percent: say("{label}: {percent} of what was paid", label=label, percent=percent),
    "register": lambda label, percent: say("{label}: {percent} of the turnover", label=label, percent=percent),
}


class View:
    """Makes the sections of one turnover.

    Args:
        turnover: What was sold.
        language: The language of the words.
        currency: The currency of the amounts.
        registers: The registers' names by number.
    """

    def __init__(self, turnover: Turnover, language: Language, currency: str, registers: dict[str, str]) -> None:
        self._turnover = turnover
        self._language = language
        self._currency = currency
        self._registers = registers
        self._words = rendered_by_name(WORDS, language)

    def sections(self) -> list[Section]:
        """All of them, in the page's order."""
        turnover, words = self._turnover, self._words
        if not turnover.days:
            return [section for section in [self._fates()] if section is not None]
        sections = [
            self._days(),
            self._hours(),
            self._shares("rate", turnover.rates, [self._rate(share) for share in turnover.rates]),
            self._shares("tender", self._paid(), [self._tender(share) for share in self._paid()]),
            self._shares("register", turnover.registers, [self._register(share) for share in turnover.registers]),
            self._fates(),
            self._articles(words["top"], turnover.by_turnover, by_quantity=False),
        ]
        for unit, articles in turnover.by_quantity:
            title = say("Top articles by quantity, unit {unit}", unit=formats.clean(unit, 20) or words["no_unit"])
            sections.append(self._articles(title.render(self._language), articles, by_quantity=True))
        return [section for section in sections if section is not None]

    def figures(self) -> list[tuple[str, str]]:
        """The main figures at the top of the page."""
        turnover, words = self._turnover, self._words
        average = _rounded(turnover.gross_cents, turnover.receipts)
        unbooked = sum(fate.gross_cents or 0 for fate in turnover.fates if fate.name in (STAGED, NOT_IMPORTED))
        return [
            (words["turnover"], self._money(turnover.gross_cents)),
            *([(words["unbooked"], self._money(unbooked))] if unbooked else []),
            (words["receipts"], formats.count(turnover.receipts, self._language)),
            (words["average"], self._money(average)),
            (words["days"], formats.count(len(turnover.days), self._language)),
        ]

    def period(self) -> str:
        """The days of the sales, as text."""
        first, last = self._turnover.days[0].day, self._turnover.days[-1].day
        text = say_count(
            "On one business day, {first}; amounts in {currency}, gross.",
            "The last {count} business days with receipts, {first} to {last}; amounts in {currency}, gross.",
            count=len(self._turnover.days),
            first=formats.day(first, self._language, year=True),
            last=formats.day(last, self._language, year=True),
            currency=self._currency,
        )
        return text.render(self._language)

    def _money(self, cents: int) -> str:
        return f"{formats.euros(cents, self._language)} {self._currency}"

    def _amounts(self) -> str:
        return f"{self._words['turnover']} ({self._currency})"

    def _days(self) -> Section:
        days, words, language = self._turnover.days, self._words, self._language
        best = max(days, key=lambda day: day.gross_cents)
        chart = None
        if len(days) > 1:
            sums = {day.day: day.gross_cents for day in days}
            span = (days[-1].day - days[0].day).days + 1
            # a closed day is shown as a gap, but a shop that opens once a month must not be mostly gaps
            shown = [days[0].day + dt.timedelta(n) for n in range(span)] if span <= SPARSE * len(days) else list(sums)
            labelled = set(shown) if len(shown) <= ALL_VALUES else set(shown[:: max(7, -(-len(shown) // 5))])
            columns = [
                Column(
                    sums.get(day, 0),
                    formats.day(day, language).replace(" ", "\n", 1) if day in labelled else "",
                    self._value(sums.get(day, 0), day == best.day, len(shown)) if day in sums else "",
                )
                for day in shown
            ]
            chart = self._chart(columns, words["by_day"], words["day_axis"])
        return Section(
            name=words["by_day"],
            finding=say(
                "Best day: {label} with {amount} {currency}",
                label=formats.day(best.day, language),
                amount=formats.euros(best.gross_cents, language),
                currency=self._currency,
            ).render(language),
            heads=(words["day"], words["receipts"], self._amounts()),
            rows=[
                Row(formats.day(d.day, language, year=True), (self._count(d.receipts), self._cents(d.gross_cents)))
                for d in days
            ],
            chart=chart,
            full=True,
            total=self._total((self._count(self._turnover.receipts), self._cents(self._turnover.gross_cents))),
        )

    def _hours(self) -> Section | None:
        hours, words = self._turnover.hours, self._words
        if not hours:
            return None
        sums = {hour.hour: hour.gross_cents for hour in hours}
        best = max(hours, key=lambda hour: hour.gross_cents).hour
        shown = range(hours[0].hour, hours[-1].hour + 1)
        step = 1 if len(shown) <= 12 else 2
        columns = [
            Column(
                sums.get(hour, 0),
                str(hour) if (hour - shown[0]) % step == 0 else "",
                self._value(sums.get(hour, 0), hour == best, len(shown)),
            )
            for hour in shown
        ]
        return Section(
            name=words["by_hour"],
            finding=say("Most is sold between {first} and {last} o’clock", first=best, last=best + 1).render(
                self._language
            ),
            heads=(words["hour"], words["receipts"], self._amounts()),
            rows=[
                Row(f"{hour.hour}:00–{hour.hour}:59", (self._count(hour.receipts), self._cents(hour.gross_cents)))
                for hour in hours
            ],
            chart=self._chart(columns, words["by_hour"], words["hour_axis"]),
            full=True,
            total=self._total(
                (self._count(sum(h.receipts for h in hours)), self._cents(sum(h.gross_cents for h in hours)))
            ),
        )

    def _shares(self, of: str, shares: Sequence[Share], labels: Sequence[str]) -> Section | None:
        if not shares:
            return None
        words, whole = self._words, sum(share.gross_cents for share in shares)
        bars = _bars([share.gross_cents for share in shares])
        says = _SHARES["no_rate" if of == "rate" and not shares[0].key else of]
        return Section(
            name=words[f"by_{of}"],
            finding=says(labels[0], formats.percent(shares[0].gross_cents, whole, self._language)).render(
                self._language
            ),
            heads=(words[of], self._currency, words["share"]),
            rows=[
                Row(
                    label,
                    (self._cents(share.gross_cents), formats.percent(share.gross_cents, whole, self._language)),
                    *bar,
                )
                for share, label, bar in zip(shares, labels, bars, strict=True)
            ],
            total=self._total((self._cents(whole), formats.percent(whole, whole, self._language))),
        )

    def _fates(self) -> Section | None:
        """The receipts by status: each counts once, so that they add up to all that were fetched."""
        fates, words = self._turnover.fates, self._words
        if not fates:
            return None
        receipts = sum(fate.receipts for fate in fates)
        apart = sum(fate.receipts for fate in fates if fate.name not in COUNTED)
        cells = [(self._count(fate.receipts), self._cents(fate.total_cents)) for fate in fates]
        whole = self._cents(sum(fate.total_cents for fate in fates))
        sold = self._turnover.receipts + sum(other.receipts for other in self._turnover.others)
        parts = [
            say_count("{count:,} with turnover", "{count:,} with turnover", count=sold),
            # with these the three parts add up to the whole
            say_count(
                "{count:,} without turnover (cash, vouchers)",
                "{count:,} without turnover (cash, vouchers)",
                count=receipts - apart - sold,
            ),
            say_count("{count:,} that is left out of it", "{count:,} that are left out of it", count=apart),
        ]
        return Section(
            name=words["fates"],
            finding=say(
                "{receipts}: {parts}",
                receipts=say_count("{count:,} receipt", "{count:,} receipts", count=receipts),
                parts=joined(", ", [part for part in parts if part.values["count"]]),
            ).render(self._language),
            heads=(words["fate"], words["receipts"], f"{words['totals_of_receipts']} ({self._currency})"),
            rows=[Row(self._fate(fate), two) for fate, two in zip(fates, cells, strict=True)],
            total=self._total((self._count(receipts), whole)),
        )

    def _fate(self, fate: Fate) -> str:
        """What became of receipts, and the reasons of those without effect: `…: training (3), broken off (1)`."""
        word = self._words.get(f"fate_{fate.name}", fate.name)
        reasons = [
            f"{rendered(words, self._language)} ({self._count(fate.reasons[reason])})"
            for reason, words in NO_EFFECT_WORDS.items()
            if reason in fate.reasons
        ]
        return f"{word}: {', '.join(reasons)}" if reasons else word

    def _articles(self, name: str, articles: Sequence[ArticleSales], *, by_quantity: bool) -> Section | None:
        if not articles:
            return None
        words = self._words
        values = [article.quantity_milli or 0 if by_quantity else article.gross_cents for article in articles]
        label = self._article(articles[0])
        says = say("Sold most: {label}", label=label) if by_quantity else say("Brings most: {label}", label=label)
        heads = (words["quantity"], self._currency) if by_quantity else (self._currency, words["quantity"])
        rows = []
        for article, bar in zip(articles, _bars(values), strict=True):
            amount = self._cents(article.gross_cents)
            quantity = (
                f"{formats.quantity(article.quantity_milli, self._language)} {formats.clean(article.unit, 10)}".strip()
                if article.article and article.quantity_milli is not None
                else ""
            )
            cells = (quantity, amount) if by_quantity else (amount, quantity)
            rows.append(Row(self._article(article), cells, *bar, note=formats.clean(article.article, 40)))
        return Section(
            name=name,
            finding=says.render(self._language),
            heads=(words["article"], *heads),
            rows=rows,
        )

    def _paid(self) -> list[Share]:
        return [share for share in self._turnover.tenders if share.gross_cents]

    def _rate(self, share: Share) -> str:
        return formats.rate(share.key, self._language) if share.key else self._words["no_vat"]

    def _tender(self, share: Share) -> str:
        name = formats.clean(share.name, 40)
        return f"{self._words.get(share.key, share.key)}: {name}" if name else self._words.get(share.key, share.key)

    def _register(self, share: Share) -> str:
        name = self._registers.get(share.key, "")
        return formats.clean(f"{share.key} {name}".strip(), 60)

    def _article(self, article: ArticleSales) -> str:
        return formats.clean(article.text, 60) if article.article else self._words["no_article"]

    def _value(self, cents: int, is_best: bool, columns: int) -> str:
        """The label on a column: whole euros, and only if there is room."""
        if not (is_best or columns <= ALL_VALUES):
            return ""
        return formats.count(_rounded(cents, 100), self._language)

    def _chart(self, columns: Sequence[Column], title: str, x_label: str) -> Chart:
        return column_chart(columns, title=title, x_label=x_label, y_label=self._amounts(), language=self._language)

    def _total(self, cells: Sequence[str]) -> Row:
        return Row(self._words["all"], cells)

    def _count(self, value: int) -> str:
        return formats.count(value, self._language)

    def _cents(self, value: int) -> str:
        return formats.euros(value, self._language)


def _rounded(value: int, by: int) -> int:
    """A quotient of whole numbers, half away from zero."""
    if by == 0:
        return 0
    found = (2 * abs(value) + by) // (2 * by)
    return found if value >= 0 else -found


def _bars(values: Sequence[int]) -> list[tuple[float, float]]:
    """Start and width of each value's bar in percent; negative ones go to the left of the common zero."""
    low, high = min(0, *values), max(0, *values)
    room = (high - low) or 1
    return [(round(100 * (min(value, 0) - low) / room, 2), round(100 * abs(value) / room, 2)) for value in values]


def cause_rows(causes: Sequence[Cause], language: Language, shown: int, records: int) -> list[CauseRow]:
    """The first causes with their records and their bars.

    Args:
        causes: The causes, most records first.
        language: The language of the texts.
        shown: How many are returned at most.
        records: How many records are shown of all of them together.

    Returns:
        The causes as the page shows them.
    """
    rows = []
    bars = _bars([cause.count for cause in causes[:shown]] or [0])
    for cause, (_, width) in zip(causes[:shown], bars, strict=False):
        victims = cause.victims[:records]
        records -= len(victims)
        more = more_than(cause.count, len({victim.key for victim in victims}), language)
        rows.append(CauseRow(cause, width, victims, more))
    return rows
