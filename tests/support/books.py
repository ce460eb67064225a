"""Books to test with: accounts for everything, whole fetches and imports, and every table in a form to compare."""

import csv
import datetime as dt
import itertools
import json
import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from cloudkasse_etl.errors import CloudkasseError
from cloudkasse_etl.state.database.append_only import PROTECTED, all_triggers
from cloudkasse_etl.state.database.retention import KEPT
from cloudkasse_etl.sync.inputs.own_tables import open_reading
from cloudkasse_etl.sync.monitoring.completeness import CompletenessReport, check_completeness
from cloudkasse_etl.sync.receipts.decisions import Decider, dismiss_receipt
from cloudkasse_etl.sync.receipts.receipt_import import import_receipts
from cloudkasse_etl.sync.receipts.receipt_staging import stage_closings, stage_receipts
from cloudkasse_etl.sync.run.report import AssetReport, Outcome
from tests.support import databases
from tests.support.receipts.receipt_factory import Fields, accounts, item, line
from tests.support.worlds import MASTER_DATA, World

Row = dict[str, Any]
Tables = dict[str, list[Row]]

ACCOUNTS: Row = accounts().model_dump(mode="json")
CASH_ACCOUNTS = {"K1": "1000", "K2": "1001"}
_OF_A_RUN = {"run_id", "first_run_id", "staged_run_id", "imported_run_id", "staged_at", "imported_at", "since"}


OF_POSTINGS = (
    "register", "receipt_number", "posting_date", "account", "amount_cents", "currency", "tax_code", "vat_rate",
    "tax_cents", "business_case", "tender", "flag",
)  # fmt: skip
OF_MOVEMENTS = ("register", "movement_date", "article", "warehouse", "quantity_milli", "unit")


def change_booked(world: World, statement: str) -> None:
    """Changes kept rows by hand, as nobody should: takes the triggers that refuse it away, and makes them again."""
    (table,) = {name for name in (*PROTECTED, *KEPT) if f" cloudkasse_{name} " in f"{statement} "}
    engine = sa.create_engine(world.erp_url)
    with engine.begin() as connection:
        found = all_triggers(engine.dialect, "cloudkasse_", table, None)
        on = f" ON cloudkasse_{table}" if engine.dialect.name == "postgresql" else ""
        for trigger in found:
            connection.exec_driver_sql(f"DROP TRIGGER {trigger}{on}")
        connection.execute(sa.text(databases.spoken(statement, world.erp_url)))
        for made in itertools.chain(*found.values()):
            connection.exec_driver_sql(made)
    engine.dispose()


def with_accounts(settings: Mapping[str, Any]) -> Row:
    """Settings with an account for everything, cash accounts included."""
    registers = [{**row, "cash_account": CASH_ACCOUNTS[row["number"]]} for row in settings["registers"]]
    return json.loads(json.dumps({**settings, "registers": registers, "accounts": ACCOUNTS}))  # type: ignore[no-any-return]


def sell_at_two_registers(world: World) -> None:
    """Gives a shop two registers and an account for everything; receipts of any day are taken."""
    first = world.settings["registers"][0]
    world.settings["registers"] = [first | {"number": name, "name": name} for name in ("K1", "K2")]
    world.settings = with_accounts(world.settings)
    world.settings["receipts"] = {"days_back": 36000}


def booked_rows(world: World) -> tuple[Counter[Any], Counter[Any]]:
    """Postings and movements, but for ids, texts and runs: a payment's text is the till's own name of it."""
    found = tables(world)
    postings = Counter(tuple(row[name] for name in OF_POSTINGS) for row in found["posting"])
    return postings, Counter(tuple(row[name] for name in OF_MOVEMENTS) for row in found["stock_movement"])


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
    with open_reading(world.configuration()) as store, store.connection.reading() as connection:
        ours = store.connection.tables
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


def sale(number: int, article: str | None = "A1", gross: int = 2380, **fields: Any) -> Fields:
    """A receipt of two pieces of an article."""
    return item(line("Umsatz", gross, article=article, quantity="2.000"), id=f"R{number}", number=number, **fields)


def closing_of_sales(number: int, first: int, last: int) -> Fields:
    """The closing_of_sales of receipts made by `sale`."""
    count = last - first + 1
    gross, tax = 2380 * count, 380 * count
    amounts = {"gross_cents": gross, "net_cents": gross - tax, "tax_cents": tax}
    return {
        "register": "K1", "number": number, "created_at": "2026-11-23T20:00:00+01:00", "business_day": "2026-11-23",
        "first_receipt_number": first, "last_receipt_number": last, "receipt_count": count,
        "business_cases": [{"business_case": "Umsatz", "vat_rate": "19.00", **amounts}],
        "tenders": [{"tender": "Bar", "name": None, "amount_cents": gross}],
    }  # fmt: skip


def deliver(world: World, *items: Fields, closings: Sequence[Fields] = ()) -> None:
    world.server.store.deliver_receipts(items)
    world.server.store.deliver_closings(closings)


def read_csv(path: Path) -> list[list[str]]:
    assert path.read_bytes().startswith(b"\xef\xbb\xbf")
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.reader(file, delimiter=";"))


def sold(number: int, article: str, quantity: str, unit: str | None = "Stk", **fields: Any) -> Fields:
    return item(line(article=article, quantity=quantity, unit=unit, **fields), id=f"R{number}", number=number)


CHAINS = (MASTER_DATA, (stage_receipts, import_receipts), (stage_closings,))


def run_all(world: World, **options: bool) -> tuple[Outcome, list[CloudkasseError]]:
    """A whole `sync all --import`, in the order of the asset graph; what fails there holds up what hangs on it."""
    errors: list[CloudkasseError] = []
    with world.session(import_receipts=True, **options) as session:
        for chain in CHAINS:
            try:
                for step in chain:
                    step(session)
            except CloudkasseError as error:
                errors.append(error)
        report = session.finish(" ".join(dict.fromkeys(map(str, errors))) or None)
    return report.outcome, errors
