"""Protects the form of a batch: as SelectLine's description has it, found again by its documents, no text too long."""

import copy
import datetime as dt
from typing import Any

import orjson
import pytest

from cloudkasse_etl.transform.deliveries.batch_form import BatchHead, batch_form, compared, head_of, key_of_batch
from cloudkasse_etl.transform.deliveries.ledger_postings import CompoundPosting, LedgerPosition
from tests.support.selectline.selectline_description import faults_of_request, needs_description

DAY = dt.date(2026, 11, 24)
HEAD = BatchHead("cloudkasse:1|K1|closing 7|1", "K1-Z7", "K1", "Register K1, closing 7")


def posting(*lines: tuple[str, int], number: int | None = None, code: str | None = "3") -> CompoundPosting:
    positions = tuple(
        LedgerPosition(account, cents, code if cents < 0 else None, "19.00" if cents < 0 else None, -19, ("Umsatz",))
        for account, cents in lines
    )
    return CompoundPosting(DAY, DAY, "EUR", number, positions)


def form(*postings: CompoundPosting, head: BatchHead = HEAD) -> Any:
    return orjson.loads(orjson.dumps(batch_form(postings, head)))


SALE = posting(("1371", 119), ("8400", -119))
PAID = posting(("1000", 119), ("1371", -119), code=None)


def test_amounts_are_gross_and_vat_is_what_was_printed() -> None:
    made = form(SALE)
    assert made["Head"] == {"Description": HEAD.key, "ProcessingType": "Once"}
    assert made["Postings"] == [
        {
            "PostDate": "2026-11-24T00:00:00",
            "PostingDocument": "K1-Z7",
            "ServiceDate": "2026-11-24T00:00:00",
            "Positions": [
                {
                    "Account": "1371", "Text": "Register K1, closing 7", "Text2": "Umsatz", "Amount": 1.19,
                    "Currency": "EUR",
                },
                {
                    "Account": "8400", "Text": "Register K1, closing 7", "Text2": "Umsatz", "Amount": -1.19,
                    "TaxCode": "3", "Tax": 19.0, "TaxValue": -0.19, "Currency": "EUR",
                },
            ],
        }
    ]  # fmt: skip
    assert key_of_batch(orjson.loads(head_of(orjson.dumps(made)))) == HEAD.key


@needs_description
def test_it_is_as_selectlines_description_has_it() -> None:
    long = BatchHead("cloudkasse:" + "k" * 69, "Z" * 60, "Laden " * 10, "Kasse " * 30)
    for head in (HEAD, long):
        made = form(SALE, PAID, posting(("1000", 1), ("8400", -1), number=12), head=head)
        assert faults_of_request("POST", "/Accounting/BatchPostings", {}, made["Head"]) == []
        for one in made["Postings"]:
            assert faults_of_request("POST", "/Accounting/BatchPostings/7/Postings", {}, one) == []


def test_each_posting_has_a_document_of_its_own() -> None:
    made = form(
        SALE, PAID, posting(("1000", 1), ("8400", -1), number=12), posting(("1000", 2), ("8400", -2), number=13)
    )
    assert [one["PostingDocument"] for one in made["Postings"]] == ["K1-Z7-1", "K1-Z7-2", "K1-12", "K1-13"]


def test_a_text_that_is_cut_says_so() -> None:
    (one,) = form(SALE, head=BatchHead(HEAD.key, "Z" * 60, "K1", "Kasse " * 30))["Postings"]
    assert one["Positions"][0]["Text"].endswith("…")
    (other,) = form(SALE, head=BatchHead(HEAD.key, "Z" * 59 + "Y", "K1", ""))["Postings"]
    assert one["PostingDocument"] != other["PostingDocument"]


FROZEN = form(SALE, PAID)["Postings"]


def read_back(*changes: tuple[int, str, Any], drop: int | None = None, twice: int | None = None) -> list[Any]:
    found = [copy.deepcopy(one) | {"Record": at, "Source": "Api"} for at, one in enumerate(FROZEN, 1)]
    for at, name, value in changes:
        target = found[at] if name in found[at] else found[at]["Positions"][0]
        target[name] = value
    if twice is not None:
        found.append(copy.deepcopy(found[twice]) | {"Record": 9})
    return [one for at, one in enumerate(found) if at != drop]


@pytest.mark.parametrize(
    ("found", "missing", "surplus", "foreign"),
    [
        (read_back(), [], [], []),
        (list(reversed(read_back())), [], [], []),
        (read_back((0, "Text", "another text")), [], [], []),
        (read_back(drop=1), ["K1-Z7-2"], [], []),
        (read_back(twice=0), [], [9], []),
        (read_back((0, "Account", "1372"), twice=0), ["K1-Z7-1"], [1, 9], []),
        (read_back((1, "Amount", 1.2)), ["K1-Z7-2"], [2], []),
        (read_back((0, "Account", "1372")), ["K1-Z7-1"], [1], []),
        (read_back((0, "PostDate", "2026-11-25T00:00:00")), ["K1-Z7-1"], [1], []),
        (read_back((0, "PostingDocument", "by hand")), ["K1-Z7-1"], [], ["by hand"]),
        ([], ["K1-Z7-1", "K1-Z7-2"], [], []),
    ],
)
def test_what_is_there_is_compared_posting_by_posting(
    found: list[Any], missing: list[str], surplus: list[int], foreign: list[str]
) -> None:
    result = compared(FROZEN, found)
    assert [one["PostingDocument"] for one in result.missing] == missing
    assert (list(result.surplus), list(result.foreign)) == (surplus, foreign)
    assert result.is_whole == (not missing and not surplus and not foreign)
