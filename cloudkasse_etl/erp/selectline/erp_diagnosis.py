"""Diagnoses the ERP for `cloudkasse-etl check`: all problems at once, each with its cure. It only reads."""

from collections.abc import Callable, Iterable

import sqlalchemy as sa

from cloudkasse_etl.config.settings import Settings
from cloudkasse_etl.erp.selectline.erp_engine import denied, read_transaction
from cloudkasse_etl.erp.selectline.reader import ErpReader
from cloudkasse_etl.erp.selectline.rights import denied_tables
from cloudkasse_etl.erp.selectline.structure import Structure, table_place
from cloudkasse_etl.errors import CloudkasseError, Problem
from cloudkasse_etl.i18n.text import Text, say

_SHOWN_NAMES = 20


def diagnose(engine: sa.Engine, settings: Settings) -> list[Problem]:
    """Checks whether the ERP can be reached and read, and contains what the settings name.

    Args:
        engine: From `erp_engine`.
        settings: Which tables, groups and registers are used.

    Returns:
        All problems; empty if there are none. Problems of the ERP are returned, not raised.
    """
    try:
        with read_transaction(engine) as connection:
            structure = Structure.of(connection, settings)
    except CloudkasseError as error:
        return [Problem(say("ERP"), error.message, error.hint or "")]
    problems = structure.problems()
    broken = {str(problem.where) for problem in problems}
    if names := denied_tables(engine, structure):
        refusal = denied(engine.url, names, settings.erp.db_schema)
        where = table_place(names[0]) if len(names) == 1 else say("ERP, tables {tables}", tables=", ".join(names))
        problems.append(Problem(where, refusal.message, refusal.hint or ""))
        broken |= {str(table_place(name)) for name in names}
    try:
        with ErpReader(engine, settings) as reader:
            for table_name, look in _LOOKS:
                if table_place(table_name) not in broken:
                    problems += look(reader, settings)
    except CloudkasseError as error:
        problems.append(Problem(say("ERP"), error.message, error.hint or ""))
    return problems


def _company(reader: ErpReader, settings: Settings) -> list[Problem]:
    names = reader.company()["database_name"]
    wanted = settings.company.database_name
    matching = names if wanted is None else names[names == wanted]
    where, held = table_place("MANDANT"), _listed(names.dropna())
    if len(matching) == 1:
        return []
    if len(matching) > 1:
        return [
            Problem(
                where,
                say("It holds {count} companies: {held}.", count=len(matching), held=held),
                say("Name one of them: company.database_name."),
            )
        ]
    if wanted is None:
        return [
            Problem(
                where,
                say("It holds no company."),
                say("Look whether CLOUDKASSE_ERP_URL names the right tenant database."),
            )
        ]
    return [
        Problem(
            where,
            say("It holds no company whose Datenbankname is '{name}'; it holds: {held}.", name=wanted, held=held),
            say("Correct company.database_name in the settings."),
        )
    ]


def _warehouses(reader: ErpReader, settings: Settings) -> list[Problem]:
    frame = reader.warehouses()
    held = frame["number"].dropna()
    unused = set(frame.loc[frame["inactive"].fillna(False).astype(bool), "number"])
    idle = [
        Problem(
            table_place("LAGER"),
            say(
                "Warehouse '{warehouse}', which register {register} sells from, is inactive.",
                warehouse=register.warehouse, register=register.number,
            ),
            say("Activate it in SelectLine, or correct the register's warehouse in the settings: nothing that it sells "
                "is delivered there."),
        )
        for register in settings.registers
        if settings.delivery.documents != "none" and register.warehouse in unused
    ]  # fmt: skip
    return idle + [
        Problem(
            table_place("LAGER"),
            say(
                "It holds no warehouse '{warehouse}', which register {register} sells from; it holds: {held}.",
                warehouse=register.warehouse, register=register.number, held=_listed(held),
            ),
            say(
                "Correct the warehouse of register {register} in the settings, or create it in SelectLine.",
                register=register.number,
            ),
        )
        for register in settings.registers
        if register.warehouse not in set(held)
    ]  # fmt: skip


def _groups(reader: ErpReader, settings: Settings) -> list[Problem]:
    held = reader.price_groups()["number"]
    problems = _unknown("GRUPPEN", say("price group"), "price_groups", settings.price_groups, held)
    if settings.articles.groups != "all":
        held = reader.article_groups()["number"]
        problems += _unknown("GRUPPEN", say("article group"), "articles.groups", settings.articles.groups, held)
    return problems


def _employees(reader: ErpReader, settings: Settings) -> list[Problem]:
    if settings.employees.numbers == "all":
        return []
    held = reader.employees()["number"]
    return _unknown("MITARBW", say("employee"), "employees.numbers", settings.employees.numbers, held)


def _unknown(table: str, what: Text, key: str, wanted: Iterable[str], held: Iterable[str | None]) -> list[Problem]:
    """A problem for each value that the settings name and the ERP does not contain."""
    there = {name for name in held if isinstance(name, str)}
    return [
        Problem(
            table_place(table),
            say(
                "It holds no {what} '{name}', which {key} names; it holds: {held}.",
                what=what, name=name, key=key, held=_listed(sorted(there)),
            ),
            say("Correct {key} in the settings, or create it in SelectLine.", key=key),
        )
        for name in wanted
        if name not in there
    ]  # fmt: skip


def _listed(names: Iterable[str]) -> str:
    """The names, cut where they exceed a line."""
    found = [str(name) for name in names]
    return ", ".join(found[:_SHOWN_NAMES]) + (", …" if len(found) > _SHOWN_NAMES else "") or say("none")


_LOOKS: tuple[tuple[str, Callable[[ErpReader, Settings], list[Problem]]], ...] = (
    ("MANDANT", _company),
    ("LAGER", _warehouses),
    ("GRUPPEN", _groups),
    ("MITARBW", _employees),
)
