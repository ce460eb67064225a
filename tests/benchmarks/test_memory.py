"""Protects that memory does not grow with the shop: ten times the receipts are staged in the same memory, page by page.

Measured in a process of its own, as a synchronisation runs.
"""

import copy
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from cloudkasse_etl.sandbox.server import SandboxServer
from cloudkasse_etl.sandbox.till.selling import sell
from tests.support import small_erp
from tests.support.books import with_accounts
from tests.support.selling.selling_shop import Fields, delivered, once, shop
from tests.support.worlds import TOKEN, World

FEW, MANY = 10_000, 100_000
FACTOR = 1.3
# VmHWM, not getrusage: a process's ru_maxrss begins with the memory of the one that started it.
STAGE = """
import os, pathlib, re, uuid
from cloudkasse_etl.config.loading import load
from cloudkasse_etl.sync.receipts.receipt_staging import stage_receipts
from cloudkasse_etl.sync.run.context import SyncOptions
from cloudkasse_etl.sync.run.session import open_session

folder = pathlib.Path(os.environ["CLOUDKASSE_SETTINGS"]).parent
run = {"run_id": str(uuid.uuid4()), "kind": "receipts", "started_by": "a test"}
with open_session(load(), options=SyncOptions(), protocol_folder=folder, **run) as session:
    report = stage_receipts(session)
    assert not report.counts.rejected, report.rejections[:3]
    session.finish()
peak = re.search(r"VmHWM:\\s+(\\d+) kB", pathlib.Path("/proc/self/status").read_text())[1]
print(report.counts.new, peak)
"""

pytestmark = pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the peak is told by Linux's /proc")


@pytest.fixture(scope="module")
def sold() -> list[Fields]:
    """Real-looking receipts, to be copied."""
    store = shop()
    sell(store, days=2, receipts=1000, seed=1)
    found = once(delivered(store))
    store.close()
    return found[:1000]


def copies(sold: list[Fields], count: int) -> Iterator[Fields]:
    for number in range(count):
        yield {**sold[number % len(sold)], "id": f"receipt-{number:032d}", "number": number + 1, "register": "K1"}


def peak_kilobytes(folder: Path, sold: list[Fields], count: int) -> int:
    """The peak memory of a process that stages so many receipts."""
    folder.mkdir()
    url = f"sqlite:///{folder / 'erp.db'}"
    small_erp.build(url)
    with SandboxServer(folder / "cloud.db", token=TOKEN) as server:
        server.store.deliver_receipts(copies(sold, count))
        world = World(folder, url, server, with_accounts(copy.deepcopy(small_erp.SETTINGS)))
        world.configuration()
        done = subprocess.run(
            [sys.executable, "-c", STAGE],
            env={**os.environ, **world.environment},
            check=True,
            capture_output=True,
            text=True,
            timeout=300,
        )
    staged, peak = map(json.loads, done.stdout.split())
    assert staged == count
    return int(peak)


def test_a_hundred_thousand_receipts_are_staged_in_the_memory_of_ten_thousand(
    tmp_path: Path, sold: list[Fields]
) -> None:
    few, many = (peak_kilobytes(tmp_path / str(count), sold, count) for count in (FEW, MANY))
    assert many <= FACTOR * few, f"{few:,} kB for {FEW:,} receipts, {many:,} kB for {MANY:,}"
