"""Reads settings and environment, of the single shop or of a company of a chain, with all of their problems."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from cloudkasse_etl.config.companies.company_files import company_files
from cloudkasse_etl.config.companies.company_settings import read_shared
from cloudkasse_etl.config.companies.installation import Installation
from cloudkasse_etl.config.connections import Connections, read_connections
from cloudkasse_etl.config.settings import Configuration, Settings, read_settings, settings_of, written_till
from cloudkasse_etl.config.settings_language import companies_folder, settings_path
from cloudkasse_etl.config.variables import COMPANY_VARIABLE
from cloudkasse_etl.entities import TillKind
from cloudkasse_etl.errors import ConfigurationError, Problem, problems_error


@dataclass(frozen=True)
class Loaded:
    """What could be read.

    Attributes:
        path: The settings file.
        till: The kind of till that it names, whatever else is wrong in it.
        settings: None where they are broken.
        connections: None where the environment lacks something.
        problems: All of settings and environment.
        company: The company's key in a chain.
    """

    path: Path
    till: TillKind
    settings: Settings | None
    connections: Connections | None
    problems: tuple[Problem, ...] = ()
    company: str | None = None


def load(environment: Mapping[str, str] | None = None) -> Configuration:
    """Reads the settings file and the environment; of a chain those of the company that CLOUDKASSE_COMPANY names.

    Raises:
        ConfigurationError: With every problem that was found, in file and environment together.
    """
    found = load_parts(environment)
    if found.settings is None or found.connections is None:
        raise problems_error(found.problems)
    return Configuration(settings=found.settings, connections=found.connections, path=found.path, company=found.company)


def load_parts(environment: Mapping[str, str] | None = None) -> Loaded:
    """The same, as far as it can be read.

    Raises:
        ConfigurationError: In a chain, no company is named, there is no such company, or what all share is broken.
    """
    environment = os.environ if environment is None else environment
    if companies_folder(environment) is not None:
        installation = load_installation(environment)
        key = environment.get(COMPANY_VARIABLE) or None
        path = installation.path_of(key)
        try:
            known = installation.configuration(key)
        except ConfigurationError as error:
            return Loaded(path, installation.shared.till.kind, None, None, tuple(error.problems), key)
        return Loaded(path, known.settings.till.kind, known.settings, known.connections, company=key)
    path = settings_path(environment)
    problems: list[Problem] = []
    settings: Settings | None = None
    connections: Connections | None = None
    try:
        settings = read_settings(path)
    except ConfigurationError as error:
        problems += error.problems
    till = written_till(path) if settings is None else settings.till.kind
    try:
        connections = read_connections(environment, till, delivers=settings is not None and settings.delivery.is_on)
    except ConfigurationError as error:
        problems += error.problems
    return Loaded(path, till, settings, connections, tuple(problems))


def load_installation(environment: Mapping[str, str] | None = None) -> Installation:
    """Reads what holds for the whole installation; of a chain no company's file.

    Raises:
        ConfigurationError: With every problem of a single shop's settings and environment, or of a chain's shared ones.
    """
    environment = os.environ if environment is None else environment
    folder = companies_folder(environment)
    if folder is None:
        return Installation.of(load(environment))
    company_files(folder)
    defaults = read_shared(folder)
    shared = Settings() if defaults is None else settings_of(defaults)
    return Installation(shared, folder=folder, defaults=defaults, environment=dict(environment))
