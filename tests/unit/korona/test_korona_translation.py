"""Protects that a receipt of KORONA.cloud means here what it meant there, or is refused with what to write down."""

import json
from typing import Any

import pytest

from cloudkasse_etl.rejections.catalogue import CATALOGUE
from cloudkasse_etl.schemas.wire_receipts import Receipt, parse_closing, read_item, read_receipt
from cloudkasse_etl.tills.korona.exact_numbers import last_digits
from cloudkasse_etl.tills.korona.korona_translation import KoronaTranslation, void_id
from cloudkasse_etl.tills.port import UntranslatableError
from cloudkasse_etl.transform.books.reversals import is_void
from cloudkasse_etl.transform.receipt_checks import check_receipts
from cloudkasse_etl.transform.receipt_frames import content_hash, flatten
from tests.support.korona.korona_description import needs_description, of_component
from tests.support.korona.korona_receipts import (
    ID,
    POINT,
    SETTINGS,
    item,
    payment,
    raw,
    receipt,
    settings,
    written,
)

TRANSLATION = KoronaTranslation(settings())


def translated(**changes: Any) -> list[Receipt]:
    return [read_receipt(text) for text in TRANSLATION.receipts(written(receipt(**changes)))]


def only(**changes: Any) -> Receipt:
    (found,) = translated(**changes)
    return found


def refused(record: dict[str, Any], translation: KoronaTranslation = TRANSLATION) -> UntranslatableError:
    with pytest.raises(UntranslatableError) as told:
        translation.receipts(written(record))
    failure = CATALOGUE[told.value.code]
    (failure.text + failure.cure).format_map(told.value.detail)
    return told.value


def checked(*receipts: Receipt) -> list[str]:
    found = check_receipts(flatten(receipts), registers=("K1", "K2"), currency="EUR")
    return [rejection.code for some in found.values() for rejection in some]


def test_a_sale_is_a_receipt_of_ours() -> None:
    found = only()
    assert (found.id, found.register, found.number, found.closing_number) == (ID, "K1", 4711, 12)
    assert (found.kind, found.cancelled, found.reference_id, found.total_cents) == ("Beleg", False, None, 2380)
    assert (found.business_day, found.ended_at) == ("2026-11-23", "2026-11-23T10:15:40+01:00")
    (line,) = found.lines
    assert (line.business_case, line.article, line.quantity, line.unit_price_cents) == ("Umsatz", "A100", "2.000", 1190)
    assert (line.gross_cents, line.net_cents, line.tax_cents, line.vat_rate) == (2380, 2000, 380, "19.00")
    assert [(p.tender, p.base_amount_cents) for p in found.payments] == [("Bar", 2380)]
    assert [(v.vat_rate, v.gross_cents, v.tax_cents) for v in found.vat] == [("19.00", 2380, 380)]
    assert checked(found) == []


@needs_description
def test_the_receipts_of_these_tests_are_as_the_description_says() -> None:
    def faults(**changes: Any) -> list[str]:
        return of_component("Receipt", json.loads(written(receipt(**changes))))

    assert faults() == []
    assert faults(total={"groß": 1}) == ["$.total.groß is no field of the description"]
    assert len(faults(zcounter="12")) == 1
    statement = json.loads(closing())["endOfDayStatement"]
    assert of_component("EndOfDayStatement", statement) == []


def test_the_day_is_that_of_the_shop_and_a_time_without_offset_is_the_shops() -> None:
    assert only(bookingTime="2026-11-23T23:30:00Z").business_day == "2026-11-24"
    assert only(bookingTime="2026-11-23T23:30:00", creationTime=None).ended_at == "2026-11-23T23:30:00+01:00"


def test_a_sale_after_midnight_may_belong_to_the_day_before() -> None:
    late = KoronaTranslation(settings(SETTINGS.replace("account: acc-1", "account: acc-1\n    day_begins: '05:00'")))
    for time, day in (("2026-11-24T04:59:59+01:00", "2026-11-23"), ("2026-11-24T05:00:00+01:00", "2026-11-24")):
        (text,) = late.receipts(written(receipt(bookingTime=time)))
        assert read_receipt(text).business_day == day


def test_a_register_is_known_by_its_point_of_sale() -> None:
    assert only(pointOfSale={"number": "K2"}).register == "K2"
    error = refused(receipt(pointOfSale={"number": "12", "name": "Neu"}))
    assert (error.code, error.detail["value"]) == ("korona_register_unknown", "12")
    freed = KoronaTranslation(settings(SETTINGS.replace('till_id: "11"', 'till_id: "12"')))
    assert read_receipt(freed.receipts(written(receipt(pointOfSale={"number": "12"})))[0]).register == "K1"


@pytest.mark.parametrize(
    ("changes", "code", "value", "setting"),
    [
        ({"payments": [payment(method={"number": "7", "name": "Gift"})]}, "korona_tender_unknown", "7",
         'tenders: {"7": Guthabenkarte, '),
        ({"accountTransactions": [{"account": {"number": "13"}, "amount": 1}], "payments": [payment("24.80")]},
         "korona_account_unknown", "13", 'accounts: {"13": Privateinlage, '),
        ({"items": [item(type="VOUCHER", voucherTransaction={"voucherConfiguration": {"number": "6"}})]},
         "korona_voucher_unknown", "6", 'vouchers: {"6": EinzweckgutscheinKauf, '),
    ],
)  # fmt: skip
def test_a_number_that_is_not_named_is_refused_until_it_is(
    changes: dict[str, Any], code: str, value: str, setting: str
) -> None:
    error = refused(receipt(**changes))
    assert (error.code, error.detail["value"], error.register, error.number) == (code, value, "K1", 4711)
    name = setting.partition(":")[0]
    freed = KoronaTranslation(settings(SETTINGS.replace(f"{name}: {{", setting)))
    assert len(freed.receipts(written(receipt(**changes)))) == 1
    assert freed.fingerprint() != TRANSLATION.fingerprint()


def test_a_void_after_the_booking_and_one_before_it_both_come_to_nothing() -> None:
    sold = only()
    original, void = translated(
        voided=True, zcounter=13, revision=9, signature={"transcription": "x"}, fiscalTransactions=[{"number": 1}]
    )
    assert content_hash(original) == content_hash(sold)
    assert (void.id, void.reference_id, void.cancelled) == (void_id(ID), ID, True)
    assert original.total_cents + void.total_cents == 0
    assert [-line.gross_cents for line in void.lines] == [line.gross_cents for line in sold.lines]
    assert [(line.quantity, line.business_case) for line in void.lines] == [("-2.000", "Umsatz")]
    assert [(p.tender, p.base_amount_cents) for p in void.payments] == [("Bar", -2380)]
    assert is_void(void)
    assert checked(original, void) == []


def test_a_void_that_is_fetched_again_is_the_same_one() -> None:
    first, again = (translated(voided=True, revision=r, voidFiscalTransactions=[{"number": r}])[1] for r in (8, 9))
    assert content_hash(first) == content_hash(again)


def test_what_else_changes_is_another_content() -> None:
    assert content_hash(only()) != content_hash(only(payments=[payment("23.80", {"number": "2", "name": "EC"})]))


def test_a_receipt_that_was_broken_off_has_no_counter_entry() -> None:
    found = only(cancelled=True, voided=True)
    assert (found.cancelled, found.reference_id) == (True, None)


def test_a_reversal_takes_back_the_receipt_that_it_names() -> None:
    other = "0b9c0000-0000-4000-8000-000000000002"
    turned = {
        "items": [item("-23.80", "-3.80", quantity=raw("-2"))],
        "payments": [payment("-23.80")],
        "total": {"gross": raw("-23.80")},
    }
    found = only(id=other, reversal=True, reversedReceipt={"id": ID}, **turned)
    assert (found.cancelled, found.reference_id, found.total_cents) == (True, ID, -2380)
    assert is_void(found)
    assert checked(found) == []
    unnamed = only(reversal=True, **turned)
    assert (unnamed.cancelled, unnamed.reference_id) == (False, None)


def test_a_deposit_is_told_by_the_settings_and_goes_back_as_what_it_was() -> None:
    def case(gross: str, **changes: Any) -> str:
        goods = item(gross, "0.00", "19", product={"number": "P1"})
        return only(items=[goods], total=None, **changes).lines[0].business_case

    assert case("0.01") == "Pfand"
    assert case("-0.01") == "PfandRueckzahlung"
    assert case("-0.01", reversal=True, reversedReceipt={"id": ID}) == "Pfand"


def test_a_voucher_is_what_its_configuration_is() -> None:
    sold = item("50.00", "0", "0", type="VOUCHER", product=None, description="Gutschein")
    own = sold | {"voucherTransaction": {"voucher": {"number": "V1"}, "voucherConfiguration": {"number": "5"}}}
    (line,) = only(items=[own], payments=[payment("50.00")], total=None).lines
    assert (line.business_case, line.voucher, line.article) == ("MehrzweckgutscheinKauf", "V1", None)
    of_receipt = {"voucherTransactions": [{"voucherConfiguration": {"number": "5"}}]}
    (line,) = only(items=[sold], payments=[payment("50.00")], total=None, **of_receipt).lines
    assert line.business_case == "MehrzweckgutscheinKauf"


@pytest.mark.parametrize("total", [raw("0"), raw("-50"), None], ids=["without cash", "with cash", "not given"])
@pytest.mark.parametrize("amount", ["-50", "50"], ids=["signed", "unsigned"])
def test_cash_that_is_taken_out_is_a_line_with_the_sign_of_what_was_paid(amount: str, total: Any) -> None:
    found = only(
        items=None,
        accountTransactions=[{"account": {"number": "12", "name": "Privat"}, "amount": raw(amount)}],
        payments=[payment("-50.00")],
        total=None if total is None else {"gross": total},
    )
    (line,) = found.lines
    assert (line.business_case, line.gross_cents, line.vat_rate, line.text) == ("Privatentnahme", -5000, None, "Privat")
    assert (found.total_cents, checked(found)) == (-5000, [])


@pytest.mark.parametrize("total", ["23.80", "25.00"], ids=["without the tip", "with it"])
def test_a_tip_is_a_transaction_on_its_account(total: str) -> None:
    tips = KoronaTranslation(settings(SETTINGS.replace('accounts: {"10"', 'accounts: {"20": TrinkgeldAN, "10"')))
    record = receipt(
        accountTransactions=[{"account": {"number": "20", "name": "Trinkgeld"}, "amount": raw("1.20")}],
        payments=[payment("25.00")],
        total={"gross": raw(total), "tax": raw("3.80")},
    )
    (found,) = map(read_receipt, tips.receipts(written(record)))
    assert [(line.business_case, line.gross_cents) for line in found.lines] == [("Umsatz", 2380), ("TrinkgeldAN", 120)]
    assert (found.total_cents, checked(found)) == (2500, [])


def test_taxes_that_are_not_included_are_part_of_the_gross() -> None:
    total = {"base": raw("20"), "taxPayments": [{"amount": raw("3.8"), "taxRate": raw("19.0"), "included": False}]}
    (line,) = only(items=[item(total=total)]).lines
    assert (line.gross_cents, line.net_cents, line.tax_cents) == (2380, 2000, 380)


def test_the_printed_tax_stands_where_the_items_come_to_another() -> None:
    items = [item("1.00", "0.16", index=at) for at in range(3)]
    found = only(items=items, payments=[payment("3.00")], total={"gross": raw("3.00"), "tax": raw("0.48")})
    assert [block.tax_cents for block in found.vat] == [48]
    total = {"gross": raw("3.00"), "tax": raw("0.47")}
    found = only(items=items, payments=[payment("3.00")], total=total)
    assert [(block.net_cents, block.tax_cents) for block in found.vat] == [(253, 47)]


@pytest.mark.parametrize(
    ("changes", "code", "told"),
    [
        ({"items": [item("1.005")]}, "korona_unreadable", "1.005 is no amount"),
        ({"items": [item(quantity=raw("1.0005"))]}, "korona_unreadable", "1.0005 is no amount"),
        ({"items": [item("1e400")]}, "korona_unreadable", "no amount"),
        ({"items": [item(quantity=None)]}, "korona_unreadable", "items[0].quantity"),
        ({"items": [item(total=None)]}, "korona_unreadable", "items[0].total"),
        ({"number": None}, "korona_unreadable", "number"),
        ({"number": "neu"}, "korona_unreadable", "number"),
        ({"id": None}, "korona_unreadable", "id"),
        ({"bookingTime": "gestern"}, "korona_unreadable", "bookingTime"),
        ({"payments": [{"paymentMethod": {"number": "1"}}]}, "korona_unreadable", "payments.amount"),
        ({"zcounter": "zwölf"}, "korona_unreadable", "zcounter"),
        ({"items": [item(total={"base": raw("1"), "taxPayments": [{"taxRate": 7}, {"taxRate": 19}]})]},
         "korona_several_rates", "7.00, 19.00"),
        ({"items": [item(total={"base": raw("1"), "gross": raw("2"),
                                "taxPayments": [{"amount": raw("0.1"), "taxRate": 7, "included": True}]})]},
         "korona_sums", "total.gross"),
        ({"items": [item(total={"base": raw("10.70"), "net": raw("10.70"),
                                "taxPayments": [{"amount": raw("0.7"), "taxRate": 7, "included": True}]})]},
         "korona_sums", "total.net"),
        ({"items": [item("1.00", "0", "0")], "total": {"tax": raw("0.10")}}, "korona_sums", "total.tax"),
    ],
)  # fmt: skip
def test_what_cannot_be_told_is_refused_with_its_field(changes: dict[str, Any], code: str, told: str) -> None:
    record = receipt(**changes)
    record["items"] = [{k: v for k, v in one.items() if v is not None} for one in record["items"]]
    error = refused(record)
    assert error.code == code
    assert told in " ".join(error.detail.values())


@pytest.mark.parametrize("text", [b"", b"[]", b"null", b'{"id": 5}', b'{"id": "\xff"}', b'{"items": [1]}'])
def test_what_is_no_receipt_at_all_is_refused(text: bytes) -> None:
    with pytest.raises(UntranslatableError) as told:
        TRANSLATION.receipts(text)
    assert told.value.code == "korona_unreadable"


def test_a_total_that_is_not_its_items_is_left_to_the_checks_on_arrival() -> None:
    assert checked(only(total={"gross": raw("20.00")})) == ["receipt_lines_total", "receipt_payments_total"]


@pytest.mark.parametrize(("text", "number"), [("4711", 4711), ("11-004711", 4711), ("R 7 ", 7), ("", None)])
def test_a_receipts_number_is_what_its_text_ends_with(text: str, number: int | None) -> None:
    assert last_digits(text) == number


def closing(**changes: Any) -> bytes:
    statement = {
        "finishTime": "2026-11-23T20:00:00+01:00",
        "zCount": 12,
        "receiptCount": 3,
        "summaries": {
            "payments": [
                {"paymentMethod": {"number": "1", "name": "Bargeld"}, "expectedAmount": raw("23.80")},
                {"paymentMethod": {"number": "9"}, "expectedAmount": raw("10"), "actualAmount": raw("11")},
            ]
        },
    }
    return written({"pointOfSale": POINT, "endOfDayStatement": statement | changes})


def test_a_closing_has_its_count_and_its_tenders() -> None:
    found = parse_closing(read_item(TRANSLATION.closing(closing())))
    assert (found.register, found.number, found.receipt_count, found.business_day) == ("K1", 12, 3, "2026-11-23")
    assert [(t.tender, t.name, t.amount_cents) for t in found.tenders] == [
        ("Bar", "Bargeld", 2380),
        ("Unbar", "Rechnung", 1000),
    ]
    assert found.business_cases == []


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"finishTime": None}, "korona_unreadable"),
        ({"zCount": None}, "korona_unreadable"),
        ({"receiptCount": "3"}, "korona_unreadable"),
        ({"summaries": {"payments": [{"paymentMethod": {"number": "7"}}]}}, "korona_tender_unknown"),
        ({"summaries": {"payments": [{"paymentMethod": {"number": "1"}, "expectedAmount": raw("0.001")}]}},
         "korona_unreadable"),
    ],
)  # fmt: skip
def test_a_closing_that_cannot_be_told_is_refused(changes: dict[str, Any], code: str) -> None:
    with pytest.raises(UntranslatableError) as told:
        TRANSLATION.closing(closing(**changes))
    assert told.value.code == code
