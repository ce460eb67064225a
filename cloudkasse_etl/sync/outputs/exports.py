"""Use cases that export postings and stock movements as CSV for a bookkeeper."""

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from cloudkasse_etl.config.settings import Configuration
from cloudkasse_etl.i18n.formats import day_in_figures
from cloudkasse_etl.i18n.text import Text, rendered, rendered_each, say
from cloudkasse_etl.rejections.rejection import Language
from cloudkasse_etl.state.stores.books.journal import Journal
from cloudkasse_etl.sync.inputs.own_tables import open_reading
from cloudkasse_etl.sync.outputs.csv_files import TextSink, comma_cell, csv_file, decimal_cell
from cloudkasse_etl.transform.turnover_cases import TURNOVER_CASES

_TOTAL = say("Total")
_FLAGS = {
    "closed_period": say("period closed: booked on the first open day"),
    "review": say("please review"),
}


@dataclass(frozen=True)
class ExportSummary:
    """The totals of an exported file.

    Attributes:
        rows: Postings or movements.
        booked: Postings by currency; currencies are not added up.
        moved: Movements by unit; units are not added up.
    """

    rows: int
    booked: "tuple[Booked, ...]" = ()
    moved: "tuple[Moved, ...]" = ()


class Booked(NamedTuple):
    """The postings in one currency; debit and credit are equal, or the books do not balance."""

    currency: str
    postings: int
    debit_cents: int
    credit_cents: int


@dataclass(frozen=True)
class Books:
    """The totals of the books.

    Attributes:
        booked: The postings by currency, that of most first; currencies are not added up.
        moved: Stock movements by unit; units are not added up.
    """

    booked: "tuple[BookedInAll, ...]"
    moved: "tuple[Moved, ...]"

    @property
    def movements(self) -> int:
        """How many stock movements there are."""
        return sum(moved.movements for moved in self.moved)


@dataclass(frozen=True)
class BookedInAll:
    """All postings in one currency.

    Attributes:
        currency: The currency of all amounts.
        receipts: Receipts that have postings.
        postings: How many postings.
        debit_cents, credit_cents: Equal, or the books do not balance.
        clearing_cents: The balance of the clearing account.
        turnover_cents: Gross, as transform/turnover_cases.py defines it: what was sold less returns and voids.
    """

    currency: str
    receipts: int
    postings: int
    debit_cents: int
    credit_cents: int
    clearing_cents: int
    turnover_cents: int


class Moved(NamedTuple):
    """The stock movements in one unit; "" where articles have none."""

    unit: str
    movements: int
    in_milli: int
    out_milli: int


def sum_up(configuration: Configuration) -> Books:
    """Sums up all postings and movements.

    Raises:
        StateUnavailableError: Our own tables cannot be reached.
    """
    with open_reading(configuration) as store:
        journal = Journal(store.connection)
        totals = journal.totals(configuration.settings.accounts.clearing, TURNOVER_CASES)
        return Books(
            booked=tuple(BookedInAll(currency, **sums) for currency, sums in totals),
            moved=tuple(Moved(*row) for row in journal.moved()),
        )


def export_books(
    configuration: Configuration,
    what: str,
    out: Path | TextSink,
    *,
    first: dt.date | None = None,
    last: dt.date | None = None,
) -> ExportSummary:
    """Writes the posting journal or the stock movements of some days as CSV, with their totals.

    Args:
        configuration: Settings and connections.
        what: `postings` or `movements`.
        out: The CSV file, or a stream to write to.
        first: The first day; None: from the beginning.
        last: The last day, inclusive; None: to the end.

    Returns:
        The totals.

    Raises:
        ConfigurationError: The file cannot be written.
        StateUnavailableError: Our own tables cannot be reached.
    """
    kind, language, sums = _KINDS[what], configuration.settings.language, _Sums()
    titles = rendered_each((column.title for column in kind.columns), language)
    with open_reading(configuration) as store, csv_file(out, titles) as write:
        for row in kind.rows(Journal(store.connection), first, last):
            found = row._mapping
            sums.add(found[kind.summed_by] or "", found[kind.value])
            write([column.cell(found, language) for column in kind.columns])
        for total in sums.rows() or [("", 0, 0, 0)]:
            write([column.total(total, language) for column in kind.columns])
    return kind.summary(sums.rows())


@dataclass(frozen=True)
class _Column:
    """A column of a CSV file.

    Attributes:
        title: Its heading.
        cell: Its value in a row.
        total: Its value in a row of totals, which begins with what is summed up: a currency or unit.
    """

    title: Text
    cell: Callable[[Mapping[Any, Any], Language], Any]
    total: Callable[[tuple[str, int, int, int], Language], Any] = lambda total, language: None


@dataclass(frozen=True)
class _Kind:
    """What can be exported.

    Attributes:
        columns: The columns.
        rows: Reads the rows of some days.
        value: The field that is added up.
        summed_by: The field by which it is: sums of different currencies or units are not added up.
        summary: Makes the totals.
    """

    columns: tuple[_Column, ...]
    rows: Callable[[Journal, dt.date | None, dt.date | None], Iterable[Any]]
    value: str
    summed_by: str
    summary: Callable[[Sequence[tuple[str, int, int, int]]], ExportSummary]


def _plain(title: Text, name: str) -> _Column:
    return _Column(title, lambda row, language: row[name])


def _day(title: Text, name: str) -> _Column:
    return _Column(
        title,
        lambda row, language: day_in_figures(row[name], language),
        lambda total, language: _TOTAL.render(language),
    )


def _sides(positive: Text, negative: Text, name: str, places: int) -> tuple[_Column, _Column]:
    """The two columns of a signed value; of their totals, the first is that of positive ones."""

    def column(title: Text, sign: int) -> _Column:
        return _Column(
            title,
            lambda row, language: decimal_cell(sign * row[name], places, language) if sign * row[name] > 0 else None,
            lambda total, language: decimal_cell(total[2] if sign > 0 else total[3], places, language),
        )

    return column(positive, 1), column(negative, -1)


def _summed_by(title: Text, name: str) -> _Column:
    return _Column(title, lambda row, language: row[name], lambda total, language: total[0])


# of counter-entries alone (docs/rules.md, Corrections)
_TAKEN_BACK = (_plain(say("Takes back"), "corrects"), _plain(say("Reason"), "reason"))

_KINDS: Mapping[str, _Kind] = {
    "postings": _Kind(
        columns=(
            _day(say("Date"), "posting_date"),
            _plain(say("Document"), "document_number"),
            _plain(say("Register"), "register"),
            _plain(say("Closing"), "closing_number"),
            _plain(say("Account"), "account"),
            *_sides(say("Debit"), say("Credit"), "amount_cents", 2),
            _summed_by(say("Currency"), "currency"),
            _plain(say("Tax code"), "tax_code"),
            _Column(say("VAT %"), lambda row, language: comma_cell(row["vat_rate"], language)),
            _Column(
                say("VAT amount"),
                lambda row, language: (
                    decimal_cell(row["tax_cents"], 2, language) if row["vat_rate"] is not None else None
                ),
            ),
            _plain(say("Business case"), "business_case"),
            _plain(say("Tender"), "tender"),
            _plain(say("Text"), "text"),
            _Column(say("Note"), lambda row, language: _notes(row["flag"], language)),
            _plain(say("Receipt"), "receipt_id"),
            *_TAKEN_BACK,
        ),
        rows=Journal.postings,
        value="amount_cents",
        summed_by="currency",
        summary=lambda rows: ExportSummary(sum(row[1] for row in rows), booked=tuple(Booked(*row) for row in rows)),
    ),
    "movements": _Kind(
        columns=(
            _day(say("Date"), "movement_date"),
            _plain(say("Article"), "article"),
            _plain(say("Warehouse"), "warehouse"),
            *_sides(say("In"), say("Out"), "quantity_milli", 3),
            _summed_by(say("Unit"), "unit"),
            _plain(say("Register"), "register"),
            _plain(say("Receipt"), "receipt_id"),
            _plain(say("Line"), "line_number"),
            _plain(say("Serial or batch"), "serial"),
            _plain(say("Document"), "document_number"),
            *_TAKEN_BACK,
        ),
        rows=Journal.movements,
        value="quantity_milli",
        summed_by="unit",
        summary=lambda rows: ExportSummary(sum(row[1] for row in rows), moved=tuple(Moved(*row) for row in rows)),
    ),
}


class _Sums:
    """Counts rows and adds up positive and negative values, separately for each currency or unit."""

    def __init__(self) -> None:
        self._found: dict[str, list[int]] = {}

    def add(self, name: str, value: int) -> None:
        """Adds a row."""
        row = self._found.setdefault(name, [0, 0, 0])
        row[0] += 1
        row[1 if value > 0 else 2] += abs(value)

    def rows(self) -> list[tuple[str, int, int, int]]:
        """Name, rows, positive and negative sum, both as positive numbers; most rows first."""
        found = sorted(self._found.items(), key=lambda row: (-row[1][0], row[0]))
        return [(name, count, positive, negative) for name, (count, positive, negative) in found]


def _notes(flag: str | None, language: Language) -> str:
    return "; ".join(rendered(_FLAGS.get(part, part), language) for part in (flag or "").split())
