"""What one installation synchronises: a single shop, or a chain of companies, which are read when asked for."""

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from cloudkasse_etl.config.companies.company_environment import environment_of, ownerless_variables
from cloudkasse_etl.config.companies.company_files import company_file, company_files, misnamed_files
from cloudkasse_etl.config.companies.company_settings import read_company, same_number
from cloudkasse_etl.config.connections import read_connections
from cloudkasse_etl.config.settings import Configuration, Settings
from cloudkasse_etl.config.settings_file import SettingsFile
from cloudkasse_etl.errors import ConfigurationError, Problem, problems_error
from cloudkasse_etl.i18n.text import say

_TOLD_KEYS = 20
State = tuple[int, int]


@dataclass(frozen=True)
class Installation:
    """A single shop, or a chain.

    Attributes:
        shared: The settings that hold for all: language, automation, alerts, the UI.
        alone: The single shop; None in a chain.
        folder: The folder of a chain's settings files; None for a single shop.
        defaults: What all companies of a chain share, as it was written; None where there is no such file.
        environment: The environment's variables, of a chain.
    """

    shared: Settings
    alone: Configuration | None = None
    folder: Path | None = None
    defaults: SettingsFile | None = field(default=None, repr=False)
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    _read: dict[str, tuple[State, Configuration]] = field(default_factory=dict, repr=False)

    @classmethod
    def of(cls, configuration: Configuration) -> Self:
        """The installation of a single shop; of a chain's company that company alone, as a command runs it."""
        return cls(configuration.settings, alone=configuration)

    @property
    def is_chain(self) -> bool:
        """Whether there may be several companies."""
        return self.alone is None or self.alone.company is not None

    def companies(self) -> tuple[str, ...]:
        """The keys of a chain's companies as they are now; none of a single shop.

        Raises:
            ConfigurationError: The chain's folder cannot be read, or is empty.
        """
        if self.folder is None:
            return (self.alone.company,) if self.alone and self.alone.company else ()
        return tuple(company_files(self.folder))

    def configuration(self, key: str | None = None) -> Configuration:
        """Settings and connections of a company, as its file says now.

        Args:
            key: The company's key; None for a single shop.

        Raises:
            ConfigurationError: There is no such company, or with every problem of its settings.
        """
        if self.alone is not None:
            if key != self.alone.company:
                raise ConfigurationError(
                    say("There are no companies to choose from: CLOUDKASSE_COMPANIES is not set."),
                    hint=say("Leave --company away, or let CLOUDKASSE_COMPANIES name the folder of their settings."),
                )
            return self.alone
        path = self.path_of(key)
        assert key is not None  # noqa: S101 - its file was found
        try:
            status = path.stat()
            state: State | None = (status.st_mtime_ns, status.st_size)
        except OSError:
            state = None  # reading it says what is wrong
        known = self._read.get(key)
        if known is not None and known[0] == state:
            return known[1]
        found = self._configured(key, path)
        if state is not None:
            self._read[key] = state, found
        return found

    def path_of(self, key: str | None) -> Path:
        """The settings file of a chain's company.

        Raises:
            ConfigurationError: None was named, or there is no such company.
        """
        found = company_file(self._chain, key) if key is not None else None
        if found is None:
            raise unknown_company(key, company_files(self._chain))
        return found

    def misfits(self) -> list[Problem]:
        """Files and variables that look like a company's and are none's: misspelled ones would silently not hold.

        Raises:
            ConfigurationError: The chain's folder cannot be read, or is empty.
        """
        if self.folder is None:
            return []
        return [*misnamed_files(self.folder), *ownerless_variables(self.environment, self.companies())]

    @property
    def _chain(self) -> Path:
        if self.folder is None:
            raise AssertionError("A single shop has no folder of companies.")
        return self.folder

    def _configured(self, key: str, path: Path) -> Configuration:
        problems = []
        settings: Settings | None = None
        try:
            settings = read_company(key, path, self.defaults)
            problems += same_number(key, settings.company.number, company_files(self._chain))
        except ConfigurationError as error:
            problems += error.problems
        try:
            connections = read_connections(
                environment_of(self.environment, key), self.shared.till.kind, delivers=self.shared.delivery.is_on
            )
        except ConfigurationError as error:
            raise problems_error([*problems, *error.problems]) from None
        if settings is None or problems:
            raise problems_error(problems)
        return Configuration(settings=settings, connections=connections, path=path, company=key)


def unknown_company(key: str | None, known: Iterable[str]) -> ConfigurationError:
    """The error of a company that was not named, or does not exist; it lists those that there are."""
    keys = list(known)
    listed = ", ".join(keys[:_TOLD_KEYS]) + (" …" if len(keys) > _TOLD_KEYS else "")
    hint = say("There are: {companies}. Name one with --company, or use --all-companies.", companies=listed)
    if key is None:
        return ConfigurationError(say("This installation has several companies, and none was named."), hint=hint)
    close = difflib.get_close_matches(key, keys, n=1)
    if close:
        return ConfigurationError(
            say("There is no company '{key}'; did you mean '{close}'?", key=key, close=close[0]), hint=hint
        )
    text = say("There is no company '{key}': {file} is not in the folder.", key=key, file=f"{key}.yaml")
    return ConfigurationError(text, hint=hint)
