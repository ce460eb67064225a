"""Protects the walks of docs/architecture.md: files and functions are there, and they turn back only with a reason."""

import re
import tomllib

import pytest

from tests.docs.names import known
from tests.docs.pages import PROJECT, Page, rows

PAGE = Page(PROJECT / "docs" / "architecture.md")
WALKS = {
    re.sub(r"\W+", " ", heading): list(rows(text)) for heading, text in PAGE.sections(3).items() if heading[0] == "A"
}
DOWN, UP = "↓", "↑"
WORDS_OF_A_REASON = 6


def floors() -> dict[str, int]:
    """The rooms by their floor, `assets` the highest, as import-linter keeps them."""
    contracts = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"][
        "contracts"
    ]
    (layers,) = [contract["layers"] for contract in contracts if contract["name"].startswith("Imports run one way")]
    return {room.strip(): floor for floor, line in enumerate(layers) for room in re.split("[|:]", line)}


def floor_of(file: str) -> int:
    """The floor that a file is on, counted from the top."""
    found = [floor for room, floor in floors().items() if file.startswith(room.replace(".", "/"))]
    assert len(found) == 1, file
    return found[0]


def test_there_are_three() -> None:
    assert len(WALKS) == 3


@pytest.mark.parametrize("walk", WALKS)
def test_each_step_is_a_function_of_its_file(walk: str) -> None:
    steps = [(file.strip("`"), function.strip("`")) for file, function, _ in WALKS[walk]]
    assert len(steps) > 10
    assert [step for step in steps if f"{step[0]}: {step[1]}" not in known().qualified] == []


@pytest.mark.parametrize("walk", WALKS)
def test_a_walk_goes_one_way_but_where_it_says_why(walk: str) -> None:
    goes_down = walk.endswith("down")
    assert goes_down or walk.endswith("up")
    back, floor = (UP, 0) if goes_down else (DOWN, len(floors()))
    for file, function, text in WALKS[walk]:
        there = floor_of(file.strip("`"))
        turns = there < floor if goes_down else there > floor
        assert turns == text.startswith(back), (file, function)
        assert not turns or len(text.split()) > WORDS_OF_A_REASON, (file, function)
        floor = there
