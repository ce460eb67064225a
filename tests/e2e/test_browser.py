"""Protects what a person does in the UI with nothing but a mouse and a keyboard: in a real browser, on a real shop.

Screenshots of each step lie in the test's folder. Skips where the system has no Chromium: none is downloaded.
"""

import copy
import re
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from cloudkasse_etl.sandbox.server import SandboxServer
from tests.support.real_shop import MAKE_ERP, SETTINGS
from tests.support.receipts.coffee_receipts import receipt
from tests.support.servers.ui_server import Ui, ui_of
from tests.support.servers.visitor import HEIGHT, WIDTH, Visitor
from tests.support.worlds import TOKEN, World, small_world

REASON = "has a wrong check digit"
ARTICLES = "cloudkasse_articles"
ACCOUNTS = {"clearing": "1371", "revenue": {"19.00": "8400", "7.00": "8300", "0.00": "8100"}}


@contextmanager
def browsed_shop(folder: Path, request: pytest.FixtureRequest) -> Iterator[World]:
    """The real shop, before its first synchronisation; a small one with a wrong GTIN too, where its list is absent."""
    if MAKE_ERP.exists():
        shutil.copy(request.getfixturevalue("real_erp"), folder / "erp.db")
        with SandboxServer(folder / "cloud.db", token=TOKEN) as server:
            yield World(folder, f"sqlite:///{folder / 'erp.db'}", server, copy.deepcopy(SETTINGS))
    else:
        with small_world(folder) as world:
            world.erp("UPDATE ART SET EANNummer = '4006381333932' WHERE Artikelnummer = 'A2'")
            yield world


@pytest.fixture(scope="module")
def opened_ui(chromium: str, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[Ui]:
    with browsed_shop(tmp_path_factory.mktemp("shop"), request) as world:
        world.settings["accounts"] = ACCOUNTS
        for register in world.settings["registers"]:
            register["cash_account"] = "1000"
        with ui_of(world) as opened:
            yield opened


@pytest.fixture
def visitor(page: Page, opened_ui: Ui, tmp_path: Path) -> Visitor:
    return Visitor(page, opened_ui, tmp_path)


@pytest.fixture(scope="module")
def first_run(page: Page, opened_ui: Ui, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """`sync_all`, started from the page of jobs by two clicks."""
    visitor = Visitor(page, opened_ui, tmp_path_factory.mktemp("first-run"))
    visitor.open("/jobs")
    visitor.click(page.get_by_text("sync_all", exact=True).first)
    visitor.click(page.get_by_role("button", name="Materialize all"))
    visitor.look("started")
    run = visitor.launched("sync_all", [])
    visitor.open("/runs")
    expect(page.get_by_role("link", name=run["runId"][:8])).to_be_visible()
    visitor.look("runs")
    return run


def test_everything_is_synchronised_by_two_clicks_on_the_page_of_jobs(opened_ui: Ui, first_run: Any) -> None:
    told, past = first_run["tags"], opened_ui.past(first_run["runId"])
    assert first_run["status"] == "SUCCESS"  # rejections fail no step
    assert told["outcome"] == "⚠ partly successful"
    assert (past["outcome"], past["started_by"]) == ("partially_successful", "UI")
    real = MAKE_ERP.exists()
    assert past["counts"]["rejected"] == (11 if real else 1)
    assert len(opened_ui.program.world.cloud("articles")) == (4247 if real else 4)


@pytest.mark.parametrize("width", [1366, 1600])
def test_the_list_of_runs_says_in_two_tags_what_a_run_came_to_and_cuts_neither_off(
    visitor: Visitor, first_run: Any, width: int
) -> None:
    page = visitor.page
    page.set_viewport_size({"width": width, "height": HEIGHT})
    try:
        visitor.open("/runs")
        row = page.get_by_role("link", name=first_run["runId"][:8]).locator("xpath=../..")
        for name in ("outcome", "summary"):
            chip = row.get_by_text(f"{name}: {first_run['tags'][name]}", exact=True)
            expect(chip).to_be_visible()
            expect(chip).to_be_in_viewport(ratio=1)
        visitor.look(f"runs-{width}")
        assert "cloudkasse" not in row.inner_text()
    finally:
        page.set_viewport_size({"width": WIDTH, "height": HEIGHT})


def test_from_the_list_of_runs_to_the_reason_of_a_failure_takes_at_most_three_clicks(
    visitor: Visitor, first_run: Any
) -> None:
    page = visitor.page
    visitor.open("/runs")
    visitor.click(page.get_by_role("link", name=first_run["runId"][:8]))
    visitor.click(page.get_by_text("View Asset", exact=True).last)  # the run's page opens at its end: sync_report
    reason = page.get_by_text(re.compile(REASON))
    expect(reason).to_be_visible()
    cure = page.get_by_text("Correct or empty the EAN number of the article")
    expect(cure).to_be_visible()
    reason.scroll_into_view_if_needed()
    expect(reason).to_be_in_viewport(ratio=1)
    expect(cure).to_be_in_viewport(ratio=1)  # nor cut off by the table's frame
    visitor.look("reason")
    assert visitor.clicks <= 3


def test_from_the_landing_page_to_what_a_check_found_takes_three_clicks_and_no_scrolling_sideways(
    visitor: Visitor, first_run: Any
) -> None:
    page = visitor.page
    visitor.open("/")
    visitor.click(page.get_by_text("Catalog", exact=True).first)
    visitor.click(page.get_by_text(ARTICLES, exact=True).first)
    visitor.click(page.get_by_role("tab", name="Checks"))
    text = page.get_by_text(re.compile(REASON)).first
    expect(text).to_be_visible()  # the check that fails is the one that is opened
    visitor.fits(text)
    visitor.look("check")
    assert visitor.clicks <= 3


def test_the_rejected_records_of_one_asset_are_tried_again_by_an_option_in_the_launchpad(
    visitor: Visitor, opened_ui: Ui, first_run: Any
) -> None:
    page = visitor.page
    visitor.open(f"/assets/{ARTICLES}")
    launch = page.get_by_role("button").filter(has_text=re.compile("^Materialize")).first
    expect(launch).to_be_visible()
    visitor.look("asset")
    visitor.click(launch.locator("xpath=../../..").get_by_role("button").last)
    visitor.click(page.get_by_text("Open launchpad"))
    editor = page.locator(".cm-s-config-editor")
    editor.click()
    page.keyboard.press("Control+A")
    page.keyboard.insert_text("resources: {options: {config: {retry_rejected: true}}}")
    expect(page.get_by_text("No errors")).to_be_visible()
    visitor.look("retry")
    before = opened_ui.runs_of_job("__ASSET_JOB")
    visitor.click(page.get_by_role("button").filter(has_text=re.compile("^Materialize( selected)?$")).last)
    run = visitor.launched("__ASSET_JOB", before)
    assert (run["status"], run["tags"]["summary"].split(", ")[0]) == ("SUCCESS", "1 rejected")
    assert opened_ui.past(run["runId"])["counts"]["still_rejected"] == 0


def test_the_plan_is_a_table_that_is_read_in_the_run_of_its_job(
    visitor: Visitor, opened_ui: Ui, first_run: Any
) -> None:
    page, world = visitor.page, opened_ui.program.world
    (number, *_) = (key for key in world.cloud("articles") if key.isalnum())
    before = world.cloud("articles")[number]["name"]
    world.erp("UPDATE ART SET Bezeichnung = 'Nur geplant' WHERE Artikelnummer = :number", {"number": number})
    visitor.open("/locations/cloudkasse/jobs/plan/playground")
    runs = opened_ui.runs_of_job("plan")
    visitor.click(page.get_by_role("button", name="Launch Run").last)
    assert visitor.launched("plan", runs)["status"] == "SUCCESS"
    visitor.click(page.get_by_text("Show Markdown").first)
    row = page.get_by_role("row").filter(has_text="Nur geplant")
    expect(row).to_be_visible()
    for cell in ("name", before, "Nur geplant"):
        expect(row.get_by_role("cell", name=cell, exact=True)).to_be_visible()
    expect(row.get_by_role("cell", name=re.compile(f"^{number} "))).to_be_visible()
    visitor.look("plan")
    assert visitor.clicks <= 3
    assert world.cloud("articles")[number]["name"] == before
    world.erp("UPDATE ART SET Bezeichnung = :name WHERE Artikelnummer = :number", {"name": before, "number": number})


def test_receipts_are_posted_by_a_run_whose_config_was_edited_in_the_launchpad(
    visitor: Visitor, opened_ui: Ui, first_run: Any
) -> None:
    page, world = visitor.page, opened_ui.program.world
    with sqlite3.connect(world.erp_file) as database:
        (sold,) = database.execute(
            "SELECT min(Artikelnummer) FROM ART WHERE Lagerartikel AND NOT Inaktiv AND Stueckliste IS NULL "
            "AND Mengeneinheit = 'Stk'"
        ).fetchone()
    database.close()
    assert sold in world.cloud("articles")
    receipts = [receipt(number, business_day="2026-11-23") for number in (1, 2)]
    for item in receipts:
        item["lines"][0]["article"] = sold
    world.server.store.deliver_receipts(receipts)
    before = opened_ui.runs_of_job("sync_receipts")
    visitor.open("/locations/cloudkasse/jobs/sync_receipts")
    menu = page.get_by_role("button", name="Materialize all").locator("xpath=../../..").get_by_role("button").last
    visitor.click(menu)
    visitor.click(page.get_by_text("Open launchpad"))
    editor = page.locator(".cm-s-config-editor")
    expect(editor).to_contain_text("import_receipts: false")
    visitor.click(editor.get_by_text("false").first)
    page.keyboard.press("Control+A")
    page.keyboard.insert_text("import_receipts: true\n")
    expect(page.get_by_text("No errors")).to_be_visible()
    visitor.look("launchpad")
    visitor.click(page.get_by_role("button").filter(has_text=re.compile("^Materialize$")).last)
    run = visitor.launched("sync_receipts", before)
    assert (run["status"], run["tags"]["outcome"]) == ("SUCCESS", "successful")
    with sqlite3.connect(world.erp_file) as database:
        booked = database.execute("SELECT sum(amount_cents) FROM cloudkasse_posting WHERE account = '1000'").fetchone()
        moved = database.execute("SELECT sum(quantity_milli) FROM cloudkasse_stock_movement").fetchone()
    database.close()
    assert booked == (2 * 2380,)
    assert moved == (-2 * 2000,)


def test_what_a_check_says_is_not_cut_off_by_a_long_name_of_a_setting(
    visitor: Visitor, opened_ui: Ui, first_run: Any
) -> None:
    page, world = visitor.page, opened_ui.program.world
    paid = receipt(3, business_day="2026-11-24")
    paid["payments"][0] |= {"tender": "ElZahlungsdienstleister"}
    world.server.store.deliver_receipts([paid])
    opened_ui.ended(opened_ui.launch("sync_receipts", config={"import_receipts": True}))
    for width in (1366, 1600):
        page.set_viewport_size({"width": width, "height": 768})
        try:
            visitor.open("/assets/revenue_postings?view=checks")
            told = page.get_by_text(re.compile("Enter in .*ElZahlungsdienstleister")).last
            expect(told).to_be_visible()
            visitor.look(f"check-{width}")
            visitor.fits(told)
        finally:
            page.set_viewport_size({"width": WIDTH, "height": HEIGHT})
