"""Looks whether something became of documents in SelectLine's inbox, without a run. Writes nothing."""

from collections.abc import Iterator, Sequence

from cloudkasse_etl.config.settings import Configuration
from cloudkasse_etl.erp.selectline_api.selectline_client import SelectLineClient
from cloudkasse_etl.erp.selectline_api.selectline_session import NoSessionMemory
from cloudkasse_etl.fingerprint import fingerprint
from cloudkasse_etl.state.stores.deliveries.delivery_store import BATCH, TRANSFER, Deliveries, Delivery, DeliveryStatus
from cloudkasse_etl.sync.deliveries.inbox import EDIT, OPEN, Inbox, kind_of
from cloudkasse_etl.sync.deliveries.ledger.batch_list import BatchList
from cloudkasse_etl.sync.inputs.own_tables import open_reading


def changes_in_selectline(configuration: Configuration) -> str | None:
    """Looks at what was delivered and is not taken over or processed yet; asks nothing where there is no such thing.

    Args:
        configuration: Settings and connections.

    Returns:
        A fingerprint of what changed, the same as long as nothing further does; None where nothing did.

    Raises:
        CloudkasseError: Our own tables or SelectLine's Web API cannot be reached.
    """
    settings = configuration.settings.delivery
    with open_reading(configuration) as store:
        documents, batches = (
            [
                one
                for one in Deliveries(store.connection, target).all(DeliveryStatus.DELIVERED)
                if one.line_count and one.tenant in (None, settings.tenant_of(target))
            ]
            for target in (TRANSFER, BATCH)
        )
    if not documents and not batches:
        return None
    with SelectLineClient(configuration.with_api(attempts=1), NoSessionMemory()) as client:
        changed = [*_of_documents(client, documents), *_of_batches(client, batches)]
    return fingerprint(*changed, size=8) if changed else None


def _of_documents(client: SelectLineClient, delivered: Sequence[Delivery]) -> Iterator[str]:
    if not delivered:
        return
    inbox = Inbox(client, map(kind_of, delivered))
    for one in delivered:
        states = [found.state for found in inbox.of(one.key)]
        if len(states) != 1 or states[0] not in (OPEN, EDIT):
            yield f"{one.key} {','.join(states)}"


def _of_batches(client: SelectLineClient, delivered: Sequence[Delivery]) -> Iterator[str]:
    batches = BatchList(client, client.ledger)
    for one in delivered:
        found = batches.of(one)
        if len(found) != 1 or found[0].processings:
            yield f"{one.target} {one.key} {len(found)}"
