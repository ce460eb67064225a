"""The faults of CloudKasse, and which requests each can befall. How each is carried out is in wire_faults.py."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from cloudkasse_etl.sandbox.faults.fault_kinds import FaultKinds

FEED_PATHS = frozenset({"/v1/receipts", "/v1/closings"})


class Fault(StrEnum):
    """What can go wrong with one request."""

    RATE_LIMITED = "rate_limited"
    UNAVAILABLE = "unavailable"
    SERVER_ERROR = "server_error"
    PROXY_PAGE = "proxy_page"
    CUT_BODY = "cut_body"
    CLOSED_BEFORE = "closed_before"
    CLOSED_AFTER = "closed_after"
    SLOW = "slow"
    REPEATED_ITEMS = "repeated_items"
    SWAPPED_PAGES = "swapped_pages"
    STANDING_CURSOR = "standing_cursor"
    EXPIRED_CURSOR = "expired_cursor"
    UNKNOWN_FIELDS = "unknown_fields"
    WRONG_TYPES = "wrong_types"
    CLOCK_OFF = "clock_off"


DESCRIPTIONS: Mapping[StrEnum, str] = {
    Fault.RATE_LIMITED: "429, with Retry-After in seconds or as a date",
    Fault.UNAVAILABLE: "503, with Retry-After in seconds or as a date",
    Fault.SERVER_ERROR: "500, before the work was done or after it",
    Fault.PROXY_PAGE: "a proxy's HTML, as 200, 502 or 504, before the work or after it",
    Fault.CUT_BODY: "the answer is cut short",
    Fault.CLOSED_BEFORE: "the connection is closed or reset before the work",
    Fault.CLOSED_AFTER: "the work is done, and the connection closed or reset without an answer",
    Fault.SLOW: "the answer comes after slow_seconds",
    Fault.REPEATED_ITEMS: "a page holds items twice, earlier pages' ones too",
    Fault.SWAPPED_PAGES: "two pages of receipts or closings come in the other order",
    Fault.STANDING_CURSOR: "a page's next cursor is the one that was asked for, with more announced",
    Fault.EXPIRED_CURSOR: "410: the cursor is not known any more",
    Fault.UNKNOWN_FIELDS: "every object has a field that the contract does not name",
    Fault.WRONG_TYPES: "one field of the answer has another type",
    Fault.CLOCK_OFF: "the cloud's clock is an hour off",
}
OF_PAGES = frozenset({Fault.REPEATED_ITEMS, Fault.STANDING_CURSOR})
OF_LATER_PAGES = frozenset({Fault.EXPIRED_CURSOR})
OF_FEEDS = frozenset({Fault.SWAPPED_PAGES})


def _can_happen(fault: StrEnum, method: str, path: str, has_cursor: bool) -> bool:
    is_page = method == "GET" and path != "/v1/status"
    if fault in OF_FEEDS:
        return is_page and path in FEED_PATHS
    if fault in OF_LATER_PAGES:
        return is_page and has_cursor
    return is_page or fault not in OF_PAGES


CLOUD_FAULTS: Final = FaultKinds(DESCRIPTIONS, _can_happen)
