"""One run's deliveries to a target: followed, frozen and brought there; what all targets have in common."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from cloudkasse_etl.rejections.rejection import Rejection
from cloudkasse_etl.state.stores.deliveries.delivered_receipts import DeliveredReceipts, ListedDocument
from cloudkasse_etl.state.stores.deliveries.delivery_store import (
    ASSETS,
    BATCH,
    SETTINGS,
    Deliveries,
    Delivery,
    DeliveryStatus,
)
from cloudkasse_etl.state.stores.deliveries.undelivered_receipts import LeftReceipt, UndeliveredReceipt
from cloudkasse_etl.sync.deliveries.draft_maker import Drafts, Groups, Undelivered, undelivered
from cloudkasse_etl.sync.deliveries.problems import Problems, by_key
from cloudkasse_etl.sync.run.report import AssetReport, Counts, Deferral, refused_counts
from cloudkasse_etl.sync.run.session import SyncSession
from cloudkasse_etl.transform.deliveries.refusals import some as shown

SHOWN = 50
FOLLOWED = (DeliveryStatus.DELIVERED, DeliveryStatus.DISCARDED, DeliveryStatus.ERROR)
"""What may still change in SelectLine."""


class Brings(Protocol):
    """What brings deliveries there, and counts them.

    Attributes:
        delivered: How many came there.
        assumed: How many were taken over there.
        problems: Why some are not there, or a person has to look.
    """

    delivered: int
    assumed: int
    problems: Problems

    def bring(self, delivery: Delivery) -> None:
        """Brings one there that is not known to be there."""
        ...

    def follow(self, delivery: Delivery) -> None:
        """Stores what became of one that was there."""
        ...

    def end(self, deliveries: Sequence[Delivery]) -> None:
        """Looks at all that were brought there for what came late."""
        ...


@dataclass(frozen=True)
class Route:
    """The way to a target.

    Attributes:
        target: The target.
        open: What brings deliveries there, of those that are known already.
        drafts: Makes deliveries of receipts; of an import that was undone, those that take it back.
        warnings: What a person should look at of those that are not taken over yet.
        documents: Those that were delivered last.
        followed: Of which status deliveries may still change in SelectLine.
    """

    target: str
    open: Callable[[SyncSession, Deliveries, Mapping[str, Rejection], Sequence[Delivery]], Brings]
    drafts: Callable[[SyncSession, Groups, int | None], Iterator[Drafts]]
    warnings: Callable[[SyncSession], list[Rejection]]
    documents: Callable[[SyncSession], Sequence[ListedDocument]]
    followed: Sequence[DeliveryStatus] = FOLLOWED


def newest_documents(session: SyncSession) -> list[ListedDocument]:
    """The documents that were delivered last, newest first."""
    return DeliveredReceipts(session.store.connection).newest(SHOWN)


def deliver_by(session: SyncSession, route: Route) -> AssetReport:
    """Follows what was delivered, freezes what is ready, and brings it into SelectLine, each delivery exactly once.

    Nothing is asked of SelectLine where nothing is to be delivered and nothing can have changed there.

    Args:
        session: The run; its options may name a register and a day.
        route: The way to the target.

    Returns:
        The report: deliveries that came there are new, those that were taken over changed.

    Raises:
        NetworkError: SelectLine's Web API cannot be reached; what was sent is known by the next run.
        AuthorizationError: User, tenant or a right is missing there.
        ErpUnavailableError: The ERP's tables cannot be read.
    """
    with session.timed() as seconds:
        options = session.options
        found = undelivered(session, route.target, register=options.only_register, day=options.only_day)
        work = _Work(session, route, found)
        try:
            work.carry_out()
        except BaseException:
            session.deliver(work.report(open_ones=False), seconds())
            raise
        report = work.report()
        session.keep_waiting(report)
        return session.deliver(report, seconds())


class _Work:
    """One run's deliveries and their results so far."""

    def __init__(self, session: SyncSession, route: Route, found: Undelivered) -> None:
        self._session, self._route, self._found = session, route, found
        self._asset = ASSETS[route.target]
        self._store = Deliveries(session.store.connection, route.target)
        self._before = by_key(session.store.rejections.of(self._asset))
        self._sender: Brings | None = None
        self._refused_now: set[str] = set()
        self._is_part = session.options.only_register is not None or session.options.only_day is not None
        self.is_quiet = False

    def carry_out(self) -> None:
        """Does all of it."""
        known = list(self._of_this_tenant())
        if not known and self._found.is_nothing:
            self._store_refused([])
            self.is_quiet = not self._found.elsewhere
            return
        session = self._session
        self._sender = self._route.open(session, self._store, self._before, known)
        for delivery in known:
            if delivery.status in self._route.followed:
                self._sender.follow(delivery)
        intended = [delivery for delivery in known if delivery.status is DeliveryStatus.INTENDED]
        self._bring(intended)
        sent = [*intended]
        refused: list[Rejection] = []
        for drafts in self._found.drafts(lambda groups, undone: self._route.drafts(session, groups, undone)):
            self._store.freeze(drafts.ready)
            refused += drafts.refused
            keys = {draft.key for draft in drafts.ready if draft.line_count}
            frozen = [one for one in self._store.all(DeliveryStatus.INTENDED) if one.key in keys]
            self._bring(frozen)
            sent += frozen
        self._store_refused(refused)
        self._sender.end(sent)

    def _of_this_tenant(self) -> Iterator[Delivery]:
        """What may still change in SelectLine; what is in another tenant than the settings name is left alone."""
        tenant = self._session.settings.delivery.tenant_of(self._route.target)
        for delivery in self._store.all(DeliveryStatus.INTENDED, *self._route.followed):
            if delivery.tenant in (None, tenant):
                if delivery.line_count:
                    yield delivery
            elif delivery.status is DeliveryStatus.INTENDED:
                # sent into this tenant, it might be in both
                detail = {"theirs": delivery.tenant or "", "ours": tenant or "", "setting": self._setting}
                refused = Rejection(
                    self._asset, delivery.key, "delivery_other_tenant", detail, detail["ours"], record=delivery.called
                )
                old = self._before.get(delivery.key)
                if old is None or (old.code, old.content) != (refused.code, refused.content):
                    self._store.leave(delivery, refused)
                    self._refused_now.add(delivery.key)

    @property
    def _setting(self) -> str:
        is_of_ledger = self._session.settings.delivery.batch.tenant is not None and self._route.target == BATCH
        return "delivery.batch.tenant" if is_of_ledger else "delivery.tenant"

    def _bring(self, deliveries: Sequence[Delivery]) -> None:
        if self._sender is None:
            return
        for delivery in deliveries:
            self._sender.bring(delivery)
            self._session.progress(self._asset, self._sender.delivered)

    def _store_refused(self, refused: Sequence[Rejection]) -> None:
        """Stores what cannot be made a document, and ends what could not be and can be by now."""
        open_ones = self._session.store.rejections.of(self._asset)
        frozen = self._store.known([rejection.key for rejection in open_ones])
        now = {rejection.key for rejection in refused}

        def checked(rejection: Rejection) -> bool:
            """One of a frozen delivery is its own; a run that looked at a part of the shop has not seen all others."""
            return rejection.key not in frozen and (rejection.key in now or not self._is_part)

        found = self._session.store.rejections.replace(self._asset, refused, checked)
        self._refused_now |= {rejection.key for rejection in found if not rejection.still}

    def report(self, *, open_ones: bool = True) -> AssetReport:
        """The results; without reading open rejections if it broke."""
        sender = self._sender
        fresh = self._refused_now | (sender.problems.refused if sender else set())
        counts = Counts(new=sender.delivered if sender else 0, changed=sender.assumed if sender else 0)
        if not open_ones:
            return AssetReport(self._asset, counts + Counts(rejected=len(fresh)))
        rejections = tuple(
            replace(found, still=found.key not in fresh) for found in self._session.store.rejections.of(self._asset)
        )
        deferrals = (*_deferrals(self._found.waiting_for_stock), *_left_elsewhere(self._found.elsewhere))
        waiting = Counts(deferred=sum(deferral.count for deferral in deferrals))
        return AssetReport(
            self._asset,
            counts + waiting + refused_counts(rejections),
            rejections,
            deferrals=deferrals,
            warnings=tuple(self._route.warnings(self._session)),
            documents=tuple(self._route.documents(self._session)),
            quiet=self.is_quiet,
        )


def _deferrals(receipts: Sequence[UndeliveredReceipt]) -> tuple[Deferral, ...]:
    if not receipts:
        return ()
    examples = tuple(f"{receipt.register}-{receipt.number}" for receipt in receipts[:5])
    detail: Mapping[str, str] = {}
    return (Deferral("delivery_stock_pending", len(receipts), examples, detail),)


def _left_elsewhere(found: Sequence[LeftReceipt]) -> Iterator[Deferral]:
    """By target and tenant, what of undone imports the settings cannot take back in the ERP."""
    places: dict[tuple[str, str], list[LeftReceipt]] = defaultdict(list)
    for left in found:
        places[left.target, left.tenant or ""].append(left)
    for (target, tenant), some in sorted(places.items()):
        receipts = {left.receipt.receipt_id: f"{left.receipt.register}-{left.receipt.number}" for left in some}
        deliveries = sorted({left.delivery_id for left in some})
        detail = {"deliveries": shown(map(str, deliveries)), "setting": SETTINGS[target], "tenant": tenant}
        yield Deferral("delivery_undone_elsewhere", len(receipts), tuple(receipts.values())[:5], detail)
