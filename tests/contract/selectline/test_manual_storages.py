"""Protects the bundled SelectLine's manual storages: goods in and out, never below zero; deleting takes them back."""

from typing import Any

import pytest
import requests

from cloudkasse_etl.sandbox.faults.fault_plan import FaultPlan
from cloudkasse_etl.sandbox.selectline.selectline_faults import SELECTLINE_FAULTS
from cloudkasse_etl.sandbox.selectline.selectline_server import SelectlineServer
from tests.support.selectline.selectline_visitor import SelectlineVisitor

HEAD = {"Number": "K1-7", "Date": "2026-11-27T00:00:00", "WarehouseNumber": "1", "EmployeeNumber": "M1"}


@pytest.fixture
def visitor(selectline: SelectlineServer) -> SelectlineVisitor:
    return SelectlineVisitor(selectline).enter()


def line(article: str, quantity: float, **more: Any) -> dict[str, Any]:
    return {"ArticleNumber": article, "Quantity": quantity} | more


def store(visitor: SelectlineVisitor, *lines: dict[str, Any]) -> requests.Response:
    return visitor.call("POST", "/ManualStorages/K1-7/Positions/Store", list(lines))


def positions(visitor: SelectlineVisitor) -> list[tuple[Any, ...]]:
    every: dict[str, Any] = {"documentPositionListFilter.items": 0}
    rows = visitor.call("GET", "/ManualStorages/K1-7/Positions", **every).json()
    return [(one["PositionNumber"], one["ArticleNumber"], one["Quantity"], one["WarehouseId"]) for one in rows]


def test_goods_go_out_and_come_in_and_are_read_back(visitor: SelectlineVisitor) -> None:
    before = visitor.books("101")[0]
    assert visitor.call("GET", "/ManualStorages/K1-7").status_code == 404
    assert visitor.call("POST", "/ManualStorages", HEAD).json() == {"ManualStorageNumber": "K1-7"}
    assert visitor.call("GET", "/ManualStorages/K1-7").json().items() >= HEAD.items()
    assert positions(visitor) == []
    assert store(visitor, line("101", -2.5), line("101", 1, Warehouse="2")).status_code == 201
    assert store(visitor, line("201", -1)).status_code == 201
    assert positions(visitor) == [(1, "101", -2.5, "1"), (2, "101", 1.0, "2"), (3, "201", -1.0, "1")]
    assert visitor.books("101") == ({"1": before["1"] - 2.5, "2": before["2"] + 1}, [])
    assert [one["Number"] for one in visitor.call("GET", "/ManualStorages").json()] == ["K1-7"]


def test_below_zero_nothing_of_the_request_is_stored(visitor: SelectlineVisitor) -> None:
    before = visitor.books("101")[0]
    visitor.call("POST", "/ManualStorages", HEAD)
    answer = store(visitor, line("101", -1), line("101", -before["1"]))
    assert (answer.status_code, answer.json()["ResponseCode"]) == (400, "42-032")
    assert [one["ErrorCode"] for one in answer.json()["Details"]] == [102027]
    assert (visitor.books("101")[0], positions(visitor)) == (before, [])
    assert store(visitor, line("101", -before["1"])).status_code == 201
    assert visitor.books("101")[0]["1"] == 0


def test_deleting_takes_the_movements_back(visitor: SelectlineVisitor) -> None:
    before = visitor.books("101")
    visitor.call("POST", "/ManualStorages", HEAD)
    store(visitor, line("101", -3))
    assert visitor.call("DELETE", "/ManualStorages/K1-7").status_code == 204
    assert visitor.books("101") == before
    assert visitor.call("GET", "/ManualStorages/K1-7/Positions").status_code == 404
    assert visitor.call("DELETE", "/ManualStorages/K1-7").status_code == 404
    visitor.call("POST", "/ManualStorages", HEAD)
    assert positions(visitor) == []


def test_a_number_is_taken_once_and_given_where_none_is_sent(visitor: SelectlineVisitor) -> None:
    assert [visitor.call("POST", "/ManualStorages", HEAD).status_code for _ in range(2)] == [201, 400]
    given = [visitor.call("POST", "/ManualStorages", {}).json()["ManualStorageNumber"] for _ in range(2)]
    assert given == ["10001", "10002"]


@pytest.mark.parametrize(
    "wrong",
    [
        line("no such", 1), line("101", 0), line("101", 1, Warehouse="9"), line("991", 1),
        line("101", 1, TargetWarehouse="2"),
    ],
)  # fmt: skip
def test_a_wrong_position_is_refused_with_all_others(visitor: SelectlineVisitor, wrong: dict[str, Any]) -> None:
    visitor.call("POST", "/ManualStorages", HEAD)
    assert store(visitor, line("201", 1), wrong).status_code == 400
    assert positions(visitor) == []


@pytest.mark.parametrize("wrong", [{"Number": "12345678901"}, {"WarehouseNumber": "9"}, {"EmployeeNumber": "1234567"}])
def test_a_wrong_head_is_refused(visitor: SelectlineVisitor, wrong: dict[str, str]) -> None:
    assert visitor.call("POST", "/ManualStorages", HEAD | wrong, is_valid=False).status_code == 400
    assert visitor.call("GET", "/ManualStorages").json() == []


@pytest.mark.parametrize(
    ("fault", "status", "code"), [("stock_short", 400, "42-032"), ("partial_positions", 403, None)]
)
def test_faults_of_positions_leave_some_of_them_or_none(
    selectline: SelectlineServer, visitor: SelectlineVisitor, fault: str, status: int, code: str | None
) -> None:
    visitor.call("POST", "/ManualStorages", HEAD)
    selectline.control.set(FaultPlan.parse(f"{fault}:1,seed=3", SELECTLINE_FAULTS))
    answer = store(visitor, *(line("101", -1) for _ in range(4)))
    assert (answer.status_code, answer.json().get("ResponseCode")) == (status, code)
    kept = len(positions(visitor))
    assert (kept == 0) if fault == "stock_short" else (0 < kept < 4)


def test_its_stock_is_no_revenue(visitor: SelectlineVisitor) -> None:
    visitor.call("POST", "/ManualStorages", HEAD)
    store(visitor, line("101", 5))
    assert visitor.books("101")[1] == []
