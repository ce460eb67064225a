"""The fields of a transfer document and its positions: names, types and lengths as the API's description has them.

A field that the description does not name is ignored, as by .NET's reader; one of a wrong type or too long is refused.
"""

import datetime as dt
import math
from collections.abc import Callable, Mapping
from typing import Any, Final

from cloudkasse_etl.sandbox.selectline.api_errors import ApiError

Reader = Callable[[Any, str], Any]
INT32: Final = 2**31
STATES: Final = ("Open", "Assumed", "Discarded", "ManualError", "Edit")
WRITABLE_STATES: Final = ("Open", "Edit")


def _text(length: int | None = None) -> Reader:
    def read(value: Any, name: str) -> str:
        if not isinstance(value, str):
            raise ApiError(400, f"{name} is not a text.")
        if length is not None and len(value) > length:
            raise ApiError(400, f"{name} is longer than {length} characters.")
        return value

    return read


def _number(value: Any, name: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ApiError(400, f"{name} is not a number.")
    return float(value)


def _integer(value: Any, name: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not -INT32 <= value < INT32:
        raise ApiError(400, f"{name} is not a whole number.")
    return value


def _flag(value: Any, name: str) -> bool:
    if not isinstance(value, bool):
        raise ApiError(400, f"{name} is neither true nor false.")
    return value


def _time(value: Any, name: str) -> str:
    """A time as the server writes it back: without a zone, as its tables have none."""
    try:
        return dt.datetime.fromisoformat(value).replace(tzinfo=None).isoformat(timespec="seconds")
    except (TypeError, ValueError):
        raise ApiError(400, f"{name} is not a date.") from None


def _part(fields: "Mapping[str, Reader]") -> Reader:
    def read(value: Any, name: str) -> dict[str, Any]:
        return read_object(value, fields, f"{name}.")

    return read


def _list_of(fields: "Mapping[str, Reader]") -> Reader:
    def read(value: Any, name: str) -> list[dict[str, Any]]:
        if not isinstance(value, list):
            raise ApiError(400, f"{name} is not a list.")
        return [read_object(one, fields, f"{name}[{place}].") for place, one in enumerate(value)]

    return read


def read_object(value: Any, fields: Mapping[str, Reader], prefix: str = "") -> dict[str, Any]:
    """Read the known fields of an object.

    Args:
        value: The object, as it was sent.
        fields: Field → its reader.
        prefix: What stands before a field's name in an error.

    Returns:
        Those that have a value.

    Raises:
        ApiError: 400: it is no object, or a field has a wrong type or is too long.
    """
    if not isinstance(value, dict):
        raise ApiError(400, f"{prefix.rstrip('.') or 'The body'} is not an object.")
    return {name: read(value[name], f"{prefix}{name}") for name, read in fields.items() if value.get(name) is not None}


def read_document(value: Any) -> dict[str, Any]:
    """A transfer document as it was sent, checked.

    Raises:
        ApiError: 400: a required field is missing, or one has a wrong type or is too long.
    """
    document = read_object(value, DOCUMENT)
    missing = [name for name in REQUIRED if not document.get(name)]
    if missing:
        raise ApiError(400, f"{', '.join(missing)} must be given.")
    if document["StateKind"] not in WRITABLE_STATES:
        raise ApiError(400, f"StateKind must be one of {', '.join(WRITABLE_STATES)}.")
    return document


def read_position(value: Any) -> dict[str, Any]:
    """A position as it was sent, checked.

    Raises:
        ApiError: 400: a field has a wrong type or is too long.
    """
    return read_object(value, POSITION)


# fmt: off
ADDRESS: Final[Mapping[str, Reader]] = {
    "Salutation": _text(30), "LastName": _text(80), "FirstName": _text(40), "Company": _text(80), "Street": _text(80),
    "City": _text(40), "ZipCode": _text(10), "CountryId": _text(6), "AdditionalInformation1": _text(80),
    "AdditionalInformation2": _text(80), "AdditionalInformation3": _text(80),
}
CUSTOM_FIELDS: Final[Mapping[str, Reader]] = {
    "Text1": _text(80), "Text2": _text(80), "Number1": _number, "Number2": _number, "Number3": _integer,
    "Number4": _integer, "Date1": _time, "Date2": _time, "Flag1": _flag, "Flag2": _flag, "Flag3": _flag, "Flag4": _flag,
}
POSITION: Final[Mapping[str, Reader]] = {
    "Quantity": _number, "DeliveryDate": _time, "PriceUnitFactor": _number, "ArticleNumber": _text(18),
    "QuantityUnit": _text(10), "StockKindFlag": _integer, "OrderNumber": _text(40), "Name": _text(80),
    "AdditionalDescription": _text(80), "Weight": _number, "UnitPrice": _number, "CalculationPrice": _number,
    "DiscountPercent": _number, "DiscountPercent2": _number, "TaxCode": _text(2), "TaxRate": _number,
    "FinancialAccountId": _text(15), "WarehouseId": _text(10), "SalesmanNumber": _text(6),
    "CostCentreNumber": _text(15),
    "DestinationWarehouse": _text(80), "PayerNumber": _text(15), "CustomText1": _text(80), "CustomText2": _text(80),
    "CustomDate": _time, "CustomNumber": _number, "ProjectId": _integer, "Identifier": _text(80),
    "Description": _text(80), "Id": _text(), "IsDiscountAllowed": _flag, "Commission": _number,
    "IsCommissionAllowed": _flag, "IsCashDiscountAllowed": _flag, "ArticleKindFlag": _text(1),
    "PositionKindFlag": _text(1), "ParentIdentifier": _text(80), "PriceQuantity": _number,
    "CalculationPriceInEuroCurrency": _number,
}
# without what the server alone says: Id, state's comment, destination, summary, metadata
DOCUMENT: Final[Mapping[str, Reader]] = {
    "Number": _text(10), "Date": _time, "DeliveryDate": _time, "EmployeeNumber": _text(6), "PriceKindFlag": _text(1),
    "CurrencyCode": _text(3), "CurrencyExchangeRate": _number, "WarehouseLocationNumber": _text(10),
    "AddressNumber": _text(13), "Address": _part(ADDRESS), "BankAccountKindId": _text(2),
    "DiscountGroupNumber": _text(6), "DiscountPercent": _number, "PaymentPeriod": _integer,
    "CashDiscountDays": _integer,
    "CashDiscountDaysKind": _integer, "CashDiscountPercent1": _number, "CashDiscountDays2": _integer,
    "CashDiscountDays2Kind": _integer, "CashDiscountPercent2": _number, "SalesmanNumber": _text(6),
    "FinancialAccountNumber": _text(15), "DeliveryDocumentNumber": _text(40), "CostCenterNumber": _text(15),
    "DeliveryTerm": _text(6), "WarehouseNumber": _text(10), "ValutaDate": _time,
    "AssociationRegulatorNumber": _text(10), "DelcrederePercent": _number, "DeliveryAddress": _part(ADDRESS),
    "DifferentBillingAddress": _text(), "CustomFields": _part(CUSTOM_FIELDS), "Positions": _list_of(POSITION),
    "ProjectId": _integer, "ContactPersonId": _integer, "HeaderText": _text(), "PriceGroup": _text(1),
    "FooterText": _text(), "BankingDetailsId": _integer, "IsCashSale": _flag, "IsPaymentLock": _flag,
    "TotalRoundNearest": _integer, "PositionTotalRoundNearest": _integer, "OurReference": _text(),
    "YourReference": _text(), "YourOrder": _text(), "YourOrderDate": _time, "DocumentKind": _text(10),
    "StateKind": _text(), "ExternalComment": _text(),
}
# fmt: on
REQUIRED: Final = ("Date", "SalesmanNumber", "DocumentKind", "StateKind")
