"""What processes do that are to die at a step of Dagster's: the command `sync all --import`, watched at its events.

Nothing in the program knows of it: the one function that runs a job is wrapped in the process that is to die.
"""

import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from dagster._core.execution.api import execute_run_iterator

from assets.cli.group import run
from assets.instance import runs
from tests.crash.boundaries import OnBoundary
from tests.crash.observed import at_boundaries
from tests.support.processes.forked import patch_for_good


def sync_by_command(environment: Mapping[str, str], point: str | None, listing: Path | None = None) -> None:
    """The command in this process, as a shell would run it.

    Args:
        environment: What a shell would export, Dagster's folders included.
        point: Before or after which step the process kills itself.
        listing: A file to write all such points to.
    """
    os.environ.update(environment)
    reach = at_boundaries(point, listing)
    execute = execute_run_iterator

    def watched(*arguments: Any) -> Iterator[Any]:
        return _watched_events(execute(*arguments), reach)

    patch_for_good(runs, execute_run_iterator=watched)
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere:
        sys.stdout = nowhere
        sys.exit(run(["sync", "all", "--import", "--json"]))


def _watched_events(events: Iterator[Any], reach: OnBoundary) -> Iterator[Any]:
    reach("before the run")
    for event in events:
        # Dagster tells that a step begins before it computes, and that it has ended once all of it is stored
        if event.is_step_start:
            reach(f"before {event.step_key}")
        yield event
        if event.is_step_success or event.is_step_failure:
            reach(f"after {event.step_key}")
    reach("after the run")
