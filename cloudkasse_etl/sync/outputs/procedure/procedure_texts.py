"""The prose of the procedure documentation: what is the same in every shop. Figures and settings come from "
"elsewhere."""

from collections.abc import Mapping
from typing import Final

from cloudkasse_etl.i18n.text import Text, say
from cloudkasse_etl.state.stores.books.receipt_status import Status

STEPS: Final = (
    (
        say("Master data go up"),
        say(
            "Company, registers, employees, articles and prices are read from SelectLine's tables, which are never "
            "written, and from the settings. Net prices become gross with the VAT rate of the day, rounded half up "
            "to the cent. What differs from what the till accepted last is sent."
        ),
    ),
    (
        say("Receipts come down"),
        say(
            "Every receipt and closing is fetched once and kept as it came. Each is checked: its sums, its VAT against "
            "what was printed, kind, register and day. What does not add up is refused with its reason and holds up no "
            "other. Nothing is booked yet."
        ),
    ),
    (
        say("Receipts are imported"),
        say(
            "Double entry for each receipt over a clearing account, which ends at 0. A receipt of which an account "
            "is not set is refused as a whole; no account stands in for another. VAT is the printed one, spread over "
            "the lines to the cent. Goods leave the register's warehouse; of a trade set its parts do."
        ),
    ),
    (
        say("Corrections"),
        say(
            "A void is a receipt of its own that mirrors what its original booked and moved. Nothing that is booked is "
            "changed or deleted. A receipt of a closed period is booked on the first open day and flagged. An import "
            "that was wrong is taken back by counter-entries that name what they correct."
        ),
    ),
    (
        say("Decisions of people"),
        say(
            "What the rules cannot decide waits for a person, who dismisses, releases or restores it. The decision "
            "is stored with reason, name and time, and taken back only by another one."
        ),
    ),
    (
        say("Handing over"),
        say(
            "Documents, stock and ledger batches for SelectLine and files for DATEV are made from what is booked and "
            "remembered, so that nothing is handed over twice unless somebody asks for it."
        ),
    ),
)
"""What happens to the data, step by step."""

SYSTEMS: Final = (
    (say("SelectLine's database"), say("Master data, tax codes and accounts are read; nothing is written.")),
    (say("The till"), say("Master data are sent where it takes them; receipts and closings are fetched.")),
    (say("Dagster"), say("Runs the steps, keeps the history of runs, shows results.")),
    (
        say("SelectLine's Web API: documents"),
        say("Sales and stock, or stock alone, as documents that SelectLine takes over."),
    ),
    (say("SelectLine's Web API: ledger"), say("Batches of postings for its ledger.")),
    (say("DATEV"), say("Files (EXTF) for the tax adviser.")),
    (say("Alerts"), say("E-mail or webhook about new rejections and failed runs.")),
)
"""What this program speaks to, and what for."""

OF_THE_COMPANY: Final = (
    say("Who is responsible for registers, bookkeeping and this program, and who stands in for them."),
    say("Instructions for the staff at the registers, among them how cash is counted and differences are handled."),
    say("Registers, tablets and security devices (TSE) with serial numbers, and the till's own documentation."),
    say("Who has accounts on the computer that runs this program, in its databases, in SelectLine and in the till."),
    say("Where backups are kept, how often they are made, and when restoring was last tried."),
    say("How paper that is scanned and vouchers of other systems are kept."),
)
"""What the program cannot know and the company has to add."""

STATUS_NOTES: Final[Mapping[Status, Text]] = {
    Status.STAGED: say("Fetched and sound; the next import books it, or it waits for the receipt that it voids."),
    Status.IMPORTED: say("Booked: postings, stock movements and this status were written in one transaction."),
    Status.REJECTED: say("Refused by a check or an import; it is tried again when what was wrong has changed."),
    Status.NO_EFFECT: say("Kept, and nothing to book: broken off, a training, or empty."),
    Status.BEFORE_START: say("Of a day before `receipts.start_date`: kept here, booked elsewhere."),
    Status.DISMISSED: say("A person dealt with it by hand, and said why; it is never booked."),
}
"""What each status of a receipt means."""

ROLES: Final = (
    (
        say("Cashier"),
        say("Sells at the register, and has no access to this program."),
    ),
    (
        say("Clerk in the UI"),
        say(
            "Starts jobs, imports and retries, and reads every result. The UI has no login of its own: it listens on "
            "this computer alone, and whoever reaches its address may use it."
        ),
    ),
    (
        say("Operator at the command line"),
        say(
            "Whoever may read the settings and the environment of this computer's account. Decisions are stored with "
            "the name of that account and computer."
        ),
    ),
    (
        say("Administrator"),
        say(
            "Changes the settings file, and the environment with its secrets. Each change of the settings is on record "
            "with the first run under it; secrets are in no record."
        ),
    ),
    (
        say("The program's account in SelectLine's database"),
        say(
            "Reads. The program writes none of SelectLine's tables; what goes into SelectLine goes through its Web API."
        ),
    ),
    (
        say("The program's account in its own database"),
        say("Adds rows. On the tables of what is booked the database refuses it to change or delete any."),
    ),
)
"""Who may do what."""

RETENTION: Final = (
    say(
        "Receipts as they came, closings, postings, stock movements, decisions, deliveries, files for DATEV and the "
        "record of the settings are kept for at least ten years (§ 147 AO): no command deletes them, and "
        "the database refuses it."
    ),
    say(
        "Old runs of the history may be removed with their logs and protocols; of those to which such rows lead "
        "only the logs are."
    ),
    say("An archive of any days, which auditors' programs read, can be written and checked at any time."),
    say(
        "A backup is a copy of our own database and of Dagster's folder; docs/maintenance.md tells how it is restored."
    ),
)
"""How long what is kept."""
