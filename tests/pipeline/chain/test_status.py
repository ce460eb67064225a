"""Protects the look over all companies: the worst comes first, and one that cannot be read hides no other."""

import threading
from datetime import UTC, datetime

import pytest

from cloudkasse_etl.sync.monitoring.chain.at_once import THREADS, for_each
from cloudkasse_etl.sync.monitoring.chain.company_status import CompanyStatus, Counts, State, exit_code, in_order
from cloudkasse_etl.sync.monitoring.failed_runs import LastRun
from cloudkasse_etl.sync.monitoring.open_records import OpenReport
from tests.support.chains.chain_program import ChainProgram
from tests.support.receipts.coffee_receipts import receipt


def test_the_worst_company_comes_first_and_says_what_is_the_matter(chain: ChainProgram) -> None:
    code, found = chain.call_json("status", "--all-companies")
    assert code == 0
    assert [(key, one["state"], one["last_run"]) for key, one in found["companies"].items()] == [
        ("berlin", "waiting", None),
        ("hamburg", "waiting", None),
    ]
    hamburg = chain.chain.worlds["hamburg"]
    hamburg.erp("UPDATE ART SET Bezeichnung = '' WHERE Artikelnummer = 'A1'")
    hamburg.server.store.deliver_receipts([receipt(1)])
    chain.call("sync", "--all-companies", "--here")
    code, found = chain.call_json("status", "--all-companies")
    assert code == 10
    assert [(key, one["state"]) for key, one in found["companies"].items()] == [
        ("hamburg", "action_needed"),
        ("berlin", "level"),
    ]
    told = found["companies"]["hamburg"]
    assert (told["open"] > 0, told["causes"] > 0, bool(told["cure"]), told["since"] is not None) == (True,) * 4
    assert told["last_run"]["outcome"] == "partially_successful"
    code, out, _ = chain.call("status", "--all-companies")
    lines = out.splitlines()
    assert code == 10
    assert lines[-1] == "2 companies: 1 needs a person, 1 level."
    assert [line.split()[0] for line in lines[:3]] == ["company", "hamburg", "berlin"]
    assert len(lines) == 4


def test_a_broken_company_and_one_that_cannot_be_read_come_before_all_others(chain: ChainProgram) -> None:
    assert chain.call("sync", "--all-companies", "--here")[0] == 0
    (chain.chain.folder / "hamburg" / "erp.db").write_bytes(b"no database" * 1000)
    code, found = chain.call_json("status", "--all-companies")
    assert (code, next(iter(found["companies"]))) == (20, "hamburg")
    assert found["companies"]["hamburg"]["state"] == "unreachable"
    assert found["companies"]["berlin"]["state"] == "level"
    chain.chain.worlds["berlin"].settings["timezone"] = "nowhere"
    code, found = chain.call_json("status", "--company", "hamburg", "--company", "berlin")
    assert (code, list(found["companies"])) == (2, ["berlin", "hamburg"])
    assert "berlin.yaml:" in found["companies"]["berlin"]["message"]
    assert found["companies"]["berlin"]["cure"]
    code, _, said = chain.call("status", "--company", "berlin")
    assert (code, "berlin.yaml:" in said) == (2, True)


def test_of_one_company_there_is_one_line(chain: ChainProgram) -> None:
    chain.call("sync", "--company", "berlin")
    code, out, _ = chain.call("status", "--company", "berlin")
    assert code == 0
    assert out.startswith("level · successful, ")
    assert len(out.splitlines()) == 1
    assert chain.call_json("status", "--company", "berlin")[1]["state"] == "level"


def test_failed_comes_before_open_and_the_exit_code_is_that_of_the_worst() -> None:
    failed = LastRun("all", datetime(2026, 7, 1, tzinfo=UTC), "failed", "The till is silent.")
    worked = LastRun("all", datetime(2026, 7, 1, tzinfo=UTC), "successful", "")
    statuses = [
        CompanyStatus("level", OpenReport("en", last_run=worked)),
        CompanyStatus("failed", OpenReport("en", last_run=failed)),
        CompanyStatus("new", OpenReport("en")),
    ]
    assert [one.company for one in in_order(statuses)] == ["failed", "new", "level"]
    assert exit_code(statuses) == 20
    assert exit_code(statuses[::2]) == 0
    assert statuses[1].cure == "The till is silent."
    assert statuses[1].since == failed.ended_at
    assert Counts.of(statuses).by_state[State.LEVEL] == 1


def test_a_company_that_hangs_holds_up_none() -> None:
    released = threading.Event()
    hanging: set[str] = set()

    def look(company: str) -> str:
        if company.startswith("hangs"):
            released.wait()
        return company

    stuck = [f"hangs{number}" for number in range(THREADS)]
    answers = for_each(look, [*stuck, "well"], hanging=hanging, seconds_a_company=0.1)
    assert [answer.company for answer in answers if answer.error is None] == ["well"]
    assert hanging == {*stuck}
    released.set()


@pytest.mark.parametrize("error", [ValueError("odd")])
def test_an_unforeseen_fault_is_told_as_that_companys(error: Exception) -> None:
    def look(company: str) -> str:
        if company == "odd":
            raise error
        return company

    found = {answer.company: answer for answer in for_each(look, ["odd", "well"])}
    assert "ValueError: odd" in str(found["odd"].error)
    assert found["well"].found == "well"
