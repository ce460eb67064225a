"""Protects the file of the bundled CloudKasse: shared by processes, locked, foreign, newer or damaged."""

import contextlib
import ipaddress
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest

from assets.cli.commands import ui
from cloudkasse_etl.errors import ConfigurationError
from cloudkasse_etl.sandbox.cloud.cloud_store import SCHEMA_VERSION, Store
from cloudkasse_etl.sandbox.cloud.record_models import Entity
from cloudkasse_etl.sandbox.cloud.validation import Limits, RequestProblem
from cloudkasse_etl.sandbox.server import SandboxServer
from tests.support.servers.sandbox_calls import assert_problem, batch, get, post, process


def test_several_processes_may_share_a_new_file(tmp_path: Path) -> None:
    data = tmp_path / "cloud.db"
    with contextlib.ExitStack() as stack:
        urls = [stack.enter_context(process(data))[1] for _ in range(3)]
        with ThreadPoolExecutor(3) as threads:
            answers = list(threads.map(lambda url: post(url, batch("K1", "K2"), "k").content, urls))
        assert len(set(answers)) == 1
        with contextlib.closing(Store(data)) as store:
            store.deliver_receipts([{"id": "sold elsewhere"}])
        assert all(get(url, "/v1/receipts").json()["items"] == [{"id": "sold elsewhere"}] for url in urls)


def test_stores_opened_at_the_same_moment_agree_on_one_file(tmp_path: Path) -> None:
    for attempt in range(20):
        data = tmp_path / f"{attempt}.db"
        with ThreadPoolExecutor(4) as threads:
            stores = list(threads.map(lambda _, data=data: Store(data), range(4)))
        assert len({store.summary()["heads"]["receipts"] for store in stores}) == 1
        for store in stores:
            store.close()


def test_a_file_locked_by_another_process_is_answered_with_try_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cloudkasse_etl.sandbox.cloud.cloud_store.BUSY_TIMEOUT_SECONDS", 0.1)
    data = tmp_path / "cloud.db"
    with SandboxServer(data) as server, contextlib.closing(sqlite3.connect(data, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        answer = post(server.url, batch("K1"), "k")
        assert_problem(answer, 503, "busy")
        assert answer.headers["Retry-After"] == "1"
        assert get(server.url, "/v1/status").status_code == 200
        other.execute("ROLLBACK")
        assert post(server.url, batch("K1"), "k").status_code == 200


def test_a_file_of_another_program_is_refused_and_left_alone(tmp_path: Path) -> None:
    data = tmp_path / "shop.db"
    with contextlib.closing(sqlite3.connect(data)) as other:
        other.execute("CREATE TABLE ART (Artikelnummer TEXT)")
    before = data.read_bytes()
    with pytest.raises(ConfigurationError, match=r"shop\.db belongs to another program"):
        Store(data)
    assert data.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["shop.db"]


def test_a_file_of_a_newer_release_is_refused(tmp_path: Path) -> None:
    Store(tmp_path / "cloud.db").close()
    with contextlib.closing(sqlite3.connect(tmp_path / "cloud.db")) as other:
        other.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    with pytest.raises(ConfigurationError, match=f"version {SCHEMA_VERSION + 1}"):
        Store(tmp_path / "cloud.db")


@pytest.mark.parametrize("damage", ["text", "cut", "holes", "folder", "no folder"])
def test_a_file_that_cannot_be_used_is_named_in_the_error(tmp_path: Path, damage: str) -> None:
    data = tmp_path / "cloud.db"
    with contextlib.closing(Store(data)) as store:
        store.write_batch(Entity.REGISTERS, batch(*map(str, range(500))), key="k", limits=Limits())
    content = data.read_bytes()
    match damage:
        case "text":
            data.write_text("number;name\n" * 1000)
        case "cut":
            data.write_bytes(content[: len(content) // 2])
        case "holes":
            data.write_bytes(content[:4096] + bytes(len(content) - 4096))
        case "folder":
            data = tmp_path
        case "no folder":
            data = tmp_path / "nowhere" / "cloud.db"
    with pytest.raises(ConfigurationError, match="file") as caught:
        Store(data)
    assert str(data) in str(caught.value)


def test_an_answer_is_kept_for_24_hours() -> None:
    now = 1_000_000.0
    with contextlib.closing(Store(None, clock=lambda: now)) as store:
        store.write_batch(Entity.REGISTERS, batch("K1"), key="k", limits=Limits())
        now += 24 * 3600 - 1
        with pytest.raises(RequestProblem, match="used before"):
            store.write_batch(Entity.REGISTERS, batch("K1", name="new"), key="k", limits=Limits())
        now += 1
        assert b"updated" in store.write_batch(Entity.REGISTERS, batch("K1", name="new"), key="k", limits=Limits())


def test_the_sandbox_and_the_ui_are_there_for_this_computer_only() -> None:
    def listening() -> set[tuple[str, int]]:
        found = psutil.Process().net_connections(kind="tcp")
        return {(c.laddr.ip, c.laddr.port) for c in found if c.status == psutil.CONN_LISTEN}

    before = listening()
    with SandboxServer(None, token="sandbox"):
        opened = listening() - before
        assert opened
        assert all(ipaddress.ip_address(host).is_loopback for host, _ in opened)
    assert ipaddress.ip_address(ui.HOST).is_loopback
