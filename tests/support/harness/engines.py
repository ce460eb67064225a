"""Engines that share what SQLAlchemy compiles: a program has two of them, the tests some thousands.

Each engine compiles every statement for itself, which was a quarter of a small synchronisation. Engines of one dialect
with the same options compile the same text, so those of SQLite share the dialect and its compiled statements here.
"""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.util import LRUCache

_STATEMENTS = 4000
_Options = tuple[tuple[str, Any], ...]


class SharedDialects:
    """Makes engines in place of `sqlalchemy.create_engine`."""

    def __init__(self) -> None:
        self._create = sa.create_engine
        self._newest: dict[tuple[type, _Options], tuple[sa.Dialect, LRUCache[Any, Any]]] = {}

    def create_engine(self, *arguments: Any, **options: Any) -> sa.Engine:
        """As SQLAlchemy does; the dialect is another engine's as soon as one of them has connected."""
        engine = self._create(*arguments, **options)
        if engine.dialect.name != "sqlite":
            return engine
        made: Any = engine
        key = type(engine.dialect), _options_of(engine.dialect)
        found = self._newest.get(key)
        if found is None or found[0].server_version_info is None:  # what it learns of the server is not there yet
            self._newest[key] = engine.dialect, LRUCache(_STATEMENTS)
        else:
            made.dialect = made.pool._dialect = found[0]
            made._compiled_cache = found[1]
        return engine


def _options_of(dialect: sa.Dialect) -> _Options:
    """What a dialect was made with, and what differs from others of its type."""
    plain = (bool, int, str, tuple, type(None))
    return tuple(sorted((name, value) for name, value in vars(dialect).items() if isinstance(value, plain)))


def share_dialects() -> None:
    """Lets all engines that are made from now on share them."""
    sa.create_engine = sa.engine.create_engine = SharedDialects().create_engine
