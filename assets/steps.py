"""What all assets have in common: one use case, its report as metadata and checks, its errors in plain words."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import dagster as dg

from assets.checks.rejections import REJECTIONS, check_results
from assets.ui.columns import lineage
from assets.ui.metadata import asset_metadata
from cloudkasse_etl.errors import CloudkasseError
from cloudkasse_etl.i18n.text import Language, told
from cloudkasse_etl.sync.run.report import AssetReport
from cloudkasse_etl.sync.run.session import SyncSession

# What an asset's function takes to get the run's session: the resource `sync`.
Sync = dg.ResourceParam[SyncSession]
# What it returns. Dagster knows its own class in an annotation only without the type argument that mypy wants.
if TYPE_CHECKING:
    Result = dg.MaterializeResult[None]
else:
    Result = dg.MaterializeResult


def carry_out(use_case: Callable[[SyncSession], AssetReport], session: SyncSession, *checks: str) -> Result:
    """Runs a use case and returns what the asset shows of it.

    Args:
        use_case: Takes the session, returns the report.
        session: The run's session.
        checks: The names of the checks that the asset declares besides that of open rejections.

    Raises:
        dg.Failure: The step could not work at all. Rejected records never raise.
    """
    with plain_failures(session.settings.language):
        report = use_case(session)
    return materialized(report, session, *checks)


def materialized(report: AssetReport, session: SyncSession, *checks: str) -> Result:
    """A report as Dagster's materialisation, with the results of the declared checks."""
    settings = session.configuration.settings
    return dg.MaterializeResult(
        asset_key=report.asset,
        metadata={**asset_metadata(report, settings, session.protocol_path), **lineage(report.asset)},
        check_results=check_results(report, (REJECTIONS, *checks), settings),
    )


@contextmanager
def plain_failures(language: Language) -> Iterator[None]:
    """Turns our errors into Dagster's failure, which the UI shows with the message first and no traceback of ours."""
    try:
        yield
    except CloudkasseError as error:
        raise failure(error, language) from None


RESTARTS = "may pass by itself"


def failure(error: CloudkasseError, language: Language) -> dg.Failure:
    """An error in the words of a person, and whether the run may be started again by itself."""
    metadata: dict[str, Any] = {"what to do": dg.MetadataValue.text(told(error.hint, language))} if error.hint else {}
    metadata[RESTARTS] = dg.MetadataValue.bool(error.is_restartable)
    return dg.Failure(error.told(language), metadata=metadata, allow_retries=error.is_restartable)


def is_restartable(event: dg.DagsterEvent) -> bool:
    """Whether a step failed on something that may pass by itself; the exception itself is gone by then."""
    told = event.step_failure_data.user_failure_data
    return told is not None and bool((value := told.metadata.get(RESTARTS)) and value.value)
