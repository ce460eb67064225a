"""A chain of small shops: a folder of settings files, an ERP and a till each, and one Dagster home."""

import copy
import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from cloudkasse_etl.config.companies.company_files import suffix_of
from cloudkasse_etl.config.companies.installation import Installation
from cloudkasse_etl.config.loading import load_installation
from tests.support.worlds import World, small_world

SHARED = ("automation", "alerts", "history", "ui", "language")


@dataclass
class Chain:
    """Several shops in one installation.

    Attributes:
        folder: Where all of it lies.
        worlds: The shops by key.
        shared: What defaults.yaml says.
        more: Further variables of the environment.
    """

    folder: Path
    worlds: dict[str, World]
    shared: dict[str, Any] = field(default_factory=dict)
    more: dict[str, str] = field(default_factory=dict)

    @property
    def companies(self) -> Path:
        """The folder of the settings files."""
        return self.folder / "companies"

    @property
    def environment(self) -> Mapping[str, str]:
        """What a shell would export: the ERP by a template, the tills by a variable each."""
        own = {
            f"{name}__{suffix_of(key)}": world.environment[name]
            for key, world in self.worlds.items()
            for name in ("CLOUDKASSE_API_URL",)
        }
        return {
            "CLOUDKASSE_COMPANIES": str(self.companies),
            "CLOUDKASSE_ERP_URL": f"sqlite:///{self.folder}/{{company}}/erp.db",
            "CLOUDKASSE_API_TOKEN": next(iter(self.worlds.values())).environment["CLOUDKASSE_API_TOKEN"],
            **own,
            **self.more,
        }

    def write(self) -> None:
        """Writes the settings files."""
        self.companies.mkdir(exist_ok=True)
        _dump(self.companies / "defaults.yaml", self.shared)
        for key, world in self.worlds.items():
            own = {name: value for name, value in world.settings.items() if name not in SHARED}
            own["company"] = {**own.get("company", {}), "number": key}
            _dump(self.companies / f"{key}.yaml", own)

    def installation(self) -> Installation:
        """Writes the settings and reads them as the program does."""
        self.write()
        return load_installation(self.environment)


@contextmanager
def small_chain(folder: Path, *keys: str, **cloud: Any) -> Iterator[Chain]:
    """A chain whose shops were never synchronised.

    Args:
        folder: Where all of it lies.
        keys: The companies.
        cloud: Of each till, what differs.
    """
    with ExitStack() as stack:
        worlds = {}
        for key in keys:
            (folder / key).mkdir()
            worlds[key] = stack.enter_context(small_world(folder / key, **cloud))
        yield Chain(folder, worlds, copy.deepcopy({"language": "en"}))


def _dump(path: Path, data: Mapping[str, Any]) -> None:
    text = yaml.dump(dict(data), Dumper=yaml.CSafeDumper) if data else "language: en\n"
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")


def exported(chain: Chain, storage: Path) -> dict[str, str]:
    """The environment of a command on the chain, in another process too."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("CLOUDKASSE_", "DAGSTER_"))}
    return {**kept, **chain.environment, "CLOUDKASSE_DAGSTER_STORAGE": str(storage)}
