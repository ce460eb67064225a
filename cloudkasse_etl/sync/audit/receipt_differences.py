"""In what two receipts differ, or two closings: amounts, taxes, tenders, lines, times. Pure."""

import datetime as dt
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, Final

from cloudkasse_etl.i18n.formats import plain_euros
from cloudkasse_etl.i18n.text import say
from cloudkasse_etl.schemas.wire_receipts import Closing, Receipt

FIELDS: Final = {
    "total": say("total"),
    "taxes": say("taxes"),
    "tenders": say("tenders"),
    "lines": say("lines"),
    "kind": say("kind"),
    "time": say("time"),
    "currency": say("currency"),
    "number": say("receipt number"),
    "booked": say("booked on tenders"),
    "receipt_count": say("number of receipts"),
    "business_cases": say("business cases"),
}
"""What can differ."""

Values = tuple[str, str, str]
"""A key of `FIELDS`, the legal record's value and ours, as text."""


def has_effect(receipt: Receipt) -> bool:
    """Whether a receipt counts: of kind Beleg, and not broken off; registers flag voids either way."""
    return receipt.kind == "Beleg" and not (receipt.cancelled and receipt.reference_id is None)


def receipt_differences(legal: Receipt, ours: Receipt) -> list[Values]:
    """The fields in which two receipts with one number differ."""
    views: dict[str, Callable[[Receipt], Any]] = {
        "total": lambda receipt: plain_euros(receipt.total_cents),
        "kind": lambda receipt: receipt.kind if has_effect(receipt) or receipt.kind != "Beleg" else "(Beleg)",
        "currency": lambda receipt: receipt.currency,
        "time": _second,
        "taxes": _taxes,
        "tenders": _tenders,
        "lines": _lines,
    }
    return _different(views, legal, ours)


def closing_differences(legal: Closing, ours: Closing, *, has_cases: bool = True) -> list[Values]:
    """The fields in which two closings with one number differ.

    Args:
        legal, ours: The closings.
        has_cases: Whether our till's closings have sums of business cases; what they lack cannot differ.

    Returns:
        The fields with both values.
    """
    views: dict[str, Callable[[Closing], Any]] = {
        "receipt_count": lambda closing: str(closing.receipt_count),
        "business_cases": lambda closing: _sums(
            {
                f"{total.business_case} {total.vat_rate or '–'}": (total.gross_cents, total.tax_cents)
                for total in closing.business_cases
            }
        ),
        "tenders": lambda closing: _counted((tender.tender, tender.amount_cents) for tender in closing.tenders),
    }
    if not has_cases:
        del views["business_cases"]
    return _different(views, legal, ours)


def _different(views: Mapping[str, Callable[[Any], Any]], legal: Any, ours: Any) -> list[Values]:
    found = []
    for name, view in views.items():
        theirs, mine = view(legal), view(ours)
        if theirs != mine:
            if isinstance(theirs, dict):
                keys = [key for key in (*theirs, *mine) if theirs.get(key) != mine.get(key)]
                keys = list(dict.fromkeys(keys))
                theirs, mine = (_shown(part, keys) for part in (theirs, mine))
            found.append((name, theirs, mine))
    return found


def _shown(part: Mapping[str, str], keys: list[str]) -> str:
    return ", ".join(f"{key}: {part.get(key, '–')}" for key in keys)


def _second(receipt: Receipt) -> str:
    """The moment at which it ended, to the second: not every export has fractions of one."""
    try:
        return dt.datetime.fromisoformat(receipt.ended_at.upper()).astimezone(dt.UTC).isoformat(timespec="seconds")
    except ValueError:
        return receipt.ended_at


def _sums(parts: Mapping[str, tuple[int, int]]) -> dict[str, str]:
    return {key: " / ".join(map(plain_euros, cents)) for key, cents in sorted(parts.items()) if any(cents)}


def _counted(parts: Any) -> dict[str, str]:
    sums: Counter[str] = Counter()
    for key, cents in parts:
        sums[key] += cents
    return {key: plain_euros(cents) for key, cents in sorted(sums.items()) if cents}


def _taxes(receipt: Receipt) -> dict[str, str]:
    return _sums(
        {f"{block.vat_rate} %": (block.gross_cents, block.tax_cents) for block in receipt.vat if block.vat_rate}
    )


def _tenders(receipt: Receipt) -> dict[str, str]:
    return _counted(
        part
        for payment in receipt.payments
        for part in (
            (payment.tender, payment.base_amount_cents),
            *(
                [(f"{payment.tender} {payment.currency}", payment.amount_cents)]
                if payment.currency != receipt.currency
                else []
            ),
        )
    )


def _lines(receipt: Receipt) -> dict[str, str]:
    return _counted(
        (" ".join(filter(None, (line.business_case, line.article, line.voucher, line.vat_rate))), line.gross_cents)
        for line in receipt.lines
        if not line.cancelled
    )
