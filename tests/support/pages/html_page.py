"""A page to look at as a reader has it, and what a run says of itself on it."""

import datetime as dt
from collections import Counter
from html.parser import HTMLParser
from typing import Any

from cloudkasse_etl.sync.outputs.page.facts import RunFacts


class Page(HTMLParser):
    """A page as a reader has it: the cells of its tables by row, its text, and all attributes."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self.text = ""
        self.tags: Counter[str] = Counter()
        self.attributes: list[tuple[str, str, str | None]] = []
        self.open: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        self.attributes += [(tag, name, value) for name, value in attrs]
        if tag not in ("meta", "br"):
            self.open.append(tag)
        if tag == "tr":
            self.rows.append([])
        elif tag in ("td", "th"):
            self.rows[-1].append("")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag, f"</{tag}> closes another element"

    def handle_data(self, data: str) -> None:
        if "style" in self.open:
            return
        self.text += f" {data.strip()}" if data.strip() else ""
        if ("td" in self.open or "th" in self.open) and data.strip():
            self.rows[-1][-1] = f"{self.rows[-1][-1]} {data.strip()}".strip()


def facts(**values: Any) -> RunFacts:
    return RunFacts(**{
        "run_id": "r" * 36, "kind": "all", "outcome": "successful", "message": "successful: 1 new",
        "started_at": dt.datetime(2026, 11, 24, 7, tzinfo=dt.UTC), "seconds": 2.0, "started_by": "UI",
        "counts": {}, "protocol": {"assets": {}, "rejections": [], "deferred": []}, **values,
    })  # fmt: skip
