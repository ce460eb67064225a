"""The same sales come to the same books, by the contract with CloudKasse or by legal exports, whoever writes these."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cloudkasse_etl.sandbox.fiscal.fiscal_export import write_export as write_sandbox_export
from cloudkasse_etl.sandbox.till.selling import sell
from tests.support.books import fetch_and_book, tables, with_accounts
from tests.support.dsfinvk.independent_writer import write_export
from tests.support.selling.selling_shop import delivered, once
from tests.support.worlds import World, small_world

WRITERS = {"ours": write_sandbox_export, "independent": write_export}
OF_POSTINGS = (
    "register", "receipt_number", "posting_date", "account", "amount_cents", "currency", "tax_code", "vat_rate",
    "tax_cents", "business_case", "tender", "flag",
)  # fmt: skip
OF_MOVEMENTS = ("register", "movement_date", "article", "warehouse", "quantity_milli", "unit")


def two_registers(world: World) -> None:
    world.settings["registers"] = [
        world.settings["registers"][0] | {"number": name, "name": name} for name in ("K1", "K2")
    ]
    world.settings = with_accounts(world.settings)
    world.settings["receipts"] = {"days_back": 36000}


def books(world: World) -> tuple[Counter[Any], Counter[Any]]:
    """What is booked, but for ids, texts and runs."""
    found = tables(world)
    # an export knows no text of a payment, and one of two equal lines is as good as the other
    postings = Counter(tuple(row[name] for name in OF_POSTINGS) for row in found["posting"])
    return postings, Counter(tuple(row[name] for name in OF_MOVEMENTS) for row in found["stock_movement"])


@pytest.mark.parametrize("writer", sorted(WRITERS))
@pytest.mark.parametrize("seed", [1, 2])
def test_the_books_are_equal_to_the_cent(tmp_path: Path, seed: int, writer: str) -> None:
    for name in ("cloud", "exports"):
        (tmp_path / name).mkdir()
    with small_world(tmp_path / "cloud", articles=12) as world:
        two_registers(world)
        world.sync()
        sell(world.server.store, days=2, receipts=80, seed=seed)
        receipts, closings = once(delivered(world.server.store)), delivered(world.server.store, "closings")
        fetch_and_book(world)
        by_contract = books(world)
    with small_world(tmp_path / "exports", articles=12) as world:
        two_registers(world)
        world.settings["till"] = {"kind": "dsfinvk"}
        (world.folder / "dsfinvk").mkdir()
        write: Callable[..., object] = WRITERS[writer]
        write(world.folder / "dsfinvk" / ("export" if writer == "ours" else "export.zip"), receipts, closings)
        fetch_and_book(world)
        by_exports = books(world)
    assert len(by_contract[0]) > 100
    assert by_exports == by_contract
