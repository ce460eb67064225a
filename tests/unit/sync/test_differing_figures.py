"""Protects that a reader of two figures which do not agree is told why: of the page of a run, and of a plan."""

import datetime as dt
from dataclasses import replace
from zoneinfo import ZoneInfo

from assets.ui.plan_markdown import plan_markdown
from cloudkasse_etl.sync.dry_run.plan_report import ImportPlan, Plan
from cloudkasse_etl.sync.outputs.page.render import render
from cloudkasse_etl.sync.outputs.turnover import Day, Fate, Turnover
from tests.support.pages.html_page import Page, facts


def test_the_page_says_which_of_all_receipts_have_no_turnover_and_why() -> None:
    fates = (
        Fate("imported", 5, 700, 900),
        Fate("staged", 1, 100, 100),
        Fate("rejected", 2, None, 300),
        Fate("no_effect", 3, None, 50, {"training": 3}),
    )
    sold = Turnover(days=(Day(dt.date(2026, 11, 23), 4, 800),), currency="EUR", fates=fates)
    now = dt.datetime(2026, 11, 24, 8, tzinfo=ZoneInfo("Europe/Berlin"))
    page = render(facts(), sold, language="en", timezone="Europe/Berlin", registers={}, now=now)
    told = Page(page).text
    parts = "4 with turnover, 2 without turnover (cash, vouchers), 5 that are left out of it"
    assert f"11 receipts: {parts}" in told
    assert "Turnover is what was sold, less returns, voids and discounts" in told


def test_a_plan_says_of_how_many_stock_lines_its_movements_are_where_trade_sets_have_several() -> None:
    imports = ImportPlan(
        receipts=2, postings=8, accounts={}, movements=7, stock_lines=5, articles={}, examples=(), missing={},
        rejections=(),
    )  # fmt: skip
    told = plan_markdown(Plan("import", imports=imports), "en")
    assert "7 stock movements of 5 stock lines, with the parts of trade sets" in told
    same = plan_markdown(Plan("import", imports=replace(imports, stock_lines=7)), "en")
    assert "stock lines" not in same
