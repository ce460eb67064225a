"""Protects what records are called: by words that a shop knows, in its own formats, and never by an id."""

import datetime as dt
import re
from dataclasses import replace
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloudkasse_etl.entities import KINDS, STAGED_CLOSINGS
from cloudkasse_etl.rejections.causes import by_cause, causes_of
from cloudkasse_etl.rejections.record_names import OF_RECEIPTS, ClosingName, ReceiptName, name_of, receipt_name
from cloudkasse_etl.rejections.rejection import CATALOGUE, Language, Rejection
from cloudkasse_etl.sync.run.report import rejection_dict

ANY_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE)
DAY = dt.date(2026, 10, 7)
ASSETS = (*(asset for kind in KINDS for asset in kind.assets), *OF_RECEIPTS, STAGED_CLOSINGS)


def receipt(number: int, cents: int, currency: str = "EUR", code: str = "account_missing") -> Rejection:
    key = f"{number:08x}-8f45-4000-8000-000000000000"
    record = ReceiptName(key, "K1", number, DAY, cents, currency)
    detail = {"setting": "accounts.clearing", "further": ""}
    return Rejection("revenue_postings", key, code, detail, record=record)


@pytest.mark.parametrize(
    ("language", "currency", "told"),
    [
        ("en", "EUR", "K1-348 · 2026-10-07 · 7.71 €"),
        ("de", "EUR", "K1-348 · 07.10.2026 · 7,71 €"),
        ("en", "CHF", "K1-348 · 2026-10-07 · 7.71 CHF"),
    ],
)
def test_a_receipt_is_called_by_register_and_number_day_and_total(language: Language, currency: str, told: str) -> None:
    assert receipt_name("K1", 348, DAY, 771, currency, language) == told


@pytest.mark.parametrize(
    ("asset", "key", "title", "english", "german"),
    [
        ("selectline_articles", "604", "Quittengelee", "604 Quittengelee", "604 Quittengelee"),
        ("selectline_articles", "604", None, "604", "604"),
        ("selectline_articles", "ART row 17", "Honig", "row 17 of ART Honig", "Zeile 17 in ART Honig"),
        ("selectline_articles", "GRUPPEN AG 12", None, "article group 12", "Artikelgruppe 12"),
        ("cloudkasse_registers", "K1", "Laden", "K1 Laden", "K1 Laden"),
        ("selectline_employees", "7", "Müller", "7 Müller", "7 Müller"),
        ("gross_prices", "301|1|0.000|", "Eier", "301 Eier, group 1, from 0", "301 Eier, Gruppe 1, ab 0"),
        ("gross_prices", "301", "Eier", "301 Eier", "301 Eier"),
        (
            "selectline_prices",
            "301|1|2.5|2026-10-01 (ARPREIS 12)",
            None,
            "301, group 1, from 2.5, valid from 2026-10-01",
            "301, Gruppe 1, ab 2,5, gültig ab 01.10.2026",
        ),
        ("staged_closings", "K1|12", None, "K1 closing 12", "K1 Abschluss 12"),
        ("selectline_documents", "c:1|K1|day 2026-10-07|2", None, "K1 2026-10-07 (2)", "K1 07.10.2026 (2)"),
        ("selectline_ledger", "c:1|K1|closing 5|1", "9", "K1 closing 5, delivery 9", "K1 Abschluss 5, Lieferung 9"),
        ("stock_movements", "r0|3", None, "r0, line 3", "r0, Zeile 3"),
    ],
)
def test_a_record_is_called_by_its_number_and_the_name_that_people_gave_it(
    asset: str, key: str, title: str | None, english: str, german: str
) -> None:
    assert [name_of(asset, key, title).render(language) for language in ("en", "de")] == [english, german]


def test_a_line_a_second_content_and_a_closing_have_the_names_of_what_they_belong_to() -> None:
    line = ReceiptName("r", "K1", 348, DAY, 771, "EUR", line="3")
    assert line.render("en") == "K1-348, line 3 · 2026-10-07"
    assert replace(line, line_cents=250).render("de") == "K1-348, Zeile 3 · 07.10.2026 · 2,50 €"
    line = ReceiptName("r", "K1", 348, DAY, 771, "EUR", line="3", title="604 Quittengelee")
    assert line.render("de") == "K1-348, Zeile 3, 604 Quittengelee · 07.10.2026"
    assert ReceiptName("r!0", "K1", 348, second=True).render("en") == "K1-348, other content"
    assert ClosingName("K1|12", day=DAY).render("de") == "K1 Abschluss 12 · 07.10.2026"
    assert ReceiptName("r", "K1", 348).render("en") == "K1-348"


@given(
    asset=st.sampled_from(ASSETS),
    code=st.sampled_from(sorted(CATALOGUE)),
    uuid=st.uuids(),
    form=st.sampled_from(["{0}", "{0}|3", "{0}!0a1b2c3d4e5f", "{0}!0a1b2c3d4e5f-2", "?{0}", "?0123456789abcdef"]),
)
def test_no_rejection_of_any_code_is_called_by_an_id(asset: str, code: str, uuid: UUID, form: str) -> None:
    is_ours = asset in (*OF_RECEIPTS, STAGED_CLOSINGS)
    key = form.format(uuid) if is_ours else f"{uuid.int % 1000}"
    for language in ("en", "de"):
        name = Rejection(asset, key, code).name(language)
        assert not ANY_UUID.search(name)
        assert name.strip()
        assert len(name) < 60


def test_a_cause_tells_names_and_the_money_of_its_receipts_once_each() -> None:
    rejections = [receipt(1, 771), receipt(1, 771), receipt(2, 100), receipt(3, 1200, "CHF")]
    (cause,) = by_cause(rejections, "de")
    assert cause.examples.startswith("K1-1 · 07.10.2026 · 7,71 €; K1-2 · ")
    assert cause.stuck.cents == {"EUR": 871, "CHF": 1200}
    assert cause.amount_text == "8,71 €, 12,00 CHF"
    (read_back,) = causes_of([rejection_dict(r, "de") for r in rejections], "de")
    assert (read_back.examples, read_back.stuck) == (cause.examples, cause.stuck)


def test_a_stock_line_holds_no_money_back_and_neither_does_an_article() -> None:
    line = ReceiptName("r", "K1", 348, DAY, 771, "EUR", line="3")
    (cause,) = by_cause([Rejection("stock_movements", "r|3", "stock_article_unknown", record=line)], "en")
    assert (cause.stuck.receipts, cause.amount_text) == (0, "")
    (cause,) = by_cause([Rejection("selectline_articles", "604", "value_missing")], "en")
    assert cause.stuck.cents == {}


def test_a_protocol_of_an_older_release_has_no_names_and_is_told_by_its_keys() -> None:
    written = rejection_dict(receipt(7, 771), "en")
    for name in ("name", "total_cents", "currency"):
        del written[name]
    (cause,) = causes_of([written], "en")
    assert cause.examples == "receipt 00000007"
    assert cause.amount_text == ""
