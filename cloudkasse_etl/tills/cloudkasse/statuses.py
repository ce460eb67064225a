"""CloudKasse as the other side of a request: its login, its problem+json, and its table of statuses."""

import re

import orjson
import requests
from pydantic import SecretStr
from requests.auth import AuthBase

from cloudkasse_etl.errors import AuthorizationError, ConfigurationError, ContractError
from cloudkasse_etl.http.peer_answers import (
    RETRYABLE,
    Peer,
    Problem,
    Refusal,
    explain_failure,
    explain_proxy,
    explain_redirect,
    explain_refusal,
)
from cloudkasse_etl.i18n.text import say

NAME = "CloudKasse"
_PLAIN = frozenset({401, 403, 404, 407})


class _BearerAuth(AuthBase):
    """Set as the session's auth, because requests lets .netrc overwrite a plain Authorization header."""

    def __init__(self, token: SecretStr) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._token.get_secret_value()}"
        return request


def cloudkasse(token: SecretStr) -> Peer:
    """CloudKasse, with the token of a company.

    Raises:
        ConfigurationError: The token cannot be one.
    """
    if not re.fullmatch(r"[\x21-\x7e]+", token.get_secret_value()):
        # http.client would quote the whole header in its error
        raise ConfigurationError(
            say("The token has a character that no token has."),
            hint=say("Set CLOUDKASSE_API_TOKEN again, without blanks."),
        )
    peer = Peer(
        name=NAME,
        accept="application/json, application/problem+json",
        login=_BearerAuth(token),
        secret=token,
        read_problem=lambda raw: _read_problem(raw, peer),
        has_problem=is_explained_by_body,
        explain=explain,
    )
    return peer


def is_explained_by_body(status: int) -> bool:
    """Whether the problem in the body decides how this status is handled."""
    return 400 <= status < 500 and status not in RETRYABLE | _PLAIN


def _read_problem(raw: bytes, peer: Peer) -> Problem:
    """The problem in a body; empty where there is none. A token that the server echoes is removed."""
    try:
        data = orjson.loads(raw)
    except orjson.JSONDecodeError:
        return Problem()
    if not isinstance(data, dict):
        return Problem()
    code, detail = (
        peer.without_secret(value) if isinstance(value := data.get(name), str) and value else None
        for name in ("code", "detail")
    )
    return Problem(code, detail)


def explain(refusal: Refusal) -> Exception:
    """The error for a status other than 2xx, by the contract's table."""
    status = refusal.status
    if status < 400:
        return explain_redirect(refusal, NAME)
    if status >= 500 or status in RETRYABLE:
        return explain_failure(refusal, NAME)
    if status == 401:
        return AuthorizationError(
            say("CloudKasse does not accept the token (401)."),
            hint=say("Set CLOUDKASSE_API_TOKEN to a token that is valid for this company."),
        )
    if status == 403:
        return AuthorizationError(
            say("The token may not do this in CloudKasse: {request} (403).", request=refusal.request),
            hint=say("Give it the right in CloudKasse, or set CLOUDKASSE_API_TOKEN to another."),
        )
    if status == 404:
        return ContractError(
            say("There is no {request} at {host} (404).", request=refusal.request, host=refusal.host),
            hint=say("CLOUDKASSE_API_URL may be wrong: it ends before /v1."),
        )
    if status == 407:
        return explain_proxy(NAME)
    return explain_refusal(refusal, NAME)
