"""SelectLine's errors on the wire: `ApiResponse` for most routes, OData's form for /Accounting, and bare statuses.

Its response codes are known only in part; an error whose code was never seen carries none.
"""

from http import HTTPStatus
from typing import Any, Final

import orjson

from cloudkasse_etl.sandbox.dependencies import Response

SESSION_GONE: Final = "70-002"
STOCK_SHORT: Final = "42-032"
STOCK_SHORT_DETAIL: Final = 102027
# HttpStatusCode of .NET, where it differs from Python's name without the underscores
_NAMES: Final = {"Method Not Allowed": "MethodNotAllowed", "Request Entity Too Large": "RequestEntityTooLarge"}


class ApiError(Exception):
    """A request that is refused.

    Args:
        status: The HTTP status.
        message: What is wrong, for people.
        code: SelectLine's response code, where it is known.
        details: Further details.
    """

    def __init__(self, status: int, message: str, *, code: str | None = None, details: Any = None) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.code = code
        self.details = details

    def answer(self) -> Response:
        """The response, in the form of `ApiResponse`."""
        phrase = HTTPStatus(self.status).phrase
        said: dict[str, Any] = {"StatusCode": _NAMES.get(phrase, phrase.replace(" ", "")), "Message": self.message}
        if self.code is not None:
            said["ResponseCode"] = self.code
        if self.details is not None:
            said["Details"] = self.details
        return Response(orjson.dumps(said), self.status, media_type="application/json")


class BareError(ApiError):
    """A refusal whose answer has no body, as the description has it for the login and for /Accounting."""

    def answer(self) -> Response:
        """The response: its status alone."""
        return Response(status_code=self.status)


class AccountingError(ApiError):
    """A refusal of /Accounting with a type, such as `PostingTaxAmountMismatch`."""

    def answer(self) -> Response:
        """The response, in the form of RFC 7807 as SelectLine's server writes it."""
        said = {"Type": self.code, "Title": HTTPStatus(self.status).phrase.replace(" ", ""), "Status": self.status}
        return Response(orjson.dumps(said | {"Detail": self.message}), self.status, media_type="application/json")
