"""What a void takes over from the receipt that it voids: accounts, tax codes and stock, line by line. Pure.

A void is booked like its original with opposite signs, whatever has changed since in the ERP and in the settings.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from cloudkasse_etl.i18n.formats import plain_euros, ungrouped
from cloudkasse_etl.i18n.messages import ENGLISH
from cloudkasse_etl.schemas.booked_rows import MovedRow, PostingRow
from cloudkasse_etl.schemas.wire_receipts import Line, Receipt
from cloudkasse_etl.transform.books.business_cases import (
    CASH_DIFFERENCE,
    DEPOSIT_RETURN,
    DISCOUNT,
    OPENING_CASH,
    STOCK_CASES,
)
from cloudkasse_etl.transform.receipt_frames import IN_KIND

# Money goes out with these, and comes in with the others, unless the line is a void.
_OUTGOING = (
    DISCOUNT, DEPOSIT_RETURN, "EinzweckgutscheinEinloesung", "MehrzweckgutscheinEinloesung", "Forderungsentstehung",
    "Anzahlungsaufloesung", "Privatentnahme", "Lohnzahlung", "Auszahlung",
)  # fmt: skip
# Their sign may be either, so it does not show whether they void something.
_EITHER_WAY = ("TrinkgeldAN", "Geldtransit", CASH_DIFFERENCE, OPENING_CASH)


class Entry(NamedTuple):
    """How a line was posted."""

    account: str
    tax_code: str | None
    vat_rate: str | None = None


@dataclass(frozen=True)
class Original:
    """A receipt that is booked, and what was booked of it.

    Attributes:
        receipt: The receipt.
        postings: All of its postings.
        movements: All of its movements.
        unmoved: Numbers of its lines whose stock was refused and is not moved yet.
        by_hand: Numbers of its lines whose stock a person was asked to book, or has dealt with.
        voids: The receipts that void it and are booked already.
        further: The receipts that void those, and so on, by the id of the voided receipt.
    """

    receipt: Receipt
    postings: Sequence[PostingRow] = ()
    movements: Sequence[MovedRow] = ()
    unmoved: frozenset[int] = frozenset()
    by_hand: frozenset[int] = frozenset()
    voids: Sequence[Receipt] = ()
    further: Mapping[str, Sequence[Receipt]] = field(default_factory=dict)


@dataclass(frozen=True)
class Mirror:
    """What a void takes over from its original; anything that is missing here is booked by today's rules.

    Attributes:
        business_day: The original's day, ISO text; None where the original is not known.
        rates: The VAT rates of its lines as the wire writes them.
        clearing: The clearing account that it was posted on.
        lines: How the void's lines are posted, by number.
        tenders: The account of each tender and text of a payment.
        stock: What the void's lines move, by number: with the quantity that is booked of them. A line that is present
            but moves nothing has an original that moved nothing.
        by_hand: Numbers of the void's lines that are booked by hand because their original's stock is.
    """

    business_day: str | None = None
    rates: frozenset[str | None] = frozenset()
    clearing: str | None = None
    lines: Mapping[int, Entry] = field(default_factory=dict)
    tenders: Mapping[tuple[str, str], str] = field(default_factory=dict)
    stock: Mapping[int, tuple[MovedRow, ...]] = field(default_factory=dict)
    by_hand: frozenset[int] = frozenset()

    def tender_account(self, tender: str, text: str, *, is_by_name: bool) -> str | None:
        """The account that the original's payment used.

        Args:
            tender: The tender of the void's payment.
            text: Its name.
            is_by_name: Whether another name of the tender has another account, by today's settings.

        Returns:
            The account; None where the original does not decide it.
        """
        found = self.tenders.get((tender, text))
        if found is None and not is_by_name:
            accounts = {account for (other, _), account in self.tenders.items() if other == tender}
            return accounts.pop() if len(accounts) == 1 else None
        return found


@dataclass(frozen=True, slots=True)
class Excess:
    """A void that takes back more than was sold.

    Attributes:
        text: The text of the line.
        sold: Gross or quantity of it in the original.
        before: What earlier receipts voided of it.
        value: What this receipt voids of it.
        earlier: The receipts that voided it before.
    """

    text: str
    sold: str
    before: str
    value: str
    earlier: tuple[str, ...]


def is_void(receipt: Receipt) -> bool:
    """Whether a receipt takes back (part of) the one that it refers to: flagged as a void, or with a reversed line.

    Other receipts may refer to a receipt as well, to settle its invoice; they are booked on their own. One that takes
    back a void or a return has ordinary signs; it is recognised by comparing it with that receipt (`undoes`).
    """
    if receipt.reference_id is None or receipt.kind not in ("Beleg", IN_KIND):
        return False
    return receipt.cancelled or any(_is_turned(line) for line in _live(receipt))


def undoes(receipt: Receipt, original: Receipt) -> bool:
    """Whether every line of a receipt takes back a line of the one it refers to: a void of a void needs no flag."""
    lines = [line for line in _live(receipt) if _sign(line)]
    is_of_goods = receipt.kind in ("Beleg", IN_KIND)
    return is_of_goods and bool(lines) and len(list(_counterparts(receipt, original))) == len(lines)


def unsold(void: Receipt, original: Receipt) -> Line | None:
    """The first line that a void takes back although its original does not have it; None if there is no such line."""
    matched = {line.number for line, _ in _counterparts(void, original)}
    for line in _live(void):
        takes_back = void.cancelled or (line.business_case not in _EITHER_WAY and _is_turned(line))
        if takes_back and _sign(line) and line.number not in matched:
            return line
    return None


def of_known(receipt: Receipt) -> Mirror:
    """The mirror for an original that was not booked here: only the rates of its day are taken over."""
    return Mirror(receipt.business_day, frozenset(line.vat_rate for line in receipt.lines))


def mirror(void: Receipt, original: Original) -> Mirror:
    """What a void takes over from its original."""
    found = of_known(original.receipt)
    entries = posted_entries(original)
    moved: dict[int, list[MovedRow]] = defaultdict(list)
    for row in original.movements:
        moved[row.line_number].append(row)
    lines: dict[int, Entry] = {}
    stock: dict[int, tuple[MovedRow, ...]] = {}
    by_hand = set()
    for line, theirs in _counterparts(void, original.receipt):
        if theirs.number in entries and line.gross_cents:
            lines[line.number] = entries[theirs.number]
        if line.business_case in STOCK_CASES and theirs.number in original.by_hand:
            by_hand.add(line.number)
        elif line.business_case in STOCK_CASES and theirs.number not in original.unmoved:
            rows = [row._replace(quantity_milli=_share(row, line, theirs)) for row in moved[theirs.number]]
            stock[line.number] = tuple(row for row in rows if row.quantity_milli)
    tenders: dict[tuple[str, str], str] = {}
    for posting in original.postings[::2]:
        if posting.tender is not None:
            tenders.setdefault((posting.tender, posting.text), posting.account)
    clearing = original.postings[1].account if len(original.postings) > 1 else None
    return Mirror(found.business_day, found.rates, clearing, lines, tenders, stock, frozenset(by_hand))


def excess(void: Receipt, original: Original) -> Excess | None:
    """The first line of a void that takes back more than earlier voids left of the original; None if there is none.

    Lines are added up by business case, article and rate: one line may take back two pieces that were sold in two
    lines. Lines that name a serial number or a batch are added up by that as well. Where part of a quantity is taken
    back, each line may be off by a cent of rounding.
    """
    sold, now = _Sums(), _Sums()
    texts: dict[_Kind, str] = {}
    for line in _live(original.receipt):
        for key in _keys(line, line.serial):
            sold.add(key, line)
            texts.setdefault(key, line.text)
    before, earlier = _taken_back(original.receipt, original.voids, original.further)
    for line, theirs in _counterparts(void, original.receipt):
        for key in _keys(theirs, _serial(line, theirs)):
            now.add(key, line, sold.milli[key])
    for key in now.gross:
        gross = before.gross[key] + now.gross[key]
        milli = before.milli[key] + now.milli[key]
        rounding = before.parts[key] + now.parts[key]
        is_counted = len(sold.units[key] | before.units[key] | now.units[key]) == 1 and sold.milli[key]
        names = tuple(earlier.get(key, ()))
        if gross > sold.gross[key] + rounding:
            return Excess(
                texts[key],
                plain_euros(sold.gross[key]),
                plain_euros(before.gross[key]),
                plain_euros(now.gross[key]),
                names,
            )
        if is_counted and milli > sold.milli[key]:
            unit = next(iter(sold.units[key])) or ""
            return Excess(
                texts[key],
                _quantity(sold.milli[key], unit),
                _quantity(before.milli[key], unit),
                _quantity(now.milli[key], unit),
                names,
            )
    return None


_Kind = tuple[tuple[str | None, ...], int]


def _taken_back(
    receipt: Receipt, voids: Sequence[Receipt], further: Mapping[str, Sequence[Receipt]], path: tuple[str, ...] = ()
) -> tuple["_Sums", Mapping[_Kind, list[str]]]:
    """What voids have taken back of a receipt, less what was taken back of the voids; and the ids of those voids."""
    found, names = _Sums(), defaultdict[_Kind, list[str]](list)
    whole: dict[_Kind, int] = defaultdict(int)
    for line in _live(receipt):
        for key in _keys(line, line.serial):
            whole[key] += _milli(line)
    here = (*path, receipt.id)
    for void in voids:
        if void.id in here:
            continue
        taken = _Sums()
        turned: dict[_Kind, _Kind] = {}
        for line, theirs in _counterparts(void, receipt):
            serial = _serial(line, theirs)
            for key, back in zip(_keys(theirs, serial), _keys(line, serial), strict=True):
                taken.add(key, line, whole[key])
                turned[key] = back
        given_back, _ = _taken_back(void, further.get(void.id, ()), further, here)
        for key, back in turned.items():
            gross = max(0, taken.gross[key] - given_back.gross[back])
            milli = max(0, taken.milli[key] - given_back.milli[back])
            if not gross and not milli:
                continue
            found.gross[key] += gross
            found.milli[key] += milli
            found.parts[key] += taken.parts[key] + given_back.parts[back]
            found.units[key] |= taken.units[key] | given_back.units[back]
            if (name := f"{void.register}-{void.number}") not in names[key]:
                names[key].append(name)
    return found, names


class _Sums:
    """Sums of gross and quantities by kind of line, without their signs."""

    def __init__(self) -> None:
        self.gross: dict[_Kind, int] = defaultdict(int)
        self.milli: dict[_Kind, int] = defaultdict(int)
        self.parts: dict[_Kind, int] = defaultdict(int)
        self.units: dict[_Kind, set[str | None]] = defaultdict(set)

    def add(self, key: _Kind, line: Line, whole: int = 0) -> None:
        """Adds a line; one of less than the whole quantity is a part, whose gross may be rounded."""
        self.gross[key] += abs(line.gross_cents)
        self.milli[key] += _milli(line)
        self.units[key].add(line.unit)
        self.parts[key] += _milli(line) < whole


def _live(receipt: Receipt) -> list[Line]:
    return [line for line in receipt.lines if not line.cancelled]


def _kind(line: Line) -> tuple[str, str | None, str | None]:
    return line.business_case, line.article, line.vat_rate


def _keys(line: Line, serial: str | None) -> list[_Kind]:
    """The sums that a line belongs to: its kind, and within that the serial number or batch that was keyed in."""
    if not (sign := _sign(line)):
        return []
    kind = _kind(line)
    return [(kind, sign), ((*kind, serial), sign)] if serial else [(kind, sign)]


def _serial(line: Line, theirs: Line) -> str | None:
    return line.serial if line.serial == theirs.serial else None


def _milli(line: Line) -> int:
    return abs(int(line.quantity.replace(".", "")))


def _quantity(milli: int, unit: str) -> str:
    return f"{ungrouped(milli, 3, ENGLISH)} {unit}".strip()


def _sign(line: Line) -> int:
    """The sign of a line's money; where it has none, of its quantity."""
    number = line.gross_cents or int(line.quantity.replace(".", ""))
    return (number > 0) - (number < 0)


def _is_turned(line: Line) -> bool:
    if line.business_case in _EITHER_WAY:
        return line.gross_cents != 0
    return _sign(line) == (1 if line.business_case in _OUTGOING else -1)


def _counterparts(void: Receipt, original: Receipt) -> Iterable[tuple[Line, Line]]:
    """The lines of a void that take back a line of the original, with the line that they take back.

    Where several lines fit, the one with the same serial number, price, text, amount and number is preferred that no
    other line has taken yet.
    """
    taken: set[int] = set()
    for line in sorted(_live(void), key=lambda line: line.number):
        fitting = [theirs for theirs in _live(original) if _takes_back(line, theirs, void)]
        if not fitting:
            continue
        best = max(fitting, key=lambda theirs: (*_likeness(line, theirs), theirs.number not in taken, -theirs.number))
        taken.add(best.number)
        yield line, best


def _takes_back(line: Line, theirs: Line, void: Receipt) -> bool:
    if _kind(line) != _kind(theirs) or not (sign := _sign(line)):
        return False
    if line.serial and theirs.serial and line.serial != theirs.serial:
        return False
    if line.gross_cents == theirs.gross_cents == 0:
        return void.cancelled or sign == -_sign(theirs)  # given away: only the flag says that it comes back
    return bool(line.gross_cents and theirs.gross_cents) and sign == -_sign(theirs)


def _likeness(line: Line, theirs: Line) -> tuple[bool, ...]:
    return (
        line.serial == theirs.serial,
        abs(line.unit_price_cents) == abs(theirs.unit_price_cents),
        line.text == theirs.text,
        abs(line.gross_cents) == abs(theirs.gross_cents),
        line.number == theirs.number,
    )


def _share(row: MovedRow, line: Line, theirs: Line) -> int:
    """The part of a movement that a line takes back, rounded half away from zero; where units differ, by the money."""
    part, whole = _milli(line), _milli(theirs)
    if line.unit != theirs.unit and theirs.gross_cents:
        part, whole = abs(line.gross_cents), abs(theirs.gross_cents)
    if not whole:
        return 0
    product = row.quantity_milli * part
    rounded = (2 * abs(product) + whole) // (2 * whole)
    return -rounded if product > 0 else rounded


def posted_entries(original: Original) -> Mapping[int, Entry]:
    """How each line of a booked receipt was posted, by number: postings are in line order, each before its clearing."""
    lines = sorted(_live(original.receipt), key=lambda line: line.number)
    posted = [line for line in lines if line.gross_cents and line.business_case != OPENING_CASH]
    postings: list[Any] = [posting for posting in original.postings[::2] if posting.tender is None]
    found = [(posting.business_case, posting.amount_cents) for posting in postings]
    if found != [(line.business_case, -line.gross_cents) for line in posted]:
        return {}  # goods taken in kind have none
    return {line.number: Entry(p.account, p.tax_code, p.vat_rate) for line, p in zip(posted, postings, strict=True)}
