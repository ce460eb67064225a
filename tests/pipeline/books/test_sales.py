"""Protects the figures of a whole month: what the real shop sold is what was booked, to the cent and the thousandth.

20,000 receipts are recomputed here from what the cloud delivered, with plain dictionaries and whole numbers; none of
the product's own code is asked what is right. Then three of them are tampered with, and exactly these are named.
"""

import copy
import datetime as dt
import json
import shutil
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing as closed
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from cloudkasse_etl.sandbox.server import SandboxServer
from cloudkasse_etl.sandbox.till.selling import sell
from cloudkasse_etl.sync.monitoring.completeness import CompletenessReport
from cloudkasse_etl.sync.outputs.datev.datev_export import export_datev
from cloudkasse_etl.sync.run.report import AssetReport, Outcome
from tests.support.books import book, complete, fetch, told, with_accounts
from tests.support.datev.extf_reading import account_sums, files_in, sums_of_another_reader
from tests.support.datev.format_validator import DESCRIPTION, faults_of
from tests.support.real_shop import SETTINGS
from tests.support.selling.selling_shop import Fields, delivered, once
from tests.support.torture.torture_figures import LONG
from tests.support.worlds import TOKEN, World

CLEARING = "1371"
WAREHOUSES = {"K1": "1", "K2": "2"}
DAYS, RECEIPTS, SEED = 30, 20_000 if LONG else 7_000, 20_261_005


@dataclass
class Month:
    """A month of the real shop, synchronised, sold, fetched and imported.

    Attributes:
        receipts: What the cloud delivered, each receipt once.
        closings: The closings of the days.
        staged: What fetching them came to.
        booked, moved: What importing them came to.
    """

    world: World
    receipts: list[Fields]
    closings: list[Fields]
    staged: AssetReport
    booked: AssetReport
    moved: AssetReport

    def ask(self, query: str) -> list[Any]:
        """Rows of the ERP's database, in which our tables lie as well."""
        with closed(sqlite3.connect(self.world.erp_file)) as connection:
            return connection.execute(query).fetchall()


@pytest.fixture(scope="module")
def month(real_erp: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Month]:
    folder = tmp_path_factory.mktemp("month")
    shutil.copy(real_erp, folder / "erp.db")
    with SandboxServer(folder / "cloud.db", token=TOKEN) as server:
        world = World(folder, f"sqlite:///{folder / 'erp.db'}", server, with_accounts(copy.deepcopy(SETTINGS)))
        assert world.sync().outcome is Outcome.PARTIALLY_SUCCESSFUL
        sell(server.store, days=DAYS, receipts=RECEIPTS, seed=SEED)
        staged, _ = fetch(world)
        booked, moved = book(world)
        receipts, closings = once(delivered(server.store)), delivered(server.store, "closings")
        yield Month(world, receipts, closings, staged, booked, moved)


def counts(receipt: Fields) -> bool:
    """Whether a receipt has an effect on the books."""
    broken_off = receipt["cancelled"] and receipt["reference"] is None
    return receipt["kind"] == "Beleg" and not broken_off and bool(live(receipt))


def live(receipt: Fields) -> list[Fields]:
    return [line for line in receipt["lines"] if not line["cancelled"]]


def milli(quantity: str) -> int:
    whole, _, places = quantity.partition(".")
    return int(whole + places.ljust(3, "0"))


def test_every_receipt_went_through_and_none_twice(month: Month) -> None:
    effective = sum(map(counts, month.receipts))
    assert effective > RECEIPTS
    assert told(month.staged) == {"new": len(month.receipts), "unchanged": month.staged.counts.unchanged}
    assert month.staged.counts.unchanged > 100  # some came twice
    assert told(month.booked) == {"new": effective}
    assert month.moved.counts.rejected == 0
    status = dict(month.ask("SELECT receipt_id, status FROM cloudkasse_receipt"))
    assert status == {r["id"]: "imported" if counts(r) else "no_effect" for r in month.receipts}
    booked = {row[0] for row in month.ask("SELECT DISTINCT receipt_id FROM cloudkasse_posting")}
    assert booked <= {r["id"] for r in month.receipts if counts(r)}


@pytest.mark.parametrize("grain", ["closing", "day", "receipt"])
def test_the_files_for_datev_have_what_the_table_has_on_each_account(month: Month, grain: str, tmp_path: Path) -> None:
    month.world.settings["datev"] = {"adviser": 29098, "client": 55003, "grain": grain}
    days = {name: dt.date.fromisoformat(day) for name, day in zip(("first", "last"), _days(month), strict=True)}
    report = export_datev(month.world.configuration(), tmp_path, **days, again=True)
    accounts = month.ask("SELECT account, SUM(amount_cents) FROM cloudkasse_posting GROUP BY account")
    table = {account: cents for account, cents in accounts if cents}
    assert account_sums(files_in(tmp_path)) == sums_of_another_reader(tmp_path) == table
    assert not [line for line in report.accounts if line.difference_cents]
    ((printed,),) = month.ask("SELECT -SUM(tax_cents) FROM cloudkasse_posting")
    assert sum(line.printed_cents for line in report.tax) == printed
    if DESCRIPTION.is_file():
        assert [fault for body in files_in(tmp_path) for fault in faults_of(body)] == []


def _days(month: Month) -> tuple[str, str]:
    (found,) = month.ask("SELECT MIN(posting_date), MAX(posting_date) FROM cloudkasse_posting")
    return found[0], found[1]


def test_gross_net_and_vat_by_rate_are_what_was_printed(month: Month) -> None:
    printed: Counter[tuple[str, str]] = Counter()
    for receipt in filter(counts, month.receipts):
        for block in receipt["vat"]:
            for name in ("gross_cents", "net_cents", "tax_cents"):
                printed[block["vat_rate"], name] += block[name]
    posted: dict[tuple[str, str], int] = {}
    for rate, gross, tax in month.ask(
        "SELECT vat_rate, -SUM(amount_cents), -SUM(tax_cents) FROM cloudkasse_posting "
        f"WHERE account <> '{CLEARING}' AND vat_rate IS NOT NULL GROUP BY vat_rate"
    ):
        posted |= {(rate, "gross_cents"): gross, (rate, "net_cents"): gross - tax, (rate, "tax_cents"): tax}
    assert posted == dict(printed)
    assert {rate for rate, _ in posted} == {"19.00", "7.00"}
    assert month.ask("SELECT COUNT(*) FROM cloudkasse_posting WHERE vat_rate IS NULL AND tax_cents <> 0") == [(0,)]
    # and so in each receipt, not only in the sum
    of_receipts = {
        (receipt["id"], block["vat_rate"]): block["tax_cents"]
        for receipt in filter(counts, month.receipts)
        for block in receipt["vat"]
        if block["tax_cents"]
    }
    found = month.ask(
        "SELECT receipt_id, vat_rate, -SUM(tax_cents) FROM cloudkasse_posting WHERE vat_rate IS NOT NULL "
        "GROUP BY receipt_id, vat_rate HAVING SUM(tax_cents) <> 0"
    )
    assert {(receipt_id, rate): tax for receipt_id, rate, tax in found} == of_receipts


def test_turnover_by_business_case_is_that_of_the_lines(month: Month) -> None:
    sold: Counter[tuple[str, str]] = Counter()
    for receipt in filter(counts, month.receipts):
        for line in live(receipt):
            if line["business_case"] != "Anfangsbestand":
                sold[receipt["register"], line["business_case"]] += line["gross_cents"]
    posted = month.ask(
        "SELECT register, business_case, -SUM(amount_cents) FROM cloudkasse_posting "
        f"WHERE account <> '{CLEARING}' AND business_case IS NOT NULL GROUP BY register, business_case"
    )
    assert {(register, case): cents for register, case, cents in posted} == dict(sold)
    assert len({case for _, case, _ in posted}) == 24


def test_turnover_by_tender_and_register_is_what_was_paid(month: Month) -> None:
    paid: Counter[tuple[str, str]] = Counter()
    for receipt in filter(counts, month.receipts):
        for payment in receipt["payments"]:
            paid[receipt["register"], payment["tender"]] += payment["base_amount_cents"]
        for line in live(receipt):
            if line["business_case"] == "Anfangsbestand":
                paid[receipt["register"], "Bar"] -= line["gross_cents"]
    rows = month.ask(
        "SELECT register, tender, SUM(amount_cents), COUNT(DISTINCT account) FROM cloudkasse_posting "
        f"WHERE account <> '{CLEARING}' AND tender IS NOT NULL GROUP BY register, tender"
    )
    posted: dict[tuple[str, str], int] = {(register, tender): cents for register, tender, cents, _ in rows}
    for register in WAREHOUSES:
        assert paid.pop((register, "Keine")) == 0
    assert posted == dict(paid)
    assert {accounts for *_, accounts in rows} == {1}
    cash = dict(month.ask("SELECT account, SUM(amount_cents) FROM cloudkasse_posting WHERE tender = 'Bar' GROUP BY 1"))
    assert (cash["1000"], cash["1001"]) == (paid["K1", "Bar"], paid["K2", "Bar"])


def test_the_stock_of_every_article_moved_by_what_was_sold(month: Month) -> None:
    articles = {
        number: (bool(kept) and not service, kind == "H")
        for number, kept, service, kind in month.ask(
            "SELECT Artikelnummer, Lagerartikel, Leistungsartikel, Stueckliste FROM ART"
        )
    }
    sets: dict[str, list[tuple[str, int]]] = {}
    for number, component, quantity in month.ask("SELECT Artikelnummer, SetArtikelnummer, Menge FROM ARTSET"):
        assert quantity == int(quantity)
        sets.setdefault(number, []).append((component, int(quantity)))
    sold: Counter[tuple[str, str, str, str]] = Counter()
    sold_sets = set()
    for receipt in filter(counts, month.receipts):
        for line in live(receipt):
            if line["business_case"] != "Umsatz":
                continue
            is_kept, is_set = articles[line["article"]]
            parts = sets[line["article"]] if is_set else [(line["article"], 1)]
            sold_sets |= {line["article"]} if is_set else set()
            for article, times in parts:
                if articles[article][0] if is_set else is_kept:
                    key = (receipt["register"], WAREHOUSES[receipt["register"]], receipt["business_day"], article)
                    sold[key] -= milli(line["quantity"]) * times
    moved = {
        (register, warehouse, day, article): quantity
        for register, warehouse, day, article, quantity in month.ask(
            "SELECT register, warehouse, movement_date, article, SUM(quantity_milli) FROM cloudkasse_stock_movement "
            "GROUP BY register, warehouse, movement_date, article"
        )
    }
    assert {key: quantity for key, quantity in moved.items() if quantity} == {k: q for k, q in sold.items() if q}
    assert len({article for *_, article in moved}) > 2000
    assert len(sold_sets) == 3


def test_every_receipts_postings_come_to_zero_and_so_does_the_clearing_account(month: Month) -> None:
    odd = "SELECT receipt_id FROM cloudkasse_posting GROUP BY receipt_id HAVING SUM(amount_cents) <> 0"
    assert month.ask(odd) == []
    on_clearing = f"SELECT receipt_id FROM cloudkasse_posting WHERE account = '{CLEARING}' GROUP BY 1 HAVING "
    assert month.ask(on_clearing + "SUM(amount_cents) <> 0") == []
    assert month.ask(f"SELECT SUM(amount_cents) FROM cloudkasse_posting WHERE account = '{CLEARING}'") == [(0,)]


def test_the_view_gives_each_closings_figures(month: Month) -> None:
    closings: Counter[tuple[Any, ...]] = Counter()
    opening: Counter[tuple[str, int]] = Counter()
    for closing in month.closings:
        place = (closing["register"], closing["number"])
        for total in closing["business_cases"]:
            if total["business_case"] == "Anfangsbestand":
                opening[place] += total["gross_cents"]
            else:
                closings[*place, total["business_case"]] += total["gross_cents"]
        for tender in closing["tenders"]:
            closings[*place, tender["tender"]] += tender["amount_cents"]
    for place, cents in opening.items():
        closings[*place, "Bar"] -= cents
    booked = {
        (register, number, what): cents
        for register, number, what, cents in month.ask(
            "SELECT register, closing_number, COALESCE(business_case, tender), "
            "SUM(CASE WHEN tender IS NULL THEN -amount_cents ELSE amount_cents END) FROM cloudkasse_revenue_posting "
            f"WHERE account <> '{CLEARING}' GROUP BY 1, 2, 3"
        )
    }
    assert {key: cents for key, cents in booked.items() if cents} == {k: c for k, c in closings.items() if c}
    assert len(month.closings) == 2 * DAYS


def test_nothing_is_missing_and_a_second_run_finds_nothing_new(month: Month) -> None:
    assert complete(month.world) == CompletenessReport()
    asked = len(month.world.server.requests)
    assert all(report.counts.attempted == 0 for report in (*fetch(month.world), *book(month.world)))
    assert len(month.world.server.requests) == asked + 1
    assert complete(month.world) == CompletenessReport()


def test_what_was_tampered_with_is_named_and_nothing_else(month: Month, tmp_path: Path) -> None:
    """In 20,000 receipts: one removed, one whose number is another one's, two whose totals were changed."""
    first = {(r["register"], r["number"]): r for r in month.receipts}
    sales = sorted(
        place
        for place, receipt in first.items()
        if counts(receipt) and all(line["business_case"] == "Umsatz" for line in receipt["lines"])
        and [p["tender"] for p in receipt["payments"]] == ["Bar"] and len(receipt["vat"]) == 1
    )  # fmt: skip
    of_k1, of_k2 = ([place for place in sales if place[0] == register] for register in WAREHOUSES)
    # far apart, so that each lies in a closing of its own
    removed, doubled = of_k1[len(of_k1) // 5], of_k1[len(of_k1) // 2]
    quietly, broken = of_k2[len(of_k2) // 4], of_k2[3 * len(of_k2) // 4]
    items = []
    for receipt in delivered(month.world.server.store):
        place = (receipt["register"], receipt["number"])
        copied = json.loads(json.dumps(receipt))
        if place == removed:
            continue
        if place == quietly:  # adds up and is taxed as before, but is no longer what the register closed with
            line = max(copied["lines"], key=lambda line: int(line["gross_cents"]))
            for part in (line, copied["vat"][0]):
                part["gross_cents"] += 5
                part["net_cents"] += 5
            copied["total_cents"] += 5
            copied["payments"][0]["base_amount_cents"] += 5
            copied["payments"][0]["amount_cents"] += 5
        if place == broken:
            copied["total_cents"] += 1
        items.append(copied)
        if place == doubled:
            items.append({**json.loads(json.dumps(copied)), "id": "forged"})

    with SandboxServer(tmp_path / "cloud.db", token=TOKEN) as server:
        settings = copy.deepcopy(month.world.settings)
        world = World(tmp_path, month.world.erp_url, server, settings, state_url=f"sqlite:///{tmp_path / 'ours.db'}")
        server.store.deliver_receipts(items)
        server.store.deliver_closings(month.closings)
        staged, _ = fetch(world)
        found = complete(world)

    def closing_of(place: tuple[str, int]) -> tuple[str, str]:
        (number,) = [
            closing["number"]
            for closing in month.closings
            if closing["register"] == place[0]
            and closing["first_receipt_number"] <= place[1] <= closing["last_receipt_number"]
        ]
        return place[0], str(number)

    assert {(r.key, r.code) for r in staged.rejections} == {
        (first[broken]["id"], "receipt_lines_total"),
        (first[broken]["id"], "receipt_payments_total"),
    }
    assert [(f.register, f.numbers) for f in found.receipt_gaps] == [(removed[0], str(removed[1]))]
    assert [(f.register, f.numbers) for f in found.doubled_numbers] == [(doubled[0], str(doubled[1]))]
    assert found.closing_gaps == found.unbalanced == ()
    differences = {(f.register, f.numbers): f.text for f in found.closing_differences}
    assert set(differences) == {closing_of(place) for place in (removed, doubled, quietly, broken)}
    assert len(differences) == 4
    assert f"refused receipts: {broken[1]}" in differences[closing_of(broken)]
    assert "receipts in the closing" not in differences[closing_of(quietly)]
    assert differences[closing_of(quietly)].startswith("Bar: ")
