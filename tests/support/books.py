"""Books to test with: accounts for everything, whole fetches and imports, and every table in a form to compare."""

import datetime as dt
import json
import uuid
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from cloudkasse_etl.sync.inputs.own_tables import open_reading
from cloudkasse_etl.sync.monitoring.completeness import CompletenessReport, check_completeness
from cloudkasse_etl.sync.receipts.decisions import Decider, dismiss_receipt
from cloudkasse_etl.sync.receipts.receipt_import import import_receipts
from cloudkasse_etl.sync.receipts.receipt_staging import stage_closings, stage_receipts
from cloudkasse_etl.sync.run.report import AssetReport
from tests.support.receipt_factory import accounts
from tests.support.worlds import World

Row = dict[str, Any]
Tables = dict[str, list[Row]]

ACCOUNTS: Row = accounts().model_dump(mode="json")
CASH_ACCOUNTS = {"K1": "1000", "K2": "1001"}
_OF_A_RUN = {"run_id", "first_run_id", "staged_run_id", "imported_run_id", "staged_at", "imported_at", "since"}


def with_accounts(settings: Mapping[str, Any]) -> Row:
    """Settings with an account for everything, cash accounts included."""
    registers = [{**row, "cash_account": CASH_ACCOUNTS[row["number"]]} for row in settings["registers"]]
    return json.loads(json.dumps({**settings, "registers": registers, "accounts": ACCOUNTS}))  # type: ignore[no-any-return]


def fetch(world: World, **options: bool) -> tuple[AssetReport, AssetReport]:
    """Fetches and stages what has arrived."""
    with world.session(**options) as session:
        return stage_receipts(session), stage_closings(session)


def book(world: World, *receipt_ids: str, **options: bool) -> tuple[AssetReport, AssetReport]:
    """Imports everything that is staged, or some receipts."""
    with world.session(**options) as session:
        return import_receipts(session, receipt_ids or None)


def fetch_and_book(world: World) -> tuple[AssetReport, AssetReport]:
    """Both, one after the other."""
    fetch(world)
    return book(world)


def decider(world: World, reason: str) -> Decider:
    """A person who decides something."""
    return Decider(world.configuration(), uuid.uuid4().hex, "a test", reason)


def dismiss(world: World, receipt_id: str, reason: str) -> None:
    """Marks a receipt as dealt with by hand."""
    dismiss_receipt(decider(world, reason), receipt_id)


def complete(world: World) -> CompletenessReport:
    """What the completeness checks find."""
    with world.session() as session:
        return check_completeness(session)


def told(report: AssetReport) -> dict[str, int]:
    """An asset's counts but for what is zero."""
    return {name: value for name, value in report.counts.as_dict().items() if value}


def tables(world: World) -> Tables:
    """All that was staged and booked, as others read it: without run ids and times, in the order of its keys.

    Of a receipt, the closing's number that it states and the time of arrival are left out: they may be another one's
    when it comes a second time. The closing that its postings belong to is the same all the same.
    """
    with open_reading(world.configuration()) as store, store.reading() as connection:
        ours = store.tables
        view = sa.table(f"{ours.prefix}revenue_posting", schema=ours.schema)
        found = {
            "receipt": connection.execute(sa.select(*_without(ours.receipt, "closing_number"))).mappings().all(),
            "closing": connection.execute(sa.select(ours.closing)).mappings().all(),
            "posting": connection.execute(sa.select(ours.posting)).mappings().all(),
            "stock_movement": connection.execute(sa.select(ours.stock_movement)).mappings().all(),
            "rejection": connection.execute(sa.select(ours.rejection)).mappings().all(),
            "revenue_posting": connection.execute(sa.select(sa.text("*")).select_from(view)).mappings().all(),
        }
    return {name: sorted((_comparable(row) for row in rows), key=repr) for name, rows in found.items()}


def _without(table: sa.Table, left_out: str) -> list[sa.Column[Any]]:
    return [column for column in table.columns if column.name != left_out]


def statuses(world: World) -> dict[str, str]:
    """What has become of each receipt, by id."""
    return {row["receipt_id"]: row["status"] for row in tables(world)["receipt"]}


def balances(world: World) -> dict[str, int]:
    """What each account comes to, in cents."""
    sums: dict[str, int] = {}
    for row in tables(world)["posting"]:
        sums[row["account"]] = sums.get(row["account"], 0) + row["amount_cents"]
    return sums


def stock(world: World) -> dict[tuple[str, str], int]:
    """What each article has moved, in thousandths, by warehouse and article."""
    sums: dict[tuple[str, str], int] = {}
    for row in tables(world)["stock_movement"]:
        key = (row["warehouse"], row["article"])
        sums[key] = sums.get(key, 0) + row["quantity_milli"]
    return sums


def _comparable(row: Mapping[Any, Any]) -> Row:
    found = {
        # a view's days are texts in SQLite
        str(name): str(value) if isinstance(value, dt.date) else value
        for name, value in row.items()
        if name not in _OF_A_RUN | {"target_id"}
    }
    if "raw" in found:
        raw = json.loads(found["raw"])
        of_arrival = ("closing_number", "arrived_at")
        kept = {name: value for name, value in raw.items() if name not in of_arrival} if isinstance(raw, dict) else raw
        found["raw"] = json.dumps(kept, sort_keys=True)
    return dict(sorted(found.items()))
