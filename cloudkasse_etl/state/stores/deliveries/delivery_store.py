"""Deliveries into the ERP: frozen before anything is sent, and what became of each (docs/deliveries.md).

A receipt is in at most one delivery of a target that counts; a unique index sees to that, whatever a program does.
Which ones count, `is_live` says: all but those that were taken back.
"""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

import sqlalchemy as sa

from cloudkasse_etl.entities import SELECTLINE_DOCUMENTS, SELECTLINE_LEDGER
from cloudkasse_etl.i18n.text import Text, say
from cloudkasse_etl.rejections.record_names import DeliveryName
from cloudkasse_etl.rejections.rejection import Rejection
from cloudkasse_etl.state.connection import StateConnection
from cloudkasse_etl.state.database.keys import chunks
from cloudkasse_etl.state.stores.books.decision_log import Decision, DecisionLog
from cloudkasse_etl.state.stores.deliveries.covered_receipts import generations_of, is_of_present_import
from cloudkasse_etl.state.stores.rejections import Rejections

TRANSFER: Final = "transfer"
"""The target of transfer documents."""
BATCH: Final = "batch"
"""The target of batches of postings for the general ledger."""
STORAGE: Final = "storage"
"""The target of manual storages, which move stock alone."""
ASSETS: Final[Mapping[str, str]] = {
    TRANSFER: SELECTLINE_DOCUMENTS,
    STORAGE: SELECTLINE_DOCUMENTS,
    BATCH: SELECTLINE_LEDGER,
}
"""Target -> the asset whose rejections its deliveries have."""
COVERED: Final[Mapping[str, str]] = {TRANSFER: TRANSFER, STORAGE: TRANSFER, BATCH: BATCH}
"""Target -> as what its receipts are covered: stock goes by a document or by a manual storage, never by both."""


class DeliveryStatus(StrEnum):
    """What became of a delivery."""

    INTENDED = "intended"  # frozen; whether it is in the ERP is not known yet
    DELIVERED = "delivered"  # it is there, and was read back equal
    ASSUMED = "assumed"  # a person there took it over
    DISCARDED = "discarded"  # a person there discarded it, or taking it over failed
    ERROR = "error"  # a person has to look: its rejection says at what
    RETRACTED = "retracted"  # a person took it back: its receipts may be delivered anew


STATUS_WORDS: Mapping[str, Text] = {
    DeliveryStatus.INTENDED: say("intended"),
    DeliveryStatus.DELIVERED: say("delivered"),
    DeliveryStatus.ASSUMED: say("taken over"),
    DeliveryStatus.DISCARDED: say("discarded"),
    DeliveryStatus.ERROR: say("to be looked at"),
    DeliveryStatus.RETRACTED: say("taken back"),
}
"""Each status as a person reads it."""
SETTINGS: Final[Mapping[str, str]] = {
    TRANSFER: "delivery.documents: transfer",
    STORAGE: "delivery.documents: storage",
    BATCH: "delivery.ledger: batch",
}
"""Target -> the setting by which it is delivered to."""
FINAL: Final[Mapping[str, DeliveryStatus]] = {
    TRANSFER: DeliveryStatus.ASSUMED,
    STORAGE: DeliveryStatus.DELIVERED,
    BATCH: DeliveryStatus.ASSUMED,
}
"""Target -> the status from which on the ERP's books have it: what is undone is taken back there by another delivery.

A manual storage has moved the stock as soon as it is there.
"""
_SEEN = (DeliveryStatus.INTENDED, DeliveryStatus.DELIVERED, DeliveryStatus.DISCARDED, DeliveryStatus.ERROR)
MOVES: Final[Mapping[DeliveryStatus, tuple[DeliveryStatus, ...]]] = {
    DeliveryStatus.DELIVERED: _SEEN,
    DeliveryStatus.ASSUMED: _SEEN,
    DeliveryStatus.DISCARDED: _SEEN,
    DeliveryStatus.ERROR: _SEEN,
    DeliveryStatus.RETRACTED: (*_SEEN, DeliveryStatus.ASSUMED),  # of a batch, "assumed" may mean that it was deleted
}
"""A status -> those from which a delivery may come to it."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A delivery that is to be frozen.

    Attributes:
        key: By which it is found again in the ERP.
        grain, register, place: What it is made of: a closing, a day or a receipt of a register.
        generation: The how manieth of that place it is.
        day: The document's day.
        closing_number: Of its closing; None where it is made of something else.
        currency, amount_cents, line_count: What it comes to.
        body: What is sent, as JSON.
        receipts: Ids of the receipts that it covers.
        tenant: The ERP's tenant that it is for.
        year: The fiscal year's database there; None for what does not go into the ledger.
        carries_sales: Whether the sales of its receipts are in it, which no other target may bring once more.
        undone: The import of its receipts that it takes back; None where it brings what their present one booked.
    """

    key: str
    grain: str
    register: str
    place: str
    generation: int
    day: dt.date
    closing_number: int | None
    currency: str
    amount_cents: int
    line_count: int
    body: bytes
    receipts: Sequence[str]
    tenant: str | None = None
    year: str | None = None
    carries_sales: bool = True
    undone: int | None = None


@dataclass(frozen=True, slots=True)
class Delivery:
    """A delivery as it is stored.

    Attributes:
        delivery_id: Ours.
        target: What it is in the ERP: `transfer`, `storage` or `batch`.
        key, grain, register, place, generation, day, closing_number, currency, amount_cents, line_count, body, tenant,
            year, carries_sales: As of its draft.
        status: What became of it.
        remote_id: The ERP's id of it, as soon as that is known.
        destination: The number of the document that it became there.
        created_at: When it was frozen.
    """

    delivery_id: int
    target: str
    key: str
    grain: str
    register: str
    place: str
    generation: int
    day: dt.date
    closing_number: int | None
    status: DeliveryStatus
    remote_id: int | None
    destination: str | None
    currency: str
    amount_cents: int
    line_count: int
    body: bytes
    created_at: dt.datetime
    tenant: str | None = None
    year: str | None = None
    carries_sales: bool = True

    @property
    def called(self) -> DeliveryName:
        """Its name, with the number by which commands take it."""
        return DeliveryName(self.key, title=str(self.delivery_id))


_COLUMNS = tuple("record_key" if name == "key" else name for name in Delivery.__slots__)


class Deliveries:
    """Deliveries of one company to one target.

    Args:
        state: Our own tables.
        target: What they are in the ERP.
    """

    def __init__(self, state: StateConnection, target: str = TRANSFER) -> None:
        self._state, self._target, self._asset = state, target, ASSETS[target]
        self._table, self._receipts = state.tables.delivery, state.tables.delivery_receipt
        self._rejections, self._decisions = Rejections(state), DecisionLog(state)

    def freeze(self, drafts: Sequence[Draft], settled: Sequence[str] = ()) -> None:
        """Stores deliveries with the receipts that they cover, in one transaction.

        One without lines has nothing to be sent: it counts as delivered.

        Args:
            drafts: What is to be delivered.
            settled: Keys of rejections that end by it.
        """
        if not drafts:
            return
        now = dt.datetime.now(dt.UTC)
        with self._state.transaction() as connection:
            for draft in drafts:
                delivery_id = self._insert(connection, draft, now)
                fixed = {"company": self._state.company, "target": COVERED[self._target], "delivery_id": delivery_id}
                generations = generations_of(self._state, connection, draft.receipts, draft.undone)
                rows = [
                    {**fixed, "receipt_id": key, "is_live": True, "generation": generation}
                    | {"is_counter": draft.undone is not None}
                    for key, generation in generations.items()
                ]
                if rows:
                    connection.execute(self._receipts.insert(), rows)
            self._rejections.drop(connection, self._asset, [*settled, *(draft.key for draft in drafts)])

    def _insert(self, connection: sa.Connection, draft: Draft, now: dt.datetime) -> int:
        status = DeliveryStatus.INTENDED if draft.line_count else DeliveryStatus.DELIVERED
        made = connection.execute(
            self._table.insert().values(
                company=self._state.company,
                target=self._target,
                record_key=draft.key,
                grain=draft.grain,
                register=draft.register,
                place=draft.place,
                generation=draft.generation,
                day=draft.day,
                closing_number=draft.closing_number,
                status=str(status),
                currency=draft.currency,
                amount_cents=draft.amount_cents,
                line_count=draft.line_count,
                body=draft.body,
                tenant=draft.tenant,
                year=draft.year,
                carries_sales=draft.carries_sales,
                created_at=now,
                changed_at=now,
                first_run_id=self._state.run_id,
                run_id=self._state.run_id,
            )
        )
        (delivery_id,) = made.inserted_primary_key or (0,)
        return int(delivery_id)

    def move(
        self,
        delivery: Delivery,
        status: DeliveryStatus,
        *,
        remote_id: int | None = None,
        destination: str | None = None,
        rejection: Rejection | None = None,
    ) -> None:
        """Stores what became of a delivery, and its rejection with it; one that it had ends.

        Args:
            delivery: The delivery.
            status: Its status now.
            remote_id: The ERP's id of it, where that is known now.
            destination: The number of the ERP's document, likewise.
            rejection: Why a person has to look.

        Raises:
            AssertionError: It cannot come to that status from the one that is stored.
        """
        values: dict[str, Any] = {"status": str(status)}
        if remote_id is not None:
            values["remote_id"] = remote_id
        if destination is not None:
            values["destination"] = destination[:100]
        with self._state.transaction() as connection:
            self._set(connection, delivery, status, values)
            self._rejections.drop(connection, self._asset, [delivery.key])
            self._rejections.put(connection, self._asset, [rejection] if rejection else [])

    def note(self, delivery: Delivery, remote_id: int | None) -> None:
        """Stores under which id the ERP has a delivery that is not known to be whole there yet.

        Args:
            delivery: The delivery.
            remote_id: The ERP's id of it; None where it is not there, and was not processed.
        """
        change = {"remote_id": remote_id, "changed_at": dt.datetime.now(dt.UTC), "run_id": self._state.run_id}
        here = self._table.c.delivery_id == delivery.delivery_id
        with self._state.transaction() as connection:
            connection.execute(self._table.update().where(here).values(change))

    def leave(self, delivery: Delivery, rejection: Rejection) -> None:
        """Stores why a delivery is not there yet; it stays as it is, and the next run goes on with it.

        Args:
            delivery: The delivery.
            rejection: Why.
        """
        with self._state.transaction() as connection:
            self._rejections.drop(connection, self._asset, [delivery.key])
            self._rejections.put(connection, self._asset, [rejection])

    def retract(self, delivery: Delivery, decision: Decision) -> None:
        """Takes a delivery back: its receipts may be delivered again.

        Args:
            delivery: The delivery.
            decision: Who took it back, and why.

        Raises:
            AssertionError: It cannot be taken back.
        """
        status = DeliveryStatus.RETRACTED
        with self._state.transaction() as connection:
            self._set(connection, delivery, status, {"status": str(status)})
            here = self._receipts.c.delivery_id == delivery.delivery_id
            connection.execute(self._receipts.update().where(here).values(is_live=False))
            self._decisions.put(connection, [decision])
            self._rejections.drop(connection, self._asset, [delivery.key])

    def all(self, *statuses: DeliveryStatus) -> list[Delivery]:
        """Deliveries of some statuses, or all of them, oldest first."""
        query = self._query()
        if statuses:
            query = query.where(self._table.c.status.in_(map(str, statuses)))
        return self._read(query)

    def find(self, delivery_id: int) -> Delivery | None:
        """A delivery by its id, whatever its target is; None where there is none."""
        return next(iter(self._read(self._query(self._of_id(delivery_id)))), None)

    def generations(self, places: Iterable[tuple[str, str]]) -> dict[tuple[str, str], int]:
        """The number of the last delivery of each place: (register, place) -> from 1; those without one are missing."""
        wanted, table = set(places), self._table
        newest = sa.func.max(table.c.generation)
        found: dict[tuple[str, str], int] = {}
        with self._state.reading() as connection:
            for chunk in chunks(sorted({place for _, place in wanted})):
                query = (
                    sa.select(table.c.register, table.c.place, newest)
                    .where(self._mine(), table.c.place.in_(chunk))
                    .group_by(table.c.register, table.c.place)
                )
                found.update(((row[0], row[1]), int(row[2])) for row in connection.execute(query))
        return {at: number for at, number in found.items() if at in wanted}

    def known(self, keys: Sequence[str]) -> set[str]:
        """Those of some keys that deliveries have."""
        found: set[str] = set()
        with self._state.reading() as connection:
            for chunk in chunks(keys):
                here = self._mine() & self._table.c.record_key.in_(chunk)
                found.update(connection.execute(sa.select(self._table.c.record_key).where(here)).scalars())
        return found

    def covering(self, receipt_ids: Sequence[str]) -> dict[str, Delivery]:
        """The deliveries of what is booked of some receipts now, by receipt; those that none covers are missing."""
        table, found = self._receipts, dict[str, int]()
        with self._state.reading() as connection:
            for chunk in chunks(receipt_ids):
                query = sa.select(table.c.receipt_id, table.c.delivery_id).where(
                    table.c.company == self._state.company,
                    table.c.target == COVERED[self._target],
                    is_of_present_import(table, self._state.tables.receipt),
                    table.c.receipt_id.in_(chunk),
                )
                found.update((row[0], row[1]) for row in connection.execute(query))
        known = {number: self.find(number) for number in sorted(set(found.values()))}
        return {receipt_id: delivery for receipt_id, number in found.items() if (delivery := known[number])}

    def _set(
        self, connection: sa.Connection, delivery: Delivery, status: DeliveryStatus, values: Mapping[str, Any]
    ) -> None:
        here = (self._table.c.delivery_id == delivery.delivery_id) & self._table.c.status.in_(map(str, MOVES[status]))
        change = {**values, "changed_at": dt.datetime.now(dt.UTC), "run_id": self._state.run_id}
        if connection.execute(self._table.update().where(here).values(change)).rowcount != 1:
            raise AssertionError(f"Delivery {delivery.delivery_id} cannot become {status}.")

    def _of_id(self, delivery_id: int) -> "sa.ColumnElement[bool]":
        return (self._table.c.company == self._state.company) & (self._table.c.delivery_id == delivery_id)

    def _mine(self) -> "sa.ColumnElement[bool]":
        return (self._table.c.company == self._state.company) & (self._table.c.target == self._target)

    def _query(self, here: "sa.ColumnElement[bool] | None" = None) -> "sa.Select[tuple[Any, ...]]":
        table = self._table
        columns = [table.c[name] for name in _COLUMNS]
        return sa.select(*columns).where(self._mine() if here is None else here).order_by(table.c.delivery_id)

    def _read(self, query: "sa.Select[tuple[Any, ...]]") -> list[Delivery]:
        with self._state.reading() as connection:
            rows = [dict(zip(Delivery.__slots__, row, strict=True)) for row in connection.execute(query)]
        return [
            Delivery(
                **row
                | {
                    "status": DeliveryStatus(row["status"]),
                    "body": bytes(row["body"]),
                    "carries_sales": row["carries_sales"] is not False,
                }
            )
            for row in rows
        ]
