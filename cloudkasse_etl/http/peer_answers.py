"""The results of a request: an answer, a refusal, or an error that another try may cure; each peer explains its own."""

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
# 408 and 425 ask for another try; no peer names them, but proxies send them.
RETRYABLE = frozenset({408, 425, 429})


class RefusedError(ContractError):
    """The other side refused one request; the caller may be able to handle it.

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
        base: The other side's address, without a login.
        variable: The variable that names it.
    """

    status: int
    headers: Mapping[str, str]
    problem: Problem
    request: str
    base: str
    variable: str

    @property
    def host(self) -> str:
        """The host as a message may name it."""
        return urlsplit(self.base).netloc


def without_secret(text: str, secret: SecretStr) -> str:
    """A text without a secret, also in URL or HTML encoding."""
    plain = secret.get_secret_value()
    for form in (plain, quote(plain), quote(plain, safe=""), html.escape(plain)):
        text = text.replace(form, "…") if form else text
    return text


@dataclass(frozen=True)
class Peer:
    """The other side, where requests differ from one to another.

    Attributes:
        name: Its name, as people read it.
        accept: The types of answers that are understood.
        login: Puts the login into each request.
        secret: The token or password; removed from what the server echoes.
        read_problem: Reads a refusal's body.
        has_problem: Whether the body of this status decides what is done.
        explain: Makes the error for a refusal.
        variable: The environment's variable that names its address.
        bundle_setting: The setting that names certificates of an own authority.
    """

    name: str
    accept: str
    login: AuthBase
    secret: SecretStr
    read_problem: Callable[[bytes], Problem]
    has_problem: Callable[[int], bool]
    explain: Callable[[Refusal], Exception]
    variable: str = "CLOUDKASSE_API_URL"
    bundle_setting: str = "api.ca_bundle"

    def without_secret(self, text: str) -> str:
        """A text of the server without the secret, also in URL or HTML encoding."""
        return without_secret(text, self.secret)


@dataclass(frozen=True)
class Answer:
    """A 2xx answer.

    Attributes:
        raw: Its body.
        host: The server that sent it.
        sent_at: When this machine sent the request.
        received_at: When this machine had the whole answer.
        peer: Who sent it.
        status: Its status.
        headers: Its headers, by any case.
    """

    raw: bytes
    host: str
    sent_at: datetime
    received_at: datetime
    peer: Peer
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
            say("What {host} answers is not {peer}'s JSON", host=self.host, peer=self.peer.name),
            say(
                "{variable} may name something else, or a proxy or login page stands in between.",
                variable=self.peer.variable,
            ),
        )


def explain_redirect(refusal: Refusal, peer: str) -> ContractError:
    """The error for a status below 400."""
    target = _host_of(refusal.base, refusal.headers.get("Location", ""))
    return ContractError(
        say(
            "{peer} ({host}) redirects to {target} ({status}), which is not followed.",
            peer=peer,
            host=refusal.host,
            target=target,
            status=refusal.status,
        ),
        hint=say("Set {variable} to {peer}'s own address.", variable=refusal.variable, peer=peer),
    )


def explain_failure(refusal: Refusal, peer: str) -> RetryableError:
    """The error for a status that another try may cure."""
    return RetryableError(
        NetworkError,
        say(
            "{peer} ({host}) answers {status} to {request}",
            peer=peer,
            host=refusal.host,
            status=refusal.status,
            request=refusal.request,
        ),
        say("Nothing is wrong on this side; a later try should succeed."),
        retry_after=read_retry_after(refusal.headers),
    )


def explain_proxy(peer: str) -> ContractError:
    """The error for a proxy that wants a login (407)."""
    return ContractError(
        say("The proxy on the way to {peer} wants a login (407).", peer=peer),
        hint=say("Set it in the environment: HTTPS_PROXY."),
    )


def explain_refusal(refusal: Refusal, peer: str) -> RefusedError:
    """The error for any other status."""
    return RefusedError(
        say(
            "{peer} ({host}) refuses {request} ({status}).",
            peer=peer,
            host=refusal.host,
            request=refusal.request,
            status=refusal.status,
        ),
        hint=say("Look for a newer release of this program, or report it to {peer}.", peer=peer),
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
