"""Use case: which runs have to stay in the history because booked rows lead to them."""

from cloudkasse_etl.config.settings import Configuration
from cloudkasse_etl.state.stores.retention import kept_runs
from cloudkasse_etl.sync.inputs.own_tables import open_reading


def runs_on_record(configuration: Configuration) -> frozenset[str]:
    """Their ids.

    Raises:
        StateUnavailableError: Our own tables cannot be reached; so nothing is known to be free.
    """
    with open_reading(configuration) as stores, stores.connection.reading() as connection:
        return kept_runs.runs_on_record(connection, stores.connection.tables)
