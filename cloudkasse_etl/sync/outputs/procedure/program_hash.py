"""Which program is running: a hash over its files, and which of them are not as they were installed."""

import base64
import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from importlib.util import find_spec
from pathlib import Path
from typing import Final

DISTRIBUTION: Final = "cloudkasse-etl"
PACKAGES: Final = ("assets", "cloudkasse_etl")
_MADE = ("__pycache__",)


@dataclass(frozen=True)
class ProgramHash:
    """A program by its files.

    Attributes:
        sha256: SHA-256 of a line for each file, in order: `path,sha256=digest`, as a wheel's RECORD has them.
        files: How many files that are.
        is_installed: Whether they are those of a wheel; else they are sources, as developers have them.
        altered: Paths of files that are not as the wheel's RECORD has them, or are gone.
    """

    sha256: str
    files: int
    is_installed: bool
    altered: tuple[str, ...]


def program_hash() -> ProgramHash:
    """The hash of the running program: of its wheel's RECORD, or of the sources where no wheel is installed."""
    recorded = _recorded()
    there = dict(_there())
    lines = recorded or there
    text = "".join(f"{path},{digest}\n" for path, digest in sorted(lines.items()))
    altered = sorted(path for path, digest in recorded.items() if there.get(path) != digest)
    return ProgramHash(hashlib.sha256(text.encode()).hexdigest(), len(lines), bool(recorded), tuple(altered))


def _recorded() -> Mapping[str, str]:
    """The files of our packages in RECORD; none of sources, which RECORD leaves out."""
    try:
        listed = distribution(DISTRIBUTION).files or []
    except PackageNotFoundError:
        return {}
    return {
        file.as_posix(): f"{file.hash.mode}={file.hash.value}"
        for file in listed
        if file.hash is not None and file.parts[0] in PACKAGES and not set(_MADE) & set(file.parts)
    }


def _there() -> Iterator[tuple[str, str]]:
    """The files of our packages as they are on the disk."""
    for package in PACKAGES:
        spec = find_spec(package)
        for folder in spec.submodule_search_locations or () if spec else ():
            root = Path(folder)
            for path in sorted(root.rglob("*")):
                if path.is_file() and not set(_MADE) & set(path.parts):
                    digest = base64.urlsafe_b64encode(hashlib.sha256(path.read_bytes()).digest()).rstrip(b"=")
                    yield f"{package}/{path.relative_to(root).as_posix()}", f"sha256={digest.decode()}"
