"""What an audit reads: staged receipts and closings by register and number, and what of them is booked."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from cloudkasse_etl.state.connection import StateConnection
from cloudkasse_etl.state.database.keys import chunks
from cloudkasse_etl.state.stores.checkpoints import Checkpoints

_AUDIT = "legal_record"


@dataclass(frozen=True, slots=True)
class AuditedReceipt:
    """A staged receipt, as it arrived."""

    receipt_id: str
    raw: bytes
    status: str
    number: int
    closing_number: int | None
    business_day: dt.date | None


@dataclass(frozen=True, slots=True)
class AuditedClosing:
    """A staged closing, as it arrived."""

    register: str
    number: int
    business_day: dt.date
    first_receipt_number: int
    last_receipt_number: int
    raw: bytes

    @property
    def names_numbers(self) -> bool:
        """Whether it names its receipts' numbers and has sums of business cases; closings of KORONA.cloud do not."""
        return self.last_receipt_number > 0


class AuditedReceipts:
    """Staged and booked data of a company, and its last audit."""

    def __init__(self, state: StateConnection) -> None:
        self._state = state

    def receipts(self, register: str, first: int, last: int, closing: int | None = None) -> list[AuditedReceipt]:
        """The receipts of a register with numbers from first to last, without second contents of one id.

        Args:
            register: The register.
            first, last: The numbers, inclusive.
            closing: Those that state this closing as well, whatever their number.

        Returns:
            The receipts, by number.
        """
        table = self._state.tables.receipt
        wanted: sa.ColumnElement[bool] = table.c.number.between(first, last)
        if closing is not None:
            wanted = sa.or_(wanted, table.c.closing_number == closing)
        query = (
            sa.select(*(table.c[name] for name in AuditedReceipt.__slots__))
            .where(table.c.company == self._state.company, table.c.register == register, table.c.came_as.is_(None))
            .where(wanted, table.c.number.is_not(None))
            .order_by(table.c.number, table.c.receipt_id)
        )
        with self._state.reading() as connection:
            return [AuditedReceipt(row[0], bytes(row[1]), *row[2:]) for row in connection.execute(query)]

    def closings(self) -> dict[tuple[str, int], AuditedClosing]:
        """All closings by register and number."""
        table = self._state.tables.closing
        query = sa.select(*(table.c[name] for name in AuditedClosing.__slots__)).where(
            table.c.company == self._state.company
        )
        with self._state.reading() as connection:
            rows = [
                AuditedClosing(row[0], row[1], row[2], row[3], row[4], bytes(row[5]))
                for row in connection.execute(query)
            ]
        return {(row.register, row.number): row for row in rows}

    def booked_tenders(self, receipt_ids: Sequence[str]) -> dict[str, dict[str, int]]:
        """What was booked of the tenders, in cents by receipt and account: on their own account and on clearing."""
        table = self._state.tables.posting
        found: dict[str, dict[str, int]] = {}
        with self._state.reading() as connection:
            for chunk in chunks(receipt_ids):
                query = (
                    sa.select(table.c.receipt_id, table.c.account, sa.func.sum(table.c.amount_cents))
                    .where(table.c.company == self._state.company, table.c.receipt_id.in_(chunk))
                    .where(table.c.tender.is_not(None))
                    .group_by(table.c.receipt_id, table.c.account)
                )
                for receipt_id, account, cents in connection.execute(query):
                    found.setdefault(receipt_id, {})[account] = int(cents)
        return found

    def keep(self, audit: str) -> None:
        """Stores the last audit (JSON), unless nothing was ever synchronised here."""
        if self._state.target_of(_AUDIT) > 0:
            with self._state.writing_without_lease() as connection:
                Checkpoints(self._state).put(connection, _AUDIT, "", audit)

    def last(self) -> str | None:
        """The last audit (JSON); None if none was ever made."""
        found = Checkpoints(self._state).of(_AUDIT)
        return found.details if found else None
