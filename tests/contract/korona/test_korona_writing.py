"""Protects what goes up to KORONA.cloud: an outcome for every record, nothing overwritten that is not ours, and no harm
in doing it twice."""

import json
from collections.abc import Sequence
from typing import Any

import pytest

from cloudkasse_etl.rejections.catalogue import CATALOGUE
from cloudkasse_etl.tills.korona.korona_client import KoronaClient
from cloudkasse_etl.tills.korona.korona_dry_client import KoronaDryClient
from cloudkasse_etl.tills.port import Attempt, ItemResult
from tests.support.korona.korona_cloud import KoronaCloud, configuration, error, korona
from tests.support.korona.korona_receipts import POINT, raw
from tests.support.servers.scripted_server import Journal, Reply, Request, ScriptedServer

Item = dict[str, Any]


def register(number: str = "K1", **changes: Any) -> Item:
    found = {"number": number, "name": "Laden", "price_group": "1", "warehouse": "1", "currency": "EUR", "active": True}
    return found | changes


def employee(number: str = "M1", **changes: Any) -> Item:
    found = {"first_name": "Eva", "last_name": "Meier", "display_name": "Eva Meier", "active": True}
    return {"number": number} | found | changes


def article(number: str = "A1", **changes: Any) -> Item:
    found = {
        "number": number, "name": "Kaffee", "description": "250 g", "gtin": "4006381333931", "group": "10",
        "group_name": "Getränke", "unit": "Stk", "tax_code": "1", "vat_rate": "19.00", "stock_item": True,
        "discountable": True, "open_price": False, "active": True,
    }  # fmt: skip
    return found | changes


def price(article: str = "A1", cents: int = 1190, **changes: Any) -> Item:
    found = {
        "article": article, "price_group": "1", "min_quantity": "0.000", "valid_from": None, "valid_to": None,
        "gross_cents": cents, "currency": "EUR", "active": True,
    }  # fmt: skip
    return found | changes


def send(client: KoronaClient, journal: Journal, kind: str, *items: Item) -> list[ItemResult]:
    results = journal.store(client.send(kind, items))
    assert journal.attempts == {}
    assert len(results) == len(items)
    return results


def told(results: Sequence[ItemResult]) -> list[tuple[str, str | None]]:
    return [(result.status, result.code) for result in results]


def test_a_register_is_a_point_of_sale_that_is_there() -> None:
    with korona() as (client, cloud, journal):
        cloud.put("pointsOfSale", {"id": POINT["id"], "number": "11"})
        results = send(client, journal, "registers", register(), register("K2"))
        assert told(results) == [("unchanged", None), ("rejected", "korona_no_point_of_sale")]
        assert (results[0].cloud_id, results[1].message) == (POINT["id"], "K2")
        assert cloud.count("POST") == 0
        cloud.put("pointsOfSale", {"number": "K2", "active": False})
    assert "cloud.korona_no_point_of_sale" in CATALOGUE


def test_a_register_that_is_no_longer_named_is_left_alone() -> None:
    with korona() as (client, cloud, journal):
        assert told(send(client, journal, "registers", register("K9", active=False))) == [("deactivated", None)]
        assert cloud.count("POST") == 0


def test_employees_are_cashiers_and_what_only_korona_has_stays() -> None:
    with korona() as (client, cloud, journal):
        cloud.put("cashiers", {"number": "M1", "firstname": "Eva", "surname": "Alt", "email": "eva@example.org"})
        results = send(client, journal, "employees", employee(), employee("M2", first_name=None, last_name=None,
                       display_name="M2"), employee("M3", active=False))  # fmt: skip
        assert [result.status for result in results] == ["updated", "created", "deactivated"]
        held = [one for page in client.records("employees") for one in page]
        assert [{k: v for k, v in one.items() if k != "id"} for one in held] == [
            employee(), employee("M2", first_name=None, last_name=None, display_name="M2"),
            employee("M3", active=False),
        ]  # fmt: skip
        assert cloud.lists["cashiers"][0]["email"] == "eva@example.org"


def test_articles_are_products_in_their_commodity_groups() -> None:
    with korona() as (client, cloud, journal):
        results = send(client, journal, "articles", article(), article("A2", group=None, group_name=None, gtin=None))
        assert [result.status for result in results] == ["created", "created"]
        assert [(one["number"], one["name"]) for one in cloud.lists["commodityGroups"]] == [("10", "Getränke")]
        first, second = cloud.lists["products"]
        assert (first["codes"], first["sector"], first["commodityGroup"]) == (
            [{"productCode": "4006381333931"}], {"number": "19"}, {"number": "10"},
        )  # fmt: skip
        assert (second["codes"], "commodityGroup" in second) == ([], False)
        send(client, journal, "articles", article())
        assert cloud.count("POST commodityGroups") == 1


def test_articles_come_back_with_the_fields_that_korona_has() -> None:
    with korona() as (client, cloud, journal):
        send(client, journal, "articles", article())
        cloud.lists["products"][0]["commodityGroup"]["name"] = "Getränke"
        ((found,),) = client.records("articles")
        sent = article()
        assert {name: sent[name] for name in found if name != "id"} == {k: v for k, v in found.items() if k != "id"}
        assert sent.keys() - found.keys() == {"description", "unit", "vat_rate", "tax_code"} - {"tax_code"}


def test_an_article_whose_tax_code_has_no_sector_is_refused_and_holds_up_no_other() -> None:
    with korona() as (client, _, journal):
        results = send(client, journal, "articles", article(tax_code="3"), article("A2"))
        assert told(results) == [("rejected", "korona_no_sector"), ("created", None)]
        assert results[0].field == "tax_code"
    assert "cloud.korona_no_sector" in CATALOGUE


def test_a_record_that_is_refused_holds_up_no_other() -> None:
    with korona() as (client, cloud, journal):
        cloud.refuse = lambda kind, record: "surname is empty" if record["number"] == "M1" else None
        results = send(client, journal, "employees", employee(), employee("M2"))
        assert told(results) == [("rejected", "korona_refused"), ("created", None)]
        assert results[0].message == "surname is empty"
    assert "cloud.korona_refused" in CATALOGUE


def test_a_batch_that_is_refused_as_a_whole_is_halved_until_the_record_is_found() -> None:
    with korona() as (client, cloud, journal):

        def strict(request: Request) -> Reply | None:
            bad = request.method == "POST" and any(one["number"] == "M5" for one in json.loads(request.body))
            return error(400, "INVALID_MODEL_PROPERTY", "surname") if bad else None

        cloud.before = strict
        results = send(client, journal, "employees", *[employee(f"M{at}") for at in range(9)])
        assert [r.item["number"] for r in results if r.status == "rejected"] == ["M5"]
        assert [r.item["number"] for r in results] == [f"M{at}" for at in range(9)]


@pytest.mark.parametrize(
    "spoil",
    [
        lambda results: results[:1],
        lambda results: [results[0], {**results[1], "action": "DELETED"}],
        lambda results: [results[0], {**results[1], "status": None}],
        lambda results: [results[0], {**results[1], "number": "M1"}],
    ],
    ids=["missing", "deleted", "no status", "doubled"],
)
def test_a_result_that_is_none_never_counts_as_taken(spoil: Any) -> None:
    with korona() as (client, cloud, journal):

        def spoilt(request: Request, reply: Reply) -> Reply:
            return Reply(body=spoil(reply.body)) if request.method == "POST" else reply

        cloud.after = spoilt
        results = send(client, journal, "employees", employee(), employee("M2"))
        assert results[-1].code == "contract"


def test_a_lost_answer_after_the_work_does_no_harm() -> None:
    with korona() as (client, cloud, journal):
        lost = iter([True, False])
        cloud.after = lambda request, reply: Reply(drop=True) if next(lost, False) else reply
        assert [r.status for r in send(client, journal, "employees", employee())] == ["updated"]
        assert len(cloud.lists["cashiers"]) == 1


def test_an_attempt_of_a_dead_run_is_finished() -> None:
    with korona() as (client, cloud, journal):
        cloud.before = lambda request: Reply(503)
        with pytest.raises(Exception, match="503"):
            journal.store(client.send("employees", [employee()]))
        assert len(journal.attempts) == 1
        cloud.before = lambda request: None
        for _ in range(2):  # an upsert by number may be repeated
            (result,) = [r for outcome in client.resend(list(journal.recorded)) for r in outcome.results]
        assert (result.item, len(cloud.lists["cashiers"])) == (employee(), 1)


# --- prices


def values(cloud: KoronaCloud, number: str = "A1") -> list[tuple[str, str, float]]:
    (product,) = [one for one in cloud.lists["products"] if one["number"] == number]
    return [(p["priceGroup"]["number"], p["validFrom"][:10], p["value"]) for p in product["prices"]]


def test_prices_belong_to_a_product_by_price_group_and_first_day() -> None:
    with korona() as (client, cloud, journal):
        cloud.put("products", {"number": "A1", "name": "Kaffee"})
        results = send(client, journal, "prices", price(), price(valid_from="2027-01-01", cents=1201), price("A9"))
        assert told(results) == [("updated", None), ("updated", None), ("rejected", "article_unknown")]
        assert [(g["number"], g["netPrices"]) for g in cloud.lists["priceGroups"]] == [("1", False)]
        assert values(cloud) == [("1", "1970-01-01", 11.9), ("1", "2027-01-01", 12.01)]
        ((*found,),) = client.records("prices")
        assert [(p["valid_from"], p["gross_cents"]) for p in found] == [(None, 1190), ("2027-01-01", 1201)]
        assert cloud.lists["products"][0]["name"] == "Kaffee"


def test_a_price_that_changes_or_ends_leaves_all_others_as_they_are() -> None:
    foreign = {"value": raw("9.99"), "productCode": "4006381333931", "priceGroup": {"number": "1"}}
    other = {"value": raw("5"), "validFrom": "2026-01-01T00:00:00+01:00", "priceGroup": {"number": "7", "name": "Werk"}}
    branch = {"value": raw("6"), "validFrom": "2026-01-01T00:00:00+01:00", "organizationalUnit": {"number": "2"}}
    with korona() as (client, cloud, journal):
        cloud.put("products", {"number": "A1", "prices": [foreign, other, branch]})
        send(client, journal, "prices", price(), price(valid_from="2027-01-01"))
        send(client, journal, "prices", price(cents=1000), price(valid_from="2027-01-01", active=False))
        (product,) = cloud.lists["products"]
        assert product["prices"][:3] == json.loads(json.dumps([foreign, other, branch]))
        assert [(p["validFrom"][:10], p["value"]) for p in product["prices"][3:]] == [("1970-01-01", 10)]


def test_a_price_that_ends_needs_one_that_follows() -> None:
    spring = price(valid_from="2027-01-01", valid_to="2027-03-31", cents=900)
    summer = price(valid_from="2027-04-01", cents=950)
    with korona() as (client, cloud, journal):
        cloud.put("products", {"number": "A1"})
        assert told(send(client, journal, "prices", price(), spring)) == [
            ("updated", None), ("rejected", "korona_price_end"),
        ]  # fmt: skip
        assert told(send(client, journal, "prices", spring, summer)) == [("updated", None)] * 2
        chain = summer | {"valid_to": "2027-05-31"}
        assert [code for _, code in told(send(client, journal, "prices", spring | {"price_group": "2"},
                chain | {"price_group": "2"}))] == ["korona_price_end"] * 2  # fmt: skip
    assert "cloud.korona_price_end" in CATALOGUE


def test_a_scale_price_and_a_net_price_group_are_refused() -> None:
    with korona() as (client, cloud, journal):
        cloud.put("products", {"number": "A1"})
        cloud.put("priceGroups", {"number": "2", "netPrices": True})
        results = send(client, journal, "prices", price(min_quantity="10.000"), price(price_group="2"), price())
        assert [code for _, code in told(results)] == ["korona_price_scale", "korona_net_prices", None]
    assert {"cloud.korona_price_scale", "cloud.korona_net_prices"} <= CATALOGUE.keys()


def test_a_price_group_that_cannot_be_made_is_told_at_its_prices() -> None:
    with korona() as (client, cloud, journal):
        cloud.put("products", {"number": "A1"})
        cloud.refuse = lambda kind, record: "no right" if kind == "priceGroups" else None
        (result,) = send(client, journal, "prices", price())
        assert (result.code, result.message) == ("korona_refused", "no right")


def test_many_prices_read_the_products_once() -> None:
    with korona() as (client, cloud, journal):
        cloud.put("products", *[{"number": f"A{at}"} for at in range(60)])
        send(client, journal, "prices", *[price(f"A{at}") for at in range(60)])
        assert cloud.count("GET products") == 1
        cloud.requests.clear()
        send(client, journal, "prices", price("A7", 5), price("A8", 5))
        assert (cloud.count("GET products"), cloud.count("GET priceGroups")) == (2, 0)


def test_a_retired_price_of_an_unknown_article_is_gone_already() -> None:
    with korona() as (client, _, journal):
        assert told(send(client, journal, "prices", price(active=False))) == [("deactivated", None)]


# --- without sending


def test_a_dry_run_sends_nothing_and_foresees_what_is_known() -> None:
    cloud = KoronaCloud()
    with ScriptedServer(cloud) as server:
        foresee = lambda kind, items: [None if i["number"] != "M2" else "limit_reached" for i in items]  # noqa: E731
        with KoronaDryClient(configuration(server.url), foresee) as client:

            def results(kind: str, *items: Item) -> list[tuple[str, str | None]]:
                return [one for outcome in client.send(kind, items) for one in told(outcome.results)]

            assert results("registers", register()) == [("rejected", "korona_no_point_of_sale")]
            assert results("articles", article(), article(tax_code="9")) == [
                ("updated", None), ("rejected", "korona_no_sector"),
            ]  # fmt: skip
            assert results("employees", employee("M2")) == [("rejected", "limit_reached")]
            attempt = Attempt("k", "employees", json.dumps({"items": [employee()]}).encode())
            assert [outcome.answered for outcome in client.resend([attempt])] == [("k",)]
    assert cloud.count("POST") == 0
    assert cloud.faults == []


def test_what_the_settings_do_not_name_is_told_before_it_is_refused() -> None:
    with korona() as (client, cloud, _):
        cloud.put("pointsOfSale", {"number": "11"}, {"number": "12", "name": "Zelt"})
        cloud.put("paymentMethods", {"number": "1", "name": "Bar"}, {"number": "7", "name": "Gift"})
        cloud.put("sectors", {"number": "19"}, {"number": "0", "name": "Steuerfrei"})
        found = [(str(problem.text), problem.is_note) for problem in client.problems()]
    named = ("'K2'", "'12' (Zelt)", "'7' (Gift)", "'0' (Steuerfrei)", "'2'")
    assert [name in text for name, (text, _) in zip(named, found, strict=True)] == [True] * 5
    assert [is_note for _, is_note in found] == [False, True, True, True, False]


def test_a_kind_that_is_not_taken_is_refused() -> None:
    with korona() as (client, _, _), pytest.raises(ValueError, match="companies"):
        client.records("companies")
