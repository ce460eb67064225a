"""Imports Dagster and runs a job of 12 empty assets in this process: empty_job.py FOLDER-OF-DAGSTER.YAML."""

import sys

import dagster as dg

NO_COMPUTE_LOGS = {
    "compute_logs": {
        "module": "dagster._core.storage.noop_compute_log_manager",
        "class": "NoOpComputeLogManager",
        "config": {},
    }
}


def empty_asset(number: int) -> dg.AssetsDefinition:
    @dg.asset(name=f"asset_{number}", deps=[f"asset_{number - 1}"] if number else [])
    def empty() -> None:
        """Does nothing."""

    return empty


if __name__ == "__main__":
    with dg.DagsterInstance.local_temp(sys.argv[1], overrides=NO_COMPUTE_LOGS) as instance:
        assert dg.materialize([empty_asset(number) for number in range(12)], instance=instance).success
