"""The use case that fetches receipts: each page checked and staged once, together with its cursor."""

import datetime as dt
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property

from cloudkasse_etl.entities import STAGED_CLOSINGS, STAGED_RECEIPTS
from cloudkasse_etl.rejections.rejection import Rejection
from cloudkasse_etl.schemas.wire_receipts import ReceiptColumns
from cloudkasse_etl.state.stores.books.decision_log import NOT_AGAIN, PROGRAM, Action, Decision, Subject, moved
from cloudkasse_etl.state.stores.books.receipt_status import Status
from cloudkasse_etl.state.stores.books.staged_closings import ArrivedClosings
from cloudkasse_etl.state.stores.books.staged_receipts import KnownReceipt, StagedReceipt
from cloudkasse_etl.sync.changes.unchanged import mark_up_to_date, quiet_report
from cloudkasse_etl.sync.receipts.arrivals import has_arrived, pages_of, report_of
from cloudkasse_etl.sync.receipts.closing_arrivals import ClosingArrivals
from cloudkasse_etl.sync.receipts.closing_staging import stage_closings
from cloudkasse_etl.sync.receipts.validation.receipt_reading import UNREADABLE_CODES, ValidatedReceipt
from cloudkasse_etl.sync.receipts.validation.receipt_validation import (
    ReceiptValidator,
    conflicting,
    is_validated,
    validate_again,
    validator_of,
)
from cloudkasse_etl.sync.receipts.validation.second_contents import gives_way, own_key, replaced, set_aside
from cloudkasse_etl.sync.run.report import AssetReport, Counts
from cloudkasse_etl.sync.run.session import SyncSession
from cloudkasse_etl.tills.port import Page

_APART = (Status.NO_EFFECT, Status.BEFORE_START)

__all__ = ["NOT_AGAIN", "stage_closings", "stage_receipts"]


def stage_receipts(session: SyncSession) -> AssetReport:
    """Fetches the receipts that have arrived since the last time, checks them, and stages them. Books nothing."""
    with session.timed() as seconds:
        validator = validator_of(session)
        fingerprint = validator.fingerprint()
        if not has_arrived(session, "receipts") and is_validated(validator, session.store):
            quiet = quiet_report(session, STAGED_RECEIPTS, fingerprint)
            if quiet is not None:
                return session.deliver(quiet, seconds())
        staging = ReceiptStaging(session, validator)
        try:
            staging.validate_again()
            fetched = 0
            for page in pages_of(session, "receipts", anew=staging.reads_anew):
                staging.stage(page)
                fetched += len(page.texts)
                session.progress(STAGED_RECEIPTS, fetched)
            staging.end_unreadable()
            if staging.reads_anew and not session.till.has_closings_alone:
                staging.closings.end_what_is_gone()
        except BaseException:
            session.deliver(
                AssetReport(STAGED_RECEIPTS, staging.counts + Counts(rejected=len(staging.refused))), seconds()
            )
            raise
        report = report_of(session, STAGED_RECEIPTS, staging.counts, staging.refused)
        report = replace(report, apart=dict(staging.apart), notes=tuple(staging.notes), unsigned=staging.unsigned)
        mark_up_to_date(session, report, fingerprint)
        return session.deliver(report, seconds())


class ReceiptStaging:
    """Stages the receipts of a run page by page."""

    def __init__(self, session: SyncSession, validator: ReceiptValidator) -> None:
        self._session = session
        self._staging = session.store.staging
        self._validator = validator
        self.counts = Counts()
        self.apart: Counter[str] = Counter()
        self.refused: set[str] = set()
        self.notes: list[str] = []
        self.unsigned: Counter[tuple[str, dt.date]] = Counter()
        self._unreadable = {r.key for r in session.store.rejections.of(STAGED_RECEIPTS) if r.code in UNREADABLE_CODES}
        self._seen_unreadable: set[str] = set()
        # A broken receipt may have been broken in transmission only: it is fetched again, not just checked again.
        self.reads_anew = session.options.retry_rejected and (
            bool(self._unreadable) or (not session.till.has_closings_alone and bool(self._refused_closings()))
        )

    @cached_property
    def closings(self) -> ClosingArrivals:
        """The closings that come together with receipts; the step of closings reports on them."""
        arrivals = ClosingArrivals(self._session)
        self._session.arrived_closings = arrivals
        return arrivals

    def validate_again(self) -> None:
        """Checks receipts that are not booked under the present settings, and refused ones again if requested."""
        found = validate_again(self._session, self._validator)
        self.counts += found.counts
        self.refused |= found.refused

    def stage(self, page: Page) -> None:
        """Checks a page and stages it with its cursor; receipts that are stored already are only counted."""
        arrived = self._with_closings(page)
        self.notes += page.notes
        if page.columns is not None and self._stage_columns(page.columns, page.next_cursor, arrived):
            return
        validated = self._validator.arrived(page.texts)
        by_id = {j.staged.receipt_id: j for j in validated}
        known = self._staging.known(list(by_id))
        self._validator.check(
            [j for j in validated if not _is_same(j, known.get(j.staged.receipt_id))] if known else validated
        )
        self._seen_unreadable.update(j.staged.receipt_id for j in validated if j.receipt is None)
        sorted_out = _Page(self._session, self._validator, self._unreadable)
        if known or len(by_id) < len(validated):
            for one in validated:
                sorted_out.add(one, known.get(one.staged.receipt_id))
        else:  # all are new, as with nearly every page
            sorted_out.fresh = by_id
        fresh, mended = sorted_out.fresh, sorted_out.mended
        self._staging.stage(
            [j.staged for j in fresh.values()],
            cursor=page.next_cursor,
            mended=[j.staged for j in mended.values()],
            decisions=sorted_out.decisions,
            closings=sorted_out.closings,
            arrived=arrived,
        )
        staged_now = [j.staged for j in (*fresh.values(), *mended.values()) if j.staged.status is not Status.DISMISSED]
        refused = {staged.receipt_id for staged in staged_now if staged.status is Status.REJECTED}
        self.refused = (self.refused - mended.keys()) | refused
        self._unreadable -= mended.keys()
        self._unreadable |= {key for key, j in fresh.items() if j.receipt is None and _is_unreadable(j.staged)}
        self.counts += Counts(new=len(staged_now) - len(refused), unchanged=sorted_out.seen)
        self._count_apart(staged_now)

    def _refused_closings(self) -> list[Rejection]:
        return self._session.store.rejections.of(STAGED_CLOSINGS)

    def _with_closings(self, page: Page) -> ArrivedClosings | None:
        """What came together with the receipts of a page."""
        if not (page.closings or page.refusals or page.settled or page.taken):
            return None
        return self.closings.take(page.closings, page.refusals, settled=page.settled, parts=page.taken)

    def _stage_columns(self, columns: ReceiptColumns, cursor: str | None, arrived: ArrivedClosings | None) -> bool:
        """Stages a closing's receipts at once, where all are new and none is refused; else nothing, and false."""
        staged = self._validator.of_columns(columns)
        if staged is None or self._staging.known([receipt.receipt_id for receipt in staged]):
            return False
        self._staging.stage(staged, cursor=cursor, arrived=arrived)
        self.counts += Counts(new=len(staged))
        self._count_apart(staged)
        return True

    def _count_apart(self, staged: Sequence[StagedReceipt]) -> None:
        self.apart.update(str(receipt.status) for receipt in staged if receipt.status in _APART)
        if self._session.till.states_tse_failures:
            self.unsigned.update(
                (receipt.register, receipt.business_day)
                for receipt in staged
                if receipt.register and receipt.business_day and self._validator.is_unsigned(receipt)
            )

    def end_unreadable(self) -> None:
        """Ends rejections of items without an id, if everything was fetched again and they did not occur again."""
        if self.reads_anew:
            missing = sorted(self._unreadable - self._seen_unreadable)
            nameless = [key for key, found in self._staging.known(missing).items() if found.came_as == ""]
            for key in sorted(nameless):
                self._staging.dismiss(Decision(Subject.RECEIPT, key, Action.DISMISS, NOT_AGAIN, decided_by=PROGRAM))
                self.refused.discard(key)


class _Page:
    """Collects the changes that a page's receipts cause, one after the other.

    Attributes:
        fresh: New contents, by the id under which they are stored.
        mended: Contents that replace the stored ones under their ids.
        decisions: The decisions that this implies.
        closings: By id, the closing's number that another delivery filled in.
        seen: How many are stored already.
    """

    def __init__(self, session: SyncSession, validator: ReceiptValidator, unreadable: set[str]) -> None:
        self._session = session
        self._validator = validator
        self._staging, self._receipts = session.store.staging, session.store.receipts
        self._unreadable = unreadable
        self.fresh: dict[str, ValidatedReceipt] = {}
        self.mended: dict[str, ValidatedReceipt] = {}
        self.decisions: list[Decision] = []
        self.closings: dict[str, int] = {}
        self.seen = 0

    def add(self, validated: ValidatedReceipt, known: KnownReceipt | None) -> None:
        """Processes one receipt; `known` is what was stored under its id before this page."""
        staged, key = validated.staged, validated.staged.receipt_id
        here = self.mended.get(key) or self.fresh.get(key)
        if here is not None:
            self._again(validated, here)
        elif known is None:
            self.fresh[key] = validated
        elif known.came_as is not None and known.came_as != staged.came_as:
            self._make_room(key, known, known.came_as)
            self.mended[key] = validated
        elif known.content_hash == staged.content_hash or validated.receipt is None:
            self._see(validated, known.closing_number)  # an unreadable item is not another content
        elif known.came_as is None and self._validator.means_the_same(validated, self._receipts.original_of(key)):
            self._see(validated, known.closing_number)  # only the settings' names are others
        elif key in self._unreadable and gives_way(known):
            self.mended[key] = validated
        elif gives_way(known) and validated.passed:
            first = StagedReceipt(key, known.content_hash, self._receipts.raw_of([key])[key], Status.DISMISSED)
            self._replace(first)
            self.mended[key] = validated
        else:
            self._conflict(validated)

    def _again(self, validated: ValidatedReceipt, here: ValidatedReceipt) -> None:
        """Processes another delivery of a receipt of this page."""
        key = validated.staged.receipt_id
        place = self.mended if key in self.mended else self.fresh
        if here.staged.came_as is not None and here.staged.came_as != validated.staged.came_as:
            self._step_aside(here.staged, here.staged.came_as)
            place[key] = validated
        elif here.staged.content_hash == validated.staged.content_hash or validated.receipt is None:
            self._see(validated, here.staged.closing_number)
        elif here.receipt is None:
            place[key] = validated
        elif not here.passed and validated.passed:
            self._replace(here.staged)
            place[key] = validated
        else:
            self._conflict(validated)

    def _see(self, validated: ValidatedReceipt, closing_number: int | None) -> None:
        self.seen += 1
        key, stated = validated.staged.receipt_id, validated.staged.closing_number
        if stated is not None and (closing_number is None or stated > closing_number):
            self.closings[key] = max(stated, self.closings.get(key, stated))

    def _conflict(self, validated: ValidatedReceipt) -> None:
        came_as = validated.staged.receipt_id
        key, is_stored = own_key(self._staging, came_as, validated.staged.content_hash, self.fresh)
        same = self.fresh.get(f"{came_as}!{validated.staged.content_hash[:12]}")
        if is_stored or (same is not None and same.staged.content_hash == validated.staged.content_hash):
            self.seen += 1
        else:
            self.fresh[key] = ValidatedReceipt(conflicting(validated, key, came_as), None)

    def _replace(self, first: StagedReceipt) -> None:
        """Moves a refused content to another key, since a corrected one takes its place."""
        came_as = first.receipt_id
        key, _ = own_key(self._staging, came_as, first.content_hash, self.fresh)
        self.fresh[key] = ValidatedReceipt(set_aside(first, key, came_as), None)
        self.decisions.append(replaced(key))

    def _step_aside(self, ours: StagedReceipt, came_as: str) -> None:
        """Moves an entry of this page, stored under a key of our own, to another key."""
        key = ours.receipt_id
        free, _ = own_key(self._staging, came_as, ours.content_hash, self.fresh)
        rejections = [replace(r, key=free) for r in ours.rejections]
        self.fresh[free] = ValidatedReceipt(replace(ours, receipt_id=free, rejections=rejections), None)
        self.decisions = [replace(d, key=free) if d.key == key else d for d in self.decisions]

    def _make_room(self, key: str, known: KnownReceipt, came_as: str) -> None:
        """Moves a stored entry under a key of our own to another key, since a receipt arrived with that very id."""
        free, _ = own_key(self._staging, came_as, known.content_hash, {*self.fresh, key})
        rejections: Sequence[Rejection] = ()
        if known.status == Status.REJECTED:
            stored = [r for r in self._session.store.rejections.of(STAGED_RECEIPTS) if r.key == key]
            rejections = [replace(r, key=free) for r in stored]
        entry = StagedReceipt(
            free,
            known.content_hash,
            self._receipts.raw_of([key])[key],
            Status(known.status),
            came_as=came_as,
            rejections=rejections,
        )
        self.fresh[free] = ValidatedReceipt(entry, None)
        decided = self._session.store.decisions.newest(Subject.RECEIPT, [key]).get(key)
        if decided is not None:
            self.decisions.append(replace(decided, key=free))
            self.decisions.append(moved(key, free))


def _is_same(validated: ValidatedReceipt, known: KnownReceipt | None) -> bool:
    return known is not None and known.came_as is None and known.content_hash == validated.staged.content_hash


def _is_unreadable(staged: StagedReceipt) -> bool:
    return any(rejection.code in UNREADABLE_CODES for rejection in staged.rejections)
