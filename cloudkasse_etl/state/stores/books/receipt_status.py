"""The statuses of receipts, and the one table of legal moves from one status to another."""

from collections.abc import Mapping, Sequence
from enum import StrEnum, auto
from typing import Any, NamedTuple

import sqlalchemy as sa

from cloudkasse_etl.i18n.text import Text, say
from cloudkasse_etl.state.connection import StateConnection
from cloudkasse_etl.state.database.keys import chunks


class Status(StrEnum):
    """The status of a receipt."""

    STAGED = "staged"  # fetched and sound: the next import books it, or it waits for the receipt that it voids
    IMPORTED = "imported"  # booked: its postings and movements are written; only an undo takes that back
    REJECTED = "rejected"  # refused by its checks or by an import (`refused_by`); its rejection says why
    NO_EFFECT = "no_effect"  # there is nothing to book: broken off, or of a kind that moves neither money nor goods
    BEFORE_START = "before_start"  # of a day before receipts.start_date: booked elsewhere, never here
    DISMISSED = "dismissed"  # dealt with by hand, or replaced by a corrected content: never booked


STATUS_WORDS: Mapping[str, Text] = {
    Status.STAGED: say("staged"),
    Status.IMPORTED: say("imported"),
    Status.REJECTED: say("rejected"),
    Status.NO_EFFECT: say("without effect"),
    Status.BEFORE_START: say("before the start date"),
    Status.DISMISSED: say("dismissed"),
}
"""Each status as a person reads it."""


def status_word(status: str) -> str:
    """A status as a person reads it."""
    return STATUS_WORDS.get(status, status)


class Move(StrEnum):
    """The cause of a change of status."""

    JUDGE = auto()  # settings or checks have changed: a receipt that is not booked is checked again
    REPLACE = auto()  # a corrected content takes the place of one that was refused
    BOOK = auto()  # an import writes its postings
    REFUSE = auto()  # an import cannot book it
    PASS_OVER = auto()  # an import finds that it has no effect, like a void together with what it voids
    AWAIT = auto()  # what an import refused waits for its original, which may still be booked
    DISMISS = auto()  # a person deals with it
    RESTORE = auto()  # a person takes that back: it is checked again
    UNDO = auto()  # a person takes its import back: counter-entries are written, and it can be imported again
    RELEASE = auto()  # a person lets it through: it is checked again without what held it


class Legal(NamedTuple):
    """The statuses from which a move may start, and in which it may end."""

    before: tuple[Status, ...]
    after: tuple[Status, ...]


_CHECKED = (Status.STAGED, Status.REJECTED, Status.NO_EFFECT, Status.BEFORE_START)
_BOOKABLE = (Status.STAGED, Status.REJECTED)

MOVES: Mapping[Move, Legal] = {
    Move.JUDGE: Legal(_CHECKED, _CHECKED),
    Move.REPLACE: Legal((Status.REJECTED, Status.DISMISSED), _CHECKED),
    Move.BOOK: Legal(_BOOKABLE, (Status.IMPORTED,)),
    Move.REFUSE: Legal(_BOOKABLE, (Status.REJECTED,)),
    Move.PASS_OVER: Legal(_BOOKABLE, (Status.NO_EFFECT,)),
    Move.AWAIT: Legal((Status.REJECTED,), (Status.STAGED,)),
    Move.DISMISS: Legal(_BOOKABLE, (Status.DISMISSED,)),
    Move.RESTORE: Legal((Status.DISMISSED, Status.STAGED, Status.REJECTED), _CHECKED),
    Move.UNDO: Legal((Status.IMPORTED,), (Status.STAGED,)),
    Move.RELEASE: Legal((Status.REJECTED,), _CHECKED),
}

UNBOOKED = MOVES[Move.JUDGE].before
"""The statuses that can still change with the settings."""


def move_receipts(
    state: StateConnection,
    connection: sa.Connection,
    receipt_ids: Sequence[str],
    move: Move,
    **more: Any,
) -> None:
    """Sets receipts to the one status in which a move ends, in the caller's transaction.

    Args:
        state: Our own tables.
        connection: With the transaction.
        receipt_ids: The receipts.
        move: One that ends in one status only.
        more: Other columns that are set with it.

    Raises:
        AssertionError: One of them has a status from which the move is not legal.
    """
    table = state.tables.receipt
    before, (after,) = MOVES[move]
    for chunk in chunks(list(dict.fromkeys(receipt_ids))):
        # SQLite would search all receipts of these statuses, chunk by chunk, if it could find them by an index
        legal = sa.func.coalesce(table.c.status, "").in_(before)
        here = (table.c.company == state.company) & table.c.receipt_id.in_(chunk) & legal
        done = connection.execute(table.update().where(here).values(status=after, **more))
        if done.rowcount != len(chunk):
            raise AssertionError(f"{len(chunk) - done.rowcount} receipts have no status from which one may {move}.")
