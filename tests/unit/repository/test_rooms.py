"""Protects that a newcomer finds the room of any line: how full rooms are, what their doors say, who imports whom."""

import ast
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.real_shop import MAKE_ERP
from tests.support.repository.import_graph import (
    PACKAGES,
    PROJECT,
    WHOLE,
    Floor,
    Imports,
    circles,
    circles_of_files,
    floors,
    plan,
    read_imports,
)

MOST_FILES = 15
MOST_LINES = 400
SHARED_NAMES = {"__init__.py", "conftest.py"}
# What most tests begin with: one of each, whatever folder a test lies in.
FIXTURES = ("world", "program", "instance", "ui")
FLOORS = floors()


@pytest.fixture(scope="module")
def imports() -> Imports:
    """Who imports whom."""
    return read_imports()


def folders(root: str) -> Iterator[Path]:
    yield from (path for path in (PROJECT / root, *(PROJECT / root).rglob("*/")) if _holds_files(path))


def _holds_files(folder: Path) -> bool:
    return folder.name != "__pycache__" and any(folder.glob("*.py"))


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.iterdir() if path.is_file() and not path.name.startswith(".")]


def test_a_room_holds_no_more_than_one_can_look_over() -> None:
    found = {
        folder.relative_to(PROJECT).as_posix()
        for root in (*PACKAGES, "tests")
        for folder in folders(root)
        if len(_files(folder)) > MOST_FILES
    }
    assert not found


@pytest.mark.parametrize("root", [*PACKAGES, "tests"])
def test_a_file_can_be_read_in_one_go(root: str) -> None:
    lines = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in (PROJECT / root).rglob("*.py")}
    assert not [str(path) for path, count in lines.items() if count > MOST_LINES]


@pytest.mark.parametrize("root", [*PACKAGES, "tests"])
def test_no_two_files_have_one_name(root: str) -> None:
    names = Counter(path.name for path in (PROJECT / root).rglob("*.py") if path.name not in SHARED_NAMES)
    assert not [name for name, count in names.items() if count > 1]


@pytest.mark.parametrize("root", PACKAGES)
def test_each_door_says_what_lies_behind_it(root: str) -> None:
    for folder in folders(root):
        door = folder / "__init__.py"
        assert door.is_file(), folder
        sign = ast.get_docstring(ast.parse(door.read_text(encoding="utf-8"))) or ""
        assert len(sign.split()) >= 5, f"{door} does not say what belongs in it"


@pytest.mark.parametrize("floor", FLOORS, ids=lambda floor: floor.name)
def test_no_import_runs_upwards_or_in_a_circle_of_rooms(imports: Imports, floor: Floor) -> None:
    found = plan(floor, imports)
    assert not found.up
    assert not found.circles


def test_no_files_import_each_other_in_a_circle(imports: Imports) -> None:
    assert not circles_of_files(imports)


def test_each_room_of_the_library_has_its_place_in_the_order(imports: Imports) -> None:
    (whole,) = (floor for floor in FLOORS if floor.name == WHOLE)
    placed = {room for layer in whole.layers for room in layer}
    assert {room for module in imports if (room := whole.room(module))} <= placed


def test_the_graph_finds_what_runs_the_wrong_way() -> None:
    floor = Floor("shop", (frozenset({"till"}), frozenset({"goods", "money"})))
    wrong = {
        "shop.till": ["shop.goods.apples"],
        "shop.goods.apples": ["shop.money", "shop.till"],
        "shop.money": [],
    }
    found = plan(floor, wrong)
    assert found.up == ["shop.goods.apples -> shop.money", "shop.goods.apples -> shop.till"]
    assert found.circles == [["goods", "till"]]
    assert circles([("a", "b"), ("b", "c"), ("c", "b"), ("d", "a")]) == [["b", "c"]]
    renamed = {"shop.apples": "shop.goods.apples", "shop.till": "shop.money"}
    assert plan(floor, {"shop.apples": ["shop.till"], "shop.till": []}, renamed).up == ["shop.apples -> shop.till"]


def _trees() -> Iterator[tuple[Path, ast.Module]]:
    """The tests' files with their syntax trees."""
    for path in sorted((PROJECT / "tests").rglob("*.py")):
        yield path.relative_to(PROJECT), ast.parse(path.read_text(encoding="utf-8"))


def _is_of_tests(module: str) -> bool:
    """Whether a module is one of tests or of their fixtures, not one that tests share."""
    name = module.rpartition(".")[2]
    return module.startswith("tests.") and (name == "conftest" or name.startswith("test_"))


def test_no_module_imports_one_of_tests() -> None:
    found = [
        f"{path}: {name}"
        for path, tree in _trees()
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in _imported(node)
        if _is_of_tests(name)
    ]
    assert not found, "what tests share lies in tests/support"


def _imported(node: ast.Import | ast.ImportFrom) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif node.module:
        yield node.module
        yield from (f"{node.module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("name", FIXTURES)
def test_there_is_one_fixture_of_each_kind(name: str) -> None:
    found = [
        (path.name, node.name)
        for path, tree in _trees()
        for node in tree.body
        if isinstance(node, ast.FunctionDef) and node.name == name
        if any("fixture" in ast.unparse(decorator) for decorator in node.decorator_list)
    ]
    assert found == [("conftest.py", name)]


def test_the_real_shop_is_looked_for_beside_the_project() -> None:
    """Its tests skip where it is not: they must not because a folder was moved."""
    assert MAKE_ERP.parents[2] == PROJECT.parent
