"""Protects what an adviser's DATEV reads: DATEV's own format, each amount on its accounts, nothing cut in silence."""

import datetime as dt
from collections import Counter
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cloudkasse_etl.config.exports.datev_settings import Datev
from cloudkasse_etl.transform.datev.batch_split import split
from cloudkasse_etl.transform.datev.extf_fields import FIELDS
from cloudkasse_etl.transform.datev.extf_texts import cut, document_text, plain
from cloudkasse_etl.transform.datev.ledger_entries import Unpaired, paired
from cloudkasse_etl.transform.datev.row_refusals import refusals
from tests.support.datev.extf_reading import account_sums, head_of, rows_of, sums_of_another_reader
from tests.support.datev.format_validator import described_fields, faults_of, needs_description
from tests.support.datev.posting_rows import DATEV, MADE, batches_from, pair, rows_from

AMOUNT, SIDE, BU = "Umsatz (ohne Soll/Haben-Kz)", "Soll/Haben-Kennzeichen", "BU-Schlüssel"
GRAINS: tuple[Any, ...] = ("closing", "day", "receipt")


def with_grain(grain: Any, **changed: Any) -> Datev:
    return DATEV.model_copy(update={"grain": grain, **changed})


def information(row: dict[str, str]) -> dict[str, str]:
    kinds = [f"Zusatzinformation - Art {at}" for at in range(1, 21)]
    contents = [f"Zusatzinformation- Inhalt {at}" for at in range(1, 21)]
    return {row[kind]: row[content] for kind, content in zip(kinds, contents, strict=True) if row[kind]}


def test_a_file_is_written_as_datev_wants_it() -> None:
    paid: dict[str, Any] = {"vat_rate": None, "tax_code": None, "business_case": None, "tender": "Bar", "text": "Bar"}
    (batch,) = batches_from([*pair(-1190, tax_cents=-190), *pair(1190, at=2, account="1000", **paid)])
    assert batch.name == "EXTF_Kasse_20261101-20261130_00001.csv"
    head, names, sale, cash, end = batch.body.decode("cp1252").split("\r\n")
    assert head == (
        '"EXTF";700;21;"Buchungsstapel";13;20261124083000123;;"CK";"cloudkasse-etl";"";29098;55003;20260101;4;'
        '20261101;20261130;"Kasse 2026-11 Nr. 1";"";1;0;0;"EUR";;"";;;"03";;;"";""'
    )
    assert names.split(";") == list(FIELDS)
    assert sale.split(";")[:14] == [
        "11,90", '"H"', "", "", "", "", "8400", "1371", "", "2311", '"K1-Z12"', "", "", '"Umsatz 19 % K1 Z12"',
    ]  # fmt: skip
    assert cash.split(";")[:2] == ["11,90", '"S"']
    assert {len(line.split(";")) for line in (names, sale, cash)} == {125}
    assert sale.split(";")[113] == "0"
    assert end == ""
    assert information(rows_of(batch.body)[0]) == {
        "Kasse": "K1", "Abschluss": "12", "Bon": "1 (R1)", "Geschäftsvorfall": "Umsatz", "Steuerschlüssel": "3",
        "USt %": "19.00",
    }  # fmt: skip


@needs_description
def test_the_columns_are_those_that_datev_describes() -> None:
    assert len(described_fields()) == len(FIELDS) == 125


@pytest.mark.parametrize(
    ("datev", "account", "key"),
    [
        pytest.param({}, "8500", "", id="no key without a setting"),
        pytest.param({"tax_keys": {"3": "9"}}, "8500", "9", id="a key by SelectLine's tax code"),
        pytest.param({"tax_keys": {"3": "9"}}, "8400", "", id="an automatic account has none"),
        pytest.param({"tax_keys": {"3": "9"}, "charts": "04"}, "8400", "9", id="which ones are, says the chart"),
        pytest.param({"tax_keys": {"3": "9"}, "account_length": 5}, "84000", "", id="in whatever length"),
        pytest.param({"tax_keys": {"2": "8"}}, "8500", "", id="another code's key is not taken"),
    ],
)
def test_the_bu_key_is_the_settings(datev: dict[str, Any], account: str, key: str) -> None:
    (batch,) = batches_from(pair(-1190, account=account), DATEV.model_copy(update=datev))
    assert rows_of(batch.body)[0][BU] == key


def test_a_return_greater_than_the_days_sales_turns_the_side() -> None:
    (batch,) = batches_from([*pair(-1190), *pair(5000, number=2)])
    (row,) = rows_of(batch.body)
    assert (row[AMOUNT], row[SIDE]) == ("38,10", "S")


def test_what_comes_to_0_is_no_row_and_is_told() -> None:
    (batch,) = batches_from([*pair(-1190), *pair(1190, number=2), *pair(-700, at=2, account="8300", vat_rate="7.00")])
    assert [row["Konto"] for row in rows_of(batch.body)] == ["8300"]
    assert [row.first.account for row in batch.dropped] == ["8400"]
    assert batches_from([*pair(-1190), *pair(1190, number=2)]) == []
    assert batches_from(pair(-500, account="1371")) == []  # the same account on both sides


@pytest.mark.parametrize(("grain", "documents"), [
    ("closing", ["K1-Z12", "K1-Z13"]), ("day", ["K1-20261123"]), ("receipt", ["K1-1", "K1-2", "K1-3"]),
])  # fmt: skip
def test_the_grain_is_the_settings(grain: str, documents: list[str]) -> None:
    postings = [*pair(-100), *pair(-200, number=2), *pair(-300, number=3, closing_number=13)]
    (batch,) = batches_from(postings, with_grain(grain))
    rows = rows_of(batch.body)
    assert [row["Belegfeld 1"] for row in rows] == documents
    assert sum(int(row[AMOUNT].replace(",", "")) for row in rows) == 600


def test_receipts_in_no_closing_yet_are_a_document_of_their_day() -> None:
    (batch,) = batches_from(pair(-100, closing_number=None))
    assert rows_of(batch.body)[0]["Belegfeld 1"] == "K1-20261123"


def test_each_fiscal_year_and_month_has_its_file() -> None:
    days = [dt.date(2026, 12, 31), dt.date(2027, 1, 1), dt.date(2027, 4, 14), dt.date(2027, 4, 15)]
    postings = [posting for at, day in enumerate(days, 1) for posting in pair(-100, number=at, posting_date=day)]
    assert [(b.fiscal_year, b.first_day, b.last_day) for b in batches_from(postings)] == [
        (dt.date(2026, 1, 1), dt.date(2026, 12, 1), dt.date(2026, 12, 31)),
        (dt.date(2027, 1, 1), dt.date(2027, 1, 1), dt.date(2027, 1, 31)),
        (dt.date(2027, 1, 1), dt.date(2027, 4, 1), dt.date(2027, 4, 30)),
    ]
    own_year = DATEV.model_copy(update={"fiscal_year_start": "04-15"})
    found = [(b.fiscal_year, b.first_day, b.last_day, len(b.rows)) for b in batches_from(postings, own_year)]
    assert found[2:] == [
        (dt.date(2026, 4, 15), dt.date(2027, 4, 1), dt.date(2027, 4, 14), 1),
        (dt.date(2027, 4, 15), dt.date(2027, 4, 15), dt.date(2027, 4, 30), 1),
    ]
    assert {head_of(batch.body)[12] for batch in batches_from(postings, own_year)} == {"20260415", "20270415"}


def test_a_file_is_for_the_days_that_were_asked_for() -> None:
    (batch,) = batches_from(pair(-100), first=dt.date(2026, 11, 20), last=dt.date(2026, 11, 25))
    assert head_of(batch.body)[14:16] == ["20261120", "20261125"]


def test_a_swiss_shop_has_files_in_francs_with_its_own_keys() -> None:
    swiss = DATEV.model_copy(update={"charts": None, "tax_keys": {"U1": "81"}})
    postings = [*pair(-10_810, currency="CHF", vat_rate="8.10", tax_code="U1", account="3200"), *pair(-100, number=2)]
    francs, euros = batches_from(postings, swiss)
    assert (head_of(francs.body)[21], head_of(euros.body)[21]) == ("CHF", "EUR")
    assert rows_of(francs.body)[0][BU] == "81"
    assert head_of(francs.body)[26] == ""
    assert francs.rows[0].datev_tax_cents == -810


@pytest.mark.parametrize(("gross", "rate", "tax"), [
    (-1190, "19.00", -190), (-3, "19.00", 0), (-4, "19.00", -1), (-1000, "0.00", 0), (-1000, None, 0),
    (1190, "19.00", 190),
])  # fmt: skip
def test_datevs_tax_is_computed_out_of_the_rows_gross(gross: int, rate: str | None, tax: int) -> None:
    (row,) = rows_from(pair(gross, vat_rate=rate))
    assert row.datev_tax_cents == tax


def test_more_rows_than_a_file_takes_are_several_files() -> None:
    """With DATEV's own limit: 99,999 rows and one more."""
    (row,) = rows_from(pair(-100))
    days: dict[str, Any] = {"first": dt.date(2000, 1, 1), "last": dt.date(2099, 12, 31)}
    first, second = split([row] * 100_000, DATEV, number=1, made=MADE, language="de", **days)
    assert (len(first.rows), len(second.rows)) == (99_999, 1)
    assert first.body.count(b"\r\n") == 100_001
    assert len(first.body) < 50_000_000
    assert (first.name[-9:], second.name[-9:]) == ("00001.csv", "00002.csv")
    assert len(rows_of(second.body)) == 1


def test_no_file_is_larger_than_it_may_be() -> None:
    postings = [posting for number in range(1, 101) for posting in pair(-100, number=number)]
    batches = batches_from(postings, with_grain("receipt"), most_bytes=20_000)
    assert len(batches) > 1
    assert all(len(batch.body) <= 20_000 for batch in batches)
    assert sum(len(batch.rows) for batch in batches) == 100


@pytest.mark.parametrize(("text", "found"), [
    ("Käse „Öl\" 5 €", "Käse „Öl\" 5 €"), ("a\x00b\r\nc\td", "a b c d"), ("Cafe\u0301", "Café"), ("茶 1", "? 1"),
    ("\u2028x", "x"),
])  # fmt: skip
def test_texts_have_datevs_letters_only(text: str, found: str) -> None:
    assert plain(text) == found


def test_a_text_is_shortened_visibly() -> None:
    long = "Ein sehr langer Text " * 5
    (batch,) = batches_from(pair(-100, text=long), with_grain("receipt"))
    (row,) = rows_of(batch.body)
    assert len(row["Buchungstext"]) == 60
    assert row["Buchungstext"].endswith("…")
    assert batch.rows[0].shortened("de") == [" ".join(long.split())]
    assert cut("x" * 60, 60) == "x" * 60


@pytest.mark.parametrize(("begin", "end", "found"), [
    ("K1", "-Z12", "K1-Z12"), ("Küche 1", "-3", "Kueche-1-3"), ("K" * 40, "-Z12", "K" * 31 + "*-Z12"),
    ("茶", "-1", "--1"), ("K1", "-" + "9" * 40, "*" + "9" * 35),
])  # fmt: skip
def test_a_documents_number_keeps_its_end(begin: str, end: str, found: str) -> None:
    assert document_text(begin, end, 36) == found
    assert len(found) <= 36


def test_quotes_and_semicolons_stay_in_their_cell() -> None:
    (batch,) = batches_from(pair(-100, text='Öl "nativ"; 5 €'), with_grain("receipt"))
    assert rows_of(batch.body)[0]["Buchungstext"] == 'Öl "nativ"; 5 €'


def test_the_lock_stands_in_head_and_rows() -> None:
    (batch,) = batches_from(pair(-100), DATEV.model_copy(update={"lock": True}))
    assert head_of(batch.body)[20] == rows_of(batch.body)[0]["Festschreibung"] == "1"


def test_what_datev_cannot_carry_is_told_all_at_once_with_posting_and_cure() -> None:
    postings = [
        *pair(-100, account="84000000"), *pair(-200, number=2, account="84000000"), *pair(-1, number=3, account="84AB"),
        *pair(-1, number=4, account="0000"), *pair(-1_000_000_000_000, number=5, closing_number=1),
        *pair(-999_999_999_999, number=6, closing_number=2), pair(-1, number=7)[0],
        *pair(-1, number=8, account="10000", closing_number=3),
    ]  # fmt: skip
    unpaired = [one for one in paired(postings) if isinstance(one, Unpaired)]
    found = refusals(rows_from(postings), unpaired, DATEV)
    assert all(problem.where.startswith("posting R") and problem.cure for problem in found)
    assert [problem.where for problem in found] == [
        "posting R7:0001", "posting R1:0001", "posting R3:0001", "posting R4:0001", "posting R5:0001",
    ]  # fmt: skip
    assert "84000000: 2 postings" in found[1].text
    assert refusals(rows_from(pair(-1, account="84000000")), [], DATEV.model_copy(update={"account_length": 8})) == []


def test_a_pair_that_does_not_balance_is_refused() -> None:
    own, contra = pair(-100)
    contra.amount_cents = 99
    assert [one.posting_id for one in paired([own, contra]) if isinstance(one, Unpaired)] == ["R1:0001", "R1:0002"]


def test_a_receipts_own_clearing_account_is_taken_whatever_the_settings_say_now() -> None:
    (batch,) = batches_from(pair(-100, contra="1360"))
    assert rows_of(batch.body)[0]["Gegenkonto (ohne BU-Schlüssel)"] == "1360"


@st.composite
def books(draw: st.DrawFn) -> list[SimpleNamespace]:
    postings: list[SimpleNamespace] = []
    for number in range(1, draw(st.integers(1, 12)) + 1):
        day = draw(st.dates(dt.date(2026, 11, 28), dt.date(2027, 2, 2)))
        closing = draw(st.sampled_from([None, 1, 2]))
        register = draw(st.sampled_from(["K1", 'Küche "2"; x', "K" * 60]))
        for at in range(1, draw(st.integers(1, 5)) + 1):
            postings += pair(
                draw(st.integers(-(10**7), 10**7).filter(bool)),
                number=number,
                at=at,
                account=draw(st.sampled_from(["8400", "8300", "8100", "8731", "1000", "10001", "1371"])),
                contra=draw(st.sampled_from(["1371", "1371", "1360"])),
                posting_date=day,
                register=register,
                closing_number=closing,
                text=draw(st.text(max_size=80)),
                vat_rate=draw(st.sampled_from(["19.00", "7.00", "0.00", None])),
                flag=draw(st.sampled_from([None, "closed_period", "review", "closed_period review"])),
            )
    return sorted(postings, key=lambda row: (row.posting_date, row.register, row.receipt_number, row.posting_id))


@settings(max_examples=40, deadline=None)
@given(books(), st.sampled_from(GRAINS), st.sampled_from(["01-01", "07-01", "12-15"]))
def test_the_files_come_to_what_the_table_has_on_each_account(
    tmp_path_factory: pytest.TempPathFactory, postings: list[SimpleNamespace], grain: Any, start: str
) -> None:
    table: Counter[str] = Counter()
    for posting in postings:
        table[posting.account] += posting.amount_cents
    wanted = {account: cents for account, cents in table.items() if cents}
    batches = batches_from(postings, with_grain(grain, fiscal_year_start=start))
    assert account_sums(batch.body for batch in batches) == wanted
    folder: Path = tmp_path_factory.mktemp("files")
    for batch in batches:
        (folder / batch.name).write_bytes(batch.body)
    assert sums_of_another_reader(folder) == wanted


@needs_description
@settings(max_examples=40, deadline=None)
@given(books(), st.sampled_from(GRAINS))
def test_every_field_of_every_row_is_as_datev_describes_it(postings: list[SimpleNamespace], grain: Any) -> None:
    for batch in batches_from(postings, with_grain(grain)):
        assert faults_of(batch.body) == []
