"""The page of what is open now: an asset of its own, which is about no run and takes no lease.

A run, a person's decision and a sensor bring it up to now, the sensor each minute; a person may materialise it too.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import dagster as dg

from assets.checks.nothing_open import open_check, open_result
from assets.instance.reported_assets import CONTENT, last_reported, report_if_changed
from assets.instance.run_history import last_run_of
from assets.instance.tags import company_of
from assets.run.failures import plain_failures
from assets.run.resources import AfterRun
from assets.ui.links import latest_page
from assets.ui.open_page import RELOAD, open_metadata
from cloudkasse_etl.config.companies.installation import Installation
from cloudkasse_etl.config.settings import Configuration, Settings
from cloudkasse_etl.entities import ACTION_NEEDED
from cloudkasse_etl.errors import CloudkasseError
from cloudkasse_etl.fingerprint import fingerprint
from cloudkasse_etl.i18n.text import say
from cloudkasse_etl.sync.monitoring.failed_runs import LastRun
from cloudkasse_etl.sync.monitoring.open_records import OpenReport, open_records, what_is_open
from cloudkasse_etl.sync.run.session import SyncSession

if TYPE_CHECKING:
    Result = dg.MaterializeResult[None]
else:
    Result = dg.MaterializeResult


_LOGGER = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Page:
    """What the asset shows, and by which it is known whether that has changed."""

    report: OpenReport
    notice: str
    link: str | None

    @property
    def content(self) -> str:
        language = self.report.language
        return fingerprint(f"{self.report.fingerprint} {self.notice} {language} {self.link}")

    def metadata(self, settings: Settings) -> Mapping[str, Any]:
        """What the asset shows."""
        return open_metadata(self.report, settings, notice=self.notice, page=self.link)


def action_needed_asset(installation: Installation) -> dg.AssetsDefinition:
    """The asset. Settings and connections are captured by a closure: Dagster shows and stores config."""

    @dg.asset(
        name=ACTION_NEEDED,
        group_name="report",
        kinds={"report"},
        check_specs=[open_check(installation.shared)],
        description=say(
            "What is open now, over all assets: every cause with what to do, the records, the money that is stuck, "
            "and what waits. First things first: most money, then most records. It is always about now, looked at "
            "each minute and at the end of each run; the time beside it tells when something last changed."
        ).render(installation.shared.language),
    )
    def action_needed(context: dg.AssetExecutionContext) -> Result:
        company = company_of(context.run.tags)
        with plain_failures(installation.shared.language):
            configuration = installation.configuration(company)
            settings = configuration.settings
            report = open_records(configuration, last_run=last_run_of(context.instance, company))
        before = last_reported(context.instance, ACTION_NEEDED, company)
        page = _Page(report, _noticed(before), latest_page(before, company))
        return dg.MaterializeResult(
            metadata=page.metadata(settings),
            check_results=[open_result(report, settings)],
            tags={CONTENT: page.content},
        )

    return action_needed


def after_run(configuration: Configuration) -> AfterRun:
    """What a run calls at its end, failed ones too: the page is brought up to now. No run fails by it."""

    def refreshed(instance: dg.DagsterInstance, session: SyncSession | None, ended: LastRun) -> None:
        try:
            last_run = last_run_of(instance, configuration.company, ended)
            if session is None:
                report = open_records(configuration, last_run=last_run)
            else:
                # a run that lost its lease may store nothing, not even the sums of what is booked
                sums = None if session.store.connection.lost else session.receipt_sums()
                report = what_is_open(session.store, configuration.settings, sums=sums, last_run=last_run)
            refresh(instance, configuration, report)
        except CloudkasseError as error:  # a database is away: the sensor brings it up to now once that is back
            _LOGGER.info("Asset %s could not be refreshed: %s", ACTION_NEEDED, error)
        except Exception as error:  # noqa: BLE001 -- the run has ended as it has; its books do not hang on this page
            _LOGGER.warning("Asset %s could not be refreshed: %s", ACTION_NEEDED, error)

    return refreshed


def refresh(
    instance: dg.DagsterInstance, configuration: Configuration, report: OpenReport, *, notice: str | None = None
) -> bool:
    """Brings the page up to now, if it shows something else.

    Args:
        instance: Where it is recorded.
        configuration: Settings and connections.
        report: What is open.
        notice: What one has to know of the settings file, empty for nothing; None: as the page says already.

    Returns:
        Whether it showed something else.
    """
    before = last_reported(instance, ACTION_NEEDED, configuration.company)
    page = _Page(report, _noticed(before) if notice is None else notice, latest_page(before, configuration.company))
    return report_if_changed(
        instance,
        ACTION_NEEDED,
        page.content,
        metadata=page.metadata(configuration.settings),
        check=open_result(report, configuration.settings),
        before=before,
        company=configuration.company,
    )


def _noticed(before: dg.AssetMaterialization | None) -> str:
    known = before.metadata.get(RELOAD) if before else None
    return known.text or "" if isinstance(known, dg.TextMetadataValue) else ""
