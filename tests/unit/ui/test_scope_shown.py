"""Protects that what a run looked at, and why, is shown: in an asset's metadata, by `sync`, by `plan` and in the UI."""

from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from assets.cli.output import print_report
from assets.ui.metadata import asset_metadata
from assets.ui.plan_markdown import plan_markdown
from cloudkasse_etl.config.settings import Settings
from cloudkasse_etl.i18n.text import Language
from cloudkasse_etl.sync.changes import reasons
from cloudkasse_etl.sync.dry_run.plan_report import Plan
from cloudkasse_etl.sync.run.report import AssetReport, Counts, Outcome, RunReport

SOME = AssetReport("gross_prices", Counts(), looked_at=3)
ALL = AssetReport("cloudkasse_articles", Counts(), why_everything=reasons.table_changed("GRUPPEN"))
NONE = AssetReport("cloudkasse_registers", Counts())
TOLD: list[tuple[Language, str]] = [
    ("en", "Looks at everything: table GRUPPEN has changed since the last run."),
    ("de", "Betrachtet alles: die Tabelle GRUPPEN hat sich seit dem letzten Lauf geändert."),
]


def run(*reports: AssetReport) -> RunReport:
    return RunReport("abc", "all", Outcome.NO_NEW_DATA, "nothing new", {r.asset: r for r in reports}, "")


def printed(report: RunReport, language: Language) -> list[str]:
    out = StringIO()
    print_report(Console(file=out, width=160), report, language)
    return out.getvalue().splitlines()


@pytest.mark.parametrize(("language", "text"), TOLD)
def test_an_asset_tells_why_it_looked_at_everything(language: Language, text: str) -> None:
    found = asset_metadata(ALL, Settings(language=language), Path("p.csv"))
    assert found["looked_at"].value == text


@pytest.mark.parametrize(("language", "text"), TOLD)
def test_a_run_is_told_by_the_asset_that_looked_at_the_most(language: Language, text: str) -> None:
    report = run(NONE, SOME, ALL, AssetReport("cloudkasse_prices", Counts(), looked_at=3))
    assert printed(report, language).count(text) == 1
    assert report.as_dict(language)["looked_at"] == text


def test_a_run_that_looked_at_no_article_has_no_line_for_it() -> None:
    assert len(printed(run(NONE), "en")) == len(printed(run(NONE, SOME), "en")) - 1


@pytest.mark.parametrize(("language", "text"), TOLD)
def test_a_plan_tells_it_below_its_head(language: Language, text: str) -> None:
    assert plan_markdown(Plan("all", scope=ALL.scope), language).split("\n\n")[1] == text
    assert text not in plan_markdown(Plan("all"), language)
