"""Turns HTTP statuses other than 2xx into errors, by the contract's table; reads Retry-After and problem+json."""

import html
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import quote, urljoin, urlsplit

import orjson
from pydantic import SecretStr

from cloudkasse_etl.errors import AuthorizationError, CloudkasseError, ContractError, NetworkError
from cloudkasse_etl.i18n.text import Text, say

# 408 and 425 ask for another try; the contract does not name them, but proxies send them.
_RETRYABLE = frozenset({408, 425, 429})
_PLAIN = frozenset({401, 403, 404, 407})
FAR_FUTURE_SECONDS = 10 * 365 * 86400.0


class RefusedError(ContractError):
    """CloudKasse refused one request; the caller may be able to handle it.

    Attributes:
        status: The HTTP status, a 4xx other than 401, 403, 404, 407, 408, 425 and 429.
        code: The problem's own code, where it gave one.
        detail: The problem's own text; only for the rejection of a record, never for a message.
    """

    def __init__(self, message: str, *, hint: str | None, status: int, code: str | None, detail: str | None) -> None:
        super().__init__(message, hint=hint)
        self.status = status
        self.code = code
        self.detail = detail


class RetryableError(Exception):
    """A try failed in a way that the next one may not; never leaves transport.py.

    Attributes:
        kind: The error to raise if it was the last try.
        text: What is wrong, without a full stop.
        hint: What to do.
        retry_after: The seconds that the server asks for.
    """

    def __init__(
        self, kind: type[CloudkasseError], text: str, hint: str | None, retry_after: float | None = None
    ) -> None:
        super().__init__(text)
        self.kind = kind
        self.text = text
        self.hint = hint
        self.retry_after = retry_after

    def announced(self, number: int, tries: int, seconds: float) -> Text:
        """What is wrong, and which try comes when.

        Args:
            number: The number of the next try, from 1.
            tries: How many there are at most.
            seconds: The pause before it.

        Returns:
            A sentence for log and progress bar.
        """
        return say(
            "{text}: try {number} of {tries} in {seconds:.0f} s.",
            text=self.text,
            number=number,
            tries=tries,
            seconds=math.ceil(seconds),
        )


@dataclass(frozen=True, slots=True)
class Problem:
    """The fields of a problem+json that are used."""

    code: str | None = None
    detail: str | None = None


def is_explained_by_body(status: int) -> bool:
    """Whether the problem in the body decides how this status is handled."""
    return 400 <= status < 500 and status not in _RETRYABLE | _PLAIN


def read_problem(raw: bytes, token: SecretStr) -> Problem:
    """The problem in a body; empty where there is none. A token that the server echoes is removed."""
    try:
        data = orjson.loads(raw)
    except orjson.JSONDecodeError:
        return Problem()
    if not isinstance(data, dict):
        return Problem()
    code, detail = (
        without_token(value, token) if isinstance(value := data.get(name), str) and value else None
        for name in ("code", "detail")
    )
    return Problem(code, detail)


def without_token(text: str, token: SecretStr) -> str:
    """A text of the server without a token that it echoes, also in URL or HTML encoding."""
    secret = token.get_secret_value()
    for form in (secret, quote(secret), quote(secret, safe=""), html.escape(secret)):
        text = text.replace(form, "…")
    return text


def explain(status: int, headers: Mapping[str, str], problem: Problem, *, request: str, base: str) -> Exception:
    """The error for a status other than 2xx.

    Args:
        status: The status.
        headers: The answer's headers, by any case.
        problem: The problem in the body, for the statuses that `is_explained_by_body`.
        request: Method and path.
        base: CloudKasse's address, without a login.

    Returns:
        The error to raise.
    """
    host = urlsplit(base).netloc
    if status < 400:
        target = _host_of(base, headers.get("Location", ""))
        return ContractError(
            say(
                "CloudKasse ({host}) redirects to {target} ({status}), which is not followed.",
                host=host,
                target=target,
                status=status,
            ),
            hint=say("Set CLOUDKASSE_API_URL to CloudKasse's own address."),
        )
    if status >= 500 or status in _RETRYABLE:
        return RetryableError(
            NetworkError,
            say("CloudKasse ({host}) answers {status} to {request}", host=host, status=status, request=request),
            say("Nothing is wrong on this side; start again later."),
            retry_after=read_retry_after(headers),
        )
    if status == 401:
        return AuthorizationError(
            say("CloudKasse does not accept the token (401)."),
            hint=say("Set CLOUDKASSE_API_TOKEN to a token that is valid for this company."),
        )
    if status == 403:
        return AuthorizationError(
            say("The token may not do this in CloudKasse: {request} (403).", request=request),
            hint=say("Give it the right in CloudKasse, or set CLOUDKASSE_API_TOKEN to another."),
        )
    if status == 404:
        return ContractError(
            say("There is no {request} at {host} (404).", request=request, host=host),
            hint=say("CLOUDKASSE_API_URL may be wrong: it ends before /v1."),
        )
    if status == 407:
        return ContractError(
            say("The proxy on the way to CloudKasse wants a login (407)."),
            hint=say("Set it in the environment: HTTPS_PROXY."),
        )
    return RefusedError(
        say("CloudKasse ({host}) refuses {request} ({status}).", host=host, request=request, status=status),
        hint=say("Look for a newer release of this program, or report it to CloudKasse."),
        status=status,
        code=problem.code,
        detail=problem.detail,
    )


def _host_of(base: str, location: str) -> str:
    """The host only: the rest of a redirect's target may contain a login or a ticket."""
    try:
        return urlsplit(urljoin(base, location)).hostname or "nowhere"
    except ValueError:
        return "nowhere"


def read_retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds from now, from either form. A date is compared to the server's own clock, where it sends that."""
    value = headers.get("Retry-After", "").strip()
    if re.fullmatch(r"[0-9]+", value):
        return min(float(value), FAR_FUTURE_SECONDS)
    until = _http_date(value)
    if until is None:
        return None
    now = _http_date(headers.get("Date", "")) or datetime.now(UTC)
    return min(max((until - now).total_seconds(), 0.0), FAR_FUTURE_SECONDS)


def _http_date(value: str) -> datetime | None:
    try:
        date = parsedate_to_datetime(value)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return date if date.tzinfo else date.replace(tzinfo=UTC)
