"""cloudkasse.yaml and the environment, read once into frozen, checked values. Nothing else reads the environment."""

import difflib
import os
import re
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo

import yaml
from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator, model_validator

from cloudkasse_etl.errors import ConfigurationError, Problem

SETTINGS_VARIABLE = "CLOUDKASSE_SETTINGS"
DEFAULT_SETTINGS = "cloudkasse.yaml"

# DSFinV-K 2.4, GV_TYP and ZAHLART_TYP. Cases that book on no account of their own are not in here.
BUSINESS_CASE_ACCOUNTS = (
    "Pfand", "PfandRueckzahlung", "ZuschussEcht", "ZuschussUnecht", "TrinkgeldAG", "TrinkgeldAN",
    "EinzweckgutscheinKauf", "EinzweckgutscheinEinloesung", "MehrzweckgutscheinKauf", "MehrzweckgutscheinEinloesung",
    "Forderungsentstehung", "Forderungsaufloesung", "Anzahlungseinstellung", "Anzahlungsaufloesung", "Privatentnahme",
    "Privateinlage", "Geldtransit", "Lohnzahlung", "Einzahlung", "Auszahlung", "DifferenzSollIst",
)  # fmt: skip
TENDER_ACCOUNTS = ("ECKarte", "Kreditkarte", "ElZahlungsdienstleister", "Guthabenkarte", "Unbar")

Account = Annotated[str, Field(pattern=r"^[0-9A-Za-z]{1,15}$", description="An account number, as text.")]
Rate = Annotated[
    str, Field(pattern=r"^\d{1,2}\.\d{2}$", description='A VAT rate in percent with two decimals, "19.00".')
]


class Section(BaseModel):
    """A part of the settings: frozen, and an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Company(Section):
    """What SelectLine's tables do not say about the company."""

    number: Annotated[str, Field(min_length=1, max_length=20)] = "1"
    database_name: str | None = Field(None, description="MANDANT.Datenbankname, where MANDANT has several rows.")
    vat_id: str | None = None
    tax_number: str | None = None


class Register(Section):
    """A register: SelectLine's tables name none, so the settings do."""

    number: Annotated[str, Field(min_length=1, max_length=40)]
    name: Annotated[str, Field(min_length=1)]
    warehouse: Annotated[str, Field(min_length=1, max_length=10)]
    price_group: Annotated[str, Field(min_length=1, max_length=13)]
    cash_account: Account | None = None


class Articles(Section):
    """Which articles go up."""

    groups: Literal["all"] | tuple[str, ...] = "all"
    only_shop_active: bool = False
    open_price_column: str | None = Field(
        None, description="Custom bit column of ART that marks articles whose price is keyed in at the register."
    )


class Employees(Section):
    """Which employees go up."""

    numbers: Literal["all"] | tuple[str, ...] = "all"


class PriceGroup(Section):
    """How SelectLine keeps the prices of a group; no column of it says so."""

    basis: Literal["net", "gross"]


class Receipts(Section):
    """How receipts are taken over."""

    import_: Literal["ask", "manual", "direct"] = Field("ask", alias="import")
    start_date: date | None = Field(None, description="Receipts of an earlier business day are staged, never booked.")
    in_kind_moves_stock: bool = Field(False, description="Whether withdrawals in kind (AVSachbezug) move stock.")


class Books(Section):
    """The books that receipts are imported into."""

    closed_until: date | None = None


class OverShort(Section):
    """Accounts of a cash difference."""

    short: Account
    over: Account


class Accounts(Section):
    """Where receipts are booked; nothing has a default (facts: no account may be invented)."""

    clearing: Account | None = None
    revenue: dict[Rate, Account] = {}
    discount: Account | None = None
    tenders: dict[str, Account | dict[str, Account]] = {}
    business_cases: dict[str, Account | OverShort] = {}

    @field_validator("tenders")
    @classmethod
    def _known_tenders(cls, value: dict[str, Any]) -> dict[str, Any]:
        for name, account in value.items():
            if name not in TENDER_ACCOUNTS:
                raise ValueError(_unknown(name, TENDER_ACCOUNTS, "tender"))
            if isinstance(account, dict) != (name == "Unbar"):
                raise ValueError(f"{name} takes {'accounts by name' if name == 'Unbar' else 'one account'}")
        return value

    @field_validator("business_cases")
    @classmethod
    def _known_cases(cls, value: dict[str, Any]) -> dict[str, Any]:
        for name, account in value.items():
            if name not in BUSINESS_CASE_ACCOUNTS:
                raise ValueError(_unknown(name, BUSINESS_CASE_ACCOUNTS, "business case"))
            if isinstance(account, OverShort) != (name == "DifferenzSollIst"):
                raise ValueError(f"{name} takes {'short and over' if name == 'DifferenzSollIst' else 'one account'}")
        return value


class Safety(Section):
    """When to stop and ask rather than go on."""

    retire_percent: Annotated[int, Field(ge=0, le=100)] = Field(
        20, description="A run that would retire more than this share of an entity's records stops."
    )
    retire_minimum: Annotated[int, Field(ge=0)] = Field(
        50, description="Retiring up to this many records never stops a run, whatever the share."
    )


class Api(Section):
    """How CloudKasse is called; address and token come from the environment."""

    connections: Annotated[int, Field(ge=1, le=16)] = 4
    connect_seconds: Annotated[float, Field(gt=0, le=120)] = 10
    read_seconds: Annotated[float, Field(gt=0, le=600)] = 60
    attempts: Annotated[int, Field(ge=1, le=20)] = 6
    retry_seconds: Annotated[float, Field(ge=0, le=3600)] = Field(
        120, description="How long one request is retried before the run gives up."
    )
    ca_bundle: Path | None = Field(None, description="Certificates of an own authority (PEM).")


class Erp(Section):
    """Where in the ERP's database SelectLine's tables stand."""

    db_schema: str | None = Field(
        None, alias="schema", description="Schema of SelectLine's tables, where not the default."
    )


class State(Section):
    """Where our own tables stand; the database comes from the environment."""

    db_schema: str | None = Field(None, alias="schema", description="A schema of their own for our tables.")
    prefix: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,30}$")] = "cloudkasse_"


Address = Annotated[str, Field(pattern=r'^[^\s@<>",;:()]+@[^\s@<>",;:()]+$', description="An e-mail address.")]


class Email(Section):
    """The mail server that alerts go through; the password comes from the environment."""

    host: Annotated[str, Field(pattern=r"^[0-9A-Za-z._:-]+$")]
    port: Annotated[int, Field(ge=1, le=65535)] | None = Field(
        None, description="587 with starttls, 465 with ssl, 25 with none, unless it is said."
    )
    security: Literal["starttls", "ssl", "none"] = "starttls"
    sender: Address
    recipients: Annotated[tuple[Address, ...], Field(min_length=1)]
    user: str | None = None
    ca_bundle: Path | None = Field(None, description="Certificates of an own authority (PEM).")

    @model_validator(mode="after")
    def _no_password_in_the_clear(self) -> Self:
        if self.user is not None and self.security == "none":
            raise ValueError("a password would go over the network readable; set security to starttls or ssl")
        return self


class Alerts(Section):
    """Who is told of new rejections and failed runs; the webhook's URL comes from the environment."""

    email: Email | None = None
    webhook: bool = False
    timeout_seconds: Annotated[float, Field(gt=0, le=20)] = Field(
        10, description="How long a mail server or webhook may take for each answer."
    )
    ui_url: Annotated[str, Field(pattern=r"^https?://[^\s@?#]+$")] | None = Field(
        None, description="Address of the Dagster UI, for links to the runs."
    )


class History(Section):
    """How long the runs are kept."""

    keep_days: Annotated[int, Field(ge=1, le=36500)] | None = Field(
        None, description="Finished runs that are older go; null keeps all."
    )


Clock = Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$", description="A time of the day, 08:00.")]
Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


class Nightly(Section):
    """When everything is synchronised, on each day."""

    time: Clock = "02:30"


class OpeningHours(Section):
    """When receipts are fetched during the day; the last time is at closing."""

    every_minutes: Annotated[int, Field(ge=1, le=720)] = 15
    opens: Clock = "08:00"
    closes: Clock = "20:00"
    days: Annotated[tuple[Weekday, ...], Field(min_length=1)] = ("mon", "tue", "wed", "thu", "fri", "sat")

    @model_validator(mode="after")
    def _opens_before_it_closes(self) -> Self:
        if self.opens >= self.closes:
            raise ValueError(
                f"it opens at {self.opens} and closes at {self.closes}: closes must be later on the same day; "
                "for a shop that is open past midnight write 00:00 to 23:59"
            )
        return self


class FreshWithin(Section):
    """After how many hours without a look the data counts as stale; null: it never does."""

    master_data: Annotated[int, Field(ge=1, le=8760)] | None = 26
    receipts: Annotated[int, Field(ge=1, le=8760)] | None = 26


class Automation(Section):
    """When synchronisations start by themselves, once their schedule or sensor is switched on in the UI."""

    nightly: Nightly = Nightly()
    receipts: OpeningHours = OpeningHours()
    look_seconds: Annotated[int, Field(ge=10, le=86400)] = Field(
        60, description="How often sensor new_data looks whether there is anything new."
    )
    retries: Annotated[int, Field(ge=0, le=5)] = Field(
        2, description="How often a run that broke on network or database is started again by itself."
    )
    fresh_hours: FreshWithin = FreshWithin()


class Settings(Section):
    """All of cloudkasse.yaml."""

    language: Literal["de", "en"] = "en"
    timezone: str = "Europe/Berlin"
    company: Company = Company()
    registers: tuple[Register, ...] = ()
    articles: Articles = Articles()
    employees: Employees = Employees()
    price_groups: dict[str, PriceGroup] = {}
    receipts: Receipts = Receipts()
    books: Books = Books()
    accounts: Accounts = Accounts()
    safety: Safety = Safety()
    api: Api = Api()
    erp: Erp = Erp()
    state: State = State()
    alerts: Alerts = Alerts()
    history: History = History()
    automation: Automation = Automation()

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (KeyError, ValueError, OSError):
            raise ValueError(f"'{value}' is no time zone; write it like Europe/Berlin") from None
        return value

    @field_validator("registers")
    @classmethod
    def _unique_registers(cls, value: tuple[Register, ...]) -> tuple[Register, ...]:
        numbers = [register.number for register in value]
        twice = sorted({number for number in numbers if numbers.count(number) > 1})
        if twice:
            raise ValueError(f"register number given twice: {', '.join(twice)}")
        return value

    @model_validator(mode="after")
    def _groups_have_a_basis(self) -> Self:
        for register in self.registers:
            if register.price_group not in self.price_groups:
                raise ValueError(
                    f"register {register.number} uses price group '{register.price_group}', which price_groups does "
                    f'not name; add "{register.price_group}": {{basis: net}} or {{basis: gross}} to it'
                )
        return self

    @property
    def zone(self) -> ZoneInfo:
        """The shop's time zone."""
        return ZoneInfo(self.timezone)


class Connections(Section):
    """Addresses and secrets, from the environment only; they appear in no log, error, history or page."""

    erp_url: SecretStr
    state_url: SecretStr
    api_url: str
    api_token: SecretStr
    smtp_password: SecretStr | None = None
    alert_webhook_url: SecretStr | None = None


class Configuration(Section):
    """Settings and connections of one company: what every use case starts from."""

    settings: Settings
    connections: Connections
    path: Path


def settings_path(environment: Mapping[str, str] | None = None) -> Path:
    """The settings file that the environment names, as an absolute path."""
    environment = os.environ if environment is None else environment
    return Path(environment.get(SETTINGS_VARIABLE) or DEFAULT_SETTINGS).absolute()


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
        connections = read_connections(environment)
    except ConfigurationError as error:
        problems += error.problems
    if settings is None or connections is None:
        raise problems_error(problems)
    return Configuration(settings=settings, connections=connections, path=path)


def problems_error(problems: list[Problem]) -> ConfigurationError:
    """One error that lists all problems, a line each."""
    lines = "\n".join(f"  {problem}" for problem in problems)
    count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
    return ConfigurationError(f"{count} in the settings:\n{lines}", problems=problems)


def read_connections(environment: Mapping[str, str]) -> Connections:
    """Addresses and secrets from the environment.

    Raises:
        ConfigurationError: With every variable that is missing or unusable; values are not shown.
    """
    problems = []

    def needed(name: str, cure: str) -> str:
        value = environment.get(name, "").strip()
        if not value:
            problems.append(Problem(name, "This environment variable is not set.", cure))
        return value

    erp = needed("CLOUDKASSE_ERP_URL", "Set it to the SQLAlchemy URL of SelectLine's database, e.g. sqlite:///erp.db.")
    api = needed("CLOUDKASSE_API_URL", "Set it to CloudKasse's address, e.g. https://api.example.org.")
    token = needed("CLOUDKASSE_API_TOKEN", "Set it to the token that CloudKasse gave you.")
    state = environment.get("CLOUDKASSE_STATE_URL", "").strip() or erp
    # What alerts need is missed by `check` and when alerts are sent: it must not keep a synchronisation from running.
    smtp_password = environment.get("CLOUDKASSE_SMTP_PASSWORD", "")
    webhook_url = environment.get("CLOUDKASSE_ALERT_WEBHOOK_URL", "").strip()
    if api and not re.match(r"^https?://[^/\s@?#]+(/[^\s?#@]*)?$", api):
        problems.append(
            Problem(
                "CLOUDKASSE_API_URL",
                "This is no address.",
                "Write it like https://api.example.org, without user, query or token.",
            )
        )
    if token and not re.fullmatch(r"[\x21-\x7e]+", token):
        problems.append(
            Problem(
                "CLOUDKASSE_API_TOKEN",
                "The token has a character that no token has.",
                "Copy it again, without blanks or line ends.",
            )
        )
    for name, value in (("CLOUDKASSE_ERP_URL", erp), ("CLOUDKASSE_STATE_URL", state)):
        if value and not re.match(r"^(sqlite|postgresql|mssql)(\+\w+)?://", value):
            problems.append(
                Problem(
                    name,
                    "This is no database URL that is supported.",
                    "It begins with sqlite://, postgresql+psycopg:// or mssql+pyodbc://.",
                )
            )
        elif _has_bare_character(value):
            problems.append(
                Problem(
                    name,
                    "User or password has a character that a URL does not take as it is (@ or /).",
                    "Write @ as %40, / as %2F, : as %3A in it.",
                )
            )
    if problems:
        raise problems_error(problems)
    return Connections(
        erp_url=SecretStr(erp),
        state_url=SecretStr(state),
        api_url=api.rstrip("/"),
        api_token=SecretStr(token),
        smtp_password=SecretStr(smtp_password) if smtp_password else None,
        alert_webhook_url=SecretStr(webhook_url) if webhook_url else None,
    )


def _has_bare_character(url: str) -> bool:
    """Whether a password's @ or / would be taken for the host's: parts of it would then show in messages."""
    scheme, _, rest = url.partition("://")
    if not rest or scheme.startswith("sqlite"):
        return False
    place = rest.partition("?")[0]
    return place.count("@") > 1 or "@" in place.partition("/")[2]


def read_settings(path: Path) -> Settings:
    """Reads and checks a settings file.

    Raises:
        ConfigurationError: With every problem, each naming file, line and key.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise problems_error(
            [
                Problem(
                    str(path), "There is no settings file.", f"Write one there, or name another in {SETTINGS_VARIABLE}."
                )
            ]
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        reason = (
            "It is not UTF-8." if isinstance(error, UnicodeDecodeError) else f"It cannot be read: {error.strerror}."
        )
        raise problems_error([Problem(str(path), reason, "Save it as UTF-8 text that this user can read.")]) from error
    return parse_settings(text, path.name)


def parse_settings(text: str, name: str = DEFAULT_SETTINGS) -> Settings:
    """Checks the text of a settings file; `name` stands for it in the messages."""
    try:
        node = yaml.compose(text, Loader=_Loader)
        loader = _Loader("")
        try:
            data = loader.construct_document(node) if node is not None else None
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise problems_error([Problem(f"{name}:{line}", f"This is no YAML: {error.problem}.", "")]) from None
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise problems_error([Problem(f"{name}:1", f"This is no YAML: {reason}", "")]) from None
    if data is None or data == {}:
        # A file that was cut short must not read as a shop without registers, whose registers would be retired.
        raise problems_error(
            [Problem(f"{name}:1", "The file is empty.", "Write the settings into it, or bring it back.")]
        )
    if not isinstance(data, dict):
        raise problems_error([Problem(f"{name}:1", "The file must be a list of keys, like 'timezone: Europe/Berlin'.")])
    assert node is not None
    twice = [
        Problem(
            f"{name}:{key.start_mark.line + 1}",
            f"The key '{key.value}' stands here a second time.",
            "Keep one of them.",
        )
        for key in _repeated_keys(node)
    ]
    try:
        settings = Settings.model_validate(data)
    except ValidationError as error:
        problems = [_problem(name, node, detail) for detail in error.errors()]
        raise problems_error(twice + list(dict.fromkeys(problems))) from None
    if twice:
        raise problems_error(twice)
    return settings


class _Loader(yaml.SafeLoader):
    """YAML whose numbers and dates stay text.

    "007" is a register, not seven, and 19.00 a VAT rate with two decimals: each field says itself
    what it wants to be. `no` and `on` stay text too; only true, false and null are special.
    """


_Loader.yaml_implicit_resolvers = {
    first: [
        (tag, pattern) for tag, pattern in resolvers if tag in ("tag:yaml.org,2002:null", "tag:yaml.org,2002:merge")
    ]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:bool", re.compile(r"^(?:true|True|TRUE|false|False|FALSE)$"), list("tTfF")
)


def _repeated_keys(node: yaml.Node | None) -> Iterator[yaml.ScalarNode]:
    if isinstance(node, yaml.MappingNode):
        seen = set()
        for key, value in node.value:
            if isinstance(key, yaml.ScalarNode) and key.tag != "tag:yaml.org,2002:merge":
                if key.value in seen:
                    yield key
                seen.add(key.value)
            yield from _repeated_keys(value)
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from _repeated_keys(item)


def _line(node: yaml.Node | None, path: tuple[int | str, ...]) -> int:
    """The line (from 1) of the deepest node on the path that is in the file."""
    line = 1
    for part in path:
        if isinstance(node, yaml.MappingNode):
            found = next(((key, value) for key, value in node.value if getattr(key, "value", None) == str(part)), None)
            if found is None:
                continue
            line, node = found[0].start_mark.line + 1, found[1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            node = node.value[part]
            line = node.start_mark.line + 1
    return line


def _unknown(name: str, known: tuple[str, ...] | list[str], what: str) -> str:
    close = difflib.get_close_matches(name, known, n=1)
    return f"'{name}' is no {what}" + (f"; did you mean '{close[0]}'?" if close else f"; there are: {', '.join(known)}")


def _keys_at(path: tuple[int | str, ...]) -> list[str]:
    """The keys that the section at this path knows."""
    model: Any = Settings
    for part in path:
        if isinstance(part, int):
            continue
        field = next((f for n, f in model.model_fields.items() if part in (n, f.alias)), None) if model else None
        annotation = field.annotation if field else None
        candidates = [annotation, *getattr(annotation, "__args__", ())]
        model = next((c for c in candidates if isinstance(c, type) and issubclass(c, BaseModel)), None)
    return [f.alias or n for n, f in model.model_fields.items()] if model else []


def _problem(name: str, node: yaml.Node | None, detail: Any) -> Problem:
    # pydantic names union members and "[key]" in the path; a person looks for the keys of the file
    path = tuple(
        p
        for p in detail["loc"]
        if isinstance(p, int) or not re.search(r"[\[\]()]|^(constrained-)?str$|^literal|^OverShort$|^dict$|^tuple$", p)
    )
    where = f"{name}:{_line(node, path)}"
    key = ".".join(str(part) for part in path)
    kind = detail["type"]
    if kind == "extra_forbidden":
        return Problem(where, f"{key}: {_unknown(str(path[-1]), _keys_at(path[:-1]), 'key here')}.")
    if kind == "missing":
        return Problem(where, f"{key}: This key is missing.", "Add it.")
    message = detail["msg"].removeprefix("Value error, ")
    message = message[0].upper() + message[1:]
    return Problem(where, f"{key}: {message}." if key else f"{message}.")
