"""A session with SelectLine's Web API: one tenant, one request at a time, ended whatever happens.

The server keeps the session's state, and every login starts a process there that only a logout ends. So there is one
session a run, and its token is remembered until it is ended: the next run ends one that was left by a killed one.
"""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final, Protocol, Self, TypeVar

import orjson
from pydantic import SecretStr

from cloudkasse_etl.config.settings import Configuration
from cloudkasse_etl.erp.selectline_api.api_peer import SessionAuth, selectline_api
from cloudkasse_etl.errors import (
    AuthorizationError,
    CloudkasseError,
    ContractError,
    NetworkError,
    TransientError,
)
from cloudkasse_etl.http.peer_answers import Answer, RefusedError
from cloudkasse_etl.http.transport import OnRetry, Transport
from cloudkasse_etl.i18n.text import say
from cloudkasse_etl.schemas.lenient_json import read_json

PAGE_ITEMS: Final = 500
_LOGOUT_SECONDS = 10.0
_NO_SESSION = (401, 403)

T = TypeVar("T")
Item = Mapping[str, Any]


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
    """

    tenant: str
    tenants: tuple[str, ...]
    currency: str | None


class SelectLineClient:
    """SelectLine's Web API, in the tenant of the settings. A context: entering logs in, leaving logs out.

    Methods raise `NetworkError` (not reached, or failing for as long as the retries allow), `AuthorizationError` (user,
    tenant or a right), `LicenceTakenError`, `ContractError` and `StoppedError`; those that write, `UnclearError` and
    `RefusedError` instead.

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
        found = self._read("/Users/Current", _object)
        allowed = found.get("AllowedTenantList")
        return ApiUser(
            tenant=str(found.get("TenantDatabaseName") or ""),
            tenants=tuple(map(str, allowed)) if isinstance(allowed, list) else (),
            currency=found.get("TenantCurrencyThreeLetter") or None,
        )

    def document_kinds(self) -> dict[str, str]:
        """The kinds of document that there are: number, or letter where it has one alone -> name."""
        found = list(self._pages("/DocumentKinds", {}, "Number"))
        letters = {str(item["Flag"]): str(item.get("Name") or "") for item in found if item.get("Flag")}
        return letters | {str(item["Number"]): str(item.get("Name") or "") for item in found if item.get("Number")}

    def transfer_documents(self, kind: str) -> Iterator[Item]:
        """All transfer documents of a kind, whatever became of them; each once."""
        yield from self._pages("/TransferDocuments", {"listFilter.documentKind": kind}, "Id")

    def transfer_document(self, number: int) -> Item | None:
        """A transfer document with its positions; None where there is none of this id."""
        try:
            found = self._read(f"/TransferDocuments/{number}", _object)
            if not isinstance(found.get("Positions"), list):
                found = {**found, "Positions": self._read(f"/TransferDocuments/{number}/Positions", _list)}
        except RefusedError as error:
            if error.status == 404:  # its errors need have no body
                return None
            raise
        return found

    def create_transfer_document(self, body: bytes) -> int:
        """Creates a transfer document, positions included.

        Args:
            body: JSON.

        Returns:
            Its id.

        Raises:
            UnclearError: Whether it is there is not known.
            RefusedError: The API refused it. Whether it is there has to be looked up all the same.
        """
        return self._write("POST", "/TransferDocuments", _created, body)

    def delete_transfer_document(self, number: int) -> None:
        """Deletes a transfer document, which is possible while it is open.

        Raises:
            UnclearError: Whether it is gone is not known.
            RefusedError: It is not open any more, or not there.
        """
        self._write("DELETE", f"/TransferDocuments/{number}", lambda answer: None)

    # --- the session

    def _end_the_one_left(self) -> None:
        token = self._memory.left()
        if token is None:
            return
        self._auth.token = token
        self._end()

    def _begin(self) -> None:
        self._login()
        user = self._in_tenant()
        if self._tenant and user.tenant.casefold() != self._tenant.casefold():
            # a switch may be ignored until the next login
            self._end()
            self._login()
            user = self._in_tenant()
        if self._tenant and user.tenant.casefold() != self._tenant.casefold():
            raise AuthorizationError(
                say(
                    "SelectLine's Web API works in tenant '{found}' although it was set to '{tenant}'.",
                    found=user.tenant, tenant=self._tenant,
                ),
                hint=say(
                    "Look at delivery.tenant in the settings, and whether SelectLine's user of the Web API may work in "
                    "it{among}. Nothing was sent.",
                    among=say(" (it may in: {tenants})", tenants=", ".join(user.tenants)) if user.tenants else "",
                ),
            )  # fmt: skip

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
        if self._tenant:
            body = orjson.dumps({"TenantDatabaseName": self._tenant})
            try:
                # it may be repeated: it sets what is then read
                self._transport.call("PUT", "/Users/Current", lambda answer: None, body=body)
            except RefusedError as error:
                raise AuthorizationError(
                    say(
                        "SelectLine's Web API does not set tenant '{tenant}' ({status}).",
                        tenant=self._tenant, status=error.status,
                    ),
                    hint=say(
                        "Look at delivery.tenant in the settings, and whether SelectLine's user of the Web API may "
                        "work in it. Nothing was sent."
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

    def _read(self, path: str, read: Callable[[Answer], T], params: Mapping[str, str | int | None] | None = None) -> T:
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

    def _write(self, method: str, path: str, read: Callable[[Answer], T], body: bytes | None = None) -> T:
        try:
            return self._transport.call(method, path, read, body=body, is_repeatable=False)
        except RefusedError as error:
            if error.status in _NO_SESSION:
                raise UnclearError(_no_right(error, f"{method} {path}"), may_repeat=True) from error
            raise
        except (NetworkError, ContractError) as error:
            raise UnclearError(error) from error

    def _pages(self, path: str, params: Mapping[str, str], key: str) -> Iterator[Item]:
        """The items of a list, each once. It ends with a page that brings nothing new: the server may give out less
        than it was asked for, and its lists have no total."""
        seen: set[Any] = set()
        page = 0
        while True:
            query: dict[str, str | int | None] = {
                **params,
                "listFilter.page": page,
                "listFilter.items": PAGE_ITEMS,
                "listFilter.orderBy": key,
            }
            try:
                items = self._read(path, _list, query)
            except RefusedError as error:
                if error.status == 404 and (error.code or error.detail):  # the API's own word for an empty list
                    return
                raise
            new = [item for item in items if item.get(key) not in seen]
            if not new:
                return
            seen.update(item.get(key) for item in new)
            yield from new
            page += 1


def _object(answer: Answer) -> dict[str, Any]:
    return answer.data


def _list(answer: Answer) -> Sequence[Item]:
    try:
        found = read_json(answer.raw)
    except ValueError:
        found = None
    if not isinstance(found, list) or not all(isinstance(item, dict) for item in found):
        raise answer.unreadable()
    return found


def _token(answer: Answer) -> SecretStr:
    token = answer.data.get("AccessToken")
    if not isinstance(token, str) or not token.isascii() or not token.isprintable() or not token:
        raise answer.unreadable()
    return SecretStr(token)


def _created(answer: Answer) -> int:
    number = answer.data.get("TransferDocumentId")
    if not isinstance(number, int) or isinstance(number, bool):
        raise answer.unreadable()
    return number


def _no_right(error: RefusedError, request: str) -> AuthorizationError:
    return AuthorizationError(
        say("SelectLine's Web API does not allow this: {request} ({status}).", request=request, status=error.status),
        hint=say("Give SelectLine's user of the Web API that right."),
    )
