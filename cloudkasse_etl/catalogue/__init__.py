"""The catalogue of rejections: code → what is wrong and what to do (de, en), a file an area. Nothing but texts."""

from cloudkasse_etl.catalogue import booking, cloud, receipts, records
from cloudkasse_etl.catalogue.entry import CLOUD, Failure

CATALOGUE: dict[str, Failure] = {**records.TEXTS, **receipts.TEXTS, **booking.TEXTS, **cloud.TEXTS}
HOLDING = frozenset(code for code, failure in CATALOGUE.items() if failure.holds)
"""Codes that hold a receipt for a person, who can let it through as it is."""

__all__ = ["CATALOGUE", "CLOUD", "HOLDING", "Failure"]
