"""The import graph, room by room: `make graph`, or `make graph BEFORE=<commit>` to see an older one beside it.

A floor is a package whose rooms (the modules and packages right in it) have an order: that of the contracts of
import-linter in pyproject.toml. What an older commit imported upwards is told by the order of now, its files taken for
what they are called now, as git has followed them.
"""

import argparse
import io
import json
import os
import subprocess
import sys
import tarfile
import tempfile
import tomllib
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

PROJECT = Path(__file__).resolve().parents[3]
PACKAGES = ("cloudkasse_etl", "assets")
WHOLE = "the whole"
_READ = """
import json, sys, grimp
graph = grimp.build_graph(*sys.argv[1:], cache_dir=None)
names = sorted(graph.modules)
print(json.dumps({name: sorted(graph.find_modules_directly_imported_by(name)) for name in names}))
"""

Imports = Mapping[str, Sequence[str]]
"""What each module imports, by their full names; imports inside of functions and for annotations count."""


@dataclass(frozen=True)
class Floor:
    """A package and the order of its rooms.

    Attributes:
        name: The package; `WHOLE` for the two packages together.
        layers: Its rooms, the upper ones first; those of one layer do not know each other.
    """

    name: str
    layers: tuple[frozenset[str], ...]

    def room(self, module: str) -> str | None:
        """The room that a module lies in; None where it lies on no room of this floor."""
        if self.name == WHOLE:
            parts = module.split(".")
            return parts[0] if parts[0] != PACKAGES[0] else ".".join(parts[:2]) if len(parts) > 1 else None
        inside = module.removeprefix(f"{self.name}.")
        return None if inside == module else inside.split(".")[0]

    def is_up(self, importer: str, imported: str) -> bool:
        """Whether an import between two rooms runs upwards or to a sibling."""
        height = {room: place for place, layer in enumerate(self.layers) for room in layer}
        return importer in height and imported in height and height[imported] <= height[importer]


@dataclass(frozen=True)
class Plan:
    """What is found of a floor.

    Attributes:
        files: Modules a room, packages themselves not counted.
        edges: How many imports there are from a room to another one.
        up: Imports that run upwards, as `importer -> imported`.
        circles: Rooms that import each other in a circle.
    """

    files: Mapping[str, int]
    edges: Mapping[tuple[str, str], int]
    up: Sequence[str]
    circles: Sequence[Sequence[str]] = field(default=())


def floors() -> tuple[Floor, ...]:
    """The floors, from the contracts of import-linter."""
    linter = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]
    found = []
    for contract in linter["contracts"]:
        if contract["type"] == "layers":
            layers = tuple(frozenset(room.strip() for room in line.split("|")) for line in contract["layers"])
            found += [Floor(name, layers) for name in contract.get("containers", (WHOLE,))]
    return tuple(found)


def read_imports(root: Path = PROJECT) -> Imports:
    """What the modules under a folder import. Its own process: Python takes a package from one place only."""
    environment = {**os.environ, "PYTHONPATH": str(root)}
    command = [sys.executable, "-P", "-c", _READ, *PACKAGES]
    found: Imports = json.loads(subprocess.run(command, env=environment, check=True, capture_output=True).stdout)
    return found


def read_older_imports(commit: str) -> Imports:
    """The same of a commit."""
    archive = subprocess.run(["git", "archive", commit, *PACKAGES], cwd=PROJECT, check=True, capture_output=True).stdout
    with tempfile.TemporaryDirectory() as folder:
        with tarfile.open(fileobj=io.BytesIO(archive)) as files:
            files.extractall(folder, filter="data")
        return read_imports(Path(folder))


def names_of_now(commit: str) -> Mapping[str, str]:
    """What modules of a commit are called now, where they were moved since."""
    log = ["git", "log", "--reverse", "-M", "--diff-filter=R", "--name-status", "--format=", f"{commit}..HEAD"]
    now: dict[str, str] = {}
    for line in subprocess.run(log, cwd=PROJECT, check=True, capture_output=True, text=True).stdout.splitlines():
        _, old, new = line.split("\t")
        first = next((name for name, later in now.items() if later == _module(old)), _module(old))
        now[first] = _module(new)
    return now


def _module(path: str) -> str:
    return path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def plan(floor: Floor, imports: Imports, now: Mapping[str, str] | None = None) -> Plan:
    """What a floor looks like.

    Args:
        floor: The floor.
        imports: What its modules import.
        now: What they are called now, where they are those of an older commit.
    """
    now = now or {}
    packages = {name.rpartition(".")[0] for name in imports}
    files = Counter(room for name in imports if (room := floor.room(name)) and name not in packages)
    edges: Counter[tuple[str, str]] = Counter()
    up = []
    for name, imported, ends in _between_rooms(floor, imports):
        edges[ends] += 1
        then = floor.room(now.get(name, name)), floor.room(now.get(imported, imported))
        if then[0] and then[1] and then[0] != then[1] and floor.is_up(then[0], then[1]):
            up.append(f"{name} -> {imported}")
    return Plan(files, edges, up, circles(edges))


def _between_rooms(floor: Floor, imports: Imports) -> Iterator[tuple[str, str, tuple[str, str]]]:
    for name, others in imports.items():
        for imported in others:
            here, there = floor.room(name), floor.room(imported)
            if here and there and here != there:
                yield name, imported, (here, there)


def circles(edges: Iterable[tuple[str, str]]) -> list[list[str]]:
    """Nodes that reach each other, each group once."""
    direct = defaultdict(set)
    for here, there in edges:
        direct[here].add(there)
    reached = {node: _reached(node, direct) for node in direct}
    groups = {
        tuple(sorted(other for other in reach if node in reached.get(other, ()))) for node, reach in reached.items()
    }
    return [list(group) for group in sorted(groups) if len(group) > 1]


def _reached(start: str, direct: Mapping[str, set[str]]) -> set[str]:
    seen: set[str] = set()
    open_ = [start]
    while open_:
        for there in direct.get(open_.pop(), ()):
            if there not in seen:
                seen.add(there)
                open_.append(there)
    return seen


def circles_of_files(imports: Imports) -> list[list[str]]:
    """Modules that import each other in a circle, in one room or in several."""
    return circles((name, other) for name, others in imports.items() for other in others)


def tell(imports: Imports, older: Imports | None = None, now: Mapping[str, str] | None = None) -> Iterator[str]:
    """The graph in lines for a person, an older one beside it."""
    all_floors = floors()
    plans = [plan(floor, imports) for floor in all_floors]
    then = [plan(floor, older, now) for floor in all_floors] if older is not None else [None] * len(plans)
    heads = ("floor", "rooms", "files", "files a room", "edges", "imports", "upwards", "circles")
    yield "  ".join(_padded(heads))
    for floor, before, after in zip(all_floors, then, plans, strict=True):
        past = _figures(before) if before else ()
        row = [f"{a} → {b}" for a, b in zip(past, _figures(after), strict=True)] if past else _figures(after)
        yield "  ".join(_padded((floor.name, *row)))
    circle = circles_of_files(imports)
    yield ""
    yield f"Circles of files: {f'{len(circles_of_files(older))} → ' if older is not None else ''}{len(circle)}"
    yield from (f"  {' <-> '.join(group)}" for group in circle)
    for floor, before, after in zip(all_floors, then, plans, strict=True):
        yield ""
        yield f"{floor.name}, upper rooms first"
        yield from _rooms(floor, after)
        if before and before.up:
            yield "  Upwards before:"
            yield from (f"    {line}" for line in before.up)
        if before and before.circles:
            yield "  Circles before:"
            yield from (f"    {' <-> '.join(group)}" for group in before.circles)


def _figures(found: Plan) -> tuple[str, ...]:
    if not found.files:
        return ("–",) * 7
    sizes = list(found.files.values())
    numbers = (len(sizes), sum(sizes), len(found.edges), sum(found.edges.values()), len(found.up), len(found.circles))
    rooms, files, *rest = map(str, numbers)
    return rooms, files, f"{median(sizes):g}, at most {max(sizes)}", *rest


def _padded(values: Sequence[str]) -> Iterator[str]:
    widths = (24, 8, 10, 32, 10, 10, 8, 8)
    return (value.ljust(width) for value, width in zip(values, widths, strict=True))


def _rooms(floor: Floor, found: Plan) -> Iterator[str]:
    places = {room: place for place, layer in enumerate(floor.layers) for room in layer}
    for room in sorted(found.files, key=lambda room: (places.get(room, len(places)), room)):
        to = sorted((there, count) for (here, there), count in found.edges.items() if here == room)
        yield f"  {room} ({found.files[room]})" + (f" -> {', '.join(f'{o} {n}' for o, n in to)}" if to else "")
    yield from (f"  UPWARDS {line}" for line in found.up)
    yield from (f"  CIRCLE {' <-> '.join(group)}" for group in found.circles)


def _commit(name: str) -> str:
    known = subprocess.run(
        ["git", "rev-parse", "--quiet", "--verify", f"{name}^{{commit}}"], cwd=PROJECT, check=False, capture_output=True
    )
    if known.returncode:
        raise argparse.ArgumentTypeError(f"{name} is no commit of this repository")
    return name


def main() -> int:
    """Prints it. 1 where an import runs upwards or in a circle."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--before", type=_commit, help="a commit to show beside it")
    before = parser.parse_args().before
    imports = read_imports()
    print("\n".join(tell(imports, *((read_older_imports(before), names_of_now(before)) if before else ()))))
    plans = [plan(floor, imports) for floor in floors()]
    return int(bool(circles_of_files(imports)) or any(found.up or found.circles for found in plans))


if __name__ == "__main__":
    sys.exit(main())
