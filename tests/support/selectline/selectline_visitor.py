"""A client of the bundled SelectLine that holds every request and answer against SelectLine's own description."""

from typing import Any

import requests

from cloudkasse_etl.sandbox.selectline.selectline_server import SelectlineServer
from tests.support.patience import HANG_SECONDS
from tests.support.selectline.selectline_description import DESCRIPTION, faults_of_answer, faults_of_request

LOGIN = {"UserName": "sandbox", "Password": "sandbox", "AppKey": "sandbox"}
TENANT = "SL_MLINDE"


class SelectlineVisitor:
    """Calls a server's API; where the description is at hand, what is not as it says fails the test.

    Args:
        server: The server.
    """

    def __init__(self, server: SelectlineServer) -> None:
        self._server = server
        self.headers: dict[str, str] = {}

    def call(
        self, method: str, path: str, body: Any = None, *, is_valid: bool = True, **query: Any
    ) -> requests.Response:
        """Sends a request.

        Args:
            method: The HTTP method.
            path: The path below the API's address.
            body: The JSON body, if any.
            is_valid: Whether the request is meant to be as the description says.
            query: `items=0` stands for `listFilter.items=0`.
        """
        is_bare = path.startswith("/Accounting")
        asked = {name if is_bare or "." in name else f"listFilter.{name}": value for name, value in query.items()}
        if DESCRIPTION.is_file() and is_valid:
            assert not faults_of_request(method, path, asked, body)
        answer = requests.request(
            method, self._server.url + path, json=body, params=asked, headers=self.headers, timeout=HANG_SECONDS
        )
        if DESCRIPTION.is_file():
            content = answer.json() if answer.content else None
            assert not faults_of_answer(method, path, answer.status_code, content)
        return answer

    def login(self, **changed: Any) -> requests.Response:
        """Logs in; the token goes with all later requests."""
        answer = self.call("POST", "/Login", LOGIN | changed)
        if answer.ok:
            self.headers = {"Authorization": f"LoginId {answer.json()['AccessToken']}"}
        return answer

    def enter(self) -> "SelectlineVisitor":
        """Logs in and chooses the shop's tenant."""
        assert self.login().status_code == 200
        assert self.call("PUT", "/Users/Current", {"TenantDatabaseName": TENANT}).status_code == 204
        return self

    def add(self, document: dict[str, Any]) -> int:
        """Stores a transfer document. Returns its id."""
        answer = self.call("POST", "/TransferDocuments", document)
        assert answer.status_code == 201, answer.text
        return int(answer.json()["TransferDocumentId"])

    def listed(self, **asked: Any) -> list[dict[str, Any]]:
        """A page of transfer documents; `items=0` stands for `listFilter.items=0`."""
        found: list[dict[str, Any]] = self.call("GET", "/TransferDocuments", **asked).json()
        return found

    def document(self, number: int) -> dict[str, Any]:
        """A transfer document as the API has it."""
        found: dict[str, Any] = self.call("GET", f"/TransferDocuments/{number}").json()
        return found

    def clerk(self, path: str, **order: Any) -> dict[str, Any]:
        """Lets the clerk do something. Returns the first document that it befell."""
        answer = requests.post(f"{self._server.page}/sandbox/{path}", json=order, timeout=HANG_SECONDS)
        assert answer.ok, answer.text
        found: dict[str, Any] = answer.json()["documents"][0]
        return found

    def books(self, article: str) -> tuple[dict[str, float], list[dict[str, Any]]]:
        """The stock of an article by warehouse, and all revenue, as somebody sees them in the ERP."""
        answer = requests.get(
            f"{self._server.page}/sandbox/books", params={"article": article}, timeout=HANG_SECONDS
        ).json()
        return {one["warehouse"]: one["quantity"] for one in answer["stock"]}, answer["revenue"]


def transfer(*positions: dict[str, Any], **changed: Any) -> dict[str, Any]:
    """A cash sale at gross prices in warehouse 1, as a delivery sends it."""
    return {
        "Date": "2026-11-27T00:00:00", "SalesmanNumber": "1", "DocumentKind": "8", "StateKind": "Open",
        "PriceKindFlag": "B", "CurrencyCode": "EUR", "WarehouseNumber": "1", "IsCashSale": True,
        "CustomFields": {"Text1": "1/K1/7/0"}, "Positions": list(positions),
    } | changed  # fmt: skip


def sold(article: str, quantity: float, price: float, **changed: Any) -> dict[str, Any]:
    """A position of an article."""
    return {"ArticleNumber": article, "Quantity": quantity, "UnitPrice": price} | changed
