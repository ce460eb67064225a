"""The checks of `check`: all problems of settings, ERP, own tables, cloud and clock, at once. Writes nothing."""

from collections.abc import Mapping, Sequence
from contextlib import suppress

from cloudkasse_etl.config.companies.installation import Installation
from cloudkasse_etl.config.connections import Connections, receivers_of
from cloudkasse_etl.config.loading import load_parts
from cloudkasse_etl.config.settings import (
    Configuration,
    Settings,
    language_of,
)
from cloudkasse_etl.erp.selectline.erp_diagnosis import diagnose as diagnose_erp
from cloudkasse_etl.erp.selectline.erp_engine import erp_engine
from cloudkasse_etl.errors import CloudkasseError, ConfigurationError, Problem, system_reason
from cloudkasse_etl.i18n.messages import catalogue_fault, catalogue_path, unusable_entries
from cloudkasse_etl.i18n.text import Language, say, say_count
from cloudkasse_etl.state.connection import connect
from cloudkasse_etl.state.database.opening import place_of, tables_to_look_at
from cloudkasse_etl.state.database.state_diagnosis import diagnose as diagnose_state
from cloudkasse_etl.sync.deliveries.delivery_diagnosis import diagnose_delivery
from cloudkasse_etl.sync.monitoring.account_diagnosis import diagnose_accounts
from cloudkasse_etl.sync.monitoring.alerts import diagnose_alerts
from cloudkasse_etl.sync.run.till_in_use import till_to_use
from cloudkasse_etl.tills.capabilities import CAPABILITIES
from cloudkasse_etl.tills.till_opening import open_till

CLOCK_SECONDS = 60
ERP = say("ERP")


def diagnose(environment: Mapping[str, str] | None = None, *, of_all: bool = True) -> list[Problem]:
    """Checks everything that a synchronisation needs.

    Args:
        environment: The environment's variables; the process's own where None.
        of_all: Whether that too which all companies of a chain share: the texts' translation, the receivers of alerts.

    Returns:
        Every problem with its cure; empty if there are none.

    Raises:
        ConfigurationError: In a chain, no company is named, there is no such company, or what all share is broken.
    """
    found = load_parts(environment)
    settings, connections = found.settings, found.connections
    problems = list(found.problems)
    if settings is not None:
        problems += diagnose_accounts(settings)
    problems += _catalogue(language_of(found.path)) if of_all else []
    if connections is None:
        return problems
    # with invalid settings the systems can still be checked, with the defaults
    shown = settings or Settings()
    erp = _erp(shown, connections)
    problems += erp
    problems += _state(shown, connections, erp)
    configuration = Configuration(settings=shown, connections=connections, path=found.path, company=found.company)
    if settings or found.till == shown.till.kind:  # of another kind, the defaults say nothing
        problems += _till(configuration, settings)
        problems += _another_till(configuration)
    problems += diagnose_delivery(configuration)
    problems += diagnose_alerts(shown, connections) if of_all else []
    return problems


def diagnose_shared(installation: Installation) -> list[Problem]:
    """Checks what the companies of a chain share.

    Raises:
        ConfigurationError: The chain's folder cannot be read, or is empty.
    """
    receivers = diagnose_alerts(installation.shared, receivers_of(installation.environment))
    return [*installation.misfits(), *_catalogue(installation.shared.language), *receivers]


def _catalogue(language: Language) -> list[Problem]:
    """Notes about the catalogue of the settings' language; what it cannot say is in English meanwhile."""
    where, fault = str(catalogue_path(language)), catalogue_fault(language)
    if fault is not None:
        if isinstance(fault, OSError):
            text = say("It cannot be read: {reason}.", reason=system_reason(fault))
        elif isinstance(fault, UnicodeDecodeError):
            line = fault.object[: fault.start].count(b"\n") + 1
            where, text = f"{where}:{line}", say("This is no UTF-8.")
        else:
            text = say("Its header cannot be used, Plural-Forms above all.")
        return [Problem(where, text, say("Correct the file, or install the program anew."), is_note=True)]
    unusable = unusable_entries(language)
    if not unusable:
        return []
    text = say_count(
        "A translation has other placeholders than its sentence: {first}",
        "{count} translations have other placeholders than their sentences, first: {first}",
        count=len(unusable),
        first=unusable[0],
    )
    return [Problem(where, text, say("Correct the file, or install the program anew."), is_note=True)]


def _erp(settings: Settings, connections: Connections) -> list[Problem]:
    try:
        engine = erp_engine(connections.erp_url.get_secret_value(), settings)
    except CloudkasseError as error:
        return [_problem(ERP, error)]
    try:
        return diagnose_erp(engine, settings)
    finally:
        engine.dispose()


def _state(settings: Settings, connections: Connections, erp: Sequence[Problem]) -> list[Problem]:
    place = place_of(settings, connections)
    if place.is_erps and any(problem.where == ERP for problem in erp):
        return []  # the database is the ERP's: that it cannot be reached is reported already
    return diagnose_state(place.url, place.tables)


def _another_till(configuration: Configuration) -> list[Problem]:
    """That the settings name another till than the one whose receipts are booked, if they would be booked twice."""
    settings = configuration.settings
    with suppress(CloudkasseError), tables_to_look_at(place_of(settings, configuration.connections)) as opened:
        try:
            if opened is not None:
                till_to_use(connect(opened), settings)
        except ConfigurationError as error:
            return [_problem("till.kind", error)]
    return []


def _till(configuration: Configuration, settings: Settings | None) -> list[Problem]:
    # one try, not minutes of retries: a person waits
    hasty = configuration.with_api(attempts=2, retry_seconds=10, connect_seconds=5)
    title = CAPABILITIES[configuration.settings.till.kind].title
    try:
        with open_till(hasty) as till:
            status = till.status()
            problems = till.problems() if settings else []
    except CloudkasseError as error:
        return [_problem(title, error)]
    ours = settings.company.number if settings else None
    if ours is not None and status.company_number not in (None, ours):
        problems.append(
            Problem(
                title,
                say(
                    "The token belongs to company '{theirs}', the settings to '{ours}'.",
                    theirs=status.company_number,
                    ours=ours,
                ),
                say("Correct company.number in the settings, or CLOUDKASSE_API_TOKEN."),
            )
        )
    offset = status.clock_offset_seconds
    if abs(offset) > CLOCK_SECONDS:
        problems.append(
            Problem(
                say("clock"),
                say("This machine's clock is {seconds:,.0f} seconds behind the till's.", seconds=offset)
                if offset > 0
                else say("This machine's clock is {seconds:,.0f} seconds ahead of the till's.", seconds=-offset),
                say("Set the clock, or let the system set it from a time server."),
            )
        )
    return problems


def _problem(where: str, error: CloudkasseError) -> Problem:
    return Problem(where, error.message, error.hint or "")
