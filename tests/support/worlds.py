"""A world to test in: an ERP, a real CloudKasse sandbox on a real socket, settings, and whole synchronisations."""

import copy
import datetime as dt
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
import pytest
import sqlalchemy as sa
import yaml

from cloudkasse_etl.config.loading import load
from cloudkasse_etl.config.settings import Configuration
from cloudkasse_etl.entities import KINDS, Kind
from cloudkasse_etl.errors import CloudkasseError
from cloudkasse_etl.sandbox.cloud.record_models import Entity
from cloudkasse_etl.sandbox.cloud.validation import Limits
from cloudkasse_etl.sandbox.server import SandboxServer
from cloudkasse_etl.sync.master_data.extraction import extract
from cloudkasse_etl.sync.master_data.price_computation import compute_gross_prices
from cloudkasse_etl.sync.master_data.upload import upload
from cloudkasse_etl.sync.run.context import SyncOptions
from cloudkasse_etl.sync.run.report import AssetReport, RunReport
from cloudkasse_etl.sync.run.session import SyncSession, open_session
from tests.support import databases, small_erp

TOKEN = "a-token-of-the-tests"
UseCase = Callable[[SyncSession], AssetReport]


def of_kind(use_case: Callable[[SyncSession, Kind], AssetReport], kind: Kind) -> UseCase:
    """A use case of one kind of record, under a name of its own."""

    def step(session: SyncSession) -> AssetReport:
        return use_case(session, kind)

    step.__name__ = f"{use_case.__name__}_{kind.name}"
    return step


MASTER_DATA: tuple[UseCase, ...] = (
    *(of_kind(extract, kind) for kind in KINDS),
    compute_gross_prices,
    *(of_kind(upload, kind) for kind in KINDS),
)


@dataclass
class World:
    """One shop and one cloud.

    Attributes:
        folder: Where settings, protocols and databases lie.
        erp_url: The ERP's database, in which our own tables lie as well unless `state_url` says otherwise.
        server: The cloud.
        settings: What cloudkasse.yaml says; change it and the next synchronisation reads it.
    """

    folder: Path
    erp_url: str
    server: SandboxServer
    settings: dict[str, Any]
    state_url: str = ""
    as_of: dt.date | None = None
    reports: dict[str, AssetReport] = field(default_factory=dict)
    more_environment: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.erp_url = databases.place(self.erp_url)

    @property
    def erp_file(self) -> Path:
        """The ERP's file, for a test that looks into it; where it lies in none, the test is skipped."""
        databases.only_in_a_file(self.erp_url)
        return self.folder / "erp.db"

    @property
    def environment(self) -> Mapping[str, str]:
        """What a shell would export."""
        return {
            "CLOUDKASSE_ERP_URL": self.erp_url,
            "CLOUDKASSE_STATE_URL": self.state_url,
            "CLOUDKASSE_API_URL": self.server.url,
            "CLOUDKASSE_API_TOKEN": TOKEN,
            "CLOUDKASSE_SETTINGS": str(self.folder / "cloudkasse.yaml"),
            **self.more_environment,
        }

    def configuration(self) -> Configuration:
        """Writes the settings and reads them as the program does."""
        text = yaml.dump(self.settings, Dumper=yaml.CSafeDumper)
        (self.folder / "cloudkasse.yaml").write_text(text, encoding="utf-8")
        return load(self.environment)

    @contextmanager
    def session(self, **options: Any) -> Iterator[SyncSession]:
        """A run's session."""
        with open_session(
            self.configuration(),
            run_id=str(uuid.uuid4()),
            kind="master_data",
            options=SyncOptions(**options),
            protocol_folder=self.folder / "protocols",
            started_by="a test",
            as_of=self.as_of,
        ) as session:
            yield session

    def sync(self, **options: Any) -> RunReport:
        """A whole synchronisation of master data, in the order of the asset graph; breaks where a step breaks."""
        with self.session(**options) as session:
            try:
                for step in MASTER_DATA:
                    step(session)
            except CloudkasseError as error:
                session.finish(str(error))
                raise
            return session.finish()

    def erp(self, statement: str, *rows: Any) -> None:
        """Changes something in the ERP, as its user would."""
        engine = sa.create_engine(self.erp_url)
        with engine.begin() as connection:
            for row in rows or ({},):
                connection.execute(sa.text(databases.spoken(statement, self.erp_url)), row)
        engine.dispose()

    def cloud(self, entity: str) -> dict[str, dict[str, Any]]:
        """What the cloud holds of an entity, by key."""
        with self.session() as session:
            found = [item for page in session.client.records(entity) for item in page]
        names = {"prices": ("article", "price_group", "min_quantity", "valid_from")}.get(entity, ("number",))
        return {"|".join(str(item[name] or "") for name in names): item for item in found}

    def writes(self) -> list[str]:
        """The paths of all write requests so far."""
        return [path for method, path, _ in self.server.requests if method == "POST"]


def counts(report: RunReport) -> dict[str, int]:
    """The run's totals but for what is zero."""
    return {name: value for name, value in report.counts.as_dict().items() if value}


def by_asset(report: RunReport, name: str) -> dict[str, int]:
    """An asset's counts but for what is zero."""
    return {key: value for key, value in report.assets[name].counts.as_dict().items() if value}


BOTH = pytest.mark.parametrize("world", ["sqlite", "postgresql"], indirect=True)


def behind_our_back(world: World, entity: str, key: str, **fields: Any) -> None:
    """Somebody changes a record in CloudKasse itself, or another program makes one."""
    known = world.cloud(entity)
    item = {**known.get(key, next(iter(known.values()))), **fields}
    item.pop("id")
    body = orjson.dumps({"items": [item]})
    world.server.store.write_batch(Entity(entity), body, key=f"{entity} {key}", limits=Limits())


@contextmanager
def small_world(
    folder: Path, url: str | None = None, *, articles: int = 5, settings: Mapping[str, Any] | None = None, **cloud: Any
) -> Iterator[World]:
    """A small shop that was never synchronised, and a cloud that listens.

    Args:
        folder: Where all of it lies.
        url: An empty database for the ERP; without one, a file in the folder.
        articles: How many the ERP has.
        settings: What cloudkasse.yaml says, small_erp's without; a copy is taken.
        cloud: Of SandboxServer, what differs.
    """
    url = url or f"sqlite:///{folder / 'erp.db'}"
    small_erp.build(url, articles=articles)
    with SandboxServer(folder / "cloud.db", token=TOKEN, **cloud) as server:
        yield World(folder, url, server, copy.deepcopy(dict(settings or small_erp.SETTINGS)))
