"""Protects how failures are told: one cause with many victims is one entry, in the words of the language set."""

import csv
import datetime as dt
import io
import unicodedata
from zoneinfo import ZoneInfo

import dagster as dg
import pytest

from assets.checks.rejections import REJECTIONS, check_results
from assets.instance.typed_commands import as_typed
from assets.ui.metadata import rejection_entries
from assets.ui.open_page import open_metadata
from assets.ui.record_markdown import records_markdown, waits_markdown
from cloudkasse_etl.config.settings import Settings
from cloudkasse_etl.rejections.catalogue import CATALOGUE
from cloudkasse_etl.rejections.causes import by_cause, causes_of, in_order, placeholders
from cloudkasse_etl.rejections.record_names import ReceiptName
from cloudkasse_etl.rejections.rejection import Language, Rejection
from cloudkasse_etl.sync.monitoring.open_records import OpenReport
from cloudkasse_etl.sync.monitoring.waiting import LongWait
from cloudkasse_etl.sync.run.protocol import csv_of
from cloudkasse_etl.sync.run.report import AssetReport, Counts, rejection_dict

SINCE = dt.datetime(2026, 11, 23, 23, 30, tzinfo=dt.UTC)


def account_missing(number: int) -> Rejection:
    detail = {"setting": "accounts.clearing", "further": ""}
    since = SINCE + dt.timedelta(minutes=number)
    return Rejection("revenue_postings", f"r{number}", "account_missing", detail, since=since)


def wrong_number(number: int) -> Rejection:
    detail = {"field": "GTIN", "column": "ART.EANNummer", "value": f"bad{number}"}
    return Rejection("selectline_articles", f"A{number}", "value_invalid", detail)


def told_of(rejections: list[Rejection], settings: Settings) -> dict[str, str]:
    return {key: str(entry.value) for key, entry in rejection_entries(rejections, settings).items()}


def test_the_records_of_a_cause_are_listed_in_the_order_of_their_numbers_and_not_of_the_answers() -> None:
    rejections = [account_missing(number) for number in (10, 2, 9)]
    text = records_markdown(by_cause(rejections, "en"), "en", ZoneInfo("Europe/Berlin"))
    names = [line.split()[1] for line in text.splitlines() if line.startswith("- ")]
    assert names == ["r2", "r9", "r10"]


def test_a_thousand_victims_of_one_cause_are_one_entry_with_examples() -> None:
    rejections = [*map(account_missing, range(1000)), wrong_number(1)]
    told = told_of(rejections, Settings())
    assert list(told) == ["rejections", "rejections_2", "all_records"]
    cure, wrong, count, names = told["rejections"].split("\n\n")
    assert cure.startswith("**Enter in cloudkasse.yaml clearing:")
    assert (wrong, count) == ("No account is set: accounts.clearing.", "1,000 records")
    assert names.splitlines() == ["- r0", "- r1", "- r2", "- r3", "- r4", "- and 995 more"]
    assert told["rejections_2"].endswith("- A1")
    assert told["all_records"].count("\n- ") == 1000


def test_many_causes_share_the_list_of_all_and_none_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("assets.ui.record_markdown.SHOWN_RECORDS", 10)
    alone = Rejection("revenue_postings", "x", "account_missing", {"setting": "accounts.discount", "further": ""})
    causes = by_cause([*map(account_missing, range(30)), *map(wrong_number, range(20)), alone], "en")
    told = records_markdown(causes, "en", ZoneInfo("Europe/Berlin")).split("**")[2::2]
    assert [part.count("\n- ") for part in told] == [5, 4, 1]
    assert "and 25 more" in told[0]
    assert "41 more; all of them: " in told[2]
    assert told[2].endswith(" rejections --csv rejections.csv")
    found = OpenReport("en", causes=tuple(causes), rejections=(alone,))
    shown = open_metadata(found, Settings(), notice="", page="http://127.0.0.1:3001/runs/latest.html")["all_records"]
    assert shown.value.endswith("41 more; all of them: <http://127.0.0.1:3001/open.csv>")


def test_what_waits_names_records_to_five_and_all_of_them_in_a_dialog() -> None:
    def wait(count: int) -> LongWait:
        return LongWait("staged_receipts", count, SINCE, tuple(f"K1-{n}" for n in range(count)), "en", "Why.", "Do.")

    zone = ZoneInfo("Europe/Berlin")
    assert wait(2).examples == "K1-0; K1-1"
    assert wait(7).examples == "K1-0; K1-1; K1-2; K1-3; K1-4 and 2 more"
    assert waits_markdown([wait(2)], zone) == ""
    assert waits_markdown([wait(2), wait(7)], zone).count("\n- K1-") == 9


def test_one_article_is_named_for_which_prices_wait_and_how_many_more() -> None:
    def told(more: str, language: Language) -> str:
        detail = {"value": "604 Quittengelee", "more": more}
        return Rejection("cloudkasse_prices", "", "article_required", detail).text(language)

    assert told("0", "en") == "Waits for its article '604 Quittengelee', which the till does not hold yet."
    assert told("2", "en") == "Waits for its article '604 Quittengelee' and 2 more, which the till does not hold yet."
    assert "„604 Quittengelee“ und 2 weitere" in told("2", "de")


def test_a_few_records_are_told_one_by_one_and_not_once_more_in_a_list() -> None:
    told = told_of([wrong_number(n) for n in range(5)], Settings(language="de"))
    assert list(told) == ["rejections"]
    lines = [line for line in told["rejections"].splitlines() if line.startswith("- ")]
    assert [line.split(":")[0] for line in lines] == ["- A0", "- A1", "- A2", "- A3", "- A4"]
    assert all("bad" in line for line in lines)


@pytest.mark.parametrize("code", CATALOGUE)
@pytest.mark.parametrize("language", ["en", "de", "fr"])
def test_the_ui_shows_each_cause_on_the_page_itself_with_keys_that_can_be_copied(code: str, language: Language) -> None:
    named = {*placeholders(CATALOGUE[code].text), *placeholders(CATALOGUE[code].cure)}
    details = dict.fromkeys(named, "accounts.tenders.Kreditkarte " * 5)
    told = told_of(
        [Rejection("revenue_postings", f"r{n}", code, details) for n in range(9)], Settings(language=language)
    )
    assert len(told["rejections"]) < 1000  # from there on it is a button
    assert not [sign for sign in told["rejections"] if unicodedata.category(sign) == "Cf"]


def test_a_cause_too_long_for_the_page_is_cut_there_and_whole_in_the_list() -> None:
    texts = {"text": "long " * 15, "before": "long " * 15, "value": "long " * 15, "voids": "long " * 15}
    rejections = [
        Rejection("revenue_postings", f"r{n}", "void_exceeds_original", texts | {"sold": str(n)}) for n in range(5)
    ]
    told = told_of(rejections, Settings())
    assert len(told["rejections"]) < 1000
    assert [f"r{n}" in told["all_records"] for n in range(5)] == [True] * 5


@pytest.mark.parametrize(("language", "such_as"), [("en", "e.g."), ("de", "z. B.")])
def test_words_that_differ_by_record_are_those_of_an_example(language: str, such_as: str) -> None:
    (cause,) = by_cause([wrong_number(1), wrong_number(2)], Settings(language=language).language)
    text = cause.summary
    assert text.startswith(f"{such_as} A1: ")
    assert "bad1" in text


def test_another_cure_is_another_cause_and_a_record_with_two_faults_counts_once() -> None:
    other = Rejection("revenue_postings", "r9", "account_missing", {"setting": "accounts.tenders.Bar", "further": ""})
    causes = by_cause([other, account_missing(1), account_missing(1), account_missing(2)], "en")
    assert [(cause.count, cause.cure.split(";")[0]) for cause in causes] == [
        (2, 'Enter in cloudkasse.yaml clearing: "ACCOUNT" below accounts'),
        (1, 'Enter in cloudkasse.yaml Bar: "ACCOUNT" below accounts: tenders'),
    ]


def test_the_check_of_open_rejections_tells_causes_not_records() -> None:
    rejections = tuple(map(account_missing, range(1000)))
    report = AssetReport("revenue_postings", Counts(rejected=1000), rejections)
    (result,) = check_results(report, [REJECTIONS], Settings())
    cure = as_typed(account_missing(1).cure("en"))
    assert result.description == f"1,000 × No account is set: accounts.clearing. {cure}"
    assert not result.passed
    assert result.metadata["rejections_1"].value == "\n".join(
        [
            cure,
            "No account is set: accounts.clearing.",
            "1,000 records · since 2026-11-24 00:30 CET · account_missing: r0; r1; r2; r3; r4 and 995 more",
        ]
    )
    every = as_typed("Every record: asset action_needed, or cloudkasse-etl rejections --asset revenue_postings")
    assert result.metadata["rejections_2"].value == every
    (single,) = check_results(
        AssetReport("selectline_articles", Counts(rejected=1), (wrong_number(1),)), [REJECTIONS], Settings()
    )
    assert str(single.description).startswith("A1: ")
    assert "rejections_2" not in single.metadata


def test_a_check_tells_its_causes_as_texts_that_its_page_can_break_in_their_order() -> None:
    causes = [
        Rejection("revenue_postings", f"r{n}", "account_missing", {"setting": f"accounts.tenders.Karte{n:02}"})
        for n in range(1, 24)
    ]
    (result,) = check_results(AssetReport("revenue_postings", Counts(), tuple(causes)), [REJECTIONS], Settings())
    told = {key: entry for key, entry in result.metadata.items() if key.startswith("rejections")}
    # a table grows as wide as the longest name; and the page sorts entries by their names
    assert all(isinstance(entry, dg.TextMetadataValue) for entry in told.values())
    assert sorted(told) == list(told)
    assert [f"Karte{n:02}" in str(entry.value) for n, entry in enumerate(told.values(), 1)] == [True] * 20 + [False]
    assert str(told["rejections_21"].value).startswith("and 3 more; Every record: ")


def sold(number: int, cents: int, line: str | None = None) -> Rejection:
    name = ReceiptName(f"id{number * 7919 % 100}", "K1", number, None, cents, "EUR", line)
    return Rejection("revenue_postings", name.key, "account_missing", {"setting": "accounts.clearing"}, record=name)


def test_what_is_stuck_is_the_sum_of_the_list_with_both_directions_told_and_receipts_stand_by_their_numbers() -> None:
    rejections = [sold(10, 4690), sold(9, -5332), sold(346, 0)]
    (cause,) = by_cause(rejections, "en")
    assert (cause.stuck.cents, cause.amount_text) == ({"EUR": -642}, "-6.42 € (46.90 € taken, 53.32 € paid out)")
    assert [victim.name.split(" ")[0] for victim in cause.victims] == ["K1-9", "K1-10", "K1-346"]
    noted = [rejection_dict(one, "en") for one in rejections]
    (read,) = causes_of(noted, "en")
    assert (read.stuck, read.names(9)) == (cause.stuck, cause.names(9))
    assert [one.key for one in in_order(rejections)] == list(cause.keys)
    second = {**noted[0], "code": "receipt_closed_day"}  # the same receipt, refused for another reason as well
    found = csv_of({"rejections": [*noted, second]}).decode("utf-8-sig")
    table = list(csv.DictReader(io.StringIO(found), delimiter=";"))
    assert sum(int(row["Not booked, in cents"] or 0) for row in table) == -642
    assert len(table) == 4


def test_a_cause_with_more_money_stands_before_one_with_more_records_everywhere() -> None:
    causes = by_cause([*map(wrong_number, range(9)), sold(1, -100)], "en")
    assert [cause.count for cause in causes] == [1, 9]
    noted = [rejection_dict(one, "en") for cause in causes[::-1] for one in map(wrong_number, range(cause.count))]
    assert [cause.count for cause in causes_of([*noted, rejection_dict(sold(1, -100), "en")], "en")] == [1, 9]
