"""Protects the dry run: a plan is what the synchronisation then does, and leaves no trace anywhere."""

import copy
import sqlite3
from pathlib import Path
from typing import Any

import orjson
import pytest
import sqlalchemy as sa

from cloudkasse_etl.sandbox.cloud.record_models import Entity
from cloudkasse_etl.sandbox.server import SandboxServer
from cloudkasse_etl.sync.dry_run.plan import What
from cloudkasse_etl.sync.dry_run.plan_report import Plan
from cloudkasse_etl.sync.receipts.receipt_import import import_receipts
from cloudkasse_etl.sync.receipts.receipt_staging import stage_closings, stage_receipts
from tests.support import small_erp
from tests.support.plans import booking, planned
from tests.support.programs import Program, program_in
from tests.support.receipts.coffee_receipts import changed, closing, receipt
from tests.support.worlds import TOKEN, World

pytestmark = pytest.mark.shop(articles=12, page_items=10)


def by_entity(found: Plan, action: str) -> dict[str, list[str]]:
    kept = {e.entity: [r.key for r in e.records if r.action == action] for e in found.entities}
    return {entity: keys for entity, keys in kept.items() if keys}


# --- master data, record by record


def test_a_change_is_told_field_by_field_from_old_to_new(world: World) -> None:
    world.sync()
    world.erp("UPDATE ART SET Bezeichnung = 'Kaffee 250 g' WHERE Artikelnummer = 'A1'")
    articles = next(e for e in planned(world).entities if e.entity == "articles")
    assert [(c.field, c.before, c.after) for r in articles.records for c in r.changes] == [
        ("name", "Artikel 1", "Kaffee 250 g")
    ]


def test_too_many_retirements_are_told_with_the_guards_words_and_stop_what_comes_after(world: World) -> None:
    world.settings["safety"] = {"retire_minimum": 2}
    world.sync()
    world.erp("DELETE FROM ART WHERE ART_ID <= 6")
    found = {e.entity: e for e in planned(world).entities}
    assert found["articles"].stopped is not None
    assert "6 of 12 articles would be retired" in found["articles"].stopped
    assert found["articles"].counts["retired"] == 6
    assert found["prices"].skipped == "articles"


def test_a_record_over_the_licence_is_expected_to_be_refused_again(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'erp.db'}"
    small_erp.build(url)
    with SandboxServer(tmp_path / "cloud.db", token=TOKEN, article_limit=3) as server:
        world = World(tmp_path, url, server, copy.deepcopy(small_erp.SETTINGS))
        world.sync()
        articles = next(e for e in planned(world).entities if e.entity == "articles")
        assert (articles.counts["new"], articles.counts["resting"]) == (0, 2)


def test_a_request_whose_answer_was_lost_is_part_of_the_plan(world: World, sent: list[Any]) -> None:
    with world.session() as session:
        body = orjson.dumps({"items": [{"number": "K1", "name": "Alt", "price_group": "1", "warehouse": "1",
                                        "currency": "EUR", "active": True}]})  # fmt: skip
        session.store.attempts.record([("a-key", "registers", body)])
    found = planned(world)
    registers = next(e for e in found.entities if e.entity == "registers")
    assert [(r.key, r.item["name"]) for r in registers.records] == [("K1", "Laden")]
    assert registers.counts["new"] == 1
    world.sync()
    assert [item["name"] for entity, item in sent if entity == "registers"] == ["Alt", "Laden"]


# --- receipts and import


def test_receipts_and_import_do_what_was_planned(world: World) -> None:
    booking(world)
    world.sync()
    items = [receipt(n) for n in range(1, 34)]
    items += [changed(receipt(34), "total_cents", 1), receipt(35, kind="AVTraining"), receipt(1), receipt(2, note="x")]
    items += [changed(receipt(36), "payments.0.tender", "ECKarte")]
    world.server.store.deliver_receipts(items)
    world.server.store.deliver_closings([closing(1, 1, 33)])
    found = planned(world)
    assert found.receipts is not None
    assert found.imports is not None
    assert dict(found.receipts.by_status) == {"no_effect": 1, "rejected": 2, "staged": 34}
    assert (found.receipts.seen, found.receipts.closings) == (1, 1)
    assert found.receipts.by_register == {"K1": (34, 34 * 2380)}
    assert len(found.receipts.examples) == 20
    assert found.imports.missing == {"accounts.tenders.ECKarte": 1}

    with world.session() as session:
        staged, closings = stage_receipts(session), stage_closings(session)
    assert (staged.counts.new, staged.counts.rejected, staged.counts.unchanged) == (35, 2, 1)
    assert closings.counts.new == found.receipts.closings
    # with everything staged, the import alone plans the same
    alone = planned(world, "import").imports
    assert alone is not None
    assert (alone.accounts, alone.articles) == (found.imports.accounts, found.imports.articles)
    left = planned(world, "receipts").receipts
    assert left is not None
    assert (dict(left.by_status), left.closings, left.examples) == ({}, 0, ())
    assert {(r.key, r.code) for r in left.rejections} == {(r.key, r.code) for r in found.receipts.rejections}

    with world.session() as session:
        booked, moved = import_receipts(session)
    assert (booked.counts.new, booked.counts.rejected) == (found.imports.receipts, 1) == (33, 1)
    assert moved.counts.new == found.imports.movements == 33
    with sqlite3.connect(world.erp_file) as database:
        rows = database.execute(
            "SELECT account, sum(max(amount_cents, 0)), sum(max(-amount_cents, 0)), count(*) "
            "FROM cloudkasse_posting GROUP BY account"
        ).fetchall()
        stock = database.execute(
            "SELECT article, warehouse, sum(max(quantity_milli, 0)), sum(max(-quantity_milli, 0)) "
            "FROM cloudkasse_stock_movement GROUP BY article, warehouse"
        ).fetchall()
    database.close()
    assert {account: (debit, credit) for account, debit, credit, _ in rows} == found.imports.accounts
    assert sum(row[3] for row in rows) == found.imports.postings
    assert {(article, place): (into, out) for article, place, into, out in stock} == found.imports.articles
    again = planned(world, "import").imports
    assert again is not None
    assert (again.receipts, again.postings) == (0, 0)


# --- no trace


def trace(world: World) -> dict[str, Any]:
    """Everything that a plan could leave behind: files, contents, the cloud's state, requests that write."""
    dumps = {}
    for path in sorted(world.folder.glob("*.db")):
        with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as database:
            dumps[path.name] = (list(database.iterdump()), database.execute("PRAGMA journal_mode").fetchone())
        database.close()
    return {
        "dumps": dumps,
        "erp": world.erp_file.read_bytes(),
        "cloud": world.server.store.summary(),
        "records": {str(e): world.server.store.records(e) for e in Entity},
        "writes": [request for request in world.server.requests if request[0] != "GET"],
    }


@pytest.mark.parametrize("what", ["all", "master-data", "receipts", "import"])
@pytest.mark.parametrize("first", [True, False], ids=["no tables yet", "after a sync"])
def test_a_plan_leaves_no_trace(world: World, what: What, first: bool) -> None:
    booking(world)
    if not first:
        world.sync()
    world.erp("UPDATE ART SET Bezeichnung = 'Anders' WHERE Artikelnummer = 'A1'")
    world.server.store.deliver_receipts([receipt(n) for n in range(1, 5)])
    world.configuration()
    files = {path.name for path in world.folder.iterdir()}
    assert ("erp.db-wal" in files) is False
    planned(world, what)
    assert {path.name for path in world.folder.iterdir()} == files
    before = trace(world)
    found = planned(world, what)
    assert trace(world) == before
    assert before["dumps"]["erp.db"][1] == (("delete",) if first else ("wal",))
    if found.entities:
        articles = next(e for e in found.entities if e.entity == "articles")
        assert articles.counts["new" if first else "changed"] == (12 if first else 1)


def rows_of(url: str) -> dict[str, list[Any]]:
    """All rows of a PostgreSQL database with their place and their writer's number: an update to the same shows too."""
    engine = sa.create_engine(url)
    with engine.connect() as connection:
        named = "SELECT relname, relkind FROM pg_class WHERE relnamespace = 'public'::regnamespace ORDER BY 1"
        relations = connection.exec_driver_sql(named).all()
        rows: dict[str, list[Any]] = {"relations": [tuple(row) for row in relations]}
        for name, kind in relations:
            if kind == "r":
                found = connection.exec_driver_sql(f'SELECT ctid::text, xmin::text, xmax::text, t.* FROM "{name}" t')
                rows[name] = sorted(repr(row) for row in found)
            elif kind == "S":
                rows[name] = list(connection.exec_driver_sql(f'SELECT last_value, is_called FROM "{name}"').one())
    engine.dispose()
    return rows


def test_a_plan_leaves_no_trace_on_postgresql_nor_in_dagsters_history(
    tmp_path: Path, postgres_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    small_erp.build(postgres_url)
    with SandboxServer(tmp_path / "cloud.db", token=TOKEN) as server:
        world = World(tmp_path, postgres_url, server, copy.deepcopy(small_erp.SETTINGS))
        booking(world)
        with program_in(world, monkeypatch) as program:
            program.capture = capsys

            def everything() -> list[Any]:
                # what the sandbox holds is asked of it: its files change by its being read
                paths = (p for p in tmp_path.rglob("*") if p.is_file() and not p.name.startswith("cloud.db"))
                files = {path: path.read_bytes() for path in paths}
                records = {str(entity): server.store.records(entity) for entity in Entity}
                writes = [request for request in server.requests if request[0] != "GET"]
                return [rows_of(postgres_url), files, records, server.store.summary(), writes]

            world.configuration()
            before = everything()
            assert "A1" in program.call("plan")[1]
            assert everything() == before
            assert program.call("sync")[0] == 0
            world.erp("""UPDATE "ART" SET "Bezeichnung" = 'Anders' WHERE "Artikelnummer" = 'A1'""")
            world.server.store.deliver_receipts([receipt(n) for n in range(1, 5)])
            before = everything()
            code, found = program.call_json("plan")
            assert (code, found["entities"]["articles"]["counts"]["changed"], found["import"]["receipts"]) == (0, 1, 4)
            assert everything() == before


def test_a_state_file_of_its_own_that_is_not_there_is_not_made(world: World) -> None:
    world.state_url = f"sqlite:///{world.folder / 'deep' / 'state.db'}"
    assert len(by_entity(planned(world), "new")["articles"]) == 12
    assert not (world.folder / "deep").exists()


def test_tables_of_an_older_release_are_read_and_not_moved_forward(world: World) -> None:
    world.sync()
    with sqlite3.connect(world.erp_file) as database:
        for table in ("receipt", "closing", "posting", "stock_movement", "cursor"):
            database.execute(f"DROP TABLE cloudkasse_{table}")
        database.execute("UPDATE cloudkasse_schema_version SET version_num = '0001'")
    database.close()
    before = trace(world)
    assert all(not e.records for e in planned(world).entities)
    assert trace(world) == before


# --- the command


def test_the_command_tells_a_person_in_his_language(program: Program) -> None:
    program.world.sync()
    program.world.erp("UPDATE ART SET Bezeichnung = 'Kaffee 250 g' WHERE Artikelnummer = 'A1'")
    program.world.erp("UPDATE ARPREIS SET Preis = 20.0 WHERE Artikelnummer = 'A2'")
    program.world.erp("UPDATE ART SET Inaktiv = :yes WHERE Artikelnummer = 'A3'", {"yes": True})
    code, out, err = program.call("plan")
    assert (code, err) == (0, "")
    assert "~ A1 Kaffee 250 g, name: Artikel 1 -> Kaffee 250 g" in out
    assert "~ A2 Artikel 2, group 1, from 0, gross: 11.90 € -> 23.80 €" in out
    assert "- A3 Artikel 3\n" in out
    program.world.settings["language"] = "de"
    out = program.call("plan", "master-data")[1]
    assert "nichts wurde geschrieben" in out
    assert "11,90 € -> 23,80 €" in out
    assert TOKEN not in out


@pytest.mark.new
def test_the_commands_json_is_one_bounded_object_and_no_run_is_made(program: Program) -> None:
    small = program.world
    small.erp("INSERT INTO MITARBW (MITARBW_ID, TS, Nr, Name, Inaktiv) VALUES (:i, 0, :n, 'X', 0)",
              *({"i": i, "n": f"N{i}"} for i in range(100, 150)))  # fmt: skip
    code, found = program.call_json("plan")
    assert code == 0
    assert list(found) == ["what", "entities", "receipts", "import", "assets", "looked_at"]
    assert found["entities"]["employees"]["counts"]["new"] == 52
    assert len(found["entities"]["employees"]["records"]["new"]) == 20
    assert not program.home.storage.exists()


@pytest.mark.parametrize(
    ("name", "value", "code", "words"),
    [
        pytest.param("CLOUDKASSE_API_URL", "http://127.0.0.1:1", 20, "refused", id="cloud off"),
        pytest.param("CLOUDKASSE_API_TOKEN", "wrong", 20, "token", id="wrong token"),
        pytest.param("CLOUDKASSE_ERP_URL", "sqlite:////nowhere/erp.db", 20, "/nowhere/erp.db", id="ERP away"),
        pytest.param("CLOUDKASSE_SETTINGS", "/nowhere/cloudkasse.yaml", 2, "settings file", id="no settings"),
    ],
)
def test_each_trouble_is_one_message_with_its_exit_code(
    program: Program, monkeypatch: pytest.MonkeyPatch, name: str, value: str, code: int, words: str
) -> None:
    program.world.settings["api"] = {"attempts": 1}
    monkeypatch.setenv(name, value)
    result, told = program.call_json("plan")
    assert (result, told["exit_code"]) == (code, code)
    assert words in told["error"]
    _, out, err = program.call("plan")
    assert out == ""
    assert "Traceback" not in err


def test_an_import_is_planned_without_the_cloud(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLOUDKASSE_API_URL", "http://127.0.0.1:1")
    assert program.call("plan", "import")[0] == 0
