"""A CloudKasse that takes all it is sent as quickly as Python can, and accounts for its own time: its own process.

It keeps the contract as far as a synchronisation of master data asks (status, batches, pages), and nothing else: no
checks, no idempotency, no database. What it needs for that is its own business and is not the program's:
`GET /account` tells the CPU seconds that its process has used, so that a benchmark can take them off. Where a folder
is named, each batch is kept there too, to be sent once more by somebody else.
"""

import asyncio
import json
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson

from tests.benchmarks.process import PROJECT, Run

BATCH_ITEMS, PAGE_ITEMS = 500, 1000
_KEYS = {"prices": ("article", "price_group", "min_quantity", "valid_from")}


class Cloud:
    """What was sent, by entity and key, each record as the JSON in which it is listed."""

    def __init__(self, keep: Path | None) -> None:
        self.keep = keep
        self.records: dict[str, dict[str, bytes]] = {}
        self.active: dict[str, int] = {}
        self.requests = 0
        self._listed: list[bytes] = []

    def answer(self, method: str, target: str, body: bytes) -> bytes:
        """The JSON that answers a request."""
        self.requests += 1
        path, _, query = target.partition("?")
        parts = path.strip("/").split("/")
        if path == "/account":
            return orjson.dumps({"cpu_seconds": time.process_time(), "requests": self.requests})
        if path == "/v1/status":
            return self._status()
        if method == "POST":
            if self.keep:
                (self.keep / f"{self.requests:08d}-{parts[1]}.json").write_bytes(body)
            return self._take(parts[1], orjson.loads(body)["items"])
        if parts[1] in ("receipts", "closings"):
            return b'{"items": [], "next_cursor": "0", "has_more": false}'
        return self._page(parts[1], dict(pair.split("=") for pair in query.split("&") if pair))

    def _status(self) -> bytes:
        counts = {entity: {"active": count} for entity, count in self.active.items()}
        companies = [orjson.loads(record) for record in self.records.get("companies", {}).values()]
        return orjson.dumps(
            {
                "api_version": "1.0",
                "time": datetime.now(UTC).isoformat(),
                "company": {"number": companies[0]["number"], "name": companies[0]["name"]} if companies else None,
                "limits": {"batch_items": BATCH_ITEMS, "page_items": PAGE_ITEMS},
                "counts": counts,
                "heads": {"receipts": "0", "closings": "0"},
            }
        )

    def _take(self, entity: str, items: list[dict[str, Any]]) -> bytes:
        records = self.records.setdefault(entity, {})
        fields = _KEYS.get(entity, ("number",))
        results = []
        for index, item in enumerate(items):
            key = "|".join([item[field] or "" for field in fields])
            status = "updated" if key in records else "created"
            was_active = key in records and not records[key].startswith(b'{"active":false')
            is_active = item.get("active", True)
            self.active[entity] = self.active.get(entity, 0) + is_active - was_active
            head = b'{"active":false,' if not is_active else b"{"
            # the id is the key: what it is made of is the cloud's business
            records[key] = head + b'"id":' + orjson.dumps(key) + b"," + orjson.dumps(item)[1:]
            results.append({"index": index, "key": key, "status": status, "id": key, "error": None})
        return orjson.dumps({"results": results})

    def _page(self, entity: str, query: dict[str, str]) -> bytes:
        records = list(self.records.get(entity, {}).values()) if "cursor" not in query else self._listed
        self._listed = records
        start = int(query.get("cursor", "0"))
        end = start + int(query.get("limit", PAGE_ITEMS))
        cursor = f'"{end}"'.encode() if end < len(records) else b"null"
        return b'{"items":[' + b",".join(records[start:end]) + b'],"next_cursor":' + cursor + b"}"


class Clouds:
    """A cloud for each first part of an address that begins with /of-, and one for all others."""

    def __init__(self, keep: Path | None) -> None:
        self._keep = keep
        self._clouds: dict[str, Cloud] = {}

    def answer(self, method: str, target: str, body: bytes) -> bytes:
        """The JSON that answers a request."""
        whose, rest = "", target
        if target.startswith("/of-"):
            whose, _, rest = target[1:].partition("/")
            rest = f"/{rest}"
        if whose not in self._clouds:
            self._clouds[whose] = Cloud(self._keep)
        return self._clouds[whose].answer(method, rest, body)


class _Connection(asyncio.Protocol):
    """HTTP/1.1 with kept connections, as much of it as our client speaks."""

    def __init__(self, cloud: Clouds) -> None:
        self._cloud = cloud
        self._waiting = b""

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._waiting = self._waiting + data if self._waiting else data
        while (end := self._waiting.find(b"\r\n\r\n")) >= 0:
            head = self._waiting[:end].decode("latin-1")
            method, target, _ = head.split("\r\n", 1)[0].split(" ")
            lengths = [line for line in head.lower().split("\r\n") if line.startswith("content-length:")]
            length = int(lengths[0].split(":")[1]) if lengths else 0
            if len(self._waiting) < end + 4 + length:
                return
            body = self._waiting[end + 4 : end + 4 + length]
            self._waiting = self._waiting[end + 4 + length :]
            answer = self._cloud.answer(method, target, body)
            self._transport.write(
                b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(answer)
                + answer
            )


@dataclass
class AcceptingServer:
    """The process, from outside."""

    url: str

    def account(self) -> dict[str, float]:
        """Its CPU seconds and how many requests it has answered."""
        with urllib.request.urlopen(f"{self.url}/account") as answer:  # our own address
            found: dict[str, float] = json.load(answer)
        return found

    @contextmanager
    def share(self, runs: dict[str, Run], name: str = "server") -> Iterator[None]:
        """Adds a run that tells the server's own processor time of what happens meanwhile."""
        before = self.account()["cpu_seconds"]
        yield
        used = self.account()["cpu_seconds"] - before
        runs[name] = Run(used, used, 0)


@contextmanager
def accepting_server(keep: Path | None = None) -> Iterator[AcceptingServer]:
    """Starts it; it ends with the block.

    Args:
        keep: A folder for the batches that it is sent.
    """
    command = [sys.executable, "-m", "tests.benchmarks.accepting_server", *([str(keep)] if keep else [])]
    process = subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield AcceptingServer(process.stdout.readline().strip())
    finally:
        process.terminate()
        process.wait()


async def _serve(keep: Path | None) -> None:
    cloud = Clouds(keep)
    server = await asyncio.get_running_loop().create_server(lambda: _Connection(cloud), "127.0.0.1", 0)
    print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_serve(Path(sys.argv[1]) if sys.argv[1:] else None))
