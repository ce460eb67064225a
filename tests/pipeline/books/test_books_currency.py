"""Protects that the books hold one currency: a receipt in another one is refused when it is fetched and when booked."""

import datetime as dt

import pytest

from cloudkasse_etl.sandbox.server import SandboxServer
from cloudkasse_etl.sync.outputs.day.sheet_reading import make_day_sheets
from cloudkasse_etl.sync.receipts.import_undo import Scope, undo_import
from tests.support.books import balances, book, decider, fetch, statuses, tables
from tests.support.receipts.receipt_factory import Fields, item, line, pay
from tests.support.worlds import TOKEN, World

pytestmark = pytest.mark.shop(accounts=True, page_items=10)
DAY = dt.date(2026, 11, 23)


def sale(number: int, currency: str) -> Fields:
    payment = pay("Bar", 1190, currency=currency)
    return item(line(article="A1"), payments=[payment], id=f"{currency}{number}", number=number, currency=currency)


def books_in(world: World, currency: str) -> None:
    world.erp(f"UPDATE MANDANT SET Waehrung = '{currency}'")


def codes(world: World) -> set[tuple[str, str]]:
    return {(row["asset"], row["code"]) for row in tables(world)["rejection"]}


def test_a_foreign_receipt_is_refused_by_the_very_first_fetch(world: World) -> None:
    world.server.store.deliver_receipts([sale(1, "CHF"), sale(2, "EUR")])
    fetch(world)
    book(world)
    assert statuses(world) == {"CHF1": "rejected", "EUR2": "imported"}
    assert codes(world) == {("staged_receipts", "receipt_currency")}
    assert {row["currency"] for row in tables(world)["posting"]} == {"EUR"}


def test_with_the_erp_away_and_nothing_known_it_is_staged_and_the_import_refuses_it(world: World) -> None:
    world.state_url = f"sqlite:///{world.folder / 'state.db'}"
    world.server.store.deliver_receipts([sale(1, "CHF")])
    world.erp_file.rename(world.folder / "away.db")
    fetch(world)
    assert statuses(world) == {"CHF1": "staged"}
    (world.folder / "away.db").rename(world.erp_file)
    book(world)
    assert codes(world) == {("staged_receipts", "receipt_currency")}
    assert balances(world) == {}


def test_a_new_address_of_the_cloud_knows_the_currency_of_the_old_one(world: World) -> None:
    world.state_url = f"sqlite:///{world.folder / 'state.db'}"
    world.sync()
    world.erp_file.rename(world.folder / "away.db")
    with SandboxServer(world.folder / "second.db", token=TOKEN, page_items=10) as second:
        world.server = second
        second.store.deliver_receipts([sale(1, "CHF")])
        fetch(world)
    assert statuses(world) == {"CHF1": "rejected"}


def test_what_was_fetched_before_the_books_currency_changed_is_refused_by_the_import_and_freed_again(
    world: World,
) -> None:
    world.sync()
    world.server.store.deliver_receipts([sale(1, "EUR")])
    fetch(world)
    books_in(world, "CHF")
    postings, _ = book(world)
    (rejection,) = postings.rejections
    assert rejection.text() == "The receipt is in EUR, the books are kept in CHF."
    assert balances(world) == {}
    books_in(world, "EUR")
    book(world)
    assert statuses(world) == {"EUR1": "imported"}
    assert codes(world) == set()


def test_what_was_refused_when_it_was_fetched_is_freed_once_the_books_are_in_its_currency(world: World) -> None:
    books_in(world, "CHF")
    world.sync()
    world.server.store.deliver_receipts([sale(1, "EUR")])
    fetch(world)
    assert statuses(world) == {"EUR1": "rejected"}
    books_in(world, "EUR")
    world.sync()
    fetch(world)
    book(world)
    assert statuses(world) == {"EUR1": "imported"}


def test_nothing_is_booked_while_nobody_names_the_currency_of_the_books(world: World) -> None:
    world.server.store.deliver_receipts([sale(1, "EUR")])
    world.erp("UPDATE MANDANT SET Waehrung = NULL")
    fetch(world)
    book(world)
    assert codes(world) == {("revenue_postings", "books_currency_unknown")}
    books_in(world, "EUR")
    book(world)
    assert statuses(world) == {"EUR1": "imported"}


def test_a_swiss_shop_undoes_in_francs_also_after_its_books_are_kept_in_another_currency(world: World) -> None:
    books_in(world, "CHF")
    world.settings["accounts"]["revenue"] |= {"8.10": "3200", "2.60": "3201"}
    lines = [line(article="A1", gross=1081, rate="8.10"), line(article="A2", gross=1026, rate="2.60")]
    for number in (1, 2):
        payment = pay("Bar", 2107, currency="CHF")
        world.server.store.deliver_receipts(
            [item(*lines, payments=[payment], id=f"CHF{number}", number=number, currency="CHF")]
        )
    fetch(world)
    book(world)
    assert statuses(world) == {"CHF1": "imported", "CHF2": "imported"}
    assert {key: cents for key, cents in balances(world).items() if cents} == {
        "1000": 4214, "3200": -2162, "3201": -2052,
    }  # fmt: skip
    undone = undo_import(decider(world, "wrong account"), Scope(("CHF1",)))
    assert undone.accounts == [("CHF", "1000", -2107), ("CHF", "3200", 1081), ("CHF", "3201", 1026)]
    books_in(world, "EUR")
    undone = undo_import(decider(world, "wrong account"), Scope(("CHF2",)))
    assert {currency for currency, _, _ in undone.accounts} == {"CHF"}
    assert not any(balances(world).values())
    book(world)
    assert statuses(world) == {"CHF1": "rejected", "CHF2": "rejected"}
    books_in(world, "CHF")
    world.settings["accounts"]["revenue"]["8.10"] = "3400"
    book(world)
    assert {key: cents for key, cents in balances(world).items() if cents} == {
        "1000": 4214, "3400": -2162, "3201": -2052,
    }  # fmt: skip
    assert {row["currency"] for row in tables(world)["posting"]} == {"CHF"}
    (money,) = make_day_sheets(world.configuration(), first=DAY, last=DAY).sheets[0].money
    assert (money.currency, money.is_sound) == ("CHF", True)
    assert [(one.receipts, one.turnover_cents) for one in (*money.undone, *money.again)] == [(2, 4214)] * 2
