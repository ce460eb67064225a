"""Counts the questions that are asked of databases."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa


@contextmanager
def statements() -> Iterator[list[str]]:
    """Collects the queries that this thread executes meanwhile."""
    found: list[str] = []
    me = threading.get_ident()

    def note(_: Any, __: Any, statement: str, *___: Any) -> None:
        if threading.get_ident() == me and statement.startswith("SELECT"):
            found.append(statement)

    sa.event.listen(sa.Engine, "before_cursor_execute", note)
    try:
        yield found
    finally:
        sa.event.remove(sa.Engine, "before_cursor_execute", note)
