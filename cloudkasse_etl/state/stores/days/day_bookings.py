"""Reads what of a register's business day was booked, delivered into the ERP, and exported for DATEV."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from cloudkasse_etl.state.connection import StateConnection
from cloudkasse_etl.state.stores.books.datev_files import FIRST
from cloudkasse_etl.state.stores.deliveries.delivery_store import STORAGE


@dataclass(frozen=True, slots=True)
class BookedSum:
    """Postings with the same day, case, tender, rate and flag; those on clearing are not among them.

    Attributes:
        posting_date: The day on which they are booked.
        business_case, tender: Of which one is None.
        vat_rate: The rate; None without VAT.
        flag: Why a person should look at them, as it is stored.
        postings: How many.
        amount_cents: Their sum; a sale is a credit, below zero.
        tax_cents: Their tax, with the same sign.
    """

    posting_date: dt.date
    business_case: str | None
    tender: str | None
    vat_rate: str | None
    flag: str | None
    postings: int
    amount_cents: int
    tax_cents: int


@dataclass(frozen=True, slots=True)
class DeliveredSum:
    """Receipts of the day that are in one delivery.

    Attributes:
        delivery_id: Its id.
        target, status: What it is in the ERP, and what became of it.
        number: Its number there; None where it is not known.
        receipts: How many of the day's receipts it covers.
        total_cents: The sum of their totals.
    """

    delivery_id: int
    target: str
    status: str
    number: str | None
    receipts: int
    total_cents: int


@dataclass(frozen=True, slots=True)
class ExportedSum:
    """Postings of the day in one of DATEV's files, or in none.

    Attributes:
        file: Its name; None for those in none.
        postings: How many of the day's postings.
        debit_cents: The sum of what they debit.
    """

    file: str | None
    postings: int
    debit_cents: int


class DayBookings:
    """The bookings of a company, by the register and business day of their receipts."""

    def __init__(self, state: StateConnection) -> None:
        self._state = state
        self._receipt, self._posting = state.tables.receipt, state.tables.posting

    def booked(self, register: str, day: dt.date, currency: str) -> list[BookedSum]:
        """What is booked of a register's day, whenever it was booked, without what is posted on clearing.

        Which account was clearing is told by the postings: it comes to 0 in each receipt, and has no rate. The
        settings may name another one by now.

        Args:
            register, day, currency: Whose receipts.

        Returns:
            The sums, by day of posting, case, tender and rate.
        """
        table = self._posting
        even = (
            self._of_day(sa.select(table.c.receipt_id, table.c.account), register, day)
            .group_by(table.c.receipt_id, table.c.account)
            .having(sa.func.sum(table.c.amount_cents) == 0, sa.func.count(table.c.vat_rate) == 0)
            .subquery()
        )
        cleared = (even.c.receipt_id == table.c.receipt_id) & (even.c.account == table.c.account)
        by = [table.c[name] for name in ("posting_date", "business_case", "tender", "vat_rate", "flag")]
        sums = (sa.func.count(), sa.func.sum(table.c.amount_cents), sa.func.sum(table.c.tax_cents))
        query = (
            self._of_day(sa.select(*by, *sums), register, day, table.outerjoin(even, cleared))
            .where(table.c.currency == currency, even.c.receipt_id.is_(None))
            .group_by(*by)
        )
        with self._state.reading() as connection:
            found = [
                BookedSum(row[0], row[1], row[2], row[3], row[4], int(row[5]), int(row[6]), int(row[7]))
                for row in connection.execute(query)
            ]
        return sorted(found, key=lambda one: (one.posting_date, one.business_case or "~", one.tender or "", repr(one)))

    def delivered(self, register: str, day: dt.date) -> list[DeliveredSum]:
        """The deliveries that receipts of a register's day are in, without those that were taken back."""
        delivery, covered, receipt = (
            self._state.tables.delivery, self._state.tables.delivery_receipt, self._receipt,
        )  # fmt: skip
        by = [delivery.c[name] for name in ("delivery_id", "target", "status", "destination", "remote_id")]
        own = (receipt.c.company == covered.c.company) & (receipt.c.receipt_id == covered.c.receipt_id)
        query = (
            sa.select(*by, sa.func.count(), sa.func.sum(receipt.c.total_cents))
            .select_from(receipt.join(covered, own).join(delivery, delivery.c.delivery_id == covered.c.delivery_id))
            .where(*self._day(register, day), covered.c.is_live == sa.true(), delivery.c.line_count > 0)
            .group_by(*by)
            .order_by(delivery.c.delivery_id)
        )
        with self._state.reading() as connection:
            return [
                DeliveredSum(row[0], row[1], row[2], _number(row[1], row[3], row[4]), int(row[5]), int(row[6] or 0))
                for row in connection.execute(query)
            ]

    def exported(self, register: str, day: dt.date) -> list[ExportedSum]:
        """The postings of a register's day by DATEV's file, those in none first."""
        table, link, file = self._posting, self._state.tables.datev_posting, self._state.tables.datev_file
        there = (
            (link.c.company == table.c.company)
            & (link.c.posting_id == table.c.posting_id)
            & (link.c.repetition == FIRST)
        )
        named = (file.c.company == link.c.company) & (file.c.file_number == link.c.file_number)
        debit = sa.func.sum(sa.case((table.c.amount_cents > 0, table.c.amount_cents), else_=0))
        query = self._of_day(
            sa.select(file.c.file_number, file.c.name, sa.func.count(), debit), register, day,
            table.outerjoin(link, there).outerjoin(file, named),
        ).group_by(file.c.file_number, file.c.name)  # fmt: skip
        with self._state.reading() as connection:
            rows = sorted(connection.execute(query), key=lambda row: row[0] or 0)
        return [ExportedSum(row[1], int(row[2]), int(row[3])) for row in rows]

    def _of_day(
        self, query: "sa.Select[Any]", register: str, day: dt.date, joined: sa.FromClause | None = None
    ) -> "sa.Select[Any]":
        table, receipt = self._posting, self._receipt
        own = (receipt.c.company == table.c.company) & (receipt.c.receipt_id == table.c.receipt_id)
        return query.select_from((table if joined is None else joined).join(receipt, own)).where(
            *self._day(register, day)
        )

    def _day(self, register: str, day: dt.date) -> "tuple[sa.ColumnElement[bool], ...]":
        table = self._receipt
        here = (table.c.company == self._state.company, table.c.register == register, table.c.business_day == day)
        return tuple(here)


def _number(target: str, destination: str | None, remote_id: int | None) -> str | None:
    """The number by which a delivery is found in the ERP; a manual storage has none of the ERP's."""
    if destination:
        return destination
    return None if target == STORAGE or remote_id is None else str(remote_id)
