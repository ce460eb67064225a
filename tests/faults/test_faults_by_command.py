"""Protects whoever types `sync` while cloud, proxy or network fail: exit code, plain sentence, an end after few tries.

What becomes of shop and books is the matrix's affair; here it is what a person at a terminal meets.
"""

import time

import pytest

from cloudkasse_etl.http import transport
from cloudkasse_etl.sandbox.faults.cloud_faults import Fault
from cloudkasse_etl.sandbox.faults.fault_plan import FaultPlan
from cloudkasse_etl.sandbox.till.selling import sell
from tests.support.programs import Program
from tests.support.torture.torture_figures import LONG, Promise, record
from tests.support.worlds import TOKEN

# Master data, receipts, closings: each goes on by itself.
CHAINS = 3
API = {"connections": 2, "connect_seconds": 120, "read_seconds": 0.3, "attempts": 3, "retry_seconds": 2}
PLAIN = {"0": "uccessful", "10": "artially successful", "20": "ailed"}

# What a command ends with where every request goes wrong in one way. What is not here passes: the answer can be used.
BREAKS = {
    Fault.RATE_LIMITED: "429",
    Fault.UNAVAILABLE: "503",
    Fault.SERVER_ERROR: "500",
    Fault.PROXY_PAGE: "",
    Fault.CUT_BODY: "",
    Fault.CLOSED_BEFORE: "connection",
    Fault.CLOSED_AFTER: "connection",
    Fault.SLOW: "timed out",
    Fault.STANDING_CURSOR: "in a circle",
}
SHORT = [Fault.CLOSED_AFTER]


@pytest.mark.synced
@pytest.mark.parametrize("fault", list(Fault) if LONG else SHORT)
def test_a_command_says_what_is_wrong_and_the_next_one_heals(
    program: Program, fault: Fault, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transport, "BACKOFF_LIMIT_SECONDS", 0.02)
    world = program.world
    world.settings["api"] = API
    world.erp("UPDATE ART SET Bezeichnung = 'neu'")
    sell(world.server.store, days=1, receipts=20, seed=1)
    world.server.control.set(FaultPlan.parse(f"{fault}:1,seed=1,slow_seconds=0.5,retry_after_seconds=0"))
    began = time.monotonic()
    code, out, err = program.call("sync")
    seconds, tries = time.monotonic() - began, world.server.control.done.total()
    world.server.control.set(FaultPlan())
    if fault in BREAKS:
        assert code == 20, out
        assert BREAKS[fault] in out
        assert tries <= CHAINS * API["attempts"]  # what cannot be had is given up
    assert PLAIN[str(code)] in out
    for inside in (TOKEN, "Traceback", "Error(", "<html", "urllib3", "object at 0x"):
        assert inside not in out + err
    healed, report = program.call_json("sync", "--retry-rejected")
    assert healed in (0, 10), report
    if LONG:
        assert program.call_json("sync")[1]["outcome"] == "no_new_data"
    record(Promise.PLAIN_WORDS, 1, 0, 0, faults=str(fault), seconds=round(seconds, 1), database="SQLite")
