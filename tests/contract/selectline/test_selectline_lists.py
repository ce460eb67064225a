"""Protects the lists that a delivery is set up and checked by: what the shop has, page by page, as described."""

from typing import Any

import pytest
import requests

from cloudkasse_etl.sandbox.selectline.fibu.chart import LOCKED_ACCOUNT
from cloudkasse_etl.sandbox.selectline.selectline_server import SelectlineServer
from tests.support.patience import HANG_SECONDS
from tests.support.selectline.selectline_visitor import TENANT, SelectlineVisitor


@pytest.fixture
def visitor(selectline: SelectlineServer) -> SelectlineVisitor:
    visitor = SelectlineVisitor(selectline).enter()
    year = {"YearDatabaseName": selectline.books.years(TENANT)[1]}
    assert visitor.call("PUT", "/Users/Current", year).status_code == 204
    return visitor


def values(visitor: SelectlineVisitor, path: str, field: str, **query: Any) -> list[Any]:
    found = visitor.call("GET", path, **query).json()
    return [one[field] for one in (found["Value"] if path.startswith("/Accounting") else found)]


@pytest.mark.parametrize(
    ("path", "field", "some"),
    [
        ("/Tenants", "Name", TENANT),
        ("/Warehouses", "Number", "2"),
        ("/Warehouses/Stocks", "ArticleNumber", "101"),
        ("/Warehouses/2/Stocks", "Number", "2"),
        ("/DocumentKinds", "Number", 8),
        ("/Employees", "EmployeeNumber", "M1"),
        ("/Articles", "Number", "101"),
        ("/Accounting/Tenants", "DatabaseName", TENANT),
        ("/Accounting/Accounts", "Account", "1000"),
        ("/Accounting/TaxCodes", "TaxCodeNumber", "3"),
        ("/Accounting/TaxCodes/3/Validities", "Tax", 16.0),
    ],
)
def test_a_list_has_what_the_shop_has(visitor: SelectlineVisitor, path: str, field: str, some: Any) -> None:
    assert some in values(visitor, path, field)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        (f"/Tenants/{TENANT}", 200), ("/Tenants/none", 404), ("/Warehouses/1", 200), ("/Warehouses/9", 404),
        ("/DocumentKinds/8", 200), ("/DocumentKinds/77", 404), ("/Articles/101", 200), ("/Articles/none", 404),
        ("/Accounting/Accounts/8400", 200), ("/Accounting/Accounts/9", 404), ("/Accounting/TaxCodes/2", 200),
        ("/Accounting/TaxCodes/9", 404), ("/Accounting/TaxCodes/9/Validities/2026-01-01", 404),
        (f"/Accounting/Tenants/{TENANT}", 200), ("/Accounting/Tenants/none", 404),
    ],
)  # fmt: skip
def test_one_of_them_is_found_by_its_number_or_not_at_all(visitor: SelectlineVisitor, path: str, status: int) -> None:
    assert visitor.call("GET", path).status_code == status


def test_both_kinds_of_lists_come_ten_at_a_time(visitor: SelectlineVisitor) -> None:
    pages = [values(visitor, "/Warehouses/Stocks", "ArticleNumber", page=page) for page in range(2)]
    everything = values(visitor, "/Warehouses/Stocks", "ArticleNumber", items=0)
    assert [len(page) for page in pages] == [10, 10]
    assert everything[:20] == [*pages[0], *pages[1]]
    assert len(everything) > 20
    accounts = values(visitor, "/Accounting/Accounts", "Account", top=1000)
    assert values(visitor, "/Accounting/Accounts", "Account") == accounts[:10]
    assert values(visitor, "/Accounting/Accounts", "Account", skip=10, top=5) == accounts[10:15]


def test_other_lists_have_prefixes_of_their_own(visitor: SelectlineVisitor) -> None:
    assert len(values(visitor, "/Employees", "EmployeeNumber", **{"employeeListFilter.items": 2})) == 2
    every = {"articleListFilter.items": 0, "articleListFilter.includeInactiveArticles": "true"}
    known = values(visitor, "/Articles", "Number", **{"articleListFilter.items": 0})
    assert set(values(visitor, "/Articles", "Number", **every)) - set(known) == {"992", "993"}


@pytest.mark.parametrize(("day", "rate"), [("2020-08-01", 16.0), ("2026-11-28", 19.0), ("2020-12-31", 16.0)])
def test_a_tax_code_has_the_rate_of_a_day(visitor: SelectlineVisitor, day: str, rate: float) -> None:
    assert visitor.call("GET", f"/Accounting/TaxCodes/3/Validities/{day}").json()["Tax"] == rate


@pytest.mark.parametrize("changeable", [True, False])
def test_a_tax_code_says_whether_its_sum_may_be_changed(erp_url: str, changeable: bool) -> None:
    with SelectlineServer(erp_url, changeable_tax=changeable) as server:
        visitor = SelectlineVisitor(server).enter()
        visitor.call("PUT", "/Users/Current", {"YearDatabaseName": server.books.years(TENANT)[1]})
        options = visitor.call("GET", "/Accounting/TaxCodes/3").json()["TaxCodeOptions"]
        assert options["ChangeableTaxSum"] is changeable


def test_an_account_tells_that_it_is_locked(visitor: SelectlineVisitor) -> None:
    accounts = visitor.call("GET", "/Accounting/Accounts", top=1000).json()["Value"]
    assert [one["Account"] for one in accounts if "PostingBlockFrom" in one] == [LOCKED_ACCOUNT]


def test_a_filter_of_equalities_is_understood_and_any_other_refused(
    visitor: SelectlineVisitor, selectline: SelectlineServer
) -> None:
    path = "/Accounting/Accounts"
    assert values(visitor, path, "Account", filter="Account eq '8400' and Type eq 'FinanceAccount'") == ["8400"]
    unknown = {"filter": "startswith(Account, '8')"}
    answer = requests.get(selectline.url + path, params=unknown, headers=visitor.headers, timeout=HANG_SECONDS)
    assert answer.status_code == 400


def test_the_ledger_needs_a_year_and_a_session(selectline: SelectlineServer) -> None:
    visitor = SelectlineVisitor(selectline)
    assert visitor.call("GET", "/Accounting/Accounts").status_code == 401
    visitor.enter()
    assert visitor.call("GET", "/Accounting/Accounts").status_code == 424
    assert visitor.call("GET", "/Accounting/Tenants").status_code == 200


def test_the_other_tenant_has_document_types_and_nothing_else(selectline: SelectlineServer) -> None:
    visitor = SelectlineVisitor(selectline)
    visitor.login()
    assert values(visitor, "/Warehouses", "Number") == []
    assert 8 in values(visitor, "/DocumentKinds", "Number")
