"""Protects the laws of the books, for any receipts: they balance, nothing gets lost, and a void undoes its original."""

from collections import defaultdict
from dataclasses import replace
from typing import Any

import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from cloudkasse_etl.schemas.postings import RevenuePosting, StockMovement
from cloudkasse_etl.schemas.wire_receipts import Receipt
from cloudkasse_etl.transform.booking import book
from cloudkasse_etl.transform.books.reversals import mirror
from cloudkasse_etl.transform.prices.vat_rates import VatRates
from cloudkasse_etl.transform.receipt_checks import check_receipts
from cloudkasse_etl.transform.receipt_frames import flatten, without_effect
from tests.support.receipts.bookings import CLEARING, DRINK, GROUPS, booked, entries
from tests.support.receipts.receipt_factory import (
    booked_originals,
    ledger,
    line,
    receipt,
    valid_receipts,
    void_of,
)

BOOKS = ledger({"A7": DRINK, "A19": {"tax_code": "3", "revenue_group": "01"}}, groups=GROUPS)


def sums(frame: pd.DataFrame, *by: str) -> dict[Any, int]:
    found: dict[Any, int] = defaultdict(int)
    columns = [frame[name].astype(object).where(frame[name].notna(), None) for name in by]
    for *key, amount in zip(*columns, frame["amount_cents"].tolist(), strict=True):
        found[tuple(key)] += amount
    return {key: amount for key, amount in found.items() if amount}


@given(valid_receipts())
def test_any_valid_receipt_is_booked_and_balances(receipts: list[Receipt]) -> None:
    frames = flatten(receipts)
    assert check_receipts(frames, registers=["K1", "K2"], currency="EUR") == {}, "the generator makes valid ones"
    result = book(frames, BOOKS)
    assert result.rejections == []
    assert sums(result.postings, "receipt_id") == {}
    assert sums(result.postings[result.postings["account"] == CLEARING], "receipt_id") == {}
    assert result.postings["posting_id"].is_unique
    assert (result.postings["business_case"].isna() != result.postings["tender"].isna()).all()
    RevenuePosting.validate(result.postings, lazy=True)
    StockMovement.validate(result.movements, lazy=True)


@given(valid_receipts())
def test_vat_by_receipt_and_rate_is_what_was_printed(receipts: list[Receipt]) -> None:
    frames = flatten(receipts)
    effective = ~without_effect(frames, in_kind_moves_stock=False)
    postings = book(frames, BOOKS).postings
    taxed = postings[postings["vat_rate"].notna()].assign(amount_cents=-postings["tax_cents"])
    printed = {
        (found.id, row.vat_rate): row.tax_cents
        for found, counts in zip(receipts, effective, strict=True)
        for row in found.vat
        if counts and row.tax_cents
    }
    assert sums(taxed, "receipt_id", "vat_rate") == printed
    assert (postings.loc[postings["vat_rate"].isna(), "tax_cents"] == 0).all()


@given(valid_receipts())
def test_money_by_tender_and_case_is_conserved(receipts: list[Receipt]) -> None:
    frames = flatten(receipts)
    effective = ~without_effect(frames, in_kind_moves_stock=False)
    postings = book(frames, BOOKS).postings
    postings = postings[postings["account"] != CLEARING]
    cases: dict[Any, int] = defaultdict(int)
    tenders: dict[Any, int] = defaultdict(int)
    for found, counts in zip(receipts, effective, strict=True):
        for row in found.lines if counts else []:
            if row.business_case == "Anfangsbestand":
                tenders["Bar",] -= row.gross_cents
            elif not row.cancelled:
                cases[row.business_case,] -= row.gross_cents
        for payment in found.payments if counts else []:
            tenders[payment.tender,] += payment.base_amount_cents
    assert sums(postings[postings["tender"].isna()], "business_case") == {k: v for k, v in cases.items() if v}
    assert sums(postings[postings["tender"].notna()], "tender") == {k: v for k, v in tenders.items() if v}


@given(valid_receipts(), st.randoms(use_true_random=False))
def test_neither_order_nor_batch_changes_what_is_booked(receipts: list[Receipt], random: Any) -> None:
    whole = book(flatten(receipts), BOOKS)
    shuffled = random.sample(receipts, len(receipts))
    at = random.randrange(len(receipts) + 1)
    parts = [book(flatten(part), BOOKS) for part in (shuffled[:at], shuffled[at:])]
    for name, key in (("postings", "posting_id"), ("movements", "movement_id")):
        one = getattr(whole, name).sort_values(key, ignore_index=True)
        other = pd.concat([getattr(part, name) for part in parts]).sort_values(key, ignore_index=True)
        pd.testing.assert_frame_equal(one, other, check_dtype=len(one) > 0)
    for name in ("rejections", "stock_rejections", "warnings"):
        found = [getattr(part, name) for part in parts]
        assert sorted(map(repr, getattr(whole, name))) == sorted(map(repr, found[0] + found[1]))


@given(valid_receipts(max_size=3))
def test_a_void_undoes_its_original(receipts: list[Receipt]) -> None:
    originals = [original for original in receipts if not original.cancelled and original.reference is None]
    voids = [void_of(original, id=f"V{at}", number=99 + at) for at, original in enumerate(originals)]
    booked_first = booked_originals(originals, BOOKS)
    mirrors = {void.id: mirror(void, first) for void, first in zip(voids, booked_first, strict=True)}
    both = booked(*originals, *voids, by=replace(BOOKS, mirrors=mirrors))
    of = {void.id: original.id for void, original in zip(voids, originals, strict=True)}
    postings = both.postings.assign(receipt_id=both.postings["receipt_id"].replace(of))
    assert sums(postings, "receipt_id", "account") == {}
    movements = both.movements.assign(receipt_id=both.movements["receipt_id"].replace(of))
    assert movements.groupby(["receipt_id", "article"])["quantity_milli"].sum().eq(0).all()


def test_nothing_at_all_makes_empty_frames_of_the_right_shape() -> None:
    result = booked()
    assert list(result.postings.columns) == list(RevenuePosting.to_schema().columns)
    assert list(result.movements.columns) == list(StockMovement.to_schema().columns)
    assert (len(result.postings), len(result.movements)) == (0, 0)


def test_an_erp_without_rates_or_articles_books_by_the_settings() -> None:
    by = ledger(rates=VatRates.from_rates(pd.DataFrame({"tax_code": [], "valid_from": [], "rate": []})))
    by = replace(by, articles=by.articles.iloc[:0], trade_sets=by.trade_sets.iloc[:0])
    assert entries(booked(receipt(line(article="A19")), by=by))[0] == ("8400", -1190, "19.00", -190)
