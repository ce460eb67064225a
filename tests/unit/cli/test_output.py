"""Protects what commands print: text that can be copied, with no blanks at the ends of its lines."""

import datetime as dt
import io

import pytest
from rich.console import Console

from assets.cli.output import print_causes
from cloudkasse_etl.rejections.causes import by_cause
from cloudkasse_etl.rejections.record_names import ReceiptName
from cloudkasse_etl.rejections.rejection import Rejection


@pytest.mark.parametrize("width", [40, 100, 160])
def test_causes_wrap_under_their_first_line_and_no_line_ends_in_blanks(width: int) -> None:
    out = io.StringIO()
    refused = [Rejection("gross_prices", "407[b]", "price_missing", {"groups": "1, 2"})]
    print_causes(Console(file=out, width=width, highlight=False), by_cause(refused, "en"), "en", limit=5)
    first, *others = out.getvalue().splitlines()
    assert first == "gross_prices · price_missing · 1"
    assert "  407[b]" in others
    assert any(line.startswith("  What to do: Give it a price") for line in others)
    for line in others:
        assert line.startswith("  ")
        assert line == line.rstrip()
        assert len(line) <= width


def test_a_command_is_not_broken_over_two_lines() -> None:
    for width in range(40, 100):
        out = io.StringIO()
        refused = [Rejection("revenue_postings", "r", "article_ambiguous", {"value": "a" * 9, "columns": "b"})]
        print_causes(Console(file=out, width=width, highlight=False), by_cause(refused, "en"), "en", limit=5)
        assert "cloudkasse-etl import." in out.getvalue()


def test_a_name_is_not_broken_over_two_lines() -> None:
    for width in range(40, 100):
        out = io.StringIO()
        day = dt.date(2026, 10, 7)
        names = [ReceiptName(f"r{number}", "K1", number, day, 771, "EUR") for number in range(1, 9)]
        refused = [Rejection("revenue_postings", name.key, "account_missing", record=name) for name in names]
        causes = by_cause(refused, "en")
        print_causes(Console(file=out, width=width, highlight=False), causes, "en", limit=5, every_record=True)
        for name in names:
            assert name.render("en") in out.getvalue()
