"""The common part of all assets: one use case, its report as metadata and checks. Its errors: run/failures.py."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import dagster as dg

from assets.checks.rejections import REJECTIONS, check_results
from assets.run.failures import plain_failures
from assets.ui.columns import lineage
from assets.ui.metadata import asset_metadata, settings_entries
from cloudkasse_etl.entities import STAGED_RECEIPTS
from cloudkasse_etl.rejections.record_names import OF_RECEIPTS
from cloudkasse_etl.sync.run.report import AssetReport
from cloudkasse_etl.sync.run.session import SyncSession

# An asset's return type. In annotations Dagster recognises its own class only without the type argument for mypy.
if TYPE_CHECKING:
    Result = dg.MaterializeResult[None]
else:
    Result = dg.MaterializeResult


def carry_out(use_case: Callable[[SyncSession], AssetReport], session: SyncSession, *checks: str) -> Result:
    """Runs a use case and returns the asset's result.

    Args:
        use_case: Takes the session, returns the report.
        session: The run's session.
        checks: The names of the checks that the asset declares besides that of open rejections.

    Returns:
        The materialisation with metadata and check results.

    Raises:
        dg.Failure: The step could not work at all. Rejected records never raise.
    """
    with plain_failures(session.settings.language):
        report = use_case(session)
    return materialized(report, session, *checks)


def materialized(report: AssetReport, session: SyncSession, *checks: str) -> Result:
    """A report as Dagster's materialisation, with the results of the declared checks.

    Args:
        report: The asset's report.
        session: The run's session.
        checks: The names of the checks that the asset declares besides that of open rejections.

    Returns:
        The materialisation with metadata and check results.
    """
    settings = session.configuration.settings
    sums = session.receipt_sums() if report.asset in OF_RECEIPTS else None
    is_next = report.asset == STAGED_RECEIPTS and session.wants_import
    told = asset_metadata(report, settings, session.protocol_path, sums, is_import_next=is_next)
    return dg.MaterializeResult(
        asset_key=report.asset,
        metadata={**told, **settings_entries(session.settings_note, settings.language), **lineage(report.asset)},
        check_results=check_results(report, (REJECTIONS, *checks), settings),
    )
