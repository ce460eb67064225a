"""The program as a user has it: a world with a Dagster home of its own, commands in this process or in another."""

import copy
import json
import os
import shutil
import signal
import subprocess
import sys
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from assets.cli.group import run
from assets.definitions import build_defs
from assets.instance import runs, tags
from assets.instance.history_connections import open_history
from assets.instance.home import HOME_VARIABLE, SETTINGS_VARIABLES, Home, find_home, open_instance
from assets.instance.runs import run_job
from assets.instance.storage import VARIABLE as STORAGE_VARIABLE
from cloudkasse_etl.config.companies.installation import Installation
from cloudkasse_etl.sandbox.server import SandboxServer
from tests.support import databases, small_erp
from tests.support.worlds import TOKEN, World, small_world

EXECUTABLE = "from assets.cli.start import main; main()"
STORAGE = "dagster"
_TEMPLATES: dict[Path, str] = {}
"""Folders of shops that are to be copied → their databases, where these are no files."""


@dataclass
class Program:
    """One world's program.

    Attributes:
        world: The shop, the cloud and the settings.
        home: Dagster's folders.
        capture: pytest's capture of what commands print.
    """

    world: World
    home: Home
    capture: pytest.CaptureFixture[str] | None = None

    @property
    def environment(self) -> Mapping[str, str]:
        """What a shell would export."""
        return {
            **self.world.environment,
            HOME_VARIABLE: str(self.home.folder),
            STORAGE_VARIABLE: str(self.home.storage),
        }

    def call(self, *arguments: str) -> tuple[int, str, str]:
        """A command in this process: its exit code, what it printed, and what it said on standard error."""
        assert self.capture is not None
        self.world.configuration()
        self.capture.readouterr()
        code = run(list(arguments))
        printed = self.capture.readouterr()
        return code, printed.out, printed.err

    def call_json(self, *arguments: str) -> tuple[int, Any]:
        """A command with `--json`; fails if anything else stands on standard output."""
        code, out, _ = self.call(*arguments, "--json")
        return code, json.loads(out)

    def start(self, *arguments: str, **more: str) -> "subprocess.Popen[str]":
        """A command in another process, in a group of its own."""
        self.world.configuration()
        return subprocess.Popen(
            [sys.executable, "-c", EXECUTABLE, *arguments],
            env={**os.environ, **self.environment, **more},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            start_new_session=True,
        )

    @contextmanager
    def instance(self) -> Iterator[dg.DagsterInstance]:
        """The Dagster instance, as a command opens it."""
        with open_instance(self.home) as instance:
            yield instance

    def definitions(self, **overrides: Any) -> dg.Definitions:
        """Fresh definitions, as a command builds them."""
        return build_defs(
            Installation.of(self.world.configuration()),
            protocol_folder=self.home.protocols,
            **{"started_by": "a test", **overrides},
        )

    def run_job(
        self, instance: dg.DagsterInstance, run_id: str, job: str = "sync_all", **config: bool
    ) -> dg.DagsterRun:
        """A job as a command runs it, but for the lease taken beforehand."""
        with open_history(instance, run_id):
            return run_job(
                self.definitions(),
                instance,
                job,
                run_id=run_id,
                run_config=config,
                run_tags=tags.starting(run_id, "a test"),
            )


@contextmanager
def program_in(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[Program]:
    """Exports a world's environment to this process, with a Dagster home whose storage lies in the world's folder."""
    for name in (*SETTINGS_VARIABLES, HOME_VARIABLE, STORAGE_VARIABLE, "DAGSTER_DISABLE_TELEMETRY"):
        monkeypatch.setenv(name, "")  # so that it is as before afterwards, whatever a command makes of it
    for name, value in world.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv(STORAGE_VARIABLE, str(world.folder / STORAGE))
    handler = signal.getsignal(signal.SIGTERM)
    try:
        yield Program(world, find_home())
    finally:
        signal.signal(signal.SIGTERM, handler)


def _linked(folder: Path, link: Path) -> str:
    """The URL of a copy's ERP: the same for all copies, since another ERP would be read in full."""
    link.unlink(missing_ok=True)
    link.symlink_to(folder, target_is_directory=True)
    return f"sqlite:///{link / 'erp.db'}"


@contextmanager
def to_be_copied(folder: Path) -> Iterator[Program]:
    """The program for a small shop that tests are to start from, each with a copy."""
    (folder / "first").mkdir()
    with pytest.MonkeyPatch.context() as patch, small_world(folder / "first") as world:
        if world.erp_url.startswith("sqlite"):
            world.erp_url = _linked(world.folder, folder / "shop")
        with program_in(world, patch) as made:
            yield made
    if not world.erp_url.startswith("sqlite"):
        _TEMPLATES[world.folder] = world.erp_url
        databases.Template(world.erp_url).keep()


@contextmanager
def copied_world(source: Path, folder: Path) -> Iterator[World]:
    """A small shop as another one has become, Dagster's history included; its cloud listens elsewhere."""
    shutil.copytree(source, folder, dirs_exist_ok=True)
    with SandboxServer(folder / "cloud.db", token=TOKEN) as server:
        if source in _TEMPLATES:
            erp_url = _TEMPLATES[source]
            databases.Template(erp_url).copy()
        else:
            erp_url = _linked(folder, source.parent / "shop")
        world = World(folder, erp_url, server, copy.deepcopy(small_erp.SETTINGS))
        world.erp("UPDATE cloudkasse_target SET api_url = :url WHERE api_url <> ''", {"url": server.url})
        yield world


def materializations(instance: dg.DagsterInstance, run_id: str) -> dict[str, Mapping[str, Any]]:
    """The metadata of a run's materialisations, by asset."""
    found = {}
    for entry in instance.all_logs(run_id, of_type=dg.DagsterEventType.ASSET_MATERIALIZATION):
        assert entry.dagster_event is not None
        materialization = entry.dagster_event.step_materialization_data.materialization
        found[materialization.asset_key.to_user_string()] = materialization.metadata
    return found


def checks(instance: dg.DagsterInstance, run_id: str) -> dict[tuple[str, str], Any]:
    """The results of a run's asset checks, by asset and check."""
    found = {}
    for entry in instance.all_logs(run_id, of_type=dg.DagsterEventType.ASSET_CHECK_EVALUATION):
        assert entry.dagster_event is not None
        evaluation = entry.dagster_event.asset_check_evaluation_data
        found[evaluation.asset_key.to_user_string(), evaluation.check_name] = evaluation
    return found


def names_of(folder: Path) -> Sequence[str]:
    """The names of the files in a folder, in order."""
    return sorted(path.name for path in folder.iterdir())


def create_run(
    program: Program,
    instance: dg.DagsterInstance,
    run_tags: dict[str, str],
    *,
    run_id: str | None = None,
    status: dg.DagsterRunStatus = dg.DagsterRunStatus.STARTED,
) -> dg.DagsterRun:
    job = program.definitions().resolve_job_def("sync_all")
    return instance.create_run_for_job(
        job_def=job,
        run_id=run_id or new_id(),
        tags=run_tags,
        status=status,
        remote_job_origin=runs.remote_origin("sync_all"),
    )


def new_id() -> str:
    return str(uuid.uuid4())
