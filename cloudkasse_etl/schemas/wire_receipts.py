"""Receipts and closings in wire format (contract; codes of DSFinV-K 2.4): the codes, the types, and their parsing."""

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Final, TypeVar

import msgspec
import orjson

from cloudkasse_etl.fingerprint import fingerprint
from cloudkasse_etl.schemas.lenient_json import read_json

KINDS: Final = (
    "Beleg", "AVRechnung", "AVTransfer", "AVBestellung", "AVTraining", "AVBelegstorno", "AVBelegabbruch",
    "AVSachbezug", "AVSonstige",
)  # fmt: skip
BUSINESS_CASES: Final = (
    "Umsatz", "Pfand", "PfandRueckzahlung", "Rabatt", "Aufschlag", "ZuschussEcht", "ZuschussUnecht", "TrinkgeldAG",
    "TrinkgeldAN", "EinzweckgutscheinKauf", "EinzweckgutscheinEinloesung", "MehrzweckgutscheinKauf",
    "MehrzweckgutscheinEinloesung", "Forderungsentstehung", "Forderungsaufloesung", "Anzahlungseinstellung",
    "Anzahlungsaufloesung", "Anfangsbestand", "Privatentnahme", "Privateinlage", "Geldtransit", "Lohnzahlung",
    "Einzahlung", "Auszahlung", "DifferenzSollIst",
)  # fmt: skip
TENDERS: Final = ("Bar", "Unbar", "Keine", "ECKarte", "Kreditkarte", "ElZahlungsdienstleister", "Guthabenkarte")
RECEIVABLES: Final = ("Forderungsentstehung", "Forderungsaufloesung")

# Limit of cents and thousandths: sums of many such values still fit into 64 bits.
CENTS_LIMIT = 10**13
_QUANTITY = re.compile(r"^(-?)(\d{1,12})(?:\.(\d{1,3})0*)?$")
_RATE = re.compile(r"^(\d{1,2})(?:\.(\d{1,2})0*)?$")

Cents = Annotated[int, msgspec.Meta(ge=-CENTS_LIMIT, le=CENTS_LIMIT)]
Number = Annotated[int, msgspec.Meta(ge=0, le=2**53)]
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=100)]


# Fields are in alphabetical order, because the hash of a receipt's content is made in that order. Parsed JSON has no
# reference cycles, so the garbage collector need not visit millions of lines (gc=False).
class Line(msgspec.Struct, kw_only=True, gc=False):
    """A line of a receipt [Bonpos]. `quantity` has 3 decimals and `vat_rate` 2 once the receipt is parsed."""

    article: str | None
    business_case: str
    cancelled: bool
    gross_cents: Cents
    gtin: str | None = None
    in_house: bool | None = None
    net_cents: Cents
    number: Number
    quantity: str
    serial: str | None = None
    tax_cents: Cents
    text: str
    unit: str | None
    unit_price_cents: Cents
    vat_rate: str | None
    voucher: str | None


class Payment(msgspec.Struct, kw_only=True, gc=False):
    """A payment of a receipt [Bonkopf_Zahlarten]."""

    amount_cents: Cents
    base_amount_cents: Cents
    currency: str
    name: str | None
    tender: str


class VatBlock(msgspec.Struct, kw_only=True, gc=False):
    """A rate's totals as they were printed [Bonkopf_USt]; not the sum of the lines."""

    gross_cents: Cents
    net_cents: Cents
    tax_cents: Cents
    vat_rate: str | None


class Reference(msgspec.Struct, gc=False):
    """The receipt that this one refers to; use `Receipt.reference_id`, since it may name none."""

    receipt_id: str | None = None


class Receipt(msgspec.Struct, kw_only=True, gc=False):
    """A receipt [Bonkopf] with its lines, payments and VAT table."""

    arrived_at: str | None = None
    business_day: str
    cancelled: bool
    closing_number: Number | None = None
    currency: str
    customer: str | None = None
    employee: str | None = None
    ended_at: str
    id: Name
    kind: str
    lines: list[Line]
    note: str | None = None
    number: Number
    payments: list[Payment]
    reference: Reference | None = None
    register: Name
    started_at: str
    total_cents: Cents
    tse: Any = None
    vat: list[VatBlock]

    @property
    def reference_id(self) -> str | None:
        """The id of the receipt that this one refers to; None also where the reference is blank or null."""
        named = self.reference.receipt_id if self.reference else None
        return named if named and not named.isspace() else None


class ClosingTotal(msgspec.Struct):
    """A closing's total of one business case at one VAT rate."""

    business_case: str
    vat_rate: str | None
    gross_cents: Cents
    net_cents: Cents
    tax_cents: Cents


class ClosingTender(msgspec.Struct):
    """A closing's total of one tender."""

    tender: str
    name: str | None
    amount_cents: Cents


class Closing(msgspec.Struct):
    """A closed day of a register [Z-Abschluss]."""

    register: Name
    number: Number
    business_day: str
    first_receipt_number: Number
    last_receipt_number: Number
    receipt_count: Number
    business_cases: list[ClosingTotal]
    tenders: list[ClosingTender]
    created_at: str | None = None


@dataclass(frozen=True, slots=True)
class ReceiptColumns:
    """Receipts of one closing that were translated as columns: what is stored of them, without an object each.

    Attributes:
        texts: Each receipt in JSON, in wire format and canonical spelling.
        hashes: The hash of each one's content (transform/receipt_frames.py, `content_hash`).
        heads, lines, payments, vat: The columns of `ReceiptFrames`, as lists or arrays; in the latter three `receipt`
            is the receipt's place.
        closing_number: The number of their closing.
    """

    texts: Sequence[bytes]
    hashes: Sequence[str]
    heads: Mapping[str, Any]
    lines: Mapping[str, Any]
    payments: Mapping[str, Any]
    vat: Mapping[str, Any]
    closing_number: int


class MalformedError(ValueError):
    """An item breaks the wire contract; the message names the field and the fault."""


_quantities: dict[str, str] = {}
_rates: dict[str, str] = {}


_receipts = msgspec.json.Decoder(Receipt)


def read_receipt(text: bytes) -> Receipt:
    """Reads one receipt from its JSON, as `parse_receipt` does from an item.

    Raises:
        MalformedError: A known field is missing, ill-typed or out of range.
    """
    try:
        receipt = _receipts.decode(text)
        if receipt.tse is not None:
            orjson.dumps(receipt.tse)  # raises where it is nested too deeply to be written again
    except (msgspec.MsgspecError, RecursionError, TypeError):
        return parse_receipt(read_item(text))
    return _in_one_spelling(receipt)


def read_item(text: bytes) -> Any:
    """An item of any shape, parsed from its JSON; None where it has a number that cannot be represented."""
    try:
        return read_json(text)
    except ValueError:
        return None


def parse_receipt(item: Any) -> Receipt:
    """Reads one receipt; decimals are normalised, so that equal receipts are equal.

    Raises:
        MalformedError: A known field is missing, ill-typed or out of range.
    """
    return _in_one_spelling(_convert(item, Receipt))


def _in_one_spelling(receipt: Receipt) -> Receipt:
    if receipt.business_day not in _days:
        _check_day(receipt.business_day)
    for line in receipt.lines:
        line.quantity = _quantities.get(line.quantity) or _quantity(line.quantity)
        if line.vat_rate is not None:
            line.vat_rate = _rates.get(line.vat_rate) or _rate(line.vat_rate)
    for block in receipt.vat:
        if block.vat_rate is not None:
            block.vat_rate = _rates.get(block.vat_rate) or _rate(block.vat_rate)
    return receipt


def parse_closing(item: Any) -> Closing:
    """Reads one closing.

    Raises:
        MalformedError: A known field is missing, ill-typed or out of range.
    """
    closing = _convert(item, Closing)
    _check_day(closing.business_day)
    for total in closing.business_cases:
        if total.vat_rate is not None:
            total.vat_rate = _rate(total.vat_rate)
    return closing


_Item = TypeVar("_Item", Receipt, Closing)


def _convert(item: Any, kind: type[_Item]) -> _Item:
    try:
        try:
            return msgspec.convert(item, kind)
        except msgspec.ValidationError as error:
            if "got `float`" not in str(error):
                raise
            # 2380.0 and 2.38e3 are notations of a whole number, and JSON Schema accepts them as integers
            return msgspec.convert(_whole(item), kind)
    except (msgspec.ValidationError, RecursionError, OverflowError) as error:
        raise MalformedError(str(error)) from None


def _whole(value: Any) -> Any:
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return int(value)
    if isinstance(value, dict):
        return {name: part if name == "tse" else _whole(part) for name, part in value.items()}
    return [_whole(part) for part in value] if isinstance(value, list) else value


def _quantity(text: str) -> str:
    known = _quantities.get(text)
    if known is None:
        match = _QUANTITY.match(text)
        if match is None:
            raise MalformedError(f"'{text[:20]}' is no quantity with at most 3 decimals - at `$.lines[...].quantity`")
        sign, whole, decimals = match.groups()
        known = f"{sign}{int(whole)}.{(decimals or '').ljust(3, '0')}"
        known = "0.000" if known == "-0.000" else known
        if len(_quantities) < 100_000:
            _quantities[text] = known
    return known


def _rate(text: str) -> str:
    known = _rates.get(text)
    if known is None:
        match = _RATE.match(text)
        if match is None:
            raise MalformedError(f"'{text[:20]}' is no VAT rate with at most 2 decimals - at `$...vat_rate`")
        known = f"{int(match[1])}.{(match[2] or '').ljust(2, '0')}"
        if len(_rates) < 1_000:
            _rates[text] = known
    return known


_DAY = re.compile(r"^\d{4}-\d{2}-\d{2}$")
_days: dict[str, bool] = {}


def _check_day(text: str) -> None:
    if text not in _days:
        try:
            good = bool(_DAY.match(text)) and dt.date.fromisoformat(text).year >= 1753
        except ValueError:
            good = False
        if not good:
            raise MalformedError(f"'{text[:20]}' is no day - at `$.business_day`")
        if len(_days) < 10_000:
            _days[text] = True


# RFC 3339; clocks may show a leap second.
_TIME = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[Tt ](?:[01][0-9]|2[0-3]):[0-5][0-9]:(?:[0-5][0-9]|60)(?:\.[0-9]+)?"
    r"(?:[Zz]|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])"
)
# A time has no line break, so three times in three lines are three texts that are times.
_THREE_TIMES = re.compile("\n".join([_TIME.pattern] * 3))
_dates: set[str] = set()


def check_times(receipt: Receipt) -> None:
    """Checks the times of a receipt that has just arrived; receipts stored by an earlier release may have invalid ones.

    Raises:
        MalformedError: A time is invalid or has no offset from UTC.
    """
    started, ended, arrived = receipt.started_at, receipt.ended_at, receipt.arrived_at
    # one look at all three: this is done for every receipt
    match = _THREE_TIMES.fullmatch(f"{started}\n{ended}\n{ended if arrived is None else arrived}")
    if match is None or not _dates.issuperset(match.groups()):
        for name in ("started_at", "ended_at", "arrived_at"):
            _check_time(getattr(receipt, name), name)


def check_closing_time(closing: Closing) -> None:
    """Checks the time of a closing in the same way.

    Raises:
        MalformedError: The time is invalid or has no offset from UTC.
    """
    _check_time(closing.created_at, "created_at")


def _check_time(text: str | None, name: str) -> None:
    if text is None:
        return
    match = _TIME.fullmatch(text)
    try:
        good = match is not None and bool(dt.date.fromisoformat(match[1]))
    except ValueError:
        good = False
    if match is None or not good:
        raise MalformedError(f"'{text[:20]}' is no time with an offset - at `$.{name}`")
    if len(_dates) < 10_000:
        _dates.add(match[1])


def day_of(text: str, zone: dt.tzinfo) -> dt.date | None:
    """The day of a time in a zone; None where the time is invalid, has no offset, or is out of range."""
    match = _TIME.fullmatch(text)
    if match is None:
        return None
    try:
        # a leap second belongs to the day of the second before it, whatever the minutes of the zone's offset are
        moment = dt.datetime.fromisoformat(text.upper().replace(":60", ":59", 1) if ":60" in text else text.upper())
        return moment.astimezone(zone).date()
    except (ValueError, OverflowError):
        return None


def item_id(item: Any) -> str | None:
    """The id of an item whose other fields may be broken."""
    found = item.get("id") if isinstance(item, Mapping) else None
    return found if isinstance(found, str) and 0 < len(found) <= 100 else None


def closing_hash(closing: Closing) -> str:
    """Hash of all known fields but the time of creation."""
    return fingerprint(msgspec.json.encode(msgspec.structs.replace(closing, created_at=None), order="sorted"))
