"""Protects that pytest knows this project's hooks: without them all tests pass, in twice the time."""

import os
from types import SimpleNamespace
from typing import Any

import pytest

from tests.support.harness.memory import folder_in_memory
from tests.support.harness.two_lanes import TwoLanes


def test_pytest_goes_about_the_tests_as_the_plugin_says(request: pytest.FixtureRequest) -> None:
    assert request.config.pluginmanager.has_plugin("tests.plugin")
    if folder_in_memory() and not request.config.option.basetemp:
        assert os.environ["PYTEST_DEBUG_TEMPROOT"]


class Worker:
    """A worker as the scheduler sees it."""

    shutting_down = False
    gateway = SimpleNamespace(id="a worker")

    def __init__(self) -> None:
        self.sent: list[int] = []

    def send_runtest_some(self, indices: list[int]) -> None:
        self.sent += indices

    def shutdown(self) -> None:
        self.shutting_down = True


def test_half_of_the_workers_wait_while_the_others_compute() -> None:
    waiting = [f"tests/e2e/test_{name}.py::test_{at}" for name in ("daemon", "ui", "x", "y", "z") for at in range(4)]
    tests = waiting + [f"tests/unit/test_{name}.py::test_{at}" for name in "abcdef" for at in range(4)]
    option = SimpleNamespace(loadscopereorder=False)
    config: Any = SimpleNamespace(option=option, getvalue={"tx": ["4*popen"]}.get)
    scheduler = TwoLanes(config)
    workers: list[Any] = [Worker() for _ in range(4)]
    for worker in workers:
        scheduler.add_node(worker)
        scheduler.add_node_collection(worker, tests)
    scheduler.schedule()
    done: list[str] = []
    while busy := [worker for worker in workers if len(worker.sent) > 1]:
        running = [tests[worker.sent[0]] for worker in workers]
        if len({*waiting} - {*done}) > 8:
            assert len({*running} & {*waiting}) == 2
        for worker in busy:
            done.append(tests[worker.sent[0]])
            scheduler.mark_test_complete(worker, worker.sent.pop(0))
    assert all(worker.shutting_down for worker in workers)
    assert sorted(done + [tests[at] for worker in workers for at in worker.sent]) == sorted(tests)
