"""Protects that each fault of SelectLine's API, as its users reported them, happens on a real connection as it is told.

What matters to a client is what the ERP holds after the fault: so each row says how many documents there are.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from click.testing import CliRunner

from assets.cli.commands.sandbox import sandbox
from cloudkasse_etl.errors import ConfigurationError
from cloudkasse_etl.sandbox.faults.fault_plan import FaultPlan
from cloudkasse_etl.sandbox.selectline.demo_erp import build_demo_shop
from cloudkasse_etl.sandbox.selectline.selectline_faults import SELECTLINE_FAULTS, SelectlineFault
from cloudkasse_etl.sandbox.selectline.selectline_server import SelectlineServer
from tests.support.patience import HANG_SECONDS
from tests.support.selectline.selectline_visitor import LOGIN, TENANT, SelectlineVisitor, sold, transfer

SALE = transfer(*(sold("101", count, 1.89) for count in range(1, 6)))
POST = "POST /slmobileApi/TransferDocuments"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SelectlineServer]:
    path: Path = tmp_path_factory.mktemp("faults") / "erp.db"
    build_demo_shop(path)
    with SelectlineServer(f"sqlite:///{path.as_posix()}", licences=2) as running:
        yield running


@pytest.fixture
def visitor(server: SelectlineServer) -> Iterator[SelectlineVisitor]:
    server.control.set(FaultPlan(kinds=SELECTLINE_FAULTS))
    visitor = SelectlineVisitor(server).enter()
    for one in visitor.listed(items=0):
        visitor.call("DELETE", f"/TransferDocuments/{one['Id']}")
    yield visitor
    server.control.set(FaultPlan(kinds=SELECTLINE_FAULTS))


def let(server: SelectlineServer, fault: str, seed: int = 1) -> None:
    server.control.set(FaultPlan.parse(f"{fault}:1,seed={seed},slow_seconds=0.01", SELECTLINE_FAULTS))


def sent(server: SelectlineServer, visitor: SelectlineVisitor, fault: str, seed: int = 1) -> requests.Response:
    """A document sent while a fault befalls the request; afterwards all is well."""
    let(server, fault, seed)
    try:
        return requests.post(
            f"{server.url}/TransferDocuments", json=SALE, headers=visitor.headers, timeout=HANG_SECONDS
        )
    finally:
        assert server.control.done == {fault: 1}
        server.control.set(FaultPlan(kinds=SELECTLINE_FAULTS))


@pytest.mark.parametrize(
    ("fault", "status", "has_body", "stored"),
    [
        ("unavailable", 503, False, 0),
        ("failed_before", 500, True, 0),
        ("failed_after", 500, True, 1),
        ("failed_mute", 500, False, 1),
        ("key_exists", 400, True, 1),
        ("slow", 201, True, 1),
        ("partial_positions", 500, True, 1),
    ],
)
def test_what_is_answered_and_what_is_there_afterwards(
    server: SelectlineServer, visitor: SelectlineVisitor, fault: str, status: int, has_body: bool, stored: int
) -> None:
    answer = sent(server, visitor, fault)
    assert (answer.status_code, bool(answer.content)) == (status, has_body)
    assert len(visitor.listed(items=0)) == stored


@pytest.mark.parametrize(("fault", "stored"), [("closed_before", 0), ("closed_after", 1), ("cut_body", 1)])
def test_a_broken_connection_may_have_done_its_work(
    server: SelectlineServer, visitor: SelectlineVisitor, fault: str, stored: int
) -> None:
    with pytest.raises(requests.RequestException):
        sent(server, visitor, fault)
    assert len(visitor.listed(items=0)) == stored


def test_a_proxys_page_says_nothing_about_the_work(server: SelectlineServer, visitor: SelectlineVisitor) -> None:
    stored = set()
    for seed in range(12):
        answer = sent(server, visitor, "proxy_page", seed)
        assert answer.headers["Content-Type"].startswith("text/html")
        stored.add(len(visitor.listed(items=0)))
    assert 0 < len(visitor.listed(items=0)) < 12
    assert len(stored) > 1


def test_partial_positions_are_the_first_ones_and_never_all(
    server: SelectlineServer, visitor: SelectlineVisitor
) -> None:
    for seed in range(8):
        sent(server, visitor, "partial_positions", seed)
    kept = [[one["Quantity"] for one in found["Positions"]] for found in visitor.listed(items=0)]
    assert all(quantities == [1, 2, 3, 4, 5][: len(quantities)] for quantities in kept)
    assert {len(quantities) for quantities in kept} <= set(range(5))
    assert len({len(quantities) for quantities in kept}) > 1


def test_a_session_that_is_gone_stays_gone_and_nothing_is_done(
    server: SelectlineServer, visitor: SelectlineVisitor
) -> None:
    answer = sent(server, visitor, "session_gone")
    assert (answer.status_code, answer.json()["ResponseCode"]) == (403, "70-002")
    assert visitor.call("GET", "/TransferDocuments").status_code == 403
    assert visitor.enter().listed(items=0) == []


def test_an_ignored_switch_counts_from_the_next_login_on(server: SelectlineServer, visitor: SelectlineVisitor) -> None:
    other = next(one for one in server.books.tenants if one != TENANT)
    let(server, "tenant_ignored")
    assert visitor.call("PUT", "/Users/Current", {"TenantDatabaseName": other}).status_code == 204
    assert visitor.call("GET", "/Users/Current").json()["TenantDatabaseName"] == TENANT
    assert visitor.login().status_code == 200
    assert visitor.call("GET", "/Users/Current").json()["TenantDatabaseName"] == other


def test_without_a_licence_nobody_is_let_in(server: SelectlineServer, visitor: SelectlineVisitor) -> None:
    let(server, "licence_full")
    assert SelectlineVisitor(server).login().status_code == 402
    assert visitor.call("GET", "/Users/Current").status_code == 200


def test_a_seed_lets_the_same_requests_go_wrong(server: SelectlineServer) -> None:
    def statuses() -> list[int]:
        server.control.set(FaultPlan.parse("licence_full:0.3,unavailable:0.3,seed=5", SELECTLINE_FAULTS))
        return [requests.post(f"{server.url}/Login", json=LOGIN, timeout=HANG_SECONDS).status_code for _ in range(12)]

    first = statuses()
    assert first == statuses()
    assert set(first) == {200, 402, 503}


def test_faults_befall_only_the_requests_that_they_can(server: SelectlineServer, visitor: SelectlineVisitor) -> None:
    let(server, "stock_short")
    assert visitor.add(SALE) > 0
    let(server, "key_exists")
    assert visitor.call("GET", "/TransferDocuments").status_code == 200
    let(server, "session_gone")
    assert visitor.login().status_code == 200


def test_every_fault_is_described_and_can_be_asked_for_by_name(server: SelectlineServer) -> None:
    assert list(SELECTLINE_FAULTS.descriptions) == list(SelectlineFault)
    words = ["misbehave", "failed_after:0.25,seed=3", "--selectline", "--url", f"{server.url}/"]
    found = CliRunner().invoke(sandbox, words, catch_exceptions=False)
    assert found.output.startswith("The sandbox misbehaves: failed_after:0.25,seed=3")
    assert server.control.plan.shares == {SelectlineFault.FAILED_AFTER: 0.25}
    with pytest.raises(ConfigurationError, match="knows no fault"):
        CliRunner().invoke(sandbox, ["misbehave", "rate_limited:1", *words[2:]], catch_exceptions=False)


def test_the_clerks_own_requests_do_not_go_wrong(server: SelectlineServer, visitor: SelectlineVisitor) -> None:
    number = visitor.add(SALE)
    let(server, "failed_before")
    assert visitor.clerk("take-over", id=number)["StateKind"] == "Assumed"
