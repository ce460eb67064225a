"""Runs on several machines: Redis, a daemon, and workers that have nothing in common but addresses."""

import base64
import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import pytest
import yaml

from assets.instance.home import PROJECT
from tests.support.chains.small_chain import Chain
from tests.support.patience import HANG_SECONDS, wait_until
from tests.support.programs import EXECUTABLE

PASSWORD = "a-password-of-the-broker"
APP = "assets.instance.engines.celery_app"


@dataclass
class Machine:
    """A machine: a home, a working directory, settings and a Dagster home of its own.

    Attributes:
        name: Its name.
        folder: Where all of it lies.
        environment: What its shell exports.
        process: What runs there.
    """

    name: str
    folder: Path
    environment: Mapping[str, str]
    process: "subprocess.Popen[bytes] | None" = None

    @property
    def protocols(self) -> list[str]:
        """The files that runs left on it."""
        return sorted(path.name for path in (self.folder / "storage" / "protocols").glob("*"))

    def start(self, *command: str) -> "subprocess.Popen[bytes]":
        """Starts a process, in a group of its own; what it says goes into a file."""
        with (self.folder / "said.txt").open("ab") as said:
            self.process = subprocess.Popen(
                command, cwd=self.folder, env=self.environment, stdout=said, stderr=said, start_new_session=True
            )
        return self.process

    def kill(self) -> None:
        """Switches it off: all of its processes end at once, and none can say anything."""
        assert self.process is not None
        for one in (*psutil.Process(self.process.pid).children(recursive=True), psutil.Process(self.process.pid)):
            with suppress(psutil.NoSuchProcess):
                one.kill()
        self.process.wait()

    def holds(self, pid: int) -> bool:
        """Whether a process runs on it."""
        assert self.process is not None
        with suppress(psutil.NoSuchProcess):
            return any(one.pid == self.process.pid for one in (psutil.Process(pid), *psutil.Process(pid).parents()))
        return False


@dataclass
class Broker:
    """A Redis, which writes each change to its disk."""

    folder: Path
    port: int
    process: "subprocess.Popen[bytes] | None" = None

    @property
    def url(self) -> str:
        """What CELERY_BROKER_URL says."""
        return f"redis://:{PASSWORD}@127.0.0.1:{self.port}/0"

    def start(self) -> None:
        """Starts it, and waits until it answers."""
        command = ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(self.folder)]
        command += ["--requirepass", PASSWORD, "--appendonly", "yes", "--appendfsync", "always", "--save", ""]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

        def answers() -> bool:
            with suppress(OSError), socket.create_connection(("127.0.0.1", self.port)):
                return True
            return False

        wait_until(answers, "Redis does not answer")

    def kill(self) -> None:
        """Ends it at once."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def forget(self) -> None:
        """Ends it, and removes all that it had written."""
        self.kill()
        shutil.rmtree(self.folder)
        self.folder.mkdir()

    def written(self) -> str:
        """All that was ever written into it; the bodies of messages are also in plain text."""
        raw = b"".join(path.read_bytes() for path in self.folder.rglob("*.aof")).decode(errors="replace")
        bodies = (base64.b64decode(body).decode() for body in re.findall(r'"body": "([A-Za-z0-9+/=]+)"', raw))
        return "\n".join((raw, *bodies))


@dataclass
class CeleryEngine:
    """A chain's engine.

    Attributes:
        chain: The companies.
        folder: Where the machines lie.
        broker: The Redis.
        variables: What all machines export.
        instance: What their dagster.yaml says.
        machines: The machines, by name.
    """

    chain: Chain
    folder: Path
    broker: Broker
    variables: Mapping[str, str]
    instance: Mapping[str, Any]
    machines: dict[str, Machine] = field(default_factory=dict)

    def machine(self, name: str) -> Machine:
        """A new machine, with its own copies of all files."""
        folder = self.folder / name
        folder.mkdir()
        shutil.copytree(self.chain.companies, folder / "companies")
        for own in ("home", "storage", "dagster"):
            (folder / own).mkdir()
        (folder / "dagster" / "dagster.yaml").write_text(yaml.safe_dump(dict(self.instance)), encoding="utf-8")
        shutil.copy(PROJECT / "workspace.yaml", folder / "dagster")
        bin_folder = Path(sys.executable).parent
        environment = {
            "PATH": f"{bin_folder}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": str(PROJECT),
            "HOME": str(folder / "home"),
            "TMPDIR": str(folder / "home"),
            "DAGSTER_HOME": str(folder / "dagster"),
            "CLOUDKASSE_DAGSTER_STORAGE": str(folder / "storage"),
            **self.variables,
            "CLOUDKASSE_COMPANIES": str(folder / "companies"),
        }
        self.machines[name] = Machine(name, folder, environment)
        return self.machines[name]

    def start_daemon(self) -> Machine:
        """Starts the daemon on a machine of its own."""
        made = self.machines.get("front") or self.machine("front")
        made.start("dagster-daemon", "run", "-w", str(made.folder / "dagster" / "workspace.yaml"))
        return made

    def start_worker(self, name: str) -> Machine:
        """Starts a worker that runs one run at a time."""
        made = self.machines.get(name) or self.machine(name)
        made.start(
            "celery", "-A", APP, "worker", "--concurrency", "1", "--hostname", f"{name}@%h", "--loglevel", "info"
        )
        return made

    def command(self, *arguments: str) -> "subprocess.Popen[str]":
        """A command on the daemon's machine."""
        front = self.machines["front"]
        return subprocess.Popen(
            [sys.executable, "-c", EXECUTABLE, *arguments],
            cwd=front.folder, env=front.environment, text=True, encoding="utf-8",
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
        )  # fmt: skip

    def stop(self) -> None:
        """Ends all processes."""
        for machine in self.machines.values():
            if machine.process and machine.process.poll() is None:
                machine.kill()
        self.broker.kill()


@contextmanager
def celery_engine(chain: Chain, folder: Path, postgres_url: str, **changes: Any) -> Iterator[CeleryEngine]:
    """An engine by the kit in deploy/celery, with nothing started but Redis.

    Args:
        chain: The companies.
        folder: Where the machines are to lie.
        postgres_url: An empty database, for Dagster's history and for our own tables.
        changes: Of the kit's dagster.yaml, sections that differ.
    """
    if shutil.which("redis-server") is None:
        pytest.skip("redis-server is not installed: apt-get install redis-server")
    instance = yaml.safe_load((PROJECT / "deploy" / "celery" / "dagster.yaml").read_text(encoding="utf-8"))
    for section, values in changes.items():
        instance[section] = {**instance[section], **values}
    (folder / "redis").mkdir()
    with socket.create_server(("127.0.0.1", 0)) as free:
        broker = Broker(folder / "redis", free.getsockname()[1])
    chain.write()
    variables = {
        **chain.environment,
        "CLOUDKASSE_STATE_URL": postgres_url,
        "DAGSTER_POSTGRES_URL": postgres_url.replace("+psycopg", "+psycopg2"),
        "CELERY_BROKER_URL": broker.url,
        "DAGSTER_DISABLE_TELEMETRY": "yes",
        "TZ": "UTC",
    }
    made = CeleryEngine(chain, folder, broker, variables, instance)
    with ExitStack() as stack:
        stack.callback(made.stop)
        broker.start()
        yield made


def answered(process: "subprocess.Popen[str]") -> tuple[int, str, str]:
    """A command's exit code, and what it said."""
    out, err = process.communicate(timeout=HANG_SECONDS)
    return process.returncode, out, err
