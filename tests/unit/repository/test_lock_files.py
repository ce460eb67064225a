"""Protects that the lock files are of a form that every pip takes which comes with Python 3.11 to 3.13.

Under --require-hashes older pips refuse a requirement with extras whose locked line leaves these out: they look for
`gql[requests]` and find `gql` pinned only.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

PROJECT = Path(__file__).resolve().parents[3]
FILES = ("requirements.txt", "requirements-dev.txt", "requirements-bench.txt")
_HASH = re.compile(r"--hash=sha256:[0-9a-f]{64}")
_SYSTEMS = {
    "linux": {"sys_platform": "linux", "platform_system": "Linux", "os_name": "posix", "platform_machine": "x86_64"},
    "windows": {"sys_platform": "win32", "platform_system": "Windows", "os_name": "nt", "platform_machine": "AMD64"},
    "mac": {"sys_platform": "darwin", "platform_system": "Darwin", "os_name": "posix", "platform_machine": "arm64"},
}
_PYTHONS = ("3.11", "3.12", "3.13")
PLACES = {
    f"{system} {python}": {**values, "python_version": python, "python_full_version": f"{python}.0"}
    for system, values in _SYSTEMS.items()
    for python in _PYTHONS
}


@dataclass(frozen=True)
class Locked:
    """A line of a lock file."""

    requirement: Requirement
    hashes: tuple[str, ...]

    def holds(self, place: Mapping[str, str]) -> bool:
        """Whether it is installed on a system with a Python."""
        marker = self.requirement.marker
        return marker is None or marker.evaluate({**place, "extra": ""})


@cache
def locked(file: str) -> Mapping[str, list[Locked]]:
    """The lines of a lock file by package."""
    text = (PROJECT / file).read_text(encoding="utf-8").replace("\\\n", " ")
    found: dict[str, list[Locked]] = {}
    for line in text.splitlines():
        if line.strip() and not line.startswith("#"):
            requirement = Requirement(line.split(" --hash=")[0].strip())
            found.setdefault(canonicalize_name(requirement.name), []).append(
                Locked(requirement, tuple(_HASH.findall(line)))
            )
    return found


def wanted() -> Iterator[tuple[str, Requirement]]:
    """What pyproject.toml asks for, and the lock file that it goes into."""
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))
    for text in [*project["project"]["dependencies"], *project["project"]["optional-dependencies"]["sandbox"]]:
        yield "requirements.txt", Requirement(text)
        yield "requirements-dev.txt", Requirement(text)
    for group, file in (("dev", "requirements-dev.txt"), ("bench", "requirements-bench.txt")):
        for text in project["dependency-groups"][group]:
            yield file, Requirement(text)


@cache
def asked(package: str) -> tuple[str, tuple[Requirement, ...]]:
    """The version of a package that is installed here, and what it asks for; empty where there is none."""
    try:
        distribution = metadata.distribution(package)
    except metadata.PackageNotFoundError:
        return "", ()  # of another system, or of the benchmarks' environment
    return distribution.version, tuple(map(Requirement, distribution.requires or ()))


def dependencies(line: Locked, place: Mapping[str, str]) -> Iterator[Requirement]:
    """What a locked package with its extras needs on a system, as far as it is installed here in that version."""
    version, requirements = asked(line.requirement.name)
    if not version or not line.requirement.specifier.contains(version, prereleases=True):
        return
    for requirement in requirements:
        extras = ("", *line.requirement.extras)
        if requirement.marker is None or any(requirement.marker.evaluate({**place, "extra": e}) for e in extras):
            yield requirement


def lacking(lines: Mapping[str, list[Locked]], requirement: Requirement, place: Mapping[str, str]) -> str | None:
    """What is wrong with the line that a requirement is met by; None where nothing is."""
    there = [line for line in lines.get(canonicalize_name(requirement.name), ()) if line.holds(place)]
    if len(there) != 1:
        return f"{requirement} is locked by {len(there)} lines"
    found = there[0].requirement
    if not requirement.extras <= found.extras:
        return f"{requirement} is locked as {found}, without the extras"
    version = str(found.specifier).removeprefix("==")
    return None if requirement.specifier.contains(version, prereleases=True) else f"{requirement} is locked as {found}"


@pytest.mark.parametrize("file", FILES)
def test_every_line_of_a_lock_file_names_one_version_and_its_hashes(file: str) -> None:
    lines = [line for found in locked(file).values() for line in found]
    assert len(lines) > 10
    for line in lines:
        assert re.fullmatch(r"==[^,*]+", str(line.requirement.specifier)), line.requirement
        assert line.hashes, line.requirement


def test_what_pyproject_asks_for_is_locked_with_its_extras() -> None:
    found = {file: locked(file) for file in FILES}
    linux = PLACES["linux 3.11"]
    assert [text for file, requirement in wanted() if (text := lacking(found[file], requirement, linux))] == []


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("file", ["requirements.txt", "requirements-dev.txt"])
def test_whatever_a_locked_package_needs_is_locked_with_its_extras_on_every_system(file: str, place: str) -> None:
    lines, values = locked(file), PLACES[place]
    holding = [line for found in lines.values() for line in found if line.holds(values)]
    needed = [(line, requirement) for line in holding for requirement in dependencies(line, values)]
    assert len(needed) > 100, "the packages are installed, so that they tell what they need"
    faults = {f"{line.requirement.name}: {text}" for line, need in needed if (text := lacking(lines, need, values))}
    assert faults == set()
