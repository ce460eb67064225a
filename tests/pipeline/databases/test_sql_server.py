"""Protects SQL Server, of which there is none here: every statement that runs elsewhere is one of T-SQL as well.

The statements are not listed by hand: whole runs are listened to, and what SQLAlchemy executes in them is compiled
for SQL Server and read by a parser of its language.
"""

import ast
import copy
import datetime as dt
import re
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
import sqlglot
from pydantic import SecretStr
from sqlalchemy.dialects import mssql
from sqlglot import exp
from sqlglot.errors import ErrorLevel

from cloudkasse_etl.entities import ARTICLES, STAGED_CLOSINGS
from cloudkasse_etl.erp.selectline.erp_diagnosis import diagnose
from cloudkasse_etl.erp.selectline.erp_engine import erp_engine
from cloudkasse_etl.rejections.rejection import Rejection
from cloudkasse_etl.sandbox.server import SandboxServer
from cloudkasse_etl.state.connection import StateConnection
from cloudkasse_etl.state.database.engine import state_engine, upgrade
from cloudkasse_etl.state.database.state_diagnosis import diagnose as diagnose_state
from cloudkasse_etl.state.database.tables import StateTables
from cloudkasse_etl.state.lease.lease import current_holder
from cloudkasse_etl.state.stores.books.audited_receipts import AuditedReceipts
from cloudkasse_etl.state.stores.books.decision_log import Action, Decision, Subject
from cloudkasse_etl.state.stores.books.journal import Journal
from cloudkasse_etl.state.stores.books.receipt_reader import ReceiptReader
from cloudkasse_etl.state.stores.books.staged_closings import ArrivedClosings, StagedClosings
from cloudkasse_etl.state.stores.books.undone_imports import UndoneImports
from cloudkasse_etl.state.stores.deliveries.api_sessions import ApiSessions
from cloudkasse_etl.state.stores.deliveries.covered_receipts import CoveredReceipts
from cloudkasse_etl.state.stores.deliveries.delivered_receipts import DeliveredReceipts
from cloudkasse_etl.state.stores.deliveries.delivered_rows import DeliveredRows
from cloudkasse_etl.state.stores.deliveries.delivery_store import TRANSFER, Deliveries, DeliveryStatus
from cloudkasse_etl.state.stores.deliveries.storage_deliveries import StorageDeliveries
from cloudkasse_etl.state.stores.deliveries.undelivered_receipts import UndeliveredReceipts
from cloudkasse_etl.state.stores.sent_alerts import AlertStore
from cloudkasse_etl.state.stores.settings_log import SettingsLog
from cloudkasse_etl.state.stores.tills import Parts, TillInUse, Tills
from cloudkasse_etl.sync.dry_run.plan import plan
from cloudkasse_etl.sync.inputs.own_tables import open_reading
from cloudkasse_etl.sync.monitoring.runs_on_record import runs_on_record
from cloudkasse_etl.sync.outputs.archive.archiving import write_archive
from cloudkasse_etl.sync.outputs.datev.datev_export import export_datev
from cloudkasse_etl.sync.outputs.day.sheet_reading import make_day_sheets
from cloudkasse_etl.sync.outputs.exports import export_books, sum_up
from cloudkasse_etl.sync.outputs.turnover import sum_up_sales
from cloudkasse_etl.sync.receipts.decisions import dismiss_line, dismiss_numbers, restore_line
from cloudkasse_etl.sync.receipts.import_undo import Scope, plan_undo, undo_import
from cloudkasse_etl.sync.receipts.receipt_list import list_receipts
from cloudkasse_etl.sync.run.settings_history import settings_history
from tests.support import databases, small_erp
from tests.support.books import book, complete, decider, dismiss, fetch, tables, with_accounts
from tests.support.receipts.receipt_factory import item, line
from tests.support.selectline.delivery_drafts import DRAFT
from tests.support.worlds import TOKEN, World

pytestmark = databases.CHOOSES_ITSELF

DIALECT = mssql.dialect()  # type: ignore[no-untyped-call]
PACKAGE = Path(__file__).resolve().parents[3] / "cloudkasse_etl"
# These execute on a driver itself, nothing but a SELECT 1, or what is executed elsewhere too; `insert_columns` does on
# SQLite what it leaves to SQLAlchemy elsewhere, and its INSERTs are compiled below.
OTHERS = {
    ("state/database/bulk.py", "insert_columns"),
    ("state/database/bulk.py", "rows_of_receipts"),  # where the driver is SQLite's or psycopg's
    ("state/database/engine.py", "_mssql_connect"),
    ("state/lease/lease.py", "_lost_to"),
    ("state/database/state_diagnosis.py", "_try_to_write"),
    ("state/database/engine.py", "_sqlite_connect"),
    ("state/database/reading.py", "_tidied"),
    ("sync/inputs/own_tables.py", "reported_as_the_erps"),
}
CLUSTERED_KEY_BYTES, KEY_BYTES, MOST_PARAMETERS = 900, 1700, 2100


class Heard:
    """What was executed: each statement once, as T-SQL."""

    def __init__(self) -> None:
        self.statements: dict[str, sa.ClauseElement] = {}
        self.places: set[tuple[str, str]] = set()
        self.most_parameters = 0

    def hear(self, _: Any, clause: Any, multiparams: Any, params: Any, options: Any) -> None:
        """SQLAlchemy's event `before_execute`."""
        given = multiparams[0] if multiparams else params
        keys = list(given) if given else None
        if isinstance(clause, sa.sql.ddl.ExecutableDDLElement):
            compiled = clause.compile(dialect=DIALECT)
        else:
            compiled = clause.compile(dialect=DIALECT, column_keys=keys, compile_kwargs={"render_postcompile": True})
            self.most_parameters = max(self.most_parameters, len(compiled.positiontup or compiled.params))
        self.statements[str(compiled)] = clause
        frame = sys._getframe(1)
        while frame.f_back is not None:
            frame = frame.f_back
            if frame.f_code.co_filename.startswith(str(PACKAGE)):
                self.places.add((frame.f_code.co_filename.removeprefix(f"{PACKAGE}/"), frame.f_code.co_name))


@pytest.fixture(scope="module")
def heard(tmp_path_factory: pytest.TempPathFactory) -> Heard:
    """Everything that setting up, synchronising, importing, exporting, planning and looking execute."""
    folder = tmp_path_factory.mktemp("listening")
    erp, found = f"sqlite:///{folder / 'erp.db'}", Heard()
    small_erp.build(erp)
    sa.event.listen(sa.Engine, "before_execute", found.hear)
    try:
        with SandboxServer(folder / "cloud.db", token=TOKEN) as server:
            world = World(
                folder, erp, server, with_accounts(copy.deepcopy(small_erp.SETTINGS)), f"sqlite:///{folder / 'ours.db'}"
            )
            live(world)
        for table in StateTables().metadata.sorted_tables:
            found.hear(None, table.insert(), (), dict.fromkeys(table.columns.keys()), {})
    finally:
        sa.event.remove(sa.Engine, "before_execute", found.hear)
    return found


CLOSING: dict[str, Any] = {
    "register": "K1", "number": 1, "created_at": "2026-11-23T20:00:00+01:00", "business_day": "2026-11-23",
    "first_receipt_number": 900, "last_receipt_number": 901, "receipt_count": 0, "business_cases": [], "tenders": [],
}  # fmt: skip


def refused_earlier(ours: sa.Engine) -> None:
    """What an older release kept of a refused receipt, which a migration moves."""
    tables, row = StateTables(), {"company": "1", "asset": "staged_receipts", "code": "c", "record_key": "R0"}
    texts = dict.fromkeys(("detail", "content", "first_run_id", "run_id"), "{}")
    with ours.begin() as connection:
        connection.execute(tables.target.insert().values(company="1", api_url="https://old.example"))
        since = dt.datetime(2026, 11, 1, tzinfo=dt.UTC)
        connection.execute(tables.rejection.insert().values(target_id=1, since=since, **row, **texts))


def live(world: World) -> None:
    """A shop's life in short: all that is done with the two databases."""
    configuration = world.configuration()
    ours = state_engine(world.state_url, may_create=True)
    upgrade(ours, StateTables(), "0003")
    refused_earlier(ours)
    plan(configuration)  # of an older release's tables, whose rows are copied
    world.sync()
    world.sync(full=True)
    lines = [line(article="A1"), line(article="gone")]
    world.server.store.deliver_receipts(
        [item(*lines, id="R1"), item(line(), id="R2", register="K9"), {"id": "R3"}, item(line(), id="R4", number=4)]
    )
    world.server.store.deliver_closings([CLOSING])
    fetch(world)
    configuration = world.configuration()
    plan(configuration)
    list_receipts(configuration)
    book(world, "R1")
    book(world)
    world.sync()  # what is changed after this is looked at by itself: above the snapshot, and in its buckets
    world.erp("UPDATE ARPREIS SET Preis = 11 WHERE ARPREIS_ID = 1")
    world.erp("DELETE FROM ARPREIS WHERE ARPREIS_ID = 3")
    world.sync()
    world.erp("UPDATE ART SET Inaktiv = 1 WHERE ART_ID = 5")
    world.settings["registers"].append({**world.settings["registers"][0], "number": "K9"})
    world.sync()
    fetch(world)
    book(world, retry_rejected=True)
    complete(world)
    tables(world)
    dismiss(world, "R3", "looked at")
    assert dismiss_numbers(decider(world, "never came"), "K1", "2-3")
    for decide in (dismiss_line, restore_line):
        decide(decider(world, "moved by hand"), "R1", 2)
    with world.session() as session:
        store = session.store
        closings = StagedClosings(store.connection)
        store.staging.stage([], cursor=None, closings={"R1": 1}, dropped=["R0"])
        store.staging.stored("R1")
        tills, parts = Tills(store.connection), Parts(store.connection)
        assert tills.last_day() is not None
        tills.use(TillInUse("dsfinvk", None))
        store.closings.stage(ArrivedClosings(parts={"export 1": "x"}), cursor=None)
        assert parts.taken() == {"export 1": "x"}
        assert closings.rows()
        assert closings.has_place("K1|1")
        assert store.receipts.count_refused() <= store.receipts.has_unbooked()
        assert store.receipts.original_of("R1") is None
        deliver(store.connection)
    world.settings["datev"] = {"adviser": 29098, "client": 55003}
    configuration = world.configuration()
    for what in ("postings", "movements"):
        export_books(configuration, what, world.folder / "export.csv")
    for again in (False, True):
        days = {"first": dt.date(2000, 1, 1), "last": dt.date(2099, 12, 31)}
        assert export_datev(configuration, world.folder / "datev", **days, again=again).postings
    for folder, first in (("archive", dt.date(2026, 11, 1)), ("all", None)):
        write_archive(configuration, world.folder / folder, first=first, last=dt.date(2026, 11, 23))
    assert runs_on_record(configuration)
    undo(world)
    sum_up(configuration)
    assert settings_history(configuration).changes
    assert make_day_sheets(configuration, dt.date(2000, 1, 1), dt.date(2100, 1, 1), register="K1").sheets
    assert not make_day_sheets(configuration, dt.date(2000, 1, 1), dt.date(2000, 1, 1)).sheets
    with open_reading(configuration) as store:
        assert SettingsLog(store.connection).of_runs(["r"]) == {}
        sum_up_sales(store, configuration.settings.zone)
        journal, audited = Journal(store.connection), AuditedReceipts(store.connection)
        assert journal.postings_of("R1")
        journal.movements_of("R1")
        assert audited.receipts("K1", 1, 99)
        audited.closings()
        audited.booked_tenders(["R1"])
        ReceiptReader(store.connection).stored("R1")
        unnamed = [Rejection(ARTICLES.cloud, number, "cloud.x") for number in ("A1", "never accepted")]
        store.rejections.named([Rejection(STAGED_CLOSINGS, "K1|1", "receipt_conflict"), *unnamed])
        assert store.waiting.rejected_count()
        for look in (store.waiting.rejected_since_before, store.waiting.staged_since_before):
            look(dt.datetime.now(dt.UTC))
    alerts = AlertStore(
        StateConnection(
            ours, StateTables(), company="1", api_url=configuration.connections.api_url, lease=None, run_id=""
        )
    )
    causes = list(alerts.open_causes())
    alerts.examples(causes[0], 3)
    alerts.note("email", causes)
    alerts.forget("email", alerts.known("email"))
    current_holder(ours, StateTables(), "1")
    ours.dispose()
    engine = erp_engine(world.erp_url, configuration.settings)
    diagnose(engine, configuration.settings)
    assert diagnose_state(world.state_url, StateTables()) == []
    engine.dispose()


def undo(world: World) -> None:
    """All that takes an import back, and reads what is left of it."""
    found = undo_import(decider(world, "wrong"), Scope(("R1",)))
    assert found.exported
    with open_reading(world.configuration()) as store:
        runs = UndoneImports(store.connection).runs("")
        back = UndeliveredReceipts(store.connection, undone=1)
        assert back.postings(["R1"])
        assert back.in_documents(["R1"]) == set()
        assert back.left_there(register="K1", day=DRAFT.day) == []
    for scope in (Scope(run=runs[0]), Scope(day=DRAFT.day)):
        plan_undo(world.configuration(), scope)


def deliver(state: StateConnection) -> None:
    """All that is kept of deliveries into the ERP."""
    booked, deliveries, sessions = UndeliveredReceipts(state), Deliveries(state), ApiSessions(state)
    (found,) = [one for one in booked.since(DRAFT.day.replace(year=2000)) if one.receipt_id == "R1"]
    booked.since(found.day, register=found.register, day=found.day)
    assert booked.posted(["R1"])
    booked.moved(["R1"])
    deliveries.freeze([DRAFT])
    (intended,) = deliveries.all(DeliveryStatus.INTENDED)
    deliveries.note(intended, 1)
    deliveries.move(intended, DeliveryStatus.DELIVERED, remote_id=1)
    delivery = deliveries.covering(["R1"])["R1"]
    assert CoveredReceipts(state).taking_back(delivery.delivery_id) == []
    rows = DeliveredRows(state, TRANSFER, [DeliveryStatus.DELIVERED])
    assert [number for number, _ in rows.postings(["receipt_id"])] == [delivery.delivery_id]
    assert rows.in_documents() == {(delivery.delivery_id, "R1"), (delivery.delivery_id, "R2")}
    assert booked.left_there() == []
    assert booked.as_stock_alone(["R1"]) == set()
    assert booked.left_to_documents() == 0
    assert DeliveredReceipts(state).sent(["R1"])
    assert booked.in_documents(["R1", "R4"]) == {"R1"}
    assert DeliveredReceipts(state).newest(1, dt.datetime.now(dt.UTC))
    assert deliveries.generations([(DRAFT.register, DRAFT.place)])
    assert deliveries.known([DRAFT.key])
    deliveries.retract(delivery, Decision(Subject.DELIVERY, str(delivery.delivery_id), Action.RETRACT, "wrong"))
    storages = StorageDeliveries(state)
    storages.freeze([replace(DRAFT, key="storage:1|K1|closing 1|1", receipts=())])
    storages.split(storages.all()[0], b"{}", 1, replace(DRAFT, key="storage:1|K1|closing 1|2", receipts=()))
    assert storages.count() == 2
    assert storages.newest(1)
    sessions.keep(SecretStr("a token"))
    assert sessions.left()
    sessions.forget()


def executing() -> Iterator[tuple[str, str]]:
    """The functions of ours that execute a statement of SQLAlchemy's."""
    for path in sorted(PACKAGE.rglob("*.py")):
        if "sandbox" in path.parts or path.name.startswith("scratch"):
            continue  # SQLite's own, without SQLAlchemy
        for function in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(function, ast.FunctionDef):
                continue
            for call in ast.walk(function):
                if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr == "execute":
                    yield path.relative_to(PACKAGE).as_posix(), function.name


def test_no_place_that_executes_something_is_forgotten(heard: Heard) -> None:
    places = set(executing())
    assert len(places) > 50
    forgotten = " ".join(f"{file}:{name}" for file, name in sorted(places - heard.places - OTHERS))
    assert forgotten == ""


def test_every_statement_is_one_of_t_sql(heard: Heard) -> None:
    assert len(heard.statements) > 100
    for statement in heard.statements:
        parsed = sqlglot.parse(statement, read="tsql", error_level=ErrorLevel.RAISE)
        assert parsed, statement
        assert not any(isinstance(part, exp.Command) for part in parsed), f"not understood: {statement}"


def test_no_value_stands_in_a_statement(heard: Heard) -> None:
    """What the shop, the registers or the cloud say goes in as a parameter; only our own words are written out."""
    own = re.compile(r"[A-Za-z_|.:, \-0-9%/]*")
    for statement in heard.statements:
        for literal in re.findall(r"'((?:[^']|'')*)'", statement):
            assert own.fullmatch(literal), statement
            assert literal not in ("R1", "R2", "K9", "A1", "gone"), statement


def test_no_statement_has_more_parameters_than_sql_server_takes(heard: Heard) -> None:
    assert heard.most_parameters <= MOST_PARAMETERS


def test_a_rowversion_is_read_as_a_number(heard: Heard) -> None:
    found = [statement for statement in heard.statements if "UNION ALL" in statement and "TS" in statement]
    assert found
    for marks in found:
        assert "max(CAST([TS] AS BIGINT))" in marks
        assert "sum(CAST(CAST([TS] AS BIGINT) AS NUMERIC(38, 0)))" in marks


@pytest.mark.parametrize("table", StateTables().metadata.sorted_tables, ids=lambda table: str(table.name))
def test_the_longest_keys_fit_into_sql_servers_indexes(table: sa.Table) -> None:
    def size(columns: Any) -> int:
        return sum(2 * (column.type.length or 0) if hasattr(column.type, "length") else 8 for column in columns)

    assert size(table.primary_key.columns) <= CLUSTERED_KEY_BYTES
    uniques = [c.columns for c in table.constraints if isinstance(c, sa.UniqueConstraint)]
    for columns in [*uniques, *(index.columns for index in table.indexes)]:
        assert size(columns) <= KEY_BYTES
