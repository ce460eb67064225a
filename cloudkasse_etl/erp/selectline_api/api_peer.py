"""SelectLine's Web API as the other side of a request: its login, its errors, and what is done about each.

What a write came to is never decided by an error's text: it is only shown (docs/deliveries.md, Exactly once).
"""

import msgspec
import requests
from pydantic import SecretStr
from requests.auth import AuthBase

from cloudkasse_etl.config.connections import Connections
from cloudkasse_etl.errors import LicenceTakenError
from cloudkasse_etl.http.peer_answers import (
    RETRYABLE,
    Peer,
    Problem,
    Refusal,
    explain_failure,
    explain_proxy,
    explain_redirect,
    explain_refusal,
    without_secret,
)
from cloudkasse_etl.i18n.text import say

NAME = "SelectLine"


class SessionAuth(AuthBase):
    """Puts the session's token into each request, once there is one."""

    def __init__(self) -> None:
        self.token = SecretStr("")

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Adds the header."""
        token = self.token.get_secret_value()
        if token:
            request.headers["Authorization"] = f"LoginId {token}"
        return request


class _ApiResponse(msgspec.Struct, rename="pascal"):
    """What the API says of a refusal; its accounting routes say `Type` instead of a code."""

    response_code: str | None = None
    message: str | None = None
    type: str | None = None
    title: str | None = None


_responses = msgspec.json.Decoder(_ApiResponse)


def selectline_api(connections: Connections, login: SessionAuth) -> Peer:
    """SelectLine's Web API.

    Args:
        connections: User, password and AppKey, which are removed from what the server echoes.
        login: Has the session's token.
    """

    def read_problem(raw: bytes) -> Problem:
        try:
            found = _responses.decode(raw)
        except (msgspec.MsgspecError, RecursionError):
            return Problem()  # a proxy's page, or no body at all

        def safe(text: str | None) -> str | None:
            for secret in (connections.selectline_password, connections.selectline_appkey, login.token):
                text = without_secret(text, secret) if text else None
            return text

        return Problem(safe(found.response_code or found.type), safe(found.message or found.title))

    return Peer(
        name=NAME,
        accept="application/json",
        login=login,
        secret=connections.selectline_password,
        read_problem=read_problem,
        has_problem=lambda status: 400 <= status < 500 and status != 407,
        explain=explain,
        variable="SELECTLINE_API_URL",
        bundle_setting="delivery.ca_bundle",
    )


def explain(refusal: Refusal) -> Exception:
    """The error for a status other than 2xx."""
    status = refusal.status
    if status < 400:
        return explain_redirect(refusal, NAME)
    if status >= 500 or status in RETRYABLE:
        return explain_failure(refusal, NAME)
    if status == 402:
        return LicenceTakenError(
            say("SelectLine has no free licence for its Web API (402)."),
            hint=say(
                "Have someone close SelectLine or another program that uses its Web API, or get a further licence; "
                "nothing is lost."
            ),
        )
    return explain_proxy(NAME) if status == 407 else explain_refusal(refusal, NAME)
