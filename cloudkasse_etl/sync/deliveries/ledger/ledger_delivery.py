"""The use case that brings what is booked into SelectLine's ledger, as batches of postings, and follows them."""

from collections.abc import Iterator, Mapping, Sequence

from cloudkasse_etl.errors import ConfigurationError
from cloudkasse_etl.i18n.text import say
from cloudkasse_etl.rejections.rejection import Rejection
from cloudkasse_etl.state.stores.deliveries.delivered_receipts import DeliveredReceipts, ListedDocument
from cloudkasse_etl.state.stores.deliveries.delivery_store import BATCH, Deliveries, Delivery
from cloudkasse_etl.sync.deliveries.delivery_work import SHOWN, Route, deliver_by
from cloudkasse_etl.sync.deliveries.draft_maker import Drafts, Groups
from cloudkasse_etl.sync.deliveries.ledger.batch_drafts import batch_drafts
from cloudkasse_etl.sync.deliveries.ledger.batch_list import BatchList
from cloudkasse_etl.sync.deliveries.ledger.batch_sending import BatchSender
from cloudkasse_etl.sync.deliveries.ledger.chart_reading import read_chart
from cloudkasse_etl.sync.deliveries.ledger.ledger_books import ledger_warnings
from cloudkasse_etl.sync.run.report import AssetReport
from cloudkasse_etl.sync.run.session import SyncSession


def deliver_ledger(session: SyncSession) -> AssetReport:
    """Brings what is booked and no document carries into SelectLine's ledger, each posting exactly once (`deliver_by`).

    Args:
        session: The run; its options may name a register and a day.

    Returns:
        The report: batches that came there are new, those that were processed changed.

    Raises:
        CloudkasseError: As of `deliver_by`.
    """
    return deliver_by(session, Route(BATCH, _open, _drafts, ledger_warnings, _newest))


def _newest(session: SyncSession) -> list[ListedDocument]:
    return DeliveredReceipts(session.store.connection, BATCH).newest(SHOWN)


def _open(
    session: SyncSession, store: Deliveries, before: Mapping[str, Rejection], known: Sequence[Delivery]
) -> BatchSender:
    ledger = session.selectline.ledger
    return BatchSender(ledger, BatchList(session.selectline, ledger), store, before)


def _drafts(session: SyncSession, groups: Groups, undone: int | None) -> Iterator[Drafts]:
    if not groups:
        return
    chart = read_chart(session.selectline, session.settings.delivery)
    if chart is None:
        delivery = session.settings.delivery
        raise ConfigurationError(
            say("SelectLine does not tell first and last day of fiscal year '{year}'.", year=delivery.batch.year or ""),
            hint=say("Look at delivery.batch in the settings. Nothing was sent."),
        )
    yield from batch_drafts(session, groups, chart, undone)
