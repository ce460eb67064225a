"""Types of columns that mean the same on every database."""

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.dialects import mssql

# Keys are compared byte for byte: SQL Server's usual collations would treat A1 and a1 as one article.
_KEY_COLLATION = "Latin1_General_BIN2"


def key_text(length: int) -> sa.types.TypeEngine[str]:
    """Text of a foreign key or code that is compared byte for byte on every database."""
    return sa.Unicode(length).with_variant(mssql.NVARCHAR(length, collation=_KEY_COLLATION), "mssql")


class UtcDateTime(sa.types.TypeDecorator[object]):
    """A point in time: stored as UTC without a zone on every database, returned with its zone."""

    impl = sa.DateTime
    cache_ok = True

    def process_bind_param(self, value: object, dialect: sa.Dialect) -> object:
        """Converts an aware time to UTC without a zone."""
        if value is None:
            return None
        if not isinstance(value, dt.datetime) or value.tzinfo is None:
            raise ValueError(f"A time carries a zone; this one does not: {value!r}.")
        return value.astimezone(dt.UTC).replace(tzinfo=None)

    def process_result_value(self, value: object, dialect: sa.Dialect) -> object:
        """Adds the zone."""
        return value.replace(tzinfo=dt.UTC) if isinstance(value, dt.datetime) else value
