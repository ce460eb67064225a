"""A feed of receipts that is as fast for one client as for another: pages made beforehand, served from a file.

It speaks docs/cloudkasse-api.md as far as receipts go (status, receipts, closings, of which there are none), in a
process of its own. The first part of the path is how many receipts there are: `/100000/v1/receipts`. So one feed serves
shops of all sizes, each a cloud of its own.
"""

import os
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import islice
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import orjson

from tests.benchmarks.process import MAIN_PYTHON, PROJECT, Run, cpu_seconds

PAGE_ITEMS = 1000
TOKEN = "a-token-of-the-benchmarks"
_PATH = re.compile(r"/(\d+)/v1/(status|receipts|closings)")


@dataclass(frozen=True)
class Feed:
    """A running feed."""

    port: int
    pid: int

    def url(self, count: int) -> str:
        """The address of a cloud that has so many receipts."""
        return f"http://127.0.0.1:{self.port}/{count}"

    @contextmanager
    def share(self, runs: dict[str, Run], name: str = "feed server") -> Iterator[None]:
        """Adds a run that tells the server's own processor time of what happens meanwhile."""
        before = cpu_seconds(self.pid)
        yield
        runs[name] = Run(0.0, cpu_seconds(self.pid) - before, 0)


@contextmanager
def serve(folder: Path, receipts: Iterable[dict[str, Any]]) -> Iterator[Feed]:
    """Writes pages of receipts into a folder and serves them from another process."""
    _write(folder, receipts)
    command = [MAIN_PYTHON, "-m", "tests.benchmarks.feed", folder]
    with subprocess.Popen([str(part) for part in command], cwd=PROJECT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield Feed(int(process.stdout.readline()), process.pid)
        finally:
            process.terminate()


def _write(folder: Path, receipts: Iterable[dict[str, Any]]) -> None:
    offsets = [0]
    rest = iter(receipts)
    with (folder / "items.json").open("wb") as file:
        while page := list(islice(rest, PAGE_ITEMS)):
            assert len(page) == PAGE_ITEMS, "whole pages only"
            offsets.append(offsets[-1] + file.write(b",".join(map(orjson.dumps, page))))
    (folder / "offsets.json").write_bytes(orjson.dumps(offsets))


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    file: int
    offsets: list[int]

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        found = _PATH.fullmatch(url.path)
        if self.headers.get("Authorization") != f"Bearer {TOKEN}" or found is None:
            self._send(b'{"title": "no"}', status=401 if found else 404)
            return
        count, what = int(found[1]), found[2]
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        if what == "status":
            self._send(orjson.dumps(_status(count)))
        elif what == "closings":
            self._send(b'{"items":[],"next_cursor":"c0","has_more":false}')
        else:
            self._page(count, query)

    def _page(self, count: int, query: dict[str, str]) -> None:
        at = int(query.get("after", "r0").removeprefix("r"))
        if int(query.get("limit", PAGE_ITEMS)) != PAGE_ITEMS or at % PAGE_ITEMS:
            self._send(b'{"title": "pages are of 1000"}', status=400)
            return
        end = min(at + PAGE_ITEMS, count)
        start, size = 0, 0
        if at < end:
            start = self.offsets[at // PAGE_ITEMS]
            size = self.offsets[at // PAGE_ITEMS + 1] - start
        body = (os.pread(self.file, size, start), orjson.dumps({"next_cursor": f"r{end}", "has_more": end < count}))
        self._send(b'{"items":[' + body[0] + b"]," + body[1][1:])

    def _send(self, body: bytes, status: int = 200) -> None:
        head = f"HTTP/1.1 {status} -\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        self.wfile.write(head.encode() + body)

    def log_message(self, *_: Any) -> None:
        """Says nothing."""


def _status(count: int) -> dict[str, Any]:
    return {
        "api_version": "1.0",
        "time": "2026-11-23T10:00:00+01:00",
        "company": None,
        "limits": {"batch_items": 500, "page_items": PAGE_ITEMS},
        "counts": {},
        "heads": {"receipts": f"r{count}", "closings": "c0"},
    }


def main(folder: Path) -> None:
    """Serves a folder until it is ended, and prints the port."""
    _Handler.file = os.open(folder / "items.json", os.O_RDONLY)
    _Handler.offsets = orjson.loads((folder / "offsets.json").read_bytes())
    with ThreadingHTTPServer(("127.0.0.1", 0), _Handler) as server:
        print(server.server_address[1], flush=True)
        server.serve_forever()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
