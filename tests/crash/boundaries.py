"""Where a synchronisation can be cut: before and after each HTTP request, file, commit and step. Seen from outside.

The product knows nothing of it: requests' sessions and SQLAlchemy's dialects are wrapped in the process that is to die.
"""

import os
import signal
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import requests
from sqlalchemy.engine.default import DefaultDialect

from cloudkasse_etl.tills.dsfinvk.export_files import ExportFiles
from tests.support.processes.forked import patch_for_good

STEP = "step"
COMMIT = "commit"
FILE = "file"
HEARTBEAT = "cloudkasse-heartbeat"
OnBoundary = Callable[[str], None]


class Boundaries:
    """Tells each boundary that this process comes to, by a name: `before POST /v1/articles/batch 2`.

    Requests are numbered by method and path, commits by the step that they belong to, so that a name means the same in
    each run. The heartbeat's commits come by the clock and are left out.

    Args:
        on_boundary: Told the name, in the thread that came there.
    """

    def __init__(self, on_boundary: OnBoundary) -> None:
        self._tell = on_boundary
        self._lock = threading.Lock()
        self._numbers: Counter[str] = Counter()
        self._step = "the start"

    @contextmanager
    def around(self, what: str) -> Iterator[None]:
        """Tells what comes before and after something."""
        if threading.current_thread().name == HEARTBEAT:
            yield
            return
        with self._lock:
            self._numbers[what] += 1
            name = f"{what} {self._numbers[what]}"
        self._tell(f"before {name}")
        yield
        self._tell(f"after {name}")

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Tells what comes before and after a step."""
        self._step = name
        with self.around(f"{STEP} {name}"):
            yield

    def watch(self) -> None:
        """Watches HTTP requests, tables of exports and commits from now on; steps tell of themselves (`step`)."""
        send = requests.Session.send
        open_table = ExportFiles.open
        commit: Callable[[DefaultDialect, Any], None] = DefaultDialect.do_commit

        def watched_send(session: requests.Session, request: requests.PreparedRequest, **more: Any) -> Any:
            with self.around(f"{request.method} {urlsplit(str(request.url)).path}"):
                return send(session, request, **more)

        def watched_commit(dialect: DefaultDialect, connection: Any) -> None:
            with self.around(f"{COMMIT} of {self._step}"):
                commit(dialect, connection)

        def watched_open(export: ExportFiles, table: str) -> Any:
            with self.around(f"{FILE} {table}"):
                return open_table(export, table)

        patch_for_good(requests.Session, send=watched_send)
        patch_for_good(ExportFiles, open=watched_open)
        patch_for_good(DefaultDialect, do_commit=watched_commit)


def dying_at(name: str) -> OnBoundary:
    """Kills this process at a boundary."""

    def reach(found: str) -> None:
        if found == name:
            os.kill(os.getpid(), signal.SIGKILL)

    return reach


def spread(points: list[str], count: int) -> list[str]:
    """As many of them as asked, evenly; all where they are fewer."""
    if count >= len(points):
        return points
    return [points[at * (len(points) - 1) // (count - 1)] for at in range(count)]


def from_the_middle(points: list[str]) -> list[str]:
    """All of them, the middle one first: what comes again and again is met there."""
    return sorted(points, key=lambda point: abs(points.index(point) - len(points) // 2))


def kinds(points: list[str]) -> Counter[str]:
    """How many boundaries there are of each kind: GET, POST, commit, step."""
    return Counter(point.split()[1] for point in points)
