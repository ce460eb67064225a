"""Compares the manual storages that were delivered with the movements that are booked of their receipts."""

from collections import Counter
from collections.abc import Iterator

from cloudkasse_etl.entities import SELECTLINE_DOCUMENTS
from cloudkasse_etl.i18n.formats import plain_quantity
from cloudkasse_etl.rejections.catalogue.storage_codes import NOT_AS_MOVED
from cloudkasse_etl.rejections.rejection import Rejection
from cloudkasse_etl.state.stores.deliveries.delivery_store import STORAGE, Deliveries, Delivery, DeliveryStatus
from cloudkasse_etl.state.stores.deliveries.undelivered_receipts import UndeliveredReceipts
from cloudkasse_etl.sync.deliveries.delivered_books import odd_sums
from cloudkasse_etl.sync.run.session import SyncSession
from cloudkasse_etl.transform.deliveries.refusals import some
from cloudkasse_etl.transform.deliveries.storage_form import lines_in, part_of

_NEWEST = 100  # what is there stays there: older ones were compared before


def storage_warnings(session: SyncSession) -> list[Rejection]:
    """What a person should look at: deliveries of the last time that differ from our movements.

    Args:
        session: The run.

    Returns:
        A warning for each.
    """
    store = Deliveries(session.store.connection, STORAGE)
    live = [one for one in store.all() if one.line_count and one.status is not DeliveryStatus.RETRACTED]
    whole = [one for one in live if part_of(one.body) is None][-_NEWEST:]
    return [warning for one in whole for warning in _differences(session, store, one, live)]


def _differences(
    session: SyncSession, store: Deliveries, delivery: Delivery, live: list[Delivery]
) -> Iterator[Rejection]:
    sent: Counter[tuple[str, ...]] = Counter()
    for one in live:
        if one is delivery or part_of(one.body) == delivery.key:
            for line in lines_in(one.body):
                sent[line.article, line.warehouse] += line.quantity_milli
    booked: Counter[tuple[str, ...]] = Counter()
    receipts = store.receipts_of(delivery.delivery_id)
    for rows in UndeliveredReceipts(session.store.connection, STORAGE).moved(receipts).values():
        for row, warehouse in rows:
            booked[row.article, warehouse] += row.quantity_milli
    if odd := odd_sums(booked, sent, plain_quantity):
        yield Rejection(
            SELECTLINE_DOCUMENTS, delivery.key, NOT_AS_MOVED, {"differences": some(odd)}, record=delivery.called
        )
