"""One request with everything around it: login, time limits, retries. No entity, no cursor, no batch.

Retries are here and in no other layer. What a status means, each `Peer` says; errors of requests and urllib3 are
interpreted in network_errors.py; both are called here only.
"""

import contextlib
import io
import random
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from http.cookiejar import DefaultCookiePolicy
from importlib.metadata import PackageNotFoundError, version
from typing import Self, TypeVar
from urllib.parse import urlsplit, urlunsplit

import requests
import urllib3
from requests.adapters import HTTPAdapter
from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_attempt, stop_before_delay

from cloudkasse_etl.config.sections.program_settings import Api
from cloudkasse_etl.errors import ConfigurationError, ContractError, NetworkError, StoppedError
from cloudkasse_etl.http import network_errors
from cloudkasse_etl.http.peer_answers import Answer, Peer, Problem, Refusal, RetryableError
from cloudkasse_etl.i18n.text import Text, say, say_count, without_stop

MAX_ANSWER_BYTES = 256 * 1024 * 1024
MAX_PROBLEM_BYTES = 64 * 1024
READ_BYTES = 64 * 1024
# A read timeout only limits the silence between two bytes; this limits the whole answer.
DEADLINE_READS = 5
# How soon a stop is noticed; also lets Ctrl-C through on Windows, where an unlimited wait ignores it.
NOTICE_SECONDS = 0.1
BACKOFF_LIMIT_SECONDS = 30.0

OnRetry = Callable[[Text], None]

T = TypeVar("T")


class _Session(requests.Session):
    """Ignores redirects. Even unfollowed, requests would read their whole body and fail on an invalid Location."""

    def get_redirect_target(self, resp: requests.Response) -> None:
        return None


class Transport:
    """Sends requests to one other side. Safe to be used from several threads.

    Args:
        api_url: The other side's address. User and password in it are dropped: the peer has the login.
        peer: The other side.
        api: Connections, time limits and retries.
        stop: Set by another thread to end all waiting at once (a lost lease).
        backoff_seconds: The first pause is up to this long, each further one up to twice the one before.
        on_retry: Called before each pause, from the request's own thread: what is wrong, which try comes when.

    Raises:
        ConfigurationError: Address or certificates cannot be used.
    """

    def __init__(
        self,
        api_url: str,
        peer: Peer,
        api: Api,
        *,
        stop: threading.Event | None = None,
        backoff_seconds: float = 0.5,
        on_retry: OnRetry = lambda text: None,
    ) -> None:
        try:
            parts = urlsplit(api_url)
        except ValueError:
            raise _unusable(peer) from None
        self.host = parts.netloc.rpartition("@")[2]
        self._base = urlunsplit((parts.scheme, self.host, parts.path.rstrip("/"), "", ""))
        self._api = api
        self.peer = peer
        self._stop = stop or threading.Event()
        self._backoff_seconds = backoff_seconds
        self._on_retry = on_retry
        # Passed with each request: as the session's own value, REQUESTS_CA_BUNDLE would override the settings.
        self._verify: bool | str = _checked_bundle(api, peer)
        # The bundled server on this machine is never reached through a company's proxy.
        loopback = parts.hostname if parts.hostname in ("localhost", "127.0.0.1", "::1") else None
        self._proxies = {"no_proxy": loopback} if loopback else None
        self._session = _Session()
        self._session.auth = peer.login
        # A shared cookie jar is the only part of a session that threads would change concurrently.
        self._session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        self._session.headers.update(
            {
                "Accept": peer.accept,
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
        is_repeatable: bool = True,
    ) -> T:
        """Sends a request until it is answered, within the bounds of the settings.

        Args:
            method: GET; POST, PUT or DELETE, with a body or without.
            path: From the address on.
            read: Makes the result from the answer; a `ContractError` from it counts as a broken answer and is retried.
            params: The query; None values are left out.
            body: JSON.
            key: The `Idempotency-Key`. Without one a POST must be one that may be repeated: it may be, here.
            cancel: Ends the waiting of this request, in addition to the transport's own stop.
            is_repeatable: False for a write whose answer may be lost after the work: it is sent once.

        Returns:
            The result of `read`.

        Raises:
            NetworkError: Not reached, or failing for as long as the settings allow.
            AuthorizationError: The login is refused.
            ContractError: Another address, a redirect, or answers that violate the contract.
            RefusedError: Any other refusal.
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
            stop=stop_after_attempt(self._api.attempts if is_repeatable else 1)
            | stop_before_delay(self._api.retry_seconds),
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
                say("Stopped before {peer} had answered.", peer=self.peer.name),
                hint=say("Start again; nothing is lost."),
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
                status, answered = response.status_code, response.headers
        except network_errors.UNUSABLE_ADDRESS:
            # not `from error`: its text contains the whole address, a proxy's password included
            raise _unusable(self.peer) from None
        except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
            fault = network_errors.explain(
                error, self.peer, self.host, connect_seconds=connect_seconds, read_seconds=read_seconds
            )
            if not fault.retryable:
                raise NetworkError(say("{fault}.", fault=fault.text), hint=fault.hint) from error
            raise RetryableError(NetworkError, fault.text, fault.hint) from error
        return Answer(
            raw,
            self.host,
            sent_at=sent_at,
            received_at=datetime.now(UTC),
            peer=self.peer,
            status=status,
            headers=answered,
        )

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
                        "An answer of {peer} ({host}) is larger than {limit} MiB.",
                        peer=self.peer.name,
                        host=self.host,
                        limit=limit // (1024 * 1024),
                    ),
                    hint=say("Nothing that large is part of the contract; report it to {peer}.", peer=self.peer.name),
                )
            if time.monotonic() > deadline:
                raise RetryableError(
                    NetworkError,
                    say("{peer} ({host}) answers too slowly: timed out", peer=self.peer.name, host=self.host),
                    network_errors.NETWORK_HINT,
                )
        return b"".join(parts)

    def _refusal(self, response: requests.Response, request: str, deadline: float) -> Exception:
        status, problem = response.status_code, Problem()
        if self.peer.has_problem(status):
            with contextlib.suppress(ContractError):  # a body that is too long says nothing
                problem = self.peer.read_problem(self._read(response, deadline, MAX_PROBLEM_BYTES))
        else:
            self._drain(response, deadline)
        return self.peer.explain(Refusal(status, response.headers, problem, request, self._base, self.peer.variable))

    def _drain(self, response: requests.Response, deadline: float) -> None:
        """Reads an unused body so that the connection can be reused; if it is too long, the connection is closed."""
        try:
            self._read(response, deadline, MAX_PROBLEM_BYTES)
        except (urllib3.exceptions.HTTPError, ContractError, RetryableError):
            response.close()


def _unusable(peer: Peer) -> ConfigurationError:
    return ConfigurationError(
        say("{peer}'s address, or that of the proxy, cannot be used.", peer=peer.name),
        hint=say("Correct {variable}, or the proxy in the environment.", variable=peer.variable),
    )


def _checked_bundle(api: Api, peer: Peer) -> bool | str:
    """The value of `verify` for requests; a file that cannot be used is reported here rather than at each request."""
    if api.ca_bundle is None:
        return True
    try:
        ssl.create_default_context(cafile=str(api.ca_bundle))
    except OSError as error:  # SSLError is one
        raise ConfigurationError(
            say(
                "{setting}: {file} holds no certificates that can be read.",
                setting=peer.bundle_setting,
                file=str(api.ca_bundle),
            ),
            hint=say("Name a PEM file that this user can read."),
        ) from error
    return str(api.ca_bundle)


def _version() -> str:
    try:
        return version("cloudkasse-etl")
    except PackageNotFoundError:  # run from a source tree
        return "0"
