"""Protects books and KORONA.cloud from death at any moment: a whole run, killed at each request, commit and step.

As in test_crash_matrix.py: from one start a process dies at each boundary, and the next run leaves what an undisturbed
one left.
"""

import copy
import shutil
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.crash.boundaries import COMMIT, STEP, kinds
from tests.crash.changing_shop import State, our_state
from tests.crash.killing import killed_at_each, undisturbed
from tests.support import small_erp
from tests.support.books import with_accounts
from tests.support.korona.korona_cloud import BASE, PASSWORD, USER, KoronaCloud
from tests.support.korona.korona_receipts import POINT, item, payment, receipt
from tests.support.servers.scripted_server import ScriptedServer
from tests.support.worlds import World

SAMPLE = 8


@dataclass
class KoronaShop:
    """A shop with an account at KORONA.cloud, and the moment to which both can be put back."""

    world: World
    account: KoronaCloud
    lists: dict[str, list[dict[str, Any]]]
    revisions: dict[str, int]

    def put_back(self) -> None:
        """Puts both back to the moment before the first run."""
        self.account.lists, self.account.revisions = copy.deepcopy(self.lists), dict(self.revisions)
        for left in self.world.folder.glob("erp.db*"):
            left.unlink()
        shutil.copyfile(self.world.folder / "saved.db", self.world.folder / "erp.db")

    def state(self) -> State:
        """What stands in the books, in our state of the till, and in the till."""
        found, ids = our_state(self.world)
        for kind, records in self.account.lists.items():
            found[f"korona.{kind}"] = Counter(
                repr([record["id"] in ids, *sorted((k, v) for k, v in record.items() if k not in ("id", "revision"))])
                for record in records
            )
        return found


@pytest.fixture
def korona(tmp_path: Path) -> Iterator[KoronaShop]:
    """Master data that goes up, and receipts that come down: sales, one of them voided, and one that nobody knows."""
    account = KoronaCloud()
    with ScriptedServer(account) as server:
        url = f"sqlite:///{tmp_path / 'erp.db'}"
        small_erp.build(url)
        shutil.copyfile(tmp_path / "erp.db", tmp_path / "saved.db")
        settings = with_accounts(copy.deepcopy(small_erp.SETTINGS))
        settings["registers"] = [settings["registers"][0] | {"till_id": "11"}]
        settings["receipts"] = {"days_back": 36000}
        tenders = {"1": "Bar"}
        settings["till"] = {
            "kind": "korona",
            "korona": {"account": "acc-1", "tenders": tenders, "sectors": {"3": "19"}},
        }
        world = World(tmp_path, url, server, settings)  # type: ignore[arg-type]  # only its address is asked for
        world.more_environment = {
            "CLOUDKASSE_API_URL": server.url + BASE, "CLOUDKASSE_API_USER": USER, "CLOUDKASSE_API_TOKEN": PASSWORD,
        }  # fmt: skip
        world.configuration()
        account.put("pointsOfSale", {"id": POINT["id"], "number": "11", "name": "Kasse 1"})
        account.put("commodityGroups", {"number": "10", "name": "Waren"})
        coffee = item(product={"number": "A1", "name": "Artikel 1"})
        for number in range(1, 13):
            account.put("receipts", receipt(number=f"{number}", id=_id(number), items=[coffee], voided=number % 5 == 0))
        unknown = payment(method={"number": "9", "name": "Unbekannt"})
        account.put("receipts", receipt(number="13", id=_id(13), items=[coffee], payments=[unknown]))
        account.page_limit = 4
        yield KoronaShop(world, account, copy.deepcopy(account.lists), dict(account.revisions))
    assert account.faults[:3] == []


def _id(number: int) -> str:
    return f"0b9c0000-0000-4000-8000-{number:012}"


def test_killed_at_each_request_and_commit_the_next_run_ends_as_if_nothing_had_been(
    korona: KoronaShop, tmp_path: Path
) -> None:
    points, expected = undisturbed(korona, tmp_path / "points")
    assert {"GET", "POST", COMMIT, STEP} == set(kinds(points))
    assert sum(expected["receipt"].values()) == 15  # two were voided, which makes counter-entries
    assert sum(expected["posting"].values()) > 20
    assert sum(expected["korona.products"].values()) == 5
    killed_at_each(korona, points, expected, sample=SAMPLE)
