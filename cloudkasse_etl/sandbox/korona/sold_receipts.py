"""A receipt of the sandbox as KORONA.cloud writes it. Pure.

KORONA's description has no form for kinds of receipt other than sales, for goods with other business cases than revenue
and vouchers, and for foreign currencies: such a receipt is one that was broken off there, so that no number is missing.
"""

from decimal import Decimal
from itertools import cycle
from typing import Any, Final

Fields = dict[str, Any]
CASH: Final = (
    "Anfangsbestand", "Privatentnahme", "Privateinlage", "Geldtransit", "Lohnzahlung", "DifferenzSollIst",
    "TrinkgeldAN", "ZuschussEcht",
)  # fmt: skip
VOUCHERS: Final = ("MehrzweckgutscheinKauf", "MehrzweckgutscheinEinloesung", "EinzweckgutscheinKauf")
METHODS: Final = {
    ("Bar", "Bar"): "1", ("ECKarte", "girocard"): "2", ("ElZahlungsdienstleister", "PayPal"): "3",
    ("Kreditkarte", "Mastercard"): "4", ("Kreditkarte", "VISA"): "5", ("Guthabenkarte", "Kundenkarte"): "6",
    ("Unbar", "Rechnung"): "9",
}  # fmt: skip
"""Tender and name → number of the payment method."""
ACCOUNTS: Final = {case: str(100 + at) for at, case in enumerate(CASH)}
"""Business case → number of the account."""
CONFIGURATIONS: Final = {case: str(at) for at, case in enumerate(VOUCHERS, 1)}
"""Business case → number of the voucher's configuration."""
SECTORS: Final = {"19": "19.00", "7": "7.00", "0": "0.00"}
"""Number of a sector → VAT rate."""


def is_sold(receipt: Fields) -> bool:
    """Whether KORONA has a form for a receipt."""
    cases = {"Umsatz", *CASH, *VOUCHERS}
    live = [line for line in receipt["lines"] if not line["cancelled"]]
    payments = [(payment["tender"], payment["name"]) for payment in receipt["payments"] if payment["amount_cents"]]
    return (
        receipt["kind"] == "Beleg"
        and all(line["business_case"] in cases for line in live)
        and all(payment in METHODS for payment in payments)
        and not (receipt["reference"] and not receipt["cancelled"])
    )


def koronas(receipt: Fields) -> Fields:
    """A receipt as KORONA writes it. The taxes of its items add up to what was printed, as where a till rounds once.

    Args:
        receipt: A receipt of the sandbox.
    """
    if not is_sold(receipt):
        return _head(receipt) | {"cancelled": True, "items": [], "payments": []}
    live = [line for line in receipt["lines"] if not line["cancelled"]]
    goods = [line for line in live if line["business_case"] not in ACCOUNTS]
    taxes = {line["number"]: line["tax_cents"] for line in goods}
    for block in receipt["vat"]:
        of_rate = [line for line in goods if line["vat_rate"] == block["vat_rate"]]
        if of_rate:
            left = block["tax_cents"] - sum(taxes[line["number"]] for line in of_rate)
            # cent by cent, from the largest on: none is more than a rounding away from its own tax
            largest = sorted(of_rate, key=lambda line: (-abs(line["gross_cents"]), line["number"]))
            for line, _ in zip(cycle(largest), range(abs(left)), strict=False):
                taxes[line["number"]] += 1 if left > 0 else -1
    gross = sum(line["gross_cents"] for line in goods)
    tax = sum(taxes.values())
    return _head(receipt) | {
        "items": [_item(at, line, taxes[line["number"]]) for at, line in enumerate(goods)],
        "accountTransactions": [
            {"account": {"number": ACCOUNTS[line["business_case"]]}, "amount": euros(line["gross_cents"])}
            for line in live
            if line["business_case"] in ACCOUNTS
        ],
        "payments": [
            {
                "amount": euros(payment["base_amount_cents"]),
                "paymentMethod": {"number": METHODS[payment["tender"], payment["name"]], "name": payment["name"]},
            }
            for payment in receipt["payments"]
            if payment["amount_cents"]
        ],
        "total": {"gross": euros(gross), "net": euros(gross - tax), "tax": euros(tax)},
    }


def _head(receipt: Fields) -> Fields:
    reference = receipt["reference"]["receipt_id"] if receipt["reference"] else None
    found = {
        "id": receipt["id"],
        "number": f"{receipt['register']}-{receipt['number']:06}",
        "bookingTime": receipt["ended_at"],
        "creationTime": receipt["started_at"],
        "pointOfSale": {"number": receipt["register"]},
        "cashier": {"number": receipt["employee"]} if receipt["employee"] else None,
        "currency": {"number": receipt["currency"]},
        "cancelled": receipt["cancelled"] and reference is None,
        "reversal": reference is not None,
        "reversedReceipt": {"id": reference} if reference else None,
        "zcounter": receipt["closing_number"],
    }
    return {name: value for name, value in found.items() if value is not None}


def _item(at: int, line: Fields, tax_cents: int) -> Fields:
    configuration = CONFIGURATIONS.get(line["business_case"])
    total = {
        "base": euros(line["gross_cents"]),
        "taxPayments": [{"amount": euros(tax_cents), "taxRate": Decimal(line["vat_rate"]), "included": True}]
        if line["vat_rate"]
        else [],
    }
    found = {
        "index": at,
        "type": "VOUCHER" if configuration else "PRODUCT",
        "product": {"number": line["article"]} if line["article"] else None,
        "description": line["text"],
        "quantity": Decimal(line["quantity"]),
        "serialNumbers": [line["serial"]] if line["serial"] else None,
        "total": total,
        "voucherTransaction": _voucher(configuration, line["voucher"]) if configuration else None,
    }
    return {name: value for name, value in found.items() if value is not None}


def _voucher(configuration: str, number: str | None) -> Fields:
    found: Fields = {"voucherConfiguration": {"number": configuration}}
    return found | {"voucher": {"number": number}} if number else found


def euros(cents: int) -> Decimal:
    """An amount in euros, exactly."""
    return Decimal(cents).scaleb(-2)
