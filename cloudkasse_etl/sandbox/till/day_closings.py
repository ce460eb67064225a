"""The closing of a register's day: its counts, and its totals by business case, VAT rate and tender.

Works on finished receipts in wire format, however they were made.

The contract does not say how the tax of one rate is distributed over business cases, only that tax is the sum of the
receipts' VAT blocks. Here a line counts with the tax that it shows, and the difference between a block and its lines
goes to the business case of the line with the largest |gross| of that rate (the first of several), receipt by receipt.
A Forderungs line that a block leaves out counts with its gross and no tax. So the totals of a rate are exactly those
of the blocks.
"""

from collections.abc import Iterable
from typing import Any

from cloudkasse_etl.sandbox.till.receipt_builder import RECEIVABLES

Fields = dict[str, Any]


def has_effect(receipt: Fields) -> bool:
    """Whether a receipt counts: of kind Beleg, and not broken off (flagged without a reference)."""
    return receipt["kind"] == "Beleg" and not (receipt["cancelled"] and receipt["reference"] is None)


def close(receipts: Iterable[Fields], *, register: str, number: int, created_at: str, business_day: str) -> Fields:
    """Return the closing of a day.

    Args:
        receipts: All of the register's receipts of that day, whatever their kind; at least one.
        register: The register's number.
        number: The closing's number.
        created_at: When it is made, RFC 3339.
        business_day: The day, ISO 8601.

    Returns:
        The closing in wire format.
    """
    numbers: list[int] = []
    count = 0
    cases: dict[tuple[str, str | None], list[int]] = {}
    tenders: dict[tuple[str, str], int] = {}
    for receipt in receipts:
        numbers.append(receipt["number"])
        if has_effect(receipt):
            count += 1
            _add_cases(cases, receipt)
            for payment in receipt["payments"]:
                key = (payment["tender"], payment["name"])
                tenders[key] = tenders.get(key, 0) + payment["base_amount_cents"]
    return {
        "register": register,
        "number": number,
        "created_at": created_at,
        "business_day": business_day,
        "first_receipt_number": min(numbers),
        "last_receipt_number": max(numbers),
        "receipt_count": count,
        "business_cases": [
            {
                "business_case": business_case,
                "vat_rate": vat_rate,
                "gross_cents": gross,
                "net_cents": gross - tax,
                "tax_cents": tax,
            }
            for (business_case, vat_rate), (gross, tax) in sorted(
                cases.items(), key=lambda item: (item[0][0], item[0][1] or "")
            )
        ],
        "tenders": [
            {"tender": tender, "name": name, "amount_cents": cents} for (tender, name), cents in sorted(tenders.items())
        ],
    }


def _add_cases(cases: dict[tuple[str, str | None], list[int]], receipt: Fields) -> None:
    live = [line for line in receipt["lines"] if not line["cancelled"]]
    for line in live:
        cases.setdefault((line["business_case"], line["vat_rate"]), [0, 0])[0] += line["gross_cents"]
    for block in receipt["vat"]:
        covered = [line for line in live if line["vat_rate"] == block["vat_rate"]]
        if sum(line["gross_cents"] for line in covered) != block["gross_cents"]:
            covered = [line for line in covered if line["business_case"] not in RECEIVABLES]
        missing = block["tax_cents"]
        for line in covered:
            cases[line["business_case"], line["vat_rate"]][1] += line["tax_cents"]
            missing -= line["tax_cents"]
        if missing:
            largest = max(covered, key=lambda line: abs(line["gross_cents"]))
            cases[largest["business_case"], largest["vat_rate"]][1] += missing
