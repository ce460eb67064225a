"""A run's access to our own tables: the ids of company and cloud, reading, and writing under its lease."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property

import sqlalchemy as sa

from cloudkasse_etl.errors import LeaseLostError, StateUnavailableError
from cloudkasse_etl.i18n.text import say
from cloudkasse_etl.state.database.engine import database_errors
from cloudkasse_etl.state.database.opening import OpenTables
from cloudkasse_etl.state.database.tables import StateTables
from cloudkasse_etl.state.lease.lease import Lease
from cloudkasse_etl.state.targets import EVERY_CLOUD, NO_TARGET, find_target, is_of_the_company


class StateConnection:
    """Our own tables for one company with one cloud.

    Args:
        engine: The engine of our own tables, migrated.
        tables: Our own tables.
        company: The company's number.
        api_url: The cloud's address: the state of one cloud does not apply to another.
        lease: The run's lease; None for one that only reads.
        run_id: Is stored in the rows that are written.
    """

    def __init__(
        self, engine: sa.Engine, tables: StateTables, *, company: str, api_url: str, lease: Lease | None, run_id: str
    ) -> None:
        self._engine = engine
        self.tables = tables
        self.company = company
        self._lease = lease
        self.run_id = run_id
        self._api_url = api_url

    @property
    def lost(self) -> LeaseLostError | None:
        """The error that this run has lost its lease, as soon as that is known; else None."""
        return self._lease.lost if self._lease else None

    @property
    def target(self) -> int:
        """The id for this company with this cloud; `NO_TARGET` if it only reads and there is none."""
        return self.targets[0]

    def target_of(self, asset: str) -> int:
        """The id under which an asset's rejections and checkpoint are stored."""
        return self.targets[is_of_the_company(asset)]

    @cached_property
    def targets(self) -> tuple[int, int]:
        """The ids for the company with this cloud, and for the company alone."""
        mine, every = (self._find_target(url) for url in (self._api_url, EVERY_CLOUD))
        return mine, every

    def _find_target(self, api_url: str) -> int:
        with self.reading() as connection:
            found = find_target(connection, self.tables, self.company, api_url)
        if found == NO_TARGET and self._lease is not None:
            with self._writing(self._lease) as connection:
                connection.execute(self.tables.target.insert().values(company=self.company, api_url=api_url))
                found = find_target(connection, self.tables, self.company, api_url)
        return found

    @contextmanager
    def transaction(self) -> Iterator[sa.Connection]:
        """A transaction that only the holder of the lease can commit.

        Raises:
            LeaseLostError: Another run took the lease.
            StateUnavailableError: The database cannot be reached or written.
        """
        if self._lease is None:
            raise LeaseLostError(say("Our own tables were opened for reading only."))
        _ = self.targets  # looked up before: a second connection could not write while this one does
        with self._writing(self._lease) as connection:
            yield connection

    @contextmanager
    def writing_without_lease(self) -> Iterator[sa.Connection]:
        """A transaction for what is no part of a synchronisation and may change while one runs: which alerts were sent.

        Raises:
            StateUnavailableError: The database cannot be reached or written.
        """
        with database_errors(self._engine), self._engine.begin() as connection:
            yield connection

    @contextmanager
    def _writing(self, lease: Lease) -> Iterator[sa.Connection]:
        try:
            with database_errors(self._engine), self._engine.begin() as connection:
                lease.fence(connection)
                yield connection
        except StateUnavailableError:
            # the database may have ended the transaction of a frozen run: the error of the lost lease is more helpful
            lease.raise_if_lost()
            raise

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """A connection to read from.

        Raises:
            StateUnavailableError: The database cannot be reached.
        """
        with database_errors(self._engine), self._engine.connect().execution_options(read=True) as connection:
            yield connection

    @contextmanager
    def snapshot(self) -> Iterator[sa.Connection]:
        """A connection whose queries all see the same moment; on SQL Server each sees what is committed when it begins.

        Raises:
            StateUnavailableError: The database cannot be reached.
        """
        with self.reading() as connection:
            if connection.dialect.name == "postgresql":
                connection = connection.execution_options(isolation_level="REPEATABLE READ")
            yield connection


def connect(opened: OpenTables, *, lease: Lease | None = None, run_id: str = "") -> StateConnection:
    """Makes the connection for the company and the cloud of the opened tables.

    Args:
        opened: Our own tables.
        lease: The run's lease; None for one that only reads.
        run_id: Is stored in the rows that are written.

    Returns:
        The connection.
    """
    place = opened.place
    return StateConnection(
        opened.engine, opened.tables, company=place.company, api_url=place.api_url, lease=lease, run_id=run_id
    )
