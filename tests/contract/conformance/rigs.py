"""Tills to be asked: each adapter with what it speaks to, for real. A new adapter is entered in `RIGS`."""

import copy
import shutil
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

import orjson
import yaml

from cloudkasse_etl.config.loading import load
from cloudkasse_etl.config.settings import Configuration
from cloudkasse_etl.entities import TillKind
from cloudkasse_etl.sandbox.cloud.record_models import Entity
from cloudkasse_etl.sandbox.cloud.validation import Limits
from cloudkasse_etl.sandbox.fiscal.fiscal_export import write_export
from cloudkasse_etl.sandbox.korona.sold_receipts import is_sold, koronas
from cloudkasse_etl.sandbox.server import SandboxServer
from cloudkasse_etl.sandbox.till.selling import sell
from cloudkasse_etl.tills.port import Attempt, Page, Till, UntranslatableError
from cloudkasse_etl.tills.till_opening import open_till, translation_of
from tests.support import small_erp
from tests.support.korona.korona_cloud import BASE, PASSWORD, USER, KoronaCloud
from tests.support.korona.korona_sales import SETTINGS as KORONA_SETTINGS
from tests.support.selling.selling_shop import article, delivered, once, price, shop
from tests.support.servers.scripted_server import ScriptedServer
from tests.support.worlds import TOKEN

PAGE_ITEMS: Final = 10
ARTICLES = [article("A1", "19.00"), article("A2", "7.00")]
PRICES = [price(number, cents, price_group=group) for number, cents in (("A1", 1190), ("A2", 250)) for group in "12"]


class Memory:
    """Remembers attempts and parts, as our own tables do."""

    def __init__(self) -> None:
        self.attempts: dict[str, Attempt] = {}
        self.parts: dict[str, str] = {}

    def record(self, attempts: Sequence[Attempt]) -> None:
        """Keeps attempts until they are answered."""
        self.attempts |= {attempt.key: attempt for attempt in attempts}

    def taken(self) -> Mapping[str, str]:
        """What was read to its end."""
        return self.parts

    def store(self, page: Page) -> None:
        """What a page has to leave behind."""
        self.parts |= {part.name: part.state for part in page.taken}


class Rig(ABC):
    """A till and the one who uses it.

    Args:
        folder: Where everything lies.
    """

    kind: TillKind

    def __init__(self, folder: Path) -> None:
        self.folder, self.memory = folder, Memory()

    @property
    def settings(self) -> dict[str, Any]:
        """What cloudkasse.yaml says."""
        registers = [{"number": n, "name": n, "warehouse": "1", "price_group": "1"} for n in ("K1", "K2")]
        return copy.deepcopy(small_erp.SETTINGS) | {"registers": registers, "till": {"kind": self.kind}}

    @property
    def environment(self) -> dict[str, str]:
        """What a shell would export."""
        return {"CLOUDKASSE_ERP_URL": f"sqlite:///{self.folder / 'erp.db'}"}

    def configuration(self) -> Configuration:
        """Settings and connections, read as the program does."""
        path = self.folder / "cloudkasse.yaml"
        path.write_text(yaml.safe_dump(self.settings), encoding="utf-8")
        return load(self.environment | {"CLOUDKASSE_SETTINGS": str(path)})

    @contextmanager
    def till(self) -> Iterator[Till]:
        """The adapter, opened as a run does."""
        with open_till(self.configuration(), self.memory, self.memory) as opened:
            yield opened

    def ids(self, page: Page) -> list[str]:
        """The ids of a page's receipts in canonical form; None for what is unreadable."""
        translation = translation_of(self.configuration().settings)
        texts: list[bytes] = []
        for raw in page.texts:
            with suppress(UntranslatableError):
                texts += translation.receipts(raw) if translation else [raw]
        return [
            str(found["id"]) for found in map(orjson.loads, texts) if isinstance(found, dict) and "refused" not in found
        ]

    def fetched(self, after: str | None) -> tuple[list[str], str]:
        """The ids of all that has arrived since a cursor, and the cursor behind it."""
        ids, cursor = [], after or ""
        with self.till() as till:
            for page in till.pages("receipts", after):
                ids += self.ids(page)
                self.memory.store(page)
                cursor = cursor if page.next_cursor is None else page.next_cursor
        return ids, cursor

    @abstractmethod
    def sell(self, seed: int) -> set[str]:
        """Lets the registers sell a day; the ids of all receipts that are to be fetched by now."""

    @abstractmethod
    def deliver_again(self) -> None:
        """Lets receipts come again that came before."""

    @abstractmethod
    def break_one(self) -> None:
        """Lets another receipt arrive that nobody can read."""

    @abstractmethod
    def looks(self) -> int:
        """How often the till was asked."""


class CloudKasseRig(Rig):
    """CloudKasse: the bundled sandbox on a socket."""

    kind: TillKind = "cloudkasse"

    def __init__(self, folder: Path, server: SandboxServer) -> None:
        super().__init__(folder)
        self._server = server
        store = shop(articles=ARTICLES, prices=PRICES)
        for entity in Entity:
            items = orjson.loads(store.list_page(entity, None, 1000))["items"]
            for item in items:
                item.pop("id", None)
            if items:
                server.store.write_batch(entity, orjson.dumps({"items": items}), key=str(entity), limits=Limits())
        store.close()

    @property
    def environment(self) -> dict[str, str]:
        return super().environment | {"CLOUDKASSE_API_URL": self._server.url, "CLOUDKASSE_API_TOKEN": TOKEN}

    def sell(self, seed: int) -> set[str]:
        sell(self._server.store, days=1, receipts=40, seed=seed)
        return {receipt["id"] for receipt in delivered(self._server.store)}

    def deliver_again(self) -> None:
        self._server.store.deliver_receipts(once(delivered(self._server.store))[:25])

    def break_one(self) -> None:
        self._server.store.deliver_receipts([{"id": "broken", "number": "no number"}])

    def looks(self) -> int:
        return len(self._server.requests)


class ExportRig(Rig):
    """A folder of DSFinV-K exports, written by the sandbox's registers."""

    kind: TillKind = "dsfinvk"

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._store = shop(articles=ARTICLES, prices=PRICES)
        self._exports = 0
        (folder / "dsfinvk").mkdir()

    def sell(self, seed: int) -> set[str]:
        sell(self._store, days=1, receipts=40, seed=seed)
        self.deliver_again()
        rows = (self._newest / "transactions.csv").read_text(encoding="utf-8").splitlines()
        head = [name.strip('"') for name in rows[0].split(";")]
        at = [head.index(name) for name in ("Z_KASSE_ID", "Z_NR", "BON_ID")]
        return {"/".join(row.split(";")[place].strip('"') for place in at) for row in rows[1:]}

    @property
    def _newest(self) -> Path:
        return self.folder / "dsfinvk" / f"{self._exports}"

    def deliver_again(self) -> None:
        self._exports += 1
        write_export(self._newest, once(delivered(self._store)), delivered(self._store, "closings"))

    def break_one(self) -> None:
        shutil.copytree(self._newest, self.folder / "broken")
        lines = self.folder / "broken" / "lines.csv"
        lines.write_text(lines.read_text(encoding="utf-8").replace("Umsatz", "Umsätzchen", 1), encoding="utf-8")
        shutil.rmtree(self._newest)
        (self.folder / "broken").replace(self._newest)

    def looks(self) -> int:
        return 0  # nothing but the folder is asked


class KoronaRig(Rig):
    """An account at KORONA.cloud, with the sales of the sandbox's registers."""

    kind: TillKind = "korona"

    def __init__(self, folder: Path, account: KoronaCloud, url: str) -> None:
        super().__init__(folder)
        self._account, self._url = account, url
        account.page_limit = PAGE_ITEMS
        account.put("pointsOfSale", {"number": "K1"}, {"number": "K2"})
        self._store = shop(articles=ARTICLES, prices=PRICES)
        self._sold: set[str] = set()

    @property
    def settings(self) -> dict[str, Any]:
        return super().settings | {"till": {"kind": "korona", "korona": KORONA_SETTINGS}}

    @property
    def environment(self) -> dict[str, str]:
        return super().environment | {
            "CLOUDKASSE_API_URL": self._url + BASE, "CLOUDKASSE_API_USER": USER, "CLOUDKASSE_API_TOKEN": PASSWORD,
        }  # fmt: skip

    def sell(self, seed: int) -> set[str]:
        sell(self._store, days=1, receipts=40, seed=seed)
        sold = [one for one in once(delivered(self._store)) if is_sold(one)]
        self._account.put("receipts", *[koronas(one) for one in sold if one["id"] not in self._sold])
        self._sold |= {one["id"] for one in sold}
        return set(self._sold)

    def deliver_again(self) -> None:
        for record in self._account.lists["receipts"][:25]:
            self._account.change("receipts", record["number"], signature={"transcription": "later"})

    def break_one(self) -> None:
        self._account.put("receipts", {"number": "no number"})

    def looks(self) -> int:
        return len(self._account.requests)


@contextmanager
def _cloudkasse(folder: Path) -> Iterator[Rig]:
    with SandboxServer(folder / "cloud.db", token=TOKEN, page_items=PAGE_ITEMS) as server:
        yield CloudKasseRig(folder, server)


@contextmanager
def _exports(folder: Path) -> Iterator[Rig]:
    yield ExportRig(folder)


@contextmanager
def _korona(folder: Path) -> Iterator[Rig]:
    account = KoronaCloud()
    with ScriptedServer(account) as server:
        yield KoronaRig(folder, account, server.url)
    assert account.faults[:3] == []


RIGS: Final[Mapping[TillKind, Callable[[Path], Any]]] = {
    "cloudkasse": _cloudkasse,
    "dsfinvk": _exports,
    "korona": _korona,
}
"""Kind of till → makes its rig in a folder."""
