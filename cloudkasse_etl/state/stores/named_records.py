"""Finds out what rejected records are called: facts that are stored elsewhere in our tables than in the rejection.

A receipt's register, number, day and total are in its row, and the name of an article that the till has accepted
in ours of it, so rejections that an older release stored have names too. Nothing is read where nothing is rejected.
"""

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import orjson
import sqlalchemy as sa

from cloudkasse_etl.entities import ALL_KINDS, ARTICLES, BY_NAME, STAGED_CLOSINGS, STOCK_MOVEMENTS, Kind
from cloudkasse_etl.rejections.record_names import (
    LINE_CENTS,
    OF_RECEIPTS,
    ClosingName,
    ReceiptName,
    RecordName,
    name_of,
    title_of,
)
from cloudkasse_etl.rejections.rejection import Rejection
from cloudkasse_etl.state.connection import StateConnection
from cloudkasse_etl.state.database.keys import chunks
from cloudkasse_etl.state.stores.records import contents_of

TITLE_LENGTH = 200
STORED = ("asset", "record_key", "code", "detail", "content", "since", "title", "first_run_id")
# The kind of record whose title a record of the asset has.
_TITLED_BY = {asset: BY_NAME[kind.whole.name] for kind in ALL_KINDS for asset in kind.assets}


@dataclass(frozen=True, slots=True)
class ReceiptHead:
    """The facts of a receipt's name, as far as they are known.

    Attributes:
        came_as: The id with which it came, where it is stored under one of ours.
    """

    register: str | None
    number: int | None
    day: dt.date | None
    cents: int | None
    currency: str | None
    came_as: str | None


Heads = Mapping[str, ReceiptHead]


class NamedRecords:
    """The names of one company's records."""

    def __init__(self, state: StateConnection) -> None:
        self._state = state

    def named(
        self, rejections: Sequence[Rejection], further: Callable[[Sequence[str]], Heads] = lambda receipt_ids: {}
    ) -> list[Rejection]:
        """The same rejections with what their records are called.

        Args:
            rejections: Of any assets.
            further: Returns the heads of receipts that are not stored yet, by id.

        Returns:
            The rejections, in their order.
        """
        names = self._receipts(rejections, further) | self._closings(rejections) | self._titled(rejections)
        if not names:
            return list(rejections)
        return [
            replace(r, record=found) if (found := names.get((r.asset, r.key))) is not None else r for r in rejections
        ]

    def heads(self, receipt_ids: Iterable[str]) -> dict[str, ReceiptHead]:
        """The facts of the names of some receipts, by id; those that are not stored are missing."""
        table = self._state.tables.receipt
        columns = ("register", "number", "business_day", "total_cents", "currency", "came_as")
        found: dict[str, ReceiptHead] = {}
        with self._state.reading() as connection:
            for chunk in chunks(list(receipt_ids)):
                mine = (table.c.company == self._state.company) & table.c.receipt_id.in_(chunk)
                query = sa.select(table.c.receipt_id, *(table.c[name] for name in columns)).where(mine)
                found.update((row[0], ReceiptHead(*row[1:])) for row in connection.execute(query))
        return found

    def _receipts(
        self, rejections: Iterable[Rejection], further: Callable[[Sequence[str]], Heads]
    ) -> dict[tuple[str, str], RecordName]:
        wanted = {(r.asset, r.key): name_of(r.asset, r.key) for r in rejections if r.asset in OF_RECEIPTS}
        if not wanted:
            return {}
        ids = list(dict.fromkeys(name.key for name in wanted.values()))
        heads = {**self.heads(ids), **further(ids)}
        firsts = [head.came_as for head in heads.values() if head.came_as and head.number is None]
        if firsts:
            heads = {**self.heads(firsts), **further(firsts), **heads}
        goods, cents = self._goods(rejections), _line_cents(rejections)
        return {
            at: replace(_receipt(name, heads), title=goods.get(at), line_cents=cents.get(at))
            for at, name in wanted.items()
            if isinstance(name, ReceiptName)
        }

    def _goods(self, rejections: Iterable[Rejection]) -> dict[tuple[str, str], str]:
        """The articles of refused stock lines, with their names where they are known."""
        found = {
            (r.asset, r.key): r.detail["article"]
            for r in rejections
            if r.asset in OF_RECEIPTS and r.detail.get("article")
        }
        titles = self._titles(ARTICLES, sorted(set(found.values()))) if found else {}
        return {at: " ".join(filter(None, [number, titles.get(number)])) for at, number in found.items()}

    def _closings(self, rejections: Iterable[Rejection]) -> dict[tuple[str, str], RecordName]:
        wanted = {r.key for r in rejections if r.asset == STAGED_CLOSINGS}
        if not wanted:
            return {}
        table = self._state.tables.closing
        registers = sorted({key.rpartition("|")[0] for key in wanted})
        numbers = [int(number) for key in wanted if (number := key.rpartition("|")[2]).isdecimal() and len(number) < 17]
        days: dict[str, dt.date] = {}
        with self._state.reading() as connection:
            for chunk in chunks(numbers):
                mine = (table.c.company == self._state.company) & table.c.number.in_(chunk)
                query = sa.select(table.c.register, table.c.number, table.c.business_day).where(mine)
                for row in connection.execute(query.where(table.c.register.in_(registers[:500]))):
                    days[f"{row.register}|{row.number}"] = row.business_day
        return {(STAGED_CLOSINGS, key): ClosingName(key, day=days.get(key)) for key in wanted}

    def _titled(self, rejections: Iterable[Rejection]) -> dict[tuple[str, str], RecordName]:
        """The names of records of the ERP that were stored without, from what the till accepted, or was refused."""
        bare = [r for r in rejections if r.asset in _TITLED_BY and r.called.title is None]
        found: dict[tuple[str, str], RecordName] = {}
        for kind in dict.fromkeys(_TITLED_BY[r.asset] for r in bare):
            mine = [r for r in bare if _TITLED_BY[r.asset] is kind]
            titles = self._titles(kind, sorted({r.called.titled for r in mine}))
            for r in mine:
                if title := titles.get(r.called.titled):
                    found[r.asset, r.key] = name_of(r.asset, r.key, title)
        return found

    def _titles(self, kind: Kind, keys: Sequence[str]) -> dict[str, str]:
        accepted = contents_of(self._state, kind.name, keys).items()
        titles = ((key, title_of(orjson.loads(text))) for key, text in accepted)
        found = {key: title[:TITLE_LENGTH] for key, title in titles if title}
        return self._refused_titles(kind, [key for key in keys if key not in found]) | found

    def _refused_titles(self, kind: Kind, keys: Sequence[str]) -> dict[str, str]:
        table = self._state.tables.rejection
        mine = table.c.target_id.in_(self._state.targets) & table.c.asset.in_(kind.assets) & table.c.title.is_not(None)
        found: dict[str, str] = {}
        with self._state.reading() as connection:
            for chunk in chunks(keys):
                query = sa.select(table.c.record_key, table.c.title).where(mine, table.c.record_key.in_(chunk))
                found.update((row.record_key, row.title) for row in connection.execute(query))
        return found


def _line_cents(rejections: Iterable[Rejection]) -> dict[tuple[str, str], int]:
    """The amounts of refused stock lines, gross; an older release stored them without."""
    known = ((r.asset, r.key, r.detail.get(LINE_CENTS, "")) for r in rejections if r.asset == STOCK_MOVEMENTS)
    return {(asset, key): int(cents) for asset, key, cents in known if cents.removeprefix("-").isdecimal()}


def _receipt(name: ReceiptName, heads: Heads) -> ReceiptName:
    """The name with the facts of its receipt, or of the one whose id it came with."""
    head = heads.get(name.key)
    if head is None:
        return name
    first = heads.get(head.came_as or "")
    if head.number is None and first is not None:
        return replace(name, register=first.register, number=first.number, second=True)
    return replace(
        name, register=head.register, number=head.number, day=head.day, cents=head.cents, currency=head.currency
    )


def rejection_of(row: sa.Row[Any]) -> Rejection:
    """A stored rejection, of the columns `STORED`; its record has the name that was stored with it, if any."""
    named = None if row.title is None else name_of(row.asset, row.record_key, row.title)
    stored = (row.asset, row.record_key, row.code, orjson.loads(row.detail), row.content, row.since)
    return Rejection(*stored, still=True, record=named, first_run=row.first_run_id)
