"""Protects that check and plan say beforehand what a delivery would meet, and neither writes anything."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from cloudkasse_etl.errors import Problem
from cloudkasse_etl.sync.deliveries.delivery_diagnosis import diagnose_delivery
from cloudkasse_etl.sync.dry_run.delivery_plan import plan_delivery
from cloudkasse_etl.sync.monitoring.diagnosis import diagnose
from cloudkasse_etl.sync.receipts.import_undo import Scope, undo_import
from tests.support.books import book, closing_of_sales, decider, deliver, fetch_and_book, sale, told
from tests.support.selectline.delivering import DeliveringShop

pytestmark = pytest.mark.shop(accounts=True)


def problems(shop: DeliveringShop) -> list[str]:
    return [str(problem) for problem in diagnose_delivery(shop.world.configuration())]


@pytest.fixture
def well(shop: DeliveringShop) -> DeliveringShop:
    """A shop of which nothing keeps a delivery from SelectLine."""
    shop.world.settings["accounts"]["revenue"] = {"19.00": "8400"}
    shop.world.settings["delivery"]["transfer"]["cash_bank"] = {"K1": "K1"}
    return shop


def test_where_all_is_well_nothing_is_said_nothing_written_and_no_session_left(well: DeliveringShop) -> None:
    assert problems(well) == []
    assert well.writes() == []
    assert well.server.sessions.open == []


def setting(path: str, value: Any) -> Callable[[DeliveringShop], None]:
    def change(shop: DeliveringShop) -> None:
        place: Any = shop.world.settings
        *parts, last = path.split(".")
        for part in parts:
            place = place[part]
        place[last] = value

    return change


def secret(name: str, value: str) -> Callable[[DeliveringShop], None]:
    return lambda shop: shop.world.more_environment.update({name: value})


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (setting("delivery.transfer.cash_bank", {}), "Register K1 has no cash account of SelectLine."),
        (setting("delivery.transfer.cash_bank", {"K1": "K1", "K7": "K1"}), "There is no register K7"),
        (setting("delivery.transfer.document_kind", "77"), "no kind of document '77'; it has: "),
        (setting("delivery.tenant", "SL_MGONE"), "does not set tenant 'SL_MGONE'"),
        (setting("accounts.revenue", {"7.00": "8300"}), "no tax code with 7.00 % today"),
        (secret("SELECTLINE_API_APPKEY", "wrong"), "does not let user 'sandbox' in"),
        (secret("SELECTLINE_API_URL", "http://127.0.0.1:9/slmobileApi"), "was refused"),
        (lambda shop: setattr(shop.server.sessions, "licences", 0), "no free licence"),
    ],
)
def test_what_is_wrong_is_told_with_its_cure(
    well: DeliveringShop, change: Callable[[DeliveringShop], None], told: str
) -> None:
    change(well)
    (problem,) = diagnose_delivery(well.world.configuration())
    assert told in str(problem)
    assert problem.cure
    assert well.server.sessions.open == []


def diagnosed(shop: DeliveringShop) -> list[Problem]:
    shop.world.configuration()  # which writes the settings
    return diagnose(shop.world.environment)


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (
            lambda shop: shop.world.settings["registers"][0].update(warehouse="77"),
            "no warehouse '77', which register K1",
        ),
        (lambda shop: shop.world.erp("UPDATE LAGER SET Inaktiv = 1"), "'1', which register K1 sells from, is inactive"),
    ],
)
def test_a_warehouse_to_which_nothing_can_be_delivered_is_told(
    well: DeliveringShop, change: Callable[[DeliveringShop], object], found: str
) -> None:
    assert [one for one in diagnosed(well) if "warehouse" in str(one)] == []
    change(well)
    (problem,) = [one for one in diagnosed(well) if "warehouse" in str(one)]
    assert found in str(problem)
    assert "settings" in str(problem.cure)


def test_a_register_whose_warehouse_is_wrong_is_cured_as_its_rejection_says(well: DeliveringShop) -> None:
    well.world.settings["registers"][0]["warehouse"] = "77"
    deliver(well.world, sale(1), closings=(closing_of_sales(1, 1, 1),))
    fetch_and_book(well.world)
    (rejected,) = well.deliver().rejections
    assert (rejected.code, "'77'" in rejected.text("en")) == ("delivery_warehouse_unknown", True)
    assert "cloudkasse-etl undo" in rejected.cure()
    well.world.settings["registers"][0]["warehouse"] = "1"
    undo_import(decider(well.world, "warehouse"), Scope(("R1",)))
    book(well.world)
    assert told(well.deliver()) == {"new": 1}
    well.clerk("take-over")
    assert well.moved() == {("A1", "1"): -2.0}


def test_a_shop_that_delivers_nothing_is_not_asked(well: DeliveringShop) -> None:
    well.world.settings["delivery"] = {"documents": "none"}
    assert problems(well) == []
    assert well.server.requests == []


def test_a_plan_tells_each_line_and_asks_selectline_nothing(well: DeliveringShop) -> None:
    deliver(well.world, sale(1), sale(2), sale(3), closings=(closing_of_sales(1, 1, 2),))
    fetch_and_book(well.world)
    plan = json.loads(json.dumps(plan_delivery(well.world.configuration()).as_dict("en")))
    (document,) = plan["documents"]
    assert (document["key"], document["amount_cents"], document["receipts"]) == ("cloudkasse:1|K1|closing 1|1", 4760, 2)
    assert document["lines"][0]["ArticleNumber"] == "A1"
    assert plan["waiting"] == {"closing_or_day": 1, "stock": 0, "undone": 0}
    assert plan["rejections"] == []
    assert (well.server.requests, well.deliveries()) == ([], [])
    well.deliver()
    (sent,) = well.documents()
    assert [line["Quantity"] for line in sent["Positions"]] == [line["Quantity"] for line in document["lines"]]
