"""Protects that check and plan say beforehand what a batch would meet, and neither writes anything."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from cloudkasse_etl.erp.selectline_api.ledger_api import LedgerApi
from cloudkasse_etl.sync.deliveries.delivery_diagnosis import diagnose_delivery
from cloudkasse_etl.sync.dry_run.delivery_plan import plan_delivery
from tests.support.books import change_booked, closing_of_sales, deliver, fetch_and_book, sale
from tests.support.selectline.delivering import TENANT
from tests.support.selectline.posting import CLEARING, PostingShop

pytestmark = pytest.mark.shop(accounts=True)


def problems(shop: PostingShop) -> list[str]:
    return [str(problem) for problem in diagnose_delivery(shop.world.configuration())]


@pytest.fixture
def well(shop: PostingShop) -> PostingShop:
    """A shop of which nothing keeps postings from SelectLine's ledger."""
    accounts = shop.world.settings["accounts"]
    accounts["revenue"] = {"19.00": "8400"}
    accounts["business_cases"], accounts["tenders"] = {}, {}
    return shop


@pytest.fixture(autouse=True)
def today(monkeypatch: pytest.MonkeyPatch) -> None:
    import datetime as dt

    from cloudkasse_etl.sync.deliveries import delivery_diagnosis
    from cloudkasse_etl.sync.deliveries.ledger import ledger_diagnosis

    for module in (delivery_diagnosis, ledger_diagnosis):
        monkeypatch.setattr(module, "today", lambda settings: dt.date(2026, 11, 24))


def test_where_all_is_well_nothing_is_said_nothing_written_and_no_session_left(well: PostingShop) -> None:
    assert problems(well) == []
    assert well.writes() == []
    assert well.server.sessions.open == []


def account(path: str, number: Any) -> Callable[[PostingShop, pytest.MonkeyPatch], None]:
    def change(shop: PostingShop, _: pytest.MonkeyPatch) -> None:
        place: Any = shop.world.settings["accounts"]
        *parts, last = path.split(".")
        for part in parts:
            place = place[part]
        place[last] = number

    return change


def year(name: str) -> Callable[[PostingShop, pytest.MonkeyPatch], None]:
    return lambda shop, _: shop.world.settings["delivery"]["batch"].update(year=name)


def chart(**changed: Any) -> Callable[[PostingShop, pytest.MonkeyPatch], None]:
    def change(_: PostingShop, monkeypatch: pytest.MonkeyPatch) -> None:
        codes = LedgerApi.tax_codes
        monkeypatch.setattr(LedgerApi, "tax_codes", lambda self: ({**one, **changed} for one in codes(self)))

    return change


def at_register(**changed: Any) -> Callable[[PostingShop, pytest.MonkeyPatch], None]:
    return lambda shop, _: shop.world.settings["registers"][0].update(changed)


@pytest.mark.parametrize(
    ("change", "where", "told"),
    [
        (account("clearing", "4711"), "accounts.clearing", "no account 4711"),
        (account("tenders", {"Unbar": {"Rechnung": "1599"}}), "accounts.tenders.Unbar.Rechnung", "on account 1599"),
        (
            account("business_cases", {"DifferenzSollIst": {"short": "2310", "over": "4712"}}),
            "accounts.business_cases.DifferenzSollIst.over",
            "no account 4712",
        ),
        (at_register(cash_account="4713"), "registers.K1.cash_account", "no account 4713"),
        (
            at_register(tenders={"Kreditkarte": {"Visa": "1360", "*": "4714"}}),
            "registers.K1.tenders.Kreditkarte.*",
            "no account 4714",
        ),
        (year(f"{TENANT}F-2025"), "delivery.batch.year", "no period for today"),
        (year(f"{TENANT}F-1990"), "SelectLine's Web API", f"fiscal year '{TENANT}F-1990'"),
        (chart(TaxCodeOptions={"ChangeableTaxSum": False}), "delivery.ledger", "takes no other VAT"),
        (chart(TaxType="InputTax"), "delivery.ledger", "no tax code with 19.00 %"),
    ],
)
def test_what_is_wrong_is_told_with_its_cure(
    well: PostingShop,
    monkeypatch: pytest.MonkeyPatch,
    change: Callable[[PostingShop, pytest.MonkeyPatch], None],
    where: str,
    told: str,
) -> None:
    change(well, monkeypatch)
    (problem,) = diagnose_delivery(well.world.configuration())
    assert (str(problem).startswith(where), told in str(problem)) == (True, True)
    assert problem.cure
    assert well.server.sessions.open == []


def test_a_tax_code_that_lets_no_other_vat_refuses_a_batch_only_where_the_sums_differ(
    well: PostingShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    chart(TaxCodeOptions={"ChangeableTaxSum": False})(well, monkeypatch)
    deliver(well.world, sale(1), closings=(closing_of_sales(1, 1, 1),))
    fetch_and_book(well.world)
    change_booked(well.world, "UPDATE cloudkasse_posting SET tax_cents = tax_cents + 1 WHERE account = '8400'")
    report = well.post()
    assert [one.code for one in report.rejections] == ["ledger_tax_sum_fixed"]
    change_booked(well.world, "UPDATE cloudkasse_posting SET tax_cents = tax_cents - 1 WHERE account = '8400'")
    assert well.post().counts.new == 1


def test_a_plan_tells_each_posting_and_asks_selectline_nothing(well: PostingShop) -> None:
    well.world.settings["delivery"]["documents"] = "transfer"
    deliver(well.world, sale(1), sale(2), sale(3), closings=(closing_of_sales(1, 1, 2),))
    fetch_and_book(well.world)
    plan = json.loads(json.dumps(plan_delivery(well.world.configuration()).as_dict("en")))
    (batch,), (document,) = plan["batches"], plan["documents"]
    assert batch["clearing_cents"] == -document["amount_cents"] == -4760
    assert (batch["key"], batch["receipts"]) == ("cloudkasse:1|K1|closing 1|1", 2)
    assert [line["Account"] for posting in batch["postings"] for line in posting["Positions"]] == ["1000", CLEARING]
    assert plan["waiting"] == {"closing_or_day": 1, "stock": 0, "undone": 0}
    assert (well.server.requests, well.batches()) == ([], [])
    well.post()
    ((_, postings),) = well.posted().items()
    assert [one["PostingDocument"] for one in postings] == [one["PostingDocument"] for one in batch["postings"]]


def test_sales_that_a_batch_left_to_documents_are_told_once_none_are_delivered_any_more(well: PostingShop) -> None:
    well.world.settings["delivery"]["documents"] = "transfer"
    deliver(well.world, *(sale(number) for number in (1, 2)), closings=(closing_of_sales(1, 1, 2),))
    fetch_and_book(well.world)
    well.post()
    assert not [problem for problem in problems(well) if "left them" in problem]  # a document is still to come
    well.world.settings["delivery"]["documents"] = "none"
    (left,) = problems(well)
    assert "2 receipts" in left
    well.world.settings["delivery"]["documents"] = "transfer"
    well.deliver()
    well.world.settings["delivery"]["documents"] = "none"
    assert problems(well) == []
