"""Protects the page to look at: true figures, nothing foreign that acts, nothing fetched elsewhere, plain words."""

import datetime as dt
import json
import time
import uuid
from collections import Counter
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import dagster as dg
import pytest

from assets.instance import runs, tags
from assets.instance.typed_commands import as_typed
from cloudkasse_etl.sandbox.till.day_closings import has_effect
from cloudkasse_etl.sandbox.till.selling import sell
from cloudkasse_etl.sync.outputs.page.facts import RunFacts
from cloudkasse_etl.sync.outputs.page.render import render
from cloudkasse_etl.sync.outputs.turnover import ArticleSales, Day, Hour, Share, Turnover
from tests.support.pages.html_page import Page, facts
from tests.support.programs import Program, materializations
from tests.support.receipts.receipt_factory import item, line
from tests.support.selling.selling_shop import delivered, once

TURNOVER = {
    "Umsatz", "Aufschlag", "Rabatt", "Pfand", "PfandRueckzahlung", "EinzweckgutscheinKauf",
    "EinzweckgutscheinEinloesung", "TrinkgeldAG",
}  # fmt: skip
HOSTILE = "\u202e<script>alert(1)</script>\"'>{{ 7*7 }}<img src=x> & $x^2$ <b onclick=alert(2)>"


def page_of(program: Program, tmp_path: Path, run: str = "--last") -> Page:
    code, out, err = program.call("report", run, "--html", str(tmp_path / "page.html"))
    assert (code, err) == (0, "")
    assert str(tmp_path / "page.html") in out
    return Page((tmp_path / "page.html").read_text(encoding="utf-8"))


def euros(cents: int) -> str:
    return f"{'−' if cents < 0 else ''}{abs(cents) // 100:,}.{abs(cents) % 100:02d}"


def recomputed(receipts: list[dict[str, Any]], zone: str) -> dict[str, Counter[Any]]:
    """The figures once more, from what the cloud delivered, receipt by receipt."""
    found: dict[str, Counter[Any]] = {name: Counter() for name in ("day", "hour", "rate", "register", "number")}
    for receipt in receipts:
        lines = [part for part in receipt["lines"] if not part["cancelled"] and part["business_case"] in TURNOVER]
        if not has_effect(receipt) or receipt["kind"] != "Beleg" or not lines:
            continue
        gross = sum(part["gross_cents"] for part in lines)
        ended = dt.datetime.fromisoformat(receipt["ended_at"]).astimezone(ZoneInfo(zone))
        found["day"][receipt["business_day"]] += gross
        found["hour"][ended.hour] += gross
        found["register"][receipt["register"]] += gross
        found["number"][receipt["business_day"]] += 1
        for part in lines:
            found["rate"][part["vat_rate"]] += part["gross_cents"]
    return found


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York"])
def test_the_figures_are_those_of_the_receipts(program: Program, tmp_path: Path, zone: str) -> None:
    program.world.settings["timezone"] = zone
    program.call("sync", "master-data")
    # the clock is set back on the Sunday in between
    sell(program.world.server.store, days=3, receipts=240, seed=7, first_day=dt.date(2026, 10, 23))
    program.call("sync", "receipts", "--no-import")
    page = page_of(program, tmp_path)
    expected = recomputed(once(delivered(program.world.server.store)), zone)
    assert len(expected["day"]) == 3
    for day, cents in expected["day"].items():
        shown = dt.date.fromisoformat(day)
        label = f"{shown:%a} {shown.day} {shown:%b} {shown.year}"
        assert [label, str(expected["number"][day]), euros(cents)] in page.rows
    for hour, cents in expected["hour"].items():
        assert any(row[0] == f"{hour}:00–{hour}:59" and row[2] == euros(cents) for row in page.rows)
    for rate, cents in expected["rate"].items():
        label = f"{rate.rstrip('0').rstrip('.')} %" if rate else "without VAT"
        assert any(row[:2] == [label, euros(cents)] for row in page.rows)
    for register, cents in expected["register"].items():
        assert any(row[0].startswith(register) and row[1] == euros(cents) for row in page.rows)
    assert f"{euros(sum(expected['day'].values()))} EUR" in page.text


def test_sales_that_came_after_a_run_are_not_on_its_page(program: Program, tmp_path: Path) -> None:
    _, first = program.call_json("sync")
    time.sleep(2)  # a run's seconds are kept to a tenth, and its page allows for one more
    sell(program.world.server.store, days=1, receipts=50, seed=1)
    assert program.call("sync", "receipts", "--no-import")[0] == 0
    assert "Nothing was sold yet." in page_of(program, tmp_path, first["run_id"][:8]).text
    assert "On one business day, Mon 5 Oct 2026" in page_of(program, tmp_path).text


def test_a_foreign_text_does_nothing(program: Program, tmp_path: Path) -> None:
    program.world.erp("UPDATE ART SET EANNummer = '<b>1</b>' WHERE Artikelnummer = 'A1'")
    program.call("sync", "master-data")
    sold = item(line(article="<i>A1", text=HOSTILE, unit="<u>Stk"), id="r1", business_day="2026-11-23")
    program.world.server.store.deliver_receipts([sold])
    program.call("sync", "receipts", "--no-import")
    page = page_of(program, tmp_path)
    assert page.open == []
    assert not {"script", "img", "i", "u", "b", "iframe", "link", "object"} & set(page.tags)
    assert "<script>alert(1)</script>" in page.text  # as text
    assert "{{ 7*7 }}" in page.text
    assert "\u202e" not in page.text
    assert not [name for _, name, _ in page.attributes if name.startswith("on")]


def rendered(run: RunFacts, turnover: Turnover, language: Any = "en") -> str:
    now = dt.datetime(2026, 11, 24, 8, tzinfo=ZoneInfo("Europe/Berlin"))
    return render(run, turnover, language=language, timezone="Europe/Berlin", registers={"K1": HOSTILE}, now=now)


def sold_on(days: int) -> Turnover:
    return Turnover(
        days=tuple(Day(dt.date(2026, 1, 1) + dt.timedelta(n), 1, 100 * n - 300) for n in range(days)),
        hours=tuple(Hour(n, 1, 500) for n in range(24)),
        rates=(Share("19.00", 100), Share("", -40)),
        registers=(Share("K1", 60),),
        tenders=(Share("Unbar", 60, HOSTILE),),
        by_turnover=(ArticleSales("A", HOSTILE, HOSTILE, 60, 1250), ArticleSales("", "x", "", -5, 0)),
        by_quantity=((HOSTILE, (ArticleSales("A", HOSTILE, HOSTILE, 60, 1250),)),),
        refused=3,
        currency="EUR",
    )


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize("days", [0, 1, 2, 30])
def test_a_page_is_whole_and_needs_nothing_from_elsewhere(language: str, days: int) -> None:
    rejections = [
        {"asset": "a", "key": HOSTILE, "code": "c", "text": HOSTILE, "cure": HOSTILE, "since": None, "still": True}
    ]
    protocol = {
        "assets": {}, "rejections": rejections, "deferred": [{"count": 2, "text": HOSTILE}]
    }  # fmt: skip
    html = rendered(
        facts(message=HOSTILE, started_by=HOSTILE, protocol=protocol), sold_on(days) if days else Turnover(), language
    )
    page = Page(html)
    assert page.open == []
    assert page.tags["script"] == page.tags["img"] == page.tags["link"] == page.tags["use"] == 0
    assert not [entry for entry in page.attributes if entry[1] in ("src", "href", "xlink:href", "srcset", "action")]
    styles = " ".join(value or "" for _, name, value in page.attributes if name == "style")
    assert "url(" not in styles + html.split("<style>")[1].split("</style>")[0]
    assert "@import" not in html
    ids = [value for _, name, value in page.attributes if name == "id"]
    assert len(ids) == len(set(ids))
    # one chart of days and one of hours, each in two sizes; a single day needs none
    assert sum(name == "role" and value == "img" for _, name, value in page.attributes) == {0: 0, 1: 2}.get(days, 4)
    assert len(html) < 120_000


def test_a_german_shop_reads_german(program: Program, tmp_path: Path) -> None:
    program.world.settings["language"] = "de"
    program.call("sync")
    sell(program.world.server.store, days=2, receipts=60, seed=3)
    program.call("sync", "receipts", "--no-import")
    page = page_of(program, tmp_path)
    assert ("html", "lang", "de") in page.attributes
    assert "Die letzten 2 Geschäftstage mit Bons, Mo 5.10.2026 bis Di 6.10.2026" in page.text
    assert "Bester Tag:" in page.text
    assert "vom Umsatz noch nicht gebucht" in page.text
    assert "Testladen" in page.text
    assert "Turnover" not in page.text


def test_a_run_tells_what_went_up_and_what_is_rejected(program: Program, tmp_path: Path) -> None:
    program.world.erp("UPDATE ART SET EANNummer = '4006381333932' WHERE Artikelnummer = 'A1'")
    program.call("sync")
    page = page_of(program, tmp_path)
    assert ["What", "new", "rejected", "waiting"] in page.rows
    assert ["Articles", "4", "1", "–"] in page.rows
    assert "There was nothing new." in page.text
    assert "Nothing was sold yet." in page.text
    assert "1 record is rejected" in page.text
    assert "Correct or empty the EAN number" in page.text


def test_a_thousand_rejections_of_one_cause_are_one_entry() -> None:
    rejections: list[dict[str, Any]] = [
        {
            "asset": "a",
            "key": f"A{n}",
            "code": "c",
            "text": f"Bad {n}.",
            "cure": "Mend it.",
            "since": None,
            "still": n > 9,
        }
        for n in range(1000)
    ]
    page = Page(rendered(facts(protocol={"assets": {}, "rejections": rejections, "deferred": []}), Turnover()))
    assert page.tags["article"] == 1
    assert "1,000 records are rejected, for 1 cause" in page.text
    assert page.text.count("Mend it.") == 1
    assert "Bad 999." in page.text, "the page is made to be passed on: its reader has no other list"
    assert "more" not in page.text.partition("Mend it.")[0]
    assert "new in this run: 10" in page.text
    assert "rejected before" not in page.text
    rejections[0] |= {"parts": [{"text": "Bad 0.", "cure": cure} for cure in ("Mend it.", "Mend that, too.")]}
    twice = Page(rendered(facts(protocol={"assets": {}, "rejections": rejections, "deferred": []}), Turnover()))
    assert "1,000 records are rejected, for 2 causes. 1 of them stands under several causes." in twice.text


def test_a_run_that_died_says_so(program: Program, tmp_path: Path) -> None:
    run_id = str(uuid.uuid4())
    with program.instance() as instance:
        instance.create_run_for_job(
            job_def=program.definitions().resolve_job_def("sync_all"),
            run_id=run_id,
            tags=tags.starting(run_id, "a test"),
            status=dg.DagsterRunStatus.STARTED,
            remote_job_origin=runs.remote_origin("sync_all"),
        )
    page = page_of(program, tmp_path)
    assert run_id[:8] in page.text
    assert run_id not in page.text  # an id is for programs
    assert "Failed" in page.text
    assert "it was killed, or the computer was switched off" in page.text
    assert "This run left no protocol" in page.text
    assert "Nothing is rejected." not in page.text


def test_a_protocol_of_an_older_release_gives_the_totals(program: Program, tmp_path: Path) -> None:
    _, report = program.call_json("sync")
    path = Path(report["protocol"]).with_suffix(".json")
    protocol = json.loads(path.read_text(encoding="utf-8"))
    del protocol["assets"], protocol["written_at"]
    path.write_text(json.dumps(protocol), encoding="utf-8")
    page = page_of(program, tmp_path)
    assert "The protocol of this run is of an older release" in page.text
    assert any(row[0] == "The run's totals" for row in page.rows)


def test_wrong_use_and_trouble_have_their_words_and_exit_codes(program: Program, tmp_path: Path) -> None:
    target = ("--html", str(tmp_path / "page.html"))
    assert "No run has ended yet" in refused(program, "--last", *target)
    program.call("sync")
    assert "There is no run 'ffffffff'" in refused(program, "ffffffff", *target)
    assert "not both" in refused(program, *target)
    assert "not both" in refused(program, "ffffffff", "--last", *target)
    assert "--html" in refused(program, "--last")
    assert "cannot be written" in refused(program, "--last", "--html", str(tmp_path / "absent" / "page.html"))
    assert list(tmp_path.glob("*.part")) == []


def refused(program: Program, *arguments: str) -> str:
    code, out, err = program.call("report", *arguments)
    assert (code, out) == (2, "")
    return err


def test_the_page_holds_no_secret_and_the_runs_metadata_names_its_command(program: Program, tmp_path: Path) -> None:
    _, report = program.call_json("sync")
    page_of(program, tmp_path)
    html = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert program.environment["CLOUDKASSE_API_TOKEN"] not in html
    assert program.environment["CLOUDKASSE_ERP_URL"] not in html
    with program.instance() as instance:
        shown = materializations(instance, report["run_id"])["sync_report"]["page"].value
    assert shown == as_typed(f"cloudkasse-etl report {report['run_id'][:8]} --html report.html")
