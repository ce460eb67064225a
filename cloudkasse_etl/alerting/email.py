"""Sends alerts by e-mail, over SMTP. No error contains the password or the server's answer."""

import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from email.message import EmailMessage
from email.utils import formatdate, make_msgid

from pydantic import SecretStr

from cloudkasse_etl.alerting.message import Message
from cloudkasse_etl.config.sections.alert_settings import Email
from cloudkasse_etl.errors import DeliveryError
from cloudkasse_etl.i18n.text import say

PORTS = {"starttls": 587, "ssl": 465, "none": 25}
_HINT = say("Correct alerts.email in the settings, or look whether the mail server is up.")
_LOGIN_HINT = say("Correct alerts.email.user in the settings and CLOUDKASSE_SMTP_PASSWORD.")


class EmailChannel:
    """A mail server and the recipients of its mails.

    Args:
        email: The settings.
        password: For `email.user`.
        timeout_seconds: Time limit for each answer of the server.
    """

    def __init__(self, email: Email, password: SecretStr | None, timeout_seconds: float) -> None:
        self._email = email
        self._password = password
        self._timeout_seconds = timeout_seconds
        self._port = email.port or PORTS[email.security]

    def send(self, message: Message) -> None:
        """Passes a message to the server.

        Raises:
            DeliveryError: The server cannot be reached, or accepts it for none of the recipients.
        """
        mail = EmailMessage()
        mail["From"] = self._email.sender
        mail["To"] = ", ".join(self._email.recipients)
        mail["Subject"] = " ".join(message.subject.split())
        mail["Date"] = formatdate(localtime=True)
        mail["Message-ID"] = make_msgid(domain=self._email.sender.rpartition("@")[2])
        mail["Auto-Submitted"] = "auto-generated"  # prevents automatic replies (RFC 3834)
        mail.set_content(message.body)
        with self._connection() as server:
            # refusing one recipient does not affect the others
            server.send_message(mail, self._email.sender, list(self._email.recipients))

    def look(self) -> None:
        """Checks whether the server can be reached and accepts the login; sends nothing.

        Raises:
            DeliveryError: It cannot be reached, or refuses the login.
        """
        with self._connection() as server:
            server.noop()

    @contextmanager
    def _connection(self) -> Iterator[smtplib.SMTP]:
        """A connection, encrypted and logged in as the settings say."""
        with self._translated():
            server = self._open()
            try:
                if self._email.security == "starttls":
                    server.starttls(context=self._tls())
                if self._email.user is not None and self._password is not None:
                    server.login(self._email.user, self._password.get_secret_value())
                yield server
            finally:
                # what was accepted stays accepted, even if the connection is not closed properly
                with suppress(smtplib.SMTPException, OSError):
                    server.quit()
                server.close()

    def _open(self) -> smtplib.SMTP:
        host, seconds = self._email.host, self._timeout_seconds
        if self._email.security == "ssl":
            return smtplib.SMTP_SSL(host, self._port, timeout=seconds, context=self._tls())
        return smtplib.SMTP(host, self._port, timeout=seconds)

    def _tls(self) -> ssl.SSLContext:
        bundle = self._email.ca_bundle
        try:
            return ssl.create_default_context(cafile=None if bundle is None else str(bundle))
        except OSError:
            raise DeliveryError(
                say("alerts.email.ca_bundle: {file} holds no certificates that can be read.", file=str(bundle)),
                hint=say("Name a PEM file that this user can read."),
            ) from None

    @contextmanager
    def _translated(self) -> Iterator[None]:
        """Translates errors. Never `from` the original: it contains the server's text, which may repeat the login."""
        place = f"{self._email.host}:{self._port}"
        try:
            yield
        except smtplib.SMTPAuthenticationError as error:
            raise DeliveryError(
                say("The mail server {place} refuses the login ({code}).", place=place, code=error.smtp_code),
                hint=_LOGIN_HINT,
            ) from None
        except smtplib.SMTPNotSupportedError:
            raise DeliveryError(
                say(
                    "The mail server {place} does not offer what the settings ask of it (security: {security}).",
                    place=place,
                    security=self._email.security,
                ),
                hint=say("Correct alerts.email.security or alerts.email.user in the settings."),
            ) from None
        except smtplib.SMTPRecipientsRefused:
            raise DeliveryError(
                say("The mail server {place} takes mail for none of the recipients.", place=place),
                hint=say("Correct alerts.email.recipients."),
            ) from None
        except smtplib.SMTPSenderRefused as error:
            raise DeliveryError(
                say(
                    "The mail server {place} refuses the sender {sender} ({code}).",
                    place=place,
                    sender=self._email.sender,
                    code=error.smtp_code,
                ),
                hint=say("Correct alerts.email.sender, or name a user that may send so."),
            ) from None
        except smtplib.SMTPResponseException as error:
            raise DeliveryError(
                say("The mail server {place} refuses ({code}).", place=place, code=error.smtp_code), hint=_HINT
            ) from None
        except smtplib.SMTPException as error:
            if isinstance(error.__context__, TimeoutError):  # how smtplib reports a timeout while waiting for an answer
                raise self._too_slow(place) from None
            raise DeliveryError(
                say(
                    "The mail server {place} does not speak as it should ({kind}).",
                    place=place,
                    kind=type(error).__name__,
                ),
                hint=_HINT,
            ) from None
        except ssl.SSLCertVerificationError as error:
            raise DeliveryError(
                say(
                    "The mail server {place} has a certificate that is not trusted: {reason}.",
                    place=place,
                    reason=error.verify_message,
                ),
                hint=say("Name your own authority's certificate in alerts.email.ca_bundle."),
            ) from None
        except TimeoutError:
            raise self._too_slow(place) from None
        except (OSError, UnicodeError, ValueError) as error:
            reason = getattr(error, "strerror", None) or type(error).__name__
            raise DeliveryError(
                say("The mail server {place} cannot be reached: {reason}.", place=place, reason=reason), hint=_HINT
            ) from None

    def _too_slow(self, place: str) -> DeliveryError:
        return DeliveryError(
            say(
                "The mail server {place} does not answer within {seconds:g} s.",
                place=place,
                seconds=self._timeout_seconds,
            ),
            hint=_HINT,
        )
