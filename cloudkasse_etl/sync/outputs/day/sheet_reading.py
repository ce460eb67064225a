"""The use case that makes the sheets of some business days, from receipts as they came; takes no lease, and no run."""

import datetime as dt
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property

import orjson

from cloudkasse_etl.config.settings import Configuration
from cloudkasse_etl.entities import REVENUE_POSTINGS
from cloudkasse_etl.schemas.no_effect import OF_KIND, NoEffect
from cloudkasse_etl.schemas.wire_receipts import MalformedError, Receipt, parse_closing, read_receipt
from cloudkasse_etl.state.stores.books.decision_log import Action, Decision, Subject
from cloudkasse_etl.state.stores.books.receipt_reader import ReceiptReader
from cloudkasse_etl.state.stores.books.receipt_status import Status
from cloudkasse_etl.state.stores.books.sales import FATES, NOT_IMPORTED
from cloudkasse_etl.state.stores.days.day_bookings import DayBookings
from cloudkasse_etl.state.stores.days.day_receipts import DayGap, DayReceipt, DayReceipts
from cloudkasse_etl.state.stores.missing_numbers import Completeness, Gap, numbers_of
from cloudkasse_etl.state.stores.settings_log import SettingsChange, SettingsLog
from cloudkasse_etl.state.stores.state_stores import StateStores
from cloudkasse_etl.sync.inputs.own_tables import open_reading
from cloudkasse_etl.sync.outputs.day.booked_comparison import again_sums, booked_pairs, late_sums, undone_sums
from cloudkasse_etl.sync.outputs.day.day_sheet import (
    Apart,
    Before,
    BookedUnder,
    Correction,
    DayReport,
    DaySheet,
    Money,
    Numbers,
    SheetClosing,
)
from cloudkasse_etl.sync.receipts.closing_differences import compare_closing
from cloudkasse_etl.sync.receipts.receipt_list import ListedReceipt, listed
from cloudkasse_etl.sync.receipts.receipt_search import names_of, refuse_unknown_register
from cloudkasse_etl.sync.receipts.validation.books_currency import last_known_currency
from cloudkasse_etl.sync.receipts.validation.receipt_reading import is_unsigned
from cloudkasse_etl.tills.capabilities import CAPABILITIES
from cloudkasse_etl.tills.till_opening import translation_of
from cloudkasse_etl.transform.day_sheet.day_sums import Corrected, adds_up, keyed_cents, sum_day
from cloudkasse_etl.transform.day_sheet.drawer import drawer_parts

# So many business days back a stated opening cash is looked for: a register states one each day, or never.
LOOK_BACK = 62
OnSheet = Callable[[str, int, int], None]


def make_day_sheets(
    configuration: Configuration,
    first: dt.date,
    last: dt.date,
    *,
    register: str | None = None,
    on_sheet: OnSheet = lambda place, number, of: None,
) -> DayReport:
    """The sheets of some business days. May be called while a synchronisation runs.

    Args:
        configuration: Settings and connections.
        first: The first day.
        last: The last day, included.
        register: One register; None for all.
        on_sheet: Is called before each sheet with its place, its number from 1, and how many there are.

    Returns:
        A sheet a day and register with receipts or closings.

    Raises:
        ConfigurationError: There is no such register.
        StateUnavailableError: Our own tables cannot be reached.
    """
    settings = configuration.settings
    with open_reading(configuration) as store:
        reader = DayReceipts(store.connection)
        if register is not None:
            refuse_unknown_register(store, settings, register)
        making = _Making(configuration, store)
        places = [place for place in reader.places(first, last) if register in (None, place[1])]
        sheets = []
        for number, (day, place) in enumerate(places, 1):
            on_sheet(f"{day} {place}", number, len(places))
            sheets.append(making.sheet(place, day))
        return DayReport(
            first,
            last,
            register,
            settings.company.number,
            dt.datetime.now(settings.zone),
            tuple(sheets),
            reader.count_without_day(),
            {one.number: one.name for one in settings.registers},
            None if sheets else reader.newest(register),
        )


def last_day(configuration: Configuration) -> dt.date:
    """The last business day with receipts; today where there are none."""
    with open_reading(configuration) as store:
        return DayReceipts(store.connection).newest(None) or dt.datetime.now(configuration.settings.zone).date()


@dataclass(frozen=True, slots=True)
class _Counted:
    """A receipt that counts, as it is stored and as it was parsed."""

    stored: DayReceipt
    receipt: Receipt

    @property
    def fate(self) -> str:
        """What became of it."""
        is_by_import = self.stored.row.status == Status.REJECTED and self.stored.refused_by == REVENUE_POSTINGS
        return NOT_IMPORTED if is_by_import else self.stored.row.status


@dataclass(frozen=True, slots=True)
class _Sorted:
    """A day's receipts: those that count, those without effect, and all others."""

    counted: list[_Counted]
    apart: list[tuple[DayReceipt, Receipt]]
    uncounted: list[DayReceipt]

    def of(self, currency: str) -> list[_Counted]:
        """Those that count, of one currency."""
        return [one for one in self.counted if one.receipt.currency == currency]


class _Making:
    """Makes sheets one after the other; what all need is read once."""

    def __init__(self, configuration: Configuration, store: StateStores) -> None:
        self._configuration, self._store = configuration, store
        self._settings = configuration.settings
        self._reader, self._bookings = DayReceipts(store.connection), DayBookings(store.connection)
        self._completeness, self._log = Completeness(store.connection), SettingsLog(store.connection)
        self._translation = translation_of(self._settings)
        self._till = CAPABILITIES[self._settings.till.kind]
        self._books = last_known_currency(store) or ""
        self._left: dict[tuple[str, str], tuple[dt.date, Before]] = {}

    def sheet(self, register: str, day: dt.date) -> DaySheet:
        """The sheet of a register's day."""
        stored = self._reader.of(register, day)
        found, ids = _sorted_out(stored), [one.row.receipt_id for one in stored]
        money = tuple(self._money(register, day, currency, found) for currency in self._currencies(found))
        unsigned = {
            one.row.number
            for one in stored
            if one.row.number is not None and is_unsigned(self._translation, one.raw, one.original)
        }
        closings = tuple(self._closings(register, day, found))
        beside = {one.number for one in closings}
        return DaySheet(
            day,
            register,
            money,
            missing_closings=tuple(
                gap for gap in self._closing_gaps if gap.register == register and gap.last + 1 in beside
            ),
            corrections=tuple(self._corrections(found)),
            numbers=self._numbers(register, stored),
            apart=_apart(found.apart),
            uncounted=self._listed(found.uncounted),
            unbooked=self._listed(
                [one.stored for one in found.counted if one.fate in (NOT_IMPORTED, Status.DISMISSED)]
            ),
            closings=closings,
            unsigned=tuple(sorted(unsigned)),
            tells_tse=self._till.states_tse_failures or bool(unsigned),
            delivered=tuple(self._bookings.delivered(ids)),
            exported=tuple(self._bookings.exported(ids)),
            settings=tuple(self._settings_of(self._bookings.booking_runs(ids))),
        )

    def _currencies(self, found: _Sorted) -> list[str]:
        """The currencies of what counts, that of most receipts first; that of the books where nothing counts."""
        counts = Counter(one.receipt.currency for one in found.counted)
        return sorted(counts, key=lambda one: (-counts[one], one)) or [self._books]

    def _money(self, register: str, day: dt.date, currency: str, found: _Sorted) -> Money:
        counted = found.of(currency)
        before = self._before(register, day, currency)
        drawer = tuple(drawer_parts((one.receipt, one.stored.row.closing_number) for one in counted))
        fates: dict[str, Corrected] = {}
        for one in counted:
            fates[one.fate] = fates.get(one.fate, Corrected()) + Corrected(1, one.receipt.total_cents)
        order = [*FATES, *sorted(fates.keys() - set(FATES))]
        imported = [one.receipt for one in counted if one.fate == Status.IMPORTED]
        opening = sum(part.opening_cents or 0 for part in drawer_parts((one, None) for one in imported))
        booked, entries = self._bookings.booked([one.stored.row.receipt_id for one in counted], currency)
        sums = sum_day([one.receipt for one in counted], self._settings.zone)
        imported_sums = sums if len(imported) == len(counted) else sum_day(imported, self._settings.zone)
        money = Money(
            currency,
            sums,
            before,
            drawer,
            {fate: fates[fate] for fate in order if fate in fates},
            booked_pairs(imported_sums, opening, booked),
            late_sums(day, entries),
            undone_sums(entries),
            again_sums(entries),
        )
        is_stated = any(part.opening_cents is not None for part in drawer)
        since = day if is_stated or before.since is None else before.since
        left = Before(money.expected_cents, since, is_stated or before.is_stated)
        self._left[register, currency] = (day, left)
        return money

    def _before(self, register: str, day: dt.date, currency: str) -> Before:
        """What the closing before a day has left in the drawer: counted from the last opening cash that was stated."""
        days = self._reader.days_before(register, day, LOOK_BACK)
        done, left = self._left.get((register, currency), (None, Before()))
        if days and done == days[0]:
            return left
        change, since = 0, None
        for earlier in days:
            counted = _sorted_out(self._reader.of(register, earlier)).of(currency)
            for part in reversed(drawer_parts((one.receipt, one.stored.row.closing_number) for one in counted)):
                change += part.change_cents
                if part.opening_cents is not None:
                    return Before(part.opening_cents + change, earlier, is_stated=True)
            since = earlier
        return Before(change, since)

    def _numbers(self, register: str, stored: Sequence[DayReceipt]) -> Numbers:
        numbers = [one.row.number for one in stored if one.row.number is not None]
        if not numbers:
            return Numbers(len(stored))
        gaps = self._reader.gaps(register, numbers)
        left = [
            DayGap(gap, is_after)
            for is_after in sorted({found.is_after for found in gaps})
            for gap in self._completeness.without_dismissed(
                [found.gap for found in gaps if found.is_after is is_after], Subject.NUMBERS
            )
        ]
        by_id = {one.row.receipt_id: one.row.number for one in stored}
        counts = Counter(
            one.row.number
            for one in stored
            if one.row.status != Status.DISMISSED
            and one.row.came_as is None
            # a till that only says that a receipt was voided gives its counter-entry no number of its own
            and (one.row.reference_id is None or by_id.get(one.row.reference_id) != one.row.number)
        )
        return Numbers(
            len(stored),
            min(numbers),
            max(numbers),
            tuple(left),
            tuple(self._dismissed(register, min(numbers), max(numbers))) if gaps else (),
            tuple(sorted(number for number, count in counts.items() if number is not None and count > 1)),
        )

    def _dismissed(self, register: str, first: int, last: int) -> Iterable[tuple[Gap, Decision]]:
        for key, decision in self._store.decisions.holding(Subject.NUMBERS, Action.DISMISS).items():
            gap = numbers_of(key)
            if gap is not None and gap.register == register and gap.first <= last + 1 and gap.last >= first - 1:
                yield gap, decision

    def _closings(self, register: str, day: dt.date, found: _Sorted) -> Iterable[SheetClosing]:
        named = {one.stored.row.closing_number for one in found.counted} - {None}
        numbers = {number for number in named if number is not None}
        here = self._reader.closings(register, day, numbers)
        known = {one.number: one for one in here}
        for number in sorted({*known, *numbers}):
            if number not in known:
                yield SheetClosing(number)
                continue
            raws, refused = self._completeness.receipts_of(known[number])
            receipts = [receipt for receipt in map(_parsed, raws) if receipt is not None]
            stated = parse_closing(orjson.loads(known[number].raw))
            compared = compare_closing(stated, receipts, has_cases=self._till.closing_sums == "all")
            ended = self._ended_closings.get(f"{register}|{number}")
            why = None if ended is None else ended.why(self._settings.language)
            yield SheetClosing(number, stated, compared, tuple(refused), why)

    @cached_property
    def _ended_closings(self) -> Mapping[str, Decision]:
        return self._store.decisions.holding(Subject.CLOSING, Action.DISMISS)

    @cached_property
    def _closing_gaps(self) -> list[Gap]:
        return self._completeness.closing_gaps()

    def _corrections(self, found: _Sorted) -> Iterable[Correction]:
        voids = [one.receipt for one in found.counted if one.receipt.reference_id is not None]
        ids = [receipt.reference_id for receipt in voids if receipt.reference_id is not None]
        originals = ReceiptReader(self._store.connection).with_ids(*ids) if ids else {}
        rows = list(originals.values())
        names = dict(
            zip(originals, names_of(self._store, rows, self._settings.language), strict=True)
        ) if rows else {}  # fmt: skip
        for receipt in voids:
            yield _correction(
                receipt, is_void=True, original=names.get(receipt.reference_id or "", receipt.reference_id)
            )
        for stored, receipt in found.apart:
            if _reason(stored, receipt) == NoEffect.BROKEN_OFF:
                yield _correction(receipt, is_void=False)

    def _settings_of(self, run_ids: set[str]) -> Iterable[BookedUnder]:
        """The settings that runs began under: the newest of those of a run."""
        numbers = self._log.of_runs(run_ids)
        counts: Counter[int | None] = Counter(numbers[run][-1] if run in numbers else None for run in run_ids)
        for number in sorted(counts, key=lambda one: (one is not None, one or 0)):
            change = self._changes.get(number)
            if change is None:
                yield BookedUnder(number, runs=counts[number])
            else:
                known = (change.settings_hash, change.changed_at, change.program)
                yield BookedUnder(number, *known, runs=counts[number])

    @cached_property
    def _changes(self) -> Mapping[int | None, SettingsChange]:
        return {change.number: change for change in self._log.changes()}

    def _listed(self, stored: Sequence[DayReceipt]) -> tuple[ListedReceipt, ...]:
        if not stored:
            return ()
        return tuple(listed(self._store, self._configuration, [one.row for one in stored]))


def _sorted_out(stored: Sequence[DayReceipt]) -> _Sorted:
    """Which receipts count: those that a closing covers, but for what was refused, or does not add up."""
    found = _Sorted([], [], [])
    for one in stored:
        receipt = None if one.is_refused or one.row.came_as is not None else _parsed(one.raw)
        if receipt is None:
            found.uncounted.append(one)
        elif not one.counts_in_closing:
            found.apart.append((one, receipt))
        elif adds_up(receipt):
            found.counted.append(_Counted(one, receipt))
        else:
            found.uncounted.append(one)
    return found


def _parsed(raw: bytes) -> Receipt | None:
    with suppress(MalformedError):
        return read_receipt(raw)
    return None


def _apart(found: Sequence[tuple[DayReceipt, Receipt]]) -> tuple[Apart, ...]:
    sums: dict[str, Apart] = {}
    for stored, receipt in found:
        reason = _reason(stored, receipt)
        before = sums.get(reason, Apart(reason))
        sums[reason] = Apart(
            reason,
            before.count + 1,
            before.total_cents + receipt.total_cents,
            before.keyed_cents + keyed_cents(receipt),
        )
    order = [str(reason) for reason in NoEffect]
    return tuple(
        sorted(sums.values(), key=lambda one: (one.reason not in order, [*order, one.reason].index(one.reason)))
    )


def _reason(stored: DayReceipt, receipt: Receipt) -> str:
    """Why a receipt that no closing covers has no effect; of some it is not stored, since they move stock."""
    by_kind = NoEffect.BROKEN_OFF if receipt.kind == "Beleg" else OF_KIND.get(receipt.kind, NoEffect.OTHER)
    return stored.row.no_effect or str(by_kind)


def _correction(receipt: Receipt, *, is_void: bool, original: str | None = None) -> Correction:
    cents = receipt.total_cents if is_void else keyed_cents(receipt)
    return Correction(receipt.id, receipt.number, receipt.ended_at, receipt.employee, is_void, cents, original)
