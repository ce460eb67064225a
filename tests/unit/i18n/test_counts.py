"""Protects that one of something is told as one, and all other numbers as they always were."""

import pytest

from assets.cli.commands.books import closings, list_receipts
from cloudkasse_etl.entities import COMPANY, KINDS
from cloudkasse_etl.rejections.record_names import ReceiptName
from cloudkasse_etl.rejections.rejection import Rejection
from cloudkasse_etl.sandbox.till.sales_summary import describe_sales
from cloudkasse_etl.sync.comparison.comparison_report import Comparison


def sold(count: int) -> str:
    counts = dict.fromkeys(("sales", "returns", "voids", "cash_receipts", "late", "closings"), count)
    kinds = {"Beleg": 4 * count, "AVTraining": 3}
    places = {"registers": ["1"] * count, "days": ["2026-07-01"] * count}
    return describe_sales({**counts, **places, "by_kind": kinds, "turnover_cents": 100, "vouchers_sold_cents": 0})


def test_what_was_sold() -> None:
    assert sold(1) == (
        "7 receipts on 1 register over 1 day: 1 sale, 1 return, 1 void, 1 of cash alone, 3 without effect. "
        "Turnover 1.00 gross, vouchers sold 0.00; 1 receipt comes late, 1 closing."
    )
    assert sold(2) == (
        "11 receipts on 2 registers over 2 days: 2 sales, 2 returns, 2 voids, 2 of cash alone, 3 without effect. "
        "Turnover 1.00 gross, vouchers sold 0.00; 2 receipts come late, 2 closings."
    )


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind is not COMPANY], ids=lambda kind: kind.name)
def test_a_comparison_of_one_record(kind: object) -> None:
    name = str(getattr(kind, "name", ""))

    def told(wanted: int, different: int, language: str = "en") -> str:
        return Comparison(name, "", wanted, 0, different, 0, 0, 0, ()).sentence(language)

    assert told(2, 0) == f"The till holds all 2 {name} as SelectLine wants them."
    assert told(1, 0) == f"The till holds the one {name.removesuffix('s')} as SelectLine wants it."
    assert told(1, 2).startswith(f"The till and SelectLine differ in 2 {name}: ")
    assert told(1, 1).startswith(f"The till and SelectLine differ in 1 {name.removesuffix('s')}: ")
    assert told(1, 0, "de").startswith("Das Kassensystem hat ")


@pytest.mark.parametrize(
    ("days", "english", "german"),
    [
        ("1", "After 1 day (", "Nach 1 Tag ("),
        ("14", "After 14 days (", "Nach 14 Tagen ("),
        ("0", "After 0 days (", "Nach 0 Tagen ("),
        ("1, 14", "After 1, 14 days (", "Nach 1, 14 Tagen ("),
        (None, "After ? days (", None),
    ],
)
def test_the_days_that_a_void_waits(days: str | None, english: str, german: str | None) -> None:
    waits = Rejection("revenue_postings", "r1", "receipt_original", {} if days is None else {"days": days})
    assert english in waits.cure()
    assert german is None or german in waits.cure("de")


@pytest.mark.parametrize("command", [list_receipts, closings])
def test_a_list_that_is_cut_after_the_first(command: object, capsys: pytest.CaptureFixture[str]) -> None:
    class Listed:
        register, number, business_day, total, receipt_count, status, receipt_id = "1", 1, None, None, 1, "open", "r"
        rejections, total_cents, no_effect, document = (), 100, None, None
        name = ReceiptName("r", "1", 1, cents=100, currency="EUR")

        def reason(self, _: str) -> str:
            return ""

    shown = command._print  # type: ignore[attr-defined]
    for limit, words in ((1, "The first is shown; --limit"), (2, "The first 2 are shown; --limit")):
        shown([Listed()] * 3, limit, "en")
        total = "3 receipts (3.00 €): 3 open (3.00 €)" if command is list_receipts else "3 closings"
        assert f"{total}\n{words}" in capsys.readouterr().out
