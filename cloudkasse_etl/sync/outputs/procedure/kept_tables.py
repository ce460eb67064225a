"""What each of our own tables holds, and how long its rows are kept."""

from collections.abc import Mapping
from typing import Final, NamedTuple

from cloudkasse_etl.i18n.text import Text, say


class TableNote(NamedTuple):
    """What a table holds.

    Attributes:
        text: That, in a sentence.
        is_kept: Whether it has to be kept for ten years, and nothing of it is ever pruned; else it is a present state.
    """

    text: Text
    is_kept: bool = False


def _kept(text: Text) -> TableNote:
    return TableNote(text, is_kept=True)


NOTES: Final[Mapping[str, TableNote]] = {
    "lease": TableNote(say("Which run may write, and its signs of life.")),
    "target": TableNote(say("The company together with each till whose state is kept.")),
    "synced_record": TableNote(say("What of master data the till has accepted.")),
    "attempt": TableNote(say("Requests to the till that are not answered yet.")),
    "rejection": TableNote(say("What is refused now, and why.")),
    "waiting": TableNote(say("What waits for something else, and since when.")),
    "alert": TableNote(say("Which alerts were sent.")),
    "level": TableNote(say("At which state of its sources each asset was last compared.")),
    "erp_rows": TableNote(say("Versions of SelectLine's rows, by which changed ones are found.")),
    "cursor": TableNote(say("Up to where receipts and closings were fetched.")),
    "till": _kept(say("Which till was in use, and since when.")),
    "part": TableNote(say("Which parts of a till were read to their end.")),
    "receipt": _kept(say("Each receipt as it came from the till, and what became of it.")),
    "decision": _kept(say("Each decision of a person, with reason, name and time.")),
    "closing": _kept(say("Each closing as it came from the till.")),
    "posting": _kept(say("The revenue postings (Umsätze).")),
    "stock_movement": _kept(say("The stock movements (Lagerungen).")),
    "delivery": _kept(say("Documents and batches for SelectLine, as they were frozen, and what became of them.")),
    "delivery_receipt": _kept(say("Which receipts are in which of them.")),
    "datev_file": _kept(say("Each file for DATEV, byte by byte.")),
    "datev_posting": _kept(say("Which posting is in which row of which file.")),
    "datev_written": _kept(say("When each of these files was written.")),
    "settings_change": _kept(say("Each change of the settings, with all values in force.")),
    "run_settings": _kept(say("Under which settings each run began.")),
    "api_session": TableNote(say("Sessions at SelectLine's Web API that are still to be ended.")),
}
"""Name of a table without its prefix → what it holds."""
