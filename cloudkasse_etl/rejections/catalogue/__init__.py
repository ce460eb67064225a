"""The catalogue of rejections: code → what is wrong and what to do, a file an area. Nothing but texts."""

from cloudkasse_etl.rejections.catalogue import (
    booking_codes,
    cloud_codes,
    delivery_codes,
    korona_codes,
    ledger_codes,
    receipt_codes,
    record_codes,
    storage_codes,
)
from cloudkasse_etl.rejections.catalogue.entry import CLOUD, Failure

CATALOGUE: dict[str, Failure] = {
    **record_codes.TEXTS,
    **receipt_codes.TEXTS,
    **booking_codes.TEXTS,
    **cloud_codes.TEXTS,
    **korona_codes.TEXTS,
    **delivery_codes.TEXTS,
    **ledger_codes.TEXTS,
    **storage_codes.TEXTS,
}
HOLDING = frozenset(code for code, failure in CATALOGUE.items() if failure.holds)
"""Codes that hold a receipt for a person, who can let it through as it is."""

__all__ = ["CATALOGUE", "CLOUD", "HOLDING", "Failure"]
