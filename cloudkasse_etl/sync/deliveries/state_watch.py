"""Looks whether something became of documents in SelectLine's inbox, without a run. Writes nothing."""

from cloudkasse_etl.config.settings import Configuration
from cloudkasse_etl.erp.selectline_api.selectline_client import SelectLineClient
from cloudkasse_etl.erp.selectline_api.selectline_session import NoSessionMemory
from cloudkasse_etl.fingerprint import fingerprint
from cloudkasse_etl.state.stores.deliveries.delivery_store import Deliveries, DeliveryStatus
from cloudkasse_etl.sync.deliveries.inbox import EDIT, OPEN, Inbox, kind_of
from cloudkasse_etl.sync.inputs.own_tables import open_reading


def changes_in_selectline(configuration: Configuration) -> str | None:
    """Looks at the documents that were delivered and not taken over yet; asks nothing where there are none.

    Args:
        configuration: Settings and connections.

    Returns:
        A fingerprint of what changed, the same as long as no further document does; None where nothing did.

    Raises:
        CloudkasseError: Our own tables or SelectLine's Web API cannot be reached.
    """
    tenant = configuration.settings.delivery.tenant
    with open_reading(configuration) as store:
        delivered = [
            one
            for one in Deliveries(store.connection).all(DeliveryStatus.DELIVERED)
            if one.line_count and one.tenant in (None, tenant)
        ]
    if not delivered:
        return None
    with SelectLineClient(configuration.with_api(attempts=1), NoSessionMemory()) as client:
        inbox = Inbox(client, map(kind_of, delivered))
    changed = []
    for one in delivered:
        states = [found.state for found in inbox.of(one.key)]
        if len(states) != 1 or states[0] not in (OPEN, EDIT):
            changed.append(f"{one.key} {','.join(states)}")
    return fingerprint(*changed, size=8) if changed else None
