"""The sheets of some business days: frozen, for the command, its JSON and the page. No I/O."""

import datetime as dt
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from cloudkasse_etl.schemas.wire_receipts import Closing
from cloudkasse_etl.state.stores.books.decision_log import Decision
from cloudkasse_etl.state.stores.books.receipt_status import Status
from cloudkasse_etl.state.stores.books.sales import NOT_IMPORTED, STAGED
from cloudkasse_etl.state.stores.days.day_bookings import DeliveredSum, ExportedSum
from cloudkasse_etl.state.stores.days.day_receipts import DayGap
from cloudkasse_etl.state.stores.missing_numbers import Gap
from cloudkasse_etl.sync.outputs.day.booked_comparison import BookedPair, EntrySum
from cloudkasse_etl.sync.receipts.closing_differences import ClosingComparison
from cloudkasse_etl.sync.receipts.receipt_list import ListedReceipt
from cloudkasse_etl.transform.books.business_cases import CASH_DIFFERENCE
from cloudkasse_etl.transform.day_sheet.day_sums import Corrected, DaySums
from cloudkasse_etl.transform.day_sheet.drawer import DrawerPart, left_after


@dataclass(frozen=True, slots=True)
class Before:
    """The cash that the closing before has left in the drawer.

    Attributes:
        cents: How much.
        since: The business day from which on it was counted: that of the last stated opening cash, or of the first
            receipt that was looked at; None where there is none.
        is_stated: Whether it was counted from a stated opening cash; else from nothing.
    """

    cents: int = 0
    since: dt.date | None = None
    is_stated: bool = False


@dataclass(frozen=True)
class Money:
    """The receipts of a register's day in one currency.

    Attributes:
        currency: Theirs.
        sums: Their sums.
        before: What was in the drawer before them.
        drawer: The cash, closing by closing.
        fates: What became of them: fate → how many, and the sum of their totals.
        booked: The imported ones beside their postings.
        late: What of their first import is booked on other days.
        undone: What was taken back of earlier imports of them.
        again: What was booked again of them after that.
    """

    currency: str
    sums: DaySums
    before: Before
    drawer: tuple[DrawerPart, ...]
    fates: Mapping[str, Corrected]
    booked: tuple[BookedPair, ...] = ()
    late: tuple[EntrySum, ...] = ()
    undone: tuple[EntrySum, ...] = ()
    again: tuple[EntrySum, ...] = ()

    @property
    def left(self) -> list[int]:
        """What must be in the drawer after each of its parts."""
        return left_after(self.drawer, self.before.cents)

    @property
    def expected_cents(self) -> int:
        """What must be in the drawer after all of them."""
        return (self.left or [self.before.cents])[-1]

    @property
    def opening_cents(self) -> int:
        """What was in the drawer first: as it was stated, or what was left."""
        stated = self.drawer[0].opening_cents if self.drawer else None
        return self.before.cents if stated is None else stated

    @property
    def moves(self) -> dict[str, int]:
        """Cash that was only moved, by business case."""
        found: Counter[str] = Counter()
        for part in self.drawer:
            found.update(part.moves)
        return dict(found)

    @property
    def foreign(self) -> dict[str, int]:
        """Cash that was taken in other currencies."""
        found: Counter[str] = Counter()
        for part in self.drawer:
            found.update(part.foreign)
        return {currency: cents for currency, cents in sorted(found.items()) if cents}

    @property
    def difference_cents(self) -> int:
        """What was counted more (or less) than expected."""
        return sum(case.gross_cents for case in self.sums.cases if case.business_case == CASH_DIFFERENCE)

    @property
    def unbooked(self) -> Corrected:
        """The receipts that are still to be booked."""
        return self.fates.get(STAGED, Corrected()) + self.fates.get(NOT_IMPORTED, Corrected())

    @property
    def is_sound(self) -> bool:
        """Whether all ways of adding up have one result, and what is booked is what the receipts say."""
        sums = len(set(self.sums.totals)) == len(set(self.sums.turnovers)) == 1
        return sums and all(pair.receipts_cents == pair.booked_cents for pair in self.booked)


@dataclass(frozen=True, slots=True)
class SheetClosing:
    """A closing of the day.

    Attributes:
        number: Its number.
        closing: What it states; None where receipts name it and it has not come yet.
        compared: It beside its staged receipts; None in the same case.
        refused: Numbers of its receipts that were refused.
        ended: Why a person ended what is open of it; None where nobody did.
    """

    number: int
    closing: Closing | None = None
    compared: ClosingComparison | None = None
    refused: tuple[int, ...] = ()
    ended: str | None = None

    @property
    def is_settled(self) -> bool:
        """Whether it equals its receipts, or a person has dealt with it."""
        return self.ended is not None or (self.compared is not None and self.compared.is_equal)


@dataclass(frozen=True, slots=True)
class Correction:
    """A void, or a receipt that was broken off.

    Attributes:
        receipt_id, number, ended_at, employee: As the receipt has them.
        is_void: Whether it takes back another one; else it was broken off.
        cents: What it comes to; of one that was broken off, what was keyed in on it.
        original: The receipt that it takes back, as a person names it; None where there is none.
    """

    receipt_id: str
    number: int | None
    ended_at: str
    employee: str | None
    is_void: bool
    cents: int
    original: str | None = None


@dataclass(frozen=True, slots=True)
class Apart:
    """Receipts without effect, by reason: training and the like.

    Attributes:
        reason: As it is stored.
        count: How many.
        total_cents: The sum of their totals.
        keyed_cents: The sum of all of their lines, cancelled ones included.
    """

    reason: str
    count: int = 0
    total_cents: int = 0
    keyed_cents: int = 0


@dataclass(frozen=True)
class Numbers:
    """The numbers of a day's receipts, of any status.

    Attributes:
        count: How many receipts.
        first, last: The first and the last number; None without receipts.
        gaps: What is missing before, between and right after them.
        dismissed: Of what was missing, what a person has ended, with the decision.
        doubled: Numbers that several receipts have.
    """

    count: int = 0
    first: int | None = None
    last: int | None = None
    gaps: tuple[DayGap, ...] = ()
    dismissed: tuple[tuple[Gap, Decision], ...] = ()
    doubled: tuple[int, ...] = ()

    @property
    def missing(self) -> int:
        """How many numbers are missing before and between them: each counts on one day only."""
        return sum(found.gap.count for found in self.gaps if not found.is_after)


@dataclass(frozen=True, slots=True)
class BookedUnder:
    """Settings under which receipts of the day were booked.

    Attributes:
        number: Their number in the log of settings; None where the run is of a release that kept none.
        settings_hash: Of all values.
        since: When the first run began under them.
        program: The program's version.
        runs: How many runs booked under them.
    """

    number: int | None
    settings_hash: str = ""
    since: dt.datetime | None = None
    program: str = ""
    runs: int = 0


@dataclass(frozen=True)
class DaySheet:
    """The sheet of a register's business day.

    Attributes:
        day, register: Whose it is.
        money: The receipts that count, by currency, the most first; at least one entry.
        corrections: Voids and receipts that were broken off, one by one.
        numbers: The numbers of all receipts.
        apart: Receipts without effect, by reason.
        uncounted: Receipts that no sum has: refused when they came, or of no use otherwise.
        unbooked: Receipts that are counted and will not be booked as they are: refused by an import, or dismissed.
        closings: The closings.
        missing_closings: Numbers of closings that are missing right before them.
        unsigned: Numbers of receipts that the security device (TSE) did not sign.
        tells_tse: Whether the till tells that at all.
        delivered: Deliveries into the ERP.
        exported: Files for DATEV; postings in none have no file.
        settings: Under which settings it was booked, by number.
    """

    day: dt.date
    register: str
    money: tuple[Money, ...]
    corrections: tuple[Correction, ...] = ()
    numbers: Numbers = Numbers()
    apart: tuple[Apart, ...] = ()
    uncounted: tuple[ListedReceipt, ...] = ()
    unbooked: tuple[ListedReceipt, ...] = ()
    closings: tuple[SheetClosing, ...] = ()
    missing_closings: tuple[Gap, ...] = ()
    unsigned: tuple[int, ...] = ()
    tells_tse: bool = False
    delivered: tuple[DeliveredSum, ...] = ()
    exported: tuple[ExportedSum, ...] = ()
    settings: tuple[BookedUnder, ...] = ()

    @property
    def is_closed(self) -> bool:
        """Whether all that counts is in a closing that is here."""
        here = {one.number for one in self.closings if one.closing is not None}
        return bool(here) and all(part.closing in here for one in self.money for part in one.drawer)

    @property
    def is_complete(self) -> bool:
        """Whether it is closed, each closing equals its receipts, and nothing is missing or refused."""
        is_settled = all(one.is_settled for one in self.closings) and not self.missing_closings
        is_refused = any(one.status != Status.DISMISSED for one in self.uncounted)
        return self.is_closed and is_settled and not self.numbers.missing and not is_refused

    @property
    def is_booked(self) -> bool:
        """Whether nothing is left to be booked."""
        return not any(one.unbooked.count for one in self.money)

    @property
    def state(self) -> str:
        """How far the day is: `open`, `closed`, `complete` or `booked`."""
        if not self.is_closed:
            return "open"
        if not self.is_complete:
            return "closed"
        return "booked" if self.is_booked else "complete"

    def apart_of(self, reason: str) -> Apart:
        """The receipts without effect for one reason."""
        return next((one for one in self.apart if one.reason == reason), Apart(reason))


@dataclass(frozen=True)
class DayReport:
    """The sheets of some days.

    Attributes:
        first, last: The days that were asked for.
        register: The register that was asked for; None for all.
        company: The company's number.
        now: When the sheets were made, on the shop's clock.
        sheets: By day and register; days and registers without receipts and closings have none.
        without_day: How many receipts are on no sheet, because their day cannot be read.
        names: The registers' names by number.
        newest: The last business day with receipts, of these registers; None where there is none.
    """

    first: dt.date
    last: dt.date
    register: str | None
    company: str
    now: dt.datetime
    sheets: tuple[DaySheet, ...] = ()
    without_day: int = 0
    names: Mapping[str, str] = field(default_factory=dict)
    newest: dt.date | None = None

    @property
    def is_span(self) -> bool:
        """Whether several days were asked for."""
        return self.first != self.last
