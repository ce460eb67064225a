"""The same sales come to the same books, by the contract with CloudKasse or by KORONA.cloud."""

from collections import Counter
from pathlib import Path

import pytest

from cloudkasse_etl.sandbox.korona.sold_receipts import is_sold, koronas
from cloudkasse_etl.sandbox.till.selling import sell
from tests.support.books import booked_rows, fetch_and_book, sell_at_two_registers
from tests.support.korona.korona_cloud import BASE, PASSWORD, USER, KoronaCloud
from tests.support.korona.korona_sales import SETTINGS
from tests.support.selling.selling_shop import delivered, once
from tests.support.servers.scripted_server import ScriptedServer
from tests.support.worlds import small_world


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_books_are_equal_to_the_cent(tmp_path: Path, seed: int) -> None:
    for name in ("sold", "cloud", "korona"):
        (tmp_path / name).mkdir()
    with small_world(tmp_path / "sold", articles=12) as world:
        sell_at_two_registers(world)
        world.sync()
        sell(world.server.store, days=2, receipts=120, seed=seed)
        sold = [one for one in once(delivered(world.server.store)) if is_sold(one)]
    with small_world(tmp_path / "cloud", articles=12) as world:
        sell_at_two_registers(world)
        world.server.store.deliver_receipts(sold)
        fetch_and_book(world)
        by_contract = booked_rows(world)
    account = KoronaCloud()
    account.put("receipts", *map(koronas, sold))
    with small_world(tmp_path / "korona", articles=12) as world, ScriptedServer(account) as server:
        sell_at_two_registers(world)
        world.settings["till"] = {"kind": "korona", "korona": SETTINGS}
        world.more_environment = {
            "CLOUDKASSE_API_URL": server.url + BASE, "CLOUDKASSE_API_USER": USER, "CLOUDKASSE_API_TOKEN": PASSWORD,
        }  # fmt: skip
        fetch_and_book(world)
        by_korona = booked_rows(world)
    assert account.faults[:3] == []
    assert len(by_contract[0]) > 100
    for ours, theirs in zip(by_korona, by_contract, strict=True):
        assert (ours - theirs, theirs - ours) == (Counter(), Counter())
