"""The jobs that a person or a schedule starts. Each ends in sync_report; their kinds are in tags.py."""

from collections.abc import Mapping
from typing import Any

import dagster as dg
from pydantic import Field, create_model

from assets.automation.plan_job import QUIET
from assets.checks.cloud_equals_erp import keys_of
from assets.deliveries import GROUP as DELIVERY_GROUP
from assets.instance import tags
from assets.run.resources import Options
from cloudkasse_etl.config.companies.installation import Installation
from cloudkasse_etl.config.settings import Settings
from cloudkasse_etl.entities import ACTION_NEEDED, COMPANIES, contents_of, kinds_of
from cloudkasse_etl.i18n.text import Text, rendered, say

MASTER_DATA_GROUPS = ("master_data", "prices", "cloud_state", "report")


FETCHING = ("sync_all", "sync_master_data", "sync_receipts")
RECEIPT_GROUPS = ("receipts", "postings", "report")
_FETCHING = ("full", "retry_rejected", "allow_retire", "import_receipts")
# The options of each job that a person can set; the launchpad shows these and no others.
OPTIONS: Mapping[str, tuple[str, ...]] = {
    "sync_all": _FETCHING,
    "sync_master_data": ("full", "retry_rejected", "allow_retire"),
    "sync_receipts": ("retry_rejected", "import_receipts"),
    "import_receipts": ("retry_rejected", "receipt_ids"),
    "deliver": ("only_register", "only_day"),
}


def build_jobs(installation: Installation) -> list[Any]:
    """The jobs that synchronise: whether one imports what it fetched has its default in the settings."""
    settings = installation.shared
    master_data = _job(
        "sync_master_data",
        dg.AssetSelection.groups(*MASTER_DATA_GROUPS),
        installation,
        say(
            "Brings master data, like articles and gross prices, up to the till. "
            "Sends only what has changed; says so and stops when nothing has."
        ),
    )
    return [
        _job(
            "sync_all",
            dg.AssetSelection.all() - dg.AssetSelection.groups(DELIVERY_GROUP) | _delivered_at_once(settings),
            installation,
            say("Synchronises everything between SelectLine and the till: all that the other jobs do, in one run."),
        ),
        *([master_data] if kinds_of(settings.till.kind) else []),
        _job(
            "sync_receipts",
            dg.AssetSelection.groups(*RECEIPT_GROUPS) | _delivered_at_once(settings),
            installation,
            say(
                "Fetches the receipts and closings that have come in since the last time, checks and stages them; "
                "imports them too, if asked."
            ),
        ),
        _job(
            "import_receipts",
            dg.AssetSelection.groups("postings", "report") | _delivered_at_once(settings),
            installation,
            say("Books the receipts that are staged: revenue postings and stock movements."),
        ),
        *([_delivery(installation)] if settings.delivery.is_on else []),
    ]


def _delivery(installation: Installation) -> Any:
    return _job(
        "deliver",
        dg.AssetSelection.groups(DELIVERY_GROUP, "report"),
        installation,
        say(
            "Brings what is booked into SelectLine, each document and batch exactly once, and looks what became of "
            "those that are there."
        ),
    )


def _delivered_at_once(settings: Settings) -> dg.AssetSelection:
    """The deliveries, where each import is to be followed by one."""
    is_direct = settings.delivery.is_on and settings.delivery.when == "direct"
    return dg.AssetSelection.groups(DELIVERY_GROUP) if is_direct else dg.AssetSelection.assets()


def comparison_job(installation: Installation) -> Any:
    """The job that compares all records of the till. It takes no lease and has no report."""
    settings = installation.shared
    return dg.define_asset_job(
        tags.COMPARISON,
        selection=dg.AssetSelection.checks(*keys_of(settings.till.kind)),
        config=dict(QUIET)
        if installation.is_chain
        else dg.ConfigMapping(config_fn=lambda config: dict(QUIET), config_schema={}),
        executor_def=dg.in_process_executor,
        description=say(
            "Compares what the till holds with what SelectLine wants now, record by record, and changes "
            "nothing. What differs is shown by the checks of asset {asset}.",
            asset=contents_of(settings.till.kind),
        ).render(settings.language),
    )


def run_config(options: Mapping[str, Any], *, is_chain: bool) -> Mapping[str, Any]:
    """The run config of a job with these options.

    Args:
        options: The options that the job has, by name.
        is_chain: Whether the job is partitioned: Dagster maps no config of such a job.
    """
    return _lift(options) if is_chain else options


def _lift(options: Mapping[str, Any]) -> Mapping[str, Any]:
    return {"resources": {"options": {"config": dict(options)}}, **QUIET}


def _config(job: str, installation: Installation) -> dg.ConfigMapping | Mapping[str, Any]:
    """A job's run config: its options at the top level, so that `full: true` is the whole config.

    In a chain it is that of every company, written where the options are: each company's settings decide about imports.
    """
    settings = installation.shared
    if installation.is_chain:
        return _lift({name: Options.model_fields[name].default for name in OPTIONS[job]})
    fields: dict[str, Any] = {}
    for name in OPTIONS[job]:
        known = Options.model_fields[name]
        description = rendered(known.description or "", settings.language)
        annotation, default = known.annotation, known.default
        if name == "import_receipts":  # always explicit, so that the launchpad shows what would happen
            annotation, default = bool, settings.receipts.import_ == "direct"
        fields[name] = (annotation, Field(default=default, description=description))
    options = create_model("JobOptions", __base__=dg.Config, **fields)

    return dg.ConfigMapping(config_fn=_lift, config_schema=options.to_config_schema())


def _job(name: str, selection: dg.AssetSelection, installation: Installation, description: Text) -> Any:
    settings = installation.shared
    return dg.define_asset_job(
        name,
        selection=selection
        - dg.AssetSelection.checks(*keys_of(settings.till.kind))
        - dg.AssetSelection.assets(ACTION_NEEDED, *([COMPANIES] if installation.is_chain else [])),
        config=_config(name, installation),
        tags=tags.NO_RETRY_OF_DAGSTERS,
        executor_def=dg.in_process_executor,
        description=description.render(settings.language),
    )
