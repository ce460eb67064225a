"""Protects the undo of an import: by counter-entries that name what they take back, once, and nothing else changes."""

import datetime as dt
from collections import Counter
from collections.abc import Sequence
from typing import Any

import pytest

from cloudkasse_etl.errors import ConfigurationError, LeaseHeldError
from cloudkasse_etl.state.stores.books.receipt_totals import ReceiptTotals
from cloudkasse_etl.sync.dry_run.plan import plan
from cloudkasse_etl.sync.inputs.own_tables import open_reading
from cloudkasse_etl.sync.monitoring.completeness import CompletenessReport
from cloudkasse_etl.sync.outputs.datev.datev_export import export_datev
from cloudkasse_etl.sync.outputs.exports import export_books, sum_up
from cloudkasse_etl.sync.receipts import import_undo
from cloudkasse_etl.sync.receipts.decisions import dismiss_line
from cloudkasse_etl.sync.receipts.import_undo import Scope, Undo, plan_undo, undo_import
from cloudkasse_etl.sync.receipts.receipt_detail import show_receipt
from cloudkasse_etl.sync.receipts.validation.second_contents import gives_way
from tests.support.books import (
    balances,
    book,
    closing_of_sales,
    complete,
    decider,
    deliver,
    fetch,
    fetch_and_book,
    read_csv,
    sale,
    sold,
    statuses,
    stock,
    tables,
)
from tests.support.erp_changes import add_article
from tests.support.receipts.receipt_factory import as_item, line, receipt, void_of
from tests.support.worlds import BOTH, World

pytestmark = pytest.mark.shop(accounts=True)

OTHER = "8409"
LATE_ARTICLE = {"Mengeneinheit": "Stk"}


def undo(world: World, *receipts: str, reason: str = "wrong account", dismiss: bool = False, **scope: Any) -> Undo:
    return undo_import(decider(world, reason), Scope(receipts, **scope), is_dismissed=dismiss)


def of_receipt(world: World, receipt_id: str, table: str = "posting") -> list[dict[str, Any]]:
    return [row for row in tables(world)[table] if row["receipt_id"] == receipt_id]


def on_the_other_account(world: World) -> None:
    world.settings["accounts"]["revenue"]["19.00"] = OTHER


@BOTH
def test_an_import_is_taken_back_by_counter_entries_and_can_be_booked_otherwise(world: World) -> None:
    deliver(world, *(sale(number) for number in range(1, 4)), closings=(closing_of_sales(1, 1, 3),))
    fetch_and_book(world)
    before, planned = tables(world), plan_undo(world.configuration(), Scope(("K1-2",)))
    assert tables(world) == before  # a plan changes nothing
    done = undo(world, "K1-2")
    assert (len(done.postings), len(done.movements)) == (len(planned.postings), len(planned.movements)) == (4, 1)
    assert (
        done.as_dict()["accounts"]
        == planned.as_dict()["accounts"]
        == [
            {"currency": "EUR", "account": "1000", "amount_cents": -2380},
            {"currency": "EUR", "account": "8400", "amount_cents": 2380},
        ]
    )
    found = of_receipt(world, "R2")
    first = {row["posting_id"]: row for row in found if row["corrects"] is None}
    counters = [row for row in found if row["corrects"] is not None]
    assert {row["corrects"] for row in counters} == set(first)
    for row in counters:
        other = first[row["corrects"]]
        assert (row["amount_cents"], row["tax_cents"]) == (-other["amount_cents"], -other["tax_cents"])
        assert row["document_number"] == "K1-2/S1"
        assert row["reason"] == "wrong account"
        own = {"posting_id", "corrects", "reason", "amount_cents", "tax_cents", "document_number"}
        assert {key: value for key, value in row.items() if key not in own} == {
            key: value for key, value in other.items() if key not in own
        }
    assert statuses(world)["R2"] == "staged"
    assert stock(world) == {("1", "A1"): -4000}
    on_the_other_account(world)
    book(world)
    assert balances(world) == {"1000": 3 * 2380, "1371": 0, "8400": -2 * 2380, OTHER: -2380}
    assert stock(world) == {("1", "A1"): -6000}
    again = [row for row in of_receipt(world, "R2") if row["generation"] == 2]
    assert {row["document_number"] for row in again} == {"K1-2/2"}
    assert sorted(row["posting_id"] for row in again) == [f"R2:{number:04d}/2" for number in range(1, 5)]
    after = tables(world)
    for name in ("posting", "stock_movement"):
        assert all(row in after[name] for row in before[name])
    assert complete(world) == CompletenessReport()


def test_it_is_done_once_however_often_it_is_called(world: World) -> None:
    deliver(world, sale(1), sale(2))
    fetch_and_book(world)
    undo(world, "K1-1")
    before = tables(world)
    assert [one.receipt_id for one in undo(world, "K1-1").already] == ["R1"]
    assert tables(world) == before
    assert [one.receipt_id for one in undo(world, day=dt.date(2026, 11, 23)).receipts] == ["R2"]
    again = undo(world, day=dt.date(2026, 11, 23))
    assert (again.receipts, [one.receipt_id for one in again.already]) == ([], ["R1", "R2"])
    assert [str(text) for text in import_undo.told(again)] == [
        f"The import of K1-{number} · 2026-11-23 · 23.80 € was undone before." for number in (1, 2)
    ]  # fmt: skip
    assert balances(world) == dict.fromkeys(("1000", "1371", "8400"), 0)


def test_a_run_and_a_register_of_a_day_can_be_undone(world: World) -> None:
    deliver(world, sale(1), sale(2))
    fetch(world)
    book(world, "R1")
    book(world, "R2")
    with open_reading(world.configuration()) as store, store.connection.reading() as connection:
        table = store.connection.tables.receipt
        runs = dict(
            connection.execute(table.select().with_only_columns(table.c.receipt_id, table.c.imported_run_id)).all()
        )
    assert [one.receipt_id for one in undo(world, run=str(runs["R2"])[:18]).receipts] == ["R2"]
    assert not undo(world, run=str(runs["R2"])).receipts
    with pytest.raises(ConfigurationError, match="No run that booked something begins with 'xyz'"):
        undo(world, run="xyz")
    with pytest.raises(ConfigurationError, match=r"There is no register K2\. There are: K1\."):
        undo(world, day=dt.date(2026, 11, 23), register="K2")
    assert [one.receipt_id for one in undo(world, day=dt.date(2026, 11, 23), register="K1").receipts] == ["R1"]


def test_what_is_not_booked_or_has_no_reason_cannot_be_undone(world: World) -> None:
    deliver(world, sale(1))
    fetch(world)
    with pytest.raises(ConfigurationError, match=r"K1-1 .* is not booked; its status: staged"):
        undo(world, "K1-1")
    book(world)
    with pytest.raises(ConfigurationError, match="Nothing is decided without a reason"):
        undo(world, "K1-1", reason="  ")
    with world.session(), pytest.raises(LeaseHeldError):
        undo(world, "K1-1")
    assert balances(world)["8400"] == -2380


def test_a_closed_period_is_left_alone(world: World) -> None:
    deliver(world, sale(1))
    fetch_and_book(world)
    world.settings["books"] = {"closed_until": "2026-11-30"}
    assert undo(world, "K1-1").closed == 4
    on_the_other_account(world)
    book(world)
    assert Counter((row["posting_date"], row["flag"], row["generation"]) for row in of_receipt(world, "R1")) == {
        ("2026-11-23", None, 1): 4,
        ("2026-12-01", "closed_period", 1): 4,
        ("2026-12-01", "closed_period", 2): 4,
    }
    moved = sorted(of_receipt(world, "R1", "stock_movement"), key=lambda row: str(row["movement_id"]))
    assert [(row["movement_date"], row["quantity_milli"]) for row in moved] == [
        ("2026-11-23", -2000),
        ("2026-12-01", -2000),
        ("2026-12-01", 2000),
    ]


def test_receipts_can_be_dealt_with_by_it(world: World) -> None:
    deliver(world, sale(1))
    fetch_and_book(world)
    undo(world, "K1-1", dismiss=True, reason="sold at another shop")
    assert statuses(world) == {"R1": "dismissed"}
    book(world)
    assert balances(world)["8400"] == 0
    found = show_receipt(world.configuration(), "K1-1")
    assert [(str(one.action), one.reason) for one in found.listed.decisions] == [
        ("undo", "sold at another shop"),
        ("dismiss", "sold at another shop"),
    ]
    assert [row["document_number"] for row in found.postings] == ["K1-1"] * 4 + ["K1-1/S1"] * 4


def test_a_void_is_undone_with_its_original_or_before_it(world: World) -> None:
    original = receipt(line(gross=2380, quantity="2.000", article="A1"), id="R1", number=1)
    deliver(world, as_item(original), as_item(void_of(original, id="R2", number=2)))
    fetch_and_book(world)
    with pytest.raises(ConfigurationError, match=r"taken back by voids that are booked: K1-2"):
        undo(world, "K1-1")
    undo(world, "K1-1", "K1-2")
    on_the_other_account(world)
    book(world)
    assert {account: cents for account, cents in balances(world).items() if cents} == {}
    assert {row["account"] for row in tables(world)["posting"] if row["generation"] == 2} == {"1000", "1371", OTHER}
    assert set(stock(world).values()) == {0}


def test_a_stock_line_that_was_made_up_for_is_taken_back_and_one_left_to_a_person_stays_a_persons(world: World) -> None:
    deliver(world, sold(1, "GONE", "2.000"), sold(2, "GONE", "1.000"), sold(3, "GONE", "1.000"))
    fetch_and_book(world)
    dismiss_line(decider(world, "moved by hand"), "K1-2", 1)
    undo(world, "K1-3")
    assert {row["record_key"] for row in tables(world)["rejection"]} == {"R1|1"}
    add_article(world, "GONE", **LATE_ARTICLE)
    book(world)
    assert stock(world) == {("1", "GONE"): -3000}
    undo(world, "K1-1", "K1-2")
    assert stock(world) == {("1", "GONE"): -1000}
    book(world)
    assert stock(world) == {("1", "GONE"): -3000}  # what a person moved by hand is not moved once more


def test_each_list_of_the_books_has_both(world: World) -> None:
    deliver(world, sale(1), sale(2))
    fetch_and_book(world)
    folder = world.folder / "datev"
    day = dt.date(2026, 11, 23)
    world.settings["datev"] = {"adviser": 29098, "client": 55003, "grain": "receipt"}
    export_datev(world.configuration(), folder, first=day, last=day)
    assert undo(world, "K1-1").exported == 4
    planned = plan(world.configuration(), "import")
    on_the_other_account(world)
    book(world)
    assert planned.imports is not None
    assert planned.imports.movements == 1
    (total,) = sum_up(world.configuration()).booked
    assert (total.receipts, total.postings, total.turnover_cents, total.clearing_cents) == (2, 16, 4760, 0)
    with open_reading(world.configuration()) as store:
        totals = ReceiptTotals(store.connection)
        assert totals.booked() == totals.count_booked()
        assert totals.booked().receipts == {"EUR": (2, 4760)}
    path = world.folder / "postings.csv"
    export_books(world.configuration(), "postings", path)
    rows = read_csv(path)
    assert Counter(row[1] for row in rows[1:-1]) == {"K1-1": 4, "K1-1/S1": 4, "K1-1/2": 4, "K1-2": 4}
    export_books(world.configuration(), "movements", path)
    assert [row[-3:] for row in read_csv(path)[1:-1] if row[-2]] == [
        ["K1-1/S1", "R1:1:0", "wrong account"],
    ]
    export_datev(world.configuration(), folder, first=day, last=day)
    newest = max(folder.glob("EXTF_*.csv")).read_bytes().decode("cp1252").split("\r\n")[2:-1]
    assert documents_of(newest) == ["K1-1/2", "K1-1/2", "K1-1/S1", "K1-1/S1"]


def documents_of(rows: Sequence[str]) -> list[str]:
    return sorted(row.split(";")[10].strip('"') for row in rows)


@BOTH
def test_a_corrected_content_does_not_take_the_place_of_one_that_was_booked_once(world: World) -> None:
    registers = world.settings["registers"]
    deliver(world, sale(1))
    fetch_and_book(world)
    (before,) = (row["raw"] for row in tables(world)["receipt"])
    undo(world, "R1")
    world.settings["registers"] = [row | {"number": f"X{row['number']}"} for row in registers]
    fetch(world)
    assert statuses(world) == {"R1": "rejected"}
    world.settings["registers"] = [*registers, registers[0] | {"number": "K8"}]
    deliver(world, sale(1, register="K8"))
    with world.session() as session:
        known = session.store.staging.known(["R1"])["R1"]
        assert not gives_way(known)
    fetch(world)
    found = {row["receipt_id"]: row for row in tables(world)["receipt"]}
    assert found.pop("R1")["raw"] == before
    assert [row["status"] for row in found.values()] == ["rejected"]
