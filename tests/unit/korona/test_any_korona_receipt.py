"""Protects the sums: whatever KORONA.cloud's receipt holds, and in whatever order, ours comes to the same, exactly.

What it has to come to is read from the JSON by other means: fractions, and no function of the translation.
"""

import json
import random
from fractions import Fraction
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from cloudkasse_etl.schemas.wire_receipts import Receipt, read_receipt
from cloudkasse_etl.tills.korona.korona_translation import KoronaTranslation
from cloudkasse_etl.tills.port import UntranslatableError
from cloudkasse_etl.transform.receipt_checks import check_receipts
from cloudkasse_etl.transform.receipt_frames import content_hash, flatten
from tests.support.korona.korona_description import DESCRIPTION, of_component
from tests.support.korona.korona_receipts import item, payment, raw, receipt, settings, written

TRANSLATION = KoronaTranslation(settings())
RATES = {"19": Fraction(19), "7.0": Fraction(7), "5.5": Fraction(11, 2), "0": Fraction(0)}
METHODS = {number: {"number": number, "name": f"Art {number}"} for number in ("1", "2", "9")}


def spelled(cents: int, zeros: int = 0) -> str:
    """An amount as JSON may write it: 12.5, 12.50, 12."""
    text = f"{'-' if cents < 0 else ''}{abs(cents) // 100}.{abs(cents) % 100:02}"
    return text + "0" * zeros if zeros else text.rstrip("0").rstrip(".") or "0"


@st.composite
def items(draw: st.DrawFn) -> dict[str, Any]:
    gross = draw(st.integers(-500_000, 500_000))
    rate = draw(st.sampled_from(sorted(RATES)))
    tax = round(gross * RATES[rate] / (100 + RATES[rate]))
    discounts = draw(st.lists(st.integers(0, 5_000), max_size=3))
    is_included = draw(st.booleans())
    zeros = draw(st.integers(0, 3))
    total = {
        "base": raw(spelled(gross if is_included else gross - tax, zeros)),
        "discount": raw(spelled(sum(discounts))),
        "taxPayments": [{"amount": raw(spelled(tax, zeros)), "taxRate": raw(rate), "included": is_included}],
    }
    if draw(st.booleans()):
        total["gross"] = raw(spelled(gross))
        total["net"] = raw(spelled(gross - tax))
    milli = draw(st.integers(1, 20_000)) * (-1 if gross < 0 else 1)
    found = item(total=total, quantity=raw(str(milli / 1000)))
    found["discounts"] = [
        {"value": raw(spelled(value)), "label": "%", "level": at} for at, value in enumerate(discounts)
    ]
    return found


@st.composite
def sales(draw: st.DrawFn) -> dict[str, Any]:
    """A receipt that adds up, with what it may hold."""
    sold = draw(st.lists(items(), min_size=1, max_size=8))
    cash = draw(st.lists(st.tuples(st.sampled_from(["10", "11"]), st.integers(1, 100_000)), max_size=3))
    gross = sum(cents(one["total"]["base"]) + excluded(one) for one in sold)
    tax = sum(cents(part["amount"]) for one in sold for part in one["total"]["taxPayments"])
    paid = gross + sum(amount for _, amount in cash)
    parts = draw(st.lists(st.integers(-100_000, 100_000), max_size=3))
    amounts = [*parts, paid - sum(parts)]
    for at, one in enumerate(sold):
        one["index"] = at
    return receipt(
        items=sold,
        accountTransactions=[{"account": {"number": n}, "amount": raw(spelled(amount))} for n, amount in cash],
        payments=[payment(spelled(a), METHODS[draw(st.sampled_from(sorted(METHODS)))]) for a in amounts],
        total={"gross": raw(spelled(gross)), "net": raw(spelled(gross - tax)), "tax": raw(spelled(tax))},
        voided=draw(st.booleans()),
    )


def cents(number: Any) -> int:
    found = Fraction(str(number)) * 100
    assert found.denominator == 1
    return int(found)


def excluded(one: dict[str, Any]) -> int:
    return sum(cents(part["amount"]) for part in one["total"]["taxPayments"] if not part["included"])


def read(record: dict[str, Any]) -> list[Receipt]:
    return [read_receipt(text) for text in TRANSLATION.receipts(written(record))]


def by_rate(record: dict[str, Any]) -> dict[Fraction, tuple[Fraction, Fraction]]:
    """Gross and tax by rate, in euros."""
    found: dict[Fraction, tuple[Fraction, Fraction]] = {}
    for one in record["items"]:
        (part,) = one["total"]["taxPayments"]
        rate = Fraction(part["taxRate"])
        gross, tax = found.get(rate, (Fraction(0), Fraction(0)))
        excluded = Fraction(0) if part["included"] else part["amount"]
        found[rate] = gross + one["total"]["base"] + excluded, tax + part["amount"]
    return found


@given(sales())
def test_any_receipt_comes_to_the_same_sums(sale: dict[str, Any]) -> None:
    original, *voids = read(sale)
    meant = json.loads(written(sale), parse_float=Fraction, parse_int=Fraction)
    moved = sum((one["amount"] for one in meant["accountTransactions"]), Fraction(0))
    assert Fraction(sum(line.gross_cents for line in original.lines), 100) == meant["total"]["gross"] + moved
    assert Fraction(original.total_cents, 100) == meant["total"]["gross"] + moved
    assert Fraction(sum(p.base_amount_cents for p in original.payments), 100) == sum(
        p["amount"] for p in meant["payments"]
    )
    assert Fraction(sum(block.tax_cents for block in original.vat), 100) == meant["total"]["tax"]
    assert Fraction(sum(block.net_cents for block in original.vat), 100) == meant["total"]["net"]
    found = {
        Fraction(block.vat_rate or ""): (Fraction(block.gross_cents, 100), Fraction(block.tax_cents, 100))
        for block in original.vat
    }
    assert found == by_rate(meant)
    quantities = [Fraction(line.quantity) for line in original.lines[: len(meant["items"])]]
    assert quantities == [one["quantity"] for one in meant["items"]]
    assert check_receipts(flatten([original, *voids]), registers=("K1",), currency="EUR") == {}
    assert len(voids) == sale["voided"]
    for void in voids:
        assert void.total_cents == -original.total_cents
        assert [-line.tax_cents for line in void.lines] == [line.tax_cents for line in original.lines]


@given(sales(), st.randoms(use_true_random=False))
def test_the_order_of_what_a_receipt_holds_changes_nothing(sale: dict[str, Any], order: random.Random) -> None:
    first = [content_hash(one) for one in read(sale)]
    shuffled = {**sale, "zcounter": 99, "revision": 99}
    for name in ("items", "accountTransactions", "payments"):
        shuffled[name] = order.sample(sale[name], len(sale[name]))
    for one in shuffled["items"]:
        order.shuffle(one["discounts"])
    assert [content_hash(one) for one in read(shuffled)] == first


@given(sales())
def test_any_receipt_of_these_tests_is_as_the_description_says(sale: dict[str, Any]) -> None:
    if DESCRIPTION.is_file():
        assert of_component("Receipt", json.loads(written(sale))) == []


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(sorted(receipt())), inner),
)


@given(ANYTHING)
def test_whatever_comes_is_a_receipt_or_a_refusal(found: Any) -> None:
    record = receipt() | found if isinstance(found, dict) else found
    try:
        texts = TRANSLATION.receipts(json.dumps(record).encode())
    except UntranslatableError:
        return
    assert [read_receipt(text).number for text in texts]
