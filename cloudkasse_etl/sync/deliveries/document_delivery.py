"""The use case that brings what is booked into SelectLine, as transfer documents, and follows what becomes of them."""

from collections.abc import Mapping, Sequence

from cloudkasse_etl.rejections.rejection import Rejection
from cloudkasse_etl.state.stores.deliveries.delivery_store import TRANSFER, Deliveries, Delivery
from cloudkasse_etl.sync.deliveries.delivered_books import delivery_warnings
from cloudkasse_etl.sync.deliveries.delivery_work import Route, deliver_by, newest_documents
from cloudkasse_etl.sync.deliveries.drafts import drafts_of
from cloudkasse_etl.sync.deliveries.inbox import Inbox, kind_of
from cloudkasse_etl.sync.deliveries.sending import Sender
from cloudkasse_etl.sync.deliveries.storage.storage_delivery import deliver_storages
from cloudkasse_etl.sync.run.report import AssetReport
from cloudkasse_etl.sync.run.session import SyncSession


def deliver_documents(session: SyncSession) -> AssetReport:
    """Brings what is booked into SelectLine, each document exactly once (`deliver_by`): sales, or stock alone.

    Args:
        session: The run; its options may name a register and a day.

    Returns:
        The report: documents that came there are new, those that were taken over changed.

    Raises:
        CloudkasseError: As of `deliver_by`.
    """
    if session.settings.delivery.has_storages:
        return deliver_storages(session)
    return deliver_by(session, Route(TRANSFER, _open, drafts_of, delivery_warnings, newest_documents))


def _open(
    session: SyncSession, store: Deliveries, before: Mapping[str, Rejection], known: Sequence[Delivery]
) -> Sender:
    delivery = session.settings.delivery
    client = session.selectline
    client.work_in(delivery.tenant)  # the ledger's year may have been worked in before
    inbox = Inbox(client, [delivery.transfer.document_kind or "", *map(kind_of, known)])
    return Sender(client, inbox, store, before)
