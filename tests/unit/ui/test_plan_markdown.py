"""Protects the plan in the UI: its counts are what its tables show, and its records are called by name."""

from assets.ui.plan_markdown import plan_counts, plan_markdown
from cloudkasse_etl.rejections.record_names import ReceiptName, name_of
from cloudkasse_etl.rejections.rejection import Rejection
from cloudkasse_etl.sync.dry_run.plan_report import EntityPlan, Plan, PlannedRecord, ReceiptsPlan

REFUSED = Rejection("selectline_articles", "604", "price_missing", {"groups": "1"}, still=True)
RECEIPTS = tuple(
    Rejection(
        "staged_receipts",
        f"{n:08x}-8f45-4000-8000-000000000000",
        "receipt_register_unknown",
        {"value": "K9"},
        still=n == 0,
        record=ReceiptName(f"{n}", "K9", n, None, 771, "EUR"),
    )
    for n in range(8)
)
GONE = PlannedRecord(
    "204", "retired", '{"name": "Zwetschgen"}', None, name_of("cloudkasse_articles", "204", "Zwetschgen")
)
PLAN = Plan(
    "all", (EntityPlan("articles", (GONE,), rejections=(REFUSED,)),), ReceiptsPlan({}, 0, 0, {}, (), RECEIPTS, 0)
)


def test_what_a_plan_counts_as_rejected_is_what_its_tables_show() -> None:
    counts = plan_counts(PLAN)
    assert (counts["rejected"], counts["resting"]) == (7, 2)
    text = plan_markdown(PLAN, "en")
    assert "#### Would be rejected: 1, 1 of them as before" in text
    assert "#### Would be rejected: 8, 1 of them as before" in text


def test_a_plan_calls_records_by_name_and_a_retirement_takes_no_name_away() -> None:
    text = plan_markdown(PLAN, "en")
    assert "| - | 204 Zwetschgen |  | active | retired |" in text.replace("\\-", "-")
    assert "(empty)" not in text
    assert "K9-1 · 7.71 €" in text
    assert "-8f45-" not in text
