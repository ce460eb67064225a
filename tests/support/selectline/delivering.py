"""A shop that delivers into a bundled SelectLine: the two together, and what either says in the end."""

import copy
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import requests

from cloudkasse_etl.sandbox.selectline.selectline_server import SelectlineServer
from cloudkasse_etl.state.stores.deliveries.delivery_store import TRANSFER, Deliveries, Delivery
from cloudkasse_etl.sync.deliveries.document_delivery import deliver_documents
from cloudkasse_etl.sync.inputs.own_tables import open_reading
from cloudkasse_etl.sync.run.report import AssetReport
from tests.support.patience import HANG_SECONDS
from tests.support.receipts.receipt_factory import Fields, item, line, pay
from tests.support.worlds import World

TENANT = "SL_MSHOP"
DELIVERY: Mapping[str, Any] = {
    "documents": "transfer",
    "start_date": "2026-01-01",
    "tenant": TENANT,
    "transfer": {"document_kind": "8", "salesman": "1", "cash_bank": {"K1": "K1", "K2": "K2"}},
}
SECRETS = dict.fromkeys(("SELECTLINE_API_USER", "SELECTLINE_API_PASSWORD", "SELECTLINE_API_APPKEY"), "sandbox")


@dataclass
class DeliveringShop:
    """A shop and its SelectLine.

    Attributes:
        world: The shop; its settings deliver.
        server: SelectLine.
        before: Its books before anything was delivered.
    """

    world: World
    server: SelectlineServer
    before: dict[str, Any] = field(default_factory=dict)

    def deliver(self, **options: Any) -> AssetReport:
        """Delivers what is ready, in a run of its own."""
        with self.world.session(**options) as session:
            report = deliver_documents(session)
            session.finish()
            return report

    def deliveries(self, target: str = TRANSFER) -> list[Delivery]:
        """All deliveries to a target, oldest first."""
        with open_reading(self.world.configuration()) as store:
            return Deliveries(store.connection, target).all()

    def clerk(self, path: str, **order: Any) -> list[dict[str, Any]]:
        """Lets SelectLine's clerk do something."""
        answer = requests.post(f"{self.server.page}/sandbox/{path}", json=order, timeout=HANG_SECONDS)
        assert answer.ok, answer.text
        found: list[dict[str, Any]] = answer.json()["documents"]
        return found

    def documents(self) -> list[dict[str, Any]]:
        """The transfer documents in SelectLine, oldest first."""
        with self.world.session() as session:
            return [dict(form) for form in session.selectline.transfer_documents("8")]

    def books(self) -> dict[str, Any]:
        """SelectLine's stock by article and warehouse, and its revenue by tax code and account."""
        found: dict[str, Any] = requests.get(f"{self.server.page}/sandbox/books", timeout=HANG_SECONDS).json()
        return found

    def moved(self) -> dict[tuple[str, str], float]:
        """What the stock has moved by since the beginning."""
        now, then = (Counter(_stock(books)) for books in (self.books(), self.before))
        now.subtract(then)
        return {key: round(value, 3) for key, value in now.items() if round(value, 3)}

    def writes(self) -> list[str]:
        """The requests that SelectLine has taken besides reading and sessions."""
        of_sessions = ("/Login", "/Logout", "/Users/Current")
        return [
            f"{method} {path.removeprefix('/slmobileApi')}"
            for method, path, _ in self.server.requests
            if method in ("POST", "DELETE") and not path.endswith(of_sessions) and "/sandbox" not in path
        ]


def _stock(books: Mapping[str, Any]) -> dict[tuple[str, str], float]:
    return {(row["article"], row["warehouse"]): row["quantity"] for row in books["stock"]}


@contextmanager
def delivering(world: World, *, licences: int = 1, **changed: Any) -> Iterator[DeliveringShop]:
    """A shop that delivers, and its SelectLine.

    Args:
        world: The shop.
        licences: How many sessions SelectLine lets be open at once.
        changed: Settings of the delivery that differ.
    """
    world.erp(f"UPDATE MANDANT SET Datenbankname = '{TENANT}'")
    world.settings["delivery"] = {**copy.deepcopy(dict(DELIVERY)), **changed}
    with SelectlineServer(world.erp_url, licences=licences) as server:
        world.more_environment |= {**SECRETS, "SELECTLINE_API_URL": server.url}
        shop = DeliveringShop(world, server)
        shop.before = shop.books()
        yield shop


def mixed_receipts(first: int, count: int) -> list[Fields]:
    """Receipts with a return, a discount, a line without an article, and a rounded line."""
    kinds: list[Callable[[], list[Fields]]] = [
        lambda: [line(gross=2380, article="A1", quantity="2.000")],
        lambda: [line(gross=-1190, article="A1", quantity="-1.000")],
        lambda: [
            line(gross=299, article="A2", quantity="0.333", unit_price_cents=899),
            line("Rabatt", -50, article=None),
        ],
        lambda: [line(gross=500, article=None), line(gross=1190, article="A3", quantity="1.000")],
    ]
    found = []
    for number in range(first, first + count):
        lines = kinds[number % len(kinds)]()
        total = sum(one["gross_cents"] for one in lines)
        found.append(item(*lines, payments=[pay("Bar", total)], id=f"R{number}", number=number))
    return found


def receipts_of_closing(register: str, closing: int, count: int) -> list[Fields]:
    """Mixed receipts of a register's closing, which is of a day of its own in October; numbers go on from the last."""
    day = f"2026-10-{closing:02}"
    times = {"started_at": f"{day}T10:00:00+02:00", "ended_at": f"{day}T10:01:00+02:00"}
    return [
        {**one, "id": f"{register}-{one['id']}", "register": register, "business_day": day, "closing_number": closing}
        | times
        for one in mixed_receipts((closing - 1) * count + 1, count)
    ]
