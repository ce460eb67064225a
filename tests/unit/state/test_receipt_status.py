"""Protects which moves of a receipt are legal: what is booked stays booked, and no move is made past the table."""

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from cloudkasse_etl.state.connection import StateConnection
from cloudkasse_etl.state.database.engine import state_engine
from cloudkasse_etl.state.database.tables import StateTables
from cloudkasse_etl.state.stores.books.receipt_status import MOVES, UNBOOKED, Move, Status, move_receipts

ONE_END = [move for move, legal in MOVES.items() if len(legal.after) == 1]


@pytest.fixture
def state(tmp_path: Path) -> Iterator[StateConnection]:
    engine = state_engine(f"sqlite:///{tmp_path / 'state.db'}", may_create=True)
    tables = StateTables()
    tables.metadata.create_all(engine)
    yield StateConnection(engine, tables, company="1", api_url="", lease=None, run_id="")
    engine.dispose()


def put(state: StateConnection, status: Status) -> None:
    """One receipt of a status."""
    row = {
        "company": "1",
        "receipt_id": "r1",
        "status": status,
        "counts_in_closing": False,
        "stock_pending": False,
        "content_hash": "",
        "raw": b"{}",
        "staged_at": dt.datetime(2026, 11, 1, tzinfo=dt.UTC),
        "staged_run_id": "r",
    }
    with state.writing_without_lease() as connection:
        connection.execute(state.tables.receipt.insert().values(row))


def test_every_move_has_its_line_and_no_status_is_forgotten() -> None:
    assert set(MOVES) == set(Move)
    reached = {status for legal in MOVES.values() for status in legal.after}
    assert reached == set(Status)


def test_what_is_booked_stays_booked_unless_a_person_undoes_it() -> None:
    assert [move for move, legal in MOVES.items() if Status.IMPORTED in legal.before] == [Move.UNDO]
    assert set(UNBOOKED) == set(Status) - {Status.IMPORTED, Status.DISMISSED}


@pytest.mark.parametrize("move", ONE_END)
@pytest.mark.parametrize("status", Status)
def test_a_receipt_moves_only_where_the_table_lets_it(state: StateConnection, move: Move, status: Status) -> None:
    put(state, status)
    before, (after,) = MOVES[move]
    if status in before:
        with state.writing_without_lease() as connection:
            move_receipts(state, connection, ["r1"], move)
    else:
        with pytest.raises(AssertionError, match="no status"), state.writing_without_lease() as connection:
            move_receipts(state, connection, ["r1"], move)
    with state.reading() as connection:
        found = connection.scalar(sa.select(state.tables.receipt.c.status))
    assert found == (after if status in before else status)
