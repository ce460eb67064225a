"""The UI as `cloudkasse-etl ui` opens it, asked as a browser asks it, and the one that several files share."""

import json
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import psutil
import pytest

from assets.cli.demo.demo_server import is_free
from assets.cli.group import run
from assets.instance import runs
from tests.support.patience import HANG_SECONDS, wait_until
from tests.support.programs import Program, program_in
from tests.support.servers.receivers import MailServer, Webhook
from tests.support.worlds import TOKEN, World, small_world

SELECTOR = {"repositoryName": "__repository__", "repositoryLocationName": runs.LOCATION}
PASSWORD = "a-password-of-the-mail-server"
SECRETS = (PASSWORD, "a-secret-of-the-webhook", TOKEN)
UI_URL = "http://127.0.0.1:3000"  # what messages name
AUTOMATION = {
    "receipts": {
        "every_minutes": 1,
        "opens": "00:00",
        "closes": "23:59",
        "days": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"],
    },
    "look_seconds": 10,
    "retries": 1,
    "retry_minutes": [0.05],
}
WRONG_GTIN = "UPDATE ART SET EANNummer = '4006381333932' WHERE Artikelnummer = 'A1'"
GOOD_NAME = "UPDATE ART SET Bezeichnung = 'Geht durch' WHERE Artikelnummer = 'A5'"
OVER = ("SUCCESS", "FAILURE", "CANCELED")


class Ui:
    """The UI of one program, asked as a browser asks it."""

    def __init__(self, program: Program, url: str) -> None:
        self.program = program
        self.url = url

    def ask(self, query: str, **variables: Any) -> Any:
        body = json.dumps({"query": query, "variables": variables}).encode()
        request = Request(f"{self.url}/graphql", body, {"Content-Type": "application/json"})
        with urlopen(request, timeout=HANG_SECONDS) as answer:
            told = json.load(answer)
        assert "errors" not in told, told
        return told["data"]

    def launch(self, job: str, **more: Any) -> str:
        """Starts a run as the launchpad does; returns its id."""
        launched = self.ask(
            """mutation ($parameters: ExecutionParams!) { launchPipelineExecution(executionParams: $parameters) {
                 __typename ... on LaunchRunSuccess { run { runId } } ... on PythonError { message }
                 ... on RunConfigValidationInvalid { errors { message } } } }""",
            parameters={
                "selector": {**SELECTOR, "pipelineName": job, **more.pop("selection", {})},
                "runConfigData": more.pop("config", {}),
                "mode": "default",
            },
        )["launchPipelineExecution"]
        assert launched["__typename"] == "LaunchRunSuccess", launched
        return str(launched["run"]["runId"])

    def launch_again(self, run_id: str) -> str:
        """Starts a whole run again as its page does; returns the new run's id."""
        again = self.ask(
            """mutation ($id: String!) { launchPipelineReexecution(
                 reexecutionParams: {parentRunId: $id, strategy: ALL_STEPS}) {
                   __typename ... on LaunchRunSuccess { run { runId } } ... on PythonError { message } } }""",
            id=run_id,
        )["launchPipelineReexecution"]
        assert again["__typename"] == "LaunchRunSuccess", again
        return str(again["run"]["runId"])

    def run(self, run_id: str) -> Any:
        found = self.ask(
            """query ($id: ID!) { runOrError(runId: $id) { ... on Run {
                 runId status jobName tags { key value } parentRunId
                 repositoryOrigin { repositoryName repositoryLocationName } } } }""",
            id=run_id,
        )["runOrError"]
        return {**found, "tags": {tag["key"]: tag["value"] for tag in found["tags"]}}

    def ended(self, run_id: str) -> Any:
        """The run once it has ended."""
        return wait_until(lambda: (run := self.run(run_id))["status"] in OVER and run, f"run {run_id} has not ended")

    def past(self, run_id: str) -> Any:
        """The run as the history tells it; the UI shows but two of its tags, and its GraphQL no hidden ones."""
        told = self.program.start("history", "--json").communicate(timeout=HANG_SECONDS)[0]
        return next(run for run in json.loads(told)["runs"] if run["run_id"] == run_id)

    def told(self, run_id: str, event: str) -> str:
        """What a run's log says in the events of a kind."""
        found = self.ask(
            """query ($id: ID!) { logsForRun(runId: $id) { ... on EventConnection { events { __typename
                 ... on MessageEvent { message } } } } }""",
            id=run_id,
        )["logsForRun"]["events"]
        return " ".join(entry["message"] for entry in found if entry["__typename"] == event)

    def runs_of_job(self, job: str) -> list[str]:
        """The ids of the runs on a job's page, newest first."""
        found = self.ask(
            """query ($selector: PipelineSelector!) { pipelineOrError(params: $selector) {
                 ... on Pipeline { runs { runId } } } }""",
            selector={**SELECTOR, "pipelineName": job},
        )
        return [run["runId"] for run in found["pipelineOrError"]["runs"]]


def _free_port() -> int:
    """A port that stays free until the UI takes it, ten seconds later.

    None that the system hands out: it could give the same one to another UI, or to any connection, in the meantime.
    """
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    for port in range(20_000 + 100 * worker, 20_100 + 100 * worker):
        if is_free(port):
            return port
    pytest.fail("no port is free for the UI")


@contextmanager
def ui_of(world: World) -> Iterator[Ui]:
    """The UI of a shop as it is. This process's environment stays as it is: commands are started with their own."""
    with pytest.MonkeyPatch.context() as patch, program_in(world, patch) as program:
        pass
    port = _free_port()
    process = program.start("ui", "--port", str(port))
    try:
        opened = Ui(program, f"http://127.0.0.1:{port}")

        def is_ready() -> bool:
            assert process.poll() is None, process.communicate()
            try:
                return bool(opened.ask("{ assetNodes { id } }")["assetNodes"])
            except OSError:
                return False

        wait_until(is_ready, "the UI does not answer")
        yield opened
    finally:
        family = psutil.Process(process.pid).children(recursive=True)
        process.terminate()
        out, err = process.communicate(timeout=HANG_SECONDS)
        alive = [child for child in family if child.is_running() and child.status() != psutil.STATUS_ZOMBIE]
        assert not alive, "`ui` left children behind"
        assert process.returncode == 0, err
        assert not [secret for secret in SECRETS if secret in out + err]
        assert not [line for line in err.splitlines() if "DEBUG" in line or "STEP_FAILURE" in line], err


def sync_by_command(program: Program, *arguments: str) -> Any:
    process = program.start("sync", *arguments, "--json")
    out, err = process.communicate(timeout=HANG_SECONDS)
    assert process.returncode in (0, 10), err
    return json.loads(out)


@dataclass(frozen=True)
class SharedUi:
    """What stands around the UI that several files share.

    Attributes:
        ui: The UI; everything is up already.
        mail, webhook: Those who are told of failures.
        old_run: A run that was years ago when the UI started.
        refused_run: A later run of a command, before the UI started; an article was refused.
    """

    ui: Ui
    mail: MailServer
    webhook: Webhook
    old_run: str
    refused_run: str


@contextmanager
def shared_ui_in(folder: Path) -> Iterator[SharedUi]:
    """A small shop that does all by itself that it can: a UI takes five processes and many seconds to start."""
    with small_world(folder) as world, MailServer() as mail, Webhook() as webhook:
        world.settings |= {
            "automation": AUTOMATION,
            "history": {"keep_days": 30},
            "alerts": {
                "email": {
                    "host": "127.0.0.1", "port": mail.port, "security": "none",
                    "sender": "kasse@example.org", "recipients": ["anna@example.org"],
                },
                "webhook": True,
                "ui_url": UI_URL,
            },
        }  # fmt: skip
        world.more_environment |= {
            "CLOUDKASSE_ALERT_WEBHOOK_URL": webhook.url,
            "CLOUDKASSE_SMTP_PASSWORD": PASSWORD,
        }
        with pytest.MonkeyPatch.context() as patch, program_in(world, patch) as program:
            old_run, refused_run = _two_commands(program)
        with ui_of(world) as ui:
            yield SharedUi(ui, mail, webhook, old_run, refused_run)


def _two_commands(program: Program) -> tuple[str, str]:
    """Synchronises, lets years go by, and synchronises again; returns the runs' ids."""

    def sync(code: int) -> str:
        program.world.configuration()
        assert run(["sync"]) == code
        with program.instance() as instance:
            return instance.get_runs(limit=1)[0].run_id

    old_run = sync(0)
    with closing(sqlite3.connect(program.home.storage / "history" / "runs.db")) as database, database:
        database.execute("UPDATE runs SET create_timestamp = '2020-01-01', update_timestamp = '2020-01-01'")
    program.world.erp(WRONG_GTIN)
    program.world.erp(GOOD_NAME)
    return old_run, sync(10)


def switch(ui: Ui, kind: str, name: str, *, on: bool) -> None:
    """Switches a schedule or sensor on or off, as its switch in the UI does."""
    if on:
        start = {"Schedule": "startSchedule(scheduleSelector: $s)", "Sensor": "startSensor(sensorSelector: $s)"}[kind]
        query = f"mutation ($s: {kind}Selector!) {{ {start} {{ __typename ... on PythonError {{ message }} }} }}"
        told = ui.ask(query, s={**SELECTOR, f"{kind.lower()}Name": name})
    else:
        found = state(ui, name)
        stop = {"Schedule": "stopRunningSchedule(id: $id)", "Sensor": "stopSensor(id: $id)"}[kind]
        told = ui.ask(
            f"mutation ($id: String!) {{ {stop} {{ __typename ... on PythonError {{ message }} }} }}", id=found["id"]
        )
    assert "Error" not in str(told), told


def state(ui: Ui, name: str) -> Any:
    """A schedule's or sensor's state with its latest ticks, newest first."""
    found = ui.ask(
        """query ($s: RepositorySelector!) { repositoryOrError(repositorySelector: $s) { ... on Repository {
             schedules { name scheduleState { ...S } } sensors { name sensorState { ...S } } } } }
           fragment S on InstigationState { id status ticks(limit: 20) {
             status skipReason runIds timestamp error { message } } }""",
        s=SELECTOR,
    )["repositoryOrError"]
    states = {item["name"]: item["scheduleState"] for item in found["schedules"]}
    states |= {item["name"]: item["sensorState"] for item in found["sensors"]}
    return states[name]
