"""A person at a browser, for tests of what the UI shows: the system's Chromium, none is downloaded."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect, sync_playwright

from tests.support.patience import HANG_SECONDS, wait_until
from tests.support.servers.ui_server import Ui

WIDTH, HEIGHT = 1440, 900


class Visitor:
    """A person at a browser, who counts the clicks."""

    def __init__(self, page: Page, opened_ui: Ui, folder: Path) -> None:
        self.page, self.ui, self.folder = page, opened_ui, folder
        self.clicks = 0

    def open(self, path: str) -> None:
        self.page.goto(f"{self.ui.url}{path}")
        self.clicks = 0

    def click(self, target: Locator) -> None:
        target.click()
        self.clicks += 1

    def look(self, name: str) -> None:
        self.page.screenshot(path=self.folder / f"{name}.png")

    def fits(self, text: Locator) -> None:
        """Fails if one has to scroll sideways to read a text, on the page or in a box around it."""
        text.scroll_into_view_if_needed()
        box, window = text.bounding_box(), text.page.viewport_size
        assert box is not None
        assert window is not None
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= window["width"]
        assert not text.evaluate(
            """element => {
                 const hidden = [];
                 for (let e = element; e; e = e.parentElement)
                   if (e.scrollWidth > e.clientWidth + 1 && getComputedStyle(e).display !== "inline")
                     hidden.push(e.className + ": " + e.scrollWidth + " > " + e.clientWidth);
                 return hidden; }"""
        )

    def launched(self, job: str, runs: list[str]) -> Any:
        """The run that was started since there were these runs of the job, once it has ended."""
        started = wait_until(lambda: self.ui.runs_of_job(job)[: -len(runs) or None], f"no run of {job}")
        (run_id,) = started
        return self.ui.ended(run_id)


def find_chromium() -> str:
    """The system's Chromium; skips the test where there is none."""
    names = ("chromium", "chromium-browser", "google-chrome")
    found = next(filter(None, map(shutil.which, names)), None)
    if found is None:
        pytest.skip(f"no browser is installed here: none of {', '.join(names)}")
    return found


@contextmanager
def opened_page(chromium: str) -> Iterator[Page]:
    """A page of a browser of its own."""
    # root, as in a container, gets no sandbox of Chromium's
    options = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=options)
        opened = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT}, locale="en-US")
        opened.set_default_timeout(HANG_SECONDS * 1000)
        expect.set_options(timeout=HANG_SECONDS * 1000)
        yield opened
        browser.close()
