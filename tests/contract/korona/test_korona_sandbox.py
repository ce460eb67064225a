"""Protects that the sandbox can be tried as an account at KORONA.cloud: it keeps KORONA's description, and sells."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from pydantic import SecretStr

from cloudkasse_etl.config.connections import Connections
from cloudkasse_etl.config.settings import Configuration
from cloudkasse_etl.errors import AuthorizationError
from cloudkasse_etl.sandbox.cloud.record_models import Entity
from cloudkasse_etl.sandbox.korona.korona_endpoints import ACCOUNT, BASE
from cloudkasse_etl.sandbox.korona.sold_receipts import koronas
from cloudkasse_etl.sandbox.server import SandboxServer
from cloudkasse_etl.sandbox.till.selling import sell
from cloudkasse_etl.schemas.wire_receipts import parse_closing, read_item, read_receipt
from cloudkasse_etl.tills.korona.korona_client import KoronaClient
from cloudkasse_etl.tills.korona.korona_translation import KoronaTranslation
from cloudkasse_etl.transform.receipt_checks import check_receipts
from cloudkasse_etl.transform.receipt_frames import flatten
from tests.support.korona.korona_description import faults_of_answer, needs_description
from tests.support.korona.korona_receipts import settings
from tests.support.korona.korona_sales import SETTINGS
from tests.support.patience import HANG_SECONDS
from tests.support.selling.selling_shop import delivered, once
from tests.support.servers.scripted_server import API, Journal

TOKEN = "a-token"
REGISTERS = [{"number": n, "name": n, "warehouse": "1", "price_group": "1"} for n in ("K1", "K2")]
SHOP = settings(
    json.dumps(
        {
            "timezone": "Europe/Berlin",
            "registers": REGISTERS,
            "price_groups": {"1": {"basis": "gross"}},
            "till": {"kind": "korona", "korona": SETTINGS | {"account": ACCOUNT}},
        }
    )
).model_copy(update={"api": API})
ARTICLES: list[dict[str, Any]] = [
    {
        "number": f"A{at}", "name": f"Ware {at}", "description": None, "gtin": None, "group": "10",
        "group_name": "Waren",
        "unit": "Stk", "tax_code": "3", "vat_rate": "19.00", "stock_item": True, "discountable": True,
        "open_price": False, "active": True,
    }
    for at in range(1, 6)
]  # fmt: skip
PRICES: list[dict[str, Any]] = [
    {
        "article": one["number"], "price_group": "1", "min_quantity": "0.000", "valid_from": None, "valid_to": None,
        "gross_cents": 1190, "currency": "EUR", "active": True,
    }
    for one in ARTICLES
]  # fmt: skip


@pytest.fixture
def server() -> Iterator[SandboxServer]:
    with SandboxServer(None, token=TOKEN, till="korona") as running:
        yield running


def client(server: SandboxServer, password: str = TOKEN, page_items: int = 50) -> KoronaClient:
    connections = Connections(
        erp_url=SecretStr("sqlite://"), state_url=SecretStr("sqlite://"), api_url=server.url + BASE, api_user="shop",
        api_token=SecretStr(password),
    )  # fmt: skip
    configuration = Configuration(settings=SHOP, connections=connections, path=Path("cloudkasse.yaml"))
    return KoronaClient(configuration, Journal(), page_items=page_items)


def stocked(server: SandboxServer) -> None:
    """Brings a shop's records up, as a run does."""
    registers = [{"number": number, "active": True} for number in ("K1", "K2")]
    employees = [{"number": "M1", "first_name": "Eva", "last_name": "M", "display_name": "Eva M", "active": True}]
    with client(server) as korona:
        for kind, items in (
            ("registers", registers), ("employees", employees), ("articles", ARTICLES), ("prices", PRICES),
        ):  # fmt: skip
            results = [one for outcome in korona.send(kind, items) for one in outcome.results]
            assert [(one.status, one.message) for one in results if one.status == "rejected"] == []
            assert len(results) == len(items)


def test_what_goes_up_is_held_and_sent_twice_is_the_same(server: SandboxServer) -> None:
    stocked(server)
    stocked(server)
    with client(server) as korona:
        for kind, items in {"articles": ARTICLES, "prices": PRICES}.items():
            held = [one for page in korona.records(kind) for one in page]
            assert len(held) == len(items)
            for one, item in zip(held, items, strict=True):
                assert {name: value for name, value in one.items() if name != "id"} == {
                    name: item[name] for name in one if name != "id"
                }
        told = [str(problem.text) for problem in korona.problems()]
        assert [text for text in told if "till.korona.sectors" not in text] == []


def test_what_it_sells_comes_down_adds_up_and_is_quiet_then(server: SandboxServer) -> None:
    stocked(server)
    sell(server.store, days=2, receipts=150, seed=4)
    translation = KoronaTranslation(SHOP)
    with client(server) as korona:
        texts: list[bytes] = []
        cursor = None
        for page in korona.pages("receipts", None):
            texts += page.texts
            cursor = page.next_cursor
        assert korona.status().heads["receipts"] == cursor
        receipts = [read_receipt(found) for text in texts for found in translation.receipts(text)]
        assert sum(not one.cancelled for one in receipts) > 100
        assert check_receipts(flatten(receipts), registers=("K1", "K2"), currency="EUR") == {}
        for register in ("K1", "K2"):
            numbers = sorted(one.number for one in receipts if one.register == register)
            assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
        sold = {line["voucher"] for one in once(delivered(server.store)) for line in one["lines"] if line["voucher"]}
        assert {line.voucher for one in receipts for line in one.lines if line.voucher} <= sold
        vouchers = [line for one in receipts for line in one.lines if "gutschein" in line.business_case]
        assert len(vouchers) > 1
        assert all(line.voucher for line in vouchers)
        closings = [
            parse_closing(read_item(translation.closing(text)))
            for page in korona.pages("closings", None)
            for text in page.texts
        ]
    assert {one.register for one in closings} == {"K1", "K2"}
    assert all(one.receipt_count and one.tenders for one in closings)


def test_prices_of_two_groups_are_kept_and_the_groups_are_still_known_when_it_runs_again(tmp_path: Path) -> None:
    upsert = {"method": "POST", "params": {"writeMode": "ADD_OR_UPDATE"}}
    prices = [
        {"priceGroup": {"number": number}, "validFrom": "1970-01-01T00:00:00+01:00", "value": value}
        for number, value in (("7", 2.5), ("8", 2))
    ]
    product = {"number": "A1", "name": "Ware", "sector": {"number": "19"}, "prices": prices}
    with SandboxServer(tmp_path / "shop.db", token=TOKEN, till="korona") as running:
        for kind, records in (("priceGroups", [{"number": "7"}, {"number": "8"}]), ("products", [product])):
            answer = ask(running, f"{ACCOUNT}/{kind}", **upsert, json=records)
            assert [one["status"] for one in answer.json()] == ["OK"] * len(records)
        assert {row["number"]: row["price_group"] for row in running.store.records(Entity.REGISTERS)} == {
            "K1": "7",
            "K2": "8",
        }
    with SandboxServer(tmp_path / "shop.db", token=TOKEN, till="korona") as running:
        for kind in ("priceGroups", "products"):
            found = ask(running, f"{ACCOUNT}/{kind}").json()["results"]
            assert [one["number"] for one in found] == (["7", "8"] if kind == "priceGroups" else ["A1"])


def test_what_a_till_rounds_once_is_spread_over_its_items_cent_by_cent() -> None:
    lines = [
        {
            "number": at, "business_case": "Umsatz", "cancelled": False, "article": "A1", "text": "Ware",
            "quantity": "1.000", "serial": None, "gross_cents": cents, "vat_rate": "7.00", "tax_cents": 2,
        }
        for at, cents in enumerate((34, 36, 35, 36), 1)
    ]  # fmt: skip
    receipt = {
        "id": "1", "register": "K1", "number": 1, "kind": "Beleg", "reference": None, "cancelled": False,
        "ended_at": "", "started_at": "", "employee": None, "currency": "EUR", "closing_number": 1, "lines": lines,
        "vat": [{"vat_rate": "7.00", "tax_cents": 11}], "payments": [],
    }  # fmt: skip
    found = [one["total"]["taxPayments"][0]["amount"] * 100 for one in koronas(receipt)["items"]]
    assert (found, sum(found)) == ([2, 3, 3, 3], 11)


def test_it_wants_the_password(server: SandboxServer) -> None:
    with client(server, "wrong") as korona, pytest.raises(AuthorizationError):
        korona.status()


def ask(server: SandboxServer, path: str, **more: Any) -> requests.Response:
    return requests.request(
        more.pop("method", "GET"),
        f"{server.url}{BASE}/accounts/{path}",
        auth=("shop", TOKEN),
        timeout=HANG_SECONDS,
        **more,
    )


@pytest.mark.parametrize(
    ("path", "more", "status", "code"),
    [
        ("other/receipts", {}, 404, "ACCOUNT_NOT_FOUND"),
        (f"{ACCOUNT}/bons", {}, 404, "CONDITION_MISMATCH"),
        (f"{ACCOUNT}/receipts?page=0", {}, 400, "INVALID_QUERY_PARAMETER"),
        (f"{ACCOUNT}/receipts?size=x", {}, 400, "INVALID_QUERY_PARAMETER"),
        (f"{ACCOUNT}/products", {"method": "POST", "json": [{"number": "1"}]}, 400, "INVALID_QUERY_PARAMETER"),
        (f"{ACCOUNT}/products?writeMode=ADD_OR_UPDATE", {"method": "POST", "data": b"x"}, 400,
         "SUBMITTED_DATA_NOT_WELLFORMED"),
        (f"{ACCOUNT}/products?writeMode=ADD_OR_UPDATE", {"method": "POST", "json": []}, 400,
         "BATCH_SIZE_OUT_OF_RANGE"),
    ],
)  # fmt: skip
def test_it_refuses_as_korona_does(server: SandboxServer, path: str, more: Any, status: int, code: str) -> None:
    found = ask(server, path, **more)
    assert (found.status_code, found.json()["code"]) == (status, code)


@needs_description
def test_its_lists_are_as_korona_describes_them(server: SandboxServer) -> None:
    stocked(server)
    sell(server.store, days=1, receipts=60, seed=2)
    points = ask(server, f"{ACCOUNT}/pointsOfSale").json()["results"]
    for path in (
        "receipts", "products", "cashiers", "priceGroups", "commodityGroups", "sectors", "paymentMethods", "accounts",
        "voucherConfigurations", "pointsOfSale", f"pointsOfSale/{points[0]['id']}/endOfDayStatements",
    ):  # fmt: skip
        answer = ask(server, f"{ACCOUNT}/{path}?size=500")
        assert answer.status_code == 200
        assert faults_of_answer("GET", f"/accounts/{ACCOUNT}/{path}", answer.status_code, answer.json())[:3] == []
