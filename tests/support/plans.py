"""What a dry run plans of a shop, and what the cloud then receives."""

import copy
from typing import Any

import orjson
import pytest

from cloudkasse_etl.sandbox.cloud.cloud_store import Store
from cloudkasse_etl.sandbox.cloud.record_models import Entity
from cloudkasse_etl.sync.dry_run.plan import What, plan
from cloudkasse_etl.sync.dry_run.plan_report import Plan
from tests.support.worlds import World


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, dict[str, Any]]]:
    """Every record that the sandbox receives: entity and item."""
    received: list[tuple[str, dict[str, Any]]] = []
    write = Store.write_batch

    def recording(self: Store, entity: Entity, body: bytes, **more: Any) -> bytes:
        received.extend((str(entity), item) for item in orjson.loads(body)["items"])
        return write(self, entity, body, **more)

    monkeypatch.setattr(Store, "write_batch", recording)
    return received


def planned(world: World, what: What = "all") -> Plan:
    return plan(world.configuration(), what, as_of=world.as_of)


def booking(world: World) -> None:
    world.settings["accounts"] = copy.deepcopy(ACCOUNTS)
    world.settings["registers"] = [CASH]


ACCOUNTS: dict[str, Any] = {"clearing": "1371", "revenue": {"19.00": "8400"}}

CASH = {"number": "K1", "name": "Laden", "warehouse": "1", "price_group": "1", "cash_account": "1000"}
