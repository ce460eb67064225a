"""Dagster's folders, and the Dagster instance of a command. Nothing about runs (runs.py)."""

import os
from collections.abc import Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from assets.instance.storage import VARIABLE as STORAGE_VARIABLE
from assets.instance.storage import storage_faults
from cloudkasse_etl.config.variables import COMPANIES_VARIABLE, CONNECTIONS, SETTINGS_VARIABLE
from cloudkasse_etl.errors import Problem, problems_error
from cloudkasse_etl.i18n.text import say

if TYPE_CHECKING:
    import dagster as dg

HOME_VARIABLE = "DAGSTER_HOME"
SETTINGS_VARIABLES = (*CONNECTIONS, SETTINGS_VARIABLE, COMPANIES_VARIABLE)
VARIABLES = (*SETTINGS_VARIABLES, HOME_VARIABLE, STORAGE_VARIABLE)
# Where `ui` serves the pages and protocols of runs, for the processes that it starts; no setting of a person's.
PAGES_VARIABLE = "CLOUDKASSE_PAGES_URL"
LATEST = "latest"  # in an address: the run that ended last
OPEN_TABLE = "open.csv"  # the address of the table of what is open now, which is no run's
PROJECT = Path(__file__).resolve().parents[2]

# The compute log manager starts helper processes and redirects the descriptors 1 and 2, which would mix foreign lines
# into `--json` and break progress bars. Lines of `context.log` still reach the history.
_NO_COMPUTE_LOGS = {
    "compute_logs": {
        "module": "dagster._core.storage.noop_compute_log_manager",
        "class": "NoOpComputeLogManager",
        "config": {},
    }
}


@dataclass(frozen=True)
class Home:
    """Two absolute folders: that of dagster.yaml, and that of Dagster's history."""

    folder: Path
    storage: Path

    @property
    def protocols(self) -> Path:
        """The folder of the runs' protocols."""
        return self.storage / "protocols"

    @property
    def workspace(self) -> Path:
        """The file that names the code location."""
        own = self.folder / "workspace.yaml"
        return own if own.is_file() else PROJECT / "workspace.yaml"


def find_home(environment: MutableMapping[str, str] | None = None) -> Home:
    """Finds Dagster's folders and names them in the environment.

    Only this module sets variables: dagster.yaml takes the storage's folder from the environment, and the processes
    that Dagster starts (webserver, daemon, run workers) inherit it from there. Both are made absolute, since a relative
    folder would be another one in each of these processes.

    Raises:
        ConfigurationError: There is no dagster.yaml.
    """
    environment = os.environ if environment is None else environment
    folder = Path(environment.get(HOME_VARIABLE) or PROJECT).expanduser().absolute()
    if not (folder / "dagster.yaml").is_file():
        raise problems_error(
            [
                Problem(
                    f"{HOME_VARIABLE} ({folder})",
                    say("There is no dagster.yaml in this folder."),
                    say(
                        "Copy it there from the project, or let {variable} name the folder where it lies.",
                        variable=HOME_VARIABLE,
                    ),
                )
            ]
        )
    storage = Path(environment.get(STORAGE_VARIABLE) or folder / ".dagster").expanduser().absolute()
    environment[HOME_VARIABLE] = str(folder)
    environment[STORAGE_VARIABLE] = str(storage)
    # dagster.yaml switches telemetry off; this keeps the webserver from creating empty folders for it anyway
    environment["DAGSTER_DISABLE_TELEMETRY"] = "yes"
    # the events that a run begins with, one for each asset and check, are stored at once
    environment.setdefault("DAGSTER_EVENT_BATCH_SIZE", "1000")
    return Home(folder, storage)


def enter_environment(values: Mapping[str, str]) -> Home:
    """Replaces all of our variables in this process's environment, which its children inherit: for the demo's shop.

    Args:
        values: The new values by name; a variable of ours that is not among them is removed.
    """
    for name in VARIABLES:
        os.environ.pop(name, None)
    os.environ.update(values)
    return find_home()


@contextmanager
def open_instance(home: Home) -> "Iterator[dg.DagsterInstance]":
    """The Dagster instance of a command: that of the UI, without the capture of compute logs.

    One process opens it at a time: two that create the history's tables simultaneously leave two versions in
    them, and Dagster would never open that history again (seen with 1.13 in half of all tries).

    Raises:
        HistoryUnavailableError: The folder cannot be read or written, now or later on.
    """
    import dagster as dg
    from filelock import FileLock

    from assets.instance.history_connections import read_migrations_once

    read_migrations_once()
    with storage_faults(home.storage):
        home.storage.mkdir(parents=True, exist_ok=True)
        with FileLock(home.storage / "opening.lock"):
            opened = dg.DagsterInstance.local_temp(str(home.folder), overrides=_NO_COMPUTE_LOGS)
        with opened as instance:
            yield instance
