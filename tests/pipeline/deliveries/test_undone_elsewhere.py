"""Protects SelectLine when settings of delivery change between an undo and the delivery that takes it back there.

SelectLine's stock and revenue are compared with those of a shop in which nothing was changed in between.
"""

from collections.abc import Callable
from typing import Any

import pytest

from cloudkasse_etl.errors import ConfigurationError
from cloudkasse_etl.sandbox.selectline.selectline_faults import SelectlineFault
from cloudkasse_etl.state.stores.deliveries.delivery_store import STORAGE, TRANSFER
from cloudkasse_etl.sync.deliveries.ledger.ledger_delivery import deliver_ledger
from cloudkasse_etl.sync.dry_run.delivery_plan import plan_delivery
from cloudkasse_etl.sync.receipts.import_undo import Scope, undo_import
from cloudkasse_etl.sync.run.report import outcome_of
from cloudkasse_etl.sync.run.sentence import sentence
from tests.support.books import balances, book, closing_of_sales, decider, deliver, fetch_and_book, sale, stock, told
from tests.support.selectline.delivering import TENANT, DeliveringShop
from tests.support.selectline.faulty import faulty, try_on
from tests.support.selectline.posting import YEAR

pytestmark = pytest.mark.shop(accounts=True)

OTHER = "8409"
Change = Callable[[DeliveringShop], None]


def settings(**changed: Any) -> Change:
    return lambda shop: shop.world.settings["delivery"].update(changed)


def delivered_and_undone(shop: DeliveringShop, **changed: Any) -> None:
    """Four receipts are in SelectLine's books, and the import of two was undone and made on another account."""
    settings(**changed)(shop)
    deliver(shop.world, *(sale(number) for number in range(1, 5)), closings=(closing_of_sales(1, 1, 4),))
    fetch_and_book(shop.world)
    shop.deliver()
    shop.clerk("take-over")
    shop.deliver()
    undo_import(decider(shop.world, "wrong account"), Scope(("R2", "R3")))
    shop.world.settings["accounts"]["revenue"]["19.00"] = OTHER
    book(shop.world)


def end(shop: DeliveringShop) -> None:
    """All that can be delivered is, and taken over."""
    for _ in range(3):
        shop.deliver()
        shop.clerk("take-over")


def assert_selectlines_stock_is_as_booked(shop: DeliveringShop) -> None:
    assert shop.moved() == {
        (article, house): milli / 1000 for (house, article), milli in stock(shop.world).items() if milli
    }


def revenue(shop: DeliveringShop) -> dict[str, int]:
    sums: dict[str, int] = {}
    for row in shop.books()["revenue"]:
        sums[row["account"]] = sums.get(row["account"], 0) + row["amount_cents"]
    return {account: cents for account, cents in sums.items() if cents}


def assert_selectline_has_what_is_booked(shop: DeliveringShop) -> None:
    booked = balances(shop.world)
    assert revenue(shop) == {account: -booked[account] for account in ("8400", OTHER)}
    assert_selectlines_stock_is_as_booked(shop)


@pytest.mark.parametrize("grain", ["receipt", "day", "closing"])
def test_with_another_grain_it_is_taken_back_all_the_same(shop: DeliveringShop, grain: str) -> None:
    delivered_and_undone(shop)
    settings(grain=grain)(shop)
    end(shop)
    assert_selectline_has_what_is_booked(shop)
    assert told(shop.deliver()) == {}


def test_as_stock_alone_nothing_goes_twice_and_the_way_out_is_named(shop: DeliveringShop) -> None:
    delivered_and_undone(shop)
    settings(documents="storage")(shop)
    before = shop.books()
    report = shop.deliver()
    (held,) = report.deferrals
    assert (held.code, held.count, held.examples) == ("delivery_undone_elsewhere", 2, ("K1-2", "K1-3"))
    assert "deliveries 1 " in held.text("en")
    assert "delivery.documents: transfer" in held.text("en")
    plan = plan_delivery(shop.world.configuration())
    assert (plan.documents, plan.left_elsewhere) == ([], 2)
    assert "deliveries 1 " in sentence(outcome_of(report.counts), [report], "en")
    assert shop.books() == before
    settings(documents="transfer")(shop)
    end(shop)
    assert_selectline_has_what_is_booked(shop)
    assert shop.deliver().deferrals == ()


def test_stock_that_moved_alone_is_not_moved_once_more_by_a_document(shop: DeliveringShop) -> None:
    delivered_and_undone(shop, documents="storage")
    settings(documents="transfer")(shop)
    end(shop)
    assert [one.detail["setting"] for one in shop.deliver().deferrals] == ["delivery.documents: storage"]
    assert shop.moved() == {("A1", "1"): -8.0}
    settings(documents="storage")(shop)
    end(shop)
    assert_selectlines_stock_is_as_booked(shop)
    assert [one.status for one in shop.deliveries(STORAGE)] == ["delivered"] * 3


def test_in_another_tenant_nothing_is_taken_back_that_is_not_there(shop: DeliveringShop) -> None:
    delivered_and_undone(shop)
    settings(tenant="SL_MTEST")(shop)
    report = shop.deliver()
    assert [(one.code, one.detail["tenant"]) for one in report.deferrals] == [("delivery_undone_elsewhere", TENANT)]
    assert told(report) == {"deferred": 2}
    settings(tenant=TENANT)(shop)
    end(shop)
    assert_selectline_has_what_is_booked(shop)


def test_sales_that_a_document_has_are_not_posted_meanwhile(shop: DeliveringShop) -> None:
    delivered_and_undone(shop)
    settings(documents="none", ledger="batch", batch={"year": YEAR}, start_date="2026-01-01")(shop)
    with shop.world.session() as session:
        report = deliver_ledger(session)
        session.finish()
    assert [one.code for one in report.deferrals] == ["delivery_undone_elsewhere"]
    settings(documents="transfer", ledger="none")(shop)
    end(shop)
    assert_selectline_has_what_is_booked(shop)


def test_what_cannot_be_taken_back_there_holds_what_is_imported_again(shop: DeliveringShop) -> None:
    delivered_and_undone(shop)
    shop.world.erp("UPDATE LAGER SET Inaktiv = 1")
    report = shop.deliver()
    assert [(one.code, " undone|" in one.key) for one in report.rejections] == [("delivery_warehouse_unknown", True)]
    assert len(shop.documents()) == 1
    shop.world.erp("UPDATE LAGER SET Inaktiv = 0")
    end(shop)
    assert_selectline_has_what_is_booked(shop)


@pytest.mark.parametrize(
    ("change", "cure"),
    [
        (settings(documents="storage"), "Set delivery.documents: transfer"),
        (settings(tenant="SL_MTEST"), f"Name '{TENANT}' again"),
    ],
)
def test_undo_refuses_before_what_the_settings_cannot_take_back(
    shop: DeliveringShop, change: Change, cure: str
) -> None:
    delivered_and_undone(shop)
    end(shop)
    change(shop)
    with pytest.raises(ConfigurationError, match="by delivery 1") as refused:
        undo_import(decider(shop.world, "again"), Scope(("R1",)))
    assert cure in str(refused.value.hint)


@pytest.mark.parametrize("documents", ["transfer", "storage"])
@pytest.mark.parametrize("seed", [1, 2])
def test_with_all_faults_at_once_selectline_has_what_is_booked(shop: DeliveringShop, documents: str, seed: int) -> None:
    shop.world.settings["api"]["attempts"] = 2  # each further one is a pause, and nothing else
    shop.server.sessions.licences = 2
    delivered_and_undone(shop, documents=documents)
    settings(grain="receipt")(shop)
    plan = ",".join(f"{fault}:0.06" for fault in SelectlineFault)
    with faulty(shop.server, f"{plan},seed={seed}"):
        try_on(shop.deliver, 5)
    end(shop)
    report = shop.deliver()
    assert (report.rejections, report.warnings, told(report)) == ((), (), {})
    assert len(shop.deliveries(STORAGE if documents == "storage" else TRANSFER)) == 1 + 2 * 2
    assert_selectlines_stock_is_as_booked(shop)
    if documents == "transfer":
        assert_selectline_has_what_is_booked(shop)
