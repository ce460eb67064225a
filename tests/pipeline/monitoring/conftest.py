"""A shop that tells both receivers of what goes wrong."""

from collections.abc import Iterator

import pytest

from tests.support.programs import Program
from tests.support.servers.receivers import MailServer, Webhook
from tests.support.worlds import World


@pytest.fixture
def mail() -> Iterator[MailServer]:
    with MailServer() as server:
        yield server


@pytest.fixture
def webhook() -> Iterator[Webhook]:
    with Webhook() as server:
        yield server


@pytest.fixture
def shop(program: Program, mail: MailServer, webhook: Webhook, monkeypatch: pytest.MonkeyPatch) -> World:
    """The program's world, which tells both receivers."""
    program.world.settings["alerts"] = {
        "email": {
            "host": "127.0.0.1",
            "port": mail.port,
            "security": "none",
            "sender": "kasse@example.org",
            "recipients": ["anna@example.org", "bert@example.org"],
        },
        "webhook": True,
    }
    program.world.more_environment["CLOUDKASSE_ALERT_WEBHOOK_URL"] = webhook.url
    monkeypatch.setenv("CLOUDKASSE_ALERT_WEBHOOK_URL", webhook.url)
    return program.world
