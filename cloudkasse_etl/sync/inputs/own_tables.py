"""Opens our own tables, also during a synchronisation. Reports failures as the ERP's if both share a database."""

from collections.abc import Collection, Iterator
from contextlib import ExitStack, contextmanager

import sqlalchemy as sa

from cloudkasse_etl.config.settings import Configuration
from cloudkasse_etl.erp.selectline.erp_engine import erp_engine, read_transaction
from cloudkasse_etl.errors import StateUnavailableError
from cloudkasse_etl.state.connection import connect
from cloudkasse_etl.state.database.opening import OpenTables, place_of, tables_to_write
from cloudkasse_etl.state.database.tables import StateTables
from cloudkasse_etl.state.lease.lease import Holder, current_holder, is_dead
from cloudkasse_etl.state.stores.state_stores import StateStores, stores_on


@contextmanager
def own_tables(configuration: Configuration) -> Iterator[OpenTables]:
    """Our own tables, which are created or migrated to this release first.

    Raises:
        ErpUnavailableError: They are in the ERP's database, and that cannot be reached.
        StateUnavailableError: They cannot be reached or created.
    """
    with ExitStack() as resources:
        with reported_as_the_erps(configuration):
            place = place_of(configuration.settings, configuration.connections)
            opened = resources.enter_context(tables_to_write(place))
        yield opened


@contextmanager
def open_reading(configuration: Configuration) -> Iterator[StateStores]:
    """Our own tables for reading: takes no lease, and may be used while a synchronisation runs.

    Raises:
        StateUnavailableError: They cannot be reached.
    """
    with own_tables(configuration) as opened:
        yield stores_on(connect(opened))


class LeaseWatch:
    """Observes which run holds the lease and is alive. Takes nothing, and may be used during a run.

    Made by `watch_lease`.
    """

    def __init__(self, engine: sa.Engine, tables: StateTables, company: str) -> None:
        self._engine = engine
        self._tables = tables
        self._company = company
        self._before = self._now()

    def _now(self) -> Holder | None:
        return current_holder(self._engine, self._tables, self._company)

    def living(self, run_ids: Collection[str]) -> set[str]:
        """Those runs that hold the lease now, or held it when watching began, and whose lease has not run out.

        Watches one that seems to have died until it is certain, for at most the time of a lease.

        Raises:
            StateUnavailableError: Our own tables cannot be reached.
        """
        holders = [holder for holder in (self._before, self._now()) if holder is not None and holder.run_id in run_ids]
        dead = {holder.token for holder in holders[-1:] if is_dead(holder, self._engine, self._tables, self._company)}
        return {holder.run_id for holder in holders if holder.token not in dead}


@contextmanager
def watch_lease(configuration: Configuration) -> Iterator[LeaseWatch]:
    """Begins to watch the lease.

    Raises:
        StateUnavailableError: Our own tables cannot be reached.
    """
    with reported_as_the_erps(configuration), own_tables(configuration) as opened:
        yield LeaseWatch(opened.engine, opened.tables, configuration.settings.company.number)


@contextmanager
def reported_as_the_erps(configuration: Configuration) -> Iterator[None]:
    """Reports a failure of our tables as the ERP's if they are in its database and that cannot be reached.

    Raises:
        ErpUnavailableError: The ERP cannot be reached.
        StateUnavailableError: It can, so the fault is in our own tables.
    """
    try:
        yield
    except StateUnavailableError:
        url = configuration.connections.erp_url.get_secret_value()
        if url == configuration.connections.state_url.get_secret_value():
            engine = erp_engine(url, configuration.settings)
            try:
                with read_transaction(engine) as connection:
                    sa.inspect(connection).get_table_names()  # SELECT 1 would not look into a damaged file
            finally:
                engine.dispose()
        raise
