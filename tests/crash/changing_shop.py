"""A shop in which everything has changed since its last synchronisation, to be put back to that moment again and again.

Master data is new, changed, retired and refused; receipts have arrived, among them broken ones; receipts that the last
import refused can be booked now, and others no longer can. With small batches and pages a synchronisation has hundreds
of boundaries.
"""

import copy
import json
import shutil
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from cloudkasse_etl.erp.selectline.erp_tables import METADATA
from cloudkasse_etl.sandbox.cloud.record_models import Entity
from cloudkasse_etl.sandbox.server import SandboxServer
from cloudkasse_etl.sandbox.till.selling import sell
from cloudkasse_etl.sync.inputs.own_tables import open_reading
from tests.support import databases, small_erp
from tests.support.books import fetch_and_book, tables, with_accounts
from tests.support.receipts.receipt_factory import item, line
from tests.support.worlds import TOKEN, World

BATCH_ITEMS = 3
PAGE_ITEMS = 12

# What a shop comes to: how often each row stands in each table, ours and the cloud's.
State = dict[str, Counter[str]]


@dataclass
class Shop:
    """A shop and the moment to which it can be put back.

    Attributes:
        world: The shop as it is.
        saved: Where the moment is kept.
        template: The name of the PostgreSQL database that keeps it; empty for SQLite.
    """

    world: World
    saved: Path
    template: str = ""

    def save(self) -> None:
        """Keeps the moment."""
        self.saved.mkdir()
        self.world.configuration()
        _copy_sqlite(self.world.folder / "cloud.db", self.saved / "cloud.db")
        if self.template:
            databases.clone(self.world.erp_url, self._database, self.template)
        else:
            _copy_sqlite(self.world.folder / "erp.db", self.saved / "erp.db")

    def put_back(self) -> None:
        """Puts shop and cloud back to the moment that was kept."""
        folder = self.world.folder
        # into the file that the cloud has open: it listens on, at the address that our state is kept by
        _copy_sqlite(self.saved / "cloud.db", folder / "cloud.db")
        if self.template:
            databases.clone(self.world.erp_url, self.template, self._database)
        else:
            for left in folder.glob("erp.db*"):
                left.unlink()
            shutil.copyfile(self.saved / "erp.db", folder / "erp.db")
        shutil.rmtree(folder / "protocols", ignore_errors=True)

    def state(self) -> "State":
        """What it comes to."""
        return state_of(self.world)

    @property
    def _database(self) -> str:
        return str(sa.make_url(self.world.erp_url).database)


@contextmanager
def changed_shop(folder: Path, url: str | None = None) -> Iterator[Shop]:
    """A shop that was synchronised once, and where everything has changed since."""
    live = folder / "live"
    live.mkdir()
    erp_url = url or f"sqlite:///{live / 'erp.db'}"
    small_erp.build(erp_url, articles=40)
    settings = copy.deepcopy(small_erp.SETTINGS)
    settings["registers"].append({"number": "K2", "name": "Markt", "warehouse": "1", "price_group": "1"})
    settings = with_accounts(settings)
    credit_card = settings["accounts"]["tenders"].pop("Kreditkarte")
    cloud = SandboxServer(live / "cloud.db", token=TOKEN, batch_items=BATCH_ITEMS, page_items=PAGE_ITEMS)
    with cloud as server:
        world = World(live, erp_url, server, settings)
        world.sync()
        sell(server.store, days=1, receipts=30, seed=1)
        server.store.deliver_receipts([_unknown_article("U1", 1), _broken("B1", 2)])
        fetch_and_book(world)
        # from here on nothing is synchronised
        world.settings["accounts"]["tenders"]["Kreditkarte"] = credit_card
        world.settings["accounts"]["business_cases"].pop("Geldtransit")
        world.settings["registers"].append(
            {"number": "K3", "name": "Hof", "warehouse": "1", "price_group": "1", "cash_account": "1003"}
        )
        sell(server.store, days=1, receipts=50, seed=2)
        server.store.deliver_receipts([_unknown_article("U2", 3), _broken("B2", 4)])
        _change(world)
        shop = Shop(world, folder / "saved", f"{sa.make_url(url).database}_saved" if url else "")
        shop.save()
        yield shop


def _unknown_article(name: str, number: int) -> dict[str, Any]:
    return item(line(article="X1"), id=name, number=9000 + number)


def _broken(name: str, number: int) -> dict[str, Any]:
    return item(line(), id=name, number=9000 + number) | {"total_cents": 1}


def _change(world: World) -> None:
    """What the ERP's user did meanwhile; article X1, for want of which stock lines were refused, exists now."""
    world.erp('UPDATE "ART" SET "Bezeichnung" = \'neu\' WHERE "ART_ID" BETWEEN 1 AND 12')
    world.erp('UPDATE "ART" SET "EANNummer" = \'4006381333932\' WHERE "ART_ID" = 13')
    world.erp('UPDATE "ART" SET "Inaktiv" = true WHERE "ART_ID" IN (14, 15, 16)')
    world.erp('DELETE FROM "ARPREIS" WHERE "ARPREIS_ID" = 17')
    world.erp('UPDATE "ARPREIS" SET "Preis" = 12.5 WHERE "ARPREIS_ID" BETWEEN 18 AND 30')
    world.erp('UPDATE "MITARBW" SET "Vorname" = \'Änne\' WHERE "MITARBW_ID" = 1')
    world.erp('UPDATE "MANDANT" SET "Firma" = \'Testladen neu\'')
    names = [*(f"N{at}" for at in range(1, 15)), "X1"]
    rows = [
        {**small_erp.ARTICLE, "Artikelnummer": name, "Bezeichnung": name, "TS": 0, "ART_ID": 100 + at}
        for at, name in enumerate(names)
    ]
    prices = [
        {"Artikelnummer": name, "PreisTyp": "G", "TypNummer": "1", "Menge": 0.0, "Preis": 3.0, "TS": 0}
        | {"ARPREIS_ID": 100 + at}
        for at, name in enumerate(names)
    ]
    engine = sa.create_engine(world.erp_url)
    with engine.begin() as connection:
        connection.execute(METADATA.tables["ART"].insert(), rows)
        connection.execute(METADATA.tables["ARPREIS"].insert(), prices)
    engine.dispose()


def state_of(world: World) -> State:
    """What stands in the books, in our state of the cloud, and in the cloud itself."""
    found, ids = our_state(world)
    for entity in Entity:
        held = json.loads(world.server.store.list_page(entity, None, 1000))["items"]
        # the ids are the cloud's own and differ from one run to the next; ours must be these
        found[f"cloud.{entity}"] = Counter(
            repr(["its id is ours" if record.pop("id") in ids else "we do not know its id", *sorted(record.items())])
            for record in held
        )
    return found


def our_state(world: World) -> tuple[State, set[str | None]]:
    """What stands in the books and in our state of the till, and the till's ids that we know."""
    found = {name: Counter(map(repr, rows)) for name, rows in tables(world).items()}
    with open_reading(world.configuration()) as store, store.connection.reading() as connection:
        ours = store.connection.tables
        records = connection.execute(sa.select(ours.synced_record).order_by(ours.synced_record.c.record_key)).mappings()
        kept = {(row["entity"], row["record_key"]): row for row in records}
        cursors = connection.execute(sa.select(ours.cursor.c.stream, ours.cursor.c.position)).all()
        found["cursor"] = Counter(map(repr, cursors))
        found["attempt"] = Counter(map(repr, connection.execute(sa.select(ours.attempt.c.idempotency_key)).all()))
    found["synced_record"] = Counter(
        repr((*key, row["content_hash"], row["content"], row["active"])) for key, row in kept.items()
    )
    return found, {row["cloud_id"] for row in kept.values()}


def lost_and_doubled(expected: State, found: State) -> tuple[list[str], list[str]]:
    """The rows that are missing, and those that stand there although they should not, or too often."""
    assert expected.keys() == found.keys()
    lost = [f"{name}: {row}" for name in expected for row in (expected[name] - found[name]).elements()]
    doubled = [f"{name}: {row}" for name in expected for row in (found[name] - expected[name]).elements()]
    return lost, doubled


def _copy_sqlite(source: Path, target: Path) -> None:
    """The content of one database as that of another, which may be open elsewhere."""
    with closing(sqlite3.connect(source)) as there, closing(sqlite3.connect(target)) as here:
        there.backup(here)
