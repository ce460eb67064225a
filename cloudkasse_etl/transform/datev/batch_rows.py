"""DATEV's rows: entries added up as far as the grain allows, and each as a line of its file (docs/datev.md)."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from typing import Final

from cloudkasse_etl.config.exports.datev_settings import Datev, RowGrain
from cloudkasse_etl.i18n.text import Language, Text, joined, rendered, say
from cloudkasse_etl.transform.books.closed_periods import is_of_closed_period
from cloudkasse_etl.transform.datev.extf_fields import FIELDS, POSITIONS
from cloudkasse_etl.transform.datev.extf_texts import cut, document_text, is_replaced, plain, quoted
from cloudkasse_etl.transform.datev.ledger_entries import Entry

# Accounts that know their tax themselves, by chart: a BU key on one of them is an error in DATEV.
AUTOMATIC: Final = {"03": ("8300", "8400"), "04": ("4300", "4400")}
_DOCUMENT, _TEXT, _KIND, _CONTENT = 36, 60, 20, 210
_FIRST_INFORMATION = POSITIONS["Zusatzinformation - Art 1"]
_INFORMATION: Final = (
    say("Register"), say("Closing"), say("Receipt"), say("Business case"), say("Tender"), say("Tax code"), say("VAT %"),
    say("Note"),
)  # fmt: skip
_LATE = say("period closed: booked on the first open day")


@dataclass(slots=True)
class BatchRow:
    """A row: entries of one place that are equal in all that a row says.

    Attributes:
        first: The first of them.
        grain: What they were added up by.
        amount_cents: Their sum on the account; debit is positive.
        tax_cents: The tax in it as it was printed, with its sign.
        entries: All of them.
        receipts: Numbers of their receipts by id.
        closings: Numbers of their closings; None where there is none yet.
    """

    first: Entry
    grain: RowGrain
    amount_cents: int = 0
    tax_cents: int = 0
    entries: list[Entry] = field(default_factory=list)
    receipts: dict[str, int] = field(default_factory=dict)
    closings: set[int | None] = field(default_factory=set)

    def add(self, entry: Entry) -> None:
        """Adds an entry. One with the same account on both sides moves nothing."""
        self.amount_cents += entry.amount_cents if entry.account != entry.contra else 0
        self.tax_cents += entry.tax_cents
        self.entries.append(entry)
        self.receipts[entry.receipt_id] = entry.receipt_number
        self.closings.add(entry.closing_number)

    @property
    def datev_tax_cents(self) -> int:
        """The tax that DATEV computes of the row: out of the gross amount, half a cent away from 0."""
        if self.first.vat_rate is None:
            return 0
        rate = Decimal(self.first.vat_rate)
        return int((self.amount_cents * rate / (100 + rate)).to_integral_value(ROUND_HALF_UP))

    @property
    def closing(self) -> str:
        """The number of the closing, or of the first and the last one; empty where there is none yet."""
        known = sorted(number for number in self.closings if number is not None)
        return "–".join(map(str, dict.fromkeys((known[0], known[-1])))) if known else ""

    @property
    def full_text(self) -> str:
        """What the row is about, in whatever length."""
        return plain(self._whole_text)

    @property
    def _whole_text(self) -> str:
        first = self.first
        if self.grain == "receipt":
            texts = list(dict.fromkeys(entry.text for entry in self.entries))
            return texts[0] + (f" +{len(texts) - 1}" if len(texts) > 1 else "")
        rate = f" {Decimal(first.vat_rate).normalize():f} %".replace(".", ",") if first.vat_rate is not None else ""
        case = first.business_case or (first.text if first.tender == "Unbar" else first.tender) or first.text
        place = f" Z{self.closing}" if self.closing else ""
        return f"{case}{rate} {first.register}{place}"

    @property
    def document(self) -> tuple[str, str]:
        """The document's number: what may be shortened, and what not."""
        first = self.first
        if self.grain == "receipt":
            return first.register, f"-{first.receipt_number}{first.mark}"
        if self.grain == "closing" and first.closing_number is not None:
            return first.register, f"-Z{first.closing_number}{first.mark}"
        return first.register, f"-{first.day:%Y%m%d}{first.mark}"

    def shortened(self, language: Language) -> list[str]:
        """Its texts that do not fit, in full."""
        limits = (_TEXT, *[_CONTENT] * len(_INFORMATION))
        plains = map(plain, self._texts(language))
        found = [text for text, limit in zip(plains, limits, strict=True) if len(text) > limit]
        begin, end = self.document
        if _is_cut(begin, end):
            found.append(begin + end)
        return found

    def replaced(self, language: Language) -> list[str]:
        """Its texts with letters that DATEV's files cannot have, as they were booked."""
        return list(dict.fromkeys(text for text in self._texts(language) if is_replaced(text)))

    def _texts(self, language: Language) -> list[str]:
        return [self._whole_text, *(rendered(content or "", language) for content in self._contents())]

    def line(self, datev: Datev, language: Language) -> str:
        """The row as a line of its file, without the line's end.

        Args:
            datev: The settings.
            language: Of the names of the additional information.

        Returns:
            The line.
        """
        first, cells = self.first, [""] * len(FIELDS)
        whole, cents = divmod(abs(self.amount_cents), 100)
        key = None if is_automatic(first.account, datev) else datev.tax_keys.get(first.tax_code or "")
        cells[0] = f"{whole},{cents:02d}"
        cells[1] = quoted("S" if self.amount_cents > 0 else "H")
        cells[6], cells[7] = first.account, first.contra
        cells[8] = quoted(key) if key else ""
        cells[9] = f"{first.day:%d%m}"
        cells[10] = quoted(document_text(*self.document, _DOCUMENT))
        cells[13] = quoted(cut(self.full_text, _TEXT))
        place = _FIRST_INFORMATION
        for kind, content in zip(_kinds(language), self._contents(), strict=True):
            if content:
                cells[place], cells[place + 1] = kind, quoted(cut(plain(rendered(content, language)), _CONTENT))
                place += 2
        cells[POSITIONS["Festschreibung"]] = str(int(datev.lock))
        return ";".join(cells)

    def _contents(self) -> tuple[str | None, ...]:
        first, numbers = self.first, sorted(self.receipts.values())
        shown = "–".join(map(str, dict.fromkeys((numbers[0], numbers[-1]))))
        receipts = f"{shown} ({next(iter(self.receipts)) if len(numbers) == 1 else len(numbers)})"
        return (
            first.register, self.closing, receipts, first.business_case, first.tender, first.tax_code, first.vat_rate,
            joined("; ", self._notes()) if self._notes() else None,
        )  # fmt: skip

    def _notes(self) -> list[Text]:
        notes = [_LATE] if is_late(self.first) else []
        if self.first.reason is None:
            return notes
        reasons = list(dict.fromkeys(entry.reason for entry in self.entries if entry.reason))
        more = [say("and more")] if len(reasons) > 1 else []
        return [*notes, say("taken back: {reason}", reason=joined(", ", [reasons[0], *more]))]


def _is_cut(begin: str, end: str) -> bool:
    return document_text(begin, end, _DOCUMENT) != document_text(begin, end, len(begin + end) * 2)


@cache
def _kinds(language: Language) -> tuple[str, ...]:
    """The names of the additional information, as cells."""
    return tuple(quoted(cut(plain(rendered(kind, language)), _KIND)) for kind in _INFORMATION)


def gather(entries: Iterable[Entry], grain: RowGrain) -> list[BatchRow]:
    """Adds entries up to rows, in the order of the first entry of each; sums of 0 are rows here too.

    Args:
        entries: The entries.
        grain: What they are added up by: closing, day or receipt of a register.

    Returns:
        The rows.
    """
    found: dict[tuple[object, ...], BatchRow] = {}
    for entry in entries:
        place: object = entry.receipt_id
        if grain != "receipt":
            place = entry.closing_number if grain == "closing" else None
        by_name = entry.text if grain != "receipt" and entry.tender == "Unbar" else None
        key = (
            entry.register, place, entry.day, entry.account, entry.contra, entry.currency, entry.tax_code,
            entry.vat_rate, entry.business_case, entry.tender, by_name, is_late(entry), entry.mark,
        )  # fmt: skip
        row = found.get(key)
        if row is None:
            row = found[key] = BatchRow(entry, grain)
        row.add(entry)
    return list(found.values())


def is_late(entry: Entry) -> bool:
    """Whether the period of its business day was closed when it was booked."""
    return is_of_closed_period(entry.flag)


def is_automatic(account: str, datev: Datev) -> bool:
    """Whether DATEV takes the tax from the account itself, and refuses a BU key with it."""
    zeros = "0" * (datev.account_length - 4)
    return account in {number + zeros for number in AUTOMATIC.get(datev.charts or "", ())}


def period_of(day: dt.date, datev: Datev) -> tuple[dt.date, int, int]:
    """The fiscal year, and the month, that a row's file is for."""
    return datev.fiscal_year(day), day.year, day.month
