"""The fields of a transfer document and its positions: names, types and lengths as the API's description has them."""

from collections.abc import Mapping
from typing import Any, Final

from cloudkasse_etl.sandbox.selectline.api_errors import ApiError
from cloudkasse_etl.sandbox.selectline.field_readers import (
    Reader,
    flag,
    integer,
    list_of,
    number,
    part,
    read_object,
    text,
    time,
)

STATES: Final = ("Open", "Assumed", "Discarded", "ManualError", "Edit")
WRITABLE_STATES: Final = ("Open", "Edit")


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
    "Salutation": text(30), "LastName": text(80), "FirstName": text(40), "Company": text(80), "Street": text(80),
    "City": text(40), "ZipCode": text(10), "CountryId": text(6), "AdditionalInformation1": text(80),
    "AdditionalInformation2": text(80), "AdditionalInformation3": text(80),
}
CUSTOM_FIELDS: Final[Mapping[str, Reader]] = {
    "Text1": text(80), "Text2": text(80), "Number1": number, "Number2": number, "Number3": integer,
    "Number4": integer, "Date1": time, "Date2": time, "Flag1": flag, "Flag2": flag, "Flag3": flag, "Flag4": flag,
}
POSITION: Final[Mapping[str, Reader]] = {
    "Quantity": number, "DeliveryDate": time, "PriceUnitFactor": number, "ArticleNumber": text(18),
    "QuantityUnit": text(10), "StockKindFlag": integer, "OrderNumber": text(40), "Name": text(80),
    "AdditionalDescription": text(80), "Weight": number, "UnitPrice": number, "CalculationPrice": number,
    "DiscountPercent": number, "DiscountPercent2": number, "TaxCode": text(2), "TaxRate": number,
    "FinancialAccountId": text(15), "WarehouseId": text(10), "SalesmanNumber": text(6),
    "CostCentreNumber": text(15),
    "DestinationWarehouse": text(80), "PayerNumber": text(15), "CustomText1": text(80), "CustomText2": text(80),
    "CustomDate": time, "CustomNumber": number, "ProjectId": integer, "Identifier": text(80),
    "Description": text(80), "Id": text(), "IsDiscountAllowed": flag, "Commission": number,
    "IsCommissionAllowed": flag, "IsCashDiscountAllowed": flag, "ArticleKindFlag": text(1),
    "PositionKindFlag": text(1), "ParentIdentifier": text(80), "PriceQuantity": number,
    "CalculationPriceInEuroCurrency": number,
}
# without what the server alone says: Id, state's comment, destination, summary, metadata
DOCUMENT: Final[Mapping[str, Reader]] = {
    "Number": text(10), "Date": time, "DeliveryDate": time, "EmployeeNumber": text(6), "PriceKindFlag": text(1),
    "CurrencyCode": text(3), "CurrencyExchangeRate": number, "WarehouseLocationNumber": text(10),
    "AddressNumber": text(13), "Address": part(ADDRESS), "BankAccountKindId": text(2),
    "DiscountGroupNumber": text(6), "DiscountPercent": number, "PaymentPeriod": integer,
    "CashDiscountDays": integer,
    "CashDiscountDaysKind": integer, "CashDiscountPercent1": number, "CashDiscountDays2": integer,
    "CashDiscountDays2Kind": integer, "CashDiscountPercent2": number, "SalesmanNumber": text(6),
    "FinancialAccountNumber": text(15), "DeliveryDocumentNumber": text(40), "CostCenterNumber": text(15),
    "DeliveryTerm": text(6), "WarehouseNumber": text(10), "ValutaDate": time,
    "AssociationRegulatorNumber": text(10), "DelcrederePercent": number, "DeliveryAddress": part(ADDRESS),
    "DifferentBillingAddress": text(), "CustomFields": part(CUSTOM_FIELDS), "Positions": list_of(POSITION),
    "ProjectId": integer, "ContactPersonId": integer, "HeaderText": text(), "PriceGroup": text(1),
    "FooterText": text(), "BankingDetailsId": integer, "IsCashSale": flag, "IsPaymentLock": flag,
    "TotalRoundNearest": integer, "PositionTotalRoundNearest": integer, "OurReference": text(),
    "YourReference": text(), "YourOrder": text(), "YourOrderDate": time, "DocumentKind": text(10),
    "StateKind": text(), "ExternalComment": text(),
}
# fmt: on
REQUIRED: Final = ("Date", "SalesmanNumber", "DocumentKind", "StateKind")
