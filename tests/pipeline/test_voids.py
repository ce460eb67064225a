"""Protects that a void undoes what its original booked, whatever has changed since and whichever of them came first."""

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cloudkasse_etl.sandbox.server import SandboxServer
from tests import small_erp
from tests.books import fetch_and_book, tables, with_accounts
from tests.receipt_factory import item, line
from tests.worlds import TOKEN, World


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A shop with accounts for everything."""
    url = f"sqlite:///{tmp_path / 'erp.db'}"
    small_erp.build(url)
    with SandboxServer(tmp_path / "cloud.db", token=TOKEN, page_items=10) as server:
        yield World(tmp_path, url, server, with_accounts(copy.deepcopy(small_erp.SETTINGS)))


# --- what refers to a receipt


@pytest.mark.parametrize("reference", [{"receipt_id": ""}, {"receipt_id": " \t"}, {"receipt_id": None}, {}, None])
def test_a_reference_that_names_nothing_is_none(world: World, reference: dict[str, Any] | None) -> None:
    broken_off = {**item(line(article="A1"), cancelled=True), "reference": reference}
    world.server.store.deliver_receipts([broken_off])
    fetch_and_book(world)
    (row,) = tables(world)["receipt"]
    assert (row["status"], row["reference_id"], row["counts_in_closing"]) == ("no_effect", None, False)
    assert tables(world)["posting"] == []
