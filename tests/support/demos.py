"""The demo's shop without its tour: in `.demo` of a folder of its own, on a port that no other test takes."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from assets.cli.demo import demo_shop
from assets.cli.demo.demo_shop import FOLDER, Demo, create_demo
from assets.instance.home import VARIABLES
from assets.instance.typed_commands import DEMO_VARIABLE


def own_port(patch: pytest.MonkeyPatch) -> None:
    """Lets demos be made on ports of this worker: one that is free now is taken only when its servers start."""
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    patch.setattr(demo_shop, "SANDBOX_PORT", 24_000 + 100 * worker)
    patch.setattr(demo_shop, "SELECTLINE_PORT", 24_050 + 100 * worker)


@contextmanager
def demo_in(folder: Path) -> Iterator[Demo]:
    """A demo that was never synchronised, with `folder` as the current one; the environment is as before afterwards."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        own_port(patch)
        for name in (*VARIABLES, "DAGSTER_DISABLE_TELEMETRY", DEMO_VARIABLE):
            patch.setenv(name, "")
        del os.environ[DEMO_VARIABLE]  # a command sets it
        yield create_demo(FOLDER)
