"""Our own tables under the lease: for a run, for a run that is to begin, or for what a person decides."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from cloudkasse_etl.config.settings import Configuration
from cloudkasse_etl.errors import StoppedError
from cloudkasse_etl.state.connection import StateConnection, connect
from cloudkasse_etl.state.lease.lease import Lease
from cloudkasse_etl.state.stores.state_stores import StateStores, stores_on
from cloudkasse_etl.sync.inputs.own_tables import own_tables
from cloudkasse_etl.sync.run.settings_record import record_settings


@contextmanager
def hold_lease(
    configuration: Configuration,
    *,
    run_id: str,
    kind: str,
    started_by: str,
    waiting: Callable[[str], None] = lambda message: None,
) -> Iterator[None]:
    """Holds the lease for a run that does not exist yet, so that a refused command leaves no run.

    Args:
        configuration: Settings and connections.
        run_id: The id that the run will have.
        kind: What kind of run it will be.
        started_by: Who starts it, as text.
        waiting: Called with a message when a dead run's lease must run out first.

    Yields:
        Nothing; the lease is held during the block.

    Raises:
        LeaseHeldError: Another run of the same company is running.
        StateUnavailableError: Our own tables cannot be reached or written.
    """
    with leased(configuration, run_id=run_id, kind=kind, started_by=started_by, waiting=waiting):
        yield


@contextmanager
def hold_store(configuration: Configuration, *, run_id: str, kind: str, started_by: str) -> Iterator[StateStores]:
    """Our own tables for a small change by a person: under the lease, but not in a run.

    Args:
        configuration: Settings and connections.
        run_id: An id for the lease.
        kind: What is done, for the message to others.
        started_by: Who does it, as text.

    Yields:
        The stores, writable during the block.

    Raises:
        LeaseHeldError: A synchronisation is running.
        StateUnavailableError: They cannot be reached or written.
    """
    with leased(configuration, run_id=run_id, kind=kind, started_by=started_by) as connection:
        record_settings(connection, configuration.settings)
        yield stores_on(connection)


@contextmanager
def leased(
    configuration: Configuration,
    *,
    run_id: str,
    kind: str,
    started_by: str,
    waiting: Callable[[str], None] = lambda message: None,
    cancelled: Callable[[], bool] = lambda: False,
    interrupt: Callable[[], None] = lambda: None,
) -> Iterator[StateConnection]:
    """Our own tables, to be written while the lease is held.

    Args:
        configuration: Settings and connections.
        run_id: The id that holds the lease.
        kind: What is done, for the message to others.
        started_by: Who does it, as text.
        waiting: Called with a message when a dead run's lease must run out first.
        cancelled: Called every two seconds; returns whether the work was cancelled.
        interrupt: Called, from another thread, when it was cancelled or the lease was lost.

    Yields:
        The connection, writable during the block.

    Raises:
        LeaseHeldError: Another run of the same company is going on.
        StateUnavailableError: They cannot be reached or written.
    """
    with own_tables(configuration) as opened:
        company = configuration.settings.company.number
        lease = Lease(opened.engine, opened.tables, company=company, run_id=run_id, kind=kind, started_by=started_by)
        lease.acquire(waiting=waiting)
        try:
            lease.start_heartbeat(cancelled=cancelled, interrupt=interrupt)
            yield connect(opened, lease=lease, run_id=run_id)
        except (KeyboardInterrupt, StoppedError):
            if lease.lost is not None:  # the reason for the interrupt
                raise lease.lost from None
            raise
        finally:
            lease.release()
