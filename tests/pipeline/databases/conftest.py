"""Our own tables, empty, on each kind of database and in a schema of their own: what the database itself refuses."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from cloudkasse_etl.state.database.engine import migrate, state_engine
from cloudkasse_etl.state.database.tables import StateTables


@pytest.fixture(params=["sqlite", "postgresql", "postgresql with a schema"])
def empty_tables(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[sa.Engine, StateTables]]:
    is_file = request.param == "sqlite"
    url = f"sqlite:///{tmp_path / 'state.db'}" if is_file else request.getfixturevalue("postgres_url")
    tables = StateTables(schema="kasse" if request.param.endswith("schema") else None)
    engine = state_engine(url, may_create=True)
    migrate(engine, tables)
    yield engine, tables
    engine.dispose()
