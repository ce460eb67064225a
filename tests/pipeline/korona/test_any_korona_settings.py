"""Protects that KORONA's receipts are booked by the names that the settings have when they are booked.

Receipts are kept as they came. They arrive in parts, in any order and some of them again, under settings that name
other payment methods, accounts and vouchers from part to part; imports in between find no account to book on. In the
end the books are those of a shop that had the last settings from the beginning.
"""

import copy
import random
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cloudkasse_etl.sandbox.korona.sold_receipts import is_sold, koronas
from cloudkasse_etl.sandbox.server import SandboxServer
from cloudkasse_etl.sandbox.till.selling import sell
from tests.support import small_erp
from tests.support.books import Tables, book, fetch, sell_at_two_registers, tables
from tests.support.korona.korona_cloud import BASE, PASSWORD, USER, KoronaCloud
from tests.support.korona.korona_sales import SETTINGS
from tests.support.selling.selling_shop import delivered, once, shop
from tests.support.servers.scripted_server import ScriptedServer
from tests.support.torture.torture_figures import LONG
from tests.support.worlds import TOKEN, World

DAYS, RECEIPTS = (3, 60) if LONG else (1, 24)
Record = dict[str, Any]


@pytest.fixture(scope="module")
def sold() -> list[Record]:
    """What two registers sold, as KORONA writes it."""
    store = shop()
    sell(store, days=DAYS, receipts=RECEIPTS, seed=5)
    found = [koronas(receipt) for receipt in once(delivered(store)) if is_sold(receipt) and _needs_an_account(receipt)]
    store.close()
    assert len(found) > RECEIPTS / 2
    return found


@pytest.fixture(scope="module")
def erp(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A folder, the ERP that all shops share."""
    folder = tmp_path_factory.mktemp("any korona")
    url = f"sqlite:///{folder / 'erp.db'}"
    small_erp.build(url, articles=12)
    return folder, url


def _needs_an_account(receipt: Record) -> bool:
    """Leaves out opening cash alone: any import takes it."""
    return any(line["business_case"] != "Anfangsbestand" for line in receipt["lines"])


def some_names(chance: random.Random) -> Record:
    """The names of everything that KORONA numbers, but for some that are missing and some that are others."""
    names: Record = copy.deepcopy(SETTINGS)
    for kind, others in (
        ("tenders", ["Kreditkarte", {"Unbar": "Rechnung"}]),
        ("accounts", ["Privateinlage", "DifferenzSollIst"]),
        ("vouchers", ["EinzweckgutscheinKauf"]),
    ):
        for number in list(names[kind]):
            if (what := chance.random()) < 0.15:
                del names[kind][number]
            elif what < 0.3:
                names[kind][number] = chance.choice(others)
    names["day_begins"] = chance.choice(["00:00", "06:00", "06:00"])
    return names


@contextmanager
def world_of(erp: tuple[Path, str], account: KoronaCloud) -> Iterator[World]:
    """A shop with tables of its own and KORONA as its till, whose ERP it shares with others."""
    folder, url = erp
    place = Path(mkdtemp(dir=folder))
    with ScriptedServer(account) as server, SandboxServer(None, token=TOKEN) as unasked:
        world = World(place, url, unasked, copy.deepcopy(small_erp.SETTINGS), state_url=f"sqlite:///{place / 's.db'}")
        sell_at_two_registers(world)
        world.more_environment = {
            "CLOUDKASSE_API_URL": server.url + BASE, "CLOUDKASSE_API_USER": USER, "CLOUDKASSE_API_TOKEN": PASSWORD,
        }  # fmt: skip
        yield world


def under(world: World, names: Record, *, has_accounts: bool = True) -> None:
    """Changes the settings: what KORONA's numbers are called, and whether an import finds the accounts."""
    world.settings["till"] = {"kind": "korona", "korona": names}
    world.settings["accounts"]["clearing"] = "1371" if has_accounts else None


def always(erp: tuple[Path, str], sold: list[Record], names: Record) -> Tables:
    """The books of a shop that had these names from the beginning."""
    account = KoronaCloud()
    account.put("receipts", *sold)
    with world_of(erp, account) as world:
        under(world, names)
        fetch(world)
        book(world)
        return _compared(world)


def _compared(world: World) -> Tables:
    """All tables, but for what came: KORONA counts the revision up when a receipt comes again."""
    found = tables(world)
    return found | {"receipt": [{**row, "original": None} for row in found["receipt"]]}


def somehow(erp: tuple[Path, str], sold: list[Record], last: Record, chance: random.Random) -> Tables:
    """The books after other names, in any order of arrival; only the last import finds its accounts."""
    arriving, parts, account = chance.sample(sold, k=len(sold)), chance.choice([1, 2, 3]), KoronaCloud()
    with world_of(erp, account) as world:
        for part in range(parts):
            under(world, some_names(chance))
            account.put("receipts", *arriving[part::parts])
            fetch(world)
            for again in chance.sample(account.lists["receipts"], k=3):
                account.lists["receipts"].remove(again)
                account.put("receipts", {name: value for name, value in again.items() if name != "revision"})
            if chance.random() < 0.5:
                under(world, some_names(chance), has_accounts=False)
                book(world)
        under(world, last)
        if chance.random() < 0.5:
            fetch(world)  # else the import alone translates anew what has been fetched
        book(world)
        return _compared(world)


@given(st.integers(0, 2**32))
@settings(max_examples=200 if LONG else 25)
def test_the_books_are_those_of_a_shop_that_always_had_the_last_names(
    erp: tuple[Path, str], sold: list[Record], seed: int
) -> None:
    chance = random.Random(seed)
    last = some_names(chance)
    expected, found = always(erp, sold, last), somehow(erp, sold, last, chance)
    for name, rows in expected.items():
        assert found[name] == rows, name


def test_the_sample_books_and_refuses_receipts(erp: tuple[Path, str], sold: list[Record]) -> None:
    """Otherwise the law above would say nothing."""
    statuses: set[str] = set()
    for seed in range(4):
        statuses |= {row["status"] for row in always(erp, sold, some_names(random.Random(seed)))["receipt"]}
    assert statuses >= {"imported", "rejected"}


def test_a_booked_receipt_that_comes_again_after_names_have_changed_is_no_other_one(
    erp: tuple[Path, str], sold: list[Record]
) -> None:
    account = KoronaCloud()
    account.put("receipts", *sold)
    with world_of(erp, account) as world:
        under(world, SETTINGS)
        fetch(world)
        book(world)
        booked = _compared(world)
        assert {row["status"] for row in booked["receipt"]} == {"imported"}
        account.put("receipts", *sold[1:])
        changed = copy.deepcopy(sold[0])
        changed["cashier"] = {"number": "M9"}
        account.put("receipts", changed)
        others = {**SETTINGS, "tenders": dict.fromkeys(SETTINGS["tenders"], "Kreditkarte")}
        under(world, others)
        fetch(world)
        found = _compared(world)
    conflicts = [row for row in found["rejection"] if row["code"] == "receipt_conflict"]
    assert len(conflicts) == 1, "only what the till itself has changed"
    assert found["posting"] == booked["posting"]


def test_a_receipt_that_no_name_fitted_states_its_closing_once_it_is_translated(
    erp: tuple[Path, str], sold: list[Record]
) -> None:
    account = KoronaCloud()
    account.put("receipts", *sold)
    stated = {receipt["id"]: receipt["zcounter"] for receipt in sold if receipt.get("zcounter")}
    with world_of(erp, account) as world:
        under(world, {**SETTINGS, "tenders": {}})
        fetch(world)
        assert {row["status"] for row in tables(world)["receipt"]} == {"rejected"}
        under(world, SETTINGS)
        book(world)
        found = {row["receipt_id"]: row["closing_number"] for row in tables(world)["revenue_posting"]}
    assert stated
    assert {key: number for key, number in found.items() if number} == stated
