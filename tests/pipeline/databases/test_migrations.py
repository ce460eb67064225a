"""Protects what earlier releases stored: our tables move forward with their data, and never backwards."""

import datetime as dt
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from cloudkasse_etl.config.settings import Settings
from cloudkasse_etl.erp.selectline.erp_engine import erp_engine
from cloudkasse_etl.errors import ConfigurationError, StateVersionError
from cloudkasse_etl.state.connection import StateConnection
from cloudkasse_etl.state.database.engine import HEAD, migrate, state_engine, upgrade, version_of
from cloudkasse_etl.state.database.tables import StateTables
from cloudkasse_etl.state.migrations import versions
from cloudkasse_etl.state.stores.books.decision_log import Action, Subject
from cloudkasse_etl.state.stores.records import Checkpoint
from cloudkasse_etl.state.stores.sent_alerts import AlertStore, CauseKey
from cloudkasse_etl.state.stores.state_stores import stores_on

TABLES = StateTables()
BOTH = pytest.mark.parametrize("engine", ["sqlite", "postgresql"], indirect=True)
FIRST, LATER = dt.datetime(2026, 11, 1, tzinfo=dt.UTC), dt.datetime(2026, 11, 2, tzinfo=dt.UTC)
REVISIONS = tuple(sorted(file.name[1:5] for file in Path(versions.__file__).parent.rglob("v[0-9]*.py")))
# The version's own; and what earlier tests of this file follow row by row, since a migration does change it.
NOT_FILLED = tuple(
    TABLES.prefix + name for name in ("schema_version", "target", "rejection", "alert", "level", "lease")
)
URLS = ("https://old.example", "https://new.example")


@pytest.fixture
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[sa.Engine]:
    postgres = getattr(request, "param", "sqlite") == "postgresql"
    url = request.getfixturevalue("postgres_url") if postgres else f"sqlite:///{tmp_path / 'state.db'}"
    engine = state_engine(url, may_create=True)
    yield engine
    engine.dispose()


def test_this_releases_version_is_that_of_the_last_migration() -> None:
    assert REVISIONS[-1] == HEAD
    assert [int(revision) for revision in REVISIONS] == list(range(1, len(REVISIONS) + 1))


def put(engine: sa.Engine, table: sa.Table, *rows: dict[str, Any]) -> None:
    with engine.begin() as connection:
        for row in rows:
            connection.execute(table.insert().values(row))


def rejection(target: int, asset: str, key: str, since: dt.datetime, company: str = "1") -> dict[str, Any]:
    return {
        "target_id": target,
        "asset": asset,
        "record_key": key,
        "code": "a_code",
        "company": company,
        "detail": "{}",
        "content": "",
        "since": since,
        "first_run_id": "r",
        "run_id": "r",
    }


def alert(target: int, subject: str) -> dict[str, Any]:
    row = {"company": "1", "target_id": target, "channel": "email", "subject": subject, "code": "a_code"}
    return {**row, "sent_at": FIRST}


def their_tables(engine: sa.Engine) -> list[sa.Table]:
    """Our tables as they are in the database, whatever the release."""
    found = sa.MetaData()
    found.reflect(engine, only=lambda name, _: name.startswith(TABLES.prefix))
    return list(found.sorted_tables)


def filled(table: sa.Table, number: int) -> dict[str, Any]:
    """A row with something in each column; another one for each number."""
    return {column.name: filling(column, number) for column in table.columns}


def filling(column: "sa.Column[Any]", number: int) -> Any:
    kind = column.type.python_type
    if kind is str:
        return f"ä{number}"[: getattr(column.type, "length", None) or 10]
    made = {int: number, bool: number == 1, bytes: b"\x00\xff%d" % number, dt.date: FIRST.date(), dt.datetime: FIRST}
    return made[kind]


def rows_of(engine: sa.Engine, name: str, columns: list[str]) -> list[dict[str, Any]]:
    """What stands in some columns of a table, in the order of their texts."""
    (table,) = (table for table in their_tables(engine) if table.name == name)
    with engine.connect() as connection:
        rows = connection.execute(sa.select(*(table.c[column] for column in columns))).mappings()
        return sorted((dict(row) for row in rows), key=repr)


def keys(engine: sa.Engine, company: str, url: str, asset: str) -> list[tuple[str, dt.datetime | None]]:
    store = stores_on(StateConnection(engine, TABLES, company=company, api_url=url, lease=None, run_id=""))
    return [(found.key, found.since) for found in store.rejections.of(asset)]


@BOTH
def test_what_was_refused_of_receipts_under_a_clouds_address_belongs_to_the_company_afterwards(
    engine: sa.Engine,
) -> None:
    upgrade(engine, TABLES, "0003")
    targets = [
        {"company": company, "api_url": url} for company, url in [("1", URLS[0]), ("1", URLS[1]), ("2", URLS[0])]
    ]
    put(engine, TABLES.target, *targets)
    put(
        engine,
        TABLES.rejection,
        rejection(1, "stock_movements", "R1|1", LATER),
        rejection(1, "stock_movements", "R2|1", FIRST),
        rejection(2, "stock_movements", "R2|1", LATER),
        rejection(3, "stock_movements", "R1|1", FIRST, company="2"),
        rejection(1, "cloudkasse_articles", "A1", FIRST),
        rejection(2, "cloudkasse_articles", "A1", LATER),
    )
    put(engine, TABLES.alert, *(alert(target, "stock_movements") for target in (1, 2)), alert(0, "run all"))
    migrate(engine, TABLES)
    for url in (*URLS, "https://a-third.example"):
        assert keys(engine, "1", url, "stock_movements") == [("R2|1", FIRST), ("R1|1", LATER)]
        told = AlertStore(StateConnection(engine, TABLES, company="1", api_url=url, lease=None, run_id="")).known(
            "email"
        )
        assert told == {CauseKey("stock_movements", "a_code"), CauseKey("run all", "a_code", is_run=True)}
    assert keys(engine, "2", URLS[1], "stock_movements") == [("R1|1", FIRST)]
    assert keys(engine, "1", URLS[0], "cloudkasse_articles") == [("A1", FIRST)]
    assert keys(engine, "1", URLS[1], "cloudkasse_articles") == [("A1", LATER)]


@BOTH
def test_our_tables_move_forward_from_every_release_with_what_stands_in_them(engine: sa.Engine) -> None:
    upgrade(engine, TABLES, "0001")
    put(engine, TABLES.target, {"company": "1", "api_url": URLS[0]})
    put(engine, TABLES.rejection, rejection(1, "cloudkasse_articles", "A1", FIRST))
    refused = rows_of(engine, TABLES.rejection.name, ["asset", "record_key", "code", "since"])
    stored: dict[str, list[dict[str, Any]]] = {}
    for revision in REVISIONS:
        upgrade(engine, TABLES, revision)
        assert version_of(engine, TABLES) == revision
        assert rows_of(engine, TABLES.rejection.name, list(refused[0])) == refused
        assert {name: rows_of(engine, name, list(rows[0])) for name, rows in stored.items()} == stored
        # each release's own tables are filled before the next one moves them
        for table in their_tables(engine):
            if table.name not in (stored | dict.fromkeys(NOT_FILLED)):
                put(engine, table, *(filled(table, number) for number in range(3)))
                stored[table.name] = rows_of(engine, table.name, [column.name for column in table.columns])
    assert {name.removeprefix(TABLES.prefix) for name in stored} >= {
        "synced_record", "attempt", "receipt", "closing", "posting", "stock_movement", "cursor",
    }  # fmt: skip
    assert all(len(rows) == 3 for rows in stored.values())
    assert keys(engine, "1", URLS[0], "cloudkasse_articles") == [("A1", FIRST)]


def test_tables_of_a_newer_release_are_refused_and_left_alone(engine: sa.Engine) -> None:
    migrate(engine, TABLES)
    with engine.begin() as connection:
        connection.execute(sa.text("UPDATE cloudkasse_schema_version SET version_num = '9999'"))
    with pytest.raises(StateVersionError, match="version 9999; this program knows them up to"):
        migrate(engine, TABLES)


@BOTH
def test_what_waited_before_its_start_was_kept_is_looked_at_anew(engine: sa.Engine) -> None:
    upgrade(engine, TABLES, "0004")
    put(engine, TABLES.target, {"company": "1", "api_url": URLS[0]})
    waits = '{"deferrals":[{"code":"article_required","count":1,"examples":["A1|1|0.000|"],"detail":{"value":"A1"}}]}'
    details = {"cloudkasse_prices": waits, "cloudkasse_articles": '{"deferrals":[]}', "completeness": '{"gaps":[[]]}'}
    shared = {"target_id": 1, "company": "1", "fingerprint": "as it was", "generation": 7, "run_id": "r"}
    put(engine, TABLES.level, *({**shared, "asset": asset, "details": text} for asset, text in details.items()))
    migrate(engine, TABLES)
    store = stores_on(StateConnection(engine, TABLES, company="1", api_url=URLS[0], lease=None, run_id=""))
    assert {asset: store.checkpoints.of(asset) for asset in details} == {
        asset: Checkpoint("" if asset == "cloudkasse_prices" else "as it was", text, 7, "r")
        for asset, text in details.items()
    }
    assert store.waiting.waiting_since_before(dt.datetime.now(dt.UTC)) == []


@BOTH
def test_receipts_of_an_earlier_release_keep_their_closing_their_other_contents_and_why_they_were_dismissed(
    engine: sa.Engine,
) -> None:
    upgrade(engine, TABLES, "0007")
    (table,) = (table for table in their_tables(engine) if table.name == f"{TABLES.prefix}receipt")
    digest = "0123456789abcdef0123456789abcdef"

    def stored(receipt_id: str, raw: str, status: str = "staged", dismissal: str | None = None) -> dict[str, Any]:
        return {
            "company": "1", "receipt_id": receipt_id, "status": status, "counts_in_closing": True,
            "stock_pending": False, "content_hash": digest, "raw": raw.encode(), "dismissal": dismissal,
            "staged_at": FIRST.replace(tzinfo=None), "staged_run_id": "r",
        }  # fmt: skip

    put(
        engine,
        table,
        stored("r1", '{"id":"r1","closing_number":7}'),
        stored("r2", '{"id":"r2","closing_number":null}', "dismissed", "booked by hand"),
        stored("r1!0123456789ab", '{"id":"r1"}', "rejected"),
        stored("r3!0123456789ab", '{"id":"r3!0123456789ab"}', "rejected"),  # a register's own id
        stored(f"?{digest}", "no JSON", "rejected"),
        stored("?other", '["no object"]', "rejected"),
    )
    migrate(engine, TABLES)
    store = stores_on(StateConnection(engine, TABLES, company="1", api_url=URLS[0], lease=None, run_id=""))
    known = store.staging.known(["r1", "r2", "r1!0123456789ab", "r3!0123456789ab", f"?{digest}", "?other"])
    assert {key: found.closing_number for key, found in known.items() if found.closing_number} == {"r1": 7}
    assert {key: found.came_as for key, found in known.items() if found.came_as is not None} == {
        "r1!0123456789ab": "r1",
        f"?{digest}": "",
    }
    (decision,) = store.decisions.all(Subject.RECEIPT)
    assert (decision.key, decision.action, decision.reason) == ("r2", Action.DISMISS, "booked by hand")
    assert (decision.decided_at, decision.decided_by) == (None, None)  # that was never kept


def test_a_schema_where_the_database_has_none_is_refused(engine: sa.Engine) -> None:
    with pytest.raises(ConfigurationError, match=r"SQLite has no schemas, but state\.schema is set"):
        migrate(engine, StateTables(schema="kasse"))


@pytest.mark.parametrize(
    ("url", "extra"), [("postgresql+psycopg://x/y", "postgres"), ("mssql+pyodbc://x/y?driver=d", "mssql")]
)
def test_a_driver_that_is_not_installed_names_the_extra_that_brings_it(
    url: str, extra: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("psycopg", "pyodbc"):
        monkeypatch.setitem(sys.modules, name, None)
    makers: list[Callable[[], sa.Engine]] = [
        lambda: state_engine(url, may_create=False),
        lambda: erp_engine(url, Settings()),
    ]
    for made in makers:
        with pytest.raises(ConfigurationError, match=rf"is not installed.*-e .\.\[{extra}\]"):
            made()


@BOTH
def test_receipts_of_an_earlier_release_get_their_currency_and_why_they_have_no_effect(engine: sa.Engine) -> None:
    upgrade(engine, TABLES, "0010")
    (table,) = (table for table in their_tables(engine) if table.name == f"{TABLES.prefix}receipt")

    def stored(receipt_id: str, status: str, raw: str = '{"currency":"EUR"}', **values: Any) -> dict[str, Any]:
        return {
            "company": "1", "receipt_id": receipt_id, "status": status, "kind": "Beleg", "counts_in_closing": True,
            "stock_pending": False, "content_hash": "0", "raw": raw.encode(), "total_cents": 500, "reference_id": None,
            "staged_at": FIRST.replace(tzinfo=None), "staged_run_id": "r", **values,
        }  # fmt: skip

    put(
        engine,
        table,
        stored("sold", "imported"),
        stored("swiss", "rejected", '{"currency":"CHF"}'),
        stored("broken", "rejected", "no JSON", kind=None, total_cents=None),
        stored("training", "no_effect", kind="AVTraining"),
        stored("later kind", "no_effect", kind="AVNew"),
        stored("broken off", "no_effect", counts_in_closing=False),
        stored("empty", "no_effect", total_cents=0),
        stored("void", "no_effect", reference_id="training"),
    )
    migrate(engine, TABLES)
    found = rows_of(engine, table.name, ["receipt_id", "currency", "no_effect"])
    assert {row["receipt_id"]: (row["currency"], row["no_effect"]) for row in found} == {
        "sold": ("EUR", None), "swiss": ("CHF", None), "broken": (None, None), "training": ("EUR", "training"),
        "later kind": ("EUR", "other"), "broken off": ("EUR", "broken_off"), "empty": ("EUR", "empty"),
        "void": ("EUR", "void"),
    }  # fmt: skip
