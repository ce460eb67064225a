"""The jobs that a person or a schedule starts. Each ends in sync_report; their kinds are in tags.py."""

from collections.abc import Mapping
from typing import Any

import dagster as dg

from assets.resources import Options

MASTER_DATA_GROUPS = ("master_data", "prices", "cloud_state", "report")


@dg.config_mapping
def flat_options(config: Options) -> Mapping[str, Any]:
    """Lifts the fields of resource `options` to the top of a job's run config: `full: true` is all one writes.

    Naming the console logger makes Dagster take that of our definitions, which a command keeps silent.
    """
    return {"resources": {"options": {"config": config.model_dump()}}, "loggers": {"console": {}}}


sync_master_data = dg.define_asset_job(
    "sync_master_data",
    selection=dg.AssetSelection.groups(*MASTER_DATA_GROUPS),
    config=flat_options,
    executor_def=dg.in_process_executor,
    description="Brings company, registers, employees, articles and gross prices up to CloudKasse. "
    "Sends only what has changed; says so and stops when nothing has.",
)

sync_all = dg.define_asset_job(
    "sync_all",
    selection=dg.AssetSelection.all(),
    config=flat_options,
    executor_def=dg.in_process_executor,
    description="Synchronises everything between SelectLine and CloudKasse: all that the other jobs do, in one run.",
)

JOBS = (sync_all, sync_master_data)
