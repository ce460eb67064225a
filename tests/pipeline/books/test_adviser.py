"""Protects the demo's books from what no tax adviser would sign: VAT, accounts, vouchers, cash, receivables.

The rules are in support/selling/adviser.py. The shop is the demo's own, its settings too; seeds and days are many.
"""

import datetime as dt
import shutil
import sqlite3
from collections import defaultdict
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cloudkasse_etl.sandbox.cloud.cloud_store import Store
from cloudkasse_etl.sandbox.selectline.demo_erp import DEMO_SETTINGS, build_demo_shop
from cloudkasse_etl.sandbox.server import SandboxServer
from cloudkasse_etl.sandbox.till.selling import sell
from tests.support.books import fetch_and_book, tables, told
from tests.support.databases import CHOOSES_ITSELF
from tests.support.selling.adviser import (
    CODES,
    KINDS,
    OWED_BY_THE_SHOP,
    RULES,
    TENDER_KINDS,
    faults_of_line,
    faults_over_time,
)
from tests.support.selling.selling_rules import counts, live_lines, ways_of_taxing_accounts
from tests.support.selling.selling_shop import Fields, delivered, once
from tests.support.worlds import TOKEN, World

pytestmark = CHOOSES_ITSELF
CLEARING = "1371"
Row = dict[str, Any]


@pytest.fixture(scope="module")
def synced(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """The demo's shop, whose articles and prices are in its CloudKasse."""
    folder = tmp_path_factory.mktemp("demo")
    build_demo_shop(folder / "erp.db", dt.date(2026, 11, 24))
    with SandboxServer(folder / "cloud.db", token=TOKEN) as server:
        world = World(folder, f"sqlite:///{folder / 'erp.db'}", server, yaml.safe_load(DEMO_SETTINGS))
        world.sync()
        yield world


@pytest.fixture(scope="module")
def cloud(synced: World, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the demo's CloudKasse before anything was sold; it is never written to."""
    path = tmp_path_factory.mktemp("cloud") / "cloud.db"
    with closing(sqlite3.connect(synced.folder / "cloud.db")) as ours, closing(sqlite3.connect(path)) as copy:
        ours.backup(copy)
    return path


def by_register(receipts: list[Fields]) -> Iterator[list[Fields]]:
    found: dict[str, list[Fields]] = defaultdict(list)
    for receipt in sorted(filter(counts, receipts), key=lambda receipt: receipt["number"]):
        found[receipt["register"]].append(receipt)
    yield from found.values()


@given(seed=st.integers(0, 2**40), days=st.integers(1, 6), receipts=st.integers(0, 300))
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_the_demos_shop_sells_an_adviser_signs_it(
    cloud: Path, tmp_path_factory: pytest.TempPathFactory, seed: int, days: int, receipts: int
) -> None:
    path = tmp_path_factory.mktemp("sold") / "cloud.db"
    shutil.copy(cloud, path)
    store = Store(path)
    sell(store, days=days, receipts=receipts, seed=seed)
    sold = once(delivered(store))
    store.close()
    faults = [
        fault for receipt in filter(counts, sold) for line in live_lines(receipt) for fault in faults_of_line(line)
    ]
    faults += [fault for register in by_register(sold) for fault in faults_over_time(register)]
    assert not faults
    assert len(ways_of_taxing_accounts(sold)) <= 1  # a shop taxes what it sells on account at once, or when it is paid


@pytest.fixture(scope="module")
def booked(synced: World) -> list[Row]:
    """The postings of four sales of several days, but for those on the clearing account, in order."""
    for seed, days in ((1, 2), (3, 4), (20_261_127, 3), (99, 1)):
        sell(synced.server.store, days=days, receipts=300, seed=seed)
    postings, movements = fetch_and_book(synced)
    assert (postings.counts.rejected, movements.counts.rejected) == (0, 0), postings.rejections[:3]
    assert told(postings)["new"] > 1200
    rows = [row for row in tables(synced)["posting"] if row["account"] != CLEARING]
    return sorted(
        rows, key=lambda row: (row["posting_date"], row["register"], row["receipt_number"], row["posting_id"])
    )


def test_every_business_case_is_booked_with_the_vat_and_on_the_kind_of_account_that_it_may_have(
    booked: list[Row],
) -> None:
    cases = {row["business_case"] for row in booked if row["business_case"]}
    assert cases == set(RULES) - {"Anfangsbestand"}
    for row in booked:
        kind, rate = KINDS[row["account"]], row["vat_rate"]
        if row["business_case"] is None:
            assert kind == TENDER_KINDS[row["tender"]], row
            assert rate is None
            continue
        rule = RULES[row["business_case"]]
        assert kind in rule.kinds, row
        # the VAT of what is sold on account was due at once, so that the claim itself bears none
        on_account = row["business_case"].startswith("Forderungs")
        assert (rate is None) if on_account or not rule.rates else (rate in rule.rates), row
        assert row["tax_code"] == CODES[rate], row
        if kind in {"revenue 7", "revenue 19"}:
            assert rate == f"{kind.removeprefix('revenue ')}.00", row
        if row["business_case"] == "DifferenzSollIst":
            assert kind == ("other expense" if row["amount_cents"] > 0 else "other income")


def test_what_the_shop_owes_is_never_less_than_nothing_nor_are_receivables(booked: list[Row]) -> None:
    balances: dict[str, int] = defaultdict(int)
    last = {(row["receipt_id"], row["account"]): row["posting_id"] for row in booked}
    for row in booked:
        balances[row["account"]] += row["amount_cents"]
        kind = KINDS[row["account"]]
        is_whole = row["posting_id"] == last[row["receipt_id"], row["account"]]
        if is_whole and kind in OWED_BY_THE_SHOP:
            assert balances[row["account"]] <= 0, row
        if is_whole and kind == "receivable":
            assert balances[row["account"]] >= 0, row
    assert balances["1796"] < 0
    assert balances["1410"] > 0


def test_no_register_keeps_cash_overnight_but_its_float_and_nothing_is_left_on_the_clearing_account(
    synced: World, booked: list[Row]
) -> None:
    nights: dict[tuple[str, Any], int] = defaultdict(int)
    for row in booked:
        if KINDS[row["account"]] == "cash":
            nights[row["account"], row["posting_date"]] += row["amount_cents"]
    assert len(nights) == 2 * 10
    assert set(nights.values()) == {0}  # the float is there in the morning and in the evening, and books nothing
    assert sum(row["amount_cents"] for row in tables(synced)["posting"] if row["account"] == CLEARING) == 0


def test_vouchers_and_deposits_have_no_revenue_account_and_no_stock_but_a_price(
    synced: World, booked: list[Row]
) -> None:
    moved = {row["article"] for row in tables(synced)["stock_movement"]}
    assert moved
    assert not [article for article in moved if article.startswith(("51", "90"))]
    with closing(sqlite3.connect(synced.erp_file)) as connection:
        articles = connection.execute(
            "SELECT Artikelnummer, KontoVerkauf, Erfolgskontengruppe, Lagerartikel, Rabattfaehig, "
            "(SELECT max(Preis) FROM ARPREIS WHERE ARPREIS.Artikelnummer = ART.Artikelnummer) FROM ART "
            "WHERE Artikelgruppe IN ('510', '900') ORDER BY 1"
        ).fetchall()
    assert [row[0] for row in articles] == ["511", "512", "513", "901", "902", "903", "904"]
    assert {row[1:5] for row in articles} == {(None, None, 0, 0)}
    assert all(row[5] > 0 for row in articles)
    sold = {row["account"]: row["business_case"] for row in booked if row["business_case"] == "EinzweckgutscheinKauf"}
    assert sold == {"8200": "EinzweckgutscheinKauf"}
