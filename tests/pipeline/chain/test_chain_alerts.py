"""Protects people's attention in a chain: one cause in many companies is one entry, and no company hides another's."""

import datetime as dt
from collections.abc import Iterator

import dagster as dg
import pytest

from assets.automation import alerts
from cloudkasse_etl.alerting.message import BrokenSettings, FailedRun, RejectionCause, compose
from cloudkasse_etl.rejections.rejection import Rejection
from cloudkasse_etl.rejections.stuck_money import StuckMoney
from tests.support.chains.chain_program import ChainProgram
from tests.support.servers.receivers import Webhook

WRONG_GTIN = "UPDATE ART SET EANNummer = '4006381333932' WHERE Artikelnummer = 'A1'"
RIGHT_GTIN = "UPDATE ART SET EANNummer = '' WHERE Artikelnummer = 'A1'"


@pytest.fixture
def webhook(chain: ChainProgram, monkeypatch: pytest.MonkeyPatch) -> Iterator[Webhook]:
    chain.chain.shared["alerts"] = {"webhook": True}
    with Webhook() as server:
        monkeypatch.setenv("CLOUDKASSE_ALERT_WEBHOOK_URL", server.url)
        chain.chain.more["CLOUDKASSE_ALERT_WEBHOOK_URL"] = server.url
        yield server


class Looking:
    """The sensor, tick by tick."""

    def __init__(self, chain: ChainProgram, history: dg.DagsterInstance, webhook: Webhook) -> None:
        self._chain, self._history, self._webhook = chain, history, webhook
        self._cursor: str | None = None

    def tick(self) -> list[str]:
        """What was sent by this tick."""
        before = len(self._webhook.texts)
        found = self._chain.tick(self._history, "alerts", self._cursor)
        self.said = str(found.skip_reason)
        self._cursor = found.cursor
        return list(self._webhook.texts[before:])


@pytest.fixture
def looking(chain: ChainProgram, history: dg.DagsterInstance, webhook: Webhook) -> Looking:
    return Looking(chain, history, webhook)


def test_one_cause_in_two_companies_is_one_entry_and_a_later_one_is_told_then(
    chain: ChainProgram, looking: Looking
) -> None:
    worlds = chain.chain.worlds
    for world in worlds.values():
        world.erp(WRONG_GTIN)
    chain.call("sync", "--all-companies", "--here")
    (text,) = looking.tick()
    assert text.startswith("Till synchronisation (2 companies): 2 rejected for 1 new cause")
    assert text.count("cloud.gtin_invalid · 2") == 1
    assert "Companies: berlin, hamburg" in text
    assert looking.tick() == []
    worlds["hamburg"].erp(RIGHT_GTIN)
    chain.call("sync", "--all-companies", "--here")
    assert looking.tick() == []
    worlds["hamburg"].erp(WRONG_GTIN)
    chain.call("sync", "--all-companies", "--here")
    (text,) = looking.tick()
    assert text.startswith("Till synchronisation hamburg: 1 rejected for 1 new cause")
    assert "berlin" not in text


def test_broken_settings_are_told_once_and_again_when_they_break_again(chain: ChainProgram, looking: Looking) -> None:
    settings = chain.chain.worlds["berlin"].settings
    assert looking.tick() == []
    for _ in range(2):
        settings["timezone"] = "nowhere"
        (text,) = looking.tick()
        assert text.startswith("Till synchronisation berlin: settings broken")
        assert "berlin.yaml:" in text
        assert looking.tick() == []
        settings["timezone"] = "Europe/Berlin"
        assert looking.tick() == []


def test_a_company_that_cannot_be_reached_holds_up_no_other_and_is_told_once_it_is_back(
    chain: ChainProgram, looking: Looking
) -> None:
    for world in chain.chain.worlds.values():
        world.erp(WRONG_GTIN)
    chain.call("sync", "--all-companies", "--here")
    file = chain.chain.folder / "berlin" / "erp.db"
    whole = file.read_bytes()
    file.write_bytes(b"no database" * 1000)
    (text,) = looking.tick()
    assert text.startswith("Till synchronisation hamburg: 1 rejected")
    assert "berlin: " in looking.said
    file.write_bytes(whole)
    (text,) = looking.tick()
    assert text.startswith("Till synchronisation berlin: 1 rejected")
    assert looking.tick() == []


def test_what_could_not_be_delivered_is_delivered_later(
    chain: ChainProgram, looking: Looking, webhook: Webhook
) -> None:
    chain.chain.worlds["berlin"].erp(WRONG_GTIN)
    chain.chain.worlds["hamburg"].settings["timezone"] = "nowhere"
    chain.call("sync", "--all-companies", "--here")
    webhook.status = 503
    looking.tick()
    assert "Tried again" in looking.said
    webhook.status = 200
    (text,) = looking.tick()
    assert "berlin.yaml" not in text
    for words in ("1 rejected for 1 new cause", "settings broken", "hamburg.yaml:", "Company: berlin"):
        assert words in text
    assert looking.tick() == []


def test_runs_that_fail_for_the_same_reason_are_one_entry(chain: ChainProgram, looking: Looking) -> None:
    chain.chain.shared["automation"] = {"retries": 0}
    chain.call("sync", "--all-companies", "--here")
    looking.tick()
    for world in chain.chain.worlds.values():
        world.server.__exit__(None)
    chain.call("sync", "--all-companies", "--here")
    (text,) = looking.tick()
    assert text.startswith("Till synchronisation (2 companies): synchronisation failed")
    assert text.count("A synchronisation failed") == 1
    assert "Companies: berlin, hamburg" in text
    assert looking.tick() == []


def test_a_run_that_is_tried_again_is_told_only_once_nothing_tries_it(
    chain: ChainProgram, looking: Looking, monkeypatch: pytest.MonkeyPatch
) -> None:
    chain.call("sync", "--all-companies", "--here")
    looking.tick()
    chain.chain.worlds["berlin"].server.__exit__(None)
    chain.call("sync", "--company", "berlin")
    monkeypatch.setattr(alerts, "OVERLAP", dt.timedelta(0))
    # as one that the UI started: a command's run is not tried again
    due = {dg.DagsterRunStatus.FAILURE: dt.datetime.now(dt.UTC)}
    monkeypatch.setattr(alerts, "due_at", lambda record, automation: due.get(record.dagster_run.status))
    assert [looking.tick() for _ in range(3)] == [[], [], []]
    due.clear()
    (text,) = looking.tick()
    assert text.startswith("Till synchronisation berlin: synchronisation failed")


def test_of_fifty_companies_ten_are_named_and_money_is_summed_by_currency() -> None:
    companies = [f"shop{number:02}" for number in range(50)]
    money = StuckMoney.sum_of([StuckMoney(2, {"EUR": 1000}), StuckMoney(1, {"CHF": 500}), StuckMoney(1, {"EUR": 1})])
    cause = RejectionCause("receipts", "account_missing", 4, [Rejection("receipts", "r1", "odd", {})], money, companies)
    failed = FailedRun("0" * 36, ["all"], "2026-07-01 09:05", "The till is silent.", companies[:1])
    broken = BrokenSettings(companies[:3], "berlin.yaml:1: odd")
    body = compose("(50 companies)", [failed], [cause], "en", broken=[broken], is_chain=True).body
    assert f"Companies: {', '.join(companies[:10])} and 40 more" in body
    assert "10.01 €" in body
    assert "CHF" in body
    assert "Company: shop00\n" in f"{body}\n"
    assert "Companies: shop00, shop01, shop02\n" in body
