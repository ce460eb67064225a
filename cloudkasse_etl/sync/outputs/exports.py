"""Use cases that export postings and stock movements as CSV for a bookkeeper."""

import csv
import datetime as dt
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, NamedTuple

from cloudkasse_etl.config.settings import Configuration
from cloudkasse_etl.errors import unwritable_file
from cloudkasse_etl.i18n.formats import day_in_figures, spelled, ungrouped
from cloudkasse_etl.i18n.text import say, told, told_each
from cloudkasse_etl.rejections.rejection import Language
from cloudkasse_etl.state.stores.books.journal import Journal
from cloudkasse_etl.sync.inputs.own_tables import open_reading
from cloudkasse_etl.sync.run.protocol import cell
from cloudkasse_etl.transform.turnover_cases import TURNOVER_CASES

_POSTINGS = (
    say("Date"),
    say("Document"),
    say("Register"),
    say("Closing"),
    say("Account"),
    say("Debit"),
    say("Credit"),
    say("Currency"),
    say("Tax code"),
    say("VAT %"),
    say("VAT amount"),
    say("Business case"),
    say("Tender"),
    say("Text"),
    say("Note"),
    say("Receipt"),
)
_MOVEMENTS = (
    say("Date"),
    say("Article"),
    say("Warehouse"),
    say("In"),
    say("Out"),
    say("Unit"),
    say("Register"),
    say("Receipt"),
    say("Line"),
    say("Serial or batch"),
)
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


def export_postings(
    configuration: Configuration, path: Path, *, first: dt.date | None = None, last: dt.date | None = None
) -> ExportSummary:
    """Writes the posting journal of some days, with its totals.

    Args:
        configuration: Settings and connections.
        path: The CSV file.
        first: The first day; None: from the beginning.
        last: The last day, inclusive; None: to the end.

    Returns:
        The totals.

    Raises:
        ConfigurationError: The file cannot be written.
        StateUnavailableError: Our own tables cannot be reached.
    """
    language = configuration.settings.language
    sums = _Sums()
    with open_reading(configuration) as store, _csv(path, told_each(_POSTINGS, language)) as write:
        for row in Journal(store.connection).postings(first, last):
            found = row._mapping
            amount: int = found["amount_cents"]
            sums.add(found["currency"], amount)
            write(
                [
                    day_in_figures(found["posting_date"], language),
                    found["document_number"],
                    found["register"],
                    found["closing_number"],
                    found["account"],
                    _decimal(amount, 2, language) if amount > 0 else None,
                    _decimal(-amount, 2, language) if amount < 0 else None,
                    found["currency"],
                    found["tax_code"],
                    _comma(found["vat_rate"], language),
                    _decimal(found["tax_cents"], 2, language) if found["vat_rate"] is not None else None,
                    found["business_case"],
                    found["tender"],
                    found["text"],
                    _notes(found["flag"], language),
                    found["receipt_id"],
                ]
            )
        booked = tuple(Booked(*row) for row in sums.rows())
        for total in booked or (Booked("", 0, 0, 0),):
            amounts = [_decimal(cents, 2, language) for cents in (total.debit_cents, total.credit_cents)]
            write([_TOTAL.told(language), *[None] * 4, *amounts, total.currency, *[None] * 8])
    return ExportSummary(sum(total.postings for total in booked), booked=booked)


def export_movements(
    configuration: Configuration, path: Path, *, first: dt.date | None = None, last: dt.date | None = None
) -> ExportSummary:
    """Writes the stock movements of some days, with their totals.

    Args:
        configuration: Settings and connections.
        path: The CSV file.
        first: The first day; None: from the beginning.
        last: The last day, inclusive; None: to the end.

    Returns:
        The totals.

    Raises:
        ConfigurationError: The file cannot be written.
        StateUnavailableError: Our own tables cannot be reached.
    """
    language = configuration.settings.language
    sums = _Sums()
    with open_reading(configuration) as store, _csv(path, told_each(_MOVEMENTS, language)) as write:
        for row in Journal(store.connection).movements(first, last):
            found = row._mapping
            quantity: int = found["quantity_milli"]
            sums.add(found["unit"] or "", quantity)
            write(
                [
                    day_in_figures(found["movement_date"], language),
                    found["article"],
                    found["warehouse"],
                    _decimal(quantity, 3, language) if quantity > 0 else None,
                    _decimal(-quantity, 3, language) if quantity < 0 else None,
                    found["unit"],
                    found["register"],
                    found["receipt_id"],
                    found["line_number"],
                    found["serial"],
                ]
            )
        moved = tuple(Moved(*row) for row in sums.rows())
        for total in moved or (Moved("", 0, 0, 0),):
            quantities = [_decimal(milli, 3, language) for milli in (total.in_milli, total.out_milli)]
            write([_TOTAL.told(language), None, None, *quantities, total.unit, *[None] * 4])
    return ExportSummary(sum(total.movements for total in moved), moved=moved)


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


@contextmanager
def _csv(path: Path, titles: Iterable[str]) -> Iterator[Callable[[list[Any]], None]]:
    """A CSV file that appears once it is complete; cells that would be formulas are text."""
    temporary = path.with_name(f"{path.name}.part")
    try:
        # a German Excel expects semicolons and a byte order mark
        with temporary.open("w", encoding="utf-8-sig", newline="") as file:
            write = _writer(file)
            write(list(titles))
            yield write
        temporary.replace(path)
    except OSError as error:
        raise unwritable_file(path, error) from error
    finally:
        temporary.unlink(missing_ok=True)


def _writer(file: IO[str]) -> Callable[[list[Any]], None]:
    writer = csv.writer(file, delimiter=";", lineterminator="\r\n")

    def write(values: list[Any]) -> None:
        writer.writerow([value if isinstance(value, _Number) else cell(value) for value in values])

    return write


class _Number(str):
    """An amount as text: marked, so that its minus sign is not taken for a formula."""

    __slots__ = ()


def _decimal(value: int, places: int, language: Language) -> _Number:
    return _Number(ungrouped(value, places, language))


def _comma(value: str | None, language: Language) -> _Number | None:
    return None if value is None else _Number(spelled(value, language))


def _notes(flag: str | None, language: Language) -> str:
    return "; ".join(told(_FLAGS.get(part, part), language) for part in (flag or "").split())
