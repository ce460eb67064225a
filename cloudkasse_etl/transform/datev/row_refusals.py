"""What of the books DATEV cannot carry: found in all rows before a file is written, each with posting and cure."""

import re
from collections.abc import Iterable, Sequence

from cloudkasse_etl.config.exports.datev_settings import Datev
from cloudkasse_etl.errors import Problem
from cloudkasse_etl.i18n.text import say, say_count
from cloudkasse_etl.transform.datev.batch_rows import BatchRow
from cloudkasse_etl.transform.datev.ledger_entries import Entry, Unpaired

MOST_CENTS = 999_999_999_999
"""Ten digits before the comma."""


def refusals(rows: Sequence[BatchRow], unpaired: Iterable[Unpaired], datev: Datev) -> list[Problem]:
    """All that cannot be carried; an account is named once, with its first posting and how many there are.

    Args:
        rows: The rows.
        unpaired: Postings without a counter-posting.
        datev: The settings.

    Returns:
        The problems; nothing may be written where there are any.
    """
    found = [
        Problem(
            say("posting {posting}", posting=posting.posting_id),
            say("It has no counter-posting of the same amount."),
            say("The table was changed by hand: bring its rows back from a backup."),
        )
        for posting in unpaired
    ]
    accounts: dict[str, list[tuple[Entry, str]]] = {}
    for row in rows:
        for entry in row.entries:
            for account, posting in zip((entry.account, entry.contra), entry.posting_ids, strict=True):
                accounts.setdefault(account, []).append((entry, posting))
    for account, postings in accounts.items():
        if not is_carried(account, datev):
            found.append(_of_account(account, postings[0][1], len(postings), datev))
    found += [_of_amount(row) for row in rows if abs(row.amount_cents) > MOST_CENTS]
    return found


def is_carried(account: str, datev: Datev) -> bool:
    """Whether DATEV has accounts like this one."""
    # a debtor's or creditor's account is one digit longer than the others
    return bool(re.fullmatch(rf"[0-9]{{1,{datev.account_length + 1}}}", account)) and bool(account.strip("0"))


def _of_account(account: str, posting: str, count: int, datev: Datev) -> Problem:
    text = say_count(
        "DATEV has no account like {account}: {count:,} posting.",
        "DATEV has no account like {account}: {count:,} postings.",
        count=count,
        account=account,
    )
    cure = say(
        "An account is a number of at most {length} digits, one more for customers and suppliers: correct "
        "datev.account_length, or the account in accounts and in SelectLine. Then take back with undo what is booked "
        "on the wrong one, and import it again: what was in no file is left out together with its counter-entries.",
        length=datev.account_length,
    )
    return Problem(say("posting {posting}", posting=posting), text, cure)


def _of_amount(row: BatchRow) -> Problem:
    text = say("The amount on account {account} is too large for DATEV.", account=row.first.account)
    cure = say("A row holds up to 9,999,999,999.99: set datev.grain to receipt, or look at the receipt.")
    return Problem(say("posting {posting}", posting=row.first.posting_ids[0]), text, cure)
