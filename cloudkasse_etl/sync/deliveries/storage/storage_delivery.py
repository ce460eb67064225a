"""The use case that brings stock movements into SelectLine, as manual storages, and takes them back."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace

from cloudkasse_etl.erp.selectline_api.selectline_session import UnclearError
from cloudkasse_etl.erp.selectline_api.storage_api import StorageApi
from cloudkasse_etl.errors import ConfigurationError, ContractError
from cloudkasse_etl.http.peer_answers import RefusedError
from cloudkasse_etl.i18n.text import say
from cloudkasse_etl.rejections.rejection import Rejection
from cloudkasse_etl.state.stores.deliveries.delivery_store import STORAGE, Deliveries, Delivery, DeliveryStatus, Draft
from cloudkasse_etl.state.stores.deliveries.storage_deliveries import StorageDeliveries
from cloudkasse_etl.sync.deliveries.delivery_work import Route, deliver_by, newest_documents
from cloudkasse_etl.sync.deliveries.storage.storage_books import storage_warnings
from cloudkasse_etl.sync.deliveries.storage.storage_drafts import storage_drafts, storage_number
from cloudkasse_etl.sync.deliveries.storage.storage_sending import StorageSender
from cloudkasse_etl.sync.run.report import AssetReport
from cloudkasse_etl.sync.run.session import SyncSession
from cloudkasse_etl.transform.deliveries.storage_form import (
    StockLine,
    StorageHead,
    is_same_head,
    number_of,
    numbered,
    part_of,
    without,
)
from cloudkasse_etl.transform.deliveries.transfer_form import delivery_key


def deliver_storages(session: SyncSession) -> AssetReport:
    """Brings the stock movements that are booked into SelectLine, each exactly once (`deliver_by`).

    Args:
        session: The run; its options may name a register and a day.

    Returns:
        The report: manual storages that came there are new.

    Raises:
        CloudkasseError: As of `deliver_by`.
    """
    # one that is there is nobody's to take over: only an error may still change
    followed = (DeliveryStatus.ERROR,)
    return deliver_by(session, Route(STORAGE, _open, storage_drafts, storage_warnings, newest_documents, followed))


def _open(
    session: SyncSession, store: Deliveries, before: Mapping[str, Rejection], known: Sequence[Delivery]
) -> StorageSender:
    client, settings = session.selectline, session.settings
    client.work_in(settings.delivery.tenant)
    return StorageSender(client.storages, _Splitting(session), before)


class _Splitting:
    """Deliveries, of which lines can be taken out into others."""

    def __init__(self, session: SyncSession) -> None:
        store = StorageDeliveries(session.store.connection)
        self._session, self._store = session, store
        self.move, self.note, self.leave = store.move, store.note, store.leave

    def split(self, delivery: Delivery, short: Sequence[StockLine]) -> tuple[Delivery, Delivery]:
        """Takes lines out into a delivery of their own, which covers no receipt.

        Args:
            delivery: The delivery; nothing of it may be in SelectLine.
            short: The lines, not all of them.

        Returns:
            What is left, and the other.
        """
        place = (delivery.register, delivery.place)
        generation = self._store.generations([place])[place] + 1
        settings = self._session.settings
        key = delivery_key(settings.company.number, *place, generation).replace("cloudkasse:", "storage:", 1)
        reference = say("Register {register}", register=delivery.register).render(settings.language)
        head = StorageHead(
            key,
            delivery.day,
            settings.delivery.storage.employee,
            reference,
            part_of=part_of(delivery.body) or delivery.key,
        )
        left, taken = without(delivery.body, short, head)
        serial = self._store.count() + 1
        draft = Draft(
            key=key,
            grain=delivery.grain,
            register=delivery.register,
            place=delivery.place,
            generation=generation,
            day=delivery.day,
            closing_number=delivery.closing_number,
            currency=delivery.currency,
            amount_cents=0,
            line_count=len(short),
            body=numbered(taken, storage_number(settings.delivery.storage.number_prefix, serial)),
            receipts=(),
            tenant=delivery.tenant,
            carries_sales=False,
        )
        made = self._store.split(delivery, left, delivery.line_count - len(short), draft)
        return replace(delivery, body=left, line_count=delivery.line_count - len(short)), made


def parts_to_take_back(store: Deliveries, delivery: Delivery) -> list[Delivery]:
    """A delivery with those that its lines were taken out into, which go with it.

    Args:
        store: Deliveries.
        delivery: The delivery that a person wants to take back.

    Returns:
        All that are to be taken back.

    Raises:
        ConfigurationError: It is itself a part of another.
    """
    whole = part_of(delivery.body)
    live = [one for one in store.all() if one.status is not DeliveryStatus.RETRACTED]
    if whole is not None:
        number = next((one.delivery_id for one in live if one.key == whole), None)
        raise ConfigurationError(
            say("Delivery {id} is a part of delivery {whole}.", id=delivery.delivery_id, whole=number or "?"),
            hint=say("Take that one back: its parts go with it."),
        )
    return [delivery, *(one for one in live if part_of(one.body) == delivery.key)]


def take_storage_out(api: StorageApi, delivery: Delivery) -> None:
    """Deletes what SelectLine has of a delivery, which takes its movements back there.

    Raises:
        ContractError: It is still there.
        CloudkasseError: The API cannot be reached.
    """
    if delivery.remote_id is None or not delivery.line_count:
        return
    number = number_of(delivery.body)
    head = api.storage(number)
    if head is None or not is_same_head(delivery.body, head):
        return
    with suppress(UnclearError, RefusedError):  # reading alone tells whether it is gone
        api.delete_storage(number)
    if api.storage(number) is not None:
        raise ContractError(
            say("SelectLine has not deleted manual storage {number}.", number=number),
            hint=say(
                "Look at it there, and take the delivery back again. If SelectLine does not delete it any more: "
                "cloudkasse-etl undo takes imports back, and the next delivery takes them back there by a manual "
                "storage of its own. Nothing is changed here."
            ),
        )
