"""Protects runs on several machines: a worker is killed and the broker goes away, and no run is lost or done twice."""

import json
import re
import threading
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any

import dagster as dg
import pytest

from assets.instance import tags
from assets.instance.runs import takes_from_the_queue
from tests.support.books import deliver, sale, sell_at_two_registers, tables
from tests.support.chains.celery_engine import CeleryEngine, Machine, answered, celery_engine
from tests.support.chains.small_chain import Chain, small_chain
from tests.support.patience import HANG_SECONDS, wait_until
from tests.support.servers.doorman import Doorman
from tests.support.torture.torture_figures import LONG, Promise, record
from tests.support.worlds import TOKEN

pytest.importorskip("dagster_celery", reason="the extra celery is not installed")
pytest.importorskip("dagster_postgres", reason="the extra dagster-postgres is not installed")

COMPANIES = ("berlin", "hamburg", "koeln")
TASK = "dagster-celery/task_id"
START_TIMEOUT = 45 if LONG else 300
OVER = (dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED)


class Gate:
    """Before berlin's till: while it is closed, whatever is to be written there waits."""

    def __init__(self) -> None:
        self.opened, self.reached = threading.Event(), threading.Event()
        self.opened.set()

    def pass_by(self, method: str, _: str) -> None:
        if method == "POST":
            self.reached.set()
            self.opened.wait(HANG_SECONDS)

    def close(self) -> None:
        self.reached.clear()
        self.opened.clear()


@pytest.fixture
def gate() -> Gate:
    return Gate()


@pytest.fixture
def engine(tmp_path: Any, postgres_url: str, gate: Gate, monkeypatch: pytest.MonkeyPatch) -> Iterator[CeleryEngine]:
    """Three companies, a daemon, and the workers `a` and `b`."""
    with small_chain(tmp_path, *COMPANIES) as chain:
        berlin = chain.worlds["berlin"]
        for key, world in chain.worlds.items():
            sell_at_two_registers(world)
            world.settings["receipts"]["import"] = "direct"
            world.settings["company"] = {**world.settings.get("company", {}), "number": key}
            world.state_url = postgres_url
        chain.shared |= {"automation": {"retries": 3, "retry_minutes": [0.05]}}

        with Doorman(berlin.server.url, gate.pass_by) as doorman:
            berlin.more_environment["CLOUDKASSE_API_URL"] = doorman.url
            monitoring = {"start_timeout_seconds": START_TIMEOUT}
            with celery_engine(chain, tmp_path, postgres_url, run_monitoring=monitoring) as made:
                for name, value in made.start_daemon().environment.items():
                    if name.startswith(("CLOUDKASSE_", "CELERY_", "DAGSTER_")):
                        monkeypatch.setenv(name, value)
                made.start_worker("a")
                made.start_worker("b")
                try:
                    yield made
                finally:
                    gate.opened.set()


@pytest.fixture
def history(engine: CeleryEngine) -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.from_config(str(engine.machines["front"].folder / "dagster")) as opened:
        yield opened


def sync(engine: CeleryEngine) -> tuple[int, dict[str, str]]:
    """Synchronises all companies by the queue; the exit code and the outcomes."""
    return outcomes(answered(engine.command("sync", "--all-companies", "--json")))


def outcomes(answer: tuple[int, str, str]) -> tuple[int, dict[str, str]]:
    code, out, err = answer
    assert out, err
    return code, {key: told["outcome"] for key, told in json.loads(out)["companies"].items()}


def first_sync(engine: CeleryEngine, history: dg.DagsterInstance) -> tuple[int, dict[str, str]]:
    """The same, as soon as the daemon is there."""
    wait_until(lambda: takes_from_the_queue(history), "the daemon takes no runs from the queue")
    return sync(engine)


def change(chain: Chain, name: str, receipt: int) -> None:
    """Each company calls an article otherwise, and sells something."""
    for world in chain.worlds.values():
        deliver(world, sale(receipt))
        world.erp("UPDATE ART SET Bezeichnung = :name WHERE Artikelnummer = 'A1'", {"name": name})


def run_of(history: dg.DagsterInstance, company: str, *statuses: dg.DagsterRunStatus, **more: str) -> Any:
    """The latest run of a company in one of these states; None where there is none."""
    wanted = dg.RunsFilter(tags={**tags.of_company(company), **more}, statuses=statuses or None)
    return next(iter(history.get_runs(wanted, limit=1)), None)


def said(history: dg.DagsterInstance, run_id: str) -> str:
    return "\n".join(entry.user_message or entry.message for entry in history.all_logs(run_id))


def machine_of(engine: CeleryEngine, history: dg.DagsterInstance, run_id: str) -> Machine:
    """Where a run goes on."""
    pid = re.search(r"\(pid: (\d+)\)", said(history, run_id))
    assert pid
    (found,) = [machine for machine in engine.machines.values() if machine.holds(int(pid[1]))]
    return found


def hang(engine: CeleryEngine, gate: Gate, history: dg.DagsterInstance) -> tuple[Any, str]:
    """Synchronises all, until berlin's run waits for its till: the command, and the run's id."""
    gate.close()
    command = engine.command("sync", "--all-companies", "--json")

    wait_until(gate.reached.is_set, "berlin's run writes nothing")
    return command, run_of(history, "berlin", dg.DagsterRunStatus.STARTED).run_id


def retried(history: dg.DagsterInstance, run_id: str, company: str = "berlin") -> dg.DagsterRun:
    """The run that was started in the place of a failed one, once it has ended."""

    def ended() -> Any:
        return run_of(history, company, *OVER, **{tags.PARENT: run_id})

    found: dg.DagsterRun = wait_until(ended, f"the run {run_id} was not started again")
    return found


def all_are_level(engine: CeleryEngine, name: str) -> None:
    """Fails unless each till holds what its ERP holds, and nothing was written twice."""
    assert sync(engine) == (0, dict.fromkeys(COMPANIES, "no_new_data"))
    for world in engine.chain.worlds.values():
        articles = world.cloud("articles")
        assert {*articles} == {"A1", "A2", "A3", "A4", "A5"}
        assert articles["A1"]["name"] == name
    # all receipts are alike, and the first ones were booked before anything broke
    booked = Counter((row["company"], row["receipt_number"]) for row in tables(world)["posting"])
    assert {*booked} == {(company, number) for company in COMPANIES for number in (1, 2, 3)}
    assert len({*booked.values()}) == 1
    record(Promise.KILLED_ANYWHERE, len(COMPANIES), 0, 0, database="PostgreSQL")


def test_a_worker_is_killed_and_the_broker_goes_away_and_all_are_level_in_the_end(
    engine: CeleryEngine, gate: Gate, history: dg.DagsterInstance
) -> None:
    for world in engine.chain.worlds.values():
        deliver(world, sale(1))
    assert first_sync(engine, history) == (0, dict.fromkeys(COMPANIES, "successful"))
    protocols = [name for machine in engine.machines.values() for name in machine.protocols if name.endswith(".csv")]
    assert len(protocols) == len({*protocols}) == len(COMPANIES)  # each run went on in one place

    change(engine.chain, "Worker getötet", 2)
    command, run_id = hang(engine, gate, history)
    killed = machine_of(engine, history, run_id)
    killed.kill()
    died_at = time.monotonic()
    wait_until(lambda: run_of(history, "berlin", dg.DagsterRunStatus.FAILURE), "the dead run is not marked")
    record(Promise.KILLED_ANYWHERE, 1, 0, 0, database="PostgreSQL", seconds=time.monotonic() - died_at)
    gate.opened.set()
    code, found = outcomes(answered(command))
    assert (code, found.pop("berlin")) == (20, "failed")
    assert {*found.values()} == {"successful"}
    assert "process of this run ended" in said(history, run_id)
    assert retried(history, run_id).status is dg.DagsterRunStatus.SUCCESS

    engine.start_worker(killed.name)
    change(engine.chain, "Broker weg", 3)
    engine.broker.kill()
    command = engine.command("sync", "--all-companies", "--json")

    def put_back() -> Any:
        waiting = history.get_runs(dg.RunsFilter(statuses=[dg.DagsterRunStatus.QUEUED]))
        return any("The broker cannot be reached" in str(history.all_logs(run.run_id)) for run in waiting)

    wait_until(put_back, "no run was put back into the queue")
    engine.broker.start()
    assert outcomes(answered(command)) == (0, dict.fromkeys(COMPANIES, "successful"))
    all_are_level(engine, "Broker weg")
    written = engine.broker.written()
    assert f'"pipeline_run_id": "{run_id}"' in written
    for secret in (TOKEN, engine.variables["DAGSTER_POSTGRES_URL"], engine.variables["CLOUDKASSE_ERP_URL"]):
        assert secret not in written


@pytest.mark.skipif(not LONG, reason="long form")
def test_a_run_is_cancelled_where_it_goes_on_and_what_the_broker_forgot_begins_again(
    engine: CeleryEngine, gate: Gate, history: dg.DagsterInstance
) -> None:
    for world in engine.chain.worlds.values():
        deliver(world, sale(1))
    assert first_sync(engine, history) == (0, dict.fromkeys(COMPANIES, "successful"))
    change(engine.chain, "Abgebrochen", 2)
    command, run_id = hang(engine, gate, history)
    assert history.run_coordinator.cancel_run(run_id)
    gate.opened.set()
    code, found = outcomes(answered(command))
    assert (code, found["berlin"]) == (20, "failed")
    assert run_of(history, "berlin").status is dg.DagsterRunStatus.CANCELED
    assert sync(engine)[0] == 0

    for name in ("a", "b"):
        engine.machines[name].kill()
    change(engine.chain, "Vergessen", 3)
    command = engine.command("sync", "--all-companies", "--json")
    starting = dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTING])

    def are_sent() -> bool:
        sent = [run for run in history.get_runs(starting) if TASK in run.tags]
        return len(sent) == len(COMPANIES)

    wait_until(are_sent, "the runs are not on their way")
    engine.broker.forget()
    engine.broker.start()
    for name in ("a", "b"):
        engine.start_worker(name)
    code, found = outcomes(answered(command))
    assert (code, {*found.values()}) == (20, {"failed"})
    for company in COMPANIES:
        lost = next(run for run in history.get_runs(dg.RunsFilter(tags=tags.of_company(company))) if is_lost(run))
        assert retried(history, lost.run_id, company).status is dg.DagsterRunStatus.SUCCESS
    all_are_level(engine, "Vergessen")


def is_lost(run: dg.DagsterRun) -> bool:
    return run.status is dg.DagsterRunStatus.FAILURE and tags.was_lost(run.run_id, run.tags)
