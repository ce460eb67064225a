"""Stores decisions about stock lines, closings and numbers, and their effects. Under the lease, not in a run."""

from collections.abc import Sequence

from cloudkasse_etl.entities import REVENUE_POSTINGS, STAGED_CLOSINGS, STOCK_MOVEMENTS
from cloudkasse_etl.rejections.rejection import Rejection
from cloudkasse_etl.state.connection import StateConnection
from cloudkasse_etl.state.stores.books.booked_receipts import set_stock_pending
from cloudkasse_etl.state.stores.books.decision_log import Decision, DecisionLog
from cloudkasse_etl.state.stores.checkpoints import Checkpoints
from cloudkasse_etl.state.stores.rejections import Rejections


class HandDecisions:
    """Decisions about what a company has staged and booked. Those about receipts are moves: staged_receipts.py."""

    def __init__(self, state: StateConnection) -> None:
        self._state = state
        self._rejections, self._checkpoints, self._decisions = Rejections(state), Checkpoints(state), DecisionLog(state)

    def decide(self, decision: Decision) -> None:
        """Stores a decision that has no other effect."""
        with self._state.transaction() as connection:
            self._decisions.put(connection, [decision])

    def dismiss_line(self, receipt_id: str, decision: Decision, *, last: bool) -> None:
        """Ends the rejection of a stock line.

        Args:
            receipt_id: The receipt.
            decision: The decision.
            last: Whether the receipt has no other refused line.
        """
        with self._state.transaction() as connection:
            self._rejections.drop(connection, STOCK_MOVEMENTS, [decision.key])
            if last:
                set_stock_pending(self._state, connection, [receipt_id], is_pending=False)
            self._decisions.put(connection, [decision])

    def restore_line(self, receipt_id: str, decision: Decision, rejections: Sequence[Rejection]) -> None:
        """Opens the rejection of a stock line again; the next import checks the line.

        Args:
            receipt_id: The receipt.
            decision: The decision.
            rejections: The rejections to open.
        """
        with self._state.transaction() as connection:
            self._rejections.put(connection, STOCK_MOVEMENTS, rejections)
            set_stock_pending(self._state, connection, [receipt_id], is_pending=True)
            self._checkpoints.put(connection, REVENUE_POSTINGS, "", "{}")
            self._decisions.put(connection, [decision])

    def decide_closing(self, decision: Decision, *, ended: Sequence[str], opened: Sequence[Rejection]) -> None:
        """Stores a decision about a closing.

        Args:
            decision: The decision.
            ended: Keys of rejections that end by it.
            opened: Rejections that are opened again.
        """
        with self._state.transaction() as connection:
            self._rejections.drop(connection, STAGED_CLOSINGS, ended)
            self._rejections.put(connection, STAGED_CLOSINGS, opened)
            self._decisions.put(connection, [decision])
