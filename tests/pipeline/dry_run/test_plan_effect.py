"""Protects the law of the dry run: what is planned is what the synchronisation with its import then does."""

import random
import sqlite3
from collections.abc import Callable
from contextlib import closing as closing_of
from typing import Any

import pytest

from cloudkasse_etl.sync.dry_run.plan_report import EntityPlan, ImportPlan, ReceiptsPlan
from cloudkasse_etl.sync.receipts.receipt_import import import_receipts
from cloudkasse_etl.sync.receipts.receipt_staging import stage_closings, stage_receipts
from cloudkasse_etl.sync.run.report import RunReport
from tests.support.plans import CASH, booking, planned
from tests.support.receipts.coffee_receipts import changed, closing, receipt
from tests.support.worlds import MASTER_DATA, World

pytestmark = pytest.mark.shop(articles=12, page_items=10)


SEED = 1
GOOD_GTIN, WRONG_GTIN = "4006381333931", "4006381333932"


def key(entity: str, item: dict[str, Any]) -> str:
    names = ("article", "price_group", "min_quantity", "valid_from") if entity == "prices" else ("number",)
    return "|".join(str(item[name] or "") for name in names)


class Shop:
    """Changes the ERP at random, as its users would."""

    def __init__(self, world: World, chance: random.Random) -> None:
        self.world, self.chance, self.made = world, chance, 100
        self.sold: list[dict[str, Any]] = []
        self.kinds: list[Callable[[], None]] = [
            self.name, self.price, self.inactive, self.new, self.gone, self.gtin, self.no_name, self.group,
            self.group_name, self.employee, self.company, self.rate, self.price_gone, self.scale, self.register_name,
            self.dated_price, self.one_price_gone, self.tax_code, self.second_register, self.choice_of_articles,
            self.stock_item, self.sale, self.sale, self.sale, self.sale, self.sale, self.account, self.start_date,
            self.closed, self.in_kind, self.trade_set,
        ]  # fmt: skip

    def change(self) -> None:
        self.chance.choice(self.kinds)()

    def article(self) -> str:
        return self.chance.choice([f"A{i}" for i in (*range(1, 13), *range(101, self.made + 1))])

    def set(self, column: str, value: Any) -> None:
        self.world.erp(f"UPDATE ART SET {column} = :v WHERE Artikelnummer = :a", {"v": value, "a": self.article()})

    def name(self) -> None:
        long = self.chance.random() < 0.1
        self.set("Bezeichnung", "x" * 81 if long else f"Name {self.chance.randint(1, 99)}")

    def no_name(self) -> None:
        self.set("Bezeichnung", None)

    def price(self) -> None:
        amount = self.chance.choice([-1.0, 0.0, 1.5, 2.49, 9.99, 12.345])
        self.world.erp("UPDATE ARPREIS SET Preis = :p WHERE Artikelnummer = :a", {"p": amount, "a": self.article()})

    def inactive(self) -> None:
        self.set("Inaktiv", self.chance.random() < 0.5)

    def gtin(self) -> None:
        self.set("EANNummer", self.chance.choice([None, GOOD_GTIN, WRONG_GTIN]))

    def group(self) -> None:
        self.set("Artikelgruppe", self.chance.choice(["10", "20", None]))

    def group_name(self) -> None:
        self.world.erp("UPDATE GRUPPEN SET Bezeichnung = :v WHERE Id = 'AG'", {"v": f"G{self.chance.randint(1, 99)}"})

    def employee(self) -> None:
        row = {"v": self.chance.choice(["Neu", None]), "i": self.chance.random() < 0.4}
        number = self.chance.choice(["M1", "M2", "M3"])
        self.world.erp("UPDATE MITARBW SET Vorname = :v, Inaktiv = :i WHERE Nr = :n", {**row, "n": number})

    def company(self) -> None:
        self.world.erp("UPDATE MANDANT SET Ort = :v", {"v": self.chance.choice(["Bonn", "Köln", None])})

    def rate(self) -> None:
        self.world.erp(
            "UPDATE USDETAIL SET Steuer = :v WHERE SteuerCode = '3'", {"v": self.chance.choice([19.0, 16.0, 7.0])}
        )

    def new(self) -> None:
        self.made += 1
        gtin = self.chance.choice([None, WRONG_GTIN])
        row = {"i": self.made, "a": f"A{self.made}", "g": gtin}
        self.world.erp(
            "INSERT INTO ART (ART_ID, TS, Artikelnummer, Bezeichnung, EANNummer, Artikelgruppe, SSVerkauf, "
            "Mengeneinheit, Preismengenfaktor, Preiseinheit, Lagerartikel, Rabattfaehig, ShopAktiv, Inaktiv, "
            "Leistungsartikel) VALUES (:i, 0, :a, 'Neu', :g, '10', '3', 'Stk', 1, 1, 1, 1, 1, 0, 0)",
            row,
        )
        self.add_price(f"A{self.made}", 0.0)

    def add_price(self, article: str, quantity: float, first: str | None = None, last: str | None = None) -> None:
        self.made += 1
        self.world.erp(
            "INSERT INTO ARPREIS (ARPREIS_ID, TS, Artikelnummer, PreisTyp, TypNummer, Menge, Preis, VonDatum, BisDatum)"
            " VALUES (:i, 0, :a, 'G', :g, :q, 5.0, :f, :l)",
            {
                "i": self.made, "a": article, "q": quantity, "g": self.chance.choice(["1", "1", "2"]),
                "f": first and f"{first} 00:00:00.000000", "l": last and f"{last} 00:00:00.000000",
            },
        )  # fmt: skip

    def dated_price(self) -> None:
        self.add_price(self.article(), 0.0, f"2027-0{self.chance.randint(1, 9)}-01", "2027-12-31")

    def one_price_gone(self) -> None:
        self.world.erp(
            "DELETE FROM ARPREIS WHERE ARPREIS_ID = (SELECT max(ARPREIS_ID) FROM ARPREIS WHERE Artikelnummer = :a)",
            {"a": self.article()},
        )

    def tax_code(self) -> None:
        self.set("SSVerkauf", self.chance.choice(["2", "3", "9"]))

    def stock_item(self) -> None:
        self.set("Lagerartikel", self.chance.random() < 0.5)

    def scale(self) -> None:
        self.add_price(self.article(), float(self.chance.choice([10, 20])))

    def gone(self) -> None:
        self.world.erp("DELETE FROM ART WHERE Artikelnummer = :a", {"a": self.article()})

    def price_gone(self) -> None:
        self.world.erp("DELETE FROM ARPREIS WHERE Artikelnummer = :a", {"a": self.article()})

    def register_name(self) -> None:
        self.world.settings["registers"][0]["name"] = f"Kasse {self.chance.randint(1, 99)}"

    def second_register(self) -> None:
        second = {**CASH, "number": "K2", "price_group": self.chance.choice(["1", "2"]), "cash_account": "1001"}
        self.world.settings["registers"][1:] = [second] if self.chance.random() < 0.7 else []

    def choice_of_articles(self) -> None:
        self.world.settings["articles"] = self.chance.choice([{}, {"groups": ["10"]}, {"only_shop_active": True}])

    def account(self) -> None:
        self.world.settings["accounts"]["tenders"] = self.chance.choice([{}, {}, {"ECKarte": "1361"}])

    def start_date(self) -> None:
        """Before, on or after the day on which everything is sold."""
        day = self.chance.choice(["2026-11-01", "2026-11-01", "2026-11-01", "2026-12-01"])
        self.world.settings.setdefault("receipts", {})["start_date"] = day

    def closed(self) -> None:
        self.world.settings["books"] = {"closed_until": self.chance.choice([None, "2026-10-31", "2026-11-30"])}

    def in_kind(self) -> None:
        self.world.settings.setdefault("receipts", {})["in_kind_moves_stock"] = self.chance.random() < 0.5

    def trade_set(self) -> None:
        """Makes a set of an article: it has two components, none, or one that is not there."""
        self.made += 2
        whole = self.article()
        self.world.erp("UPDATE ART SET Stueckliste = 'H' WHERE Artikelnummer = :a", {"a": whole})
        self.world.erp("DELETE FROM ARTSET WHERE Artikelnummer = :a", {"a": whole})
        for at, part in enumerate(self.chance.choice([("A1", "A2"), (), ("A3", "nobody")])):
            self.world.erp(
                "INSERT INTO ARTSET (ARTSET_ID, TS, Artikelnummer, SetArtikelnummer, Menge) VALUES (:i, 0, :a, :p, 2)",
                {"i": self.made + at, "a": whole, "p": part},
            )

    def sale(self) -> None:
        """A receipt in order, one that is refused when staged or imported, one without effect, or one more time."""
        sold = receipt(len(self.sold) + 1, register=self.chance.choice(["K1", "K1", "K2"]))
        sold["lines"][0]["article"] = self.chance.choice([self.article(), self.article(), "unknown", None])
        kind = self.chance.randint(1, 7)
        if kind == 1:
            sold = changed(sold, "total_cents", 1)
        elif kind in (2, 3):
            sold = changed(sold, "payments.0.tender", "ECKarte")
        elif kind == 4:
            sold["kind"] = "AVTraining"
        elif kind == 7:
            sold["kind"] = "AVSachbezug"
        elif kind == 5 and self.sold:
            sold = self.chance.choice([{**self.sold[-1], "closing_number": 1}, {**self.sold[-1], "note": "x"}])
        self.sold.append(sold)
        self.world.server.store.deliver_receipts([sold])
        if self.chance.random() < 0.3:
            self.world.server.store.deliver_closings([closing(len(self.sold), 1, len(self.sold))])


def synchronise(world: World) -> RunReport:
    """A whole synchronisation with an import, in the order of the asset graph."""
    with world.session() as session:
        for step in MASTER_DATA:
            step(session)
        stage_receipts(session)
        stage_closings(session)
        import_receipts(session)
        return session.finish()


def booked_by(world: World, run_id: str) -> tuple[dict[str, tuple[int, int]], dict[tuple[str, str], tuple[int, int]]]:
    """What a run booked: debit and credit by account; in and out by article and warehouse."""
    with closing_of(sqlite3.connect(world.erp_file)) as database:
        accounts = database.execute(
            "SELECT account, sum(max(amount_cents, 0)), sum(max(-amount_cents, 0)) FROM cloudkasse_posting "
            "WHERE run_id = ? GROUP BY account",
            (run_id,),
        ).fetchall()
        stock = database.execute(
            "SELECT article, warehouse, sum(max(quantity_milli, 0)), sum(max(-quantity_milli, 0)) "
            "FROM cloudkasse_stock_movement WHERE run_id = ? GROUP BY article, warehouse",
            (run_id,),
        ).fetchall()
    return {row[0]: (row[1], row[2]) for row in accounts}, {(row[0], row[1]): (row[2], row[3]) for row in stock}


def rows_of(world: World, run_id: str) -> int:
    """How many stock movements a run wrote: a trade set's line has several."""
    with closing_of(sqlite3.connect(world.erp_file)) as database:
        query = "SELECT count(*) FROM cloudkasse_stock_movement WHERE run_id = ?"
        return int(database.execute(query, (run_id,)).fetchone()[0])


def test_a_plan_equals_its_effect_on_200_random_changes(world: World, sent: list[tuple[str, dict[str, Any]]]) -> None:
    booking(world)
    world.erp("INSERT INTO USTSCHL (USTSCHL_ID, TS, SteuerCode, Bezeichnung) VALUES (9, 0, '2', 'ermäßigt')")
    world.erp(
        "INSERT INTO USDETAIL (USDETAIL_ID, TS, SteuerCode, GueltigAb, Steuer) "
        "VALUES (9, 0, '2', '2007-01-01 00:00:00.000000', 7.0)"
    )
    shop = Shop(world, random.Random(SEED))
    seen = set()
    for batch in range(26):
        for _ in range(8 if batch else 0):  # the first round brings up everything
            shop.change()
        found = planned(world)
        sent.clear()
        report = synchronise(world)
        accepted = {(e.entity, r.key): r.item for e in found.entities for r in e.records}
        foreseen = {
            (e.entity, r.key)
            for e in found.entities
            for r in e.rejections
            if r.code.startswith("cloud.") and not r.still
        }
        received = {(entity, key(entity, item)): item for entity, item in sent}
        assert received.keys() == accepted.keys() | foreseen
        assert {place: received[place] for place in accepted} == accepted
        fresh = {(r.asset, r.key, r.code) for r in report.rejections if not r.still}
        assert found.receipts is not None
        assert found.imports is not None
        parts: list[EntityPlan | ReceiptsPlan | ImportPlan] = [*found.entities, found.receipts, found.imports]
        planned_refusals = [r for part in parts for r in part.rejections]
        assert {(r.asset, r.key, r.code) for r in planned_refusals if not r.still} == fresh
        for entity in found.entities:
            counts = report.assets[f"cloudkasse_{'company' if entity.entity == 'companies' else entity.entity}"].counts
            told = entity.counts
            assert (told["new"], told["changed"], told["retired"], told["waiting"], told["unchanged"]) == (
                counts.new, counts.changed, counts.deactivated, counts.deferred, counts.unchanged,
            )  # fmt: skip
        staged, closed, postings, movements = (
            report.assets[name].counts
            for name in ("staged_receipts", "staged_closings", "revenue_postings", "stock_movements")
        )
        assert found.assets == {name: done.counts for name, done in report.assets.items()}
        told_statuses = sum(n for status, n in found.receipts.by_status.items() if status != "rejected")
        assert told_statuses == staged.new + staged.changed
        assert (found.receipts.seen, found.receipts.closings) == (staged.unchanged, closed.new)
        assert (found.imports.receipts, found.imports.movements) == (postings.new, rows_of(world, report.run_id))
        assert (found.imports.accounts, found.imports.articles) == booked_by(world, report.run_id)
        seen |= {r.action for e in found.entities for r in e.records} | {code for _, _, code in fresh}
        seen |= {name for name, n in (("booked", postings.new), ("moved", movements.new), ("closed", closed.new)) if n}
        seen |= {"judged anew"} if staged.changed else set()
        seen |= set(found.receipts.by_status)
    assert {"new", "changed", "retired", "cloud.gtin_invalid", "value_missing", "booked", "moved", "closed"} <= seen
    assert {"judged anew", "before_start", "no_effect", "staged"} <= seen
    assert {"receipt_lines_total", "receipt_conflict", "account_missing"} <= seen
    again = planned(world)
    assert all(not e.records for e in again.entities)
    assert again.imports is not None
    assert again.imports.receipts == 0
