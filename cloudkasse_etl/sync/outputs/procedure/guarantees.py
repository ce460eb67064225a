"""What is guaranteed, a sentence each; docs/guarantees.md has the same ones, at more length and with their limits."""

from typing import Final

from cloudkasse_etl.i18n.text import say

GUARANTEES: Final = (
    say("Only one synchronisation of a company runs at a time."),
    say("Killed at any moment, by whatever, nothing has to be repaired: the next run ends as if nothing had been."),
    say("A request is stored before it is sent, and dropped in the transaction that stores its answer."),
    say("A failed or partial read retires nothing."),
    say("SelectLine's users are never kept waiting for the till."),
    say(
        "Where only some articles or their prices have changed, a run reads and compares these alone, and comes to "
        "what a comparison of everything would come to."
    ),
    say("A run sees the days on which prices begin or expire, although nothing changes in SelectLine then."),
    say(
        "Every receipt is fetched once: a page and the cursor behind it are stored in one transaction, and ids protect "
        "against what comes twice."
    ),
    say(
        "Whole receipts are booked, or nothing of them: postings, stock movements and status in one transaction, under "
        "unique keys."
    ),
    say(
        "Postings, movements, and what was exported of them to DATEV, are only ever added to: triggers in the database "
        "refuse to change or delete a row, whoever tries."
    ),
    say(
        "An import is undone by counter-entries that name what they take back, once however often it is called, in one "
        "transaction with the receipts' status."
    ),
    say(
        "Gaps in receipt numbers, doubled numbers and closings that differ from their receipts are asset checks that "
        "name register and numbers."
    ),
    say(
        "A document is frozen with the receipts that it covers before it is sent, looked for by its key before each "
        "request and after each doubt, and counts once it was read back equal."
    ),
    say("A batch of postings goes into the ledger the same way, posting by posting."),
    say(
        "What an import booked of a receipt is in one document and one batch at most that count; a unique index sees "
        "to that."
    ),
    say(
        "Receipts as they came, closings, deliveries and decisions are deleted by nobody before the end of the tenth "
        "year after that in which they were made (§ 147 AO): a guard in the code, and triggers in each database, "
        "refuse it."
    ),
    say(
        "What came from the till of a receipt that is booked, closings, what was sent of a delivery, and decisions are "
        "never changed, nor is any of these rows made older than it is: triggers refuse it."
    ),
    say("A run that leads to such a row keeps its entry in the history and its protocol for as long."),
    say("An archive is complete for its days, exact to the cent, and the same bytes for the same data."),
)
"""Each begins a point of docs/guarantees.md, word by word."""
