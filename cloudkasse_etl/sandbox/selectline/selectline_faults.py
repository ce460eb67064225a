"""The faults of SelectLine's Web API, and which requests each can befall; most were reported by its users (API#n).

How each is carried out is in selectline_misbehaviour.py.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from cloudkasse_etl.sandbox.faults.fault_kinds import FaultKinds

BASE: Final = "/slmobileApi"  # where the vendor's installer puts the API


class SelectlineFault(StrEnum):
    """What can go wrong with one request."""

    UNAVAILABLE = "unavailable"
    FAILED_BEFORE = "failed_before"
    FAILED_AFTER = "failed_after"
    FAILED_MUTE = "failed_mute"
    PROXY_PAGE = "proxy_page"
    CUT_BODY = "cut_body"
    CLOSED_BEFORE = "closed_before"
    CLOSED_AFTER = "closed_after"
    SLOW = "slow"
    KEY_EXISTS = "key_exists"
    SESSION_GONE = "session_gone"
    TENANT_IGNORED = "tenant_ignored"
    PARTIAL_POSITIONS = "partial_positions"
    STOCK_SHORT = "stock_short"
    LICENCE_FULL = "licence_full"


DESCRIPTIONS: Mapping[StrEnum, str] = {
    SelectlineFault.UNAVAILABLE: "503 without a body, before the work",
    SelectlineFault.FAILED_BEFORE: "500 with a body, before the work",
    SelectlineFault.FAILED_AFTER: "500 with a body, although the work was done",
    SelectlineFault.FAILED_MUTE: "500 without a body, although the work was done",
    SelectlineFault.PROXY_PAGE: "a proxy's HTML, as 200, 502 or 504, before the work or after it",
    SelectlineFault.CUT_BODY: "the answer is cut short",
    SelectlineFault.CLOSED_BEFORE: "the connection is closed or reset before the work",
    SelectlineFault.CLOSED_AFTER: "the work is done, and the connection closed or reset without an answer",
    SelectlineFault.SLOW: "the work is done, and the answer comes after slow_seconds",
    SelectlineFault.KEY_EXISTS: "what was asked for is made, and the answer is that its key exists already",
    SelectlineFault.SESSION_GONE: "the session ends before the work, as by an administrator",
    SelectlineFault.TENANT_IGNORED: "204, but tenant and year stay as they are until the next login",
    SelectlineFault.PARTIAL_POSITIONS: "only the first positions are stored, and the answer is an error",
    SelectlineFault.STOCK_SHORT: "400: the stock would fall below zero; nothing is done",
    SelectlineFault.LICENCE_FULL: "402: there is no free licence",
}
CREATED: Final = ("/TransferDocuments", "/ManualStorages", "/Accounting/BatchPostings")
STORED: Final = "/Positions/Store"
_OPEN: Final = ("/Login", "/Info")


def _can_happen(fault: StrEnum, method: str, path: str, has_cursor: bool) -> bool:
    route = path.removeprefix(BASE)
    is_stored = method == "POST" and route.startswith("/ManualStorages/") and route.endswith(STORED)
    match fault:
        case SelectlineFault.KEY_EXISTS:
            return method == "POST" and route in CREATED
        case SelectlineFault.SESSION_GONE:
            return route not in _OPEN
        case SelectlineFault.TENANT_IGNORED:
            return (method, route) == ("PUT", "/Users/Current")
        case SelectlineFault.PARTIAL_POSITIONS:
            return is_stored or (method, route) == ("POST", "/TransferDocuments")
        case SelectlineFault.STOCK_SHORT:
            return is_stored
        case SelectlineFault.LICENCE_FULL:
            return route == "/Login"
    return True


SELECTLINE_FAULTS: Final = FaultKinds(DESCRIPTIONS, _can_happen)
