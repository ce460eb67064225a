"""A shop that posts into the ledger of a bundled SelectLine: the two together, and what either says in the end."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from unittest.mock import patch

import requests

from cloudkasse_etl.sandbox.selectline.auftrag.shop_books import ShopBooks
from cloudkasse_etl.state.stores.deliveries.delivery_store import BATCH, Deliveries, Delivery
from cloudkasse_etl.sync.deliveries.ledger.ledger_delivery import deliver_ledger
from cloudkasse_etl.sync.inputs.own_tables import open_reading
from cloudkasse_etl.sync.run.report import AssetReport
from tests.support.books import balances
from tests.support.patience import HANG_SECONDS
from tests.support.selectline.delivering import TENANT, DeliveringShop, delivering
from tests.support.worlds import World

YEAR = f"{TENANT}F-2026"
CLEARING = "1371"


@dataclass
class PostingShop(DeliveringShop):
    """A shop and its SelectLine; its settings post."""

    def post(self, **options: Any) -> AssetReport:
        """Posts what is ready, in a run of its own."""
        with self.world.session(**options) as session:
            report = deliver_ledger(session)
            session.finish()
            return report

    def batches(self) -> list[Delivery]:
        """All deliveries into the ledger, oldest first."""
        with open_reading(self.world.configuration()) as store:
            return Deliveries(store.connection, BATCH).all()

    def posted(self, year: str = YEAR) -> dict[str, list[dict[str, Any]]]:
        """The batches in SelectLine's ledger that are not processed: description -> postings."""
        with self.world.session() as session:
            session.selectline.work_in(TENANT, year)
            ledger = session.selectline.ledger
            return {
                f"{head['Description']}": [dict(one) for one in ledger.postings(int(head["BatchNumber"]))]
                for head in ledger.batches()
            }

    def process(self, batch: int, year: str = YEAR) -> None:
        """Lets SelectLine's bookkeeper process a batch."""
        order = {"year": year, "batch": batch}
        answer = requests.post(f"{self.server.page}/sandbox/process", json=order, timeout=HANG_SECONDS)
        assert answer.ok, answer.text

    def process_all(self) -> None:
        """Lets SelectLine's bookkeeper process all batches of the year."""
        for batch in self.batches():
            if batch.status == "delivered" and batch.line_count and batch.remote_id:
                self.process(batch.remote_id)

    def ledger(self) -> dict[str, int]:
        """The balances that the processed batches make in SelectLine's ledger, in cents, but for what is zero."""
        return {row["account"]: row["amount_cents"] for row in self.books()["ledger"] if row["amount_cents"]}

    def booked(self) -> dict[str, int]:
        """Our own balances, likewise."""
        return {account: cents for account, cents in balances(self.world).items() if cents}


def _years(books: ShopBooks, tenant: str) -> list[str]:
    return [f"{tenant}F-{year}" for year in (2025, 2026, 2027)]


@contextmanager
def posting(world: World, *, licences: int = 1, **changed: Any) -> Iterator[PostingShop]:
    """A shop that posts all that it books, and its SelectLine with the fiscal years 2025 to 2027.

    Args:
        world: The shop.
        licences: How many sessions SelectLine lets be open at once.
        changed: Settings of the delivery that differ.
    """
    settings = {"documents": "none", "ledger": "batch", "batch": {"year": YEAR}, **changed}
    with patch.object(ShopBooks, "years", _years), delivering(world, licences=licences, **settings) as shop:
        yield PostingShop(shop.world, shop.server, shop.before)
