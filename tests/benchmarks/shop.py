"""A shop to measure with: the demo shop after its first synchronisation, and as many receipts as are wanted of it."""

import os
import shutil
import sqlite3
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from cloudkasse_etl.sandbox.selectline.demo_erp import DEMO_SETTINGS, build_demo_shop
from cloudkasse_etl.sandbox.server import SandboxServer
from cloudkasse_etl.sandbox.till.selling import sell
from tests.benchmarks.feed import TOKEN
from tests.benchmarks.process import OURS, PROJECT, Run, measure
from tests.support.selling.selling_shop import delivered, once
from tests.support.worlds import TOKEN as SANDBOX_TOKEN
from tests.support.worlds import World

SOLD = 2000
Fields = dict[str, Any]


@dataclass(frozen=True)
class Shop:
    """A shop's folder: the ERP with our own tables in it, the settings, the history of runs."""

    folder: Path

    @property
    def database(self) -> Path:
        """The ERP, with our own tables in it."""
        return self.folder / "erp.db"

    def environment(self, api_url: str) -> Mapping[str, str]:
        """What a shell would export."""
        return {
            "CLOUDKASSE_ERP_URL": f"sqlite:///{self.database}",
            "CLOUDKASSE_API_URL": api_url,
            "CLOUDKASSE_API_TOKEN": TOKEN,
            "CLOUDKASSE_SETTINGS": str(self.folder / "cloudkasse.yaml"),
            "CLOUDKASSE_DAGSTER_STORAGE": str(self.folder / "dagster"),
            "DAGSTER_HOME": str(PROJECT),
        }

    def copy(self, folder: Path, api_url: str) -> "Shop":
        """The same shop elsewhere, for which another cloud is the one that it was synchronised with."""
        shutil.copytree(self.folder, folder)
        copied = Shop(folder)
        copied.belong_to(api_url)
        os.sync()  # what was copied is not to be written to disk while somebody is measured
        return copied

    def belong_to(self, api_url: str) -> None:
        """Makes another cloud the one that the shop was synchronised with."""
        with sqlite3.connect(self.database) as connection:
            connection.execute("UPDATE cloudkasse_target SET api_url = ? WHERE api_url <> ''", [api_url])
        connection.close()

    def started(self, api_url: str) -> "Shop":
        """The shop after one more run, in which nothing had arrived: the history of runs is there."""
        self.belong_to(api_url)
        self.run(api_url, "sync", "receipts", "--no-import", "--json")
        return self

    def run(self, api_url: str, *arguments: str) -> Run:
        """A command of ours, measured."""
        return measure([OURS, *arguments], folder=self.folder, environment=self.environment(api_url))


def build(folder: Path) -> tuple[Shop, list[Fields]]:
    """The demo shop after a synchronisation of its master data, and what it sold then."""
    folder.mkdir()
    database = folder / "erp.db"
    build_demo_shop(database)
    with SandboxServer(folder / "cloud.db", token=SANDBOX_TOKEN) as server:
        World(folder, f"sqlite:///{database}", server, yaml.safe_load(DEMO_SETTINGS)).sync()
        sell(server.store, days=4, receipts=SOLD, seed=1)
        sold = once(delivered(server.store))
    for path in folder.glob("cloud.db*"):
        path.unlink()
    return Shop(folder), sold


def receipts(sold: list[Fields], count: int) -> Iterator[Fields]:
    """As many receipts, made of real-looking ones: ids and numbers go on, and what refers to each other still does."""
    of_register = Counter(receipt["register"] for receipt in sold)
    for at in range(count):
        turn, receipt = at // len(sold), sold[at % len(sold)]
        reference = receipt.get("reference")
        yield {
            **receipt,
            "id": f"{receipt['id']}-{turn:04d}",
            "number": receipt["number"] + turn * of_register[receipt["register"]],
            "reference": reference and {"receipt_id": f"{reference['receipt_id']}-{turn:04d}"},
        }
