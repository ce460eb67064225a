"""The sandbox's sales as KORONA.cloud would have them: the same receipts in its form, and the settings that name them.

Left out is what KORONA's description has no form for: kinds of receipt other than sales, goods with other business
cases than revenue and vouchers, foreign currencies.
"""

import uuid
from collections.abc import Iterable
from typing import Any

from tests.support.korona.korona_receipts import raw

Fields = dict[str, Any]
CASH = (
    "Anfangsbestand", "Privatentnahme", "Privateinlage", "Geldtransit", "Lohnzahlung", "DifferenzSollIst",
    "TrinkgeldAN", "ZuschussEcht",
)  # fmt: skip
VOUCHERS = ("MehrzweckgutscheinKauf", "MehrzweckgutscheinEinloesung", "EinzweckgutscheinKauf")
METHODS = {
    ("Bar", "Bar"): "1", ("ECKarte", "girocard"): "2", ("ElZahlungsdienstleister", "PayPal"): "3",
    ("Kreditkarte", "Mastercard"): "4", ("Kreditkarte", "VISA"): "5", ("Guthabenkarte", "Kundenkarte"): "6",
    ("Unbar", "Rechnung"): "9",
}  # fmt: skip
SETTINGS: Fields = {
    "account": "acc-1",
    "day_begins": "06:00",
    "tenders": {n: {"Unbar": name} if tender == "Unbar" else tender for (tender, name), n in METHODS.items()},
    "accounts": {str(100 + at): case for at, case in enumerate(CASH)},
    "vouchers": {str(at): case for at, case in enumerate(VOUCHERS, 1)},
    "sectors": {"3": "19"},
}


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
    """A receipt as KORONA writes it; items' taxes come to what was printed, as a till's do that rounds once."""
    live = [line for line in receipt["lines"] if not line["cancelled"]]
    goods = [line for line in live if line["business_case"] not in CASH]
    taxes = {line["number"]: line["tax_cents"] for line in goods}
    for block in receipt["vat"]:
        of_rate = [line for line in goods if line["vat_rate"] == block["vat_rate"]]
        if of_rate:
            largest = max(of_rate, key=lambda line: (abs(line["gross_cents"]), -line["number"]))
            taxes[largest["number"]] += block["tax_cents"] - sum(taxes[line["number"]] for line in of_rate)
    gross = sum(line["gross_cents"] for line in goods)
    tax = sum(taxes.values())
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
        "items": [_item(at, line, taxes[line["number"]]) for at, line in enumerate(goods)],
        "accountTransactions": [
            {"account": {"number": str(100 + CASH.index(line["business_case"]))}, "amount": euros(line["gross_cents"])}
            for line in live
            if line["business_case"] in CASH
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
    return {name: value for name, value in found.items() if value is not None}


def _item(at: int, line: Fields, tax_cents: int) -> Fields:
    is_voucher = line["business_case"] in VOUCHERS
    total = {
        "base": euros(line["gross_cents"]),
        "taxPayments": [{"amount": euros(tax_cents), "taxRate": raw(line["vat_rate"]), "included": True}]
        if line["vat_rate"]
        else [],
    }
    voucher = (
        {"voucherConfiguration": {"number": str(VOUCHERS.index(line["business_case"]) + 1)}} if is_voucher else None
    )
    found = {
        "index": at,
        "type": "VOUCHER" if is_voucher else "PRODUCT",
        "product": {"number": line["article"]} if line["article"] else None,
        "description": line["text"],
        "quantity": raw(line["quantity"]),
        "serialNumbers": [line["serial"]] if line["serial"] else None,
        "total": total,
        "voucherTransaction": voucher,
    }
    return {name: value for name, value in found.items() if value is not None}


def euros(cents: int) -> Any:
    return raw(f"{'-' if cents < 0 else ''}{abs(cents) // 100}.{abs(cents) % 100:02}")


def points_of_sale(registers: Iterable[str]) -> list[Fields]:
    return [{"id": str(uuid.uuid5(uuid.NAMESPACE_URL, number)), "number": number} for number in registers]
