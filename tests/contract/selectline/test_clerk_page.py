"""Protects the page on which a clerk takes documents over or discards them: it shows what is so, escapes what it was
sent, and its buttons do what the API's other side sees."""

import re
from collections.abc import Iterator

import pytest
import requests

from cloudkasse_etl.i18n.messages import languages
from cloudkasse_etl.sandbox.selectline.selectline_server import SelectlineServer
from tests.support.patience import HANG_SECONDS
from tests.support.selectline.selectline_visitor import SelectlineVisitor, sold, transfer

APPLES = sold("201", 2.5, 2.99, TaxCode="2")


class Page:
    """A browser without scripts, which the page needs none of."""

    def __init__(self, server: SelectlineServer) -> None:
        self._server = server

    def get(self, path: str = "/", **query: str) -> str:
        answer = requests.get(self._server.page + path, params=query, timeout=HANG_SECONDS)
        assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
        return answer.text

    def press(self, path: str, site: str = "same-origin", **fields: object) -> requests.Response:
        headers = {"Sec-Fetch-Site": site}
        return requests.post(self._server.page + path, data=fields, headers=headers, timeout=HANG_SECONDS)


@pytest.fixture
def page(selectline: SelectlineServer) -> Page:
    return Page(selectline)


@pytest.fixture
def visitor(selectline: SelectlineServer) -> SelectlineVisitor:
    return SelectlineVisitor(selectline).enter()


def test_a_document_is_shown_with_its_lines_totals_and_stock_before_and_after(
    page: Page, visitor: SelectlineVisitor
) -> None:
    assert "Nothing has been delivered yet." in page.get()
    before = visitor.books("201")[0]["1"]
    visitor.add(transfer(APPLES, sold("201", -1, 2.99, TaxCode="2"), OurReference="K1, closing 7"))
    shown = re.sub("</?span[^>]*>", "", page.get())
    assert "K1, closing 7" in shown
    assert f"{before:g} → {before - 2.5:g}" in shown
    assert f"{before - 2.5:g} → {before - 1.5:g}" in shown
    for words in ("Äpfel Elstar", "7.48 €", "-2.99 €", "4.49 €", "7 %", "2 lines"):
        assert words in shown


def test_the_buttons_do_what_the_api_shows(page: Page, visitor: SelectlineVisitor) -> None:
    taken, discarded = (visitor.add(transfer(APPLES)) for _ in range(2))
    after = page.press("/take-over", id=taken).text
    assert visitor.document(taken)["DestinationNumber"] in after
    after = page.press("/discard", id=discarded, comment="Doppelt <b>erfasst</b>").text
    assert "Doppelt &lt;b&gt;erfasst&lt;/b&gt;" in after
    found = visitor.document(discarded)
    assert (found["StateKind"], found["InternalComment"]) == ("Discarded", "Doppelt <b>erfasst</b>")


def test_all_that_wait_are_taken_over_at_once(page: Page, visitor: SelectlineVisitor) -> None:
    numbers = [visitor.add(transfer(APPLES)) for _ in range(3)]
    assert "Take over all 3" in page.get()
    page.press("/take-over")
    assert {visitor.document(number)["StateKind"] for number in numbers} == {"Assumed"}
    assert "Take over all" not in page.get()


def test_what_cannot_be_taken_over_says_why(page: Page, visitor: SelectlineVisitor) -> None:
    number = visitor.add(transfer(sold("no such", 1, 1.0)))
    assert "there is no article no such" in page.press("/take-over", id=number).text
    assert f"id={number}" in page.get(state="ManualError")


def test_a_button_pressed_twice_or_too_late_does_it_once(page: Page, visitor: SelectlineVisitor) -> None:
    number = visitor.add(transfer(APPLES))
    for path in ("/take-over", "/take-over", "/discard"):
        assert page.press(path, id=number, comment="Zu spät").ok
    assert len(visitor.books("201")[1]) == 1
    assert visitor.document(number)["StateKind"] == "Assumed"


def test_what_was_sent_is_shown_and_not_run(page: Page, visitor: SelectlineVisitor) -> None:
    visitor.add(transfer({**APPLES, "Name": "<script>alert(1)</script>"}, OurReference="<img src=x>"))
    shown = page.get()
    assert "&lt;script&gt;" in shown
    assert "<script>" not in shown
    assert "<img" not in shown


def test_another_sites_form_is_refused(page: Page, visitor: SelectlineVisitor) -> None:
    number = visitor.add(transfer(APPLES))
    assert page.press("/take-over", site="cross-site", id=number).status_code == 403
    assert visitor.document(number)["StateKind"] == "Open"


def test_stock_and_revenue_are_found_by_article(page: Page, visitor: SelectlineVisitor) -> None:
    assert "Nothing has been taken over yet." in page.get("/books")
    visitor.clerk("take-over", id=visitor.add(transfer(APPLES)))
    shown = page.get("/books", article="elstar")
    quantity = visitor.books("201")[0]["1"]
    for words in ("Äpfel Elstar", f">{quantity:g}<", "8300", "7.48 €"):
        assert words in shown
    assert "Rote Bete" not in shown
    assert "There is no such article" in page.get("/books", article="Ananas")


def test_a_forgotten_session_is_ended_on_the_page(page: Page, visitor: SelectlineVisitor) -> None:
    assert "1 of 1 licences in use" in page.get()
    assert "0 of 1 licences in use" in page.press("/end-sessions").text
    assert visitor.call("GET", "/Users/Current").status_code == 403


@pytest.fixture(params=[one for one in languages() if one != "en"])
def translated(request: pytest.FixtureRequest, erp_url: str) -> Iterator[tuple[str, SelectlineServer]]:
    with SelectlineServer(erp_url, language=request.param) as server:
        yield request.param, server


def test_the_page_speaks_the_language_of_the_settings(translated: tuple[str, SelectlineServer]) -> None:
    language, server = translated
    SelectlineVisitor(server).enter().add(transfer(APPLES))
    shown = Page(server).get()
    assert f'<html lang="{language}">' in shown
    assert "7,48" in shown
    assert "Take over" not in shown
