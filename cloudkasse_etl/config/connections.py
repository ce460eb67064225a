"""Addresses and secrets, from the environment only. Nothing is connected to here."""

import re
from collections.abc import Mapping
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, SecretStr

from cloudkasse_etl.entities import TillKind
from cloudkasse_etl.errors import Problem, problems_error
from cloudkasse_etl.i18n.text import Text, say

_SELECTLINE = {
    "SELECTLINE_API_URL": say(
        "Set it to the address of SelectLine's Web API, e.g. https://erp.example.org/slmobileApi; a delivery "
        "into SelectLine needs it."
    ),
    "SELECTLINE_API_USER": say("Set it to the name of SelectLine's user for the Web API."),
    "SELECTLINE_API_PASSWORD": say("Set it to the password of SelectLine's user for the Web API."),
    "SELECTLINE_API_APPKEY": say("Set it to the AppKey that SelectLine gave you for its Web API."),
}


class Connections(BaseModel):
    """Addresses and secrets, from the environment only; they appear in no log, error, history or page.

    Address, user and token are empty for a till that needs none; those of SelectLine's Web API where nothing is
    delivered.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    erp_url: SecretStr
    state_url: SecretStr
    api_url: str = ""
    api_user: str = ""
    api_token: SecretStr = SecretStr("")
    smtp_password: SecretStr | None = None
    alert_webhook_url: SecretStr | None = None
    selectline_url: str = ""
    selectline_user: str = ""
    selectline_password: SecretStr = SecretStr("")
    selectline_appkey: SecretStr = SecretStr("")


def read_connections(
    environment: Mapping[str, str], till: TillKind = "cloudkasse", *, delivers: bool = False
) -> Connections:
    """Addresses and secrets from the environment.

    Args:
        environment: The environment's variables.
        till: The kind of till, which decides what is needed.
        delivers: Whether anything is delivered into SelectLine, by its Web API.

    Returns:
        The connections.

    Raises:
        ConfigurationError: With every variable that is missing or unusable; values are not shown.
    """
    problems = []

    def needed(name: str, cure: Text) -> str:
        value = environment.get(name, "").strip()
        if not value:
            problems.append(Problem(name, say("This environment variable is not set."), cure))
        return value

    erp = needed(
        "CLOUDKASSE_ERP_URL", say("Set it to the SQLAlchemy URL of SelectLine's database, e.g. sqlite:///erp.db.")
    )
    api = user = token = ""
    if till == "cloudkasse":
        api = needed("CLOUDKASSE_API_URL", say("Set it to the till's address, e.g. https://api.example.org."))
        token = needed("CLOUDKASSE_API_TOKEN", say("Set it to the token that CloudKasse gave you."))
    elif till == "korona":
        api = needed(
            "CLOUDKASSE_API_URL", say("Set it to the address of KORONA.cloud's API, which ends in /web/api/v3.")
        )
        user = needed("CLOUDKASSE_API_USER", say("Set it to the name of KORONA.cloud's user."))
        token = needed("CLOUDKASSE_API_TOKEN", say("Set it to the password of KORONA.cloud's user."))
    state = environment.get("CLOUDKASSE_STATE_URL", "").strip()
    # Missing settings of alerts are reported by `check` and when alerts are sent: they must not stop a synchronisation.
    receivers = receivers_of(environment)
    selectline = dict.fromkeys(_SELECTLINE, "")
    if delivers:
        selectline = {name: needed(name, cure) for name, cure in _SELECTLINE.items()}
    for name, url in (("CLOUDKASSE_API_URL", api), ("SELECTLINE_API_URL", selectline["SELECTLINE_API_URL"])):
        problems += _address_problems(name, url)
    # a password may have any character; it goes over the wire in Base64
    if token and till == "cloudkasse" and not re.fullmatch(r"[\x21-\x7e]+", token):
        problems.append(
            Problem(
                "CLOUDKASSE_API_TOKEN",
                say("The token has a character that no token has."),
                say("Copy it again, without blanks or line ends."),
            )
        )
    for name, value in (("CLOUDKASSE_ERP_URL", erp), ("CLOUDKASSE_STATE_URL", state)):
        problems += _database_problems(name, value)
    if problems:
        raise problems_error(problems)
    return Connections(
        erp_url=SecretStr(erp),
        state_url=SecretStr(state or erp),
        api_url=api.rstrip("/"),
        api_user=user,
        api_token=SecretStr(token),
        smtp_password=receivers.smtp_password,
        alert_webhook_url=receivers.alert_webhook_url,
        selectline_url=selectline["SELECTLINE_API_URL"].rstrip("/"),
        selectline_user=selectline["SELECTLINE_API_USER"],
        selectline_password=SecretStr(selectline["SELECTLINE_API_PASSWORD"]),
        selectline_appkey=SecretStr(selectline["SELECTLINE_API_APPKEY"]),
    )


def receivers_of(environment: Mapping[str, str]) -> Connections:
    """The secrets of those who receive alerts, and no other connection; all companies of a chain share them."""
    smtp_password = environment.get("CLOUDKASSE_SMTP_PASSWORD", "")
    webhook_url = environment.get("CLOUDKASSE_ALERT_WEBHOOK_URL", "").strip()
    return Connections(
        erp_url=SecretStr(""),
        state_url=SecretStr(""),
        smtp_password=SecretStr(smtp_password) if smtp_password else None,
        alert_webhook_url=SecretStr(webhook_url) if webhook_url else None,
    )


def _address_problems(name: str, url: str) -> list[Problem]:
    """What is wrong with an address to which secrets are sent; the address itself is not shown."""
    host = _host(url)
    if url and host is None:
        return [
            Problem(
                name,
                say("This is no address."),
                say("Write it like https://api.example.org, without user, query or token."),
            )
        ]
    if host is not None and not (url.startswith("https:") or _is_loopback(host)):
        return [
            Problem(
                name,
                say("Over http:// token and receipts would go over the network readable."),
                say("Write it with https://; only this computer itself (localhost) is spoken to without."),
            )
        ]
    return []


def _host(url: str) -> str | None:
    """The host of an address; None where it is invalid."""
    try:
        found = urlsplit(url) if re.match(r"^https?://[^/\s@?#]+(/[^\s?#@]*)?$", url) else None
        return None if found is None or found.port == 0 else found.hostname  # an invalid port raises
    except ValueError:
        return None


def _is_loopback(host: str) -> bool:
    """Whether a host is this computer, so that no other machine can read what is sent."""
    return host in ("localhost", "::1") or re.fullmatch(r"127(\.\d{1,3}){3}", host) is not None


def _database_problems(name: str, url: str) -> list[Problem]:
    """Problems of a database's URL that are visible without opening it; the URL itself is not shown."""
    if not url:
        return []
    if not re.match(r"^(sqlite|postgresql|mssql)(\+\w+)?://", url):
        return [
            Problem(
                name,
                say("This is no database URL that is supported."),
                say("It begins with sqlite:///, postgresql+psycopg:// or mssql+pyodbc://."),
            )
        ]
    if re.match(r"^sqlite(\+\w+)?://(/?|/:memory:)(\?|$)", url):
        return [
            Problem(
                name,
                say("This URL names no file."),
                say("Write it like sqlite:///erp.db, or sqlite:////srv/shop/erp.db for a whole path."),
            )
        ]
    if _has_bare_character(url):
        return [
            Problem(
                name,
                say("User or password has a character that a URL does not take as it is (@ or /)."),
                say("Write @ as %40, / as %2F, : as %3A in it."),
            )
        ]
    return []


def _has_bare_character(url: str) -> bool:
    """Whether a password contains an unescaped @ or /: parts of it would count as the host and be shown in messages."""
    scheme, _, rest = url.partition("://")
    if not rest or scheme.startswith("sqlite"):
        return False
    place = rest.partition("?")[0]
    return place.count("@") > 1 or "@" in place.partition("/")[2]
