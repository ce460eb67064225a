"""Protects the books from any receipt: a valid one is taken and balances, a mangled one is refused or means the same.

The way from the wire to the books is driven purely, so that hundreds of receipts take seconds. What the registers'
names can do to a database is tried in real ones.
"""

import json
import random
from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cloudkasse_etl.schemas.lenient_json import as_kept
from cloudkasse_etl.schemas.wire_receipts import MalformedError, Receipt, parse_receipt
from cloudkasse_etl.sync.receipts import closing_staging as closings_use_case
from cloudkasse_etl.sync.receipts import receipt_staging as receipts_use_case
from cloudkasse_etl.tills.port import Page
from cloudkasse_etl.transform.booking import Ledger, book
from cloudkasse_etl.transform.receipt_checks import check_receipts
from cloudkasse_etl.transform.receipt_frames import content_hash, flatten
from tests.support import books
from tests.support.books import fetch, fetch_and_book, statuses, tables, told
from tests.support.receipts.receipt_factory import (
    Fields,
    as_item,
    item,
    ledger,
    line,
    pay,
    valid_receipt,
    valid_receipts,
)
from tests.support.torture.torture_figures import LONG, Promise, holds
from tests.support.worlds import BOTH, World

pytestmark = pytest.mark.shop(accounts=True)

BOOKS: Ledger = ledger()
REGISTERS = ("K1", "K2")
AMOUNTS = (
    "total_cents", "unit_price_cents", "gross_cents", "net_cents", "tax_cents", "amount_cents", "base_amount_cents",
)  # fmt: skip
# what the contract lets be absent or null, and what is no part of a receipt's meaning
OPTIONAL = {
    "closing_number", "arrived_at", "employee", "note", "reference", "customer", "tse", "gtin", "serial", "in_house",
}  # fmt: skip
CODES = {"kind": "Kassenbon", "register": "K9", "currency": "XTS", "business_case": "Verkauf", "tender": "Gold"}


def sent(receipt: Receipt) -> Fields:
    """A receipt as it arrives: through JSON."""
    found: Fields = json.loads(json.dumps(as_item(receipt)))
    return found


def refused(receipt: Receipt) -> list[str]:
    """Why a receipt is refused on arrival."""
    found = check_receipts(flatten([receipt]), registers=REGISTERS, currency="EUR")
    return [rejection.code for rejection in found.get(0, [])]


def meaning(receipt: Receipt) -> tuple[Any, ...]:
    """All that is booked and moved of a receipt, or why nothing is."""
    booked = book(flatten([receipt]), BOOKS)
    postings = booked.postings.drop(columns="text").astype(object)
    movements = booked.movements.astype(object)
    return (
        postings.where(postings.notna(), None).to_dict("records"),
        movements.where(movements.notna(), None).to_dict("records"),
        [(rejection.key, rejection.code) for rejection in booked.rejections],
        [(rejection.key, rejection.code) for rejection in booked.stock_rejections],
    )


# --- valid ones


@given(valid_receipts(), st.randoms(use_true_random=False))
@settings(max_examples=100 if LONG else 25)
def test_any_valid_receipt_is_accepted_its_books_balance_and_its_vat_is_conserved(
    receipts: list[Receipt], chance: random.Random
) -> None:
    parsed = [parse_receipt(sent(receipt)) for receipt in receipts]
    frames = flatten(parsed)
    assert check_receipts(frames, registers=REGISTERS, currency="EUR") == {}
    booked = book(frames, BOOKS)
    assert booked.rejections == []
    balance: Counter[str] = Counter()
    taxes: Counter[tuple[str, str]] = Counter()
    for receipt_id, cents, rate, tax in booked.postings[
        ["receipt_id", "amount_cents", "vat_rate", "tax_cents"]
    ].itertuples(index=False):
        balance[receipt_id] += cents
        if rate == rate:
            taxes[receipt_id, rate] -= tax
    assert not any(balance.values())
    printed: Counter[tuple[str, str]] = Counter()
    for receipt in parsed:
        broken_off = receipt.cancelled and receipt.reference is None
        if receipt.kind == "Beleg" and not broken_off:
            for block in receipt.vat:
                assert block.vat_rate is not None
                printed[receipt.id, block.vat_rate] += block.tax_cents
    assert {key: tax for key, tax in taxes.items() if tax} == {key: tax for key, tax in printed.items() if tax}


@given(valid_receipt(), st.randoms(use_true_random=False))
@settings(max_examples=150 if LONG else 60)
def test_another_spelling_of_a_receipt_is_the_same_receipt(receipt: Receipt, chance: random.Random) -> None:
    def respelled(value: Any, name: str = "") -> Any:
        if isinstance(value, dict):
            pairs = list(value.items())
            chance.shuffle(pairs)
            return {key: respelled(part, key) for key, part in pairs} | {"unknown": 1}
        if isinstance(value, list):
            return [respelled(part) for part in value]
        if name == "quantity" and chance.random() < 0.5:
            return str(value).rstrip("0").rstrip(".")
        if name == "vat_rate" and value is not None and chance.random() < 0.5:
            return f"{value}00"
        return float(value) if type(value) is int and chance.random() < 0.5 else value

    plain = parse_receipt(sent(receipt))
    other = {**respelled(sent(receipt)), "closing_number": 7, "arrived_at": "2027-01-01T00:00:00Z"}
    assert content_hash(parse_receipt(json.loads(json.dumps(other)))) == content_hash(plain)


# --- mangled ones


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The paths of all fields, those of parts included."""
    found = []
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in pairs:
        if isinstance(value, dict):
            found.append((*path, key))
        found += places(part, (*path, key))
    return [place for place in found if place[:1] != ("tse",)]


def put(item: Fields, path: tuple[Any, ...], value: Any) -> None:
    place: Any = item
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value


def take(item: Fields, path: tuple[Any, ...]) -> Any:
    place: Any = item
    for key in path:
        place = place[key]
    return place


@st.composite
def mangled(draw: st.DrawFn) -> tuple[Receipt, Fields, str]:
    """A valid receipt, a mangled copy as it arrives, and what was done to it."""
    receipt = draw(valid_receipt())
    found = sent(receipt)
    everywhere = places(found)
    ways = ["drop", "type", "amount", "code"]
    way = draw(st.sampled_from(ways))
    if way == "drop":
        path = draw(st.sampled_from([p for p in everywhere if p[-1] not in OPTIONAL]))
        place = take(found, path[:-1])
        del place[path[-1]]
    elif way == "type":
        path = draw(st.sampled_from([p for p in everywhere if p[-1] not in ("tse", "reference")]))
        old = take(found, path)
        others: list[Any] = [[], {}, [1], {"a": 1}, 1.5, "", "x", 7, True]
        others = [value for value in others if type(value) is not type(old) and old is not None] or [[], {}]
        if type(old) in (str, int, bool) and path[-1] not in OPTIONAL | {"vat_rate", "name"}:
            others.append(None)
        put(found, path, draw(st.sampled_from(others)))
    elif way == "amount":
        path = draw(st.sampled_from([p for p in everywhere if p[-1] in AMOUNTS]))
        cents = draw(st.integers(1, 300)) * draw(st.sampled_from([1, -1]))
        put(found, path, take(found, path) + cents)
    else:
        path = draw(
            st.sampled_from([p for p in everywhere if p[-1] in CODES and (p[0], p[-1]) != ("payments", "currency")])
        )
        put(found, path, CODES[path[-1]])
    return receipt, found, f"{way} at {'.'.join(map(str, path))}"


@given(mangled())
@settings(max_examples=500 if LONG else 80)
def test_any_mangled_receipt_is_refused_or_means_the_same(case: tuple[Receipt, Fields, str]) -> None:
    receipt, found, what = case
    refused_or_the_same(receipt, found, what)
    holds(Promise.BAD_INPUT)


def refused_or_the_same(receipt: Receipt, found: Fields, what: str) -> None:
    try:
        parsed = parse_receipt(found)
    except MalformedError:
        return
    assert not what.startswith("drop"), "a field that the contract wants is missing"
    if refused(parsed):
        return
    assert not what.startswith("code"), "a code that nobody knows"
    postings, _, rejections, _ = after = meaning(parsed)
    if rejections:
        assert postings == []
        return
    assert after == meaning(receipt), what


@pytest.mark.parametrize("name", ["article", "unit", "voucher", "cancelled"])
def test_a_line_without_a_field_that_may_be_null_but_not_absent_is_refused(name: str) -> None:
    found = item(line(article="A19"), payments=[pay("Bar", 1190, "Bar")])
    parse_receipt(found)
    del found["lines"][0][name]
    with pytest.raises(MalformedError, match=name):
        parse_receipt(found)


# --- in real databases


def good(number: int, **fields: Any) -> Fields:
    return item(line(article="A1"), id=f"G{number}", number=number, **fields)


def nested(depth: int) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = [value]
    return value


HOSTILE: dict[str, tuple[Fields, bool]] = {
    "NUL in the id": (item(line(), id="R\0"), False),
    "NUL in the kind": (item(line(), kind="Beleg\0"), False),
    "NUL in the register": (item(line(), register="K\0"), False),
    "NUL in a time": (item(line(), ended_at="\0"), False),
    "NUL in the reference": (item(line(), reference="R\0"), False),
    "NUL in an article": (item(line(article="A\0")), False),
    "NUL in texts": (item(line(text="a\0b", unit="\0"), note="\0", employee="\0", customer="\0"), True),
    "NUL in a name of a payment": (item(line(), payments=[pay("Bar", 1190, "\0")]), True),
    "NUL in a business case": (item(line("Umsatz\0")), False),
    "no time at all": (item(line(), ended_at="gestern"), False),
    "a time of another calendar": (item(line(), ended_at="99999-01-01T00:00:00Z"), False),
    "the last day": (item(line(), business_day="9999-12-31"), False),  # held: its register's clock is wrong
    "the largest amounts": (item(line(gross=10**13), line(gross=1 - 10**13)), True),
    "the largest quantity": (item(line(article="A1", quantity="999999999999.999")), True),
    "the largest number": (item(line(), number=2**53), True),
    "the longest id": (item(line(article="gone"), id="😀" * 100), True),
    "an id of our own separators": (item(line(article="gone"), id="a|b:c!d"), True),
    "a reference to itself": (item(line(), id="R1", reference="R1"), True),
    "nested deep": (item(line(), tse={"x": nested(200)}), True),
    "nested too deep": (item(line(), tse={"x": nested(300)}), False),
    "no object": (["a", 1], False),  # type: ignore[dict-item]
}


@BOTH
def test_whatever_a_register_sends_no_database_holds_up_the_others(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    hostile = []
    for number, (name, (found, _)) in enumerate(HOSTILE.items(), 2):
        is_plain = isinstance(found, dict) and found["id"] == "R1" and "itself" not in name
        hostile.append({**found, "id": f"H{number}"} if is_plain else found)
    items = [good(1), *hostile, good(99)]
    page = Page(tuple(as_kept(found)[1] for found in items), next_cursor="c1", has_more=False)
    accepted = sum(is_good for _, is_good in HOSTILE.values()) + 2
    with monkeypatch.context() as patch:
        for use_case in (receipts_use_case, closings_use_case):
            patch.setattr(
                use_case, "pages_of", lambda session, stream, anew: iter([page] if stream == "receipts" else [])
            )
        receipts, _ = fetch(world)
        assert (receipts.counts.new, receipts.counts.rejected) == (accepted, len(items) - accepted)
        assert told(fetch(world)[0])["unchanged"] == len(items)
        told(fetch(world, retry_rejected=True)[0])
    postings, _ = books.book(world)
    assert told(postings) == {"new": accepted}
    assert len(tables(world)["posting"]) >= 4 * accepted
    books.complete(world)
    for rejection in receipts.rejections:
        for language in ("de", "en"):
            assert rejection.text(language)


@pytest.mark.parametrize("receipt_id", ["R!1", "a|b", "?"])
def test_a_refused_receipt_is_checked_again_whatever_its_id(world: World, receipt_id: str) -> None:
    world.server.store.deliver_receipts([item(line(), id=receipt_id, register="K9")])
    fetch(world)
    world.settings["registers"].append({**world.settings["registers"][0], "number": "K9"})
    assert told(fetch(world)[0]) == {"new": 1}


def test_a_broken_receipt_that_comes_again_with_its_closing_number_is_the_same(world: World) -> None:
    broken = {**good(1), "lines": "none"}
    world.server.store.deliver_receipts([broken])
    fetch(world)
    again = {**broken, "closing_number": 4, "arrived_at": "2026-11-24T08:00:00+01:00"}
    world.server.store.deliver_receipts([dict(reversed(again.items()))])
    assert told(fetch(world)[0]) == {"unchanged": 1, "still_rejected": 1}
    assert statuses(world) == {"G1": "rejected"}


def test_the_void_of_a_receipt_that_was_refused_as_broken_waits_for_it_and_holds_up_no_other(world: World) -> None:
    broken = {**good(1), "lines": "none"}
    world.server.store.deliver_receipts([broken, good(2, reference="G1", cancelled=True), good(3)])
    postings, _ = fetch_and_book(world)
    assert told(postings) == {"new": 1, "deferred": 1}
