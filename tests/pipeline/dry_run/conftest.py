"""The fixture `sent`, for plans and for what the synchronisation then does."""

from typing import Any

import orjson
import pytest

from cloudkasse_etl.sandbox.cloud.cloud_store import Store
from cloudkasse_etl.sandbox.cloud.record_models import Entity


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
