"""What a run is doing, as the progress bar says it. Only words."""

from collections.abc import Mapping
from typing import Final

from cloudkasse_etl.entities import (
    ALL_KINDS,
    GROSS_PRICES,
    KINDS,
    REVENUE_POSTINGS,
    SELECTLINE_DOCUMENTS,
    SELECTLINE_LEDGER,
    STAGED_CLOSINGS,
    STAGED_RECEIPTS,
    STOCK_MOVEMENTS,
    SYNC_REPORT,
)
from cloudkasse_etl.i18n.text import Language, Text, say

_IMPORT, _CHECK = say("Importing receipts"), say("Looking for what is missing")
STEP_TITLES: Final[Mapping[str, Text]] = {
    **{kind.extract: say("Reading from SelectLine: {records}", records=kind.heading) for kind in KINDS},
    **{kind.cloud: say("To the till: {records}", records=kind.heading) for kind in ALL_KINDS},
    GROSS_PRICES: say("Computing gross prices"),
    STAGED_RECEIPTS: say("Fetching receipts"),
    STAGED_CLOSINGS: say("Fetching closings"),
    "import_receipts_step": _IMPORT,
    REVENUE_POSTINGS: _IMPORT,
    STOCK_MOVEMENTS: _IMPORT,
    "completeness": _CHECK,
    "revenue_postings_books_balanced": _CHECK,
    "staged_receipts_legal_record_equals_staged": _CHECK,
    SELECTLINE_DOCUMENTS: say("Delivering into SelectLine"),
    SELECTLINE_LEDGER: say("Posting in SelectLine's ledger"),
    SYNC_REPORT: say("Writing the report"),
}
"""Step, or asset that a step counts, → what it does."""


def step_title(name: str, language: Language) -> str:
    """What a step does, in a language; its name where it is no step of a synchronisation."""
    return STEP_TITLES[name].render(language) if name in STEP_TITLES else name
