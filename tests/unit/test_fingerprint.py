"""What our tables hold as digests stays what it was: a database of an earlier release must not look changed.

The digests were taken from the code before there was `fingerprint`, when each place computed its own.
"""

import datetime as dt
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, cast
from zoneinfo import ZoneInfo

import pytest

from cloudkasse_etl.fingerprint import fingerprint
from cloudkasse_etl.rejections.rejection import Rejection, merged
from cloudkasse_etl.sandbox.till.assortment import _popularity
from cloudkasse_etl.schemas import contract
from cloudkasse_etl.schemas.wire_receipts import Closing, ClosingTender, closing_hash
from cloudkasse_etl.state.database.keys import bounded_key
from cloudkasse_etl.state.stores import sent_alerts
from cloudkasse_etl.sync.inputs.erp_frames import ErpFrames
from cloudkasse_etl.sync.monitoring import alerts, new_data
from cloudkasse_etl.sync.receipts import closing_arrivals, receipt_import
from cloudkasse_etl.sync.receipts.validation import receipt_reading, receipt_validation
from cloudkasse_etl.transform.books.ledger import refusal
from cloudkasse_etl.transform.prices.gross_prices import _Refusals
from cloudkasse_etl.transform.receipt_frames import content_hash
from tests.support.receipts.receipt_factory import line, receipt

STRAY = "\ud800"  # half of a surrogate pair, which no text in UTF-8 can hold


def of_merged_rejections() -> str:
    found = [Rejection("a", "k", "c", {"n": name}, content=f"{name}\u00fc") for name in "xy"]
    (one,) = merged(found)
    return one.content


def of_a_closing() -> str:
    total = ClosingTender("Bar", None, 1190)
    return closing_hash(Closing("K1", 7, "2026-03-02", 1, 9, 9, [], [total], created_at="2026-03-02T21:00:00Z"))


def of_a_receipt(**head: Any) -> str:
    return content_hash(receipt(line(), **head))


def of_the_erp() -> str:
    settings = SimpleNamespace(model_dump=lambda **_: {"zone": "Z\u00fcrich", "company": 1})
    erp = SimpleNamespace(
        watermarks={"MANDANT": "5|9"}, _settings=settings, _url="sqlite:///erp.db", _rates_of_today=[["1", "19.00"]]
    )
    return str(ErpFrames._hash(cast("Any", erp), "cloudkasse_company", ["MANDANT"], (3, 4)))


def of_the_checks() -> str:
    days = SimpleNamespace(ahead=1, back=400, zone=ZoneInfo("Europe/Berlin"))
    judge = SimpleNamespace(
        _registers={"K2", "K1"},
        _currency="EUR",
        _start=dt.date(2026, 1, 1),
        _in_kind=True,
        _days=days,
        _translation=None,
    )
    return receipt_validation.ReceiptValidator.fingerprint(cast("Any", judge))


def of_a_refused_price() -> str:
    refusals = _Refusals()
    refusals.add("A1|1", "price_zero", {}, "price_zero", {"column": f"1,00 {STRAY}"}, 7)
    return refusals.rejections[0].content


def of_a_failed_run() -> str:
    run = alerts.EndedRun(
        "r", "all", dt.datetime(2026, 3, 2, tzinfo=dt.UTC), "The ERP's database \u00abx\u00bb is away."
    )
    return alerts._key(run).code


def of_an_unreadable_closing() -> str:
    found = closing_arrivals.read_closing(b'{"register":"K1"}')
    assert isinstance(found, Rejection)
    return f"{found.key} {found.content}"


def of_an_unreadable_receipt() -> str:
    _, (refused,) = receipt_import._parsed([("r1", b'{"id":"r1"}')])
    return refused.content


DIGESTS: dict[str, tuple[Callable[[], str], str]] = {
    "merged rejections": (of_merged_rejections, "9eac9b3862f451330188d74386b7deb6"),
    "a refused record": (
        lambda: contract._content([{"a": f"x{STRAY}", "b": None, "c": 1.5}]),
        "cd800c3907d96aaf9a56bd893200377d",
    ),
    "a closing": (of_a_closing, "5bceb8a971b53169ad3728eacd4f28ab"),
    "a receipt": (of_a_receipt, "07cae08d17528d2e3eeb6638e81bc51c"),
    "a signed receipt": (lambda: of_a_receipt(tse={"b": 1, "a": "\u00fc"}), "18039dbefbee83b02eb06302ff345132"),
    "an overlong key": (
        lambda: bounded_key("k\u00fc" * 100)[-17:],
        "~9bedc2b78020d282",
    ),
    "an overlong key that is no text": (lambda: bounded_key(STRAY * 200)[-17:], "~456047f599008fd3"),
    "a place of processes": (lambda: fingerprint("host", size=8), "e478b42ad88a17af"),
    "a told cause": (
        lambda: sent_alerts._key_of(Rejection("revenue_postings", "k", "account_missing", {"setting": "a.b"})).named,
        "ed8497e97728c79f",
    ),
    "what a look found": (lambda: new_data._key("first", 7, [("x", None)]), "d1554a4845ee5768ea84134b1eb17388"),
    "what the ERP holds": (of_the_erp, "deed8bca2b3b011cfa29a1a2f79142f2"),
    "a failed run": (of_a_failed_run, "a9aca055a7126bff8914a71895ac2186"),
    "what receipts are checked by": (of_the_checks, "c1b4589015a8e51e5567a3df6cda9ea1"),
    "an item that is no receipt": (
        lambda: receipt_reading._digest({"b": 1, "a": None, "arrived_at": "x"}),
        "4e77573321f9d41a82306ffc36b2c0b2",
    ),
    "bytes that are no receipt": (lambda: receipt_reading._digest(b"\xff{"), "652a898e9b02f18bcd4f86a5d4a8b737"),
    "a closing that cannot be read": (
        of_an_unreadable_closing,
        "?2b32d7b421625ac52b493f2e07cebe9b 2b32d7b421625ac52b493f2e07cebe9b",
    ),
    "a staged receipt that cannot be read": (of_an_unreadable_receipt, "6086886ca0f4d15c6c79adf0575d79ff"),
    "a refused receipt": (
        lambda: refusal("a", "k", "account_missing", {"b": STRAY, "a": "1"}).content,
        "2fb085da26666cbb23ff68ab86d3eb2d",
    ),
    "a refused price": (of_a_refused_price, "d123fec68ed0f53e25f2779ea84be1c6"),
    "a popular article": (lambda: _popularity(4, "A1"), "1a74f9b9559a6f51"),
}


@pytest.mark.parametrize("name", DIGESTS)
def test_a_digest_is_what_it_was(name: str) -> None:
    made, expected = DIGESTS[name]
    assert made() == expected
