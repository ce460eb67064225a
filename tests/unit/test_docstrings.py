"""Protects that docstrings are plain English, and that functions with three or more parameters describe them."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

import cloudkasse_etl

PROJECT = Path(cloudkasse_etl.__file__).parent.parent
PACKAGES = ("cloudkasse_etl", "assets")
ROOMS = sorted(
    path.relative_to(PROJECT).as_posix()
    for package in PACKAGES
    for path in (PROJECT / package).iterdir()
    if (path.is_dir() or path.suffix == ".py") and path.name != "__pycache__"
)
MOST_UNDESCRIBED = 2

# Words that the field does not use in this sense; a reader has to guess what is meant.
OBSCURE = re.compile(
    r"\b(told|stands?|stood|somebody|nobody|anew|judged?|(?<!top )levels?|for want of|hangs? on|hung on"
    r"|comes? to|came to|came of|made out|by the letter|it is none|asks? after)\b",
    re.IGNORECASE,
)
Function = ast.FunctionDef | ast.AsyncFunctionDef


@cache
def modules(room: str) -> tuple[tuple[str, ast.Module], ...]:
    """The modules of a room, by their paths within the project; a room may be a single file."""
    place = PROJECT / room
    paths = sorted(place.rglob("*.py")) if place.is_dir() else [place]
    return tuple((path.relative_to(PROJECT).as_posix(), ast.parse(path.read_text(encoding="utf-8"))) for path in paths)


def documented(room: str) -> Iterator[tuple[str, ast.Module | ast.ClassDef | Function]]:
    """All modules, classes and functions of a room: where they are, and their syntax."""
    for path, module in modules(room):
        yield path, module
        for node in ast.walk(module):
            if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and not is_shown(node):
                yield f"{path}:{node.lineno} {node.name}", node


def public_functions(room: str) -> Iterator[tuple[str, Function]]:
    """The public functions of a room's modules, and the public methods of their public classes."""
    for path, module in modules(room):
        scopes: list[ast.Module | ast.ClassDef] = [module]
        while scopes:
            for node in scopes.pop().body:
                if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                    scopes.append(node)
                elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and not node.name.startswith("_"):
                    yield f"{path}:{node.lineno} {node.name}", node


def is_shown(node: ast.ClassDef | Function) -> bool:
    """Whether a docstring is a text of the UI or of a command's help, which has other rules."""
    return any(re.match(r"(dg|click)\.|\w+\.(command|group)\(", ast.unparse(found)) for found in node.decorator_list)


def parameters(function: Function) -> list[str]:
    """The names of a function's parameters, without `self` and `cls`."""
    arguments = function.args
    every = [*arguments.posonlyargs, *arguments.args, arguments.vararg, *arguments.kwonlyargs, arguments.kwarg]
    return [found.arg for found in every if found is not None and found.arg not in ("self", "cls")]


def declared(room: str) -> set[tuple[str, ...]]:
    """Names and parameters of the methods of a room's Protocols: what these describe, their classes need not repeat."""
    return {
        (method.name, *parameters(method))
        for _, node in documented(room)
        if isinstance(node, ast.ClassDef) and "Protocol" in map(ast.unparse, node.bases)
        for method in node.body
        if isinstance(method, ast.FunctionDef) and not faults(method)
    }


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
    """What a function's docstring lacks, or describes although there is no such parameter."""
    docstring = ast.get_docstring(function) or ""
    names, found = parameters(function), described(docstring)
    lacking = [name for name in names if name not in found]
    lacking += [f"{name} (no parameter)" for name in sorted(found.difference(names))]
    if returns_something(function) and not re.search(r"^(Returns|Yields):$", docstring, re.MULTILINE):
        lacking.append("Returns")
    return lacking


@pytest.mark.parametrize("room", ROOMS)
def test_functions_of_three_parameters_describe_each_and_what_they_return(room: str) -> None:
    elsewhere = declared(room)
    wrong = {
        where: lacking
        for where, function in public_functions(room)
        if len(parameters(function)) > MOST_UNDESCRIBED
        and (function.name, *parameters(function)) not in elsewhere
        and not is_shown(function)
        and (lacking := faults(function))
    }
    assert wrong == {}


@pytest.mark.parametrize("room", ROOMS)
def test_no_docstring_begins_with_an_obscure_word(room: str) -> None:
    firsts = {where: (ast.get_docstring(node) or "").split("\n", 1)[0] for where, node in documented(room)}
    assert {where: first for where, first in firsts.items() if OBSCURE.search(re.sub(r"`[^`]*`", "", first))} == {}


def test_the_rooms_are_found() -> None:
    assert {"cloudkasse_etl/transform", "cloudkasse_etl/errors.py", "assets/cli", "assets/steps.py"} <= set(ROOMS)
