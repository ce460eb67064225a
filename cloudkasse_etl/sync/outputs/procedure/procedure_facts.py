"""Facts of this shop and this program for the procedure documentation, from where each is known. Writes nothing."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cloudkasse_etl.config.settings import Configuration
from cloudkasse_etl.errors import CloudkasseError
from cloudkasse_etl.i18n.text import Text
from cloudkasse_etl.state.database.append_only import missing_triggers
from cloudkasse_etl.state.database.engine import HEAD
from cloudkasse_etl.sync.inputs.erp_frames import ErpFrames
from cloudkasse_etl.sync.inputs.own_tables import open_reading
from cloudkasse_etl.sync.outputs.procedure.program_hash import ProgramHash, program_hash
from cloudkasse_etl.sync.run.context import today
from cloudkasse_etl.sync.run.settings_history import SettingsHistory, settings_history


@dataclass(frozen=True)
class Running:
    """What runs, as only the code location and the command line know it. All texts are of the page's language.

    Attributes:
        commands: The words of each command, what it may do, what it does.
        assets: The name of each asset, and what it is.
        checks: Asset, name of each check, and what it looks at.
        jobs: The name of each job, and what it does.
        automation: The name of each schedule and sensor, when it runs, and what it does.
        dagster: Dagster's version.
    """

    commands: Sequence[tuple[str, Text, str]]
    assets: Sequence[tuple[str, str]]
    checks: Sequence[tuple[str, str, str]]
    jobs: Sequence[tuple[str, str]]
    automation: Sequence[tuple[str, str, str]]
    dagster: str


@dataclass(frozen=True)
class ProcedureFacts:
    """The shop's facts.

    Attributes:
        day: The shop's day.
        program: The program by its files.
        database: The database of our own tables: its kind and version.
        revision: The version of our own tables.
        unprotected: Tables that lack a trigger which refuses changes.
        tax_codes: SelectLine's tax codes with the rate of this day; None where SelectLine cannot be read.
        history: The record of the settings.
    """

    day: dt.date
    program: ProgramHash
    database: str
    revision: str
    unprotected: frozenset[str]
    tax_codes: Mapping[str, str] | None
    history: SettingsHistory


def read_facts(configuration: Configuration) -> ProcedureFacts:
    """Collects the facts. May be called during a run.

    Raises:
        StateUnavailableError: Our own tables cannot be reached.
    """
    day = today(configuration.settings)
    with open_reading(configuration) as store, store.connection.reading() as connection:
        unprotected = frozenset(table for table, _ in missing_triggers(connection, store.connection.tables))
        version = ".".join(map(str, connection.dialect.server_version_info or ()))
        database = f"{connection.dialect.name} {version}"
    return ProcedureFacts(
        day,
        program_hash(),
        database,
        HEAD,
        unprotected,
        _tax_codes(configuration, day),
        settings_history(configuration),
    )


def _tax_codes(configuration: Configuration, day: dt.date) -> Mapping[str, str] | None:
    try:
        with ErpFrames(configuration, day) as frames:
            return dict(sorted(frames.booking([]).rates.texts_on(day).items()))
    except CloudkasseError:
        return None  # the page says so; it is made all the same
