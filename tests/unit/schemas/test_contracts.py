"""Protects the edge where frames are judged: the right rows are refused, with the right words, and no others."""

from typing import Any

import numpy as np
import pandas as pd
import pandera.pandas as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cloudkasse_etl.errors import ContractError
from cloudkasse_etl.rejections.rejection import CATALOGUE
from cloudkasse_etl.schemas.articles import ArticleExtract, ArticlePayload
from cloudkasse_etl.schemas.company import CompanyExtract, CompanyPayload
from cloudkasse_etl.schemas.contract import UNREADABLE, Checked, check
from cloudkasse_etl.schemas.employees import EmployeeExtract, EmployeePayload
from cloudkasse_etl.schemas.prices import PriceExtract, PricePayload
from cloudkasse_etl.schemas.registers import RegisterExtract, RegisterPayload
from tests.support.patience import calls_of
from tests.support.torture.torture_figures import LONG, Promise, holds

EXTRACTS = (CompanyExtract, RegisterExtract, EmployeeExtract, ArticleExtract, PriceExtract)
PAYLOADS: dict[type[pa.DataFrameModel], str] = {
    CompanyPayload: "number, name, name2, street, postal_code, city, country, vat_id, tax_number, phone, email, "
    "website, currency",
    RegisterPayload: "number, name, price_group, warehouse, currency, active",
    EmployeePayload: "number, first_name, last_name, display_name, active",
    ArticlePayload: "number, name, description, gtin, group, group_name, unit, tax_code, vat_rate, stock_item, "
    "discountable, open_price, active",
    PricePayload: "article, price_group, min_quantity, valid_from, valid_to, gross_cents, currency, active",
}
ARTICLE: dict[str, Any] = {
    "number": "A1", "name": "Kaffee", "description": None, "gtin": None, "group": "10", "group_name": "Waren",
    "unit": "Stk", "tax_code": "3", "stock_item": True, "discountable": True, "open_price": False,
    "shop_active": True, "inactive": False, "price_unit": 1.0, "price_factor": 1.0,
}  # fmt: skip
PRICE: dict[str, Any] = {
    "article": "A1", "price_group": "1", "min_quantity": "0.000", "valid_from": None, "valid_to": None,
    "gross_cents": 1190, "currency": "EUR", "active": True,
}  # fmt: skip


def articles(*rows: dict[str, Any]) -> pd.DataFrame:
    numbered = [{**ARTICLE, "number": f"A{i}", **row} for i, row in enumerate(rows, 1)]
    return pd.DataFrame(numbered).astype({"price_unit": "float64", "price_factor": "float64"})


def judged(frame: pd.DataFrame) -> Checked:
    return check(frame, ArticleExtract, asset="selectline_articles", key_columns=["number"])


@pytest.mark.parametrize("model", PAYLOADS, ids=lambda model: model.__name__)
def test_a_payload_has_the_wires_fields_in_the_wires_order(model: type[pa.DataFrameModel]) -> None:
    assert list(model.to_schema().columns) == PAYLOADS[model].split(", ")


@pytest.mark.parametrize("model", [*EXTRACTS, *PAYLOADS], ids=lambda model: model.__name__)
def test_every_field_says_what_it_is_and_where_it_comes_from(model: type[pa.DataFrameModel]) -> None:
    for name, column in model.to_schema().columns.items():
        assert column.title, name
        assert column.description, name
        assert column.metadata, name
        assert column.metadata["column"], name


CASES = [
    ({"number": None}, "key_invalid", "ART row 1", {"value": ""}, "no number"),
    ({"number": ""}, "key_invalid", "ART row 1", {"value": ""}, "an empty number"),
    ({"number": "  "}, "key_invalid", "ART row 1", {"value": "  "}, "nothing but blanks"),
    ({"number": "A1 "}, "key_invalid", "ART row 1", {"value": "A1 "}, "SQL Server takes it for A1"),
    ({"number": "\u00a0A1"}, "key_invalid", "ART row 1", {"value": "\u00a0A1"}, "a blank that nobody sees"),
    ({"number": "A\t1"}, "key_invalid", "ART row 1", {"value": "A\t1"}, "a control character"),
    ({"number": "A" * 41}, "value_too_long", "ART row 1", {"limit": "40"}, "longer than the wire allows"),
    ({"number": "A" * 1_000_000}, "value_too_long", "ART row 1", {"limit": "40"}, "absurdly long"),
    ({"name": None}, "value_missing", "A1", {}, "no name"),
    ({"name": "Kaf\x00fee"}, "value_invalid", "A1", {"value": "Kaf\x00fee"}, "NUL"),
    ({"description": "a\nb"}, "value_invalid", "A1", {"value": "a\nb"}, "a line end"),
    ({"price_unit": np.inf}, "value_invalid", "A1", {"value": "inf"}, "a number that could not be read"),
]


@pytest.mark.parametrize(("row", "code", "key", "detail", "why"), CASES, ids=[why for *_, why in CASES])
def test_a_bad_cell_refuses_its_row(row: dict[str, Any], code: str, key: str, detail: dict[str, str], why: str) -> None:
    checked = judged(articles(row, {}, {}))
    assert checked.frame["number"].tolist() == ["A2", "A3"], why
    (rejection,) = checked.rejections
    assert (rejection.asset, rejection.key, rejection.code) == ("selectline_articles", key, code)
    assert rejection.detail.items() >= detail.items()
    for language in ("en", "de"):
        assert "?" not in rejection.text(language), "every name in the text is filled"
        assert "ART." in rejection.cure(language)


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ({"name": "x" * 1_000_000}, "its length is the till's to judge"),
        ({"number": "A" * 40}, "as long as may be"),
        ({"number": "Ä 1/2"}, "a blank inside"),
        ({"name": "👩‍🌾 Möhre"}, "whatever can be written"),
        ({"gtin": "123"}, "the till judges the GTIN"),
        ({"tax_code": None}, "judged against the rates"),
        ({"price_unit": -1.0}, "judged with the prices"),
        ({"price_unit": np.nan, "price_factor": np.nan}, "empty means 1"),
    ],
)
def test_what_others_judge_goes_through(row: dict[str, Any], why: str) -> None:
    checked = judged(articles(row))
    assert not checked.rejections, why
    assert len(checked.frame) == 1


def test_a_row_with_two_faults_has_a_rejection_for_each_under_one_key() -> None:
    checked = judged(articles({"name": None, "price_unit": np.inf}, {"number": " x", "name": None}))
    assert [(r.key, r.code) for r in checked.rejections] == [
        ("A1", "value_missing"),
        ("A1", "value_invalid"),
        ("ART row 2", "key_invalid"),
        ("ART row 2", "value_missing"),
    ]
    assert len({r.content for r in checked.rejections}) == 2


def test_of_a_duplicated_number_no_row_is_taken_and_one_rejection_tells() -> None:
    frame = articles({}, {"number": "A1", "name": None}, {"number": "A1", "inactive": True}, {})
    checked = judged(frame)
    assert checked.frame["number"].tolist() == ["A4"]
    (rejection,) = checked.rejections
    assert (rejection.key, rejection.code) == ("A1", "key_duplicate")
    assert rejection.text() == "The number 'A1' stands in 3 rows; none of them was taken."


def test_a_lone_surrogate_refuses_its_row() -> None:
    frame = articles({}, {})
    frame["name"] = pd.Series(["Kaf\ud800fee", "Tee"], dtype=object)
    checked = judged(frame)
    assert checked.frame["name"].tolist() == ["Tee"]
    assert [(r.key, r.code) for r in checked.rejections] == [("A1", "value_invalid")]
    checked.rejections[0].text().encode()


def test_rows_without_a_number_are_no_duplicates_of_each_other() -> None:
    checked = judged(articles({"number": None}, {"number": None}, {"number": ""}, {"number": ""}))
    assert [r.key for r in checked.rejections] == ["ART row 1", "ART row 2", "ART row 3", "ART row 4"]


def test_of_an_inactive_article_only_the_number_is_judged() -> None:
    checked = judged(articles({"inactive": True, "name": None}, {"inactive": True, "number": None}, {"name": None}))
    assert checked.frame["number"].tolist() == ["A1"]
    assert [(r.key, r.code) for r in checked.rejections] == [("ART row 2", "key_invalid"), ("A3", "value_missing")]


def test_a_flag_that_could_not_be_read_refuses_its_row_and_leaves_plain_flags() -> None:
    frame = articles({}, {}, {})
    frame["inactive"] = pd.array([False, None, True], dtype="boolean")
    frame.attrs[UNREADABLE] = {"inactive": {1: "vielleicht"}}
    checked = judged(frame)
    assert checked.frame["inactive"].dtype == bool
    assert [r.text() for r in checked.rejections] == ["Inaktiv cannot be used: 'vielleicht'."]


@pytest.mark.parametrize(
    "index",
    [[7, 7, 7], [3, 2, 1], ["x", "y", "x"], pd.MultiIndex.from_tuples([(1, 1), (1, 1), (2, 1)])],
    ids=["all the same", "backwards", "text", "two levels"],
)
def test_the_frames_index_never_picks_another_row(index: Any) -> None:
    frame = articles({}, {"name": None}, {})
    frame.index = pd.Index(index)
    checked = judged(frame)
    assert checked.frame["number"].tolist() == ["A1", "A3"]
    assert checked.frame.index.tolist() == [0, 1]
    assert [r.key for r in checked.rejections] == ["A2"]


def test_a_row_without_a_key_is_named_by_selectlines_own_number() -> None:
    frame = articles({}, {"number": None}).set_axis(pd.Index([16, 17], name="ART_ID"))
    assert [r.key for r in judged(frame).rejections] == ["ART row 17"]
    raw = pd.DataFrame(
        {"row_id": [5], "article": [None], "price_group": ["1"], "min_quantity": [0.0], "price": [1.0]}
    ).assign(valid_from=pd.DatetimeIndex([None]), valid_to=pd.DatetimeIndex([None]))
    checked = check(raw, PriceExtract, asset="p", key_columns=["article", "price_group", "row_id"])
    assert [(r.key, r.code) for r in checked.rejections] == [("ARPREIS row 5", "key_invalid")]


def test_the_parts_of_a_key_are_joined_and_a_null_part_is_empty() -> None:
    frame = pd.DataFrame([PRICE, {**PRICE, "valid_from": "2026-11-29", "gross_cents": -1}])
    keys = ["article", "price_group", "min_quantity", "valid_from"]
    checked = check(frame, PricePayload, asset="gross_prices", key_columns=keys)
    assert [(r.key, r.code) for r in checked.rejections] == [("A1|1|0.000|2026-11-29", "value_invalid")]
    twice = check(pd.DataFrame([PRICE, PRICE]), PricePayload, asset="gross_prices", key_columns=keys)
    assert [(r.key, r.code) for r in twice.rejections] == [("A1|1|0.000|", "key_duplicate")]


@pytest.mark.parametrize(
    ("field", "value"),
    [("min_quantity", "1"), ("min_quantity", "-1.000"), ("valid_from", "29.11.2026"), ("gross_cents", 10**9 + 1)],
)
def test_a_price_that_is_not_as_the_wire_wants_it_is_never_sent(field: str, value: Any) -> None:
    checked = check(pd.DataFrame([{**PRICE, field: value}]), PricePayload, asset="p", key_columns=["article"])
    assert [r.code for r in checked.rejections] == ["value_invalid"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda frame: frame.drop(columns="name"), "name is missing"),
        (lambda frame: frame.assign(colour="red"), "colour is unknown"),
        (lambda frame: frame.assign(price_unit="ten"), "price_unit must be float64, but is str"),
        (lambda frame: frame.assign(number=[1, 2]), "number must be"),
        (lambda frame: frame.assign(stock_item=["yes", None]), "stock_item must be bool"),
        (lambda frame: pd.concat([frame, frame[["name"]]], axis=1), "name stands twice"),
    ],
)
def test_a_column_that_is_wrong_as_a_whole_stops(change: Any, words: str) -> None:
    with pytest.raises(ContractError, match=words):
        judged(change(articles({}, {})))


def test_an_empty_frame_keeps_every_contract() -> None:
    frame = articles({}).iloc[:0]
    assert judged(frame).rejections == ()
    assert list(judged(frame).frame) == list(ARTICLE)


def test_the_frame_that_is_checked_is_not_changed() -> None:
    frame = articles({"number": None}, {"price_unit": np.inf})
    before = frame.copy(deep=True)
    judged(frame)
    pd.testing.assert_frame_equal(frame, before)


def test_the_content_of_a_rejection_changes_with_any_value_and_only_then() -> None:
    def content(row: dict[str, Any]) -> str:
        return judged(articles({"name": None, **row})).rejections[0].content

    assert content({}) == content({})
    assert len({content({}), content({"unit": "kg"}), content({"price_unit": 2.0}), content({"gtin": "1"})}) == 4


TEXTS = st.one_of(st.none(), st.text(max_size=45), st.sampled_from(["A1", "A1 ", "", " ", "x" * 41]))


@settings(max_examples=1500 if LONG else 60)
@given(
    rows=st.lists(
        st.tuples(TEXTS, TEXTS, st.sampled_from([1.0, np.nan, np.inf]), st.booleans()), min_size=1, max_size=8
    )
)
def test_every_row_is_either_kept_or_told_about_and_what_is_kept_is_clean(rows: list[Any]) -> None:
    frame = articles(*({"number": n, "name": t, "price_unit": p, "inactive": i} for n, t, p, i in rows))
    checked = judged(frame)
    doubles = sum(int(r.detail["count"]) for r in checked.rejections if r.code == "key_duplicate")
    others = {r.key for r in checked.rejections if r.code != "key_duplicate"}
    assert len(checked.frame) + doubles + len(others) == len(rows)
    assert {r.code for r in checked.rejections} <= set(CATALOGUE)
    assert checked.frame["number"].is_unique
    again = judged(checked.frame)
    assert again.rejections == ()
    pd.testing.assert_frame_equal(again.frame, checked.frame)
    holds(Promise.BAD_INPUT)


def test_no_loop_over_the_articles_checks_them() -> None:
    check_articles(10)  # what is made once is made now
    few, many = calls_of(lambda: check_articles(1_000)), calls_of(lambda: check_articles(20_000))
    assert many < few + 1_000


def check_articles(count: int) -> None:
    numbers = pd.Series(np.arange(count)).astype("str")
    frame = pd.DataFrame({name: value for name, value in ARTICLE.items() if value is not None}, index=range(count))
    frame = frame.assign(number=numbers, name="Artikel " + numbers, description="250 g", gtin=numbers)[list(ARTICLE)]
    assert len(judged(frame).frame) == count
