"""Which causes of rejections are open, and which were told already. Needs no lease: it changes nothing of a sync."""

import datetime as dt
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cached_property

import orjson
import sqlalchemy as sa

from cloudkasse_etl.failures import Rejection
from cloudkasse_etl.state.engine import database_errors
from cloudkasse_etl.state.tables import StateTables
from cloudkasse_etl.state.targets import EVERY_CLOUD, find_target, is_of_the_company

# Failed runs stand under no cloud in particular: the first one may fail before any cloud was ever reached.
_RUNS = 0


@dataclass(frozen=True, slots=True, order=True)
class CauseKey:
    """What makes a cause one: where it comes from, and the code of what is wrong.

    Attributes:
        subject: The asset whose records are rejected, or `run ` and the kind of the failed run.
        code: The rejections' code, or the fingerprint of the run's reason.
        is_run: Whether it is a failed run.
    """

    subject: str
    code: str
    is_run: bool = False


class AlertStore:
    """The causes of one company with one cloud.

    Args:
        engine: The engine of our own tables, migrated.
        tables: Our own tables.
        company: The company's number.
        api_url: The cloud's address.
    """

    def __init__(self, engine: sa.Engine, tables: StateTables, *, company: str, api_url: str) -> None:
        self._engine = engine
        self._tables = tables
        self._company = company
        self._api_url = api_url

    @cached_property
    def _targets(self) -> tuple[int, int]:
        """Our numbers for this company with this cloud, and for the company alone."""
        with database_errors(self._engine), self._engine.connect().execution_options(read=True) as connection:
            mine, every = (
                find_target(connection, self._tables, self._company, url) for url in (self._api_url, EVERY_CLOUD)
            )
        return mine, every

    def _target_of(self, cause: CauseKey) -> int:
        if cause.is_run:
            return _RUNS
        return self._targets[is_of_the_company(cause.subject)]

    def open_causes(self) -> Mapping[CauseKey, int]:
        """How many records are rejected, by cause.

        Raises:
            StateUnavailableError: The database cannot be reached.
        """
        table = self._tables.rejection
        query = (
            sa.select(table.c.asset, table.c.code, sa.func.count())
            .where(table.c.target_id.in_(self._targets), table.c.company == self._company)
            .group_by(table.c.asset, table.c.code)
        )
        with database_errors(self._engine), self._engine.connect().execution_options(read=True) as connection:
            return {CauseKey(asset, code): count for asset, code, count in connection.execute(query)}

    def examples(self, cause: CauseKey, limit: int) -> list[Rejection]:
        """The first rejections of a cause, by key."""
        table = self._tables.rejection
        query = (
            sa.select(table.c.record_key, table.c.detail, table.c.since)
            .where(
                table.c.target_id == self._target_of(cause), table.c.asset == cause.subject, table.c.code == cause.code
            )
            .order_by(table.c.record_key)
            .limit(limit)
        )
        with database_errors(self._engine), self._engine.connect().execution_options(read=True) as connection:
            return [
                Rejection(cause.subject, row.record_key, cause.code, orjson.loads(row.detail), since=row.since)
                for row in connection.execute(query)
            ]

    def known(self, channel: str) -> frozenset[CauseKey]:
        """The causes that were told through a channel and are not over yet."""
        table = self._tables.alert
        query = sa.select(table.c.subject, table.c.code, table.c.target_id).where(
            table.c.company == self._company,
            table.c.channel == channel,
            table.c.target_id.in_({*self._targets, _RUNS}),
        )
        with database_errors(self._engine), self._engine.connect().execution_options(read=True) as connection:
            return frozenset(
                CauseKey(row.subject, row.code, row.target_id == _RUNS) for row in connection.execute(query)
            )

    def note(self, channel: str, causes: Collection[CauseKey]) -> None:
        """Keeps that these causes were told."""
        now = dt.datetime.now(dt.UTC)
        with database_errors(self._engine), self._engine.begin() as connection:
            for cause in causes:
                # two computers may have told the same cause at the same time
                connection.execute(self._tables.alert.delete().where(*self._row(channel, cause)))
                connection.execute(
                    self._tables.alert.insert().values(
                        company=self._company,
                        target_id=self._target_of(cause),
                        channel=channel,
                        subject=cause.subject,
                        code=cause.code,
                        sent_at=now,
                    )
                )

    def forget(self, channel: str, causes: Collection[CauseKey]) -> None:
        """Forgets causes that are over: if they come back, they are told again."""
        if not causes:
            return
        with database_errors(self._engine), self._engine.begin() as connection:
            for cause in causes:
                connection.execute(self._tables.alert.delete().where(*self._row(channel, cause)))

    def _row(self, channel: str, cause: CauseKey) -> tuple[sa.ColumnElement[bool], ...]:
        table = self._tables.alert
        return (
            table.c.company == self._company,
            table.c.target_id == self._target_of(cause),
            table.c.channel == channel,
            table.c.subject == cause.subject,
            table.c.code == cause.code,
        )
