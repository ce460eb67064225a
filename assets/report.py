"""The run's report: the last asset of every job, which states the run's result in one sentence."""

from collections.abc import Iterator, Sequence

import dagster as dg

from assets.checks.waiting import waiting_check, waiting_result
from assets.run.failures import plain_failures
from assets.run.resources import Sync
from assets.steps import Result
from assets.ui.metadata import run_metadata
from cloudkasse_etl.entities import SYNC_REPORT
from cloudkasse_etl.errors import OutcomeFailedError
from cloudkasse_etl.sync.run.report import Outcome


def ends_of(assets: Sequence[dg.AssetsDefinition]) -> list[dg.AssetKey]:
    """The assets on which no other one depends: with an edge from each asset the graph would be all arrows."""
    parents = {parent for asset in assets for some in asset.asset_deps.values() for parent in some}
    return [key for asset in assets for key in asset.keys if key not in parents]


def report_on(assets: Sequence[dg.AssetsDefinition]) -> dg.AssetsDefinition:
    """The asset of the run's result.

    Args:
        assets: All that a run may materialise before.
    """

    @dg.asset(
        group_name="report",
        kinds={"report"},
        deps=ends_of(assets),
        op_tags={"dagster/priority": "-1"},  # last of some assets too, where no end is among them
        check_specs=[waiting_check(SYNC_REPORT)],
    )
    def sync_report(sync: Sync) -> Iterator[Result]:
        """What the run came to: one sentence, the totals, and the first records that failed.

        The whole protocol lies beside it as a CSV file. The run turns red here if everything that was tried was
        rejected.
        """
        with plain_failures(sync.settings.language):
            report = sync.finish()
            yield dg.MaterializeResult(
                metadata=run_metadata(report, sync.configuration),
                check_results=[waiting_result(sync)],
            )
            if report.outcome is Outcome.FAILED:
                raise OutcomeFailedError(report.message)

    return sync_report
