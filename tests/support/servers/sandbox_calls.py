"""Calls of the bundled CloudKasse, and its life as a process of its own."""

import contextlib
import json
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import requests

from tests.support.patience import HANG_SECONDS

HEADERS = {"Authorization": "Bearer sandbox"}

SERVE = """
import sys
from pathlib import Path
from cloudkasse_etl.sandbox.server import serve
serve(Path(sys.argv[1]), port=0, token="sandbox", announce=lambda url: print(url, flush=True))
print("ended", flush=True)
"""


def batch(*numbers: str, name: str = "Laden") -> bytes:
    fields = {"name": name, "price_group": "1", "warehouse": None, "currency": None, "active": True}
    return json.dumps({"items": [{"number": number} | fields for number in numbers]}).encode()


def get(url: str, path: str, **parameters: Any) -> requests.Response:
    return requests.get(url + path, params=parameters, headers=HEADERS, timeout=HANG_SECONDS)


def post(url: str, body: bytes, key: str | None = None) -> requests.Response:
    headers = HEADERS | {"Idempotency-Key": key or uuid.uuid4().hex, "Content-Type": "application/json"}
    return requests.post(url + "/v1/registers/batch", data=body, headers=headers, timeout=HANG_SECONDS)


def assert_problem(answer: requests.Response, status: int, code: str) -> None:
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert (answer.status_code, answer.json()["code"]) == (status, code)


@contextlib.contextmanager
def process(data: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    command = [sys.executable, "-W", "error", "-c", SERVE, str(data)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as running:
        try:
            assert running.stdout is not None
            yield running, running.stdout.readline().strip()
        finally:
            running.kill()
