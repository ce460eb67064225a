"""A session with SelectLine's Web API: one tenant at a time, one request at a time, ended whatever happens.

The server keeps the session's state, and every login starts a process there that only a logout ends. So there is one
session a run, and its token is remembered until it is ended: the next run ends one that was left by a killed one.
"""

import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol, Self, TypeVar

import orjson
from pydantic import SecretStr

from cloudkasse_etl.config.settings import Configuration
from cloudkasse_etl.erp.selectline_api.api_peer import SessionAuth, selectline_api
from cloudkasse_etl.erp.selectline_api.api_reading import object_of
from cloudkasse_etl.errors import (
    AuthorizationError,
    CloudkasseError,
    ContractError,
    NetworkError,
    TransientError,
)
from cloudkasse_etl.http.peer_answers import Answer, RefusedError
from cloudkasse_etl.http.transport import OnRetry, Transport
from cloudkasse_etl.i18n.text import Text, say

_LOGOUT_SECONDS = 10.0
_NO_API = (404, 405)  # of a login: its path is another server's, or that server's root
_NO_SESSION = (401, 403, 424)  # 424: of a session in no fiscal year, as one that began anew behind our back

T = TypeVar("T")


class UnclearError(TransientError):
    """Whether a write was carried out is not known: look for its result before anything else.

    Attributes:
        cause: Why it is not known.
        may_repeat: Whether the server answered that there is no session, so that a new one may be worth a try.
    """

    def __init__(self, cause: CloudkasseError, *, may_repeat: bool = False) -> None:
        super().__init__(cause.message, hint=cause.hint)
        self.cause = cause
        self.may_repeat = may_repeat


class SessionMemory(Protocol):
    """Remembers the token of a session until it is ended."""

    def left(self) -> SecretStr | None:
        """The token of a session that was not ended."""
        ...

    def keep(self, token: SecretStr) -> None:
        """Stores the token of the session that has begun."""
        ...

    def forget(self) -> None:
        """Removes it: the session has ended."""
        ...


class NoSessionMemory:
    """The memory of a client that only looks, as `check` does."""

    def left(self) -> SecretStr | None:
        """None is known."""
        return None

    def keep(self, token: SecretStr) -> None:
        """Stores nothing."""

    def forget(self) -> None:
        """There is nothing to remove."""


@dataclass(frozen=True, slots=True)
class ApiUser:
    """What the API says of its user.

    Attributes:
        tenant: The tenant's database in which the session works.
        tenants: Those that the user may work in; empty where the API does not say.
        currency: The tenant's currency.
        year: The fiscal year's database in which the session works; empty where in none.
    """

    tenant: str
    tenants: tuple[str, ...]
    currency: str | None
    year: str = ""


class SelectLineSession:
    """A session in the tenant of the settings. A context: entering logs in, leaving logs out.

    Args:
        configuration: Settings and connections.
        memory: Remembers the session until it is ended.
        stop: Set by another thread to end all waiting at once.
        backoff_seconds: As of `Transport`.
        on_retry: Called before each pause.
    """

    def __init__(
        self,
        configuration: Configuration,
        memory: SessionMemory,
        *,
        stop: threading.Event | None = None,
        backoff_seconds: float = 0.5,
        on_retry: OnRetry = lambda text: None,
    ) -> None:
        connections, settings = configuration.connections, configuration.settings
        self._connections, self._memory = connections, memory
        self._tenant = settings.delivery.tenant
        self._year: str | None = None
        self._auth = SessionAuth()
        peer = selectline_api(connections, self._auth)
        api = settings.api.model_copy(update={"connections": 1, "ca_bundle": settings.delivery.ca_bundle})
        self._transport = Transport(
            connections.selectline_url, peer, api, stop=stop, backoff_seconds=backoff_seconds, on_retry=on_retry
        )
        # A run that is stopped ends its session all the same; that may not take long, nor be stopped itself.
        short = api.model_copy(update={"attempts": 1, "read_seconds": min(api.read_seconds, _LOGOUT_SECONDS)})
        self._leaving = Transport(connections.selectline_url, peer, short)

    def __enter__(self) -> Self:
        try:
            self._end_the_one_left()
            self._begin()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Ends the session, if there is one, and all connections."""
        try:
            self._end()
        finally:
            self._transport.close()
            self._leaving.close()

    def user(self) -> ApiUser:
        """The user of the session, and the tenant in which it works."""
        found = self.read("/Users/Current", object_of)
        allowed = found.get("AllowedTenantList")
        return ApiUser(
            tenant=str(found.get("TenantDatabaseName") or ""),
            tenants=tuple(map(str, allowed)) if isinstance(allowed, list) else (),
            currency=found.get("TenantCurrencyThreeLetter") or None,
            year=str(found.get("YearDatabaseName") or ""),
        )

    def work_in(self, tenant: str | None, year: str | None = None) -> None:
        """Lets the session work in a tenant, and in one of its fiscal years; nothing is asked where it does so already.

        Args:
            tenant: The tenant's database; None for the one in which a login begins.
            year: The year's database, which all routes of the ledger need.

        Raises:
            AuthorizationError: It is not allowed, or ignored in a second session too.
        """
        if (tenant, year) != (self._tenant, self._year):
            self._tenant, self._year = tenant, year
            self._enter()

    # --- the session

    def _end_the_one_left(self) -> None:
        token = self._memory.left()
        if token is None:
            return
        self._auth.token = token
        self._end()

    def _begin(self) -> None:
        self._login()
        self._enter()

    def _enter(self) -> None:
        """Sets tenant and year, and reads back whether the session works there."""
        if self._is_there(self._in_tenant()):
            return
        # a switch may be ignored until the next login
        self._end()
        self._login()
        user = self._in_tenant()
        if not self._is_there(user):
            found = _place(user.tenant, user.year or None if self._year else None)
            raise AuthorizationError(
                say(
                    "SelectLine's Web API works in {found} although it was set to {place}.",
                    found=found, place=_place(self._tenant or "", self._year),
                ),
                hint=say(
                    "Look at {setting} in the settings, and whether SelectLine's user of the Web API may work in "
                    "it{among}. Nothing was sent.",
                    setting=self._setting,
                    among=say(" (it may in: {tenants})", tenants=", ".join(user.tenants)) if user.tenants else "",
                ),
            )  # fmt: skip

    @property
    def _setting(self) -> str:
        return "delivery.batch" if self._year else "delivery.tenant"

    def _is_there(self, user: ApiUser) -> bool:
        if self._tenant and user.tenant.casefold() != self._tenant.casefold():
            return False
        return not self._year or user.year.casefold() == self._year.casefold()

    def _login(self) -> None:
        connections = self._connections
        self._auth.token = SecretStr("")
        body = {
            "UserName": connections.selectline_user,
            "Password": connections.selectline_password.get_secret_value(),
            "AppKey": connections.selectline_appkey.get_secret_value(),
        }
        try:
            token = self._transport.call("POST", "/Login", _token, body=orjson.dumps(body))
        except RefusedError as error:
            if error.status in _NO_API:
                raise AuthorizationError(
                    say("SELECTLINE_API_URL does not lead to SelectLine's Web API ({status}).", status=error.status),
                    hint=say(
                        "Correct the address; it has the path of the Web API too, like "
                        "https://server.example/slmobileApi."
                    ),
                ) from error
            raise AuthorizationError(
                say(
                    "SelectLine's Web API does not let user '{user}' in ({status}).",
                    user=connections.selectline_user, status=error.status,
                ),
                hint=say(
                    "Correct SELECTLINE_API_USER, SELECTLINE_API_PASSWORD and SELECTLINE_API_APPKEY, and look whether "
                    "SelectLine's user may use the Web API."
                ),
            ) from error  # fmt: skip
        self._auth.token = token
        self._memory.keep(token)

    def _in_tenant(self) -> ApiUser:
        wanted = {"TenantDatabaseName": self._tenant, "YearDatabaseName": self._year}
        if any(wanted.values()):
            body = orjson.dumps({name: value for name, value in wanted.items() if value})
            try:
                # it may be repeated: it sets what is then read
                self._transport.call("PUT", "/Users/Current", lambda answer: None, body=body)
            except RefusedError as error:
                raise AuthorizationError(
                    say(
                        "SelectLine's Web API does not set {place} ({status}).",
                        place=_place(self._tenant or "", self._year), status=error.status,
                    ),
                    hint=say(
                        "Look at {setting} in the settings, and whether SelectLine's user of the Web API may "
                        "work in it. Nothing was sent.",
                        setting=self._setting,
                    ),
                ) from error  # fmt: skip
        return self.user()

    def _end(self) -> None:
        """Logs out. Where that has no clear answer, the token is kept for the next run to try."""
        if not self._auth.token.get_secret_value():
            return
        try:
            self._leaving.call("POST", "/Logout", lambda answer: None, is_repeatable=False)
        except RefusedError as error:
            if error.status not in _NO_SESSION:
                return
        except CloudkasseError:
            return
        finally:
            self._auth.token = SecretStr("")
        with suppress(CloudkasseError):  # a lost lease: the token is of no use to anybody any more
            self._memory.forget()

    # --- requests

    def read(self, path: str, read: Callable[[Answer], T], params: Mapping[str, str | int | None] | None = None) -> T:
        """Asks for something, in a new session if this one is gone.

        Args:
            path: The path below the API's address.
            read: Reads the answer.
            params: The query.

        Returns:
            What was read.

        Raises:
            RefusedError: The API refuses it, and not for want of a session or a right.
        """
        try:
            return self._transport.call("GET", path, read, params=params)
        except RefusedError as error:
            if error.status not in _NO_SESSION:
                raise
        self._begin()  # the session is gone, or a right is missing: a new one tells which
        try:
            return self._transport.call("GET", path, read, params=params)
        except RefusedError as error:
            if error.status in _NO_SESSION:
                raise _no_right(error, f"GET {path}") from error
            raise

    def write(self, method: str, path: str, read: Callable[[Answer], T], body: bytes | None = None) -> T:
        """Sends a change, once.

        Args:
            method: The HTTP method.
            path: The path below the API's address.
            read: Reads the answer.
            body: JSON.

        Returns:
            What was read.

        Raises:
            UnclearError: Whether it was carried out is not known.
            RefusedError: The API refused it. Whether it was carried out has to be looked up all the same.
        """
        try:
            return self._transport.call(method, path, read, body=body, is_repeatable=False)
        except RefusedError as error:
            if error.status in _NO_SESSION:
                raise UnclearError(_no_right(error, f"{method} {path}"), may_repeat=True) from error
            raise
        except (NetworkError, ContractError) as error:
            raise UnclearError(error) from error


def _token(answer: Answer) -> SecretStr:
    token = answer.data.get("AccessToken")
    if not isinstance(token, str) or not token.isascii() or not token.isprintable() or not token:
        raise answer.unreadable()
    return SecretStr(token)


def _no_right(error: RefusedError, request: str) -> AuthorizationError:
    return AuthorizationError(
        say("SelectLine's Web API does not allow this: {request} ({status}).", request=request, status=error.status),
        hint=say("Give SelectLine's user of the Web API that right."),
    )


def _place(tenant: str, year: str | None) -> Text:
    if year is None:
        return say("tenant '{tenant}'", tenant=tenant)
    return say("tenant '{tenant}', fiscal year '{year}'", tenant=tenant, year=year)
