"""Shows the results: their medians in docs/benchmarks.md; raw figures and plots go to a folder that git ignores."""

import json
import os
import platform
import re
import sqlite3
from importlib.metadata import version
from pathlib import Path
from typing import Any

import psutil

from tests.benchmarks.process import PROJECT

PAGE = PROJECT / "docs" / "benchmarks.md"
FIGURES = PROJECT / "build" / "benchmarks"
NAMED = ("cloudkasse-etl", "dagster", "pandas", "numpy", "pyarrow", "sqlalchemy", "pandera", "msgspec", "orjson")
PINNED = PROJECT / "requirements-bench.txt"
HEADER = """\
# Benchmarks

Made by `make bench`; how the time is spent, and what was tried, is told in [performance.md](performance.md).
In each round every program runs once, in turn; shown are medians of the rounds. A ratio is the median of the rounds'
own ratios, so a moment in which the machine was busy counts once. Whole processes are measured, cold start and child
processes included; peak memory is the resident memory of the process and its children together. Plots and raw figures
of the last measurement lie in `build/benchmarks/`.
"""


def keep(found: list[dict[str, Any]], page: Path = PAGE, figures: Path = FIGURES) -> None:
    """Shows results on the page, each in the place of an older one of the same figure, and keeps them for a look.

    The page itself is what is known of the other figures: it is all of them that git has.
    """
    figures.mkdir(parents=True, exist_ok=True)
    shown = page.read_text(encoding="utf-8") if page.exists() else ""
    for result in found:
        result = result | {"machine": machine(), "versions": versions()}
        shown = with_result(shown, result)
        name = f"benchmark-{result['number']}"
        kept = json.dumps(result, indent=1, ensure_ascii=False) + "\n"
        (figures / f"{name}.json").write_text(kept, encoding="utf-8")
        plot(result, figures / f"{name}.svg")
    page.write_text(shown, encoding="utf-8")


def with_result(page: str, result: dict[str, Any]) -> str:
    """The page with a figure's rows and section in the place of its older ones, all in the order of their numbers."""
    rows, sections = _read(page)
    rows[result["number"]] = _summary(result)
    sections[result["number"]] = _section(result)
    parts = [
        HEADER,
        "| figure | claim | limit | measured | kept |\n|---|---|---|---|---|",
        *("\n".join(lines) for _, lines in sorted(rows.items())),
    ]
    return "\n".join(parts) + "\n\n" + "\n".join(text for _, text in sorted(sections.items()))


def _read(page: str) -> tuple[dict[str, list[str]], dict[str, str]]:
    """Of a page: the summary's rows and the sections, by the numbers of their figures."""
    summary, *found = re.split(r"^(?=## )", page, flags=re.MULTILINE)
    rows: dict[str, list[str]] = {}
    for line in summary.splitlines():
        if match := re.match(r"\| (\d\w*) \|", line):
            rows.setdefault(match[1], []).append(line)
    return rows, {text.removeprefix("## ").partition(".")[0]: text.rstrip() + "\n" for text in found}


def _summary(result: dict[str, Any]) -> list[str]:
    return [
        f"| {result['number']} | {claim['text']} | {_limit(claim)} | **{_shown(claim, claim['median'])}** | "
        f"{'yes' if claim['holds'] else '**no**'} |"
        for claim in result["claims"]
    ]


def _section(result: dict[str, Any]) -> str:
    rows = ["| program | run | seconds | CPU seconds | peak memory |", "|---|---|--:|--:|--:|"]
    for name, run in result["runs"].items():
        program, _, part = name.partition("/")
        memory = f"{run['peak_bytes'] / 1e6:,.0f} MB" if run["peak_bytes"] else "–"
        rows.append(f"| {program} | {part} | {run['seconds']:.2f} | {run['cpu_seconds']:.2f} | {memory} |")
    claims = [f"- {told(claim)}" for claim in result["claims"]]
    return "\n".join(
        [
            f"## {result['number']}. {result['title']}",
            "",
            *([result["notes"].strip(), ""] if result["notes"] else []),
            *rows,
            "",
            *claims,
            "",
            f"{result['rounds']} rounds, {result['date']}; {result['machine']}; {result['versions']}.",
            "",
        ]
    )


def told(claim: dict[str, Any]) -> str:
    """A claim in a sentence."""
    among = f"{_shown(claim, claim['lowest'])} to {_shown(claim, claim['highest'])}"
    by_cpu = f"; by CPU seconds {_shown(claim, claim['cpu_median'])}" if claim["cpu_median"] is not None else ""
    verdict = "kept" if claim["holds"] else "NOT KEPT"
    return f"{claim['text']}: {_shown(claim, claim['median'])} ({among}{by_cpu}); limit {_limit(claim)}: {verdict}."


def _limit(claim: dict[str, Any]) -> str:
    limits = [("≤", claim["at_most"]), ("≥", claim["at_least"])]
    return ", ".join(f"{sign} {_shown(claim, limit)}" for sign, limit in limits if limit is not None) or "–"


def _shown(claim: dict[str, Any], value: float) -> str:
    if claim["is_ratio"]:
        return f"{value:.2f} ×"
    return f"{value / 1e6:,.0f} MB" if claim["quantity"] == "peak_bytes" else f"{value:.2f} s"


def plot(result: dict[str, Any], path: Path) -> None:
    """Seconds and peak memory of each run, as bars."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    runs = {name.replace("/", ": "): run for name, run in result["runs"].items()}
    columns = [("seconds", "seconds", 1.0), ("peak_bytes", "peak memory, MB", 1e6)]
    # the same results make the same file
    with mpl.rc_context({"svg.hashsalt": result["number"], "svg.fonttype": "none", "font.size": 9}):
        if result.get("axis") == "sizes":
            _over_sizes(result).savefig(path, format="svg", metadata={"Date": None})
            return
        figure = Figure(figsize=(9, 0.8 + 0.36 * len(runs)), layout="constrained")
        axes = figure.subplots(1, len(columns), sharey=True)
        for axis, (quantity, label, unit) in zip(axes, columns, strict=True):
            values = [run[quantity] / unit for run in runs.values()]
            colours = ["#0b6e4f" if name.startswith("cloudkasse-etl") else "#9aa5ab" for name in runs]
            bars = axis.barh(list(runs), values, color=colours)
            axis.bar_label(bars, [f"{value:,.2f}" if unit == 1 else f"{value:,.0f}" for value in values], padding=3)
            axis.margins(x=0.18)
            axis.set_xlabel(label)
            axis.spines[["top", "right"]].set_visible(False)
        axes[0].invert_yaxis()
        figure.savefig(path, format="svg", metadata={"Date": None})


def _over_sizes(result: dict[str, Any]) -> Any:
    """Seconds over sizes, both axes logarithmic, beside a line of slope 1."""
    from matplotlib.figure import Figure

    sizes = [int(name.rpartition("/")[2].replace(",", "")) for name in result["runs"]]
    seconds = [run["seconds"] for run in result["runs"].values()]
    figure = Figure(figsize=(6, 4), layout="constrained")
    axis = figure.subplots()
    axis.loglog(sizes, seconds, "o-", color="#0b6e4f", label=next(iter(result["runs"])).partition("/")[0])
    axis.loglog(sizes, [seconds[-1] * size / sizes[-1] for size in sizes], "--", color="#9aa5ab", label="slope 1")
    axis.set_xlabel("size")
    axis.set_ylabel("seconds")
    axis.legend(frameon=False)
    axis.spines[["top", "right"]].set_visible(False)
    return figure


def machine() -> str:
    """The machine in words; no path and no name."""
    model = platform.processor() or platform.machine()
    if Path("/proc/cpuinfo").exists():
        found = re.search(r"model name\s*:\s*(.+)", Path("/proc/cpuinfo").read_text(encoding="utf-8"))
        model = found[1].strip() if found else model
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    memory = psutil.virtual_memory().total / 2**30
    return f"{usable} cores of {model}, {memory:.0f} GiB, {platform.system()} {platform.release().partition('-')[0]}"


def versions() -> str:
    """The versions that a result hangs on."""
    ours = [f"{name} {version(name)}" for name in NAMED]
    peers = [f"dlt {found}" for found in re.findall(r"^dlt==(\S+)", PINNED.read_text(encoding="utf-8"), re.MULTILINE)]
    return ", ".join([f"Python {platform.python_version()}", f"SQLite {sqlite3.sqlite_version}", *ours, *peers])
