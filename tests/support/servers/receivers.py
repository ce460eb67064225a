"""Receivers of alerts to test with: a real SMTP server and a real webhook, each on a socket of this machine."""

import base64
import contextlib
import email
import email.policy
import json
import shutil
import socket
import socketserver
import ssl
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self

from tests.support.servers.background import InBackground


@dataclass
class MailServer(InBackground):
    """An SMTP server that keeps what it is given.

    Attributes:
        certificate: PEM file with key and certificate; with it, STARTTLS is offered.
        implicit: TLS from the first byte on, as port 465 has it.
        refuse: Recipients that it does not take.
        login: What AUTH PLAIN must bring (user, password); anything else is refused.
        broken: Answers every mail with 451.
        mails: What it took.
    """

    certificate: Path | None = None
    implicit: bool = False
    refuse: tuple[str, ...] = ()
    login: tuple[str, str] | None = None
    broken: bool = False
    port: int = 0
    mails: list[EmailMessage] = field(default_factory=list)
    recipients: list[list[str]] = field(default_factory=list)

    def __enter__(self) -> Self:
        server = self

        class Handler(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                server.speak(self.request)

        class Server(socketserver.ThreadingTCPServer):
            allow_reuse_address = True
            daemon_threads = True

            def handle_error(self, request: Any, client_address: Any) -> None:
                pass  # a client that does not like our certificate hangs up

        self.listen(Server(("127.0.0.1", self.port), Handler))
        return self

    def speak(self, connection: socket.socket) -> None:
        with contextlib.ExitStack() as opened, contextlib.suppress(OSError):
            self._converse(connection, opened)

    def _converse(self, connection: socket.socket, opened: contextlib.ExitStack) -> None:
        if self.implicit:
            connection = opened.enter_context(self._wrapped(connection))
        file = opened.enter_context(connection.makefile("rb"))
        say: Callable[[str], None] = lambda text: connection.sendall(f"{text}\r\n".encode())  # noqa: E731
        to: list[str] = []
        trusted = self.login is None
        say("220 test ESMTP")
        while line := file.readline().decode().strip():
            verb = line.partition(" ")[0].upper()
            if verb == "EHLO":
                offers = ["STARTTLS"] if self.certificate and not self.implicit else []
                offers += ["AUTH PLAIN"] if self.login else []
                for offer in ["test", *offers][:-1]:
                    say(f"250-{offer}")
                say(f"250 {['test', *offers][-1]}")
            elif verb == "STARTTLS":
                say("220 go on")
                connection = opened.enter_context(self._wrapped(connection))
                file = opened.enter_context(connection.makefile("rb"))
            elif verb == "AUTH":
                _, user, password = base64.b64decode(line.split(" ")[2]).decode().split("\0")
                trusted = (user, password) == self.login
                # a server may well repeat what it was sent
                say("235 welcome" if trusted else f"535 {user} {password} is wrong")
            elif verb == "MAIL":
                to = []
                say("250 ok" if trusted else "530 log in first")
            elif verb == "RCPT":
                address = line.partition("<")[2].partition(">")[0]
                if address in self.refuse:
                    say("550 no such user")
                else:
                    to.append(address)
                    say("250 ok")
            elif verb == "DATA":
                say("354 go on")
                data = b""
                while (part := file.readline()) != b".\r\n":
                    data += part
                if self.broken:
                    say("451 try later")
                    continue
                parsed = email.message_from_bytes(data, policy=email.policy.default)
                assert isinstance(parsed, EmailMessage)
                self.mails.append(parsed)
                self.recipients.append(to)
                say("250 taken")
            elif verb == "QUIT":
                say("221 bye")
                return
            else:
                say("250 ok")

    def _wrapped(self, connection: socket.socket) -> socket.socket:
        assert self.certificate is not None
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate)
        return context.wrap_socket(connection, server_side=True)


@dataclass
class Webhook(InBackground):
    """A webhook that keeps what it is given.

    Attributes:
        status: What it answers to a POST.
        texts: The `text` of each message it took.
    """

    status: int = 200
    port: int = 0
    path: str = "/services/T0/B0/a-secret-of-the-webhook"
    texts: list[str] = field(default_factory=list)
    requests: list[tuple[str, str]] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}{self.path}"

    def __enter__(self) -> Self:
        webhook = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                webhook.requests.append(("POST", self.path))
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                if webhook.status == 200:
                    assert list(body) == ["text"]
                    webhook.texts.append(body["text"])
                self._answer(webhook.status)

            def do_HEAD(self) -> None:
                webhook.requests.append(("HEAD", self.path))
                self._answer(405)

            def _answer(self, status: int) -> None:
                self.send_response(status)
                self.send_header("Location", "/elsewhere")
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *arguments: Any) -> None:
                pass

        self.listen(ThreadingHTTPServer(("127.0.0.1", self.port), Handler))
        return self


def make_certificate(folder: Path) -> Path | None:
    """Key and certificate for 127.0.0.1 in one PEM file; None without openssl."""
    if shutil.which("openssl") is None:
        return None
    key, certificate, both = folder / "key.pem", folder / "cert.pem", folder / "both.pem"
    command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=test"
    names = ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(certificate)]
    subprocess.run([*command.split(), *names], check=True, capture_output=True)
    both.write_text(key.read_text() + certificate.read_text())
    return both
