"""From receipts to balanced revenue postings (docs/rules.md, Posting). Pure; stock is in movements.py.

Each line is posted on its own account and, with the opposite sign, on the clearing account; so is each payment. What
is posted on clearing therefore ends at 0 in every receipt, and a bookkeeper can follow each line across it.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd

from cloudkasse_etl.entities import REVENUE_POSTINGS
from cloudkasse_etl.rejections.rejection import Rejection
from cloudkasse_etl.transform.books.business_cases import (
    CASH,
    NO_TENDER,
    OPENING_CASH,
    RATE_OF_OTHERS,
    REVENUE_CASES,
    REVIEWED_CASES,
    UNTAXED_CASES,
    live_lines,
    repeated_line_numbers,
)
from cloudkasse_etl.transform.books.closed_periods import CLOSED_PERIOD, open_days
from cloudkasse_etl.transform.books.ledger import (
    Ledger,
    Texts,
    clean_texts,
    refusal,
    setting_name,
    text_column,
)
from cloudkasse_etl.transform.books.line_vat import LineVat, line_vat
from cloudkasse_etl.transform.books.posting_accounts import is_by_name, line_accounts, tender_accounts
from cloudkasse_etl.transform.books.reversals import Entry
from cloudkasse_etl.transform.books.tax_codes import LineTaxCodes, find_tax_codes
from cloudkasse_etl.transform.receipt_frames import Booleans, ReceiptFrames, without_effect
from cloudkasse_etl.transform.stock.movements import move

__all__ = ["Booked", "Ledger", "book"]

REVIEW = "review"
# A message shows 80 characters of a value, so a list of settings is split over two values.
_SHOWN = 78


@dataclass(frozen=True)
class Booked:
    """The result of booking a batch of receipts.

    Attributes:
        postings: As RevenuePosting has them, of whole receipts only, by receipt and posting number.
        movements: As StockMovement has them, of the receipts that are booked and of goods taken in kind.
        rejections: Receipts of which nothing is booked, by receipt id; one a receipt and code.
        stock_rejections: Stock lines that are not moved although their receipt is booked, by receipt id and line.
        warnings: Lines that are booked and that a person should check, by receipt id and line.
    """

    postings: pd.DataFrame
    movements: pd.DataFrame
    rejections: list[Rejection]
    stock_rejections: list[Rejection]
    warnings: list[Rejection]


def book(frames: ReceiptFrames, ledger: Ledger) -> Booked:
    """Books receipts that passed the checks on arrival.

    Receipts without effect book nothing. A receipt that cannot be booked is rejected as a whole. The result for one
    receipt depends on it and the ledger alone, not on the other receipts of the batch.
    """
    heads = frames.heads
    refusals = _Refusals(heads)
    effective = ~without_effect(frames, in_kind_moves_stock=False)
    lines = live_lines(frames, effective)
    payments = frames.payments[effective[frames.payments["receipt"].to_numpy("int64")]].reset_index(drop=True)
    _refuse_paid_by_nothing(payments, refusals)
    payments = _without_opening_cash(payments, lines, heads, refusals)
    blocks = frames.vat[effective[frames.vat["receipt"].to_numpy("int64")]]
    for receipt in np.flatnonzero(effective & (heads["currency"] != (ledger.currency or "")).to_numpy(bool)).tolist():
        if ledger.currency is None:
            refusals.add(receipt, "books_currency_unknown")
        else:
            refusals.add(receipt, "receipt_currency", value=heads["currency"][receipt], books=ledger.currency)
    for row in repeated_line_numbers(lines):
        refusals.add(lines["receipt"][row], "line_number_repeated", number=str(lines["line_number"][row]))

    vat = line_vat(lines, blocks)
    for receipt, rate, cents in vat.unbookable.itertuples(index=False):
        refusals.add(receipt, "vat_unbookable", rate=rate or "-", amount=_amount(cents))
    tax_codes = _as_the_originals(lines, find_tax_codes(lines, vat.rate, heads, ledger), heads, ledger)
    entries = _entries(lines, vat, tax_codes, payments, heads, ledger)
    _refuse_contradictions(lines, tax_codes, refusals)
    _refuse_without_account(entries, heads, ledger, refusals)
    booked = ~refusals.refused
    movements, stock_rejections = move(frames, ledger, receipts=booked)
    entries = entries[booked[entries["receipt"].to_numpy("int64")]]
    return Booked(
        _postings(entries, heads, ledger),
        movements,
        refusals.rejections(),
        stock_rejections,
        _warnings(lines, vat, tax_codes, heads, booked, ledger),
    )


class _Refusals:
    """Collects why receipts are refused."""

    def __init__(self, heads: pd.DataFrame) -> None:
        self.refused: Booleans = np.zeros(len(heads), dtype=bool)
        self._ids = heads["receipt_id"].to_numpy(dtype=object)
        self._found: dict[tuple[str, str], Rejection] = {}

    def add(self, receipt: int, code: str, **detail: str) -> None:
        """Refuses a receipt; of several reasons with the same code, only the first is reported."""
        self.refused[receipt] = True
        key = str(self._ids[receipt])
        self._found.setdefault((key, code), refusal(REVENUE_POSTINGS, key, code, detail))

    def rejections(self) -> list[Rejection]:
        """By receipt id, whatever the order of the batch."""
        return sorted(self._found.values(), key=lambda found: (found.key, found.code))


def _among(heads: pd.DataFrame, receipts: Mapping[str, object]) -> Booleans:
    """Mask of the receipts whose id is among the given ones."""
    found: Booleans = heads["receipt_id"].isin(list(receipts)).to_numpy(bool)
    return found


def _mirrored(lines: pd.DataFrame, heads: pd.DataFrame, ledger: Ledger) -> Iterator[tuple[int, Entry]]:
    """The rows of voids' lines that are posted as their originals were, and how those were posted."""
    ids = heads["receipt_id"].to_numpy(dtype=object)
    receipt, numbers = (lines[name].to_numpy("int64") for name in ("receipt", "line_number"))
    for row in np.flatnonzero(_among(heads, ledger.mirrors)[receipt]).tolist():
        entry = ledger.mirrors[ids[receipt[row]]].lines.get(int(numbers[row]))
        if entry is not None:
            yield row, entry


def _as_the_originals(
    lines: pd.DataFrame, tax_codes: LineTaxCodes, heads: pd.DataFrame, ledger: Ledger
) -> LineTaxCodes:
    """Replaces the ERP's present tax codes and accounts, for lines of voids, by those of their original receipts."""
    tax_code, is_unexpected = tax_codes.tax_code.copy(), tax_codes.is_unexpected.copy()
    contradiction = tax_codes.contradiction.copy()
    for row, entry in _mirrored(lines, heads, ledger):
        tax_code[row], is_unexpected[row], contradiction[row] = entry.tax_code, False, None
    return replace(tax_codes, tax_code=tax_code, is_unexpected=is_unexpected, contradiction=contradiction)


def _clearing(heads: pd.DataFrame, ledger: Ledger) -> Texts:
    """The clearing account of each receipt: for a void its original's, else the settings'; None where not set."""
    found = np.full(len(heads), ledger.accounts.clearing, dtype=object)
    for row in np.flatnonzero(_among(heads, ledger.mirrors)).tolist():
        found[row] = ledger.mirrors[heads["receipt_id"][row]].clearing or found[row]
    return found


def _amount(cents: int) -> str:
    return f"{Decimal(int(cents)).scaleb(-2):.2f}"


def _without_opening_cash(
    payments: pd.DataFrame, lines: pd.DataFrame, heads: pd.DataFrame, refusals: _Refusals
) -> pd.DataFrame:
    """Deducts a receipt's opening cash from its cash payments in base currency; neither is booked.

    For the void of such a receipt both signs are reversed: cash that is less negative is refused.
    """
    receipt = payments["receipt"].to_numpy("int64")
    amounts = payments["base_amount_cents"].to_numpy("int64", copy=True)
    own_currency = payments["currency"].to_numpy(dtype=object) == heads["currency"].to_numpy(dtype=object)[receipt]
    is_cash = (payments["tender"] == CASH).to_numpy(bool) & own_currency
    opening = lines[(lines["business_case"] == OPENING_CASH).to_numpy(bool)]
    of_receipts = opening.groupby("receipt")["gross_cents"].sum()
    for of_receipt, cents in zip(of_receipts.index.tolist(), of_receipts.tolist(), strict=True):
        rows = np.flatnonzero(is_cash & (receipt == of_receipt))
        if cents == 0:
            continue
        sign, cash = (1 if cents > 0 else -1), int(amounts[rows].sum())
        if cash * sign < cents * sign:
            refusals.add(of_receipt, "opening_cash_exceeds_bar", opening=_amount(cents), cash=_amount(cash))
            continue
        left = cents * sign
        for row in rows:
            taken = min(max(int(amounts[row]) * sign, 0), left)
            amounts[row] -= taken * sign
            left -= taken
    return payments.assign(base_amount_cents=amounts)


def _refuse_paid_by_nothing(payments: pd.DataFrame, refusals: _Refusals) -> None:
    is_none = (payments["tender"] == NO_TENDER).to_numpy(bool)
    for receipt, cents, base_cents in payments.loc[
        is_none, ["receipt", "amount_cents", "base_amount_cents"]
    ].itertuples(index=False):
        if cents or base_cents:
            refusals.add(receipt, "tender_none_amount", amount=_amount(base_cents or cents))


def _entries(
    lines: pd.DataFrame,
    vat: LineVat,
    tax_codes: LineTaxCodes,
    payments: pd.DataFrame,
    heads: pd.DataFrame,
    ledger: Ledger,
) -> pd.DataFrame:
    """Everything posted against clearing: each receipt's lines, then its payments, with the account or the setting."""
    of_lines = line_accounts(lines, vat.rate, tax_codes.revenue_account, ledger)
    for row, entry in _mirrored(lines, heads, ledger):
        of_lines.account[row] = entry.account
    registers = heads["register"].to_numpy(dtype=object)[payments["receipt"].to_numpy("int64")]
    of_payments = tender_accounts(payments, registers, ledger)
    tender, name = (payments[column].to_numpy(dtype=object) for column in ("tender", "name"))
    paid_by = clean_texts(np.where(pd.isna(name), tender, name))
    ids, receipt = heads["receipt_id"].to_numpy(dtype=object), payments["receipt"].to_numpy("int64")
    for row in np.flatnonzero(_among(heads, ledger.mirrors)[receipt]).tolist():
        by_name = is_by_name(tender[row], registers[row], ledger)
        account = ledger.mirrors[ids[receipt[row]]].tender_account(tender[row], paid_by[row], is_by_name=by_name)
        of_payments.account[row] = account or of_payments.account[row]
    nothing, none = np.zeros(len(payments), dtype="int64"), np.full(len(payments), None, dtype=object)
    reviewed = _among(heads, ledger.reviews)
    is_review = lines["business_case"].isin(REVIEWED_CASES).to_numpy(bool) | _taxed_against_the_rule(lines, vat)
    is_review |= reviewed[lines["receipt"].to_numpy("int64")]
    pairs: dict[str, tuple[Any, Any]] = {
        "receipt": (lines["receipt"], payments["receipt"]),
        "account": (of_lines.account, of_payments.account),
        "setting": (of_lines.setting, of_payments.setting),
        "amount_cents": (-lines["gross_cents"].to_numpy("int64"), payments["base_amount_cents"]),
        "tax_code": (tax_codes.tax_code, none),
        "vat_rate": (vat.rate, none),
        "tax_cents": (-vat.tax_cents, nothing),
        "business_case": (lines["business_case"], none),
        "tender": (np.full(len(lines), None, dtype=object), tender),
        "text": (clean_texts(lines["text"].to_numpy(dtype=object)), paid_by),
        "is_review": (is_review, reviewed[receipt]),
    }
    entries = pd.DataFrame({column: np.concatenate(parts) for column, parts in pairs.items()})
    posted = (entries["amount_cents"] != 0) & (entries["business_case"] != OPENING_CASH)
    return entries[posted.to_numpy(bool)].sort_values("receipt", kind="stable", ignore_index=True)


def _taxed_against_the_rule(lines: pd.DataFrame, vat: LineVat) -> Booleans:
    untaxed: Booleans = lines["business_case"].isin(UNTAXED_CASES).to_numpy(bool)
    return untaxed & ~pd.isna(vat.rate)


def _refuse_contradictions(lines: pd.DataFrame, tax_codes: LineTaxCodes, refusals: _Refusals) -> None:
    """Refuses receipts with a revenue line for which the ERP holds contradicting data, instead of choosing one."""
    asked = lines["business_case"].isin(REVENUE_CASES).to_numpy(bool) & (lines["gross_cents"] != 0).to_numpy(bool)
    for row in np.flatnonzero(asked & ~pd.isna(tax_codes.contradiction)).tolist():
        found = tax_codes.contradiction[row]
        if not found.is_cured_by_settings:
            refusals.add(lines["receipt"][row], found.code, **dict(found.detail))


def _refuse_without_account(entries: pd.DataFrame, heads: pd.DataFrame, ledger: Ledger, refusals: _Refusals) -> None:
    """Refuses each receipt that lacks an account, and names all the settings that are missing.

    A register that is no longer in the settings has no entry to which a cash account could be added.
    """
    receipt = entries["receipt"].to_numpy("int64")
    in_order = ~refusals.refused[receipt]
    wanting = entries["account"].isna().to_numpy(bool) & in_order
    without = np.array([account is None for account in _clearing(heads, ledger)], dtype=bool)
    missing = {int(found): ["accounts.clearing"] for found in np.unique(receipt[in_order & without[receipt]])}
    for row, setting in zip(receipt[wanting].tolist(), entries["setting"].to_numpy()[wanting], strict=True):
        missing.setdefault(row, []).append(setting)
    registers = heads["register"].to_numpy(dtype=object)
    for found, settings in missing.items():
        distinct, register = dict.fromkeys(settings), registers[found]
        if setting_name("registers", register) in distinct:
            del distinct[setting_name("registers", register)]
            refusals.add(found, "register_removed", value=register)
        if distinct:
            refusals.add(found, "account_missing", **_in_two(distinct))


def _in_two(settings: Iterable[str]) -> dict[str, str]:
    parts = ["", ""]
    for setting in settings:
        if parts[0] and (parts[1] or len(parts[0]) + len(setting) > _SHOWN):
            parts[1] += f", {setting}"
        else:
            parts[0] += f", {setting}" if parts[0] else setting
    return {"setting": parts[0], "further": parts[1]}


def _postings(entries: pd.DataFrame, heads: pd.DataFrame, ledger: Ledger) -> pd.DataFrame:
    """Two postings for each entry: one on its account, and one with the opposite sign on clearing."""
    rows = np.repeat(np.arange(len(entries)), 2)
    is_clearing: Booleans = np.tile([False, True], len(entries))
    receipt = entries["receipt"].to_numpy("int64")[rows]
    number = np.arange(len(rows)) - np.searchsorted(receipt, receipt) + 1
    suffixes = np.array([f":{n:04d}" for n in range(number.max(initial=0) + 1)], dtype=object)
    ids, registers, days, currencies = (
        heads[name].to_numpy(dtype=object) for name in ("receipt_id", "register", "business_day", "currency")
    )
    documents = np.array(
        [f"{register}-{n}" for register, n in zip(registers, heads["number"], strict=True)], dtype=object
    )
    dates, is_closed = open_days(days, ledger.closed_until)
    columns = {name: entries[name].to_numpy()[rows] for name in entries.columns}
    columns["account"][is_clearing] = _clearing(heads, ledger)[receipt[is_clearing]]
    columns["amount_cents"][is_clearing] *= -1
    columns["tax_cents"][is_clearing] = 0
    for name in ("tax_code", "vat_rate"):
        columns[name][is_clearing] = None
    released = np.array([receipt_id in ledger.released for receipt_id in ids.tolist()], dtype=bool)
    review = (columns["is_review"] | released[receipt]) & ~is_clearing
    flags = np.array([None, CLOSED_PERIOD, REVIEW, f"{CLOSED_PERIOD} {REVIEW}"], dtype=object)
    return pd.DataFrame(
        {
            "posting_id": text_column(ids[receipt] + suffixes[number]),
            "receipt_id": text_column(ids[receipt]),
            "register": text_column(registers[receipt]),
            "posting_date": text_column(dates[receipt]),
            "document_number": text_column(documents[receipt]),
            "account": text_column(columns["account"]),
            "amount_cents": columns["amount_cents"],
            "currency": text_column(currencies[receipt]),
            "tax_code": text_column(columns["tax_code"]),
            "vat_rate": text_column(columns["vat_rate"]),
            "tax_cents": columns["tax_cents"],
            "business_case": text_column(columns["business_case"]),
            "tender": text_column(columns["tender"]),
            "text": text_column(columns["text"]),
            "flag": text_column(flags[is_closed[receipt] + 2 * review]),
        }
    )


def _warnings(
    lines: pd.DataFrame, vat: LineVat, tax_codes: LineTaxCodes, heads: pd.DataFrame, booked: Booleans, ledger: Ledger
) -> list[Rejection]:
    """Warnings for lines that are booked but that a person should check."""
    receipt = lines["receipt"].to_numpy("int64")
    counts = booked[receipt] & (lines["gross_cents"] != 0).to_numpy(bool)
    case = lines["business_case"]
    untaxed = case.isin(UNTAXED_CASES).to_numpy(bool)
    odd_rate = tax_codes.is_unexpected & ~untaxed & ~case.isin(RATE_OF_OTHERS).to_numpy(bool)
    ids = heads["receipt_id"].to_numpy(dtype=object)[receipt]
    numbers = lines["line_number"].to_numpy("int64")
    found: list[Rejection] = []

    def warn(mask: Booleans, code: str, **columns: Any) -> None:
        for row in np.flatnonzero(mask & counts):
            detail = {name: str(values[row] or "-") for name, values in columns.items()}
            found.append(refusal(REVENUE_POSTINGS, f"{ids[row]}|{numbers[row]}", code, detail))

    days = heads["business_day"].to_numpy(dtype=object)[receipt]
    article = lines["article"].to_numpy(dtype=object)
    cases = case.to_numpy(dtype=object)
    warn(odd_rate, "vat_rate_unexpected", rate=vat.rate, article=article, tax_code=tax_codes.own_code, day=days)
    warn(_taxed_against_the_rule(lines, vat), "vat_unexpected", case=cases, rate=vat.rate)
    warn(case.isin(REVIEWED_CASES).to_numpy(bool), "cash_for_review", case=cases)
    is_first = np.append(True, receipt[1:] != receipt[:-1])[: len(receipt)]
    reviewed = _among(heads, ledger.reviews)[receipt]
    for row in np.flatnonzero(is_first & reviewed & booked[receipt]).tolist():
        review = ledger.reviews[ids[row]]
        found.append(refusal(REVENUE_POSTINGS, f"{ids[row]}|{numbers[row]}", review.code, review.detail))
    for row in np.flatnonzero(
        counts & case.isin(REVENUE_CASES).to_numpy(bool) & ~pd.isna(tax_codes.contradiction)
    ).tolist():
        contradiction = tax_codes.contradiction[row]
        found.append(
            refusal(REVENUE_POSTINGS, f"{ids[row]}|{numbers[row]}", contradiction.code, dict(contradiction.detail))
        )
    return sorted(found, key=lambda warning: (warning.key, warning.code))
