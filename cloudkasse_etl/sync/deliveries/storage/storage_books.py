"""Compares the manual storages that were delivered with the movements that are booked of their receipts."""

from collections import Counter, defaultdict
from collections.abc import Iterator

from cloudkasse_etl.entities import SELECTLINE_DOCUMENTS
from cloudkasse_etl.i18n.formats import plain_quantity
from cloudkasse_etl.rejections.catalogue.storage_codes import NOT_AS_MOVED
from cloudkasse_etl.rejections.rejection import Rejection
from cloudkasse_etl.state.stores.deliveries.delivered_rows import DeliveredRows, Rows
from cloudkasse_etl.state.stores.deliveries.delivery_store import STORAGE, Delivery, DeliveryStatus
from cloudkasse_etl.state.stores.deliveries.storage_deliveries import StorageDeliveries
from cloudkasse_etl.sync.deliveries.delivered_books import OF_MOVEMENTS, Sums, odd_sums
from cloudkasse_etl.sync.run.session import SyncSession
from cloudkasse_etl.transform.deliveries.refusals import some
from cloudkasse_etl.transform.deliveries.storage_form import lines_in, part_of

_NEWEST = 100  # what is there stays there: older ones were compared before
_LIVE = tuple(status for status in DeliveryStatus if status is not DeliveryStatus.RETRACTED)


def storage_warnings(session: SyncSession) -> list[Rejection]:
    """What a person should look at: deliveries of the last time that differ from our movements.

    Args:
        session: The run.

    Returns:
        A warning for each.
    """
    live = StorageDeliveries(session.store.connection).newest(_NEWEST)
    if not live:
        return []
    rows = DeliveredRows(session.store.connection, STORAGE, _LIVE, live[0].delivery_id)
    booked = {number: _booked(some) for number, some in rows.movements(OF_MOVEMENTS)}
    sent: dict[str, Counter[tuple[str, ...]]] = defaultdict(Counter)
    for one in live:  # a part is younger than what its lines were taken out of
        of_whole = sent[part_of(one.body) or one.key]
        for line in lines_in(one.body):
            of_whole[line.article, line.warehouse] += line.quantity_milli
    whole = [one for one in live if part_of(one.body) is None]
    return [warning for one in whole for warning in _differences(one, booked.get(one.delivery_id, {}), sent[one.key])]


def _booked(rows: Rows) -> Sums:
    sums: Counter[tuple[str, ...]] = Counter()
    for row in rows:
        sums[row.article, row.warehouse] += row.quantity_milli
    return sums


def _differences(delivery: Delivery, booked: Sums, sent: Sums) -> Iterator[Rejection]:
    if odd := odd_sums(booked, sent, plain_quantity):
        yield Rejection(
            SELECTLINE_DOCUMENTS, delivery.key, NOT_AS_MOVED, {"differences": some(odd)}, record=delivery.called
        )
