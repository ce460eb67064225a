"""Whole runs against an account at KORONA.cloud: what goes up and comes down, once, and nothing when all is quiet."""

import copy
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from cloudkasse_etl.errors import NetworkError
from cloudkasse_etl.sync.comparison.cloud_comparison import compare_all
from cloudkasse_etl.sync.dry_run.plan import plan
from cloudkasse_etl.sync.master_data.extraction import extract
from cloudkasse_etl.sync.master_data.price_computation import compute_gross_prices
from cloudkasse_etl.sync.master_data.upload import upload
from cloudkasse_etl.sync.receipts.closing_staging import stage_closings
from cloudkasse_etl.sync.receipts.receipt_import import import_receipts
from cloudkasse_etl.sync.receipts.receipt_staging import stage_receipts
from cloudkasse_etl.sync.run.report import AssetReport, RunReport
from tests.support import small_erp
from tests.support.books import with_accounts
from tests.support.korona.korona_cloud import BASE, PASSWORD, USER, KoronaCloud
from tests.support.korona.korona_receipts import ID, POINT, item, payment, raw, receipt
from tests.support.servers.scripted_server import Reply, Request, ScriptedServer
from tests.support.worlds import World

SECOND = "0b9c0000-0000-4000-8000-000000000002"
COFFEE = item(product={"number": "A1", "name": "Artikel 1"})


class Shop(World):
    """A shop that sells with KORONA.cloud."""

    account: KoronaCloud

    def up(self, **options: Any) -> RunReport:
        """Master data."""
        with self.session(**options) as session:
            for kind in session.kinds:
                extract(session, kind)
            compute_gross_prices(session)
            for kind in session.kinds:
                upload(session, kind)
            return session.finish()

    def down(self, **options: Any) -> tuple[AssetReport, AssetReport]:
        """Receipts and closings."""
        with self.session(**options) as session:
            return stage_receipts(session), stage_closings(session)

    def book(self) -> tuple[AssetReport, AssetReport]:
        """Imports what is staged."""
        with self.session() as session:
            return import_receipts(session)

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        engine = sa.create_engine(self.erp_url)
        with engine.connect() as connection:
            found = [tuple(row) for row in connection.execute(sa.text(query))]
        engine.dispose()
        return found

    def balances(self) -> dict[str, int]:
        """What the accounts come to, but for those at zero."""
        query = "SELECT account, SUM(amount_cents) FROM cloudkasse_posting GROUP BY account"
        return {account: cents for account, cents in self.rows(query) if cents}

    def statuses(self) -> dict[str, str]:
        return dict(self.rows("SELECT receipt_id, status FROM cloudkasse_receipt"))


@contextmanager
def _open(folder: Path) -> Iterator[Shop]:
    account = KoronaCloud()
    with ScriptedServer(account) as server:
        url = f"sqlite:///{folder / 'erp.db'}"
        small_erp.build(url)
        settings = with_accounts(copy.deepcopy(small_erp.SETTINGS))
        settings["registers"] = [
            {"number": "K1", "name": "Laden", "warehouse": "1", "price_group": "1", "till_id": "11",
             "cash_account": "1000"},
        ]  # fmt: skip
        settings["receipts"] = {"days_back": 36000}
        korona = {"account": "acc-1", "tenders": {"1": "Bar"}, "sectors": {"3": "19"}}
        settings["till"] = {"kind": "korona", "korona": korona}
        shop = Shop(folder, url, server, settings)  # type: ignore[arg-type]  # only its address is asked for
        shop.more_environment = {
            "CLOUDKASSE_API_URL": server.url + BASE, "CLOUDKASSE_API_USER": USER, "CLOUDKASSE_API_TOKEN": PASSWORD,
        }  # fmt: skip
        shop.account = account
        account.put("pointsOfSale", {"id": POINT["id"], "number": "11", "name": "Kasse 1"})
        account.put("commodityGroups", {"number": "10", "name": "Waren"})
        yield shop
    assert account.faults[:3] == []


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    with _open(tmp_path) as made:
        yield made


def named(shop: Shop) -> None:
    """Names the commodity groups where products refer to them, as KORONA's own lists do."""
    for product in shop.account.lists["products"]:
        product["commodityGroup"] = {"number": "10", "name": "Waren"}


def test_master_data_goes_up_once_and_a_full_look_finds_the_same(shop: Shop) -> None:
    first = shop.up()
    assert first.outcome == "successful"
    assert first.counts.new == 1 + 2 + 5 + 5
    prices = [one["prices"][0]["value"] for one in shop.account.lists["products"]]
    assert prices == [11.9] * 5
    named(shop)
    before = len(shop.account.requests)
    quiet = shop.up()
    assert (quiet.outcome, shop.account.requests[before:]) == ("no_new_data", ["GET receipts"])
    full = shop.up(full=True)
    assert full.outcome == "no_new_data"
    assert shop.account.count("POST products") == 2
    found = compare_all(shop.configuration())
    assert [(one.entity, one.missing, one.different, one.superfluous) for one in found] == [
        (name, 0, 0, 0) for name in ("registers", "employees", "articles", "prices")
    ]


def test_an_upload_that_breaks_is_finished_by_the_next_run(shop: Shop) -> None:
    """The products were written, but no answer came: the run dies, and the next one sends them once more."""
    posts = iter(range(100))

    def lost(request: Request, reply: Reply) -> Reply:
        is_write = request.method == "POST" and request.path.endswith("/products")
        return Reply(drop=True) if is_write and next(posts) < 3 else reply

    shop.account.after = lost
    with pytest.raises(NetworkError):
        shop.up()
    assert len(shop.account.lists["products"]) == 5
    assert shop.rows("SELECT COUNT(*) FROM cloudkasse_attempt") == [(1,)]
    report = shop.up()
    assert (report.outcome, report.counts.new) == ("successful", 5 + 5)
    assert len(shop.account.lists["products"]) == 5
    assert shop.rows("SELECT COUNT(*) FROM cloudkasse_attempt") == [(0,)]


def test_what_was_changed_by_hand_is_found_and_put_right(shop: Shop) -> None:
    shop.up()
    named(shop)
    shop.account.lists["products"][0]["name"] = "Tee"
    (found,) = compare_all(shop.configuration(), ["articles"])
    assert (found.different, [f.field for d in found.differences for f in d.fields]) == (1, ["name"])
    assert shop.up(full=True).counts.changed == 1
    assert "Tee" not in [one["name"] for one in shop.account.lists["products"]]


def test_a_plan_tells_what_would_go_up_and_sends_nothing(shop: Shop) -> None:
    planned = plan(shop.configuration(), "master-data")
    assert {name: asset["new"] for name, asset in planned.as_dict("en")["assets"].items() if asset["new"]} == {
        "korona_registers": 1, "korona_employees": 2, "korona_articles": 5, "korona_prices": 5,
    }  # fmt: skip
    assert shop.account.count("POST") == 0


def test_a_register_that_is_set_up_later_lets_the_articles_go_up(shop: Shop) -> None:
    (point,) = shop.account.lists.pop("pointsOfSale")
    report = shop.up()
    assert [r.code for r in report.assets["korona_registers"].rejections] == ["cloud.korona_no_point_of_sale"]
    assert report.assets["korona_articles"].counts.deferred == 5
    shop.account.put("pointsOfSale", {name: point[name] for name in ("id", "number", "name")})
    assert shop.up().counts.new == 1 + 5 + 5


def test_receipts_come_once_and_a_quiet_look_is_one_request(shop: Shop) -> None:
    shop.account.put("receipts", receipt(items=[COFFEE]))
    receipts, _ = shop.down()
    assert receipts.counts.new == 1
    assert shop.book()[0].counts.new == 1
    booked = shop.balances()
    assert (booked["1000"], sum(booked.values())) == (2380, 0)
    before = len(shop.account.requests)
    receipts, _ = shop.down()
    assert (receipts.quiet, shop.account.requests[before:]) == (True, ["GET receipts"])
    assert shop.balances() == booked


def test_a_receipt_that_the_security_device_did_not_sign_is_counted_by_register_and_day(shop: Shop) -> None:
    shop.account.put("receipts", receipt(items=[COFFEE], fiscalTransactions=[{"failed": True, "number": 4}]))
    shop.account.put("receipts", receipt(id=SECOND, number="11-004712", items=[COFFEE], fiscalTransactions=[{}]))
    receipts, _ = shop.down()
    ((register, day),) = receipts.unsigned
    assert (register, receipts.unsigned[register, day], receipts.counts.new) == ("K1", 1, 2)
    assert shop.rows("SELECT DISTINCT business_day FROM cloudkasse_receipt") == [(f"{day}",)]
    # the signature came later: the receipt is seen again, and is no other one
    shop.account.change("receipts", "11-004711", fiscalTransactions=[{"failed": False}])
    receipts, _ = shop.down()
    assert (receipts.unsigned, receipts.counts.new, receipts.rejections) == ({}, 0, ())


def test_a_void_after_the_booking_comes_to_nothing(shop: Shop) -> None:
    shop.account.put("receipts", receipt(items=[COFFEE]))
    shop.down()
    shop.book()
    shop.account.change("receipts", "11-004711", voided=True, zcounter=13, signature={"transcription": "x"})
    for _ in range(2):
        receipts, _ = shop.down(retry_rejected=True)
        assert receipts.rejections == ()
        shop.book()
        assert shop.balances() == {}
    assert shop.statuses() == {ID: "imported", f"{ID}:void": "imported"}


def test_a_void_before_the_booking_comes_to_nothing(shop: Shop) -> None:
    shop.account.put("receipts", receipt(items=[COFFEE], voided=True))
    shop.down()
    shop.book()
    assert (shop.balances(), set(shop.statuses().values())) == ({}, {"imported"})


def test_another_content_is_a_conflict(shop: Shop) -> None:
    shop.account.put("receipts", receipt(items=[COFFEE]))
    shop.down()
    shop.account.change("receipts", "11-004711", items=[COFFEE | {"description": "Tee"}])
    receipts, _ = shop.down()
    assert [r.code for r in receipts.rejections] == ["receipt_conflict"]


def test_a_number_that_is_named_later_frees_its_receipt(shop: Shop) -> None:
    gift = {"number": "7", "name": "Gift"}
    shop.account.put("receipts", receipt(items=[COFFEE], payments=[payment(method=gift)]), receipt(id=SECOND))
    receipts, _ = shop.down()
    assert [(r.code, r.detail["value"]) for r in receipts.rejections] == [("korona_tender_unknown", "7")]
    assert shop.statuses() == {ID: "rejected", SECOND: "staged"}
    shop.settings["till"]["korona"]["tenders"]["7"] = "ECKarte"
    receipts, _ = shop.down()
    assert receipts.rejections == ()
    assert shop.statuses()[ID] == "staged"


def test_an_item_that_breaks_holds_up_no_other(shop: Shop) -> None:
    shop.account.put("receipts", receipt(items=[item("1.005")]), receipt(id=SECOND, items=[COFFEE]))
    receipts, _ = shop.down()
    assert [r.code for r in receipts.rejections] == ["korona_unreadable"]
    assert shop.statuses()[SECOND] == "staged"


def test_a_closing_counts_its_receipts_and_tenders(shop: Shop) -> None:
    shop.account.put("receipts", receipt(items=[COFFEE]))
    paid = {"paymentMethod": {"number": "1", "name": "Bargeld"}, "expectedAmount": raw("23.8")}
    statement = {
        "number": "12", "zCount": 12, "finishTime": "2026-11-23T20:00:00+01:00", "receiptCount": 1,
        "summaries": {"payments": [paid]},
    }  # fmt: skip
    shop.account.put(f"endOfDayStatements/{POINT['id']}", statement)
    _, closings = shop.down()
    assert (closings.counts.new, closings.rejections) == (1, ())
    ((register, number, text),) = shop.rows("SELECT register, number, raw FROM cloudkasse_closing")
    assert (register, number, json.loads(text)["tenders"]) == (
        "K1", 12, [{"tender": "Bar", "name": "Bargeld", "amount_cents": 2380}],
    )  # fmt: skip


def test_a_void_of_a_receipt_that_was_refused_comes_with_it_when_a_name_frees_it(shop: Shop) -> None:
    gift = {"number": "7", "name": "Gift"}
    shop.account.put("receipts", receipt(items=[COFFEE], payments=[payment(method=gift)], voided=True))
    shop.account.revisions["receipts"] = 5000  # so far on that it is not delivered again
    shop.account.put("receipts", receipt(id=SECOND))
    shop.down()
    shop.settings["till"]["korona"]["tenders"]["7"] = "ECKarte"
    shop.down()
    shop.book()
    voided = {name: status for name, status in shop.statuses().items() if name != SECOND}
    assert len(voided) == 2
    assert "rejected" not in voided.values()
    assert shop.rows("SELECT SUM(amount_cents) FROM cloudkasse_posting WHERE receipt_id <> '" + SECOND + "'")[0][0] in (
        None, 0,
    )  # fmt: skip
    assert not shop.balances().get("1361")
