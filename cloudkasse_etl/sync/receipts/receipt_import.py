"""The use case that books staged receipts: postings and stock movements, whole receipts in a transaction.

Nothing is booked twice: a receipt's status, its postings and its movements are written together, and unique keys
would abort a transaction that tried.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import pandas as pd

from cloudkasse_etl.config.settings import Configuration
from cloudkasse_etl.entities import REVENUE_POSTINGS, STAGED_RECEIPTS, STOCK_MOVEMENTS
from cloudkasse_etl.errors import ConfigurationError, ContractError
from cloudkasse_etl.fingerprint import fingerprint
from cloudkasse_etl.i18n.text import Language, Text, say, say_count
from cloudkasse_etl.rejections.rejection import Rejection, merged
from cloudkasse_etl.schemas.contract import require
from cloudkasse_etl.schemas.no_effect import NoEffect
from cloudkasse_etl.schemas.postings import RevenuePosting, StockMovement
from cloudkasse_etl.schemas.wire_receipts import MalformedError, Receipt, read_receipt
from cloudkasse_etl.state.stores.books.receipt_status import UNBOOKED, Status, status_word
from cloudkasse_etl.state.stores.state_stores import StateStores
from cloudkasse_etl.sync.changes.unchanged import is_up_to_date, mark_up_to_date
from cloudkasse_etl.sync.inputs.own_tables import open_reading
from cloudkasse_etl.sync.receipts.arrivals import report_of
from cloudkasse_etl.sync.receipts.later_imports import LaterImports
from cloudkasse_etl.sync.receipts.receipt_search import find_receipts, name_of
from cloudkasse_etl.sync.receipts.validation.books_currency import currency_to_book_in
from cloudkasse_etl.sync.receipts.validation.receipt_validation import (
    ReceiptValidator,
    is_validated,
    validate_again,
    validator_of,
)
from cloudkasse_etl.sync.receipts.voids import HANGING_ON_RECEIPTS, Round, Voids, mirrors_of_booked, voided_before
from cloudkasse_etl.sync.run.report import AssetReport, Counts, refused_counts
from cloudkasse_etl.sync.run.session import SyncSession
from cloudkasse_etl.transform.booking import book
from cloudkasse_etl.transform.books.ledger import Ledger, Review
from cloudkasse_etl.transform.books.reversals import Mirror
from cloudkasse_etl.transform.receipt_frames import ReceiptFrames, flatten, reasons_without_effect
from cloudkasse_etl.transform.stock.late_lines import is_by_hand, look_again, receipt_of
from cloudkasse_etl.transform.stock.movements import move

BATCH = 5_000
IMPORT_THEM = say("Import them: job import_receipts in the Dagster UI, or cloudkasse-etl import on the command line.")


def import_receipts(
    session: SyncSession,
    receipt_ids: Sequence[str] | None = None,
) -> tuple[AssetReport, AssetReport]:
    """Books staged receipts, and tries again what an earlier import refused if the reason may be gone.

    Args:
        session: The run.
        receipt_ids: Only these, as a person names them (`find_receipt`); all staged ones where None.

    Returns:
        The reports of `revenue_postings` (receipts) and `stock_movements` (stock lines).

    Raises:
        ErpUnavailableError: The ERP cannot be reached: accounts and articles come from there.
        ConfigurationError: A chosen receipt is unknown, or not staged.
    """
    with session.timed() as seconds:
        _validate_again(session, seconds)
        fingerprint = session.sources.fingerprint(REVENUE_POSTINGS)
        staged = session.store.receipts.count(Status.STAGED)
        again = not is_up_to_date(session, REVENUE_POSTINGS, fingerprint)
        if again:
            # The fingerprint is removed: after a run that breaks, or that books chosen receipts only, a later one
            # that finds the old sources again must try what was refused under the new ones.
            session.store.checkpoints.set(REVENUE_POSTINGS, "", "{}")
        work = _Import(session)
        try:
            if receipt_ids is not None:
                work.chosen(receipt_ids)
            else:
                if staged:
                    work.staged()
                work.refused(all_of_them=again)
                work.voids()
                if again:
                    work.pending_stock()
        except BaseException:
            session.forget_sums()
            for report in work.reports(open_ones=False):
                session.deliver(report, seconds())
            raise
        if staged or again or work.before:
            session.forget_sums()
        postings, movements = work.reports()
        if receipt_ids is None:
            session.keep_waiting(postings)
            mark_up_to_date(session, postings, fingerprint)
        return session.deliver(postings, seconds()), session.deliver(movements, seconds())


def _validate_again(session: SyncSession, seconds: Callable[[], float]) -> None:
    """Checks receipts that are not booked under the present settings; the result is reported for `staged_receipts`.

    A run that has fetched receipts before has done it already.
    """
    found = validate_again(session, validator_of(session))
    if found.found and STAGED_RECEIPTS not in session.reports:
        session.deliver(report_of(session, STAGED_RECEIPTS, found.counts, found.refused), seconds())


def import_if_chosen(session: SyncSession) -> tuple[AssetReport, AssetReport]:
    """Imports, if the run's options or the settings say so; a run that fetched no receipts was started only for that.

    `receipts.import: direct` applies whatever materialises the assets. Without an import nothing is counted, but open
    rejections are reported, and why receipts were left unbooked.
    """
    settings, asked = session.settings.receipts, session.options.import_receipts
    if session.wants_import or STAGED_RECEIPTS not in session.reports:
        return import_receipts(session, session.options.receipt_ids or None)
    with session.timed() as seconds:
        left = _left(session.store.receipts.count(Status.STAGED), settings.import_, asked)
        postings, movements = (
            replace(_open_report(session, asset, Counts(), set()), left=left)
            for asset in (REVENUE_POSTINGS, STOCK_MOVEMENTS)
        )
        return session.deliver(postings, seconds()), session.deliver(movements, seconds())


def _left(staged: int, setting: str, asked: bool | None) -> Text | None:
    """A note that receipts were left unbooked, and why; None if none were."""
    if not staged:
        return None
    why = say("receipts.import is {setting} in the settings", setting=setting)
    if asked is not None and setting == "direct":
        why = say("this run was asked not to import")
    return say("Not imported: {why}. {cure}", why=why, cure=IMPORT_THEM)


def require_bookable(configuration: Configuration, receipts: Sequence[str]) -> tuple[str, ...]:
    """Finds receipts, and checks, before there is a run, whether they can be imported.

    If settings have changed, only the run finds out the new status of receipts that are not booked.

    Args:
        configuration: Settings and connections.
        receipts: The receipts as a person names them.

    Returns:
        Their ids.

    Raises:
        ConfigurationError: One of them is unknown or cannot be imported; the message names it and its status.
    """
    language = configuration.settings.language
    with open_reading(configuration) as store:
        found = find_receipts(store, receipts, language)
        is_settled = is_validated(ReceiptValidator(configuration.settings, store), store)
        _must_be_bookable(store, found, language, or_unbooked=not is_settled)
    return tuple(found)


def _must_be_bookable(
    store: StateStores, receipt_ids: Sequence[str], language: Language, *, or_unbooked: bool = False
) -> None:
    status = store.receipts.status_of(receipt_ids)
    for receipt_id in receipt_ids:
        found, refused_by = status[receipt_id]
        bookable = found == Status.STAGED or (found == Status.REJECTED and refused_by == REVENUE_POSTINGS)
        if not bookable and not (or_unbooked and found in UNBOOKED):
            raise ConfigurationError(
                say(
                    "The receipt {receipt} cannot be imported; its status: {status}.",
                    receipt=name_of(store, receipt_id, language),
                    status=status_word(found),
                ),
                hint=say("See: cloudkasse-etl receipts --status staged."),
            )


def _open_report(session: SyncSession, asset: str, counts: Counts, fresh: set[str]) -> AssetReport:
    rejections = tuple(replace(r, still=r.key not in fresh) for r in session.store.rejections.of(asset))
    return AssetReport(asset, counts + refused_counts(rejections), rejections)


@dataclass
class _Import:
    """One import and its results so far."""

    session: SyncSession
    booked: int = 0
    moved: int = 0
    looked_at: int = 0
    refused_now: set[str] = field(default_factory=set)
    lines_refused_now: set[str] = field(default_factory=set)
    warnings: list[Rejection] = field(default_factory=list)
    before: Sequence[Rejection] = ()

    def __post_init__(self) -> None:
        self._voids = Voids(self.session)
        self.before = self.session.store.rejections.of(REVENUE_POSTINGS)
        self._later = LaterImports(self.session)

    def staged(self) -> None:
        """Books everything that is staged."""
        for rows in self.session.store.receipts.raw(status=Status.STAGED, size=BATCH):
            self._book(rows)
            self.looked_at += len(rows)
            self.session.progress(REVENUE_POSTINGS, self.looked_at)

    def refused(self, *, all_of_them: bool) -> None:
        """Tries again what an import refused, if the reason may be gone.

        Args:
            all_of_them: Something has changed in settings or ERP; otherwise only those that depend on other receipts.
        """
        store = self.session.store.receipts
        hanging = [rejection.key for rejection in self.before if rejection.code in HANGING_ON_RECEIPTS]
        batches: Iterable[Iterable[tuple[str, bytes]]] = (
            store.raw(status=Status.REJECTED, refused_by=REVENUE_POSTINGS, size=BATCH)
            if all_of_them
            else [store.raw_of(hanging[start : start + BATCH]).items() for start in range(0, len(hanging), BATCH)]
        )
        for rows in batches:
            # in this run they were refused a moment ago
            fresh = [row for row in rows if row[0] not in self.refused_now]
            if fresh:
                self._book(fresh)

    def voids(self) -> None:
        """Books the voids that were held back, if their originals are booked by now."""
        for found in self._voids.rounds():
            self._book_receipts(found.ready, [], found)
        if self._voids.left:
            # one that was refused because of its original, and waits now, since that may arrive again
            before = {rejection.key for rejection in self.before}
            self.session.store.books.await_originals([key for key in self._voids.left if key in before])

    def chosen(self, receipts: Sequence[str]) -> None:
        """Books some receipts, as a person names them."""
        store, language = self.session.store, self.session.settings.language
        receipt_ids = find_receipts(store, receipts, language)
        _must_be_bookable(store, receipt_ids, language)
        rows = list(store.receipts.raw_of(receipt_ids).items())
        for start in range(0, len(rows), BATCH):
            part = rows[start : start + BATCH]
            self._book(part)
            self.looked_at += len(part)
            self.session.progress(REVENUE_POSTINGS, self.looked_at)
        self.voids()

    def pending_stock(self) -> None:
        """Writes the movements of stock lines whose reason for refusal is gone, and renews the reasons of the others.

        Lines that a person was asked to book are left unchanged; so are dismissed ones, which have no open rejection.
        """
        session, store = self.session, self.session.store
        opened: dict[str, dict[str, Rejection]] = {}
        for rejection in session.store.rejections.of(STOCK_MOVEMENTS):
            opened.setdefault(receipt_of(rejection.key), {})[rejection.key] = rejection
        for rows in store.receipts.raw_pending_stock(size=BATCH):
            receipts, _ = _parsed(rows)
            frames = flatten(receipts)
            movements, refused = move(frames, self._ledger(frames, mirrors_of_booked(session, receipts), {}))
            movements = self._later.movements(require(movements, StockMovement, asset=STOCK_MOVEMENTS))
            ids = {receipt.id for receipt in receipts}
            mine = {key: found for receipt_id in ids for key, found in opened.get(receipt_id, {}).items()}
            late = look_again(mine, refused)
            lines = movements["receipt_id"] + "|" + movements["line_number"].astype("str")
            written = store.books.moved([receipt_id for receipt_id, _ in rows])
            movements = movements[lines.isin(late.ended).to_numpy(bool) & ~movements["movement_id"].isin(written)]
            store.books.make_up_stock(
                complete=sorted(ids - set(map(receipt_of, late.waiting))),
                movements=movements,
                ended=sorted(late.ended),
                renewed=late.renewed,
            )
            self.moved += lines_of(movements)
            self.lines_refused_now |= {rejection.key for rejection in late.renewed}

    def _book(self, rows: Iterable[tuple[str, bytes]]) -> None:
        """Books receipts in the order given, except voids, which come last."""
        receipts, unreadable = _parsed(rows)
        receipts = self._voids.hold(receipts)
        if receipts or unreadable:
            self._book_receipts(receipts, unreadable, Round())

    def _book_receipts(self, receipts: Sequence[Receipt], unreadable: Sequence[Rejection], found: Round) -> None:
        frames = flatten(receipts)
        reviews = voided_before(self.session, [receipt.id for receipt in receipts]) | found.reviews
        booked = book(frames, self._ledger(frames, found.mirrors, reviews))
        refused, anew = _kept_since([*booked.rejections, *unreadable, *found.refused], self.before)
        refused_ids = {rejection.key for rejection in refused}
        idle = reasons_without_effect(frames, in_kind_moves_stock=self.session.settings.receipts.in_kind_moves_stock)
        moved = require(booked.movements, StockMovement, asset=STOCK_MOVEMENTS)
        moved, lines = self._later.without_those_of_a_person(receipts, moved, booked.stock_rejections)
        postings = require(booked.postings, RevenuePosting, asset=REVENUE_POSTINGS)
        _must_balance(postings)
        done = [
            receipt.id
            for receipt, reason in zip(receipts, idle, strict=True)
            if receipt.id not in refused_ids and reason is None
        ]
        self.session.store.books.book(
            booked=done,
            pending_stock=sorted({receipt_of(line.key) for line in lines if not is_by_hand(line)}),
            postings=self._later.postings(postings, frames),
            movements=self._later.movements(moved),
            refused=refused,
            refused_lines=lines,
            without_effect=dict.fromkeys(found.without_effect, NoEffect.VOID)
            | {receipt.id: reason for receipt, reason in zip(receipts, idle, strict=True) if reason is not None},
        )
        self.booked += len(done)
        self.moved += lines_of(moved)
        asked = self.session.options.retry_rejected
        self.refused_now |= {rejection.key for rejection in refused} if asked else anew
        self.lines_refused_now |= {rejection.key for rejection in lines}
        self.warnings += [warning for warning in booked.warnings if warning.key.rpartition("|")[0] not in refused_ids]

    def _ledger(self, frames: ReceiptFrames, mirrors: Mapping[str, Mirror], reviews: Mapping[str, Review]) -> Ledger:
        settings = self.session.settings
        booked_by = self.session.sources.booking(frames.lines["article"].dropna().unique().tolist())
        return Ledger(
            accounts=settings.accounts,
            registers={register.number: register for register in settings.registers},
            currency=currency_to_book_in(self.session),
            closed_until=settings.books.closed_until,
            articles=booked_by.articles,
            revenue_groups=booked_by.revenue_groups,
            trade_sets=booked_by.trade_sets,
            rates=booked_by.rates,
            released=self.session.store.decisions.released(frames.heads["receipt_id"].tolist()),
            mirrors=mirrors,
            reviews=reviews,
            in_kind_moves_stock=settings.receipts.in_kind_moves_stock,
            zone=settings.zone,
        )

    def reports(self, *, open_ones: bool = True) -> tuple[AssetReport, AssetReport]:
        """The reports of the import; without reading open rejections if it broke."""
        if not open_ones:
            return (
                AssetReport(REVENUE_POSTINGS, Counts(new=self.booked, rejected=len(self.refused_now))),
                AssetReport(STOCK_MOVEMENTS, Counts(new=self.moved, rejected=len(self.lines_refused_now))),
            )
        deferrals = self._voids.deferrals()
        counts = Counts(new=self.booked, deferred=sum(deferral.count for deferral in deferrals))
        return (
            replace(
                _open_report(self.session, REVENUE_POSTINGS, counts, self.refused_now),
                warnings=tuple(self.session.store.rejections.named(self.warnings)),
                deferrals=deferrals,
            ),
            _open_report(self.session, STOCK_MOVEMENTS, Counts(new=self.moved), self.lines_refused_now),
        )


def _parsed(rows: Iterable[tuple[str, bytes]]) -> tuple[list[Receipt], list[Rejection]]:
    """Staged receipts, and rejections of those that break the contract but were accepted by an earlier release."""
    receipts, refused = [], []
    for receipt_id, raw in rows:
        try:
            receipts.append(read_receipt(raw))
        except MalformedError as error:
            detail = {"message": str(error)}
            refused.append(
                Rejection(REVENUE_POSTINGS, receipt_id, "receipt_malformed", detail, content=fingerprint(raw))
            )
    return receipts, refused


def lines_of(movements: pd.DataFrame) -> int:
    """The number of stock lines of the movements: a trade set is one line."""
    return len(movements[["receipt_id", "line_number"]].drop_duplicates())


def _must_balance(postings: pd.DataFrame) -> None:
    """Checks once more, before anything is written, that each receipt's postings balance."""
    sums = postings.groupby("receipt_id")["amount_cents"].sum()
    odd = sums[sums != 0]
    if len(odd):
        raise ContractError(
            say_count(
                "The postings of receipt {receipt} do not balance: they come to {count} cent.",
                "The postings of receipt {receipt} do not balance: they come to {count} cents.",
                count=int(odd.iloc[0]),
                receipt=odd.index[0],
            ),
            hint=say("Nothing was written. This is an error of the program: please report it."),
        )


def _kept_since(rejections: Iterable[Rejection], before: Sequence[Rejection]) -> tuple[list[Rejection], set[str]]:
    """The rejections, with time and run of the record's first refusal; and the keys of those with a new reason."""
    first: dict[str, Rejection] = {}
    for old in before:  # the oldest come first
        first.setdefault(old.key, old)
    same = {(old.key, old.code, old.content) for old in before}
    found = [rejection.refused_as(first.get(rejection.key)) for rejection in merged(rejections)]
    return found, {r.key for r in found if (r.key, r.code, r.content) not in same}
