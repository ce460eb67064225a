"""Explains errors of requests and urllib3 in plain words. HTTP statuses are each peer's own."""

import ssl
from collections.abc import Iterator
from dataclasses import dataclass

import requests
from urllib3 import exceptions as urllib3_errors

from cloudkasse_etl.http.peer_answers import Peer
from cloudkasse_etl.i18n.text import Text, say

NETWORK_HINT = say("Look at this machine's network, then start again; nothing is lost.")

# Errors whose text quotes a whole address, with any password in it.
UNUSABLE_ADDRESS = (
    requests.exceptions.InvalidURL,  # InvalidProxyURL is one
    requests.exceptions.MissingSchema,
    requests.exceptions.InvalidSchema,
    urllib3_errors.LocationValueError,
    urllib3_errors.ProxySchemeUnknown,
)


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a request had no answer.

    Attributes:
        text: What is wrong, without a full stop.
        hint: What to do.
        retryable: False where another try a moment later cannot help.
    """

    text: Text
    hint: Text
    retryable: bool = True


def explain(error: Exception, peer: Peer, host: str, *, connect_seconds: float, read_seconds: float) -> Fault:
    """Explains why a request had no answer, by its cause: name, port, certificate, proxy, connection.

    Args:
        error: What requests or urllib3 raised.
        peer: The other side.
        host: The host as a message may name it.
        connect_seconds: The connect timeout in force.
        read_seconds: The read timeout in force.

    Returns:
        The reason, what to do, and whether another try may help.
    """
    causes = list(_causes(error))

    def caused_by(*kinds: type[BaseException]) -> bool:
        return any(isinstance(cause, kinds) for cause in causes)

    for cause in causes:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return Fault(
                say("The TLS certificate of {host} is not trusted: {reason}", host=host, reason=cause.verify_message),
                say(
                    "Have {peer}'s certificate looked at, or name your own authority's in the settings: {setting}.",
                    peer=peer.name,
                    setting=peer.bundle_setting,
                ),
                retryable=False,
            )
    if caused_by(requests.exceptions.ProxyError, urllib3_errors.ProxyError):
        return Fault(
            say("The proxy on the way to {host} cannot be reached, or does not let this through", host=host),
            say("Look at HTTPS_PROXY and NO_PROXY in the environment."),
        )
    if caused_by(urllib3_errors.NameResolutionError):
        return Fault(
            say("The name {host} cannot be resolved", host=host),
            say("Look at this machine's network and DNS, and whether {variable} is right.", variable=peer.variable),
        )
    if caused_by(ConnectionRefusedError):
        return Fault(
            say("The connection to {host} was refused", host=host),
            say("{peer} may be down, or {variable} names the wrong port.", peer=peer.name, variable=peer.variable),
        )
    if caused_by(urllib3_errors.NewConnectionError):
        return Fault(say("There is no way to {host}", host=host), NETWORK_HINT)
    if caused_by(requests.exceptions.ConnectTimeout, urllib3_errors.ConnectTimeoutError):
        return Fault(
            say(
                "{host} did not take the connection in {seconds} s: timed out",
                host=host,
                seconds=f"{connect_seconds:.3g}",
            ),
            NETWORK_HINT,
        )
    if caused_by(requests.exceptions.ReadTimeout, urllib3_errors.ReadTimeoutError, TimeoutError):
        return Fault(
            say(
                "{peer} ({host}) was silent for {seconds} s: timed out",
                peer=peer.name,
                host=host,
                seconds=f"{read_seconds:.3g}",
            ),
            NETWORK_HINT,
        )
    if caused_by(ssl.SSLError, requests.exceptions.SSLError, urllib3_errors.SSLError):
        return Fault(
            say("No TLS connection to {host} could be made or kept", host=host),
            say(
                "{variable} may name a port that does not speak HTTPS, or something in between disturbs it.",
                variable=peer.variable,
            ),
        )
    if caused_by(urllib3_errors.DecodeError):
        return Fault(
            say("An answer of {peer} ({host}) cannot be decompressed", peer=peer.name, host=host), NETWORK_HINT
        )
    return Fault(
        say("The connection to {peer} ({host}) broke off before the answer was complete", peer=peer.name, host=host),
        NETWORK_HINT,
    )


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error and all that it wraps: requests and urllib3 hide the cause in `args`, `reason` or `__cause__`."""
    seen: set[int] = set()
    waiting: list[object] = [error]
    while waiting:
        cause = waiting.pop()
        if isinstance(cause, BaseException) and id(cause) not in seen:
            seen.add(id(cause))
            yield cause
            waiting += [*cause.args, getattr(cause, "reason", None), cause.__cause__]
