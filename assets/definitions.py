"""The code location: all assets, jobs, sensors and resources in one place. `dagster dev` loads `defs`."""

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import dagster as dg

from assets import action_needed, cloud_state, companies, deliveries, master_data, postings, prices, receipts, report
from assets.automation.alerts import alert_sensor
from assets.automation.chain.companies_sensor import companies_sensor
from assets.automation.delivery_sensor import delivery_sensor
from assets.automation.jobs import FETCHING, build_jobs, comparison_job
from assets.automation.plan_job import plan_job
from assets.automation.schedules import build_schedules
from assets.automation.sensors import dead_run_sensor, new_data_sensor, open_records_sensor, retry_sensor
from assets.automation.show_receipt_job import show_receipt_job
from assets.checks import completeness, legal_record
from assets.checks.cloud_equals_erp import cloud_checks, cloud_contents
from assets.instance.home import find_home
from assets.instance.retention import prune_sensor
from assets.run.partitions import by_company
from assets.run.resources import OnProgress, OnReport, OnRetry, options, sync_resource
from assets.ui.columns import with_columns
from assets.ui.freshness import with_freshness
from assets.ui.owners import with_code, with_owners
from assets.ui.translated import in_language
from cloudkasse_etl.config.companies.installation import Installation
from cloudkasse_etl.config.loading import load_installation
from cloudkasse_etl.config.sections.delivery_settings import Delivery
from cloudkasse_etl.entities import TillKind, kinds_of

NO_DELIVERY = Delivery()


def assets_of(till: TillKind, delivery: Delivery = NO_DELIVERY) -> tuple[dg.AssetsDefinition, ...]:
    """The assets that a run materialises, where the till is of this kind and this is delivered."""
    before = (
        *master_data.assets_of(till),
        *prices.assets_of(till),
        *cloud_state.assets_of(till),
        *receipts.assets_of(till),
        *postings.ASSETS,
        *deliveries.assets_of(delivery),
    )
    return (*before, report.report_on(before))


def build_defs(
    installation: Installation,
    *,
    protocol_folder: Path,
    started_by: str | None = None,
    on_report: OnReport | None = None,
    on_progress: OnProgress | None = None,
    on_retry: OnRetry = lambda text: None,
    with_links: bool = False,
    **overrides: Any,
) -> dg.Definitions:
    """Builds all definitions. Touches no network, disk or environment, so that tests can have fresh ones.

    Args:
        installation: The shop, or the chain of companies.
        protocol_folder: The folder of the runs' protocols.
        started_by: Who started the run, where this process executes its own; None: the run's tags say it.
        on_report: Called with the run's report.
        on_progress: Called with the progress of a long step; None: it is written to the run's log.
        on_retry: Called with a sentence before a request to the till is repeated.
        with_links: Links each asset to its code; our own source files are read for it.
        **overrides: Resources to use instead of ours, by key.

    Returns:
        The definitions of the code location.
    """
    shared = installation.shared
    sync = sync_resource(
        installation,
        protocol_folder=protocol_folder,
        started_by=started_by,
        on_report=on_report,
        on_progress=on_progress,
        after_run=action_needed.after_run,
        on_retry=on_retry,
    )
    till = shared.till.kind
    takes = bool(kinds_of(till))  # a till that takes no master data holds none that could be compared
    made = assets_of(till, shared.delivery)
    assets: Sequence[dg.AssetsDefinition] = (*made, action_needed.action_needed_asset(installation))
    for dress in (in_language, with_columns, with_owners, with_freshness, *((with_code,) if with_links else ())):
        assets = dress(assets, shared)
    assets = by_company(assets, installation)
    if installation.is_chain:
        assets = [*assets, *with_owners([companies.companies_asset(installation)], shared)]
    checks = [*in_language((*completeness.CHECKS, *legal_record.CHECKS), shared)]
    if takes:
        checks.append(cloud_checks(installation))
    jobs = {job.name: job for job in build_jobs(installation)}
    return dg.Definitions(
        assets=[*assets, *([cloud_contents(installation)] if takes else [])],
        asset_checks=by_company(checks, installation),
        jobs=[
            *jobs.values(),
            *([comparison_job(installation)] if takes else []),
            plan_job(installation),
            show_receipt_job(installation),
        ],
        schedules=build_schedules(installation, jobs),
        sensors=[
            dead_run_sensor(installation),
            retry_sensor(shared, list(jobs.values())),
            *([delivery_sensor(installation, jobs["deliver"])] if "deliver" in jobs else []),
            new_data_sensor(installation, [jobs[name] for name in FETCHING if name in jobs]),
            open_records_sensor(installation),
            alert_sensor(installation, protocol_folder=protocol_folder),
            prune_sensor(installation, storage=protocol_folder.parent),
            *([companies_sensor(installation)] if installation.is_chain else []),
        ],
        resources={"sync": sync, "options": options, **overrides},
        executor=dg.in_process_executor,
        loggers={"console": _silent_console},
    )


def _no_logger(context: dg.InitLoggerContext) -> logging.Logger:
    logger = logging.Logger("cloudkasse_silent")
    logger.addHandler(logging.NullHandler())
    return logger


# Named like the default one in the job's snapshot: a command's run belongs to the same job.
_silent_console = dg.LoggerDefinition(
    _no_logger,
    config_schema=dg.colored_console_logger.config_schema,
    description=dg.colored_console_logger.description,
)


@dg.definitions
def defs() -> dg.Definitions:
    """Reads the settings when the location loads: broken ones give a location error, and a reload heals it."""
    return build_defs(load_installation(), protocol_folder=find_home().protocols, with_links=True)
