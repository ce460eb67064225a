"""Protects that a look and a run never disagree: whatever would make a run do something is seen."""

import copy
import datetime as dt
import random
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from cloudkasse_etl.sandbox.server import SandboxServer
from cloudkasse_etl.sync.monitoring.new_data import Novelty, look_for_novelty
from cloudkasse_etl.sync.receipts.receipt_import import import_if_chosen
from cloudkasse_etl.sync.receipts.receipt_staging import stage_closings, stage_receipts
from cloudkasse_etl.sync.run.report import RunReport
from tests.support import databases, small_erp
from tests.support.receipts.coffee_receipts import changed, closing, receipt
from tests.support.torture.torture_figures import LONG
from tests.support.worlds import MASTER_DATA, TOKEN, World

CASH = {"number": "K1", "name": "Laden", "warehouse": "1", "price_group": "1", "cash_account": "1000"}
FURTHER = {**CASH, "number": "K9"}
SETTINGS: dict[str, Any] = {
    **small_erp.SETTINGS,
    "registers": [CASH],
    "accounts": {"clearing": "1371", "revenue": {"19.00": "8400"}},
    "receipts": {"import": "direct", "start_date": "2026-11-01"},
}
ARTICLE = (
    "INSERT INTO ART (ART_ID, TS, Artikelnummer, Bezeichnung, SSVerkauf, Mengeneinheit, Lagerartikel, Inaktiv) "
    "VALUES (99, 0, 'NEU', 'Neu', '3', 'Stk', 1, 0)"
)


def with_article(sold: dict[str, Any], article: str) -> dict[str, Any]:
    sold["lines"][0]["article"] = article
    return sold


@dataclass(frozen=True)
class Start:
    """A shop in which something waits for everything: an account, a register, an article, an earlier first day."""

    erp_url: str
    erp: bytes
    cloud: bytes

    def shop(self, folder: Path, server: SandboxServer) -> World:
        return World(folder, self.erp_url, server, copy.deepcopy(SETTINGS))


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory) -> Start:
    """Made once, because every test would take seconds to; where the ERP lies stays the same for all."""
    folder = tmp_path_factory.mktemp("start")
    url = f"sqlite:///{folder / 'erp.db'}"
    databases.only_in_a_file(databases.place(url))
    small_erp.build(url)
    with SandboxServer(folder / "cloud.db", token=TOKEN) as server:
        shop = Start(url, b"", b"").shop(folder, server)
        server.store.deliver_receipts(
            [
                receipt(1),
                changed(receipt(2), "payments.0.tender", "ECKarte"),
                receipt(3, register="K9"),
                with_article(receipt(4), "NEU"),
                receipt(5, business_day="2026-10-31"),
            ]
        )
        synchronise(shop, "all")
    return Start(url, (folder / "erp.db").read_bytes(), (folder / "cloud.db").read_bytes())


@pytest.fixture
def shop(start: Start, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[World]:
    """That shop as it was; parametrised by what the settings say of imports."""
    Path(start.erp_url.removeprefix("sqlite:///")).write_bytes(start.erp)
    (tmp_path / "cloud.db").write_bytes(start.cloud)
    with SandboxServer(tmp_path / "cloud.db", token=TOKEN) as server:
        made = start.shop(tmp_path, server)
        made.settings["receipts"]["import"] = getattr(request, "param", "direct")
        made.erp("UPDATE cloudkasse_target SET api_url = :url WHERE api_url <> ''", {"url": server.url})
        yield made


def look(shop: World) -> Novelty:
    return look_for_novelty(shop.configuration())


def synchronise(shop: World, kind: str) -> RunReport:
    """A run of a kind, as the assets depend on each other; whether it imports, the settings say."""
    with shop.session() as session:
        if kind in ("all", "master-data"):
            for step in MASTER_DATA:
                step(session)
        if kind in ("all", "receipts"):
            stage_receipts(session)
            stage_closings(session)
            import_if_chosen(session)
        return session.finish()


def erp(statement: str) -> Callable[[World], None]:
    return lambda shop: shop.erp(statement)


def setting(*path: str, to: Any) -> Callable[[World], None]:
    def change(shop: World) -> None:
        section = shop.settings
        for name in path[:-1]:
            section = section.setdefault(name, {})
        section[path[-1]] = to

    return change


def lose(shop: World) -> None:
    with sqlite3.connect(shop.folder / "cloud.db") as cloud:
        assert cloud.execute("DELETE FROM record WHERE entity = 'articles' AND key LIKE '%A1%'").rowcount == 1
    cloud.close()


def deliver(number: int) -> Callable[[World], None]:
    return lambda shop: shop.server.store.deliver_receipts([receipt(number)])


# what changes; what a look starts where the import is direct; and where it is left to a person; what it says then
CHANGES: dict[str, tuple[Callable[[World], None], str | None, str | None, str]] = {
    "a missing account is named": (
        setting("accounts", "tenders", to={"ECKarte": "1361"}), "receipts", None, "1 refused receipt to try again",
    ),
    "a revenue account in the ERP": (
        erp("INSERT INTO KTOGRUPPENPOS (KTOGRUPPENPOS_ID, TS, AufwandErloes, Gruppe, GKonto, Steuercode) "
            "VALUES (1, 0, 'E', '01', '8400', '3')"),
        "receipts", None, "1 refused receipt to try again",
    ),
    "the article of a stock line": (erp(ARTICLE), "all", "master-data", "1 receipt whose stock lines may be made up"),
    "a component of a trade set": (
        erp("INSERT INTO ARTSET (ARTSET_ID, TS, Artikelnummer, SetArtikelnummer, Menge) VALUES (1, 0, 'A1', 'A2', 1)"),
        "receipts", None, "1 receipt whose stock lines may be made up",
    ),
    "the period that is closed": (setting("books", "closed_until", to="2026-10-31"), "receipts", None, "try again"),
    "the register of a waiting receipt": (setting("registers", to=[CASH, FURTHER]), "all", "all", "checked again"),
    "an earlier first day": (
        setting("receipts", "start_date", to="2026-10-01"), "receipts", "receipts", "to be checked again",
    ),
    "whether withdrawals move stock": (
        setting("receipts", "in_kind_moves_stock", to=True), "receipts", "receipts", "to be checked again",
    ),
    "a cash account": (setting("registers", to=[{**CASH, "cash_account": "1001"}]), "all", "master-data", "try again"),
    "a receipt": (deliver(9), "receipts", "receipts", "receipts in the till"),
    "a closing": (
        lambda shop: shop.server.store.deliver_closings([closing(1, 1, 1)]),
        "receipts", "receipts", "closings in the till",
    ),
    "an article's name": (erp("UPDATE ART SET Bezeichnung = 'X'"), "all", "master-data", "selectline_articles"),
    "a price": (erp("UPDATE ARPREIS SET Preis = 11"), "master-data", "master-data", "selectline_prices"),
    "a VAT rate": (erp("UPDATE USDETAIL SET Steuer = 16"), "all", "master-data", "gross_prices"),
    "a group's name": (erp("UPDATE GRUPPEN SET Bezeichnung = 'X'"), "master-data", "master-data", "changes for"),
    "an employee": (erp("UPDATE MITARBW SET Name = 'X'"), "master-data", "master-data", "cloudkasse_employees"),
    "the company": (erp("UPDATE MANDANT SET Ort = 'X'"), "all", "master-data", "cloudkasse_company"),
    "which articles go up": (
        setting("articles", "only_shop_active", to=True), "master-data", "master-data", "cloudkasse_articles",
    ),
    "a cloud that lost a record": (lose, "master-data", "master-data", "4 of 5 articles"),
    "a table of which nothing is read": (erp("UPDATE LAGER SET Bezeichnung = 'X'"), None, None, "No new data."),
    "the language": (setting("language", to="de"), None, None, "Nichts Neues."),
    "when is warned": (setting("checks", "waiting_hours", to=1), None, None, "No new data."),
    "how much may be retired": (setting("safety", "retire_percent", to=5), None, None, "No new data."),
    "nothing": (lambda shop: None, None, None, "No new data."),
}  # fmt: skip


@pytest.mark.parametrize(("shop", "mode"), [("direct", 1), ("manual", 2)], indirect=["shop"])
@pytest.mark.parametrize("change", CHANGES)
def test_whatever_makes_a_run_do_something_is_seen_and_taken_over_by_the_run_that_is_named(
    shop: World, mode: int, change: str
) -> None:
    apply, words = CHANGES[change][0], CHANGES[change][3]
    kind = CHANGES[change][mode]
    apply(shop)
    found = look(shop)
    assert found.kind == kind, found.render("en")
    assert words in found.render("de" if change == "the language" else "en")
    assert look(shop).key == found.key
    if kind is not None:
        synchronise(shop, kind)
        assert look(shop).kind is None, look(shop).render("en")
    report = synchronise(shop, "all")
    assert report.counts.attempted == 0, report.message


@pytest.mark.parametrize("shop", ["ask"], indirect=True)
def test_what_a_person_could_import_is_told_and_no_run_is_promised(shop: World) -> None:
    shop.settings["accounts"]["tenders"] = {"ECKarte": "1361"}
    deliver(9)(shop)
    synchronise(shop, "receipts")
    found = look(shop)
    assert found.kind is None
    assert found.render("en") == (
        "No new data. Waiting for an import: 1 staged receipt to import; 1 refused receipt to try again, since "
        "something has changed; 1 receipt whose stock lines may be made up for."
    )


def test_a_look_reads_no_receipts_and_no_articles(shop: World, monkeypatch: pytest.MonkeyPatch) -> None:
    from cloudkasse_etl.erp.selectline.reader import ErpReader
    from cloudkasse_etl.state.stores.books.receipt_reader import ReceiptReader
    from cloudkasse_etl.state.stores.books.staged_receipts import StagedReceipts
    from cloudkasse_etl.state.stores.rejections import Rejections
    from cloudkasse_etl.state.stores.synced import SyncedRecords

    def read(*_: object, **__: object) -> Any:
        raise AssertionError("a look reads no table as a whole")

    for owner, names in (
        (ErpReader, ("articles", "prices", "employees", "booking_articles", "trade_sets", "revenue_groups")),
        (ReceiptReader, ("raw", "rows", "raw_pending_stock")),
        (StagedReceipts, ("unbooked",)),
        (SyncedRecords, ("all",)),
        (Rejections, ("of",)),
    ):
        for name in names:
            monkeypatch.setattr(owner, name, read)
    for apply, *_ in list(CHANGES.values())[:12]:
        apply(shop)
    assert look(shop).kind == "all"


def test_a_run_that_died_in_an_import_is_followed_by_another(shop: World) -> None:
    shop.settings["accounts"]["tenders"] = {"ECKarte": "1361"}
    before = look(shop)
    with shop.session() as session:
        session.store.checkpoints.set("revenue_postings", "", "{}")  # as an import does first
    after = look(shop)
    assert (after.kind, after.key != before.key) == ("receipts", True)


def test_a_void_that_waits_is_nothing_new_until_its_original_or_its_day_comes(shop: World) -> None:
    void = receipt(8, cancelled=True, reference={"receipt_id": "r7"})
    shop.server.store.deliver_receipts([void])
    assert look(shop).kind == "receipts"
    assert synchronise(shop, "receipts").assets["revenue_postings"].counts.deferred == 1
    found = look(shop)
    assert (found.kind, found.render("en")) == (None, "No new data.")
    days = dt.timedelta(days=shop.configuration().settings.receipts.void_wait_days)
    later = look_for_novelty(shop.configuration(), dt.datetime.now(shop.configuration().settings.zone).date() + days)
    assert "1 void that need not wait any longer" in later.render("en")
    deliver(7)(shop)
    synchronise(shop, "receipts")
    assert look(shop).kind is None


FLIPS: dict[str, tuple[Callable[[World], None], Callable[[World], None]]] = {
    "the first day": (
        setting("receipts", "start_date", to="2026-10-01"),
        setting("receipts", "start_date", to="2026-11-01"),
    ),
    "an account": (setting("accounts", "clearing", to="1372"), setting("accounts", "clearing", to="1371")),
    "a VAT id that is refused": (
        setting("company", "vat_id", to="DE1"),
        setting("company", "vat_id", to="DE123456789"),
    ),
}


@pytest.mark.parametrize("shop", ["direct", "manual"], indirect=True)
@pytest.mark.parametrize("flip", FLIPS)
def test_a_setting_that_goes_to_and_fro_starts_a_run_each_time(shop: World, flip: str) -> None:
    """Dagster starts no second run under a key: what was taken back in between must not be the state of then."""
    if flip == "the first day":
        synchronise(shop, "all")
    keys = []
    for at in range(4):
        FLIPS[flip][at % 2](shop)
        found = look(shop)
        if found.kind is not None:
            keys.append(found.key)
            synchronise(shop, found.kind)
            assert look(shop).kind is None
    assert len(set(keys)) == len(keys), f"{len(keys)} states, {len(set(keys))} keys"


ROUNDS = 400 if LONG else 13


def test_a_look_and_a_run_agree_after_any_changes(shop: World) -> None:
    chance = random.Random(16)
    numbers = iter(range(10, 10 * ROUNDS))
    several: list[Callable[[World], None]] = [
        lambda shop: deliver(next(numbers))(shop),
        lambda shop: shop.server.store.deliver_receipts(
            [changed(receipt(next(numbers)), "payments.0.tender", chance.choice(["ECKarte", "Kreditkarte"]))]
        ),
        lambda shop: shop.server.store.deliver_receipts([with_article(receipt(next(numbers)), "NEU")]),
        lambda shop: shop.server.store.deliver_receipts([receipt(next(numbers), register=chance.choice("JQ"))]),
        lambda shop: setting("accounts", "tenders", to=chance.choice([{}, {"ECKarte": "1361"}]))(shop),
        lambda shop: setting("receipts", "start_date", to=f"2026-1{chance.randint(0, 2)}-01")(shop),
        lambda shop: setting("registers", to=[CASH, *[{**CASH, "number": n} for n in "JQ" if chance.random() < 0.3]])(
            shop
        ),
        lambda shop: shop.erp("DELETE FROM ART WHERE Artikelnummer = 'NEU'"),
        lambda shop: shop.erp(ARTICLE.replace("INSERT", "INSERT OR REPLACE")),
        lambda shop: shop.erp("UPDATE ART SET Bezeichnung = :n", {"n": f"N{next(numbers)}"}),
        lambda shop: shop.erp("UPDATE LAGER SET Bezeichnung = :n", {"n": f"N{next(numbers)}"}),
        lambda shop: shop.erp("UPDATE ARPREIS SET Preis = :p", {"p": float(next(numbers))}),
        lambda shop: None,
    ]
    kinds = set()
    for at in range(2 * ROUNDS):
        shop.settings["receipts"]["import"] = "direct" if at < ROUNDS else "manual"
        for change in chance.choices(several, k=chance.choice([1, 1, 2, 3])):
            change(shop)
        found = look(shop)
        kinds.add(found.kind)
        if found.kind is not None:
            synchronise(shop, found.kind)
        report = synchronise(shop, "all")
        assert report.counts.attempted == 0, (found.render("en"), report.message)
        assert look(shop).kind is None
    assert kinds == {None, "all", "receipts", "master-data"}
