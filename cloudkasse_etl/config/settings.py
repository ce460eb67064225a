"""Reads cloudkasse.yaml and the environment once, into frozen, checked values. Nothing else reads the environment."""

import os
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import BeforeValidator, Field, ValidationError, field_validator, model_validator

from cloudkasse_etl.config.account_settings import Account, Accounts, Tenders
from cloudkasse_etl.config.alert_settings import Alerts
from cloudkasse_etl.config.automation_settings import Automation
from cloudkasse_etl.config.connections import Connections, read_connections
from cloudkasse_etl.config.delivery_settings import Delivery
from cloudkasse_etl.config.exports.datev_settings import Datev
from cloudkasse_etl.config.receipt_settings import Books, Receipts
from cloudkasse_etl.config.section import Section
from cloudkasse_etl.config.settings_file import SettingsFile, refused
from cloudkasse_etl.config.settings_language import DEFAULT_SETTINGS as DEFAULT_SETTINGS
from cloudkasse_etl.config.settings_language import SETTINGS_VARIABLE as SETTINGS_VARIABLE
from cloudkasse_etl.config.settings_language import settings_path as settings_path
from cloudkasse_etl.config.settings_language import written_language
from cloudkasse_etl.config.settings_yaml import MAX_BYTES, shown, too_large
from cloudkasse_etl.config.till_settings import TillSettings
from cloudkasse_etl.config.ui_settings import Ui
from cloudkasse_etl.entities import TILL_KINDS, TillKind
from cloudkasse_etl.errors import ConfigurationError, Problem, problems_error, system_reason
from cloudkasse_etl.i18n.messages import ENGLISH, Language, languages
from cloudkasse_etl.i18n.text import Text, joined, say

_TOLD_PROBLEMS = 3
# No group's number is longer in SelectLine: GRUPPEN.Nummer.
GroupNumber = Annotated[str, Field(min_length=1, max_length=13)]
# Folders that repeat the same zones, with leap seconds or without, and names of no place: their clocks differ from the
# shop's by up to half a minute or an hour, and receipts at midnight would belong to another day.
_NO_PLACES = ("posix/", "right/", "posixrules", "localtime", "Factory")

if TYPE_CHECKING:
    KnownLanguage = Language
else:
    KnownLanguage = Literal[languages()]  # one that has a catalogue


class Company(Section):
    """The company's data that SelectLine's tables do not contain."""

    number: Annotated[str, Field(min_length=1, max_length=20)] = "1"
    database_name: str | None = Field(None, description="MANDANT.Datenbankname, where MANDANT has several rows.")
    vat_id: str | None = None
    tax_number: str | None = None


class Register(Section):
    """A register: SelectLine's tables have none, so the settings name them."""

    number: Annotated[str, Field(min_length=1, max_length=40)]
    name: Annotated[str, Field(min_length=1)]
    warehouse: Annotated[str, Field(min_length=1, max_length=10)]
    price_group: GroupNumber
    cash_account: Account | None = None
    tenders: Tenders = Field(
        default_factory=dict, description="Accounts of its own, instead of accounts.tenders; by name, too."
    )
    till_id: Annotated[str, Field(min_length=1, max_length=100)] | None = Field(
        None, description="The till's own id of the register, where it is not the number."
    )

    @property
    def id_in_till(self) -> str:
        """What the till calls the register."""
        return self.till_id or self.number


def _some(value: Any) -> Any:
    """Refuses "all" within a list: it would select only the group or employee with that name."""
    if isinstance(value, list | tuple) and "all" in value:
        raise refused(say("Write all without a list to choose all; in a list it is a number like any other."))
    return value


class Articles(Section):
    """Which articles are uploaded."""

    groups: Annotated[Literal["all"] | tuple[GroupNumber, ...], BeforeValidator(_some)] = "all"
    only_shop_active: bool = False
    open_price_column: str | None = Field(
        None, description="Custom bit column of ART that marks articles whose price is keyed in at the register."
    )


class Employees(Section):
    """Which employees are uploaded."""

    numbers: Annotated[Literal["all"] | tuple[Annotated[str, Field(max_length=6)], ...], BeforeValidator(_some)] = "all"


class PriceGroup(Section):
    """Whether SelectLine stores the prices of a group net or gross; no column of it says so."""

    basis: Literal["net", "gross"]


class Safety(Section):
    """Limits beyond which a run stops and asks a person."""

    retire_percent: Annotated[int, Field(ge=0, le=100)] = Field(
        20, description="A run that would retire more than this share of an entity's records stops."
    )
    retire_minimum: Annotated[int, Field(ge=0)] = Field(
        50, description="Retiring up to this many records never stops a run, whatever the share."
    )


class Api(Section):
    """How the till is called; address and token come from the environment."""

    connections: Annotated[int, Field(ge=1, le=16)] = 4
    connect_seconds: Annotated[float, Field(ge=0.1, le=120)] = 10
    read_seconds: Annotated[float, Field(ge=0.1, le=600)] = 60
    attempts: Annotated[int, Field(ge=1, le=20)] = 6
    retry_seconds: Annotated[float, Field(ge=0, le=3600)] = Field(
        120, description="How long one request is retried before the run gives up."
    )
    ca_bundle: Path | None = Field(None, description="Certificates of an own authority (PEM).")


class Erp(Section):
    """The place of SelectLine's tables in the ERP's database."""

    db_schema: str | None = Field(
        None, alias="schema", description="Schema of SelectLine's tables, where not the default."
    )


class State(Section):
    """The place of our own tables; the database comes from the environment."""

    db_schema: str | None = Field(None, alias="schema", description="A schema of their own for our tables.")
    prefix: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,30}$")] = "cloudkasse_"


class History(Section):
    """How long the runs are kept."""

    keep_days: Annotated[int, Field(ge=1, le=36500)] | None = Field(
        None, description="Finished runs that are older go; null keeps all."
    )


class Checks(Section):
    """When the asset checks warn."""

    waiting_hours: Annotated[int, Field(ge=1, le=8760)] | None = Field(
        72, description="What has waited longer is a warning of check nothing_waits_too_long; null: it never is."
    )


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
    """Settings and connections of one company: the input of every use case."""

    settings: Settings
    connections: Connections
    path: Path

    def with_api(self, **changes: float) -> Self:
        """The same with other values of `api`: less patience with the till than a run has."""
        api = self.settings.api.model_copy(update=changes)
        return self.model_copy(update={"settings": self.settings.model_copy(update={"api": api})})

    def with_tenant(self, tenant: str) -> Self:
        """The same with another tenant of SelectLine's, into which an earlier delivery went."""
        delivery = self.settings.delivery.model_copy(update={"tenant": tenant})
        return self.model_copy(update={"settings": self.settings.model_copy(update={"delivery": delivery})})


def load(environment: Mapping[str, str] | None = None) -> Configuration:
    """Reads the settings file and the environment.

    Raises:
        ConfigurationError: With every problem that was found, in file and environment together.
    """
    environment = os.environ if environment is None else environment
    path = settings_path(environment)
    problems: list[Problem] = []
    settings: Settings | None = None
    connections: Connections | None = None
    try:
        settings = read_settings(path)
    except ConfigurationError as error:
        problems += error.problems
    try:
        connections = read_connections(
            environment,
            written_till(path) if settings is None else settings.till.kind,
            delivers=settings is not None and settings.delivery.is_on,
        )
    except ConfigurationError as error:
        problems += error.problems
    if settings is None or connections is None:
        raise problems_error(problems)
    return Configuration(settings=settings, connections=connections, path=path)


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
    try:
        text = _read(path)
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
    return parse_settings(text, path.name)


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
    return found if found in languages() else ENGLISH


def written_till(path: Path) -> TillKind:
    """The kind of till of a settings file, whatever else is wrong in it; the default where it names none."""
    try:
        till = SettingsFile.parse(_read(path), path.name).data.get("till")
    except (OSError, UnicodeDecodeError, ConfigurationError):
        till = None
    found = till.get("kind") if isinstance(till, dict) else None
    return next((kind for kind in TILL_KINDS if kind == found), "cloudkasse")
