"""The import: staged receipts become revenue postings and stock movements, in one step and one transaction a batch."""

from collections.abc import Iterator

import dagster as dg

from assets.checks.rejections import REVIEW, report_checks
from assets.receipts import staged_receipts
from assets.run.failures import plain_failures
from assets.run.resources import Sync
from assets.steps import Result, materialized
from cloudkasse_etl.entities import REVENUE_POSTINGS, STOCK_MOVEMENTS
from cloudkasse_etl.sync.receipts.receipt_import import import_if_chosen

GROUP = "postings"


@dg.multi_asset(
    name="import_receipts_step",
    specs=[
        dg.AssetSpec(
            REVENUE_POSTINGS,
            deps=[staged_receipts],
            group_name=GROUP,
            kinds={"sql"},
            description="The revenue postings (Umsätze) of the receipts that were imported: balanced, whole receipts "
            "only. A receipt for which an account is missing is rejected with the name of the setting.",
        ),
        dg.AssetSpec(
            STOCK_MOVEMENTS,
            deps=[staged_receipts],
            group_name=GROUP,
            kinds={"sql"},
            description="The stock movements (Lagerungen) of the receipts that were imported. A line whose article is "
            "unknown waits here, rejected, until the article exists; its revenue is booked all the same.",
        ),
    ],
    check_specs=[*report_checks(REVENUE_POSTINGS, REVIEW), *report_checks(STOCK_MOVEMENTS)],
)
def imported(sync: Sync) -> Iterator[Result]:
    """Books what is staged, if the run was asked to or fetched nothing itself."""
    with plain_failures(sync.settings.language):
        reports = import_if_chosen(sync)
    for report in reports:
        yield materialized(report, sync, *([REVIEW] if report.asset == REVENUE_POSTINGS else []))


ASSETS = (imported,)
