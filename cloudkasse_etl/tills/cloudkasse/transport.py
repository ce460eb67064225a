"""One request to CloudKasse with everything around it: login, time limits, retries. No entity, no cursor, no batch.

Retries are here and in no other layer. Statuses are interpreted in statuses.py, errors of requests and urllib3 in
network_errors.py; both are called here only.
"""

import contextlib
import io
import random
import re
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from http.cookiejar import DefaultCookiePolicy
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Self, TypeVar
from urllib.parse import urlsplit, urlunsplit

import requests
import urllib3
from pydantic import SecretStr
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase
from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_attempt, stop_before_delay

from cloudkasse_etl.config.settings import Api
from cloudkasse_etl.errors import ConfigurationError, ContractError, NetworkError
from cloudkasse_etl.i18n.text import say, say_count, without_stop
from cloudkasse_etl.schemas.lenient_json import read_json
from cloudkasse_etl.tills.cloudkasse import network_errors, statuses
from cloudkasse_etl.tills.cloudkasse.statuses import RetryableError
from cloudkasse_etl.tills.port import OnRetry, StoppedError

MAX_ANSWER_BYTES = 256 * 1024 * 1024
MAX_PROBLEM_BYTES = 64 * 1024
READ_BYTES = 64 * 1024
# A read timeout only limits the silence between two bytes; this limits the whole answer.
DEADLINE_READS = 5
# How soon a stop is noticed; also lets Ctrl-C through on Windows, where an unlimited wait ignores it.
NOTICE_SECONDS = 0.1
BACKOFF_LIMIT_SECONDS = 30.0

UNUSABLE_TEXT = say("CloudKasse's address, or that of the proxy, cannot be used.")
UNUSABLE_HINT = say("Correct CLOUDKASSE_API_URL, or the proxy in the environment.")

T = TypeVar("T")


@dataclass(frozen=True)
class Answer:
    """A 2xx answer.

    Attributes:
        raw: Its body.
        host: The server that sent it.
        sent_at: When this machine sent the request.
        received_at: When this machine had the whole answer.
    """

    raw: bytes
    host: str
    sent_at: datetime
    received_at: datetime

    @cached_property
    def data(self) -> dict[str, Any]:
        """Its JSON object.

        Raises:
            RetryableError: The body is not a JSON object.
        """
        try:
            data = read_json(self.raw)
        except ValueError:
            data = None
        if not isinstance(data, dict):
            # not `from`: the decoder's error contains the document, which may be a foreign page
            raise RetryableError(
                ContractError,
                say("What {host} answers is not CloudKasse's JSON", host=self.host),
                say("CLOUDKASSE_API_URL may name something else, or a proxy or login page stands in between."),
            )
        return data


class _BearerAuth(AuthBase):
    """Set as the session's auth, because requests lets .netrc overwrite a plain Authorization header."""

    def __init__(self, token: SecretStr) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._token.get_secret_value()}"
        return request


class _Session(requests.Session):
    """Ignores redirects. Even unfollowed, requests would read their whole body and fail on an invalid Location."""

    def get_redirect_target(self, resp: requests.Response) -> None:
        return None


class Transport:
    """Sends requests to one CloudKasse. Safe to be used from several threads.

    Args:
        api_url: CloudKasse's address. User and password in it are dropped: the token is the login.
        token: The bearer token.
        api: Connections, time limits and retries.
        stop: Set by another thread to end all waiting at once (a lost lease).
        backoff_seconds: The first pause is up to this long, each further one up to twice the one before.
        on_retry: Called before each pause, from the request's own thread: what is wrong, which try comes when.

    Raises:
        ConfigurationError: Token or certificates cannot be used.
    """

    def __init__(
        self,
        api_url: str,
        token: SecretStr,
        api: Api,
        *,
        stop: threading.Event | None = None,
        backoff_seconds: float = 0.5,
        on_retry: OnRetry = lambda text: None,
    ) -> None:
        try:
            parts = urlsplit(api_url)
        except ValueError:
            raise ConfigurationError(UNUSABLE_TEXT, hint=UNUSABLE_HINT) from None
        self.host = parts.netloc.rpartition("@")[2]
        self._base = urlunsplit((parts.scheme, self.host, parts.path.rstrip("/"), "", ""))
        self._api = api
        self._token = token
        self._stop = stop or threading.Event()
        self._backoff_seconds = backoff_seconds
        self._on_retry = on_retry
        # Passed with each request: as the session's own value, REQUESTS_CA_BUNDLE would override the settings.
        self._verify: bool | str = _checked_bundle(api)
        # The bundled server on this machine is never reached through a company's proxy.
        loopback = parts.hostname if parts.hostname in ("localhost", "127.0.0.1", "::1") else None
        self._proxies = {"no_proxy": loopback} if loopback else None
        if not re.fullmatch(r"[\x21-\x7e]+", token.get_secret_value()):
            # http.client would quote the whole header in its error
            raise ConfigurationError(
                say("The token has a character that no token has."),
                hint=say("Set CLOUDKASSE_API_TOKEN again, without blanks."),
            )
        self._session = _Session()
        self._session.auth = _BearerAuth(token)
        # A shared cookie jar is the only part of a session that threads would change concurrently.
        self._session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        self._session.headers.update(
            {
                "Accept": "application/json, application/problem+json",
                "User-Agent": f"cloudkasse-etl/{_version()}",
            }
        )
        adapter = HTTPAdapter(pool_connections=2, pool_maxsize=api.connections, max_retries=0, pool_block=True)
        self._session.mount("https://", adapter)
        self._session.mount("http://", adapter)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def without_token(self, text: str) -> str:
        """A text of the server without the token, safe to show."""
        return statuses.without_token(text, self._token)

    def close(self) -> None:
        """Closes all connections."""
        self._session.close()

    def call(
        self,
        method: str,
        path: str,
        read: Callable[[Answer], T],
        *,
        params: Mapping[str, str | int | None] | None = None,
        body: bytes | None = None,
        key: str | None = None,
        cancel: threading.Event | None = None,
    ) -> T:
        """Sends a request until it is answered, within the bounds of the settings.

        Args:
            method: GET, or POST with a body and a key.
            path: From `/v1` on.
            read: Makes the result from the answer; a `ContractError` from it counts as a broken answer and is retried.
            params: The query; None values are left out.
            body: JSON.
            key: The `Idempotency-Key`: without one a POST must not be sent, since it may be repeated.
            cancel: Ends the waiting of this request, in addition to the transport's own stop.

        Returns:
            The result of `read`.

        Raises:
            NetworkError: Not reached, or failing for as long as the settings allow.
            AuthorizationError: 401, 403.
            ContractError: Another address, a redirect, or answers that violate the contract.
            RefusedError: Any other 4xx.
            StoppedError: Stopped or cancelled before an answer came.
        """
        began = time.monotonic()
        tries = 0

        def once() -> T:
            nonlocal tries
            tries += 1
            self._raise_if_stopped(cancel)
            seconds = DEADLINE_READS * self._api.read_seconds
            if tries > 1:
                # a first try may take its full time, a repeated one only the time that the retries have left
                seconds = min(seconds, max(self._api.retry_seconds - (time.monotonic() - began), 0.01))
            answer = self._exchange(method, path, params, body, key, seconds)
            try:
                return read(answer)
            except ContractError as error:
                raise RetryableError(ContractError, without_stop(error.message), error.hint) from error

        retrying = Retrying(
            retry=retry_if_exception_type(RetryableError),
            wait=self._pause_seconds,
            stop=stop_after_attempt(self._api.attempts) | stop_before_delay(self._api.retry_seconds),
            before_sleep=self._tell,
            sleep=lambda seconds: self._pause(seconds, cancel),
            reraise=True,
        )
        try:
            return retrying(once)
        except RetryableError as error:
            spent = time.monotonic() - began
            seconds, hint = f"{spent:.0f}", error.hint
            text = say_count(
                "{text} (1 attempt in {seconds} s).",
                "{text} ({count} attempts in {seconds} s).",
                count=tries,
                text=error.text,
                seconds=seconds,
            )
            if error.retry_after is not None and spent + error.retry_after >= self._api.retry_seconds:
                until = datetime.now(UTC) + timedelta(seconds=error.retry_after)
                text = say(
                    "{text} It wants to be asked again at {until} UTC, not before.",
                    text=text, until=f"{until:%Y-%m-%d %H:%M:%S}",
                )  # fmt: skip
                hint = say("Start again then.")
            raise error.kind(text, hint=hint) from error.__cause__

    def _pause_seconds(self, state: RetryCallState) -> float:
        """Full jitter on an exponential back-off, in addition to the pause that the server asks for.

        In addition, and growing: several connections that were refused by one limit must not all return at once.
        """
        error = state.outcome.exception() if state.outcome else None
        asked = error.retry_after if isinstance(error, RetryableError) and error.retry_after else 0.0
        ceiling = min(self._backoff_seconds * 2 ** (state.attempt_number - 1), BACKOFF_LIMIT_SECONDS)
        return asked + random.uniform(0.0, ceiling)

    def _tell(self, state: RetryCallState) -> None:
        error = state.outcome.exception() if state.outcome else None
        if isinstance(error, RetryableError):
            self._on_retry(error.announced(state.attempt_number + 1, self._api.attempts, state.upcoming_sleep))

    def _pause(self, seconds: float, cancel: threading.Event | None) -> None:
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            self._raise_if_stopped(cancel)
            (cancel or self._stop).wait(min(left, NOTICE_SECONDS))

    def _raise_if_stopped(self, cancel: threading.Event | None) -> None:
        if self._stop.is_set() or (cancel is not None and cancel.is_set()):
            raise StoppedError(
                say("Stopped before CloudKasse had answered."), hint=say("Start again; nothing is lost.")
            )

    def _exchange(
        self,
        method: str,
        path: str,
        params: Mapping[str, str | int | None] | None,
        body: bytes | None,
        key: str | None,
        seconds: float,
    ) -> Answer:
        """One try that ends within `seconds` (plus at most one silence, which the read timeout limits)."""
        deadline = time.monotonic() + seconds
        connect_seconds, read_seconds = min(self._api.connect_seconds, seconds), min(self._api.read_seconds, seconds)
        headers = {} if key is None else {"Idempotency-Key": key}
        if body is not None:
            headers["Content-Type"] = "application/json"
        sent_at = datetime.now(UTC)
        try:
            with self._session.request(
                method,
                self._base + path,
                params=params,
                # As a file it is sent in small blocks. In one piece, the whole upload would have to fit into the
                # connect timeout: 4 MiB over a shop's 1 Mbit/s line never does.
                data=None if body is None else io.BytesIO(body),
                headers=headers,
                timeout=(connect_seconds, read_seconds),
                verify=self._verify,
                proxies=self._proxies,
                allow_redirects=False,
                stream=True,
            ) as response:
                if not 200 <= response.status_code < 300:
                    raise self._refusal(response, f"{method} {path}", deadline)
                raw = self._read(response, deadline, MAX_ANSWER_BYTES)
        except network_errors.UNUSABLE_ADDRESS:
            # not `from error`: its text contains the whole address, a proxy's password included
            raise ConfigurationError(UNUSABLE_TEXT, hint=UNUSABLE_HINT) from None
        except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
            fault = network_errors.explain(error, self.host, connect_seconds, read_seconds)
            if not fault.retryable:
                raise NetworkError(say("{fault}.", fault=fault.text), hint=fault.hint) from error
            raise RetryableError(NetworkError, fault.text, fault.hint) from error
        return Answer(raw, self.host, sent_at=sent_at, received_at=datetime.now(UTC))

    def _read(self, response: requests.Response, deadline: float, limit: int) -> bytes:
        parts: list[bytes] = []
        size = 0
        # read1 returns with whatever has arrived; read would wait for a full block, and a server that
        # sends a byte a minute would block it for weeks
        while block := response.raw.read1(READ_BYTES, decode_content=True):
            parts.append(block)
            size += len(block)
            if size > limit:
                raise ContractError(
                    say(
                        "An answer of CloudKasse ({host}) is larger than {limit} MiB.",
                        host=self.host,
                        limit=limit // (1024 * 1024),
                    ),
                    hint=say("Nothing that large is part of the contract; report it to CloudKasse."),
                )
            if time.monotonic() > deadline:
                raise RetryableError(
                    NetworkError,
                    say("CloudKasse ({host}) answers too slowly: timed out", host=self.host),
                    network_errors.NETWORK_HINT,
                )
        return b"".join(parts)

    def _refusal(self, response: requests.Response, request: str, deadline: float) -> Exception:
        status = response.status_code
        problem = statuses.Problem()
        if statuses.is_explained_by_body(status):
            with contextlib.suppress(ContractError):  # a body that is too long is not a problem+json
                problem = statuses.read_problem(self._read(response, deadline, MAX_PROBLEM_BYTES), self._token)
        else:
            self._drain(response, deadline)
        return statuses.explain(status, response.headers, problem, request=request, base=self._base)

    def _drain(self, response: requests.Response, deadline: float) -> None:
        """Reads an unused body so that the connection can be reused; if it is too long, the connection is closed."""
        try:
            self._read(response, deadline, MAX_PROBLEM_BYTES)
        except (urllib3.exceptions.HTTPError, ContractError, RetryableError):
            response.close()


def _checked_bundle(api: Api) -> bool | str:
    """The value of `verify` for requests; a file that cannot be used is reported here rather than at each request."""
    if api.ca_bundle is None:
        return True
    try:
        ssl.create_default_context(cafile=str(api.ca_bundle))
    except OSError as error:  # SSLError is one
        raise ConfigurationError(
            say("api.ca_bundle: {file} holds no certificates that can be read.", file=str(api.ca_bundle)),
            hint=say("Name a PEM file that this user can read."),
        ) from error
    return str(api.ca_bundle)


def _version() -> str:
    try:
        return version("cloudkasse-etl")
    except PackageNotFoundError:  # run from a source tree
        return "0"
