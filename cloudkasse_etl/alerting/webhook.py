"""Sends alerts to a webhook that accepts `{"text": ...}`, like Teams and Slack. No error shows its secret URL."""

import re
from urllib.parse import urlsplit

import requests
from pydantic import SecretStr

from cloudkasse_etl.alerting.message import Message
from cloudkasse_etl.errors import DeliveryError
from cloudkasse_etl.i18n.text import say

# Slack cuts off at 40,000 characters, Teams refuses beyond 28 KB.
MAX_TEXT = 20_000
_URL = re.compile(r"https?://[^/\s@]+(/\S*)?")
_HINT = say("Correct CLOUDKASSE_ALERT_WEBHOOK_URL, or look whether the receiver is up.")


class WebhookChannel:
    """A webhook.

    Args:
        url: The complete address.
        timeout_seconds: Time limit for an answer.

    Raises:
        DeliveryError: The URL is invalid.
    """

    def __init__(self, url: SecretStr, timeout_seconds: float) -> None:
        self._url = url
        self._timeout_seconds = timeout_seconds
        if not _URL.fullmatch(url.get_secret_value()):
            raise DeliveryError(
                say("CLOUDKASSE_ALERT_WEBHOOK_URL holds no address."),
                hint=say("Set it to the whole address that Teams or Slack gave you; it begins with https://."),
            )
        self._host = urlsplit(url.get_secret_value()).netloc

    def send(self, message: Message) -> None:
        """Posts a message.

        Raises:
            DeliveryError: The receiver cannot be reached or did not accept it.
        """
        text = f"{message.subject}\n\n{message.body}"
        status = self._request("POST", {"text": _escaped(text if len(text) <= MAX_TEXT else f"{text[:MAX_TEXT]}…")})
        if not 200 <= status < 300:
            raise DeliveryError(
                say("The webhook at {host} answers with status {status}.", host=self._host, status=status), hint=_HINT
            )

    def look(self) -> None:
        """Checks whether the receiver can be reached; any answer counts. Sends nothing.

        Raises:
            DeliveryError: It cannot be reached.
        """
        self._request("HEAD", None)

    def _request(self, method: str, body: dict[str, str] | None) -> int:
        try:
            with requests.Session() as session:
                session.auth = _no_auth  # or requests would send the login that .netrc has for this host
                with session.request(
                    method,
                    self._url.get_secret_value(),
                    json=body,
                    timeout=self._timeout_seconds,
                    # a redirect would send the message to an address that was never configured
                    allow_redirects=False,
                    stream=True,  # the answer's body is not needed, and may be endless
                ) as response:
                    return response.status_code
        # never `from error`: its text contains the whole address
        except requests.exceptions.SSLError:
            raise DeliveryError(
                say("The certificate of the webhook at {host} is not trusted.", host=self._host), hint=_HINT
            ) from None
        except requests.exceptions.Timeout:
            raise DeliveryError(
                say(
                    "The webhook at {host} does not answer within {seconds:g} s.",
                    host=self._host,
                    seconds=self._timeout_seconds,
                ),
                hint=_HINT,
            ) from None
        except (requests.RequestException, OSError, ValueError) as error:
            raise DeliveryError(
                say("The webhook at {host} cannot be reached ({kind}).", host=self._host, kind=type(error).__name__),
                hint=_HINT,
            ) from None


def _no_auth(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


def _escaped(text: str) -> str:
    """Escapes markup: in Slack, a record named `<!channel>` would notify everybody."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
