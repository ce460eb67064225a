"""KORONA.cloud as the other side of a request: its login, its errors, and what is done about each (docs/korona.md)."""

import msgspec
from requests.auth import HTTPBasicAuth

from cloudkasse_etl.config.connections import Connections
from cloudkasse_etl.errors import AuthorizationError, ContractError, NetworkError
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

NAME = "KORONA.cloud"
DAILY_LIMIT = "DAILY_LIMIT_EXCEEDED"


class DailyLimitError(NetworkError):
    """The account may send no more requests today."""

    is_restartable = False  # each further start would send some more


class _ErrorModel(msgspec.Struct):
    code: str | None = None
    message: str | None = None


_errors = msgspec.json.Decoder(_ErrorModel)


def korona(connections: Connections) -> Peer:
    """KORONA.cloud, with user and password (Basic auth)."""
    user, password = connections.api_user, connections.api_token.get_secret_value()
    peer = Peer(
        name=NAME,
        accept="application/json",
        # as bytes: requests would encode texts as Latin-1, and fail on what that has not
        login=HTTPBasicAuth(user.encode(), password.encode()),
        secret=connections.api_token,
        read_problem=lambda raw: _read_problem(raw, peer),
        has_problem=lambda status: 400 <= status < 500 and status not in (401, 407),
        explain=explain,
    )
    return peer


def _read_problem(raw: bytes, peer: Peer) -> Problem:
    """Code and message of an error model; empty where the body is none, as of a proxy."""
    try:
        found = _errors.decode(raw)
    except (msgspec.MsgspecError, RecursionError):
        return Problem()
    return Problem(*(peer.without_secret(text) if text else None for text in (found.code, found.message)))


def explain(refusal: Refusal) -> Exception:
    """The error for a status other than 2xx."""
    status, code = refusal.status, refusal.problem.code
    if status < 400:
        return explain_redirect(refusal, NAME)
    if status == 429 and code == DAILY_LIMIT:
        # no pause is long enough: another try would only count against tomorrow's limit
        return DailyLimitError(
            say("KORONA.cloud takes no more requests today: the account's daily limit is reached."),
            hint=say("Start again tomorrow, synchronise less often, or have KORONA.cloud raise the limit."),
        )
    if status >= 500 or status in RETRYABLE:
        return explain_failure(refusal, NAME)
    if status == 401:
        return AuthorizationError(
            say("KORONA.cloud does not accept user and password (401)."),
            hint=say("Correct CLOUDKASSE_API_USER and CLOUDKASSE_API_TOKEN, the password."),
        )
    if status == 403:
        return AuthorizationError(
            say(
                "KORONA.cloud does not allow this: {request} (403 {code}).",
                request=refusal.request,
                code=code or "-",
            ),
            hint=say("Give the user the right in KORONA.cloud, and look whether the account may use the API."),
        )
    if status == 404:
        return ContractError(
            say("There is no {request} at {host} (404).", request=refusal.request, host=refusal.host),
            hint=say("Look at till.korona.account, and at CLOUDKASSE_API_URL, which ends in /web/api/v3."),
        )
    return explain_proxy(NAME) if status == 407 else explain_refusal(refusal, NAME)
