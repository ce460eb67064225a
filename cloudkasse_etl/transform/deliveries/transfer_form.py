"""A sales document in the form of SelectLine's transfer documents (docs/deliveries.md, Documents). Pure.

What is sent is frozen as it is made here, so that a repetition sends the same, whatever settings say by then. Amounts
and quantities are JSON numbers, as the API has them; here they are made of whole cents and thousandths, and compared
as such.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from cloudkasse_etl.fingerprint import fingerprint
from cloudkasse_etl.transform.deliveries.sales_documents import Position, SalesDocument

KEY_LENGTH: Final = 80  # of CustomFields.Text1
NUMBER_LENGTH: Final = 40  # of DeliveryDocumentNumber
UNIT_LENGTH: Final = 10
GROSS: Final = "B"
OPEN: Final = "Open"
NO_STOCK, STOCK = 1, 2
"""StockKindFlag: whether taking the document over moves the position's stock."""


@dataclass(frozen=True, slots=True)
class Head:
    """What a transfer document says besides its lines.

    Attributes:
        key: Ours, by which it is found again.
        document_kind, salesman, customer, cash_bank: As the settings have them.
        currency: Of all its amounts.
        number: Register and closing, day or receipt, for SelectLine's clerk to look for.
        reference: The same, as a person reads it.
        difference: What lines are called that make up for a rounding or a discount within a line.
    """

    key: str
    document_kind: str
    salesman: str
    customer: str | None
    cash_bank: str
    currency: str
    number: str
    reference: str
    difference: str


def delivery_key(company: str, register: str, place: str, generation: int) -> str:
    """The key of a delivery, unique in all companies that share a tenant; one that is too long ends in a digest.

    Args:
        company: The company's number.
        register: The register.
        place: What is delivered of it: a closing, a day, or a receipt's id.
        generation: The how manieth delivery of the same place it is, from 1.

    Returns:
        The key, of at most 80 characters.
    """
    key = f"cloudkasse:{company}|{register}|{place}|{generation}"
    if len(key) <= KEY_LENGTH:
        return key
    return f"{key[: KEY_LENGTH - 17]}~{fingerprint(key, size=8)}"


def transfer_form(document: SalesDocument, head: Head) -> dict[str, Any]:
    """The body of the request that creates a transfer document, positions included.

    Args:
        document: The lines and the day.
        head: All else.

    Returns:
        JSON's object; a field without a value is left out.
    """
    warehouses = {position.warehouse for position in document.positions if position.warehouse}
    return without_nulls(
        {
            "Date": f"{document.day.isoformat()}T00:00:00",
            "SalesmanNumber": head.salesman,
            "DocumentKind": head.document_kind,
            "StateKind": OPEN,
            "PriceKindFlag": GROSS,
            "CurrencyCode": head.currency,
            "AddressNumber": head.customer,
            "BankAccountKindId": head.cash_bank,
            "WarehouseNumber": min(warehouses) if len(warehouses) == 1 else None,
            "DeliveryDocumentNumber": head.number[:NUMBER_LENGTH],
            "OurReference": head.reference,
            "CustomFields": {"Text1": head.key},
            "Positions": [_position(position, head.difference) for position in document.positions],
        }
    )


def _position(position: Position, difference: str) -> dict[str, Any]:
    return without_nulls(
        {
            "ArticleNumber": position.article,
            "Name": (position.name or difference)[:KEY_LENGTH],
            "Quantity": position.quantity_milli / 1000,
            # the till's own word may be longer; where stock was booked it is the ERP's, which never is
            "QuantityUnit": position.unit if position.unit and len(position.unit) <= UNIT_LENGTH else None,
            "UnitPrice": position.unit_price_cents / 100,
            "TaxCode": position.tax_code,
            "TaxRate": None if position.vat_rate is None else float(position.vat_rate),
            "FinancialAccountId": position.account,
            "WarehouseId": position.warehouse,
            "StockKindFlag": STOCK if position.warehouse else NO_STOCK,
        }
    )


def key_of(form: Mapping[str, Any]) -> str | None:
    """Our key in a transfer document as SelectLine tells it; None for one that is not ours."""
    fields = form.get("CustomFields")
    found = fields.get("Text1") if isinstance(fields, Mapping) else None
    return found if isinstance(found, str) and found.startswith("cloudkasse:") else None


_HEAD = ("DocumentKind", "AddressNumber", "BankAccountKindId", "CurrencyCode", "PriceKindFlag")
_LINE = ("ArticleNumber", "TaxCode", "FinancialAccountId", "WarehouseId")
_NUMBERS = {"Quantity": 3, "UnitPrice": 2, "StockKindFlag": 0}


def differences(frozen: Mapping[str, Any], found: Mapping[str, Any], total_cents: int) -> list[str]:
    """In what a transfer document differs from what was sent: names of its fields, none where it is the same.

    Names, units and what SelectLine adds of its own are not compared; nor is the head's cash account or customer where
    SelectLine does not tell it.

    Args:
        frozen: The body that was sent.
        found: The document as it is read back, positions included.
        total_cents: What the positions come to, gross.

    Returns:
        The fields, in a fixed order.
    """
    odd = [
        name
        for name in _HEAD
        if found.get(name) not in (None, "") and frozen.get(name) is not None and found[name] != frozen[name]
    ]
    if str(found.get("Date", ""))[:10] != str(frozen["Date"])[:10]:
        odd.append("Date")
    ours, theirs = frozen["Positions"], found.get("Positions") or []
    if len(ours) != len(theirs):
        odd.append("Positions")
    elif sorted(map(_line, ours)) != sorted(map(_line, theirs)):
        odd.append(_first_odd(ours, theirs))
    summary = found.get("CalculationSummary")
    if not isinstance(summary, Mapping) or scaled(summary.get("TotalGrossAmount"), 2) != total_cents:
        odd.append("CalculationSummary.TotalGrossAmount")
    return odd


def _line(position: Mapping[str, Any]) -> tuple[str, ...]:
    texts = tuple(str(position.get(name) or "") for name in _LINE)
    numbers = (scaled(position.get(name), places) for name, places in _NUMBERS.items())
    return (*texts, *map(str, numbers))


def _first_odd(ours: Sequence[Mapping[str, Any]], theirs: Sequence[Mapping[str, Any]]) -> str:
    for number, (mine, other) in enumerate(zip(sorted(map(_line, ours)), sorted(map(_line, theirs)), strict=True), 1):
        if mine != other:
            at = next(at for at, pair in enumerate(zip(mine, other, strict=True)) if pair[0] != pair[1])
            return f"Positions[{number}].{(*_LINE, *_NUMBERS)[at]}"
    return "Positions"


def scaled(value: object, places: int) -> int | None:
    """A JSON number in whole units of its last place; None for what is none."""
    try:
        return int(Decimal(str(value)).scaleb(places).to_integral_value())
    except (InvalidOperation, ValueError, OverflowError):
        return None


def without_nulls(form: Mapping[str, Any]) -> dict[str, Any]:
    """A form without the fields that have no value."""
    return {name: value for name, value in form.items() if value is not None}
