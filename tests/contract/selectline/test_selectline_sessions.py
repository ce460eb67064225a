"""Protects what a client of SelectLine stumbles over first: licences, sessions that end, and the tenant they are in."""

import pytest
import requests

from cloudkasse_etl.sandbox.selectline.selectline_server import SelectlineServer
from tests.support.patience import HANG_SECONDS
from tests.support.selectline.selectline_visitor import TENANT, SelectlineVisitor, sold, transfer


@pytest.mark.parametrize(
    ("changed", "status"),
    [({"Password": "wrong"}, 403), ({"AppKey": "wrong"}, 403), ({"UserName": ""}, 400)],
)
def test_a_wrong_login_is_refused(selectline: SelectlineServer, changed: dict[str, str], status: int) -> None:
    assert SelectlineVisitor(selectline).login(**changed).status_code == status


def test_a_forgotten_session_keeps_its_licence_until_somebody_ends_it(selectline: SelectlineServer) -> None:
    forgetful, late = SelectlineVisitor(selectline), SelectlineVisitor(selectline)
    assert forgetful.login().status_code == 200
    assert late.login().status_code == 402
    ended = requests.delete(f"{selectline.page}/sandbox/sessions", timeout=HANG_SECONDS).json()
    assert (ended, late.login().status_code) == ({"ended": 1}, 200)
    answer = forgetful.call("GET", "/Users/Current")
    assert (answer.status_code, answer.json()["ResponseCode"]) == (403, "70-002")


def test_a_new_login_ends_the_older_session_of_its_user_where_there_is_a_licence_for_it(erp_url: str) -> None:
    with SelectlineServer(erp_url, licences=2) as server:
        older, newer = SelectlineVisitor(server).enter(), SelectlineVisitor(server).enter()
        assert older.call("GET", "/Users/Current").status_code == 403
        assert newer.call("GET", "/Users/Current").status_code == 200


def test_logging_out_gives_the_licence_back(selectline: SelectlineServer) -> None:
    visitor = SelectlineVisitor(selectline).enter()
    assert visitor.call("POST", "/Logout").status_code == 204
    assert visitor.call("POST", "/Logout").status_code == 403
    assert visitor.login().status_code == 200


def test_a_session_begins_in_the_tenant_of_the_one_before_and_without_a_year(selectline: SelectlineServer) -> None:
    visitor = SelectlineVisitor(selectline)
    visitor.login()
    assert visitor.call("GET", "/Users/Current").json()["TenantDatabaseName"] != TENANT
    year = selectline.books.years(TENANT)[1]
    chosen = {"TenantDatabaseName": TENANT, "YearDatabaseName": year}
    assert visitor.call("PUT", "/Users/Current", chosen).status_code == 204
    assert visitor.call("GET", "/Users/Current").json().items() >= chosen.items()
    visitor.call("POST", "/Logout")
    visitor.login()
    user = visitor.call("GET", "/Users/Current").json()
    assert user["TenantDatabaseName"] == TENANT
    assert "YearDatabaseName" not in user


@pytest.mark.parametrize("name", ["TenantDatabaseName", "YearDatabaseName"])
def test_an_unknown_tenant_or_year_is_refused(selectline: SelectlineServer, name: str) -> None:
    visitor = SelectlineVisitor(selectline).enter()
    assert visitor.call("PUT", "/Users/Current", {name: "SL_MNONE"}).status_code == 400
    assert visitor.call("GET", "/Users/Current").json()["TenantDatabaseName"] == TENANT


def test_what_is_sent_in_another_tenant_is_not_in_the_shop(selectline: SelectlineServer) -> None:
    visitor = SelectlineVisitor(selectline)
    visitor.login()
    number = visitor.add(transfer(sold("101", 1, 1.89)))
    visitor.call("PUT", "/Users/Current", {"TenantDatabaseName": TENANT})
    assert visitor.call("GET", f"/TransferDocuments/{number}").status_code == 404
    assert visitor.call("GET", "/TransferDocuments", items=0).json() == []


def test_it_is_counted_whether_a_client_asks_two_things_at_once(selectline: SelectlineServer) -> None:
    SelectlineVisitor(selectline).enter().add(transfer(sold("101", 1, 1.89)))
    assert selectline.sessions.most_at_once == 1


def test_what_is_served_before_a_login_needs_none(selectline: SelectlineServer) -> None:
    visitor = SelectlineVisitor(selectline)
    assert visitor.call("GET", "/Info").status_code == 200
    assert visitor.call("GET", "/TransferDocuments").status_code == 403
