"""The result of an export for DATEV: frozen, for the command, its JSON and the page. No I/O."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from cloudkasse_etl.state.stores.books.datev_files import CancelledPair
from cloudkasse_etl.transform.datev.batch_rows import BatchRow
from cloudkasse_etl.transform.datev.batch_split import Batch


@dataclass(frozen=True, slots=True)
class TaxLine:
    """The sales of a closing at a rate, each in cents with the sign of a sale.

    Attributes:
        register, closing, day, currency, vat_rate: Whose they are.
        gross_cents: What was sold.
        printed_cents: The tax as the receipts print it.
        datev_cents: The tax as DATEV computes it, row by row.
    """

    register: str
    closing: str
    day: dt.date
    currency: str
    vat_rate: str
    gross_cents: int
    printed_cents: int
    datev_cents: int


@dataclass(frozen=True, slots=True)
class AccountLine:
    """An account in the days of an export, in cents; debit is positive.

    Attributes:
        currency, account: Which.
        debit_cents, credit_cents: What the files have on it.
        earlier_cents: What earlier files have of these days.
        table_cents: What the table has of these days.
        again_cents: What these files have that earlier ones have too.
        left_out_cents: What is in no file because it was taken back before it was in one, or takes that back.
    """

    currency: str
    account: str
    debit_cents: int
    credit_cents: int
    earlier_cents: int
    table_cents: int
    again_cents: int = 0
    left_out_cents: int = 0

    @property
    def difference_cents(self) -> int:
        """What the table has and no file; 0 unless something was booked while the files were made."""
        in_files = self.debit_cents - self.credit_cents + self.earlier_cents - self.again_cents
        return self.table_cents - self.left_out_cents - in_files


@dataclass(frozen=True)
class DatevReport:
    """An export.

    Attributes:
        first, last: The days that were asked for.
        batches: The files that are new.
        restored: Names of files of an export that had died before they appeared.
        page: Name of the page; None without new files.
        postings: Postings in the new files.
        repeated: Those of them that earlier files have too.
        earlier_postings: Postings of these days that were in files before.
        earlier_files: Names of these files.
        dropped: Rows that came to 0.
        shortened: Rows with a shortened text.
        replaced: Rows with letters that became question marks.
        tax: The sales by closing and rate.
        accounts: The accounts.
        left_out: Postings with the counter-entries that take them back, neither of which was ever in a file, where one
            of the two is of these days.
    """

    first: dt.date
    last: dt.date
    batches: Sequence[Batch] = ()
    restored: Sequence[str] = ()
    page: str | None = None
    postings: int = 0
    repeated: int = 0
    earlier_postings: int = 0
    earlier_files: Sequence[str] = ()
    dropped: Sequence[BatchRow] = ()
    shortened: Sequence[BatchRow] = ()
    replaced: Sequence[BatchRow] = ()
    tax: Sequence[TaxLine] = field(default=())
    accounts: Sequence[AccountLine] = field(default=())
    left_out: Sequence[CancelledPair] = ()

    def as_dict(self) -> dict[str, Any]:
        """As `--json` prints it."""
        return {
            "from": f"{self.first}",
            "to": f"{self.last}",
            "files": [
                {
                    "name": batch.name,
                    "from": f"{batch.first_day}",
                    "to": f"{batch.last_day}",
                    "fiscal_year": f"{batch.fiscal_year}",
                    "currency": batch.currency,
                    "rows": len(batch.rows),
                    "amount_cents": turnover_of(batch),
                }
                for batch in self.batches
            ],
            "restored": list(self.restored),
            "page": self.page,
            "postings": self.postings,
            "repeated": self.repeated,
            "earlier_postings": self.earlier_postings,
            "earlier_files": list(self.earlier_files),
            "rows_of_zero": len(self.dropped),
            "shortened": len(self.shortened),
            "replaced": len(self.replaced),
            "left_out": {
                "pairs": len(self.left_out),
                "postings_of_these_days": sum(
                    self.first <= day <= self.last for pair in self.left_out for day in (pair.day, pair.counter_day)
                ),
                "sum_cents": sum(pair.amount_cents + pair.counter_cents for pair in self.left_out),
            },
            "tax": [
                {
                    "register": line.register,
                    "closing": line.closing,
                    "day": f"{line.day}",
                    "currency": line.currency,
                    "vat_rate": line.vat_rate,
                    "gross_cents": line.gross_cents,
                    "printed_cents": line.printed_cents,
                    "datev_cents": line.datev_cents,
                }
                for line in self.tax
            ],
            "accounts": [
                {
                    "currency": line.currency,
                    "account": line.account,
                    "debit_cents": line.debit_cents,
                    "credit_cents": line.credit_cents,
                    "earlier_cents": line.earlier_cents,
                    "left_out_cents": line.left_out_cents,
                    "table_cents": line.table_cents,
                    "difference_cents": line.difference_cents,
                }
                for line in self.accounts
            ],
        }


def turnover_of(batch: Batch) -> int:
    """The sum of a file's first column: what DATEV shows for the batch as a check."""
    return sum(abs(row.amount_cents) for row in batch.rows)


def tax_lines(rows: Sequence[BatchRow]) -> list[TaxLine]:
    """The sales by closing and rate, those too whose rows cancel each other out; without those of no amount at all."""
    found: dict[tuple[str, str, dt.date, str, str], list[int]] = {}
    for row in rows:
        first = row.first
        if first.vat_rate is None or not (row.amount_cents or row.tax_cents):
            continue
        key = (first.register, row.closing, first.day, first.currency, first.vat_rate)
        sums = found.setdefault(key, [0, 0, 0])
        for at, cents in enumerate((row.amount_cents, row.tax_cents, row.datev_tax_cents)):
            sums[at] -= cents  # a sale is a credit
    lines = [TaxLine(*key, *sums) for key, sums in found.items()]
    return sorted(lines, key=lambda line: (line.day, line.register, line.closing.zfill(20), line.vat_rate.zfill(6)))


def left_out_sums(pairs: Sequence[CancelledPair], first: dt.date, last: dt.date) -> dict[tuple[str, str], int]:
    """(Currency, account) -> what is left out on it in some days; 0 unless only one of two is of these days.

    Args:
        pairs: What is left out.
        first: The first day.
        last: The last one.

    Returns:
        The sums, in cents.
    """
    found: dict[tuple[str, str], int] = {}
    for pair in pairs:
        for day, cents in ((pair.day, pair.amount_cents), (pair.counter_day, pair.counter_cents)):
            key = pair.currency, pair.account
            found[key] = found.get(key, 0) + cents * (first <= day <= last)
    return found


def account_lines(
    batches: Sequence[Batch],
    sums: dict[tuple[str, str], tuple[int, int]],
    left_out: dict[tuple[str, str], int] | None = None,
) -> list[AccountLine]:
    """The accounts of some days.

    Args:
        batches: The new files; what they say is added up, not what they were made of.
        sums: (Currency, account) -> what the table has, and what of it earlier files have.
        left_out: (Currency, account) -> what of it is left out.

    Returns:
        A line an account.
    """
    found: dict[tuple[str, str], list[int]] = {key: [0, 0, 0] for key in sums}
    for batch in batches:
        for row in batch.rows:
            own, contra = (
                found.setdefault((batch.currency, account), [0, 0, 0])
                for account in (row.first.account, row.first.contra)
            )
            own[row.amount_cents < 0] += abs(row.amount_cents)
            contra[row.amount_cents > 0] += abs(row.amount_cents)
        for row in (*batch.rows, *batch.dropped):  # what comes to 0 may be half new
            for entry in row.entries:
                for account, cents, was in zip(
                    (entry.account, entry.contra),
                    (entry.amount_cents, -entry.amount_cents),
                    entry.repeated,
                    strict=True,
                ):
                    found.setdefault((batch.currency, account), [0, 0, 0])[2] += cents * was
    return [
        AccountLine(
            *key, debit, credit, sums.get(key, (0, 0))[1], sums.get(key, (0, 0))[0], again, (left_out or {}).get(key, 0)
        )
        for key, (debit, credit, again) in sorted(found.items())
    ]
