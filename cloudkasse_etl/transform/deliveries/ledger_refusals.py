"""What keeps a batch of postings from being sent (docs/deliveries.md, What is not posted). Pure."""

import datetime as dt
from collections.abc import Iterator, Sequence

from cloudkasse_etl.transform.deliveries.ledger_chart import LedgerChart
from cloudkasse_etl.transform.deliveries.ledger_postings import CompoundPosting, LedgerPosition
from cloudkasse_etl.transform.deliveries.refusals import Fault, some

Placed = tuple[CompoundPosting, LedgerPosition]


def ledger_faults(postings: Sequence[CompoundPosting], chart: LedgerChart | None) -> list[Fault]:
    """All that keeps postings from being sent, at once.

    Args:
        postings: The postings of a batch.
        chart: The ledger's master data; without it only what the books alone tell is looked at.

    Returns:
        What is wrong; nothing where they can be sent.
    """
    placed = [(posting, position) for posting in postings for position in posting.positions]
    found = [*_untaxed(placed)]
    if chart is None:
        return found
    return [*found, *_year(postings, chart), *_accounts(placed, chart), *_tax_codes(placed, chart)]


def _untaxed(placed: Sequence[Placed]) -> Iterator[Fault]:
    untaxed = {f"{position.account} {position.vat_rate or ''} %" for _, position in placed if _lacks_code(position)}
    if untaxed:
        yield Fault("ledger_tax_code_missing", {"accounts": some(sorted(untaxed))})


def _lacks_code(position: LedgerPosition) -> bool:
    return position.tax_code is None and position.tax_cents != 0


def _year(postings: Sequence[CompoundPosting], chart: LedgerChart) -> Iterator[Fault]:
    outside = sorted({posting.day for posting in postings if not chart.year.has(posting.day)})
    if outside:
        theirs = chart.year_of(outside[0])
        yield Fault(
            "ledger_other_year" if theirs else "ledger_no_year",
            {"day": outside[0].isoformat(), "year": chart.year.name, "theirs": theirs.name if theirs else ""},
        )


def _accounts(placed: Sequence[Placed], chart: LedgerChart) -> Iterator[Fault]:
    used = {(position.account, posting.day) for posting, position in placed}
    unknown = sorted({account for account, _ in used if account not in chart.accounts})
    if unknown:
        yield Fault("ledger_account_unknown", {"accounts": some(unknown), "year": chart.year.name})
    barred = sorted(
        {account for account, day in used if account in chart.accounts and not chart.accounts[account].takes(day)}
    )
    if barred:
        yield Fault("ledger_account_barred", {"accounts": some(barred), "day": _last(placed).isoformat()})


def _tax_codes(placed: Sequence[Placed], chart: LedgerChart) -> Iterator[Fault]:
    unknown, others, fixed = set[str](), set[str](), set[str]()
    for posting, position in placed:
        if position.tax_code is None:
            continue
        code = chart.tax_codes.get(position.tax_code)
        rate = code.rate_on(posting.sold) if code else None
        if code is None or rate is None:
            unknown.add(f"'{position.tax_code}'")
        elif position.vat_rate is not None and rate != position.vat_rate:
            others.add(f"'{position.tax_code}' {position.vat_rate} / {rate}")
        elif not code.is_changeable and position.tax_cents != code.due_cents(position.amount_cents, rate):
            fixed.add(f"'{position.tax_code}'")
    day = _last(placed).isoformat() if placed else ""
    if unknown:
        yield Fault("ledger_tax_code_unknown", {"codes": some(sorted(unknown)), "day": day})
    if others:
        yield Fault("ledger_tax_rate_differs", {"codes": some(sorted(others)), "day": day})
    if fixed:
        yield Fault("ledger_tax_sum_fixed", {"codes": some(sorted(fixed))})


def _last(placed: Sequence[Placed]) -> dt.date:
    return max(posting.sold for posting, _ in placed)
