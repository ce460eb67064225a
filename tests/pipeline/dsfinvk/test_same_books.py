"""The same sales come to the same books, by the contract with CloudKasse or by legal exports, whoever writes these."""

from collections.abc import Callable
from pathlib import Path

import pytest

from cloudkasse_etl.sandbox.fiscal.fiscal_export import write_export as write_sandbox_export
from cloudkasse_etl.sandbox.till.selling import sell
from tests.support.books import booked_rows, fetch_and_book, sell_at_two_registers
from tests.support.dsfinvk.independent_writer import write_export
from tests.support.selling.selling_shop import delivered, once
from tests.support.worlds import small_world

WRITERS = {"ours": write_sandbox_export, "independent": write_export}


@pytest.mark.parametrize("writer", sorted(WRITERS))
@pytest.mark.parametrize("seed", [1, 2])
def test_the_books_are_equal_to_the_cent(tmp_path: Path, seed: int, writer: str) -> None:
    for name in ("cloud", "exports"):
        (tmp_path / name).mkdir()
    with small_world(tmp_path / "cloud", articles=12) as world:
        sell_at_two_registers(world)
        world.sync()
        sell(world.server.store, days=2, receipts=80, seed=seed)
        receipts, closings = once(delivered(world.server.store)), delivered(world.server.store, "closings")
        fetch_and_book(world)
        by_contract = booked_rows(world)
    with small_world(tmp_path / "exports", articles=12) as world:
        sell_at_two_registers(world)
        world.settings["till"] = {"kind": "dsfinvk"}
        (world.folder / "dsfinvk").mkdir()
        write: Callable[..., object] = WRITERS[writer]
        write(world.folder / "dsfinvk" / ("export" if writer == "ours" else "export.zip"), receipts, closings)
        fetch_and_book(world)
        by_exports = booked_rows(world)
    assert len(by_contract[0]) > 100
    assert by_exports == by_contract
