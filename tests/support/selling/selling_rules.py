"""The rules of receipts and closings, for tests: computed anew with fractions, from nothing but what arrived.

None of the sandbox's own code is asked what is right.
"""

from collections import Counter, defaultdict
from datetime import date, datetime
from fractions import Fraction
from math import ceil, floor

from cloudkasse_etl.sandbox.cloud.receipt_models import KINDS, Closing, Receipt
from cloudkasse_etl.sandbox.till.sales_summary import SalesSummary
from tests.support.selling.selling_shop import ARTICLES, PRICES, Fields, once

BUSINESS_CASES = {
    "Umsatz", "Pfand", "PfandRueckzahlung", "Rabatt", "Aufschlag", "ZuschussEcht", "ZuschussUnecht", "TrinkgeldAG",
    "TrinkgeldAN", "EinzweckgutscheinKauf", "EinzweckgutscheinEinloesung", "MehrzweckgutscheinKauf",
    "MehrzweckgutscheinEinloesung", "Forderungsentstehung", "Forderungsaufloesung", "Anzahlungseinstellung",
    "Anzahlungsaufloesung", "Anfangsbestand", "Privatentnahme", "Privateinlage", "Geldtransit", "Lohnzahlung",
    "Einzahlung", "Auszahlung", "DifferenzSollIst",
}  # fmt: skip
TURNED_OVER = {
    "Umsatz", "Aufschlag", "Rabatt", "Pfand", "PfandRueckzahlung", "TrinkgeldAG", "EinzweckgutscheinKauf",
    "EinzweckgutscheinEinloesung",
}  # fmt: skip
TENDERS = {"Bar", "Unbar", "Keine", "ECKarte", "Kreditkarte", "ElZahlungsdienstleister", "Guthabenkarte"}
SOLD_AS = {"Gutscheine": {"MehrzweckgutscheinKauf", "EinzweckgutscheinKauf"}, "Pfand": {"Pfand"}}
NEVER_TAXED = {
    "Anfangsbestand", "Geldtransit", "Lohnzahlung", "Privateinlage", "Privatentnahme", "DifferenzSollIst",
    "TrinkgeldAN", "MehrzweckgutscheinKauf", "MehrzweckgutscheinEinloesung", "ZuschussEcht", "Einzahlung", "Auszahlung",
}  # fmt: skip
CASH_ONLY = {
    "Anfangsbestand", "Geldtransit", "Lohnzahlung", "Privateinlage", "Privatentnahme", "DifferenzSollIst",
    "Einzahlung", "Auszahlung", "ZuschussEcht", "TrinkgeldAN",
}  # fmt: skip


def rounded(value: Fraction) -> int:
    return floor(value + Fraction(1, 2)) if value >= 0 else ceil(value - Fraction(1, 2))


def tax_in(gross_cents: int, vat_rate: str | None) -> int:
    rate = Fraction(vat_rate or 0)
    return rounded(gross_cents * rate / (100 + rate))


def live_lines(receipt: Fields) -> list[Fields]:
    return [line for line in receipt["lines"] if not line["cancelled"]]


def counts(receipt: Fields) -> bool:
    return receipt["kind"] == "Beleg" and not (receipt["cancelled"] and receipt["reference"] is None)


def is_void(receipt: Fields) -> bool:
    return receipt["kind"] == "Beleg" and receipt["reference"] is not None


def is_customer(receipt: Fields) -> bool:
    cases = {line["business_case"] for line in live_lines(receipt)}
    return counts(receipt) and not is_void(receipt) and not cases <= CASH_ONLY


def check_receipt(receipt: Fields) -> None:
    Receipt.model_validate(receipt, strict=True)
    assert [line["number"] for line in receipt["lines"]] == list(range(1, len(receipt["lines"]) + 1))
    for line in receipt["lines"]:
        assert line["gross_cents"] == line["net_cents"] + line["tax_cents"]
        assert line["tax_cents"] == tax_in(line["gross_cents"], line["vat_rate"])
        assert line["gross_cents"] == rounded(line["unit_price_cents"] * Fraction(line["quantity"]))
        assert len(line["quantity"].partition(".")[2]) == 3
        assert line["vat_rate"] is None or line["business_case"] not in NEVER_TAXED
    lines = live_lines(receipt)
    paid = sum(payment["base_amount_cents"] for payment in receipt["payments"])
    assert receipt["total_cents"] == sum(line["gross_cents"] for line in lines) == paid
    for payment in receipt["payments"]:
        assert payment["tender"] != "Keine" or payment["base_amount_cents"] == 0
        if payment["currency"] == receipt["currency"]:
            assert payment["amount_cents"] == payment["base_amount_cents"]
    rates = [block["vat_rate"] for block in receipt["vat"]]
    assert sorted(rates) == sorted({line["vat_rate"] for line in lines} - {None})
    for block in receipt["vat"]:
        of_rate = [line for line in lines if line["vat_rate"] == block["vat_rate"]]
        covered = of_rate
        if sum(line["gross_cents"] for line in covered) != block["gross_cents"]:
            covered = [line for line in of_rate if not line["business_case"].startswith("Forderungs")]
        assert sum(line["gross_cents"] for line in covered) == block["gross_cents"]
        assert block["tax_cents"] == tax_in(block["gross_cents"], block["vat_rate"])
        assert block["net_cents"] == block["gross_cents"] - block["tax_cents"]
        off = abs(block["tax_cents"] - sum(line["tax_cents"] for line in covered))
        assert off <= ceil(len(covered) / 2)
    started, ended = (datetime.fromisoformat(receipt[name]) for name in ("started_at", "ended_at"))
    arrived = datetime.fromisoformat(receipt["arrived_at"])
    assert started <= ended <= arrived
    assert 0 <= (started.date() - date.fromisoformat(receipt["business_day"])).days <= 1


def check_closings(receipts: list[Fields], closings: list[Fields]) -> None:
    """Compare every closing with the receipts of its day, and see that nothing is missing in between."""
    by_day: dict[tuple[str, str], list[Fields]] = defaultdict(list)
    for receipt in receipts:
        by_day[receipt["register"], receipt["business_day"]].append(receipt)
    assert by_day.keys() == {(closing["register"], closing["business_day"]) for closing in closings}
    last: dict[str, Fields] = {}
    for closing in closings:
        Closing.model_validate(closing, strict=True)
        before = last.get(closing["register"], {"number": 0, "last_receipt_number": 0, "business_day": ""})
        assert closing["number"] == before["number"] + 1
        assert closing["first_receipt_number"] == before["last_receipt_number"] + 1
        assert closing["business_day"] > before["business_day"]
        last[closing["register"]] = closing
        of_day = by_day[closing["register"], closing["business_day"]]
        numbers = range(closing["first_receipt_number"], closing["last_receipt_number"] + 1)
        assert sorted(receipt["number"] for receipt in of_day) == list(numbers)
        effective = [receipt for receipt in of_day if counts(receipt)]
        assert closing["receipt_count"] == len(effective)
        gross: Counter[tuple[str, str | None]] = Counter()
        tax: Counter[str] = Counter()
        paid: Counter[tuple[str, str]] = Counter()
        for receipt in effective:
            for line in live_lines(receipt):
                gross[line["business_case"], line["vat_rate"]] += line["gross_cents"]
            for block in receipt["vat"]:
                tax[block["vat_rate"]] += block["tax_cents"]
            for payment in receipt["payments"]:
                paid[payment["tender"], payment["name"]] += payment["base_amount_cents"]
        cases = closing["business_cases"]
        assert {(case["business_case"], case["vat_rate"]): case["gross_cents"] for case in cases} == dict(gross)
        for case in cases:
            assert case["gross_cents"] == case["net_cents"] + case["tax_cents"]
            assert case["vat_rate"] is not None or case["tax_cents"] == 0
        for rate in {case["vat_rate"] for case in cases}:
            assert sum(case["tax_cents"] for case in cases if case["vat_rate"] == rate) == tax[rate]
        assert {(tender["tender"], tender["name"]): tender["amount_cents"] for tender in closing["tenders"]} == paid
        assert closing["created_at"] >= max(receipt["ended_at"] for receipt in of_day)


def check_summary(summary: SalesSummary, arrived: list[Fields], closings: list[Fields]) -> None:
    receipts = once(arrived)
    effective = [receipt for receipt in receipts if counts(receipt)]
    gross: Counter[str] = Counter()
    tax: Counter[str] = Counter()
    net: Counter[str] = Counter()
    paid: dict[str, Counter[str]] = defaultdict(Counter)
    cases: Counter[str] = Counter()
    for receipt in effective:
        for line in live_lines(receipt):
            gross[line["vat_rate"] or "none"] += line["gross_cents"]
            cases[line["business_case"]] += line["gross_cents"]
        for block in receipt["vat"]:
            tax[block["vat_rate"]] += block["tax_cents"]
            net[block["vat_rate"]] += block["net_cents"]
        for payment in receipt["payments"]:
            paid[receipt["register"]][payment["tender"]] += payment["base_amount_cents"]
    assert (summary.gross_cents, summary.tax_cents, summary.net_cents) == (dict(gross), dict(tax), dict(net))
    assert summary.tenders == {name: dict(sums) for name, sums in paid.items()}
    assert summary.business_cases == dict(cases)
    assert summary.turnover_cents == sum(cases[case] for case in TURNED_OVER)
    assert summary.vouchers_sold_cents == cases["MehrzweckgutscheinKauf"]
    assert summary.by_kind == Counter(receipt["kind"] for receipt in receipts)
    customers = [receipt for receipt in receipts if is_customer(receipt)]
    assert summary.receipts == len(customers)
    assert summary.returns == sum(
        any(line["business_case"] == "Umsatz" and line["quantity"][0] == "-" for line in live_lines(receipt))
        for receipt in customers
    )
    assert summary.sales == summary.receipts - summary.returns
    assert summary.voids == sum(is_void(receipt) for receipt in receipts)
    assert summary.broken_off == sum(receipt["kind"] == "Beleg" for receipt in receipts) - len(effective)
    assert summary.cash_receipts == len(effective) - summary.receipts - summary.voids
    assert summary.lines == sum(len(receipt["lines"]) for receipt in receipts)
    assert summary.closings == len(closings)
    assert summary.days == tuple(sorted({receipt["business_day"] for receipt in receipts}))
    first = {receipt["id"]: receipt for receipt in reversed(arrived)}.values()
    assert summary.repeated == len(arrived) - len(receipts)
    assert summary.after_closing == sum(receipt["closing_number"] is not None for receipt in first)
    assert summary.late == sum(delay(receipt) > 1800 for receipt in first)


def delay(receipt: Fields) -> float:
    ended, arrived = (datetime.fromisoformat(receipt[name]) for name in ("ended_at", "arrived_at"))
    return (arrived - ended).total_seconds()


def check_voids(receipts: list[Fields]) -> None:
    by_id = {receipt["id"]: receipt for receipt in receipts}
    voids = [receipt for receipt in receipts if is_void(receipt)]
    voided = [receipt["reference"]["receipt_id"] for receipt in voids]
    assert len(set(voided)) == len(voided)
    for void in voids:
        original = by_id[void["reference"]["receipt_id"]]
        assert counts(original)
        assert not is_void(original)
        assert original["number"] < void["number"]
        assert original["register"] == void["register"]
        for new, old in zip(void["lines"], live_lines(original), strict=True):
            assert Fraction(new["quantity"]) == -Fraction(old["quantity"])
            assert [new[name] for name in ("gross_cents", "net_cents", "tax_cents")] == [
                -old[name] for name in ("gross_cents", "net_cents", "tax_cents")
            ]
            same = ("business_case", "article", "vat_rate", "unit_price_cents", "voucher", "cancelled", "text")
            assert [new[name] for name in same] == [old[name] for name in same]
        assert [(entry["tender"], entry["amount_cents"], entry["base_amount_cents"]) for entry in void["payments"]] == [
            (entry["tender"], -entry["amount_cents"], -entry["base_amount_cents"]) for entry in original["payments"]
        ]
        assert [(block["vat_rate"], block["gross_cents"], block["tax_cents"]) for block in void["vat"]] == [
            (block["vat_rate"], -block["gross_cents"], -block["tax_cents"]) for block in original["vat"]
        ]


def price_in_force(number: str, group: str, day: str, quantity: Fraction) -> int | None:
    """Return the price that the contract's fields say: the highest step reached, in it the price that began last."""
    found = [
        (Fraction(item["min_quantity"]), item["valid_from"] or "", item["gross_cents"])
        for item in PRICES
        if (item["article"], item["price_group"]) == (number, group)
        and item["active"]
        and Fraction(item["min_quantity"]) <= abs(quantity)
        and (item["valid_from"] or "") <= day <= (item["valid_to"] or "9999")
    ]
    return max(found)[2] if found else None


def check_goods(receipts: list[Fields]) -> None:
    groups = {"K1": "1", "K2": "2"}
    articles = {item["number"]: item for item in ARTICLES}
    for receipt in receipts:
        assert receipt["employee"] in {"M1", "M2", "M3"}
        for line in receipt["lines"]:
            if line["article"] is None:
                assert line["business_case"] != "Umsatz"
                continue
            sold = articles[line["article"]]
            assert sold["active"]
            assert line["business_case"] in SOLD_AS.get(sold["group_name"], {"Umsatz", "Rabatt"})
            # a deposit is taxed like what it goes with, a voucher for everything not at all
            if line["business_case"] not in {"Pfand", "MehrzweckgutscheinKauf"}:
                assert line["vat_rate"] == sold["vat_rate"]
            assert line["business_case"] != "Rabatt" or sold["discountable"]
            whole = Fraction(line["quantity"]).denominator == 1
            assert whole or line["unit"] == "kg"
            if line["business_case"] == "Umsatz" and receipt["kind"] not in {"AVBestellung", "AVTransfer"}:
                # A void may be of another day than its sale.
                day = "" if is_void(receipt) or receipt["reference"] else receipt["business_day"]
                expected = day and price_in_force(
                    line["article"], groups[receipt["register"]], day, Fraction(line["quantity"])
                )
                if "(-" in line["text"]:
                    assert not expected or line["unit_price_cents"] < expected
                elif not sold["open_price"] and day:
                    assert line["unit_price_cents"] == expected


def ways_of_taxing_accounts(receipts: list[Fields]) -> set[bool]:
    """Whether VAT blocks cover the lines of open accounts: True where it is due when they are paid."""
    ways = set()
    for receipt in filter(counts, receipts):
        live = live_lines(receipt)
        if any(line["business_case"].startswith("Forderungs") for line in live):
            gross = sum(line["gross_cents"] for line in live if line["vat_rate"] is not None)
            ways.add(gross == sum(block["gross_cents"] for block in receipt["vat"]))
    return ways


def check_everything_occurs(arrived: list[Fields]) -> None:
    receipts = once(arrived)
    effective = [receipt for receipt in receipts if counts(receipt)]
    customers = [receipt for receipt in receipts if is_customer(receipt)]
    lines = [line for receipt in effective for line in live_lines(receipt)]
    assert {line["business_case"] for line in lines} == BUSINESS_CASES
    assert {payment["tender"] for receipt in effective for payment in receipt["payments"]} == TENDERS
    assert {receipt["kind"] for receipt in receipts} == set(KINDS.split())
    assert {receipt["cancelled"] for receipt in receipts if is_void(receipt)} == {True, False}
    broken = [receipt for receipt in receipts if receipt["kind"] == "Beleg" and not counts(receipt)]
    assert {receipt["total_cents"] != 0 for receipt in broken} == {True, False}
    umsatz = [line for line in lines if line["business_case"] == "Umsatz"]
    assert any(line["unit"] == "kg" and line["quantity"][-3:] != "000" for line in umsatz)
    assert any(Fraction(line["quantity"]) >= 10 for line in umsatz)
    assert any("(-" in line["text"] for line in umsatz)
    assert any(line["article"] == "OPEN" for line in umsatz)
    assert any(receipt["total_cents"] < 0 for receipt in customers)
    assert any(line["cancelled"] for receipt in customers for line in receipt["lines"])
    assert {line["article"] is None for line in lines if line["business_case"] == "Rabatt"} == {True, False}
    assert {line["gross_cents"] > 0 for line in lines if line["business_case"] == "DifferenzSollIst"} == {True, False}
    assert {line["gross_cents"] > 0 for line in lines if line["business_case"] == "Geldtransit"} == {True, False}
    assert all(line["voucher"] for line in lines if "gutschein" in line["business_case"])
    free = [receipt["payments"] for receipt in customers if receipt["total_cents"] == 0]
    assert [] in free
    assert any(payments and payments[0]["tender"] == "Keine" for payments in free)
    assert any(len({payment["tender"] for payment in receipt["payments"]}) > 1 for receipt in customers)
    assert any(payment["currency"] == "CHF" for receipt in customers for payment in receipt["payments"])
    assert any(payment["name"] == "Rechnung" for receipt in customers for payment in receipt["payments"])
    # a shop taxes what it sells on account at once, or when it is paid
    assert len(ways_of_taxing_accounts(receipts)) == 1
    first = {receipt["id"]: receipt for receipt in reversed(arrived)}
    again = [receipt for receipt in arrived if receipt is not first[receipt["id"]]]
    assert any(first[receipt["id"]]["closing_number"] is None for receipt in again)
    assert all(receipt["closing_number"] is not None for receipt in again)
    assert any(delay(receipt) > 3600 for receipt in first.values())
    assert any(receipt["closing_number"] is not None for receipt in first.values())
