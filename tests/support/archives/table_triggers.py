"""Takes the triggers of our tables in SQLite away, as one does who wants to change them, and makes them again."""

from collections.abc import Iterable

import sqlalchemy as sa

from tests.support.worlds import World


def without_triggers(world: World) -> list[str]:
    """Drops all triggers of a shop's database; how to make them again."""
    engine = sa.create_engine(world.erp_url)
    with engine.begin() as connection:
        found = connection.exec_driver_sql("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").all()
        for name, _ in found:
            connection.exec_driver_sql(f'DROP TRIGGER "{name}"')
    engine.dispose()
    return [sql for _, sql in found]


def emptied(world: World, tables: Iterable[str]) -> None:
    """Removes all rows of some tables, which no program and no person may."""
    made = without_triggers(world)
    engine = sa.create_engine(world.erp_url)
    with engine.begin() as connection:
        for table in tables:
            connection.exec_driver_sql(f"DELETE FROM {table}")
        for statement in made:
            connection.exec_driver_sql(statement)
    engine.dispose()
