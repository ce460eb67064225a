"""Protects that a run reads what it needs, not all that was ever sent or booked: SQLite has no statistics of our own.

Times are no proof on a machine of any speed. What is looked at instead is which index SQLite says that it uses.
"""

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import sqlalchemy as sa

from cloudkasse_etl.sync.monitoring.new_data import look_for_novelty
from cloudkasse_etl.sync.monitoring.open_records import open_records
from cloudkasse_etl.sync.outputs.day.sheet_reading import make_day_sheets
from tests.support.books import book, fetch
from tests.support.receipts.coffee_receipts import receipt
from tests.support.worlds import World

pytestmark = pytest.mark.shop(accounts=True)

RECEIPT = "cloudkasse_receipt"
PRIMARY_KEY = f"sqlite_autoindex_{RECEIPT}_1"
OURS = "cloudkasse_"
SMALL = ("cloudkasse_schema_version", "cloudkasse_attempt")  # the latter has only requests without an answer


@contextmanager
def plans(table: str = RECEIPT) -> Iterator[dict[str, list[str]]]:
    """Collects how SQLite answers each statement about a table that is executed meanwhile.

    Args:
        table: Its name; of several the beginning of their names.
    """
    found: dict[str, list[str]] = {}

    def explain(_: Any, cursor: Any, statement: str, parameters: Any, __: Any, is_many: bool) -> None:
        if is_many or table not in statement or not statement.startswith(("SELECT", "UPDATE", "DELETE")):
            return
        rows = cursor.connection.execute(f"EXPLAIN QUERY PLAN {statement}", parameters)
        found[statement] = [row[3] for row in rows if table in row[3]]

    sa.event.listen(sa.Engine, "before_cursor_execute", explain)
    try:
        yield found
    finally:
        sa.event.remove(sa.Engine, "before_cursor_execute", explain)


def told(steps: dict[str, list[str]], *words: str) -> list[str]:
    return [step for statement, found in steps.items() for step in found if all(word in statement for word in words)]


def test_an_import_finds_the_receipts_that_it_books_by_their_keys(world: World) -> None:
    world.server.store.deliver_receipts([receipt(number) for number in range(1, 4)])
    fetch(world)
    with plans() as steps:
        book(world)
    updates = told(steps, "UPDATE", "imported_at")
    assert updates
    assert all(f"{PRIMARY_KEY} (company=? AND receipt_id=?)" in step for step in updates), updates
    contents = told(steps, "raw", "IN (")
    assert contents
    assert all(f"{PRIMARY_KEY} (company=? AND receipt_id=?)" in step for step in contents), contents
    assert any("receipt_stock_pending" in step for step in told(steps, "stock_pending = 1"))


def test_what_each_run_asks_of_all_receipts_is_answered_from_an_index_alone(world: World) -> None:
    world.server.store.deliver_receipts([receipt(number) for number in range(1, 4)])
    with plans() as steps:
        fetch(world)
        book(world)
        world.sync()
    for statement, found in steps.items():
        if "count(" in statement or "lag(" in statement or "staged_at)" in statement:
            for step in found:
                is_narrow = "COVERING INDEX" in step or "receipt_id=?" in step or "number=?" in step
                assert is_narrow, f"{step}:\n{statement}"


def test_a_days_sheet_looks_at_the_receipts_of_its_day_and_not_at_all_others(world: World) -> None:
    world.server.store.deliver_receipts([receipt(number) for number in range(1, 4)])
    fetch(world)
    book(world)
    day = dt.date(2026, 11, 23)
    with plans(OURS) as steps:
        make_day_sheets(world.configuration(), day, day)
    of_day = told(steps, "raw", "business_day = ")
    assert any("receipt_day (company=? AND business_day=? AND register=?)" in step for step in of_day), of_day
    of_receipts = [step for step in told(steps, "posting") if "cloudkasse_posting" in step]
    assert of_receipts
    assert all("posting_receipt (company=? AND receipt_id=?)" in step for step in of_receipts), of_receipts
    for statement, found in steps.items():
        for step in found:
            assert step.startswith(("SEARCH", *(f"SCAN {table}" for table in SMALL))), f"{step}:\n{statement}"


def test_a_quiet_run_reads_no_table_of_ours_from_end_to_end(world: World) -> None:
    world.sync()
    world.server.store.deliver_receipts([receipt(number) for number in range(1, 4)])
    fetch(world)
    book(world)
    with plans(OURS) as steps:
        world.sync()
        fetch(world)
        book(world)
        open_records(world.configuration())
        look_for_novelty(world.configuration())
    assert "cloudkasse_synced_record" in "".join(steps)
    for statement, found in steps.items():
        for step in found:
            assert step.startswith(("SEARCH", *(f"SCAN {table}" for table in SMALL))), f"{step}:\n{statement}"
