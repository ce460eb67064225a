"""What a record is called: the words by which a shop knows it. Its id is the key of a rejection, for programs.

A name is built of facts, and told in a language: days and amounts have its formats. Facts that the key does not
hold (an article's name, a receipt's number) are found by state/stores/named_records.py.
"""

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import NamedTuple

from cloudkasse_etl.entities import (
    ALL_KINDS,
    DELIVERED,
    PRICES,
    REVENUE_POSTINGS,
    STAGED_CLOSINGS,
    STAGED_RECEIPTS,
    STOCK_MOVEMENTS,
)
from cloudkasse_etl.i18n.formats import clean, day_in_figures, money, short_quantity
from cloudkasse_etl.i18n.messages import Language
from cloudkasse_etl.i18n.text import Text, say

OF_RECEIPTS = (STAGED_RECEIPTS, REVENUE_POSTINGS, STOCK_MOVEMENTS)
"""The assets whose records are receipts, or lines of them."""
LINE_CENTS = "line_cents"
"""In the detail of a refused stock line: what it came to, gross."""
_NAMES = {asset: kind.name for kind in ALL_KINDS for asset in kind.assets}
_UUID = re.compile(r"[0-9a-fA-F]{8}(?=-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12})")
_WHOLE_UUID = re.compile(r"([0-9a-fA-F]{8})(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_DIGEST = re.compile(r"[0-9a-f]{32}(-\d+)?")
_ROW = re.compile(r"(\w+) row (.+)")
_PRICE_ROW = re.compile(r" \((\w+) ([^()]+)\)$")
_GROUP = "GRUPPEN AG "
_SEPARATOR = " · "
_SHORT_ID = 8
_NUMBER = re.compile(r"(\d+)")


NaturalPlace = list[tuple[int, str]]


class Amount(NamedTuple):
    """An amount of money."""

    cents: int
    currency: str


@dataclass(frozen=True, slots=True)
class RecordName:
    """The name of a record of which nothing but its number is a fact, and perhaps what it is called there.

    Attributes:
        key: The record's key.
        title: The name that people gave it, such as an article's; None where it is not known.
    """

    key: str
    title: str | None = field(default=None, kw_only=True)

    @property
    def titled(self) -> str:
        """The number of the record whose title it is: for a price, its article."""
        return self.key

    @property
    def amount(self) -> Amount | None:
        """The gross amount that is in the books only once the record is accepted; None for all but receipts."""
        return None

    @property
    def place(self) -> NaturalPlace:
        """The sort key by which records are listed everywhere: A2 before A10, K1-9 before K1-10."""
        return natural_place(self.key)

    def render(self, language: Language) -> str:
        """The name in a language."""
        found = _ROW.fullmatch(self.key)
        if self.key.startswith(_GROUP):
            number = say("article group {number}", number=self.key.removeprefix(_GROUP)).render(language)
        elif found:
            number = say("row {row} of {table}", row=found[2], table=found[1]).render(language)
        else:
            number = self.key
        return clean(f"{number} {self.title}" if self.title else number)


@dataclass(frozen=True, slots=True)
class PriceName(RecordName):
    """The name of a price, or of all prices of an article: `301 Eier, group 1, from 0`. Its title is the article's."""

    @property
    def titled(self) -> str:
        """The number of its article."""
        return self._parts()[0]

    def _parts(self) -> list[str]:
        """Article, price group, quantity and first day, as far as the key has them."""
        return _PRICE_ROW.sub("", self.key).rsplit("|", 3)

    def render(self, language: Language) -> str:
        """The name in a language."""
        article, *more = self._parts()
        texts = [f"{article} {self.title}" if self.title else article]
        for name, value in zip(("group", "quantity", "start"), more, strict=False):
            if value:
                texts.append(_PRICE_PARTS[name](value, language).render(language))
        found = _PRICE_ROW.search(self.key)
        if found and not article:  # nothing else tells which one it is
            texts = [say("row {row} of {table}", row=found[2], table=found[1]).render(language), *texts[1:]]
        return clean(", ".join(texts))


@dataclass(frozen=True, slots=True)
class ReceiptName(RecordName):
    """The name of a receipt, or of a line of one: `K1-348, line 3 · 2026-10-07 · 7.71 €`.

    Attributes:
        register, number: Where it was printed; None where they cannot be read.
        day: Its business day.
        cents: Its total, gross.
        currency: In which currency; None where it is not known.
        line: The number of the line, whose title is its article; None for the whole receipt. The receipt's total is no
            part of a line's name: it is booked.
        line_cents: What the line came to, gross; None where it is not known.
        second: Whether it is another content under the id of the receipt with this register and number.
    """

    register: str | None = None
    number: int | None = None
    day: dt.date | None = None
    cents: int | None = None
    currency: str | None = None
    line: str | None = None
    line_cents: int | None = None
    second: bool = False

    @property
    def place(self) -> NaturalPlace:
        """Register, number and line, where they are known."""
        known = self.key if self.register is None or self.number is None else f"{self.register}-{self.number}"
        return natural_place(f"{known}, {self.line or ''}")

    @property
    def amount(self) -> Amount | None:
        """The receipt's total; None for a line: the receipt is booked."""
        if self.cents is None or not self.currency or self.line is not None or self.second:
            return None
        return Amount(self.cents, self.currency)

    def render(self, language: Language) -> str:
        """The name in a language."""
        if self.register is None or self.number is None:
            known = _short_id(self.key)
            label = say("receipt {id}", id=known).render(language) if known else clean(self.key, 60)
        else:
            label = _label(self.register, self.number)
        if self.line is not None:
            label = say("{receipt}, line {line}", receipt=label, line=self.line).render(language)
            whole = clean(f"{label}, {self.title}") if self.title else label
            return _joined(whole, self.day, self.line_cents, self.currency, language)
        if self.second:
            return say("{receipt}, other content", receipt=label).render(language)
        return _joined(label, self.day, self.cents, self.currency, language)


@dataclass(frozen=True, slots=True)
class ClosingName(RecordName):
    """The name of a closing: `K1 closing 12 · 2026-10-07`; of a whole export that cannot be read, its path.

    Attributes:
        day: Its business day; None where it is not known.
    """

    day: dt.date | None = None

    def render(self, language: Language) -> str:
        """The name in a language."""
        register, mark, number = self.key.rpartition("|")
        if mark:
            label = say("{register} closing {number}", register=clean(register, 60), number=number)
        elif self.key.startswith("?") and not _DIGEST.fullmatch(self.key[1:]):
            label = say("export {path}", path=clean(self.key[1:], 60))
        else:
            label = say("closing {id}", id=_short_id(self.key) or clean(self.key, 60))
        return _joined(label.render(language), self.day, None, None, language)


def receipt_name(
    register: str | None,
    number: int | None,
    day: dt.date | None,
    cents: int | None,
    currency: str | None,
    language: Language,
) -> str:
    """The name of a receipt: `K1-348 · 2026-10-07 · 7.71 €`; what is not known is left out.

    Args:
        register: The register.
        number: The number on the register.
        day: The business day.
        cents: The total, gross.
        currency: The currency of the total.
        language: The language of the formats.

    Returns:
        The name.
    """
    return ReceiptName("", register, number, day, cents, currency).render(language)


UNDONE = " undone"
"""Ends the place of a delivery that takes back what an earlier one of the place has brought."""


@dataclass(frozen=True, slots=True)
class DeliveryName(RecordName):
    """The name of a document or batch for SelectLine: `K1 closing 12`, `K1 2026-10-07`, and which one of several.

    Its title is the number by which commands take it, once it has one: `K1 closing 12, delivery 3`.
    """

    def render(self, language: Language) -> str:
        """The name in a language."""
        _, register, place, generation = (*self.key.split("|"), "", "", "", "")[:4]
        is_undone, place = place.endswith(UNDONE), place.removesuffix(UNDONE)
        what, _, which = place.partition(" ")
        if what == "closing":
            label = say("{register} closing {number}", register=clean(register, 60), number=which).render(language)
        elif what == "day":
            label = f"{clean(register, 60)} {_of_day(which, language)}"
        elif what == "receipt":
            label = say("{register} receipt {id}", register=clean(register, 60), id=without_ids(which)).render(language)
        else:
            return clean(self.key)
        if is_undone:
            label = say("{place}, taken back", place=label).render(language)
        label = label if generation in ("", "1") else f"{label} ({clean(generation, 10)})"
        return say("{document}, delivery {id}", document=label, id=self.title).render(language) if self.title else label


def name_of(asset: str, key: str, title: str | None = None) -> RecordName:
    """The name of an asset's record, as far as its key tells it.

    Args:
        asset: The asset.
        key: The record's key within it.
        title: The name that people gave the record, or a price's article.

    Returns:
        The name.
    """
    if asset == STAGED_CLOSINGS:
        return ClosingName(key)
    if asset in DELIVERED:
        return DeliveryName(key, title=title)
    if asset == STOCK_MOVEMENTS:
        receipt_id, mark, line = key.rpartition("|")
        return ReceiptName(receipt_id, line=line) if mark else ReceiptName(key)
    if asset in OF_RECEIPTS:
        return ReceiptName(key)
    return (PriceName if _NAMES.get(asset) == PRICES.name else RecordName)(key, title=title)


def natural_place(text: str) -> NaturalPlace:
    """The sort key of a text in which numbers count as numbers."""
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in _NUMBER.split(text)]


def without_ids(text: str) -> str:
    """A text in which each whole id of a receipt or closing is only its beginning, by which commands find it."""
    return _WHOLE_UUID.sub(r"\1", text)


def title_of(record: Mapping[str, object]) -> str | None:
    """The name that people gave a record of the ERP, of its fields; None where it has none."""
    return next((str(record[name]) for name in ("name", "display_name") if record.get(name)), None)


def _label(register: str, number: int) -> str:
    return clean(f"{register}-{number}", 60)


def _joined(label: str, day: dt.date | None, cents: int | None, currency: str | None, language: Language) -> str:
    parts = [label]
    if day is not None:
        parts.append(day_in_figures(day, language))
    if cents is not None:
        parts.append(money(cents, currency or "", language))
    return _SEPARATOR.join(parts)


def _short_id(key: str) -> str | None:
    """The beginning of the id of a record without a number, which commands take; None where its key is no such id."""
    found = _UUID.match(key)
    return found[0] if found else key[1 : 1 + _SHORT_ID] if key.startswith("?") else None


def _of_group(number: str, _: Language) -> Text:
    return say("group {number}", number=number)


def _of_quantity(text: str, language: Language) -> Text:
    try:
        shown = short_quantity(int(Decimal(text).scaleb(3).to_integral_value()), language)
    except (InvalidOperation, ValueError, OverflowError):
        shown = text
    return say("from {quantity}", quantity=shown)


def _of_day(text: str, language: Language) -> str:
    try:
        return day_in_figures(dt.date.fromisoformat(text), language)
    except ValueError:
        return text


def _of_start(text: str, language: Language) -> Text:
    return say("valid from {day}", day=_of_day(text, language))


_PRICE_PARTS = {"group": _of_group, "quantity": _of_quantity, "start": _of_start}
