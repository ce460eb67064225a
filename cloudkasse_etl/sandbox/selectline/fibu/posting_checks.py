"""What SelectLine's ledger refuses in a posting, under the types of error that the API's description lists.

Types that hang on what the sandbox does not keep (personal accounts, costs, OSS) are not played.
"""

import datetime as dt
import re
from collections.abc import Iterator, Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final

from cloudkasse_etl.sandbox.selectline.api_errors import AccountingError
from cloudkasse_etl.sandbox.selectline.auftrag.calculation import decimal_of, rounded
from cloudkasse_etl.sandbox.selectline.fibu.chart import Chart

PERIOD: Final = re.compile(r"(\d{4})(\d{2})[*0-9]")
AMOUNTS: Final = ("Amount", "TaxValue", "CashDiscount")
REQUIRED: Final = ("Account", "Text", "Amount", "Currency")


def check_posting(posting: Mapping[str, Any], year: int, chart: Chart, currency: str) -> None:
    """Refuse a posting as the ledger does, with the first thing that is wrong.

    Args:
        posting: The posting, its fields of the right types and lengths.
        year: The fiscal year of the session.
        chart: The ledger's master data.
        currency: The tenant's currency.

    Raises:
        AccountingError: 400, with the type of the error.
    """
    for kind, words in _faults(posting, year, chart, currency):
        raise AccountingError(400, words, code=kind)


def _faults(posting: Mapping[str, Any], year: int, chart: Chart, currency: str) -> Iterator[tuple[str, str]]:
    positions = posting.get("Positions") or []
    if not posting.get("PostingDocument"):
        yield "PostingIsMissingDocument", "PostingDocument is missing."
    if not positions:
        yield "PostingIsMissingPositions", "There are no positions."
    yield from _date_faults(posting, year)
    is_compound = len(positions) > 1
    for place, position in enumerate(positions):
        missing = [name for name in REQUIRED if position.get(name) in (None, "")]
        if missing:
            yield "BadRequest", f"Positions[{place}]: {', '.join(missing)} must be given."
            continue
        yield from _position_faults(position, is_compound, currency)
        yield from _account_faults(position, posting, chart)
        yield from _tax_faults(position, posting, chart)
    if is_compound and sum(decimal_of(one.get("Amount")) for one in positions) != 0:
        yield "PostingAmountSplitIncomplete", "The amounts of a compound posting do not sum to 0."


def _date_faults(posting: Mapping[str, Any], year: int) -> Iterator[tuple[str, str]]:
    day, period = posting.get("PostDate"), PERIOD.fullmatch(posting.get("Period", ""))
    if day is None or dt.datetime.fromisoformat(day).year != year:
        yield "PostingDateOutOfRange", "PostDate is not in the fiscal year of the session."
    if "Period" in posting and period is None:
        yield "PostingPeriodInvalid", "Period is not written as YYYYMMT."
    if period is not None and (int(period[1]) != year or not 1 <= int(period[2]) <= 12):
        yield "PostingPeriodOutOfRange", "Period is not in the fiscal year of the session."
    service = posting.get("ServiceDate")
    if service is not None and abs(dt.datetime.fromisoformat(service).year - year) > 1:
        yield "PostingServiceDateOutOfRange", "ServiceDate is more than a year off."


def _position_faults(position: Mapping[str, Any], is_compound: bool, currency: str) -> Iterator[tuple[str, str]]:
    if not decimal_of(position["Amount"]):
        yield "PostingIsMissingAmount", "Amount is 0."
    if any(decimal_of(position.get(name)) != rounded(decimal_of(position.get(name))) for name in AMOUNTS):
        yield "PostingAmountExceedsDecimalPlaces", "An amount has more than two decimals."
    offset = position.get("OffsetAccount")
    if is_compound and offset:
        yield "PostingOffsetAccountNotAllowed", "A compound posting has no OffsetAccount."
    if not is_compound and not offset:
        yield "PostingIsMissingOffsetAccount", "A single posting needs an OffsetAccount."
    if offset == position["Account"]:
        yield "PostingHasInvalidCombinationOfAccounts", "Account and OffsetAccount are the same."
    if position["Currency"] != currency and not position.get("CurrencyFactor"):
        yield "PostingIsMissingCurrencyFactor", "A foreign currency needs a CurrencyFactor."
    if "OpenItem" in position:
        yield "PostingOpenItemMustBeNull", "An OpenItem needs a personal account."


def _account_faults(position: Mapping[str, Any], posting: Mapping[str, Any], chart: Chart) -> Iterator[tuple[str, str]]:
    known = {one["Account"]: one for one in chart.accounts()}
    for number in filter(None, (position["Account"], position.get("OffsetAccount"))):
        if number not in known:
            yield "PostingUnknownAccount", f"There is no account {number}."
        elif known[number].get("PostingBlockFrom", "9999") <= posting.get("PostDate", ""):
            yield "PostingAccountLocked", f"Account {number} is locked."


def _tax_faults(position: Mapping[str, Any], posting: Mapping[str, Any], chart: Chart) -> Iterator[tuple[str, str]]:
    code, percent, value = (position.get(name) for name in ("TaxCode", "Tax", "TaxValue"))
    if not code:
        if percent or value:
            yield "PostingTaxWithoutTaxCode", "Tax or TaxValue is given without a TaxCode."
        return
    rate = _rate(chart, code, posting.get("ServiceDate") or posting.get("PostDate", ""))
    if rate is None:
        yield "PostingHasUnknownTaxCode", f"Tax code {code} has no rate on that day."
        return
    if percent is not None and decimal_of(percent) != rate:
        yield "PostingTaxPercentMismatch", f"The rate of tax code {code} is {rate}."
    due = (decimal_of(position["Amount"]) * rate / (100 + rate)).quantize(Decimal("0.01"), ROUND_HALF_UP)
    if value is not None and decimal_of(value) != due and not chart.changeable_tax:
        yield "PostingTaxAmountMismatch", f"The tax comes to {due}."


def _rate(chart: Chart, code: str, day: str) -> Decimal | None:
    for known in chart.tax_codes():
        if known["TaxCodeNumber"] == code:
            for one in known["Validities"]:
                if one["ValidFrom"][:10] <= day[:10] <= one["ValidTill"][:10]:
                    return decimal_of(one["Tax"])
    return None
