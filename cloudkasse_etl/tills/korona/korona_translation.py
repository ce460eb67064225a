"""`KoronaTranslation`: KORONA.cloud's receipts and closings in canonical form. Pure; the rules: docs/korona.md."""

import datetime as dt
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar
from zoneinfo import ZoneInfo

import msgspec
import orjson

from cloudkasse_etl.config.settings import Settings
from cloudkasse_etl.fingerprint import fingerprint
from cloudkasse_etl.schemas.wire_receipts import Closing, ClosingTender, Line, Payment, Receipt, Reference
from cloudkasse_etl.tills.korona.exact_numbers import UnreadableNumberError, last_digits, text_of, units
from cloudkasse_etl.tills.korona.korona_fields import KoronaReceipt, PlacedStatement, SignedReceipt
from cloudkasse_etl.tills.korona.receipt_lines import FieldMissingError, lines_of
from cloudkasse_etl.tills.korona.settings_names import SettingsNames
from cloudkasse_etl.tills.port import UntranslatableError

# Another one means that what was refused is translated again.
RULES = "1"
BROKEN = "korona_unreadable"
_receipts, _closings = msgspec.json.Decoder(KoronaReceipt), msgspec.json.Decoder(PlacedStatement)
_signed = msgspec.json.Decoder(SignedReceipt)
T = TypeVar("T")


def void_id(receipt_id: str) -> str:
    """The id of the counter-entry of a receipt that was voided: it is the same whenever it is made."""
    return f"{receipt_id}:void"


class KoronaTranslation:
    """Brings KORONA's records into the canonical form.

    Args:
        settings: The settings, which name registers, tenders, accounts and vouchers.
    """

    def __init__(self, settings: Settings) -> None:
        self._names = SettingsNames(settings)
        self._zone = settings.zone

    def fingerprint(self) -> str:
        """A hash of the settings that it depends on."""
        contents = orjson.dumps(self._names.contents(), option=orjson.OPT_SORT_KEYS)
        return fingerprint(RULES, contents, str(self._zone))

    def receipts(self, text: bytes) -> Sequence[bytes]:
        """A receipt in canonical JSON, with the counter-entry of one that was voided later.

        Signature, Z number and `voided` may change after the delivery, so the receipt's own content depends on none
        of them.

        Raises:
            UntranslatableError: Its meaning is not known.
        """
        found = _decoded(_receipts, text)
        with _placed() as place:
            place.register = register = self._names.register(found.point_of_sale)
            place.number = number = _number(found)
            receipt = self._receipt(found, register, number)
        entries = [receipt, _void(receipt)] if found.voided and not found.cancelled else [receipt]
        return [msgspec.json.encode(entry) for entry in entries]

    def is_unsigned(self, text: bytes) -> bool:
        """Whether KORONA says that a signature of the receipt failed (`fiscalTransactions.failed`)."""
        try:
            signed = _signed.decode(text)
        except msgspec.MsgspecError:
            return False  # it is refused for that, or has no such field in this form
        return any(transaction.failed for transaction in signed.fiscal_transactions or ())

    def _receipt(self, found: KoronaReceipt, register: str, number: int) -> Receipt:
        lines = lines_of(found, self._names)
        booked = _moment(found.booking_time, "bookingTime", self._zone)
        begun = _moment(found.creation_time, "creationTime", self._zone) if found.creation_time else booked
        undone = found.reversed_receipt.id if found.reversal and found.reversed_receipt else None
        is_void = undone is not None and not found.cancelled
        return Receipt(
            business_day=self._names.business_day(booked),
            # one that is a reversal of nothing that is known is booked by its own signs
            cancelled=bool(found.cancelled) or is_void,
            closing_number=found.zcounter if found.zcounter and found.zcounter > 0 else None,
            currency=self._names.currency(found.currency),
            customer=found.customer.number if found.customer else None,
            employee=found.cashier.number if found.cashier else None,
            ended_at=booked.isoformat(),
            id=_given(found.id, "id"),
            kind="Beleg",
            lines=lines.lines,
            number=number,
            payments=self._payments(found),
            reference=Reference(undone) if is_void else None,
            register=register,
            # the cloud's own time of creation may be later than the sale
            started_at=min(begun, booked).isoformat(),
            total_cents=_total(found, lines.lines),
            vat=lines.vat,
        )

    def _payments(self, found: KoronaReceipt) -> list[Payment]:
        """The payments in an order that does not depend on their delivery; amounts are in the receipt's currency."""
        currency = self._names.currency(found.currency)
        payments = []
        for payment in found.payments or ():
            tender = self._names.tender(payment.payment_method)
            if payment.amount is None:
                raise FieldMissingError("payments.amount")
            cents = units(payment.amount, 2)
            payments.append(
                Payment(
                    amount_cents=cents,
                    base_amount_cents=cents,
                    currency=currency,
                    name=tender.name,
                    tender=tender.tender,
                )
            )
        return sorted(payments, key=lambda one: (one.tender, one.name or "", one.amount_cents))

    def closing(self, text: bytes) -> bytes:
        """A closing in canonical JSON: KORONA's has sums of tenders, but none of business cases, and no numbers.

        Raises:
            UntranslatableError: Its meaning is not known.
        """
        found = _decoded(_closings, text)
        statement = found.end_of_day_statement
        register = self._names.register(found.point_of_sale)
        with _placed(register, statement.z_count):
            finished = _moment(statement.finish_time, "finishTime", self._zone)
            sums: Counter[tuple[str, str | None]] = Counter()
            for payment in (statement.summaries.payments if statement.summaries else None) or ():
                tender = self._names.tender(payment.payment_method)
                if payment.expected_amount is not None:
                    sums[tender.tender, tender.name] += units(payment.expected_amount, 2)
            closing = Closing(
                register=register,
                number=_given(statement.z_count, "zCount"),
                business_day=self._names.business_day(finished),
                first_receipt_number=0,
                last_receipt_number=0,
                receipt_count=_given(statement.receipt_count, "receiptCount"),
                business_cases=[],
                tenders=[
                    ClosingTender(tender, name, cents)
                    for (tender, name), cents in sorted(sums.items(), key=lambda item: (item[0][0], item[0][1] or ""))
                ],
                created_at=finished.isoformat(),
            )
        return msgspec.json.encode(closing)


@dataclass(slots=True)
class _Place:
    """Register and number of what is translated, as far as they are known by now."""

    register: str | None
    number: int | None


@contextmanager
def _placed(register: str | None = None, number: int | None = None) -> Iterator[_Place]:
    """Says of what cannot be translated where it belongs.

    Args:
        register: Its register, where it is known already.
        number: Its number, likewise.

    Yields:
        The place, to be completed.

    Raises:
        UntranslatableError: It cannot be translated.
    """
    place = _Place(register, number)
    try:
        yield place
    except UntranslatableError as error:
        raise UntranslatableError(error.code, error.detail, register=place.register, number=place.number) from None
    except FieldMissingError as error:
        raise _broken(f"field {error} is missing", place) from None
    except UnreadableNumberError as error:
        raise _broken(f"{error} is no amount that can be booked", place) from None


def _total(found: KoronaReceipt, lines: Sequence[Line]) -> int:
    """The receipt's total with its cash transactions, whether or not KORONA's includes them (not described).

    Where its total is neither, it stands: the checks on arrival refuse the receipt and name both sums.
    """
    total = sum(line.gross_cents for line in lines)
    items = sum(line.gross_cents for line in lines[: len(found.items or ())])
    stated = found.total.gross if found.total else None
    cents = total if stated is None else units(stated, 2)
    return total if cents in (total, items) else cents


def _void(receipt: Receipt) -> Receipt:
    """The counter-entry of a receipt: all of it with the other sign.

    KORONA says that a receipt was voided, but not when: the entry has the receipt's own time and closing.
    """
    turned = msgspec.convert(msgspec.to_builtins(receipt), Receipt)
    for line in turned.lines:
        line.quantity = text_of(-int(line.quantity.replace(".", "")), 3)
        line.gross_cents, line.net_cents, line.tax_cents = -line.gross_cents, -line.net_cents, -line.tax_cents
    for payment in turned.payments:
        payment.amount_cents, payment.base_amount_cents = -payment.amount_cents, -payment.base_amount_cents
    for block in turned.vat:
        block.gross_cents, block.net_cents, block.tax_cents = -block.gross_cents, -block.net_cents, -block.tax_cents
    turned.total_cents = -turned.total_cents
    turned.id, turned.cancelled, turned.reference = void_id(receipt.id), True, Reference(receipt.id)
    return turned


def _decoded(decoder: "msgspec.json.Decoder[T]", text: bytes) -> T:
    try:
        return decoder.decode(text)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, ArithmeticError) as error:
        raise _broken(str(error), _Place(None, None)) from None


def _number(found: KoronaReceipt) -> int:
    number = last_digits(_given(found.number, "number"))
    if number is None:
        raise FieldMissingError("number")
    return number


def _given(value: T | None, field: str) -> T:
    if value is None or value == "":
        raise FieldMissingError(field)
    return value


def _moment(text: str | None, field: str, zone: ZoneInfo) -> dt.datetime:
    """A time in the shop's zone; one without an offset is the shop's own."""
    try:
        found = dt.datetime.fromisoformat(_given(text, field))
        return (found if found.tzinfo else found.replace(tzinfo=zone)).astimezone(zone)
    except (ValueError, OverflowError):
        raise FieldMissingError(field) from None


def _broken(message: str, place: _Place) -> UntranslatableError:
    return UntranslatableError(BROKEN, {"message": message[:200]}, register=place.register, number=place.number)
