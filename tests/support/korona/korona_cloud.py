"""KORONA.cloud in memory, on a real socket: lists by revision and page, upserts by number, and its errors.

Every request and every answer is checked against KORONA's own description where that is there (korona_description.py):
what is not in it cannot be asked here, and is not answered.
"""

import base64
import contextlib
import json
import threading
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from cloudkasse_etl.config.connections import Connections
from cloudkasse_etl.config.sections.program_settings import Api
from cloudkasse_etl.config.settings import Configuration, Settings
from cloudkasse_etl.tills.korona.korona_client import KoronaClient
from cloudkasse_etl.tills.port import OnRetry
from tests.support.korona.korona_description import DESCRIPTION, faults, operation_of
from tests.support.korona.korona_receipts import settings, written
from tests.support.servers.scripted_server import API, Journal, Reply, Request, ScriptedServer

BASE = "/web/api/v3"
ACCOUNT = "acc-1"
USER, PASSWORD = "shop", "pässwörd-of-the-shop"
Record = dict[str, Any]


class KoronaCloud:
    """An account. Lists are kept in the order in which they are delivered; each kind has one counter of revisions.

    Attributes:
        lists: Records by kind, `receipts` or `products`; closings by `endOfDayStatements/` and a point of sale's id.
        requests: Method and path of what was asked, from the account on.
        before: Called with each request before it is answered; what it returns is the answer.
        after: Called with each request and its answer; what it returns takes the answer's place.
        refuse: Called with each record that is written; what it returns is why it is refused.
        page_limit: Most records that a page may have, whatever is asked for.
        faults: What was not as the description says.
    """

    def __init__(self) -> None:
        self.lists: dict[str, list[Record]] = {}
        self.revisions: dict[str, int] = {}
        self.requests: list[str] = []
        self.before: Callable[[Request], Reply | None] = lambda request: None
        self.after: Callable[[Request, Reply], Reply] = lambda request, reply: reply
        self.refuse: Callable[[str, Record], str | None] = lambda kind, record: None
        self.page_limit = 10_000
        self.faults: list[str] = []
        self._lock = threading.RLock()

    def put(self, kind: str, *records: Record, at: int | None = None) -> list[Record]:
        """Adds records under new revisions, or those that they name; at the end, or at a place."""
        with self._lock:
            rows, counter = self.lists.setdefault(kind, []), kind.partition("/")[0]
            for record in records:
                newest = self.revisions.get(counter, 0)
                made: Record = {"id": str(uuid.uuid4()), "active": True, "revision": newest + 1} | record
                self.revisions[counter] = max(newest, made["revision"])
                rows.insert(len(rows) if at is None else at, made)
            return rows[-len(records) :]

    def change(self, kind: str, number: str, **fields: Any) -> None:
        """Changes a record: it goes to the end of its list, under a new revision, as the newest one."""
        with self._lock:
            rows = self.lists[kind]
            record = next(row for row in rows if row["number"] == number)
            rows.remove(record)
            self.put(kind, {key: value for key, value in record.items() if key != "revision"} | fields)

    def __call__(self, request: Request) -> Reply:
        with self._lock:
            self.requests.append(f"{request.method} {self._name(request)}")
            reply = self.before(request) or self._answer(request)
            self._check(request, reply)
            return self.after(request, reply)

    def count(self, words: str) -> int:
        """How many requests there were of a method and a path."""
        return sum(request.startswith(words) for request in self.requests)

    def _name(self, request: Request) -> str:
        return request.path.removeprefix(f"{BASE}/accounts/{ACCOUNT}/")

    def _answer(self, request: Request) -> Reply:
        login = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        if request.headers.get("authorization") != f"Basic {login}":
            return Reply(401, b"")
        if not request.path.startswith(f"{BASE}/accounts/{ACCOUNT}/"):
            return error(404, "ACCOUNT_NOT_FOUND")
        parts = self._name(request).split("/")
        if parts[-1] == "endOfDayStatements":
            return self._page(f"endOfDayStatements/{parts[1]}", request)
        return self._write(parts[0], request) if request.method == "POST" else self._page(parts[0], request)

    def _page(self, kind: str, request: Request) -> Reply:
        query = request.query
        after, number = int(query.get("revision", 0)), query.get("number")
        rows = [r for r in self.lists.get(kind, ()) if r["revision"] > after and number in (None, r.get("number"))]
        size = min(int(query.get("size", 100)), self.page_limit)
        page = int(query.get("page", 1))
        found = rows[(page - 1) * size : page * size]
        if not found:
            return Reply(204, b"")
        envelope = {
            "currentPage": page,
            "links": {"self": "/"},
            "maxRevision": self.revisions[kind.partition("/")[0]],
            "pagesTotal": -(-len(rows) // size),
            "results": found,
            "resultsOfPage": len(found),
            "resultsTotal": len(rows),
        }
        return Reply(body=written(envelope))

    def _write(self, kind: str, request: Request) -> Reply:
        records, results = json.loads(request.body), []
        if request.query.get("writeMode") != "ADD_OR_UPDATE":
            return error(400, "NUMBER_ALREADY_IN_USE")
        for record in records:
            rows = self.lists.setdefault(kind, [])
            held = next((row for row in rows if row["number"] == record["number"]), None)
            message = self.refuse(kind, record)
            if message is not None:
                results.append({"number": record["number"], "status": "ERROR", "action": "NONE", "message": message})
                continue
            if held is not None:
                rows.remove(held)
            (made,) = self.put(kind, (held or {}) | record | {"revision": self.revisions.get(kind, 0) + 1})
            action = "UPDATED" if held else "ADDED"
            results.append(
                {
                    "number": made["number"],
                    "status": "OK",
                    "action": action,
                    "id": made["id"],
                    "revision": made["revision"],
                }
            )
        return Reply(body=results)

    def _check(self, request: Request, reply: Reply) -> None:
        if not DESCRIPTION.is_file() or reply.drop:
            return
        name = f"{request.method} {request.path}"
        operation = operation_of(request.method, request.path.removeprefix(BASE))
        if operation is None:
            self.faults.append(f"{name}: no such path")
            return
        known = {one["name"] for one in operation["parameters"] if one["in"] == "query"}
        self.faults += [f"{name}: parameter {one}" for one in request.query if one not in known]
        body = operation.get("requestBody")
        if body:
            found = faults(body["content"]["application/json"]["schema"], json.loads(request.body))
            self.faults += [f"{name}: {one}" for one in found]
        response = operation["responses"].get(str(reply.status))
        if response is None:
            if reply.status < 500:
                self.faults.append(f"{name}: status {reply.status}")
            return
        content = response.get("content")
        raw = reply.body if isinstance(reply.body, bytes) else json.dumps(reply.body).encode()
        if content and b"not as described" not in raw:
            found = faults(content["application/json"]["schema"], json.loads(raw))
            self.faults += [f"{name} answers {reply.status}: {one}" for one in found]
        elif raw and not content:
            self.faults.append(f"{name} answers {reply.status} with a body")


def error(status: int, code: str, message: str = "in English") -> Reply:
    return Reply(status, {"code": code, "message": message})


def configuration(url: str, shop: Settings | None = None, api: Api = API, password: str = PASSWORD) -> Configuration:
    connections = Connections(
        erp_url=SecretStr("sqlite://"), state_url=SecretStr("sqlite://"), api_url=url + BASE, api_user=USER,
        api_token=SecretStr(password),
    )  # fmt: skip
    found = (shop or settings()).model_copy(update={"api": api})
    return Configuration(settings=found, connections=connections, path=Path("cloudkasse.yaml"))


@contextlib.contextmanager
def korona(
    cloud: KoronaCloud | None = None,
    *,
    shop: Settings | None = None,
    api: Api = API,
    stop: threading.Event | None = None,
    page_items: int = 500,
    password: str = PASSWORD,
    on_retry: OnRetry = lambda text: None,
) -> Iterator[tuple[KoronaClient, KoronaCloud, Journal]]:
    """A client of an account; at the end, all that was asked and answered has to be as the description says."""
    account, journal = cloud or KoronaCloud(), Journal()
    with (
        ScriptedServer(account) as server,
        KoronaClient(
            configuration(server.url, shop, api, password), journal, stop=stop, backoff_seconds=0.002,
            page_items=page_items, on_retry=on_retry,
        ) as client,
    ):  # fmt: skip
        yield client, account, journal
    assert account.faults[:3] == []
