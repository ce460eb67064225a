"""The sheets of some business days as `day --json` prints them."""

from dataclasses import asdict
from typing import Any

from cloudkasse_etl.i18n.text import Language
from cloudkasse_etl.state.stores.missing_numbers import Gap
from cloudkasse_etl.sync.outputs.day.booked_comparison import EntrySum
from cloudkasse_etl.sync.outputs.day.day_sheet import DayReport, DaySheet, Money, SheetClosing


def report_dict(report: DayReport, language: Language) -> dict[str, Any]:
    """The sheets of some days as one object.

    Args:
        report: The sheets.
        language: The language of reasons.
    """
    return {
        "company": report.company,
        "from": report.first.isoformat(),
        "to": report.last.isoformat(),
        "register": report.register,
        "made_at": report.now.isoformat(timespec="seconds"),
        "receipts_without_day": report.without_day,
        "sheets": [_sheet_dict(sheet, language) for sheet in report.sheets],
    }


def _sheet_dict(sheet: DaySheet, language: Language) -> dict[str, Any]:
    """A sheet as `day --json` prints it.

    Args:
        sheet: The sheet.
        language: The language of reasons.
    """
    numbers = sheet.numbers
    return {
        "day": sheet.day.isoformat(),
        "register": sheet.register,
        "state": sheet.state,
        "currencies": [_money_dict(one) for one in sheet.money],
        "corrections": [asdict(one) for one in sheet.corrections],
        "without_effect": [asdict(one) for one in sheet.apart],
        "not_counted": [one.as_dict(language) for one in sheet.uncounted],
        "not_booked": [one.as_dict(language) for one in sheet.unbooked],
        "numbers": {
            "count": numbers.count,
            "first": numbers.first,
            "last": numbers.last,
            "missing": numbers.missing,
            "gaps": [_gap_dict(one.gap) | {"after_the_last": one.is_after} for one in numbers.gaps],
            "dismissed": [_gap_dict(gap) | {"reason": decision.reason} for gap, decision in numbers.dismissed],
            "doubled": list(numbers.doubled),
        },
        "closings": [_closing_dict(one, language) for one in sheet.closings],
        "missing_closings": [_gap_dict(gap) for gap in sheet.missing_closings],
        "tse": {"told_by_the_till": sheet.tells_tse, "unsigned": list(sheet.unsigned)},
        "deliveries": [asdict(one) for one in sheet.delivered],
        "datev": [asdict(one) for one in sheet.exported],
        "settings": [
            asdict(one) | {"since": one.since and one.since.isoformat(timespec="seconds")} for one in sheet.settings
        ],
    }


def _money_dict(money: Money) -> dict[str, Any]:
    sums = money.sums
    parts = [
        {
            "closing": part.closing,
            "opening_cents": part.opening_cents,
            "takings_cents": part.takings_cents,
            "moves": dict(part.moves),
            "foreign": dict(part.foreign),
            "expected_cents": left,
        }
        for part, left in zip(money.drawer, money.left, strict=True)
    ]
    return {
        "currency": money.currency,
        "receipts": sums.receipts,
        "total_cents": sums.total_cents,
        "turnover_cents": sums.turnover_cents,
        "tax_cents": sums.tax_cents,
        "adds_up": money.is_sound,
        "rates": [asdict(one) for one in sums.rates],
        "business_cases": [asdict(one) for one in sums.cases],
        "tenders": [asdict(one) for one in sums.tenders],
        "hours": [
            asdict(one) | {"begins": None if one.begins is None else one.begins.isoformat(timespec="minutes")}
            for one in sums.hours
        ],
        "voids": asdict(sums.voids),
        "returns": asdict(sums.returns),
        "cancelled_lines": asdict(sums.cancelled_lines),
        "cash": {
            "left_before_cents": money.before.cents,
            "left_before_since": money.before.since and money.before.since.isoformat(),
            "opening_cents": money.opening_cents,
            "opening_is_stated": bool(money.drawer) and money.drawer[0].opening_cents is not None,
            "difference_cents": money.difference_cents,
            "expected_cents": money.expected_cents,
            "parts": parts,
        },
        "receipts_by_fate": [{"fate": fate, **asdict(found)} for fate, found in money.fates.items()],
        "booked": [asdict(one) for one in money.booked],
        "booked_on_other_days": [_entry_dict(one) for one in money.late],
        "taken_back": [_entry_dict(one) | {"reason": one.reason} for one in money.undone],
        "booked_again": [_entry_dict(one) for one in money.again],
    }


def _entry_dict(one: EntrySum) -> dict[str, Any]:
    return {
        "posting_date": one.posting_date.isoformat(),
        "receipts": one.receipts,
        "postings": one.postings,
        "debit_cents": one.debit_cents,
        "turnover_cents": one.turnover_cents,
    }


def _gap_dict(gap: Gap) -> dict[str, int]:
    return {"first": gap.first, "last": gap.last}


def _closing_dict(one: SheetClosing, language: Language) -> dict[str, Any]:
    closing, compared = one.closing, one.compared
    return {
        "number": one.number,
        "is_here": closing is not None,
        "created_at": closing and closing.created_at,
        "business_day": closing and closing.business_day,
        "receipts": closing and closing.receipt_count,
        "staged": compared and compared.staged_count,
        "is_equal": compared and compared.is_equal,
        "differences": compared.texts(language) if compared else [],
        "refused": list(one.refused),
        "ended": one.ended,
    }
