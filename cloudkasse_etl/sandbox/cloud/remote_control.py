"""Sends commands to a sandbox that runs in another process, and explains why one could not be carried out."""

from typing import Any

import requests

from cloudkasse_etl.errors import ConfigurationError
from cloudkasse_etl.i18n.text import say


def send_order(
    url: str, path: str, token: str, order: dict[str, Any], *, timeout: float | tuple[float, float]
) -> requests.Response:
    """Send an order to a running sandbox, and return its answer, whatever its status.

    Args:
        url: Where it listens, such as "http://127.0.0.1:8090".
        path: The endpoint.
        token: Its bearer token.
        order: The body.
        timeout: Seconds, as requests takes them.

    Returns:
        The answer; its status is not checked but for a wrong token.

    Raises:
        ConfigurationError: Nothing listens there, or the token is wrong.
    """
    try:
        answer = requests.post(
            url.rstrip("/") + path,
            json=order,
            headers={"Authorization": f"Bearer {token}"},
            timeout=timeout,
            allow_redirects=False,
        )
    except requests.RequestException as error:
        # The library's own text repeats the URL, which may hold a password.
        raise unreachable(type(error).__name__) from error
    if answer.status_code == 401:
        raise wrong_token()
    return answer


def unreachable(reason: str) -> ConfigurationError:
    """Return the error for a sandbox that does not answer, or not usably."""
    return ConfigurationError(
        say("The sandbox cannot be reached ({reason}).", reason=reason),
        hint=say("Start it (cloudkasse-etl sandbox), and let CLOUDKASSE_API_URL name the address that it tells."),
    )


def wrong_token() -> ConfigurationError:
    """Return the error for a token that the sandbox refuses."""
    return ConfigurationError(
        say("The sandbox does not accept the token."),
        hint=say("CLOUDKASSE_API_TOKEN must be the one it was started with."),
    )


def no_sandbox(answer: requests.Response, what: str) -> ConfigurationError:
    """Return the error for an answer that no sandbox of this release gives; `what` names the feature that it lacks."""
    return ConfigurationError(
        say("What answers there is no sandbox of this release (status {status}).", status=answer.status_code),
        hint=say("Only the bundled CloudKasse {what}; CLOUDKASSE_API_URL must name it.", what=what),
    )
