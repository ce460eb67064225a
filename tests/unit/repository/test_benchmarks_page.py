"""Protects docs/benchmarks.md: a figure that is measured anew takes its own place and leaves the others be."""

import re
from pathlib import Path
from typing import Any

from tests.benchmarks.figure import known_figures
from tests.benchmarks.results import PAGE, keep, with_result


def result(number: str, median: float) -> dict[str, Any]:
    run = {"seconds": 2.0, "cpu_seconds": 1.5, "peak_bytes": 3e6}
    claim = {"text": "ours to theirs", "at_most": 3.0, "at_least": None, "is_ratio": True, "quantity": "seconds"}
    found = {"median": median, "lowest": 1.0, "highest": 2.0, "cpu_median": None, "holds": True}
    said = {"title": f"Figure {number}", "notes": "", "date": "2026-11-27", "rounds": 5}
    return {"number": number, "runs": {"ours/whole process": run}, "claims": [claim | found], **said}


def test_a_figure_takes_the_place_of_its_older_one_and_no_other() -> None:
    page = ""
    for number in ("2", "1m", "1"):
        page = with_result(page, result(number, 1.25) | {"machine": "a machine", "versions": "versions"})
    again = with_result(page, result("1m", 1.75) | {"machine": "a machine", "versions": "versions"})
    assert re.findall(r"^\| (\w+) \|.*\*\*(.+) ×\*\*", again, re.M) == [("1", "1.25"), ("1m", "1.75"), ("2", "1.25")]
    assert re.findall(r"^## (\w+)\.", again, re.M) == ["1", "1m", "2"]
    assert with_result(again, result("1m", 1.25) | {"machine": "a machine", "versions": "versions"}) == page


def test_the_page_has_the_medians_and_a_folder_that_git_ignores_the_rest(tmp_path: Path) -> None:
    page, figures = tmp_path / "benchmarks.md", tmp_path / "build"
    keep([result("1", 1.25)], page, figures)
    assert "| ours | whole process | 2.00 | 1.50 | 3 MB |" in page.read_text(encoding="utf-8")
    assert sorted(path.name for path in figures.iterdir()) == ["benchmark-1.json", "benchmark-1.svg"]


def test_the_page_has_known_figures_once_each() -> None:
    found = re.findall(r"^## (\w+)\.", PAGE.read_text(encoding="utf-8"), re.M)
    assert len(found) > 5
    assert found == [figure.number for figure in known_figures() if figure.number in found]
