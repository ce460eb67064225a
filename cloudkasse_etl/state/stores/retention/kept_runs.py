"""Which runs lead to rows that have to be kept: those that fetched, booked, delivered, decided or refused them."""

import sqlalchemy as sa

from cloudkasse_etl.state.database.append_only import PROTECTED
from cloudkasse_etl.state.database.retention import KEPT
from cloudkasse_etl.state.database.tables import StateTables

# Of each run it is known under which settings it ran; that leads to no row that it made.
_LEADING = {*PROTECTED, *KEPT, "rejection"} - {"run_settings"}
_OF_RUNS = ("run_id", "first_run_id", "staged_run_id", "imported_run_id")


def runs_on_record(connection: sa.Connection, tables: StateTables) -> frozenset[str]:
    """The ids of these runs, of all companies: one history may hold the runs of several."""
    found: set[str] = set()
    for table in tables.metadata.tables.values():
        if table.info["name"] not in _LEADING:
            continue
        for name in _OF_RUNS:
            if name in table.columns:
                found.update(connection.execute(sa.select(table.c[name]).distinct()).scalars())
    return frozenset(filter(None, found))  # what is not booked has no run that did it
