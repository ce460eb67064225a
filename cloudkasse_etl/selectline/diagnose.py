"""What is wrong with the ERP, for `cloudkasse-etl check`: everything at once, each with its cure. It only reads."""

from collections.abc import Callable, Iterable
from typing import Any

import sqlalchemy as sa

from cloudkasse_etl.errors import CloudkasseError, ErpSchemaError, Problem
from cloudkasse_etl.selectline.engine import driver_errors, read_transaction
from cloudkasse_etl.selectline.read import ErpReader
from cloudkasse_etl.selectline.structure import Structure, table_place
from cloudkasse_etl.selectline.tables import SOURCES
from cloudkasse_etl.settings import Settings

_SHOWN_NAMES = 20


def diagnose(engine: sa.Engine, settings: Settings) -> list[Problem]:
    """Looks whether the ERP can be reached and read, and holds what the settings name.

    Args:
        engine: From `erp_engine`.
        settings: What is to be read.

    Returns:
        All problems; empty where all is well. Those of the ERP are returned, not raised.
    """
    try:
        with read_transaction(engine) as connection:
            structure = Structure.of(connection, settings)
    except CloudkasseError as error:
        return [Problem("ERP", error.message, error.hint or "")]
    problems = structure.problems()
    for table in dict.fromkeys(source.table for source in SOURCES):
        if table.name in structure.columns:
            problems += _denied(engine, table, structure)
    broken = {problem.where for problem in problems}
    try:
        with ErpReader(engine, settings) as reader:
            for table_name, look in _LOOKS:
                if table_place(table_name) not in broken:
                    problems += look(reader, settings)
    except CloudkasseError as error:
        problems.append(Problem("ERP", error.message, error.hint or ""))
    return problems


def _denied(engine: sa.Engine, table: sa.Table, structure: Structure) -> list[Problem]:
    """Reads one row's needed columns, in a transaction of its own: PostgreSQL ends one at the first refusal."""
    columns = structure.read_columns(table)
    if not columns:
        return []
    statement: sa.Select[*tuple[Any, ...]] = (
        sa.select(*(sa.column(column) for column in columns)).select_from(table).limit(1)
    )
    try:
        with read_transaction(engine) as connection, driver_errors(engine.url, table.name):
            connection.execute(statement).all()
    except ErpSchemaError as error:
        return [Problem(table_place(table.name), error.message, error.hint or "")]
    return []


def _company(reader: ErpReader, settings: Settings) -> list[Problem]:
    names = reader.company()["database_name"]
    wanted = settings.company.database_name
    matching = names if wanted is None else names[names == wanted]
    where, held = table_place("MANDANT"), _listed(names.dropna())
    if len(matching) == 1:
        return []
    if len(matching) > 1:
        return [
            Problem(where, f"It holds {len(matching)} companies: {held}.", "Name one of them: company.database_name.")
        ]
    if wanted is None:
        return [
            Problem(where, "It holds no company.", "Look whether CLOUDKASSE_ERP_URL names the right tenant database.")
        ]
    return [
        Problem(
            where,
            f"It holds no company whose Datenbankname is '{wanted}'; it holds: {held}.",
            "Correct company.database_name in the settings.",
        )
    ]


def _warehouses(reader: ErpReader, settings: Settings) -> list[Problem]:
    held = reader.warehouses()["number"].dropna()
    return [
        Problem(
            table_place("LAGER"),
            f"It holds no warehouse '{register.warehouse}', which register {register.number} sells from; "
            f"it holds: {_listed(held)}.",
            f"Correct the warehouse of register {register.number} in the settings, or create it in SelectLine.",
        )
        for register in settings.registers
        if register.warehouse not in set(held)
    ]


def _groups(reader: ErpReader, settings: Settings) -> list[Problem]:
    problems = _unknown(
        "GRUPPEN", "price group", "price_groups", settings.price_groups, reader.price_groups()["number"]
    )
    if settings.articles.groups != "all":
        held = reader.article_groups()["number"]
        problems += _unknown("GRUPPEN", "article group", "articles.groups", settings.articles.groups, held)
    return problems


def _employees(reader: ErpReader, settings: Settings) -> list[Problem]:
    if settings.employees.numbers == "all":
        return []
    held = reader.employees()["number"]
    return _unknown("MITARBW", "employee", "employees.numbers", settings.employees.numbers, held)


def _unknown(table: str, what: str, key: str, wanted: Iterable[str], held: Iterable[str | None]) -> list[Problem]:
    """What the settings name and the ERP does not hold."""
    there = {name for name in held if isinstance(name, str)}
    return [
        Problem(
            table_place(table),
            f"It holds no {what} '{name}', which {key} names; it holds: {_listed(sorted(there))}.",
            f"Correct {key} in the settings, or create it in SelectLine.",
        )
        for name in wanted
        if name not in there
    ]


def _listed(names: Iterable[str]) -> str:
    """The names, as far as a line holds them."""
    found = [str(name) for name in names]
    return ", ".join(found[:_SHOWN_NAMES]) + (", …" if len(found) > _SHOWN_NAMES else "") or "none"


_LOOKS: tuple[tuple[str, Callable[[ErpReader, Settings], list[Problem]]], ...] = (
    ("MANDANT", _company),
    ("LAGER", _warehouses),
    ("GRUPPEN", _groups),
    ("MITARBW", _employees),
)
