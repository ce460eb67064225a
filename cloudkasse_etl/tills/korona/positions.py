"""How far receipts and closings were fetched, as a text that is stored: cursors and heads (docs/korona.md, Arrival)."""

from collections.abc import Mapping
from typing import TypeVar

import msgspec

from cloudkasse_etl.i18n.text import say
from cloudkasse_etl.tills.korona.korona_lists import Place
from cloudkasse_etl.tills.port import CursorExpired, Stream, TillStatus

# Revisions may become visible out of order where registers write at once: so many are asked for again.
OVERLAP = 200
T = TypeVar("T")


class ReceiptPosition(msgspec.Struct, frozen=True):
    """Where reading the receipts goes on.

    Attributes:
        revision: All with this revision and below were read.
        total: How many receipts the account had; another number tells of one that came late, below the revision.
        place: Where in a list that was not read to its end.
    """

    revision: int
    total: int
    place: Place | None = None

    def start(self, size: int) -> Place:
        """Where to begin, or to go on."""
        return self.place or Place(max(self.revision - OVERLAP, 0), size)

    @property
    def text(self) -> str:
        """As it is stored; without a place it is the head of a till in which nothing has come since."""
        if self.place is None:
            return f"{self.revision}:{self.total}"
        return msgspec.json.encode(self).decode()


class ClosingPosition(msgspec.Struct, frozen=True):
    """Where reading the closings goes on.

    Attributes:
        head: The receipts' head when they were read to their end; empty where they were not.
        revisions: Id of a point of sale → all of its closings with this revision and below were read.
    """

    head: str
    revisions: Mapping[str, int]

    @property
    def text(self) -> str:
        """As it is stored."""
        return msgspec.json.encode(self, order="sorted").decode()


class KoronaStatus(TillStatus):
    """The status of an account, whose closings have the receipts' head.

    KORONA lists closings by point of sale only, so no single request tells whether there are new ones. A day is not
    closed without receipts: where these have not moved, no closing is looked for.
    """

    __slots__ = ()

    def has_news(self, stream: Stream, cursor: str | None) -> bool:
        """Whether a stream has more; closings, whether they were read to their end at another head than this."""
        if stream == "receipts":
            return TillStatus.has_news(self, stream, cursor)
        try:
            return closing_position(cursor).head != self.heads[stream]
        except CursorExpired:
            return True


def receipt_position(after: str | None) -> ReceiptPosition:
    """Where reading the receipts goes on; at the beginning where None.

    Raises:
        CursorExpired: The text is no such position.
    """
    if after is None:
        return ReceiptPosition(0, 0)
    revision, colon, total = after.partition(":")
    if colon and revision.isdecimal() and total.isdecimal():
        return ReceiptPosition(int(revision), int(total))
    return _decoded(after, ReceiptPosition)


def closing_position(after: str | None) -> ClosingPosition:
    """Where reading the closings goes on; at the beginning where None.

    Raises:
        CursorExpired: The text is no such position.
    """
    return ClosingPosition("", {}) if after is None else _decoded(after, ClosingPosition)


def _decoded(text: str, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(text, type=kind)
    except msgspec.MsgspecError:
        raise CursorExpired(
            say("The position that was stored is none of KORONA.cloud's."),
            hint=say("Fetch from the beginning; what is known already is not taken twice."),
        ) from None
