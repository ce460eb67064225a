"""The results of a request: an answer, a refusal, or an error that another try may cure; each till explains its own."""

import html
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cached_property
from typing import Any
from urllib.parse import quote, urljoin, urlsplit

from pydantic import SecretStr
from requests.auth import AuthBase

from cloudkasse_etl.errors import CloudkasseError, ContractError, NetworkError
from cloudkasse_etl.i18n.text import Text, say
from cloudkasse_etl.schemas.lenient_json import read_json

FAR_FUTURE_SECONDS = 10 * 365 * 86400.0
# 408 and 425 ask for another try; no till names them, but proxies send them.
RETRYABLE = frozenset({408, 425, 429})


class RefusedError(ContractError):
    """The till refused one request; the caller may be able to handle it.

    Attributes:
        status: The HTTP status, a 4xx.
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
    """What an answer says of a refusal, as far as it is used."""

    code: str | None = None
    detail: str | None = None


@dataclass(frozen=True, slots=True)
class Refusal:
    """An answer with a status other than 2xx.

    Attributes:
        status: The status.
        headers: The answer's headers, by any case.
        problem: What its body says, where it was read.
        request: Method and path.
        base: The till's address, without a login.
    """

    status: int
    headers: Mapping[str, str]
    problem: Problem
    request: str
    base: str

    @property
    def host(self) -> str:
        """The host as a message may name it."""
        return urlsplit(self.base).netloc


@dataclass(frozen=True)
class Peer:
    """The other side, where requests differ from till to till.

    Attributes:
        name: The till, as people read it.
        accept: The types of answers that are understood.
        login: Puts the login into each request.
        secret: The token or password; removed from what the server echoes.
        read_problem: Reads a refusal's body.
        has_problem: Whether the body of this status decides what is done.
        explain: Makes the error for a refusal.
    """

    name: str
    accept: str
    login: AuthBase
    secret: SecretStr
    read_problem: Callable[[bytes], Problem]
    has_problem: Callable[[int], bool]
    explain: Callable[[Refusal], Exception]

    def without_secret(self, text: str) -> str:
        """A text of the server without the secret, also in URL or HTML encoding."""
        secret = self.secret.get_secret_value()
        for form in (secret, quote(secret), quote(secret, safe=""), html.escape(secret)):
            text = text.replace(form, "…") if form else text
        return text


@dataclass(frozen=True)
class Answer:
    """A 2xx answer.

    Attributes:
        raw: Its body.
        host: The server that sent it.
        sent_at: When this machine sent the request.
        received_at: When this machine had the whole answer.
        till: The till, as people read it.
        status: Its status.
        headers: Its headers, by any case.
    """

    raw: bytes
    host: str
    sent_at: datetime
    received_at: datetime
    till: str
    status: int
    headers: Mapping[str, str]

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
            raise self.unreadable()
        return data

    def unreadable(self) -> RetryableError:
        """The error for a body that is not what was asked for."""
        return RetryableError(
            ContractError,
            say("What {host} answers is not {till}'s JSON", host=self.host, till=self.till),
            say("CLOUDKASSE_API_URL may name something else, or a proxy or login page stands in between."),
        )


def explain_redirect(refusal: Refusal, till: str) -> ContractError:
    """The error for a status below 400."""
    target = _host_of(refusal.base, refusal.headers.get("Location", ""))
    return ContractError(
        say(
            "{till} ({host}) redirects to {target} ({status}), which is not followed.",
            till=till,
            host=refusal.host,
            target=target,
            status=refusal.status,
        ),
        hint=say("Set CLOUDKASSE_API_URL to {till}'s own address.", till=till),
    )


def explain_failure(refusal: Refusal, till: str) -> RetryableError:
    """The error for a status that another try may cure."""
    return RetryableError(
        NetworkError,
        say(
            "{till} ({host}) answers {status} to {request}",
            till=till,
            host=refusal.host,
            status=refusal.status,
            request=refusal.request,
        ),
        say("Nothing is wrong on this side; a later try should succeed."),
        retry_after=read_retry_after(refusal.headers),
    )


def explain_proxy(till: str) -> ContractError:
    """The error for a proxy that wants a login (407)."""
    return ContractError(
        say("The proxy on the way to {till} wants a login (407).", till=till),
        hint=say("Set it in the environment: HTTPS_PROXY."),
    )


def explain_refusal(refusal: Refusal, till: str) -> RefusedError:
    """The error for any other status."""
    return RefusedError(
        say(
            "{till} ({host}) refuses {request} ({status}).",
            till=till,
            host=refusal.host,
            request=refusal.request,
            status=refusal.status,
        ),
        hint=say("Look for a newer release of this program, or report it to {till}.", till=till),
        status=refusal.status,
        code=refusal.problem.code,
        detail=refusal.problem.detail,
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
    until = http_date(value)
    if until is None:
        return None
    now = http_date(headers.get("Date", "")) or datetime.now(UTC)
    return min(max((until - now).total_seconds(), 0.0), FAR_FUTURE_SECONDS)


def http_date(value: str) -> datetime | None:
    """The time in a header, with an offset; None where there is none."""
    try:
        date = parsedate_to_datetime(value)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return date if date.tzinfo else date.replace(tzinfo=UTC)
