"""Protects the ways to what is open, to one receipt and to the page of a run: few clicks, and no name to be known.

In a real browser, in German, whose words are longest; a click is counted where a person clicks.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from assets.cli.group import run
from cloudkasse_etl.config.sections.account_settings import Accounts
from tests.support.programs import program_in
from tests.support.receipts.coffee_receipts import receipt
from tests.support.servers.ui_server import Ui, ui_of
from tests.support.servers.visitor import HEIGHT, WIDTH, Visitor
from tests.support.worlds import small_world

SCREENS = [(1366, 768), (1600, 1000)]
BY_CARD = range(326, 348)
IN_CASH = 348
KEY = "accounts.tenders.Kreditkarte"
# Whether a person has to scroll sideways within the table of metadata.
HIDDEN = """() => [...document.querySelectorAll("table")].map(table => table.parentElement)
                  .filter(box => box.scrollWidth > box.clientWidth + 1).map(box => box.scrollWidth)"""
# What paper would not show: it cannot be scrolled.
CUT = """() => [...document.querySelectorAll("main, main *")]
               .filter(part => part.scrollWidth > part.clientWidth + 1 || part.scrollHeight > part.clientHeight + 1)
               .filter(part => getComputedStyle(part).overflow !== "visible").map(part => part.className)"""
# What a person copies who marks a paragraph.
COPIED = """text => { const range = document.createRange(); range.selectNodeContents(text);
                      const marked = getSelection(); marked.removeAllRanges(); marked.addRange(range);
                      return marked.toString(); }"""


def by_card(number: int) -> dict[str, object]:
    sold = receipt(number)
    return {**sold, "payments": [{**sold["payments"][0], "tender": "Kreditkarte", "name": None}]}


@pytest.fixture(scope="module")
def opened_ui(chromium: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ui]:
    """The UI of a shop that has no account for cards: 22 receipts of 23.80 are stuck, one in cash is booked."""
    with small_world(tmp_path_factory.mktemp("shop")) as world:
        world.settings["language"] = "de"
        world.settings["accounts"] = {"clearing": "1371", "revenue": {"19.00": "8400"}}
        world.settings["registers"][0]["cash_account"] = "1000"
        world.server.store.deliver_receipts([*map(by_card, BY_CARD), receipt(IN_CASH)])
        with pytest.MonkeyPatch.context() as patch, program_in(world, patch) as program:
            program.world.configuration()
            assert run(["sync", "--import"]) == 10
        with ui_of(world) as opened:
            yield opened


@pytest.fixture
def visitor(page: Page, opened_ui: Ui, tmp_path: Path) -> Iterator[Visitor]:
    yield Visitor(page, opened_ui, tmp_path)
    page.set_viewport_size({"width": WIDTH, "height": HEIGHT})


def to_what_is_open(visitor: Visitor) -> None:
    """From the landing page to the first asset of the catalogue, whatever it is called."""
    page = visitor.page
    visitor.open("/")
    visitor.click(page.get_by_text("Catalog", exact=True).first)
    visitor.click(page.locator("a[href^='/assets/']").first)
    expect(page.get_by_text("Es fehlt ein Konto").first).to_be_visible()


@pytest.mark.parametrize(("width", "height"), SCREENS)
def test_reason_cure_and_all_records_take_three_clicks_from_the_landing_page(
    visitor: Visitor, width: int, height: int
) -> None:
    page = visitor.page
    page.set_viewport_size({"width": width, "height": height})
    to_what_is_open(visitor)
    expect(page.get_by_text("523,60 €").first).to_be_visible()  # the money that is stuck
    cure = page.get_by_text('Kreditkarte: "').first
    expect(cure).to_be_visible()
    assert page.evaluate(HIDDEN) == []
    cure.scroll_into_view_if_needed()
    visitor.look("open")
    visitor.click(page.get_by_text("Show Markdown").first)
    for number in BY_CARD:
        expect(page.locator("li").filter(has_text=f"K1-{number} ").last).to_be_visible()
    visitor.look("all")
    assert visitor.clicks == 3
    page.keyboard.press("Home")  # Dagster opens the dialog at its end
    visitor.look("beginning")
    page.keyboard.press("Escape")


def test_the_name_of_a_setting_is_copied_as_the_settings_file_has_it(visitor: Visitor) -> None:
    to_what_is_open(visitor)
    copied = visitor.page.get_by_text("Es fehlt ein Konto").first.evaluate(COPIED)
    assert KEY in copied.rstrip(".").split()
    assert "Kreditkarte" in Accounts.model_validate({"tenders": {KEY.rpartition(".")[2]: "1460"}}).tenders


def test_what_became_of_a_receipt_is_found_by_its_number_alone(visitor: Visitor, opened_ui: Ui) -> None:
    page = visitor.page
    visitor.open("/")
    visitor.click(page.get_by_text("Jobs", exact=True).first)
    visitor.click(page.get_by_text("show_receipt", exact=True).first)
    visitor.click(page.get_by_text("Launchpad", exact=True).first)
    editor = page.locator(".cm-s-config-editor")
    expect(editor).to_contain_text("receipt:")
    runs = opened_ui.runs_of_job("show_receipt")
    editor.click()
    page.keyboard.press("Control+A")
    page.keyboard.insert_text(f"receipt: K1-{IN_CASH}")
    expect(page.get_by_text("No errors")).to_be_visible()
    visitor.click(page.get_by_role("button", name="Launch Run").last)
    assert visitor.launched("show_receipt", runs)["status"] == "SUCCESS"
    visitor.click(page.get_by_text("Show Markdown").first)
    for told in (f"K1-{IN_CASH} ", "importiert", "8400", "1371", "1000", "Kaffee"):
        expect(page.get_by_text(told).last).to_be_visible()
    visitor.look("receipt")
    assert visitor.clicks == 5
    page.keyboard.press("Escape")


def test_the_page_of_the_latest_run_opens_by_a_click_on_what_is_open(visitor: Visitor) -> None:
    to_what_is_open(visitor)
    link = visitor.page.get_by_role("link", name="latest.html").first
    with visitor.page.context.expect_page() as opening:
        visitor.click(link)
    opened = opening.value
    expect(opened.get_by_text("Es fehlt ein Konto").first).to_be_visible()
    for number in BY_CARD:
        expect(opened.get_by_text(f"K1-{number} ").first).to_be_attached()
    opened.screenshot(path=visitor.folder / "page.png")
    opened.emulate_media(media="print")
    opened.set_viewport_size({"width": 700, "height": 1000})  # A4 less its margins
    assert opened.evaluate(CUT) == []
    columns = opened.locator(".two").first.evaluate(
        "two => getComputedStyle(two).gridTemplateColumns.split(' ').length"
    )
    assert columns == 2  # paper is no telephone
    opened.pdf(path=visitor.folder / "page.pdf")
    opened.close()
    assert visitor.clicks == 3
