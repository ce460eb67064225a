"""Protects the tests from the machine they run on: none fails because it is slow, and none tries a law on two examples.

What is searched are the tests themselves, by their syntax trees; the benchmarks, which are about time, are left out.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.patience import HANG_SECONDS

TESTS = Path(__file__).resolve().parents[2]
CLOCKS = ("process_time", "perf_counter", "thread_time")
DURATIONS = ("seconds", "elapsed", "took", "duration", "minutes")
FEWEST_EXAMPLES = 25
# A client that is to lose its patience while the server keeps its answer back for seconds.
TOO_SHORT_ON_PURPOSE = {"contract/test_sandbox_misbehaviour.py": 1}


def number(node: ast.AST | None) -> float | None:
    """The number that stands there, the smallest of a tuple's; None where there is none."""
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float) and not isinstance(node.value, bool):
        return node.value
    if isinstance(node, ast.Tuple):
        return min((found for part in node.elts if (found := number(part)) is not None), default=None)
    return None


def name_of(node: ast.AST) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def limits(call: ast.Call) -> Iterator[str]:
    """The limits of time that a call gives."""
    for keyword in call.keywords:
        if keyword.arg in ("timeout", "timeout_seconds") and number(keyword.value):
            yield f"{keyword.arg}={ast.unparse(keyword.value)}"
    if (
        isinstance(call.func, ast.Attribute)
        and call.func.attr in ("wait", "join")
        and number(next(iter(call.args), None))
    ):
        yield f".{call.func.attr}({ast.unparse(call.args[0])})"


def examples(call: ast.Call) -> Iterator[str]:
    """What Hypothesis is told that makes a law weak, or hang on the clock."""
    if name_of(call.func) != "settings":
        return
    for keyword in call.keywords:
        value = keyword.value.orelse if isinstance(keyword.value, ast.IfExp) else keyword.value
        if keyword.arg == "max_examples" and (number(value) or FEWEST_EXAMPLES) < FEWEST_EXAMPLES:
            yield f"fewer than {FEWEST_EXAMPLES} examples"
        if keyword.arg == "deadline" and not (isinstance(value, ast.Constant) and value.value is None):
            yield "a deadline"


def bounds(assertion: ast.Assert) -> Iterator[str]:
    """The upper bounds that an assertion sets to how long something takes."""
    for node in ast.walk(assertion.test):
        if not isinstance(node, ast.Compare) or not any(isinstance(op, ast.Lt | ast.LtE) for op in node.ops):
            continue
        names = {name_of(part) for part in ast.walk(node)}
        is_time = "monotonic" in names or any(name_of(node.left).endswith(word) for word in DURATIONS)
        if is_time and "HANG_SECONDS" not in names:
            yield f"assert {ast.unparse(node)}"


def hanging_on_the_clock(source: str) -> list[str]:
    """What in a test's source makes it fail where the machine is slow, or makes a law weak."""
    tree = ast.parse(source)
    ticks = {id(call) for loop in ast.walk(tree) if isinstance(loop, ast.While) for call in ast.walk(loop.test)}
    found: list[str] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute | ast.Name) and name_of(node).removesuffix("_ns") in CLOCKS:
            found.append(name_of(node))
        if isinstance(node, ast.Call):
            found += examples(node)
            found += [] if id(node) in ticks else limits(node)
        if isinstance(node, ast.Assert):
            found += bounds(node)
    return found


@pytest.mark.parametrize(
    "source",
    [
        "requests.get(url, timeout=10)",
        "requests.get(url, timeout=(120, 0.5))",
        "process.communicate(timeout=60)",
        "assert begun.wait(5)",
        "thread.join(60)",
        "began = time.process_time()",
        "time.perf_counter_ns()",
        "assert time.monotonic() - began < 4",
        "assert 0.2 <= time.monotonic() - began <= 3",
        "assert seconds < 6",
        "@settings(max_examples=40 if LONG else 2)\ndef test(): ...",
        "@settings(max_examples=10)\ndef test(): ...",
        "@hypothesis.settings(deadline=200)\ndef test(): ...",
    ],
)
def test_what_hangs_on_the_clock_or_on_two_examples_is_found(source: str) -> None:
    assert len(hanging_on_the_clock(source)) == 1


@pytest.mark.parametrize(
    "source",
    [
        "requests.get(url, timeout=HANG_SECONDS)",
        "begun.wait(HANG_SECONDS)",
        "assert time.monotonic() - began >= 1.0",
        "assert time.monotonic() - began < HANG_SECONDS",
        "while not stop.wait(0.1): ...",
        "', '.join(names)",
        "settings(max_examples=3000 if LONG else 300, deadline=None)",
    ],
)
def test_what_waits_for_as_long_as_it_takes_is_left_alone(source: str) -> None:
    assert hanging_on_the_clock(source) == []


def test_no_test_hangs_on_the_clock_or_on_a_few_examples() -> None:
    assert HANG_SECONDS >= 300, "a machine that swaps needs minutes for what else takes seconds"
    files = {str(path.relative_to(TESTS)): path for path in sorted(TESTS.rglob("*.py"))}
    assert len(files) > 100
    found = {
        name: faults
        for name, path in files.items()
        if not name.startswith("benchmarks/")
        and len(faults := hanging_on_the_clock(path.read_text(encoding="utf-8"))) > TOO_SHORT_ON_PURPOSE.get(name, 0)
    }
    assert found == {}
