"""The known tables and columns that a SelectLine database really has, and the needed ones that it lacks."""

import warnings
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.engine.reflection import ObjectKind

from cloudkasse_etl.config.settings import Settings
from cloudkasse_etl.erp.selectline.erp_tables import ART, SOURCES, Field, Kind, Source
from cloudkasse_etl.errors import Problem
from cloudkasse_etl.i18n.text import Text, say

OPEN_PRICE_KEY = "articles.open_price_column"


def open_price_field(column: str) -> Field:
    """The custom column of ART, named in the settings, that marks articles whose price is keyed in."""
    return Field(column, Kind.BIT)


@dataclass(frozen=True, slots=True)
class Structure:
    """The columns that the database really has.

    Attributes:
        columns: Table → column, normalised for look-up → column, as the database spells it.
        exact: True where names in the database are case-sensitive (PostgreSQL).
        open_price_column: The custom column that the settings name.
    """

    columns: Mapping[str, Mapping[str, str]]
    exact: bool
    open_price_column: str | None

    @classmethod
    def of(cls, connection: sa.Connection, settings: Settings) -> "Structure":
        """Reads the database's catalogue; views count as tables."""
        names = sorted({source.table.name for source in SOURCES})
        with warnings.catch_warnings():
            # SQLAlchemy warns about types of a shop's custom columns that it does not know; they are not read
            warnings.simplefilter("ignore", sa.exc.SAWarning)
            found = sa.inspect(connection).get_multi_columns(
                schema=settings.erp.db_schema, filter_names=names, kind=ObjectKind.ANY
            )
        exact = connection.dialect.name == "postgresql"
        return cls(
            {
                table: {_spelling(column["name"], exact): column["name"] for column in columns}
                for (_, table), columns in found.items()
                if columns
            },
            exact,
            settings.articles.open_price_column,
        )

    def actual(self, table: sa.Table, column: str) -> str | None:
        """The column as the database spells it; None where it is missing."""
        return self.columns.get(table.name, {}).get(_spelling(column, self.exact))

    def lacking(self, source: Source, fields: Mapping[str, Field]) -> list[Problem]:
        """What a reading needs and the database lacks."""
        where = table_place(source.table.name)
        if source.table.name not in self.columns:
            return [
                Problem(
                    where,
                    say("This table does not exist, or the login may not see it."),
                    say(
                        "Look whether CLOUDKASSE_ERP_URL names the right tenant database and erp.schema the right "
                        "schema, and let a database administrator give its login the right SELECT on {table}.",
                        table=source.table.name,
                    ),
                )
            ]
        needed = [field.column for field in fields.values() if not field.optional] + list(source.only)
        return [
            _lacking_column(where, column, self.open_price_column)
            for column in needed
            if not self.actual(source.table, column)
        ]

    def read_columns(self, table: sa.Table) -> list[str]:
        """The columns of a table that are read and exist, as the database spells them."""
        names = [f"{table.name}_ID", "TS"]
        for source in SOURCES:
            if source.table is table:
                names += [field.column for field in source.fields.values()] + list(source.only)
        if self.open_price_column and table is ART:
            names.append(self.open_price_column)
        found = [self.actual(table, name) for name in names]
        return [name for name in dict.fromkeys(found) if name]

    def problems(self, sources: Iterable[Source] = SOURCES) -> list[Problem]:
        """All that is missing, of all tables that are read; each once, however many readings need it."""
        custom = {"open_price": open_price_field(self.open_price_column)} if self.open_price_column else {}
        found = (
            problem
            for source in sources
            for problem in self.lacking(source, {**source.fields, **(custom if source.table is ART else {})})
        )
        return list(dict.fromkeys(found))


def table_place(name: str) -> Text:
    """A table as the place of a problem."""
    return say("ERP, table {table}", table=name)


def _spelling(name: str, exact: bool) -> str:
    return name if exact else name.casefold()


def _lacking_column(where: Text, column: str, open_price_column: str | None) -> Problem:
    if column == open_price_column:
        return Problem(
            where,
            say("There is no column {column}, which {key} names.", column=column, key=OPEN_PRICE_KEY),
            say(
                "Correct {key} in the settings (null where there are no open prices), or add the column in SelectLine.",
                key=OPEN_PRICE_KEY,
            ),
        )
    return Problem(
        where,
        say("There is no column {column}.", column=column),
        say("Look whether the database is one of SelectLine Auftrag, and whether a restricted view hides the column."),
    )
