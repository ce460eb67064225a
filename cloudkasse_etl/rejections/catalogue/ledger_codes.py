"""Codes for batches of postings that are not brought into SelectLine's ledger, or that a person has to look at."""

from typing import Final

from cloudkasse_etl.rejections.catalogue.entry import Failure

NOT_AS_POSTED: Final = "ledger_not_as_booked"
WAITS_TO_BE_PROCESSED: Final = "ledger_waits_long"

TEXTS: dict[str, Failure] = {
    "ledger_other_year": Failure(
        "{day} lies in fiscal year '{theirs}' of SelectLine's ledger, and the settings name '{year}'.",
        "Write delivery.batch.year: {theirs} into cloudkasse.yaml and deliver again: cloudkasse-etl deliver. What was "
        "posted in '{year}' before is followed there all the same.",
    ),
    "ledger_no_year": Failure(
        "SelectLine's ledger has no fiscal year for {day}; the settings name '{year}'.",
        "Create the fiscal year in SelectLine and write it into delivery.batch.year of cloudkasse.yaml; the next "
        "delivery tries it again: cloudkasse-etl deliver.",
    ),
    "ledger_account_unknown": Failure(
        "SelectLine's ledger has no account {accounts} in '{year}'.",
        "Create it there, or correct it under accounts in cloudkasse.yaml for receipts to come; the next delivery "
        "tries it again: cloudkasse-etl deliver.",
    ),
    "ledger_account_barred": Failure(
        "SelectLine's ledger lets nobody post on {accounts} by a batch on {day}.",
        "Look at the account there: whether it is locked from a day on, may be posted indirectly only, needs open "
        "items, or is closed to the user of the Web API; the next delivery tries it again: cloudkasse-etl deliver.",
    ),
    "ledger_tax_code_missing": Failure(
        "VAT is booked without a tax code of SelectLine: {accounts}.",
        "Post the closing in SelectLine by hand. For receipts to come, create a tax code with that rate there "
        "(USTSCHL, USDETAIL).",
    ),
    "ledger_tax_code_unknown": Failure(
        "SelectLine's ledger has no rate for tax code {codes} on {day}.",
        "Look at the tax code there and since when it is valid; the next delivery tries it again: cloudkasse-etl "
        "deliver.",
    ),
    "ledger_tax_rate_differs": Failure(
        "The books have another rate than SelectLine's ledger on {day}: {codes}.",
        "Look at the tax code there; where it is corrected, the next delivery tries it again: cloudkasse-etl deliver.",
    ),
    "ledger_tax_sum_fixed": Failure(
        "The VAT that was printed differs from what SelectLine computes, and tax code {codes} does not let it.",
        "Allow changed tax amounts in the tax code there (Steuerbetrag änderbar); the next delivery tries it again: "
        "cloudkasse-etl deliver.",
    ),
    "ledger_books_differ": Failure(
        "The postings of {receipts} do not come to 0, so that they cannot be posted.",
        "This is an error of the program: please report it.",
    ),
    "ledger_refused": Failure(
        "SelectLine's ledger refuses the batch ({status} {code}): {message}",
        "Correct in SelectLine what it complains about; the next delivery sends the same batch again. If a setting is "
        "wrong, correct it and take the delivery back, which makes it anew: cloudkasse-etl deliveries retract ID "
        "--reason TEXT.",
    ),
    "ledger_unclear": Failure(
        "Whether SelectLine's ledger has all of the batch is not known yet: {message}",
        "Do not process it there yet: the next delivery looks for it, and adds what is missing.",
    ),
    "ledger_differs": Failure(
        "Batch {number} in SelectLine's ledger differs from what was sent: {postings}.",
        "Compare the two. If the batch is wrong, delete it there and take the delivery back, which makes it anew: "
        "cloudkasse-etl deliveries retract ID --reason TEXT.",
    ),
    "ledger_doubled": Failure(
        "SelectLine's ledger has the batch several times: {numbers}.",
        "Delete all but one there; if two were processed already, reverse one of them there.",
    ),
    "ledger_gone": Failure(
        "Batch {number} is not in SelectLine's ledger any more, and was not known to be whole.",
        "Look there whether it was processed, and what of it was posted. If nothing was, take the delivery back, which "
        "makes it anew: cloudkasse-etl deliveries retract ID --reason TEXT.",
    ),
    "ledger_processed_early": Failure(
        "Batch {number} was processed in SelectLine's ledger before all of it was there; what is missing: {missing}.",
        "Post in SelectLine by hand what is missing.",
    ),
    NOT_AS_POSTED: Failure(
        "The batch differs from what is booked here (booked / delivered): {differences:pairs}.",
        "Compare the two before it is processed in SelectLine; if the books are right, take the delivery back, which "
        "makes it anew: cloudkasse-etl deliveries retract ID --reason TEXT.",
    ),
    WAITS_TO_BE_PROCESSED: Failure(
        "Batch {number} has waited in SelectLine's ledger to be processed since {start}.",
        "Process it in SelectLine.",
    ),
}
