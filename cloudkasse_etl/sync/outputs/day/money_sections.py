"""The tables of a sheet about money: a currency's receipts in every way that they are added up."""

from collections.abc import Iterator, Sequence

from cloudkasse_etl.i18n import formats
from cloudkasse_etl.i18n.text import Text, rendered, say
from cloudkasse_etl.schemas.no_effect import NO_EFFECT_WORDS, NoEffect
from cloudkasse_etl.sync.outputs.day.booked_comparison import TAX, TURNOVER, BookedPair
from cloudkasse_etl.sync.outputs.day.day_sheet import Money
from cloudkasse_etl.sync.outputs.day.sheet_drawing import SheetDrawing
from cloudkasse_etl.sync.outputs.page.texts import WORDS
from cloudkasse_etl.sync.outputs.tables.table_page import Section
from cloudkasse_etl.sync.run.receipt_sums import FATE_WORDS
from cloudkasse_etl.transform.books.business_cases import CASH, CASH_DIFFERENCE
from cloudkasse_etl.transform.day_sheet.day_sums import Corrected, TenderSum

_AMOUNT = say("Amount")
_COUNT = say("Count")
_RECEIPTS = say("Receipts")


class MoneySections(SheetDrawing):
    """Draws what a sheet tells of money."""

    def sections(self) -> Iterator[Section]:
        """Its tables, currency by currency."""
        for money in self.sheet.money:
            yield self._rates(money)
            yield self._cases(money)
            yield self._tenders(money)
            yield self._cash(money)
            yield self._hours(money)
            yield self._checked(money)
            yield self._fates(money)
            yield self._booked(money)

    def _rates(self, money: Money) -> Section:
        rows = [
            (
                formats.rate(one.vat_rate, self.language) if one.vat_rate else self.told(say("without VAT")),
                *map(self.amount, (one.gross_cents, one.net_cents, one.tax_cents, one.turnover_cents)),
            )
            for one in money.sums.rates
        ]
        sums = [
            sum(getattr(one, name) for one in money.sums.rates)
            for name in ("gross_cents", "net_cents", "tax_cents", "turnover_cents")
        ]
        heads = (say("VAT"), say("Gross"), say("Net"), say("Printed VAT"), say("of it turnover"))
        lead = say(
            "Printed VAT is what stands on the receipts. 0 % is exempt or taxed at nothing; without VAT are sales that "
            "are not taxable (under turnover), and vouchers, tips and cash."
        )
        total = (self.told(say("Total")), *map(self.amount, sums))
        return self.table(say("By VAT rate"), heads, rows, money=money, lead=lead, total=total)

    def _cases(self, money: Money) -> Section:
        rows: list[Sequence[str]] = []
        for case in money.sums.cases:
            if case.is_turnover:
                rows.append((self.case(case.business_case), self.count(case.lines), self.amount(case.gross_cents)))
        sums = frozenset({len(rows)}) if rows else frozenset()
        if rows:
            rows.append((self.told(say("Turnover")), "", self.amount(money.sums.turnover_cents)))
        for case in money.sums.cases:
            if not case.is_turnover:
                rows.append((self.case(case.business_case), self.count(case.lines), self.amount(case.gross_cents)))
        total = (self.told(say("All receipts")), "", self.amount(money.sums.total_cents))
        heads = (say("Business case"), say("Lines"), _AMOUNT)
        return self.table(say("By business case"), heads, rows, money=money, total=total, sums=sums)

    def _tenders(self, money: Money) -> Section:
        rows = [
            (self._tender(one, money), self.count(one.payments), self.amount(one.base_cents))
            for one in sorted(
                money.sums.tenders, key=lambda one: (one.tender, one.name, one.currency != money.currency)
            )
        ]
        total = (self.told(say("All receipts")), "", self.amount(sum(one.base_cents for one in money.sums.tenders)))
        return self.table(say("By tender"), (say("Tender"), say("Payments"), _AMOUNT), rows, money=money, total=total)

    def _cash(self, money: Money) -> Section:
        rows: list[Sequence[str]] = []
        sums, marks = set(), set()

        def add(label: Text | str, cents: int, *, is_sum: bool = False) -> None:
            if is_sum:
                sums.add(len(rows))
            rows.append((self.told(label), self.amount(cents)))

        if money.before.since is not None:
            since = formats.day_in_figures(money.before.since, self.language)
            is_counted_anew = bool(money.drawer) and money.drawer[0].opening_cents is not None
            told = say("Left by the closing before")
            if is_counted_anew:
                told = say("Left by the closing before; it is counted anew")
            if not money.before.is_stated:
                told = say("All cash since {day}: no opening cash was ever stated", day=since)
            add(told, money.before.cents)
        for part, left in zip(money.drawer, money.left, strict=True):
            if part.opening_cents is not None:
                add(say("Opening cash, as it was stated"), part.opening_cents, is_sum=True)
            add(say("Cash taken, less change and what was paid back"), part.takings_cents)
            for case, cents in sorted(part.moves.items()):
                if case == CASH_DIFFERENCE and cents:
                    marks.add(len(rows))
                add(self.case(case), cents)
            expected = say("Expected now")
            if part.closing is not None:
                expected = say("Expected at closing {number}", number=part.closing)
            add(expected, left, is_sum=True)
        if not money.drawer and rows:
            add(say("Expected now"), money.expected_cents, is_sum=True)
        for currency, cents in money.foreign.items():
            rows.append(
                (self.told(say("Besides, in {currency}", currency=formats.clean(currency, 10))), self.amount(cents))
            )
        heads = (say("What"), _AMOUNT)
        return self.table(
            say("Cash in the drawer"), heads, rows, money=money, sums=frozenset(sums), marks=frozenset(marks)
        )  # fmt: skip

    def _hours(self, money: Money) -> Section:
        rows = [
            (self.hour(one.begins), self.count(one.receipts), self.amount(one.turnover_cents))
            for one in money.sums.hours
        ]
        total = (
            self.told(say("Turnover")),
            self.count(sum(one.receipts for one in money.sums.hours)),
            self.amount(sum(one.turnover_cents for one in money.sums.hours)),
        )
        return self.table(say("By hour"), (say("Hour"), _RECEIPTS, _AMOUNT), rows, money=money, total=total)

    def _checked(self, money: Money) -> Section:
        """What an auditor looks for first; each kind has its row, also where there was none."""
        sums, sheet = money.sums, self.sheet
        off = sheet.apart_of(NoEffect.BROKEN_OFF)
        found: list[tuple[Text | str, Corrected]] = [
            (say("Voided receipts"), sums.voids),
            (say("Returned lines"), sums.returns),
            (say("Cancelled lines"), sums.cancelled_lines),
        ]
        if money is sheet.money[0]:
            found.append((say("Receipts broken off"), Corrected(off.count, off.keyed_cents)))
            found += [
                (say("Without effect: {reason}", reason=NO_EFFECT_WORDS.get(one.reason, one.reason)),
                 Corrected(one.count, one.keyed_cents))
                for one in sheet.apart
                if one.reason != NoEffect.BROKEN_OFF
            ]  # fmt: skip
        lead = say(
            "Voids and returns are in the sums; what was cancelled or broken off, or has no effect, is in none: told "
            "is what was keyed in."
        )
        rows = [(self.told(label), self.count(one.count), self.amount(one.cents)) for label, one in found]
        title = say("Voids, returns, and what was broken off")
        return self.table(title, (say("What"), _COUNT, _AMOUNT), rows, money=money, lead=lead)

    def _fates(self, money: Money) -> Section:
        rows = [
            (rendered(FATE_WORDS.get(fate, fate), self.language), self.count(one.count), self.amount(one.cents))
            for fate, one in money.fates.items()
        ]
        total = (
            self.told(say("All receipts")),
            self.count(money.sums.receipts),
            self.amount(money.sums.total_cents),
        )
        heads = (say("Receipts that are"), _COUNT, say("Totals"))
        return self.table(say("What has become of the receipts"), heads, rows, money=money, total=total)

    def _booked(self, money: Money) -> Section:
        rows = [
            (
                self._pair(one),
                *map(self.amount, (one.receipts_cents, one.booked_cents, one.booked_cents - one.receipts_cents)),
            )
            for one in money.booked
        ]
        marks = frozenset(at for at, one in enumerate(money.booked) if one.booked_cents != one.receipts_cents)
        heads = (say("Imported"), say("Receipts"), say("Booked"), say("Difference"))
        return self.table(say("Receipts beside postings"), heads, rows, money=money, marks=marks)

    def _tender(self, one: TenderSum, money: Money) -> str:
        word = self.told(WORDS.get(one.tender, formats.clean(one.tender, 40)))
        name = formats.clean(one.name, 40)
        shown = f"{word}: {name}" if name not in ("", word, one.tender) else word
        if one.currency == money.currency:
            return shown
        return f"{shown} ({formats.money(one.amount_cents, one.currency, self.language)})"

    def _pair(self, one: BookedPair) -> str:
        rate = formats.rate(one.vat_rate, self.language) if one.vat_rate else self.told(say("without VAT"))
        if one.what == TURNOVER:
            return self.told(say("Turnover, {rate}", rate=rate))
        if one.what == TAX:
            return self.told(say("VAT, {rate}", rate=rate))
        word = self.told(WORDS.get(one.what, one.what))
        return self.told(say("{cash} without opening cash", cash=word)) if one.what == CASH else word
