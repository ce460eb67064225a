"""Protects sums that mean something: what was sold is added up in one currency and in one unit, and no others."""

import json
from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa

from cloudkasse_etl.state.database.tables import StateTables
from cloudkasse_etl.sync.inputs.own_tables import open_reading
from cloudkasse_etl.sync.outputs.page.render import write_page
from cloudkasse_etl.sync.outputs.turnover import OtherCurrency, Turnover, sum_up_sales
from tests.support.archives.table_triggers import without_triggers
from tests.support.books import deliver, fetch, sale, sold
from tests.support.pages.html_page import facts
from tests.support.worlds import World

pytestmark = pytest.mark.shop(accounts=True, page_items=10)


def turnover(world: World) -> Turnover:
    configuration = world.configuration()
    with open_reading(configuration) as store:
        return sum_up_sales(store, configuration.settings.zone)


def in_kuna(world: World, *receipt_ids: str) -> None:
    """As it is in the month in which a country takes the euro: what came before is in the old currency."""
    table = StateTables().receipt
    without_triggers(world)  # what came is never changed otherwise
    engine = sa.create_engine(world.erp_url)
    with engine.begin() as connection:
        for receipt_id in receipt_ids:
            raw = connection.execute(sa.select(table.c.raw).where(table.c.receipt_id == receipt_id)).scalar_one()
            old: dict[str, Any] = {**json.loads(bytes(raw)), "currency": "HRK"}
            changed = table.update().where(table.c.receipt_id == receipt_id).values(raw=json.dumps(old).encode())
            connection.execute(changed)
    engine.dispose()


def test_turnover_is_of_one_currency_and_the_page_names_what_is_in_another(world: World) -> None:
    deliver(world, sale(1), sale(2), sale(3, business_day="2026-11-24"))
    fetch(world)
    in_kuna(world, "R1", "R2")
    found = turnover(world)
    assert (found.currency, found.gross_cents, found.receipts) == ("EUR", 2380, 1)
    assert sum(share.gross_cents for share in found.tenders) == 2380
    assert found.others == (OtherCurrency("HRK", 2, 4760),)
    for language, words in (("en", "Receipts in HRK"), ("de", "Bons in HRK")):
        world.settings["language"] = language
        path = world.folder / "page.html"
        write_page(world.configuration(), replace(facts(), seconds=None), path)
        html = path.read_text(encoding="utf-8")
        assert words in html
        assert ("47.60" if language == "en" else "47,60") in html
    in_kuna(world, "R3")
    assert turnover(world).others == ()


def test_an_article_sold_in_several_units_has_its_quantity_in_one_or_none(world: World) -> None:
    deliver(
        world,
        sold(1, "A1", "1.250", "kg"), sold(2, "A1", "250.000", "g"), sold(3, "A1", "0.500", "kg"),
        sold(4, "A2", "1.000", "kg"), sold(5, "A2", "3.000", "Stk"), sold(6, "A3", "3.000"),
        sold(7, "A3", "1.000", "Stück"),
    )  # fmt: skip
    fetch(world)
    found = {sales.article: (sales.unit, sales.quantity_milli) for sales in turnover(world).by_turnover}
    assert found["A1"] == ("kg", 2000)
    assert found["A2"][1] is None
    assert found["A3"] == ("Stk", 4000)
