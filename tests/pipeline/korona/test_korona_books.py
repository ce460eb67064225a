"""The same sales come to the same books, by the contract with CloudKasse or by KORONA.cloud."""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from cloudkasse_etl.sandbox.korona.sold_receipts import is_sold, koronas
from cloudkasse_etl.sandbox.till.selling import sell
from tests.support.books import fetch_and_book, tables, with_accounts
from tests.support.korona.korona_cloud import BASE, PASSWORD, USER, KoronaCloud
from tests.support.korona.korona_sales import SETTINGS
from tests.support.selling.selling_shop import delivered, once
from tests.support.servers.scripted_server import ScriptedServer
from tests.support.worlds import World, small_world

# A payment's text is the till's own name of it.
OF_POSTINGS = (
    "register", "receipt_number", "posting_date", "account", "amount_cents", "currency", "tax_code", "vat_rate",
    "tax_cents", "business_case", "tender", "flag",
)  # fmt: skip
OF_MOVEMENTS = ("register", "movement_date", "article", "warehouse", "quantity_milli", "unit")


def two_registers(world: World) -> None:
    first = world.settings["registers"][0]
    world.settings["registers"] = [first | {"number": name, "name": name} for name in ("K1", "K2")]
    world.settings = with_accounts(world.settings)
    world.settings["receipts"] = {"days_back": 36000}


def books(world: World) -> tuple[Counter[Any], Counter[Any]]:
    """What is booked, but for ids, texts and runs."""
    found = tables(world)
    postings = Counter(tuple(row[name] for name in OF_POSTINGS) for row in found["posting"])
    return postings, Counter(tuple(row[name] for name in OF_MOVEMENTS) for row in found["stock_movement"])


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_books_are_equal_to_the_cent(tmp_path: Path, seed: int) -> None:
    for name in ("sold", "cloud", "korona"):
        (tmp_path / name).mkdir()
    with small_world(tmp_path / "sold", articles=12) as world:
        two_registers(world)
        world.sync()
        sell(world.server.store, days=2, receipts=120, seed=seed)
        sold = [one for one in once(delivered(world.server.store)) if is_sold(one)]
    with small_world(tmp_path / "cloud", articles=12) as world:
        two_registers(world)
        world.server.store.deliver_receipts(sold)
        fetch_and_book(world)
        by_contract = books(world)
    account = KoronaCloud()
    account.put("receipts", *map(koronas, sold))
    with small_world(tmp_path / "korona", articles=12) as world, ScriptedServer(account) as server:
        two_registers(world)
        world.settings["till"] = {"kind": "korona", "korona": SETTINGS}
        world.more_environment = {
            "CLOUDKASSE_API_URL": server.url + BASE, "CLOUDKASSE_API_USER": USER, "CLOUDKASSE_API_TOKEN": PASSWORD,
        }  # fmt: skip
        fetch_and_book(world)
        by_korona = books(world)
    assert account.faults[:3] == []
    assert len(by_contract[0]) > 100
    for ours, theirs in zip(by_korona, by_contract, strict=True):
        assert (ours - theirs, theirs - ours) == (Counter(), Counter())
