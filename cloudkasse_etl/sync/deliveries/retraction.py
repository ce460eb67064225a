"""The use case of taking a delivery back, while SelectLine allows it: its receipts can then be delivered again."""

from collections.abc import Sequence
from contextlib import suppress

from cloudkasse_etl.config.settings import Configuration
from cloudkasse_etl.erp.selectline_api.selectline_client import SelectLineClient
from cloudkasse_etl.erp.selectline_api.selectline_session import UnclearError
from cloudkasse_etl.errors import ConfigurationError, ContractError
from cloudkasse_etl.http.peer_answers import RefusedError
from cloudkasse_etl.i18n.text import say
from cloudkasse_etl.state.stores.books.decision_log import Action, Subject
from cloudkasse_etl.state.stores.deliveries.api_sessions import ApiSessions
from cloudkasse_etl.state.stores.deliveries.covered_receipts import CoveredReceipts
from cloudkasse_etl.state.stores.deliveries.delivery_store import (
    BATCH,
    MOVES,
    STORAGE,
    Deliveries,
    Delivery,
    DeliveryStatus,
)
from cloudkasse_etl.state.stores.state_stores import StateStores
from cloudkasse_etl.sync.deliveries.inbox import ASSUMED, EDIT, MANUAL_ERROR, Found, Inbox, kind_of
from cloudkasse_etl.sync.deliveries.ledger.batch_list import BatchList
from cloudkasse_etl.sync.deliveries.storage.storage_delivery import parts_to_take_back, take_storage_out
from cloudkasse_etl.sync.receipts.decisions import Decided, Decider

_SEE = say("See: cloudkasse-etl deliveries.")
UNDO_IT = say(
    "Call cloudkasse-etl deliver, which stores that, then cloudkasse-etl undo: the next delivery takes back there what "
    "is undone."
)


def retract_delivery(decider: Decider, delivery_id: int) -> Decided:
    """Takes a delivery back: deletes its document in SelectLine, and lets its receipts be delivered again.

    Args:
        decider: Who decides, and why.
        delivery_id: Its id, as the list of deliveries has it.

    Returns:
        The result of the decision.

    Raises:
        ConfigurationError: There is none of this id, SelectLine does not allow it any more, or no reason is given.
        LeaseHeldError: A synchronisation is running.
        CloudkasseError: SelectLine's Web API cannot be reached; nothing is taken back then.
    """
    with decider.deciding(Action.RETRACT) as store:
        delivery = Deliveries(store.connection).find(delivery_id)
        if delivery is None:
            raise ConfigurationError(say("There is no delivery {id}.", id=delivery_id), hint=_SEE)
        is_over = delivery.status is DeliveryStatus.ASSUMED and (delivery.target != BATCH or delivery.destination)
        if is_over or delivery.status not in MOVES[DeliveryStatus.RETRACTED]:
            raise _too_late(delivery, delivery.destination)
        deliveries = Deliveries(store.connection, delivery.target)
        if later := CoveredReceipts(store.connection).taking_back(delivery_id):
            raise ConfigurationError(
                say("Delivery {id} is taken back by delivery {later}.", id=delivery_id, later=later[0]),
                hint=say(
                    "Take that one back first: cloudkasse-etl deliveries retract {later} --reason …", later=later[0]
                ),
            )
        together = parts_to_take_back(deliveries, delivery) if delivery.target == STORAGE else [delivery]
        if delivery.line_count:
            _take_out(decider.configuration, store, delivery, together)
        for one in reversed(together):  # the whole last: a death before lets it be taken back once more
            decision = decider.decision(Subject.DELIVERY, str(one.delivery_id), Action.RETRACT, document=one.key)
            deliveries.retract(one, decision)
        return Decided(decision, DeliveryStatus.RETRACTED)


def _take_out(
    configuration: Configuration, store: StateStores, delivery: Delivery, together: Sequence[Delivery]
) -> None:
    """Deletes what SelectLine has of a delivery; what was discarded there stays.

    First it looks at all of it: with one that was taken over, none is deleted.
    """
    if delivery.target == BATCH:
        with SelectLineClient(configuration, ApiSessions(store.connection)) as client:
            _take_batches_out(client, delivery)
        return
    if delivery.tenant is not None:  # that of the settings may be another one by now
        configuration = configuration.with_tenant(delivery.tenant)
    with SelectLineClient(configuration, ApiSessions(store.connection)) as client:
        if delivery.target == STORAGE:
            for one in together:
                take_storage_out(client.storages, one)
            return
        inbox = Inbox(client, [kind_of(delivery)])
        for found in inbox.of(delivery.key):
            if found.state == ASSUMED:
                raise _too_late(delivery, found.destination)
            if found.state == EDIT:
                raise ConfigurationError(
                    say("Somebody is at work on transfer document {number} in SelectLine.", number=found.number),
                    hint=say("Close it there, then take the delivery back again."),
                )
            if found.state == MANUAL_ERROR:
                raise ConfigurationError(
                    say(
                        "Transfer document {number} could not be taken over in SelectLine, but may be once what it "
                        "lacks is mended there: then the sales would be there twice.",
                        number=found.number,
                    ),
                    hint=say("Discard it there, then take the delivery back again."),
                )
        for found in inbox.of(delivery.key):
            if found.is_open:
                _delete(client, inbox, delivery, found)


def _take_batches_out(client: SelectLineClient, delivery: Delivery) -> None:
    batches = BatchList(client, client.ledger)
    found = batches.of(delivery)
    for one in found:
        if one.processings:
            raise _too_late(delivery, str(one.number))
    for one in found:
        with suppress(UnclearError, RefusedError):  # the list alone tells whether it is gone
            client.ledger.delete_batch(one.number)
    batches.look(delivery)
    if batches.of(delivery):
        raise ContractError(
            say("SelectLine has not deleted batch {number}.", number=batches.of(delivery)[0].number),
            hint=say("Look at it there, and take the delivery back again. Nothing is changed here."),
        )


def _delete(client: SelectLineClient, inbox: Inbox, delivery: Delivery, found: Found) -> None:
    with suppress(UnclearError, RefusedError):  # the list alone tells whether it is gone
        client.delete_transfer_document(found.number)
    inbox.look()
    if any(one.number == found.number for one in inbox.of(delivery.key)):
        raise ContractError(
            say("SelectLine has not deleted transfer document {number}.", number=found.number),
            hint=say("Look at it there, and take the delivery back again. Nothing is changed here."),
        )


def _too_late(delivery: Delivery, destination: str | None) -> ConfigurationError:
    if delivery.status is DeliveryStatus.RETRACTED:
        return ConfigurationError(say("Delivery {id} is taken back already.", id=delivery.delivery_id), hint=_SEE)
    if delivery.target == BATCH:
        return ConfigurationError(
            say(
                "Delivery {id} was processed in SelectLine as batch {number}, so it cannot be taken back.",
                id=delivery.delivery_id, number=destination or "?",
            ),
            hint=UNDO_IT,
        )  # fmt: skip
    return ConfigurationError(
        say(
            "Delivery {id} was taken over in SelectLine as document {number}, so it cannot be taken back.",
            id=delivery.delivery_id, number=destination or "?",
        ),
        hint=UNDO_IT,
    )  # fmt: skip
