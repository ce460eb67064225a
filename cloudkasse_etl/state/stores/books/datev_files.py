"""Which posting went to DATEV in which row of which file. Rows are only ever added; each file is kept as it was made.

A file is stored before it appears in a folder: a program that dies in between finds it here and writes it, byte for
byte, instead of making another one of the same postings.
"""

import datetime as dt
import hashlib
import zlib
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa

from cloudkasse_etl.errors import LeaseHeldError
from cloudkasse_etl.i18n.text import say
from cloudkasse_etl.state.connection import StateConnection
from cloudkasse_etl.state.database.bulk import insert_columns
from cloudkasse_etl.state.stores.books.staged_closings import closing_number_of

FIRST: Final = 1
"""The repetition of a posting's first file."""
_ROWS = 10_000
_COLUMNS = (
    "posting_id", "posting_date", "document_number", "register", "receipt_number", "receipt_id", "account",
    "amount_cents", "currency", "tax_code", "vat_rate", "tax_cents", "business_case", "tender", "text", "flag",
    "reason",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class FileDraft:
    """A file that is to be remembered.

    Attributes:
        number, name, first_day, last_day, currency: What it is called, and is for.
        row_count, debit_cents: What it comes to.
        body: Its bytes.
        page: The page beside it, with one file of an export.
        postings: Id of each posting in it, the number of its row (0 where the row came to 0 and was left out), and
            whether it was in an earlier file.
    """

    number: int
    name: str
    first_day: dt.date
    last_day: dt.date
    currency: str
    row_count: int
    debit_cents: int
    body: bytes
    page: bytes | None
    postings: Sequence[tuple[str, int, bool]]


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file that is remembered.

    Attributes:
        number, name: What it is called.
        made_at: When it was made.
        body: Its bytes.
        page: The page beside it, where it has one.
    """

    number: int
    name: str
    made_at: dt.datetime
    body: bytes
    page: bytes | None


@dataclass(frozen=True, slots=True)
class CancelledPair:
    """A posting and the counter-entry that takes it back, neither of which was ever in a file.

    Attributes:
        document, day, amount_cents: Of the posting.
        counter_document, counter_day, counter_cents: Of the counter-entry.
        account, currency: Of both.
        reason: Why it was taken back.
    """

    document: str
    day: dt.date
    amount_cents: int
    counter_document: str
    counter_day: dt.date
    counter_cents: int
    account: str
    currency: str
    reason: str | None


class DatevFiles:
    """The files of a company."""

    def __init__(self, state: StateConnection) -> None:
        self._state = state
        self._file, self._of_posting = state.tables.datev_file, state.tables.datev_posting
        self._written, self._posting = state.tables.datev_written, state.tables.posting

    def postings(self, first: dt.date, last: dt.date, *, again: bool) -> Iterator[Any]:
        """Postings of some days that are in no file yet, receipt by receipt, by day, register and number.

        What was taken back before it was in a file is left out with its counter-entries, whatever days these are of.

        Args:
            first: The first day.
            last: The last day, included.
            again: Those that are in a file too.

        Yields:
            Posting, with the number of its closing and whether it `was_exported`.
        """
        table, receipt = self._posting, self._state.tables.receipt
        own = (receipt.c.company == table.c.company) & (receipt.c.receipt_id == table.c.receipt_id)
        number = closing_number_of(receipt, self._state.tables.closing)
        known = self._known()
        query = (
            sa.select(
                *(table.c[name] for name in _COLUMNS),
                number.label("closing_number"),
                sa.case((known, 1), else_=0).label("was_exported"),
            )
            .select_from(table.outerjoin(receipt, own))
            .where(self._of_days(first, last), *self._not_cancelled())
            .order_by(
                table.c.posting_date, table.c.register, table.c.receipt_number, table.c.receipt_id, table.c.posting_id
            )
        )
        if not again:
            query = query.where(~known)
        with self._state.reading() as connection:
            yield from connection.execute(query, execution_options={"yield_per": _ROWS})

    def cancelled(self, first: dt.date, last: dt.date) -> list[CancelledPair]:
        """What was taken back before either of the two was in a file, where at least one of them is of some days."""
        own, counter = self._posting.alias("own"), self._posting.alias("counter")
        columns = [
            column for table in (own, counter)
            for column in (table.c.document_number, table.c.posting_date, table.c.amount_cents)
        ]  # fmt: skip
        query = (
            sa.select(*columns, own.c.account, own.c.currency, counter.c.reason)
            .select_from(self._pairs(own, counter))
            .where(counter.c.company == self._state.company, *self._in_no_file(own, counter))
            .where(own.c.posting_date.between(first, last) | counter.c.posting_date.between(first, last))
            .order_by(own.c.posting_date, own.c.register, own.c.receipt_number, own.c.posting_id)
        )
        with self._state.reading() as connection:
            return [
                CancelledPair(row[0], row[1], int(row[2]), row[3], row[4], int(row[5]), row[6], row[7], row[8])
                for row in connection.execute(query)
            ]

    def account_sums(self, first: dt.date, last: dt.date) -> dict[tuple[str, str], tuple[int, int]]:
        """(Currency, account) -> what the table has on it in these days, and what of it is in files, in cents."""
        table, link = self._posting, self._of_posting
        # joined: SQL Server sums up nothing with a query in it
        there = (
            (link.c.company == table.c.company)
            & (link.c.posting_id == table.c.posting_id)
            & (link.c.repetition == FIRST)
        )
        known = sa.case((link.c.posting_id.is_not(None), table.c.amount_cents), else_=0)
        query = (
            sa.select(table.c.currency, table.c.account, sa.func.sum(table.c.amount_cents), sa.func.sum(known))
            .select_from(table.outerjoin(link, there))
            .where(self._of_days(first, last))
            .group_by(table.c.currency, table.c.account)
        )
        with self._state.reading() as connection:
            return {(row[0], row[1]): (int(row[2]), int(row[3])) for row in connection.execute(query)}

    def earlier(self, first: dt.date, last: dt.date) -> tuple[int, list[StoredFile]]:
        """How many postings of some days are in files, and in which; their bytes are left out."""
        table, link, file = self._posting, self._of_posting, self._file
        count = sa.select(sa.func.count()).select_from(table).where(self._of_days(first, last), self._known())
        there = (
            sa.select(link.c.file_number)
            .join(table, (table.c.company == link.c.company) & (table.c.posting_id == link.c.posting_id))
            .where(self._of_days(first, last))
        )
        query = (
            sa.select(file.c.file_number, file.c.name, file.c.made_at)
            .where(file.c.company == self._state.company, file.c.file_number.in_(there))
            .order_by(file.c.file_number)
        )
        with self._state.reading() as connection:
            found = [StoredFile(int(row[0]), row[1], row[2], b"", None) for row in connection.execute(query)]
            return int(connection.execute(count).scalar_one()), found

    def next_number(self) -> int:
        """The number of the next file."""
        newest = sa.select(sa.func.max(self._file.c.file_number)).where(self._file.c.company == self._state.company)
        with self._state.reading() as connection:
            return int(connection.execute(newest).scalar() or 0) + 1

    def unwritten(self) -> list[StoredFile]:
        """Files that are remembered but may never have appeared in a folder, oldest first."""
        file, written = self._file, self._written
        seen = sa.select(written.c.file_number).where(written.c.company == self._state.company)
        query = (
            sa.select(file.c.file_number, file.c.name, file.c.made_at, file.c.body, file.c.page)
            .where(file.c.company == self._state.company, file.c.file_number.not_in(seen))
            .order_by(file.c.file_number)
        )
        with self._state.reading() as connection:
            return [
                StoredFile(int(row[0]), row[1], row[2], zlib.decompress(row[3]), row[4] and zlib.decompress(row[4]))
                for row in connection.execute(query)
            ]

    def remember(self, drafts: Sequence[FileDraft], now: dt.datetime) -> None:
        """Stores files and the rows of their postings, in one transaction.

        Args:
            drafts: The files of one export.
            now: When they are made.

        Raises:
            LeaseHeldError: Another export of the same postings was faster.
            StateUnavailableError: The database cannot be written.
        """
        company = {"company": self._state.company}
        with self._state.writing_without_lease() as connection:
            try:
                for draft in drafts:
                    connection.execute(
                        self._file.insert().values(
                            **company,
                            file_number=draft.number,
                            name=draft.name,
                            first_day=draft.first_day,
                            last_day=draft.last_day,
                            currency=draft.currency,
                            row_count=draft.row_count,
                            debit_cents=draft.debit_cents,
                            content_hash=hashlib.sha256(draft.body).hexdigest(),
                            body=zlib.compress(draft.body),
                            page=None if draft.page is None else zlib.compress(draft.page),
                            made_at=now,
                        )
                    )
                    ids, rows, repeated = zip(*draft.postings, strict=True)
                    # files are numbered upwards, so no repetition comes twice
                    repetition = [FIRST + draft.number if was else FIRST for was in repeated]
                    columns = {"posting_id": ids, "repetition": repetition, "row_number": rows}
                    insert_columns(connection, self._of_posting, columns, {**company, "file_number": draft.number})
            except sa.exc.IntegrityError as error:
                raise LeaseHeldError(
                    say("Another export of the same postings was faster; nothing was written."),
                    hint=say("Run it again: it writes what is left."),
                ) from error

    def wrote(self, numbers: Collection[int], now: dt.datetime) -> None:
        """Stores that files have appeared in a folder.

        Args:
            numbers: The files.
            now: When.

        Raises:
            StateUnavailableError: The database cannot be written.
        """
        if not numbers:
            return
        with self._state.writing_without_lease() as connection:
            seen = sa.select(self._written.c.file_number).where(self._written.c.company == self._state.company)
            known = set(connection.execute(seen).scalars())
            rows = [
                {"company": self._state.company, "file_number": number, "written_at": now}
                for number in sorted(set(numbers) - known)
            ]
            if rows:
                connection.execute(self._written.insert(), rows)

    def _not_cancelled(self) -> list["sa.ColumnElement[bool]"]:
        # found each time and not remembered: one of the two may be read for a file while the other is being booked
        own, counter = self._posting.alias("own"), self._posting.alias("counter")
        here = (counter.c.company == self._state.company, *self._in_no_file(own, counter))
        return [
            self._posting.c.posting_id.not_in(sa.select(column).select_from(self._pairs(own, counter)).where(*here))
            for column in (own.c.posting_id, counter.c.posting_id)
        ]

    def _pairs(self, own: sa.FromClause, counter: sa.FromClause) -> sa.Join:
        """A posting joined with the counter-entry that takes it back."""
        is_taken_back = (own.c.company == counter.c.company) & (own.c.posting_id == counter.c.corrects)
        receipt = self._state.tables.receipt  # an undo begins its next generation, and few have one
        undone = sa.select(receipt.c.receipt_id).where(
            receipt.c.company == self._state.company, receipt.c.generation > 1
        )
        balanced = (own.c.amount_cents == -counter.c.amount_cents) & counter.c.receipt_id.in_(undone)
        return own.join(counter, is_taken_back & balanced)

    def _in_no_file(self, *tables: sa.FromClause) -> list["sa.ColumnElement[bool]"]:
        return [~self._known(table) for table in tables]

    def _known(self, posting: sa.FromClause | None = None) -> "sa.ColumnElement[bool]":
        table, link = self._posting if posting is None else posting, self._of_posting
        return sa.exists().where(
            link.c.company == table.c.company, link.c.posting_id == table.c.posting_id, link.c.repetition == FIRST
        )

    def _of_days(self, first: dt.date, last: dt.date) -> "sa.ColumnElement[bool]":
        table = self._posting
        return (table.c.company == self._state.company) & table.c.posting_date.between(first, last)
