"""Open causes of rejections, and those that alerts were sent for. Needs no lease: no synchronisation reads it."""

import datetime as dt
import re
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass

import orjson
import sqlalchemy as sa

from cloudkasse_etl.fingerprint import fingerprint
from cloudkasse_etl.rejections.causes import may_differ, what_differs
from cloudkasse_etl.rejections.record_names import OF_RECEIPTS
from cloudkasse_etl.rejections.rejection import Rejection
from cloudkasse_etl.rejections.stuck_money import StuckMoney
from cloudkasse_etl.state.connection import StateConnection
from cloudkasse_etl.state.database.keys import chunks
from cloudkasse_etl.state.database.retention import removal
from cloudkasse_etl.state.stores.named_records import STORED, NamedRecords, rejection_of
from cloudkasse_etl.state.targets import is_of_the_company

# Failed runs are stored under no particular cloud: the first one may fail before any cloud was ever reached.
_RUNS = 0
_LONGEST = 80 - len("#") - 16
_NAMED = re.compile(r"(.*)#([0-9a-f]{16})")


@dataclass(frozen=True, slots=True, order=True)
class CauseKey:
    """The identity of a cause: its origin, the code, and what its cure names.

    Attributes:
        subject: The asset whose records are rejected, or `run ` and the kind of the failed run.
        code: The rejections' code, or the fingerprint of the run's reason.
        is_run: Whether it is a failed run.
        named: A digest of what its cure names (causes.py); empty where it names nothing.
    """

    subject: str
    code: str
    is_run: bool = False
    named: str = ""

    @property
    def stored_code(self) -> str:
        """The code as it is stored in the table of alerts."""
        return f"{self.code}#{self.named}" if self.named else self.code

    @property
    def is_whole(self) -> bool:
        """Whether it is a single cause; earlier releases treated all rejections of a code as one."""
        return self.is_run or bool(self.named) or not _may_differ(self.code)


class AlertStore:
    """The causes of one company with one cloud."""

    def __init__(self, state: StateConnection) -> None:
        self._state = state

    def _target_of(self, cause: CauseKey) -> int:
        if cause.is_run:
            return _RUNS
        return self._state.targets[is_of_the_company(cause.subject)]

    def open_causes(self) -> Mapping[CauseKey, int]:
        """How many records are rejected, by cause; one that lacks two settings counts for each.

        Raises:
            StateUnavailableError: The database cannot be reached.
        """
        table, found = self._state.tables.rejection, Counter[CauseKey]()
        mine = table.c.target_id.in_(self._state.targets) & (table.c.company == self._state.company)
        columns = (table.c.asset, table.c.code)
        with self._state.reading() as connection:
            several = set()
            for asset, code, count in connection.execute(
                sa.select(*columns, sa.func.count()).where(mine).group_by(*columns)
            ):
                if _may_differ(code):
                    several.add(code)
                else:
                    found[CauseKey(asset, code)] = count
            for chunk in chunks(sorted(several)):
                each = sa.select(*columns, table.c.detail, sa.func.count()).where(mine, table.c.code.in_(chunk))
                for asset, code, detail, count in connection.execute(each.group_by(*columns, table.c.detail)):
                    for part in Rejection(asset, "", code, orjson.loads(detail)).parts():
                        found[_key_of(part)] += count
        return found

    def examples(self, cause: CauseKey, limit: int) -> list[Rejection]:
        """The first rejections of a cause, in the order in which every report lists them."""
        found = self._of(cause)
        if cause.subject in OF_RECEIPTS:  # whose keys are ids: only their names tell the order
            return sorted(NamedRecords(self._state).named(found), key=lambda one: one.called.place)[:limit]
        return NamedRecords(self._state).named(sorted(found, key=lambda one: one.called.place)[:limit])

    def stuck(self, cause: CauseKey) -> StuckMoney:
        """The money in the receipts that are rejected for a cause."""
        if cause.subject not in OF_RECEIPTS:
            return StuckMoney()
        found = NamedRecords(self._state).named(self._of(cause))
        return StuckMoney.of((rejection.key, rejection.called.amount) for rejection in found)

    def _of(self, cause: CauseKey) -> list[Rejection]:
        table = self._state.tables.rejection
        query = sa.select(*(table.c[name] for name in STORED)).where(
            table.c.target_id == self._target_of(cause), table.c.asset == cause.subject, table.c.code == cause.code
        )
        with self._state.reading() as connection:
            every = (part for row in connection.execute(query) for part in rejection_of(row).parts())
            return [one for one in every if _key_of(one) == cause]

    def known(self, channel: str) -> frozenset[CauseKey]:
        """The causes that were sent through a channel and are not over yet."""
        table = self._state.tables.alert
        query = sa.select(table.c.subject, table.c.code, table.c.target_id).where(
            table.c.company == self._state.company,
            table.c.channel == channel,
            table.c.target_id.in_({*self._state.targets, _RUNS}),
        )
        with self._state.reading() as connection:
            return frozenset(
                _read(row.subject, row.code, is_run=row.target_id == _RUNS) for row in connection.execute(query)
            )

    def note(self, channel: str, causes: Collection[CauseKey]) -> None:
        """Stores that these causes were sent."""
        now = dt.datetime.now(dt.UTC)
        with self._state.writing_without_lease() as connection:
            for cause in causes:
                # two computers may have sent the same cause at the same time
                connection.execute(removal(self._state.tables.alert).where(*self._row(channel, cause)))
                connection.execute(
                    self._state.tables.alert.insert().values(
                        company=self._state.company,
                        target_id=self._target_of(cause),
                        channel=channel,
                        subject=cause.subject,
                        code=cause.stored_code,
                        sent_at=now,
                    )
                )

    def forget(self, channel: str, causes: Collection[CauseKey]) -> None:
        """Removes causes that are over: if they occur again, they are sent again."""
        if not causes:
            return
        with self._state.writing_without_lease() as connection:
            for cause in causes:
                connection.execute(removal(self._state.tables.alert).where(*self._row(channel, cause)))

    def _row(self, channel: str, cause: CauseKey) -> tuple[sa.ColumnElement[bool], ...]:
        table = self._state.tables.alert
        return (
            table.c.company == self._state.company,
            table.c.target_id == self._target_of(cause),
            table.c.channel == channel,
            table.c.subject == cause.subject,
            table.c.code == cause.stored_code,
        )


def _may_differ(code: str) -> bool:
    """Whether causes of a code are distinguished: a code of the cloud's own can be too long for both to be stored."""
    return len(code) <= _LONGEST and may_differ(code)


def _key_of(rejection: Rejection) -> CauseKey:
    named = what_differs(rejection) if _may_differ(rejection.code) else ""
    return CauseKey(rejection.asset, rejection.code, named=fingerprint(named, size=8) if named else "")


def _read(subject: str, code: str, *, is_run: bool) -> CauseKey:
    found = None if is_run else _NAMED.fullmatch(code)
    return CauseKey(subject, found[1], named=found[2]) if found else CauseKey(subject, code, is_run)
