"""Stores receipts on arrival with the result of their checks, and updates it until they are booked."""

import datetime as dt
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, Protocol

import sqlalchemy as sa

from cloudkasse_etl.entities import REVENUE_POSTINGS, STAGED_RECEIPTS
from cloudkasse_etl.rejections.rejection import Rejection
from cloudkasse_etl.schemas.booked_rows import FIRST
from cloudkasse_etl.schemas.no_effect import NoEffect
from cloudkasse_etl.state.connection import StateConnection
from cloudkasse_etl.state.database.bulk import insert_columns, rows_of_receipts
from cloudkasse_etl.state.database.keys import chunks
from cloudkasse_etl.state.database.retention import removal
from cloudkasse_etl.state.stores.books.decision_log import Decision, DecisionLog
from cloudkasse_etl.state.stores.books.receipt_status import MOVES, UNBOOKED, Move, Status, move_receipts
from cloudkasse_etl.state.stores.books.staged_closings import ArrivedClosings, StagedClosings
from cloudkasse_etl.state.stores.checkpoints import Checkpoints
from cloudkasse_etl.state.stores.rejections import Rejections

NO_ID = ""
"""The `came_as` of a content that arrived without an id."""


@dataclass(slots=True)
class StagedReceipt:
    """A receipt as it is staged.

    Attributes:
        receipt_id: Its id, or one of ours if it has no usable one or another content has it.
        content_hash: Of its known fields.
        raw: The item as it came (JSON).
        status: Its status.
        register, number, kind, business_day, ended_at, total_cents, currency, reference_id: Null where they cannot be
            read.
        no_effect: Why it has no effect, if that is its status.
        closing_number: The number of the closing that it states; null if it states none.
        counts_in_closing: Whether its closing's totals cover it.
        came_as: If the id is one of ours: the id that it arrived with, `NO_ID` if it had none. Else None.
        original: The item in the till's own form, where that is another one.
        rejections: Why it was refused.
    """

    receipt_id: str
    content_hash: str
    raw: bytes
    status: Status
    register: str | None = None
    number: int | None = None
    kind: str | None = None
    business_day: dt.date | None = None
    ended_at: str | None = None
    total_cents: int | None = None
    currency: str | None = None
    reference_id: str | None = None
    closing_number: int | None = None
    counts_in_closing: bool = False
    no_effect: NoEffect | None = None
    came_as: str | None = None
    original: bytes | None = None
    rejections: Sequence[Rejection] = ()


@dataclass(frozen=True, slots=True)
class KnownReceipt:
    """What is stored under an id, as far as another delivery needs it."""

    content_hash: str
    status: str
    refused_by: str | None
    closing_number: int | None
    came_as: str | None
    generation: int = FIRST


@dataclass(frozen=True, slots=True)
class UnbookedReceipt:
    """A receipt that is not booked, to be checked again.

    Attributes:
        receipt_id: The id under which it is stored.
        raw: The item as it arrived (JSON).
        status: Its present status.
        refused_by: The asset that refused it, if one did.
        staged_at: When it was fetched.
        content_hash: Of its known fields.
        came_as, original: As in `StagedReceipt`.
    """

    receipt_id: str
    raw: bytes
    status: str
    refused_by: str | None
    staged_at: dt.datetime
    content_hash: str
    came_as: str | None
    original: bytes | None


class StagingStore(Protocol):
    """Receipts that are not booked yet."""

    def known(self, receipt_ids: Sequence[str]) -> dict[str, KnownReceipt]:
        """The stored ones among these receipts, by id."""
        ...

    def stage(
        self,
        receipts: Sequence[StagedReceipt],
        *,
        cursor: str | None,
        mended: Sequence[StagedReceipt] = (),
        decisions: Sequence[Decision] = (),
        closings: Mapping[str, int] | None = None,
        dropped: Sequence[str] = (),
        arrived: ArrivedClosings | None = None,
    ) -> None:
        """Stores a page of new receipts and the cursor after it, in one transaction.

        Args:
            receipts: Receipts that are not stored yet.
            cursor: The position after the page; None leaves it unchanged.
            mended: Receipts that replace refused contents under their ids.
            decisions: The program's own decisions that replaced contents are not booked.
            closings: By id, the closing's number that a further delivery of a receipt filled in.
            dropped: Ids of ours that are no longer used: their content is stored under its own id now.
            arrived: Closings that came together with the receipts.
        """
        ...

    def restage(
        self,
        receipts: Sequence[StagedReceipt],
        *,
        move: Move = Move.JUDGE,
        decisions: Sequence[Decision] = (),
    ) -> int:
        """Stores the result of checking receipts again: their status and their rejections, also of an import.

        Args:
            receipts: The receipts.
            move: Why they are checked again: only receipts are changed from whose status it may start.
            decisions: People's decisions that are the reason for it.

        Returns:
            How many were changed.
        """
        ...

    def dismiss(self, decision: Decision) -> None:
        """Marks a staged or rejected receipt as handled by a person, with the decision."""
        ...

    def stored(self, receipt_id: str) -> list[UnbookedReceipt]:
        """One receipt of any status; empty where it is not stored."""
        ...

    def unbooked(
        self, *, statuses: Collection[Status] = UNBOOKED, second: bool = False, size: int = 1000
    ) -> Iterator[list[UnbookedReceipt]]:
        """Receipts that are not booked, in batches, by id.

        Args:
            statuses: Only those with one of these statuses.
            second: Whether to return second contents of ids, or all others; contents without an id are never returned.
            size: How many are read at once.

        Yields:
            Batches.
        """
        ...


class StagedReceipts:
    """Receipts of a company that are not booked yet."""

    def __init__(self, state: StateConnection) -> None:
        self._state = state
        self._table = state.tables.receipt
        self._rejections, self._checkpoints, self._decisions = Rejections(state), Checkpoints(state), DecisionLog(state)
        self._closings = StagedClosings(state)

    def known(self, receipt_ids: Sequence[str]) -> dict[str, KnownReceipt]:
        """The stored ones among these receipts, by id."""
        names = ("receipt_id", *KnownReceipt.__slots__)
        with self._state.reading() as connection:
            rows = rows_of_receipts(connection, self._table, names, self._state.company, receipt_ids)
            return {row[0]: KnownReceipt(*row[1:]) for row in rows}

    def stage(
        self,
        receipts: Sequence[StagedReceipt],
        *,
        cursor: str | None,
        mended: Sequence[StagedReceipt] = (),
        decisions: Sequence[Decision] = (),
        closings: Mapping[str, int] | None = None,
        dropped: Sequence[str] = (),
        arrived: ArrivedClosings | None = None,
    ) -> None:
        """Stores a page of new receipts and the cursor after it, in one transaction."""
        now = dt.datetime.now(dt.UTC)
        new = {"staged_at": now, "staged_run_id": self._state.run_id}
        fixed = {"company": self._state.company, "stock_pending": False, **new}
        with self._state.transaction() as connection:
            columns = _columns_of(receipts)
            if any(receipt.original is not None for receipt in receipts):
                columns["original"] = [receipt.original for receipt in receipts]
            insert_columns(connection, self._table, columns, fixed)
            self._replace(connection, mended, Move.REPLACE, new=new)
            refused = [rejection for receipt in (*receipts, *mended) for rejection in receipt.rejections]
            self._rejections.put(connection, STAGED_RECEIPTS, refused)
            self._decisions.put(connection, decisions)
            self._state_closings(connection, closings or {})
            self._forget(connection, dropped)
            if arrived is not None:
                self._closings.put(connection, arrived)
            if cursor is not None:
                self._checkpoints.move(connection, "receipts", cursor)

    def restage(
        self,
        receipts: Sequence[StagedReceipt],
        *,
        move: Move = Move.JUDGE,
        decisions: Sequence[Decision] = (),
    ) -> int:
        """Stores the result of checking receipts again: their status and their rejections, also of an import."""
        with self._state.transaction() as connection:
            done = self._replace(connection, receipts, move)
            refused = [rejection for receipt in receipts for rejection in receipt.rejections]
            self._rejections.put(connection, STAGED_RECEIPTS, refused)
            self._decisions.put(connection, decisions)
        return done

    def dismiss(self, decision: Decision) -> None:
        """Marks a staged or rejected receipt as handled by a person, with the decision."""
        with self._state.transaction() as connection:
            move_receipts(self._state, connection, [decision.key], Move.DISMISS, refused_by=None)
            for asset in (STAGED_RECEIPTS, REVENUE_POSTINGS):
                self._rejections.drop(connection, asset, [decision.key])
            self._decisions.put(connection, [decision])

    def _replace(
        self,
        connection: sa.Connection,
        receipts: Sequence[StagedReceipt],
        move: Move,
        *,
        new: Mapping[str, Any] | None = None,
    ) -> int:
        """Stores the result of checking receipts again and ends their rejections; `new`: columns of new contents."""
        table, legal = self._table, MOVES[move]
        done = 0
        if wrong := {receipt.status for receipt in receipts}.difference(legal.after):
            raise AssertionError(f"No receipt may {move} to {', '.join(wrong)}.")
        for asset in (STAGED_RECEIPTS, REVENUE_POSTINGS):
            self._rejections.drop(connection, asset, [receipt.receipt_id for receipt in receipts])
        for receipt in receipts:
            (row,) = _rows_of([receipt])
            content: dict[str, Any] = {}
            if new is not None or receipt.original is not None:  # translated again, it may mean something else
                content = {"raw": receipt.raw, "original": receipt.original}
            if new is not None:
                content |= {"closing_number": receipt.closing_number, **new}
                content["staged_at"] = self._not_before(new["staged_at"])
            kept = {name: value for name, value in row.items() if name not in ("receipt_id", "raw", "closing_number")}
            done += connection.execute(
                table.update()
                .where(table.c.company == self._state.company, table.c.receipt_id == receipt.receipt_id)
                .where(table.c.status.in_(legal.before))
                .values(kept | content)
            ).rowcount
        again = [receipt for receipt in receipts if receipt.original is not None]
        # what could not be translated before stated no closing
        self._state_closings(
            connection, {r.receipt_id: r.closing_number for r in again if r.closing_number is not None}
        )
        return done

    def _not_before(self, moment: dt.datetime) -> "sa.Case[Any]":
        """A time of staging that is not earlier than the one that is stored, where the clock was set back meanwhile."""
        before = self._table.c.staged_at
        now = sa.literal(moment, before.type)
        return sa.case((before > now, before), else_=now)

    def _forget(self, connection: sa.Connection, receipt_ids: Sequence[str]) -> None:
        table = self._table
        self._rejections.drop(connection, STAGED_RECEIPTS, receipt_ids)
        for chunk in chunks(receipt_ids):
            here = (table.c.company == self._state.company) & table.c.receipt_id.in_(chunk)
            connection.execute(removal(table).where(here))

    def _state_closings(self, connection: sa.Connection, closings: Mapping[str, int]) -> None:
        """Stores the closings that receipts state; of two different ones the later, whichever was delivered first."""
        table = self._table
        for receipt_id, number in closings.items():
            connection.execute(
                table.update()
                .where(table.c.company == self._state.company, table.c.receipt_id == receipt_id)
                .where(sa.or_(table.c.closing_number.is_(None), table.c.closing_number < number))
                .values(closing_number=number)
            )

    def stored(self, receipt_id: str) -> list[UnbookedReceipt]:
        """One receipt of any status; empty where it is not stored."""
        table = self._table
        columns = [table.c[name] for name in UnbookedReceipt.__slots__]
        query = sa.select(*columns).where(table.c.company == self._state.company, table.c.receipt_id == receipt_id)
        with self._state.reading() as connection:
            return [UnbookedReceipt(row[0], bytes(row[1]), *row[2:]) for row in connection.execute(query)]

    def unbooked(
        self, *, statuses: Collection[Status] = UNBOOKED, second: bool = False, size: int = 1000
    ) -> Iterator[list[UnbookedReceipt]]:
        """Receipts that are not booked, in batches, by id."""
        table = self._table
        columns = [table.c[name] for name in UnbookedReceipt.__slots__]
        kind = table.c.came_as != NO_ID if second else table.c.came_as.is_(None)
        last = ""
        while True:
            query = (
                sa.select(*columns)
                .where(table.c.company == self._state.company, table.c.receipt_id > last)
                .where(table.c.status.in_(statuses), kind)
                .order_by(table.c.receipt_id)
                .limit(size)
            )
            with self._state.reading() as connection:
                rows = [UnbookedReceipt(row[0], bytes(row[1]), *row[2:]) for row in connection.execute(query)]
            if not rows:
                return
            last = rows[-1].receipt_id
            yield rows


_COLUMNS = (
    "receipt_id", "register", "number", "kind", "business_day", "ended_at", "total_cents", "currency",
    "reference_id", "status", "no_effect", "closing_number", "counts_in_closing", "content_hash", "came_as", "raw",
)  # fmt: skip


def _columns_of(receipts: Sequence[StagedReceipt]) -> dict[str, list[Any]]:
    columns: dict[str, list[Any]] = {name: list(map(attrgetter(name), receipts)) for name in _COLUMNS}
    columns["refused_by"] = [STAGED_RECEIPTS if status is Status.REJECTED else None for status in columns["status"]]
    columns["status"] = [status.value for status in columns["status"]]
    columns["no_effect"] = [None if reason is None else str(reason) for reason in columns["no_effect"]]
    return columns


def _rows_of(receipts: Sequence[StagedReceipt]) -> list[dict[str, Any]]:
    columns = _columns_of(receipts)
    return [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]
