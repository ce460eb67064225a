"""Protects the UI from foreign texts: whatever an article is called, its Markdown shows the name and does nothing."""

from pathlib import Path

import dagster as dg
import pytest
from markdown_it import MarkdownIt

from assets.ui.markdown import plain
from assets.ui.metadata import asset_metadata
from cloudkasse_etl.config.settings import Settings
from cloudkasse_etl.sync.run.report import AssetReport, Counts, Deferral

HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "[x](javascript:alert(1))",
    "![x](https://example.org/pixel)",
    "[x]: javascript:alert(1)",
    "a | b",
    "`code`",
    "**bold** *it* _it_ __it__",
    "\\<b> \\[x](y) \\\\`z`",
    "a\nb\r\n# c",
    "name_of_a_table",
]


def shown(markdown: str) -> str:
    """The text that a reader sees; fails where there is anything but paragraphs, lists and tables of text."""
    html: str = MarkdownIt("gfm-like", {"linkify": False, "html": True}).render(markdown)
    for tag in ("<script", "<img", "<a ", "<em", "<strong", "<code", "<h1"):
        assert tag not in html, html
    return html


@pytest.mark.parametrize("text", HOSTILE)
def test_a_foreign_text_is_shown_as_it_is_in_a_line_and_in_a_table(text: str) -> None:
    line = " ".join(text.splitlines())
    escaped = line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    assert f"<li>{escaped}</li>" in shown(f"- {plain(text)}")
    table = shown(f"| a | b |\n| --- | --- |\n| {plain(text)} | {plain(text)} |")
    assert table.count(f"<td>{escaped}</td>") == 2


def test_an_assets_summary_is_plain_text_whatever_waits_is_called() -> None:
    waiting = tuple(Deferral("article_required", 1, (), {"value": text}) for text in HOSTILE)
    found = asset_metadata(AssetReport("cloudkasse_prices", Counts(deferred=1), (), waiting), Settings(), Path("p.csv"))
    assert isinstance(found["summary"], dg.TextMetadataValue)
    assert "Waits for its article '<script>alert(1)</script>'" in str(found["summary"].value)


def test_an_asset_tells_that_only_what_changed_was_looked_at() -> None:
    report = AssetReport("gross_prices", Counts(), looked_at=1200)
    for language, text in (("en", "changed articles: 1,200; everything"), ("de", "geänderte Artikel: 1.200; alles")):
        found = asset_metadata(report, Settings(language=language), Path("p.csv"))
        assert str(found["looked_at"].value).startswith(text)
    assert "looked_at" not in asset_metadata(AssetReport("gross_prices", Counts()), Settings(), Path("p.csv"))
