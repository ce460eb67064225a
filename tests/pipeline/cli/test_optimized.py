"""Protects that the program does the same under `python -O`, which leaves out every assert and what stands in it."""

import os
import subprocess
import sys
from pathlib import Path

from tests.support.worlds import World, small_world

# The library alone: a Python that optimizes has to compile every library anew, and Dagster takes a minute for that.
SYNC = """
import os, pathlib, sys
from cloudkasse_etl.config.loading import load
from cloudkasse_etl.sync.run.context import SyncOptions
from cloudkasse_etl.sync.run.session import open_session
from tests.support.worlds import MASTER_DATA

folder = pathlib.Path(os.environ["CLOUDKASSE_SETTINGS"]).parent
assert False, "is left out"
run = {"run_id": sys.argv[1], "kind": "master_data", "started_by": "a test"}
with open_session(load(), options=SyncOptions(), protocol_folder=folder, **run) as session:
    for step in MASTER_DATA:
        step(session)
    report = session.finish()
print(report.outcome, report.assets["cloudkasse_articles"].looked_at)
"""


def optimized(world: World, run_id: str) -> list[str]:
    """A synchronisation in a Python of its own that leaves asserts out: its outcome, and how many articles it saw."""
    world.configuration()
    done = subprocess.run(
        [sys.executable, "-O", "-c", SYNC, run_id],
        env={**os.environ, **world.environment},
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def test_under_python_o_a_run_over_changed_articles_looks_at_these_and_brings_them_up(tmp_path: Path) -> None:
    with small_world(tmp_path) as world:
        world.sync()
        world.erp("UPDATE ART SET Bezeichnung = 'Neu' WHERE Artikelnummer = 'A1'")
        world.erp("UPDATE ARPREIS SET Preis = 20 WHERE Artikelnummer = 'A2'")
        assert optimized(world, "run-1") == ["successful", "2"]
        assert world.cloud("articles")["A1"]["name"] == "Neu"
        assert world.cloud("prices")["A2|1|0.000|"]["gross_cents"] == 2380
        assert optimized(world, "run-2") == ["no_new_data", "None"]
