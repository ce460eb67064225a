"""The use case that brings what is booked into SelectLine, as transfer documents, and follows what becomes of them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from cloudkasse_etl.entities import SELECTLINE_DOCUMENTS
from cloudkasse_etl.rejections.rejection import Rejection
from cloudkasse_etl.state.stores.deliveries.delivered_receipts import DeliveredReceipts
from cloudkasse_etl.state.stores.deliveries.delivery_store import Deliveries, Delivery, DeliveryStatus
from cloudkasse_etl.state.stores.deliveries.undelivered_receipts import UndeliveredReceipt
from cloudkasse_etl.sync.deliveries.delivered_books import delivery_warnings
from cloudkasse_etl.sync.deliveries.drafts import Undelivered, drafts_of, undelivered
from cloudkasse_etl.sync.deliveries.inbox import Inbox, kind_of
from cloudkasse_etl.sync.deliveries.sending import Sender, by_key
from cloudkasse_etl.sync.run.report import AssetReport, Counts, Deferral, refused_counts
from cloudkasse_etl.sync.run.session import SyncSession

_SHOWN = 50
FOLLOWED = (DeliveryStatus.DELIVERED, DeliveryStatus.DISCARDED, DeliveryStatus.ERROR)
"""What may still change in SelectLine."""


def deliver_documents(session: SyncSession) -> AssetReport:
    """Follows what was delivered, freezes what is ready, and brings it into SelectLine, each document exactly once.

    Nothing is asked of SelectLine where nothing is to be delivered and nothing can have changed there.

    Args:
        session: The run; its options may name a register and a day.

    Returns:
        The report: documents that came there are new, those that were taken over changed.

    Raises:
        NetworkError: SelectLine's Web API cannot be reached; what was sent is known by the next run.
        AuthorizationError: User, tenant or a right is missing there.
        ErpUnavailableError: The ERP's tables cannot be read.
    """
    with session.timed() as seconds:
        options = session.options
        found = undelivered(session, register=options.only_register, day=options.only_day)
        work = _Work(session, found)
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

    def __init__(self, session: SyncSession, found: Undelivered) -> None:
        self._session, self._found = session, found
        self._store = Deliveries(session.store.connection)
        self._before = by_key(session.store.rejections.of(SELECTLINE_DOCUMENTS))
        self._sender: Sender | None = None
        self._refused_now: set[str] = set()
        self._is_part = session.options.only_register is not None or session.options.only_day is not None
        self.is_quiet = False

    def carry_out(self) -> None:
        """Does all of it."""
        known = list(self._of_this_tenant())
        if not known and not self._found.groups:
            self._judge([])
            self.is_quiet = True
            return
        session, kind = self._session, self._session.settings.delivery.transfer.document_kind or ""
        client = session.selectline
        inbox = Inbox(client, [kind, *map(kind_of, known)])
        self._sender = Sender(client, inbox, self._store, self._before)
        for delivery in known:
            if delivery.status in FOLLOWED:
                self._sender.follow(delivery)
        intended = [delivery for delivery in known if delivery.status is DeliveryStatus.INTENDED]
        self._bring(intended)
        sent = [*intended]
        refused: list[Rejection] = []
        for drafts in drafts_of(session, self._found.groups):
            self._store.freeze(drafts.ready)
            refused += drafts.refused
            keys = {draft.key for draft in drafts.ready if draft.line_count}
            frozen = [one for one in self._store.all(DeliveryStatus.INTENDED) if one.key in keys]
            self._bring(frozen)
            sent += frozen
        self._judge(refused)
        self._sender.end(sent)

    def _of_this_tenant(self) -> Iterator[Delivery]:
        """What may still change in SelectLine; what is in another tenant than the settings name is left alone."""
        tenant = self._session.settings.delivery.tenant
        for delivery in self._store.all(DeliveryStatus.INTENDED, *FOLLOWED):
            if delivery.tenant in (None, tenant):
                if delivery.line_count:
                    yield delivery
            elif delivery.status is DeliveryStatus.INTENDED:
                # sent into this tenant, it might be in both
                detail = {"theirs": delivery.tenant or "", "ours": tenant or ""}
                refused = Rejection(SELECTLINE_DOCUMENTS, delivery.key, "delivery_other_tenant", detail, detail["ours"])
                old = self._before.get(delivery.key)
                if old is None or (old.code, old.content) != (refused.code, refused.content):
                    self._store.leave(delivery, refused)
                    self._refused_now.add(delivery.key)

    def _bring(self, deliveries: Sequence[Delivery]) -> None:
        if self._sender is None:
            return
        for delivery in deliveries:
            self._sender.bring(delivery)
            self._session.progress(SELECTLINE_DOCUMENTS, self._sender.delivered)

    def _judge(self, refused: Sequence[Rejection]) -> None:
        """Stores what cannot be made a document, and ends what could not be and can be by now."""
        open_ones = self._session.store.rejections.of(SELECTLINE_DOCUMENTS)
        frozen = self._store.known([rejection.key for rejection in open_ones])
        now = {rejection.key for rejection in refused}

        def judged(rejection: Rejection) -> bool:
            """One of a frozen delivery is its own; a run that looked at a part of the shop has not seen all others."""
            return rejection.key not in frozen and (rejection.key in now or not self._is_part)

        found = self._session.store.rejections.replace(SELECTLINE_DOCUMENTS, refused, judged)
        self._refused_now |= {rejection.key for rejection in found if not rejection.still}

    def report(self, *, open_ones: bool = True) -> AssetReport:
        """The results; without reading open rejections if it broke."""
        sender = self._sender
        fresh = self._refused_now | (sender.refused if sender else set())
        counts = Counts(new=sender.delivered if sender else 0, changed=sender.assumed if sender else 0)
        if not open_ones:
            return AssetReport(SELECTLINE_DOCUMENTS, counts + Counts(rejected=len(fresh)))
        rejections = tuple(
            replace(found, still=found.key not in fresh)
            for found in self._session.store.rejections.of(SELECTLINE_DOCUMENTS)
        )
        deferrals = _deferrals(self._found.waiting_for_stock)
        waiting = Counts(deferred=sum(deferral.count for deferral in deferrals))
        return AssetReport(
            SELECTLINE_DOCUMENTS,
            counts + waiting + refused_counts(rejections),
            rejections,
            deferrals=deferrals,
            warnings=tuple(delivery_warnings(self._session)),
            documents=tuple(DeliveredReceipts(self._session.store.connection).newest(_SHOWN)),
            quiet=self.is_quiet,
        )


def _deferrals(receipts: Sequence[UndeliveredReceipt]) -> tuple[Deferral, ...]:
    if not receipts:
        return ()
    examples = tuple(f"{receipt.register}-{receipt.number}" for receipt in receipts[:5])
    detail: Mapping[str, str] = {}
    return (Deferral("delivery_stock_pending", len(receipts), examples, detail),)
