"""Reads cloudkasse.yaml and the environment once, into frozen, checked values. Nothing else reads the environment."""

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import Field, ValidationError, field_validator, model_validator

from cloudkasse_etl.config.connections import Connections
from cloudkasse_etl.config.exports.datev_settings import Datev
from cloudkasse_etl.config.section import Section
from cloudkasse_etl.config.sections.account_settings import Accounts
from cloudkasse_etl.config.sections.alert_settings import Alerts
from cloudkasse_etl.config.sections.automation_settings import Automation
from cloudkasse_etl.config.sections.delivery_settings import Delivery
from cloudkasse_etl.config.sections.program_settings import Api, Checks, Erp, History, Safety, State
from cloudkasse_etl.config.sections.receipt_settings import Books, Receipts
from cloudkasse_etl.config.sections.shop_settings import Articles, Company, Employees, GroupNumber, PriceGroup, Register
from cloudkasse_etl.config.sections.till_settings import TillSettings
from cloudkasse_etl.config.sections.ui_settings import Ui
from cloudkasse_etl.config.settings_file import SettingsFile, refused
from cloudkasse_etl.config.settings_language import DEFAULT_SETTINGS as DEFAULT_SETTINGS
from cloudkasse_etl.config.settings_language import settings_path as settings_path
from cloudkasse_etl.config.settings_language import written_language
from cloudkasse_etl.config.settings_yaml import MAX_BYTES, shown, too_large
from cloudkasse_etl.config.variables import SETTINGS_VARIABLE as SETTINGS_VARIABLE
from cloudkasse_etl.entities import TILL_KINDS, TillKind
from cloudkasse_etl.errors import ConfigurationError, Problem, problems_error, system_reason
from cloudkasse_etl.i18n.messages import ENGLISH, Language, languages
from cloudkasse_etl.i18n.text import Text, joined, say

_TOLD_PROBLEMS = 3
# Folders that repeat the same zones, with leap seconds or without, and names of no place: their clocks differ from the
# shop's by up to half a minute or an hour, and receipts at midnight would belong to another day.
_NO_PLACES = ("posix/", "right/", "posixrules", "localtime", "Factory")

if TYPE_CHECKING:
    KnownLanguage = Language
else:
    KnownLanguage = Literal[languages()]  # one that has a catalogue


class Settings(Section):
    """All of cloudkasse.yaml."""

    language: KnownLanguage = ENGLISH
    timezone: str = "Europe/Berlin"
    company: Company = Company()
    till: TillSettings = TillSettings()
    registers: tuple[Register, ...] = ()
    articles: Articles = Articles()
    employees: Employees = Employees()
    price_groups: dict[GroupNumber, PriceGroup] = Field(default_factory=dict)
    receipts: Receipts = Receipts()
    books: Books = Books()
    accounts: Accounts = Accounts()
    delivery: Delivery = Delivery()
    datev: Datev = Datev()
    safety: Safety = Safety()
    api: Api = Api()
    erp: Erp = Erp()
    state: State = State()
    alerts: Alerts = Alerts()
    history: History = History()
    automation: Automation = Automation()
    checks: Checks = Checks()
    ui: Ui = Ui()

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            known = not value.startswith(_NO_PLACES) and ZoneInfo(value)
        except (KeyError, ValueError, OSError):
            known = False
        if not known:
            raise refused(say("'{value}' is no time zone; write it like Europe/Berlin.", value=shown(value)))
        return value

    @field_validator("registers")
    @classmethod
    def _unique_registers(cls, value: tuple[Register, ...]) -> tuple[Register, ...]:
        first: dict[str, int] = {}
        for at, register in enumerate(value):
            # ignoring case: SelectLine's database does, and a person hardly sees the difference
            if first.setdefault(register.number.casefold(), at) != at:
                raise refused(
                    say("The number '{number}' is given to another register already.", number=shown(register.number)),
                    at, "number",
                )  # fmt: skip
        ids: set[str] = set()
        for at, register in enumerate(value):
            if register.id_in_till in ids:
                raise refused(
                    say("The till's id '{id}' is given to another register already.", id=shown(register.id_in_till)),
                    at, "till_id",
                )  # fmt: skip
            ids.add(register.id_in_till)
        return value

    @field_validator("price_groups")
    @classmethod
    def _unique_groups(cls, value: dict[str, PriceGroup]) -> dict[str, PriceGroup]:
        first: dict[str, str] = {}
        for group in value:
            if (other := first.setdefault(group.casefold(), group)) != group:
                text = say("SelectLine does not tell '{group}' from '{other}'.", group=shown(group), other=shown(other))
                raise refused(text, group)
        return value

    @model_validator(mode="after")
    def _groups_have_a_basis(self) -> Self:
        for at, register in enumerate(self.registers):
            if register.price_group not in self.price_groups:
                raise refused(
                    say(
                        "'{group}' is no price group that price_groups names; add "
                        '"{group}": {{basis: net}} or {{basis: gross}} to it.',
                        group=shown(register.price_group),
                    ),
                    "registers", at, "price_group",
                )  # fmt: skip
        return self

    @property
    def registers_in_till(self) -> dict[str, str]:
        """What the till calls a register → its number."""
        return {register.id_in_till: register.number for register in self.registers}

    @property
    def zone(self) -> ZoneInfo:
        """The shop's time zone."""
        return ZoneInfo(self.timezone)


class Configuration(Section):
    """Settings and connections of one company: the input of every use case.

    Attributes:
        path: The company's settings file.
        company: The company's key in a chain, its partition's in Dagster; None for a single shop.
    """

    settings: Settings
    connections: Connections
    path: Path
    company: str | None = None

    def with_api(self, **changes: float) -> Self:
        """The same with other values of `api`: less patience with the till than a run has."""
        api = self.settings.api.model_copy(update=changes)
        return self.model_copy(update={"settings": self.settings.model_copy(update={"api": api})})

    def with_tenant(self, tenant: str) -> Self:
        """The same with another tenant of SelectLine's, into which an earlier delivery went."""
        delivery = self.settings.delivery.model_copy(update={"tenant": tenant})
        return self.model_copy(update={"settings": self.settings.model_copy(update={"delivery": delivery})})


def news_of_the_file(configuration: Configuration) -> Text | None:
    """What one has to know of the settings file who goes by what was read of it; None where it says the same."""
    try:
        if read_settings(configuration.path) == configuration.settings:
            return None
    except ConfigurationError as error:
        return say(
            "The settings file is broken: {problems} Do not click Reload definitions before it is corrected: the UI "
            "goes on with the settings that it has loaded, and would lose them.",
            problems=joined(" ", [problem.text_of() for problem in error.problems[:_TOLD_PROBLEMS]]),
        )
    return say(
        "The settings file has changed since the UI loaded it. Click Reload definitions, at the top of the catalog; "
        "this notice goes within a minute after it."
    )


def read_settings(path: Path) -> Settings:
    """Reads and checks a settings file.

    Raises:
        ConfigurationError: With every problem, each naming file, line and key.
    """
    return parse_settings(read_text(path), path.name)


def read_file(path: Path) -> SettingsFile:
    """Reads a settings file as it was written, without checking its values.

    Raises:
        ConfigurationError: With the problem that prevents reading it.
    """
    try:
        return SettingsFile.parse(read_text(path), path.name)
    except ConfigurationError as error:
        raise problems_error(list(error.problems)) from None


def read_text(path: Path) -> str:
    """The text of a settings file.

    Raises:
        ConfigurationError: It cannot be read.
    """
    try:
        return _read(path)
    except FileNotFoundError:
        problem = Problem(
            str(path),
            say("There is no settings file."),
            say("Write one there, or name another in {variable}.", variable=SETTINGS_VARIABLE),
        )
        raise problems_error([problem]) from None
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        problem = Problem(
            f"{path}:{line}",
            say("This is no UTF-8."),
            say("Save the file as UTF-8 text."),
        )
        raise problems_error([problem]) from error
    except OSError as error:
        problem = Problem(
            str(path),
            say("It cannot be read: {reason}.", reason=system_reason(error)),
            say("Let this user read the file, or name another in {variable}.", variable=SETTINGS_VARIABLE),
        )
        raise problems_error([problem]) from error


def _read(path: Path) -> str:
    """A file's text, of limited length whatever the file is: a device file is endless."""
    with path.open("rb") as file:
        data = file.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise problems_error(list(too_large(str(path)).problems))
    return data.decode("utf-8-sig")


@lru_cache(maxsize=4)  # sensors look at the same file twice a minute
def parse_settings(text: str, name: str = DEFAULT_SETTINGS) -> Settings:
    """Checks the text of a settings file; `name` is its name in messages.

    Raises:
        ConfigurationError: With every problem, each naming file, line and key.
    """
    try:
        file = SettingsFile.parse(text, name)
    except ConfigurationError as error:
        raise problems_error(list(error.problems)) from None
    return settings_of(file)


def settings_of(file: SettingsFile) -> Settings:
    """Checks a settings file that was read.

    Raises:
        ConfigurationError: With every problem, each naming file, line and key.
    """
    try:
        settings = Settings.model_validate(file.data)
    except ValidationError as error:
        raise problems_error(file.problems(error, Settings)) from None
    if problems := file.problems():
        raise problems_error(problems)
    return settings


def language_of(path: Path) -> Language:
    """The language of a settings file, whatever else is wrong in it; English where it names none."""
    try:
        file = SettingsFile.parse(_read(path), path.name)
    except (OSError, UnicodeDecodeError, ConfigurationError):
        return written_language(path)
    found = file.data.get("language")
    return found if found in languages() else ENGLISH if found else written_language(path)


def written_till(path: Path) -> TillKind:
    """The kind of till of a settings file, whatever else is wrong in it; the default where it names none."""
    try:
        till = SettingsFile.parse(_read(path), path.name).data.get("till")
    except (OSError, UnicodeDecodeError, ConfigurationError):
        till = None
    found = till.get("kind") if isinstance(till, dict) else None
    return next((kind for kind in TILL_KINDS if kind == found), "cloudkasse")
