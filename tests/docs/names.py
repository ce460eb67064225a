"""What a page may name: what there is in the project, and what of others is known to be there."""

import ast
import pkgutil
import re
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, get_args, get_origin

import click
import yaml
from fastapi.routing import APIRoute
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from assets.cli.group import group
from cloudkasse_etl.config.section import Section
from cloudkasse_etl.config.settings import Settings
from cloudkasse_etl.errors import CloudkasseError
from cloudkasse_etl.i18n.messages import languages
from cloudkasse_etl.sandbox.app import create_app
from cloudkasse_etl.sandbox.cloud.cloud_store import Store
from cloudkasse_etl.sandbox.cloud.record_models import Entity
from cloudkasse_etl.sandbox.cloud.validation import Limits
from cloudkasse_etl.sandbox.faults.fault_plan import FaultPlan
from cloudkasse_etl.sandbox.selectline.selectline_faults import SELECTLINE_FAULTS
from cloudkasse_etl.sync.run.report import Outcome
from cloudkasse_etl.sync.run.summary import shown_outcome
from tests.docs.pages import PROJECT

PROGRAM = "cloudkasse-etl"
_ALL = ("--help", "--version")
# Made when the program runs, or by a person: in no clone.
MADE = {".venv", ".demo", ".dagster", ".demo/erp.db", "build/benchmarks/", "cloudkasse.yaml", "cloudkasse.cmd"}
# Names of others, which nothing here can look up; and commands of the system.
FOREIGN = {
    "application/problem+json", "isin", "executemany", "fast_executemany", "synchronous=FULL", "+psycopg2",
    "DAGSTER_POSTGRES_URL", "KillMode=mixed", "/etc/systemd/system/cloudkasse.service", ".cmd", "%", "%%",
    "py -3.11 -m venv .venv", "py --list", ".venv\\Scripts\\python", "set NAME=value", "kill -9",
    "pre-commit install", "EXTRAS", "lint-imports", "git log --follow",
    "schtasks /Create /TN CloudKasse /SC ONSTART /RU cloudkasse /RP * /TR C:\\cloudkasse\\cloudkasse.cmd",
}  # fmt: skip


@cache
def commands() -> dict[str, click.Command]:
    """Every command by its words, `receipts dismiss`; the group itself by an empty text."""
    found: dict[str, click.Command] = {}

    def add(words: tuple[str, ...], command: click.Command) -> None:
        found[" ".join(words)] = command
        if isinstance(command, click.Group):
            for name, below in command.commands.items():
                add((*words, name), below)

    add((), group)
    return found


def options(command: click.Command) -> dict[str, click.Option]:
    """A command's options by each of their spellings, `--help` left out."""
    found = [param for param in command.params if isinstance(param, click.Option)]
    return {name: option for option in found for name in (*option.opts, *option.secondary_opts)}


@dataclass(frozen=True)
class Setting:
    """A key of cloudkasse.yaml, and how the page writes its default."""

    key: str
    default: str


@cache
def settings() -> dict[str, Setting]:
    """Every key of cloudkasse.yaml that has a value of its own."""
    return {setting.key: setting for setting in _settings(Settings, "")}


def _settings(section: type[Section], prefix: str) -> Iterator[Setting]:
    for name, info in section.model_fields.items():
        key = f"{prefix}{info.alias or name}"
        kinds = [info.annotation, *get_args(info.annotation)]
        inner = next((kind for kind in kinds if isinstance(kind, type) and issubclass(kind, Section)), None)
        of_many = get_origin(info.annotation) in (tuple, dict)
        if inner is None or of_many or key.startswith("accounts."):
            yield Setting(key, _default(info))
        if inner is not None and not key.startswith("accounts."):
            below = "[]." if get_origin(info.annotation) is tuple else ".*." if of_many else "."
            yield from _settings(inner, f"{key}{below}")


def _default(info: FieldInfo) -> str:
    default: Any = info.get_default(call_default_factory=True)
    if default is PydanticUndefined:
        return "**needed**"
    if default is None:
        return "–"
    default = list(default) if isinstance(default, tuple) else default
    if isinstance(default, str):
        return f'`"{default}"`' if default.isdigit() else f"`{default}`"
    default = str(default) if isinstance(default, Path) else default
    return f"`{yaml.safe_dump(default, default_flow_style=True).removesuffix('...' + chr(10)).strip()}`"


@cache
def variables() -> set[str]:
    """The variables of the environment that the program knows."""
    return {word for word in known().texts if re.fullmatch(r"(CLOUDKASSE|SELECTLINE_API)_[A-Z_]+|DAGSTER_HOME", word)}


@cache
def exit_codes() -> set[int]:
    """All that a command may end with, but for nothing new and success."""
    found: list[type[CloudkasseError]] = [CloudkasseError]
    for error in found:
        found += error.__subclasses__()
    return {error.exit_code for error in found}


@cache
def targets() -> set[str]:
    """What `make` can make."""
    return set(re.findall(r"^([a-z][a-z-]*):", (PROJECT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))


@dataclass
class Known:
    """The words of the code.

    Attributes:
        names: What it defines: functions, classes, fields, constants, parameters, by their last name.
        qualified: The same by module, `cloudkasse_etl/errors.py: NetworkError`, methods as `Class.method`.
        texts: Texts that stand in it as they are: codes, statuses, columns, keys.
    """

    names: set[str] = field(default_factory=set)
    qualified: set[str] = field(default_factory=set)
    texts: set[str] = field(default_factory=set)


@cache
def known() -> Known:
    """The words of the program's code, and of what the tests share."""
    found = Known()
    folders = [PROJECT / name for name in ("cloudkasse_etl", "assets", "tests")]
    for path in [path for folder in folders for path in folder.rglob("*.py")]:
        if path.parent == PROJECT / "tests" / "docs":
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"))
        _define(found, path.relative_to(PROJECT).as_posix(), tree.body, "")
        if not path.is_relative_to(PROJECT / "tests"):
            constants = (node.value for node in ast.walk(tree) if isinstance(node, ast.Constant))
            found.texts |= {word for value in constants if isinstance(value, str) for word in (value, *_columns(value))}
    return found


def _columns(text: str) -> list[str]:
    """SelectLine's tables and columns, and those of our own views, stand within statements."""
    return re.findall(r"\w+", text) if re.search(r"\b(SELECT|CREATE|UPDATE)\b|^[A-Z]+\.\w+", text) else []


def _define(found: Known, file: str, body: list[ast.stmt], within: str) -> None:
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found.names.add(node.name)
            found.qualified.add(f"{file}: {within}{node.name}")
            if isinstance(node, ast.ClassDef):
                _define(found, file, node.body, f"{within}{node.name}.")
            else:
                arguments = node.args
                found.names |= {a.arg for a in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)}
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            found.names.add(node.target.id)
        elif isinstance(node, ast.Assign):
            found.names |= {target.id for target in node.targets if isinstance(target, ast.Name)}
        elif isinstance(node, ast.If | ast.Try):
            _define(found, file, node.body, within)


def fault_of(name: str, folder: Path) -> str | None:
    """What is wrong with a name in backticks; None where there is what it names.

    Args:
        name: What stands between the backticks.
        folder: Where the page lies, from which relative paths are taken too.
    """
    first, *rest = name.split()
    if name in FOREIGN or name in MADE or first == "pip":
        return None
    if first == "make":
        return None if rest and rest[0] in targets() else "no such target"
    if first == PROGRAM:
        return fault_of_command(name)
    if rest and first in commands():
        return fault_of_command(f"{PROGRAM} {name}")
    if first.startswith("--"):
        return None if first in _ALL or any(first in options(c) for c in commands().values()) else "no such option"
    if _is_word(name) or _is_url(name) or _is_endpoint(name) or _is_foreign_object(name):
        return None
    if any((place / name.rstrip("/")).exists() for place in (PROJECT, folder)):
        return None
    return "no such file" if "/" in name else "nothing is called so"


def bare_names(prose: str) -> set[str]:
    """Files, options and variables that a text names without backticks; links and addresses are looked at elsewhere."""
    plain = re.sub(r"`[^`\n]+`|\]\([^)]*\)|https?://\S+", " ", prose)
    shapes = r"[\w./-]*\w\.(?:py|md|yaml|yml|toml|svg|json)\b|(?<!\S)--[a-z][\w-]+|\b(?:CLOUDKASSE|DAGSTER)_[A-Z_]+\b"
    return set(re.findall(shapes, plain))


def _is_word(name: str) -> bool:
    """Whether a name stands for a setting, a variable, something defined, a text of the code, or a value."""
    words = known()
    if {name, name.upper()} & words.names or name in words.texts or name in settings() or name in commands():
        return True
    if any(key.startswith((f"{name}.", f"{name}[].", f"{name}.*")) for key in settings()):
        return True
    if any(entry.endswith(f": {name}") for entry in words.qualified):
        return True
    parts = name.split(".")
    if len(parts) > 1 and all(part in words.names or part in words.texts for part in parts):
        return True
    parts = [part.strip() for part in name.split(",")]
    if len(parts) > 1 and all(parts) and all(_is_word(part) for part in parts):
        return True
    if name.removeprefix("cloudkasse_") in words.texts or name in languages():  # a table of ours, a catalogue
        return True
    if name.startswith("*"):
        return any(word.endswith(name[1:]) for word in words.names)
    arguments = {param.human_readable_name for c in commands().values() for param in c.params}
    return name in arguments or name in {shown_outcome(o, "en") for o in Outcome} or _is_faults(name) or _is_value(name)


def _is_faults(name: str) -> bool:
    """Whether it names faults of CloudKasse or, without shares, some of SelectLine's Web API."""
    if name in SELECTLINE_FAULTS.descriptions:
        return True
    try:
        FaultPlan.parse(name)
    except CloudkasseError:
        return False
    return True


def _is_url(name: str) -> bool:
    """Whether it is an address, or a database's URL of a driver that is known here."""
    if name.startswith(("http://", "https://")):
        return True
    return "://" in name and name.partition("+")[0].partition(":")[0] in ("sqlite", "postgresql", "mssql")


def _is_endpoint(name: str) -> bool:
    """Whether it is a request of the contract that the sandbox answers, `GET /v1/{receipts|closings}?after=`."""
    method, _, path = name.partition(" ")
    path = path.partition("?")[0]
    choice = re.search(r"\{(.+)\}", path)
    kinds = [] if choice is None else list(Entity) if choice[1] == "entity" else choice[1].split("|")
    wanted = {(method, path.replace(f"{{{choice[1]}}}", kind)) for kind in kinds} if choice else {(method, path)}
    return wanted <= endpoints()


@cache
def endpoints() -> set[tuple[str, str]]:
    """What the sandbox answers, by method and path."""
    with closing(Store(None)) as store:
        routes = create_app(store, token="", limits=Limits()).routes
    return {(method, route.path) for route in routes if isinstance(route, APIRoute) for method in route.methods or ()}


def _is_foreign_object(name: str) -> bool:
    """Whether it is something of an installed library, `pyarrow.compute.is_in`."""
    try:
        pkgutil.resolve_name(name)
    except (ValueError, ImportError, AttributeError):
        return False
    return True


def _is_value(name: str) -> bool:
    """Whether it is written as a value of YAML or JSON that is no bare word."""
    try:
        value = yaml.safe_load(name)
    except yaml.YAMLError:
        return False
    return not isinstance(value, str) or name.startswith('"')


def fault_of_command(line: str) -> str | None:
    """What is wrong with a command as a page writes it, `cloudkasse-etl sync [all|receipts] --full`."""
    words = line.split()
    words = words[words.index(PROGRAM) + 1 :]
    path: list[str] = []
    while words and " ".join([*path, words[0]]) in commands():
        path.append(words.pop(0))
    command = commands()[" ".join(path)]
    if isinstance(command, click.Group) and words and not words[0].startswith("-"):
        return f"{PROGRAM} has no command {' '.join([*path, words[0]])}"
    arguments = [param for param in command.params if isinstance(param, click.Argument)]
    while words:
        word = words.pop(0)
        if word.startswith("--"):
            if word in _ALL:
                continue
            option = options(command).get(word)
            if option is None:
                return f"{' '.join(path)} has no option {word}"
            if not option.is_flag:
                del words[: option.nargs]
        elif not arguments:
            return f"{' '.join(path)} takes no {word}"
        else:
            argument = arguments.pop(0)
            plain = word.strip("[]")
            if isinstance(argument.type, click.Choice) and not set(plain.split("|")) <= set(argument.type.choices):
                return f"{' '.join(path)} takes none of {plain}"
    return None
