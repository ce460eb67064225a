"""Protects that docstrings are plain English, and that functions with three or more parameters describe them."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import cloudkasse_etl

LIBRARY = Path(cloudkasse_etl.__file__).parent
# Rooms whose docstrings are checked.
ROOMS = ("transform", "sandbox", "erp", "tills", "schemas", "alerting", "rejections", "config")
MOST_UNDESCRIBED = 2

# Words that the field does not use in this sense; a reader has to guess what is meant.
OBSCURE = re.compile(
    r"\b(told|stands?|stood|somebody|nobody|anew|judged?|levels?|levelled|for want of|hangs? on|hung on"
    r"|comes? to|came to|came of|made out|by the letter|it is none|asks? after)\b",
    re.IGNORECASE,
)
Function = ast.FunctionDef | ast.AsyncFunctionDef


def documented(room: str) -> Iterator[tuple[str, ast.Module | ast.ClassDef | Function]]:
    """All modules, classes and functions of a room: where they are, and their syntax."""
    for path in sorted((LIBRARY / room).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                line = getattr(node, "lineno", 1)
                yield f"{path.relative_to(LIBRARY.parent)}:{line} {getattr(node, 'name', '')}".rstrip(), node


def public_functions(room: str) -> Iterator[tuple[str, Function]]:
    """The public functions of a room's modules, and the public methods of their public classes."""
    for path in sorted((LIBRARY / room).rglob("*.py")):
        scopes: list[ast.Module | ast.ClassDef] = [ast.parse(path.read_text(encoding="utf-8"))]
        while scopes:
            for node in scopes.pop().body:
                if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                    scopes.append(node)
                elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and not node.name.startswith("_"):
                    yield f"{path.relative_to(LIBRARY.parent)}:{node.lineno} {node.name}", node


def parameters(function: Function) -> list[str]:
    """The names of a function's parameters, without `self` and `cls`."""
    arguments = function.args
    every = [*arguments.posonlyargs, *arguments.args, arguments.vararg, *arguments.kwonlyargs, arguments.kwarg]
    return [found.arg for found in every if found is not None and found.arg not in ("self", "cls")]


def overrides(function: Function) -> bool:
    """Whether a method has the docstring of the method that it overrides."""
    return any(isinstance(found, ast.Name) and found.id == "override" for found in function.decorator_list)


def returns_something(function: Function) -> bool:
    """Whether a function is annotated with anything but None."""
    found = function.returns
    return found is not None and not (isinstance(found, ast.Constant) and found.value is None)


def described(docstring: str) -> set[str]:
    """The names that the section "Args" describes; one line may describe several, separated by commas."""
    section = re.search(r"^Args:\n((?:[ ]+.*\n?|\n)*)", docstring, re.MULTILINE)
    lines = re.findall(r"^ {4}(\*{0,2}\w+(?:, \*{0,2}\w+)*): \S", section[1] if section else "", re.MULTILINE)
    return {name.lstrip("*") for line in lines for name in line.split(", ")}


def faults(function: Function) -> list[str]:
    """What a function's docstring lacks."""
    docstring = ast.get_docstring(function) or ""
    lacking = [name for name in parameters(function) if name not in described(docstring)]
    if returns_something(function) and not re.search(r"^(Returns|Yields):$", docstring, re.MULTILINE):
        lacking.append("Returns")
    return lacking


@pytest.mark.parametrize("room", ROOMS)
def test_functions_of_three_parameters_describe_each_and_what_they_return(room: str) -> None:
    wrong = {
        where: lacking
        for where, function in public_functions(room)
        if len(parameters(function)) > MOST_UNDESCRIBED and not overrides(function) and (lacking := faults(function))
    }
    assert wrong == {}


@pytest.mark.parametrize("room", ROOMS)
def test_no_docstring_begins_with_an_obscure_word(room: str) -> None:
    firsts = {where: (ast.get_docstring(node) or "").split("\n", 1)[0] for where, node in documented(room)}
    assert {where: first for where, first in firsts.items() if OBSCURE.search(first)} == {}


@pytest.mark.parametrize("room", ROOMS)
def test_each_room_has_modules(room: str) -> None:
    assert any(True for _ in documented(room)), "a room that has moved must not drop out of the checks"
