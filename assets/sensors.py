"""Sensors. What they do to runs is in runs.py."""

import dagster as dg

from assets.runs import repair_dead_runs
from cloudkasse_etl.errors import CloudkasseError
from cloudkasse_etl.settings import Configuration

SECONDS_BETWEEN_LOOKS = 10


def dead_run_sensor(configuration: Configuration) -> dg.SensorDefinition:
    """Marks runs whose process died as failed, since Dagster's own run monitoring does not see those of a command."""

    @dg.sensor(
        name="dead_runs",
        minimum_interval_seconds=SECONDS_BETWEEN_LOOKS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Marks runs as failed whose process has died, so that they do not hold up the queue. "
        "It starts nothing; leave it switched on.",
    )
    def dead_runs(context: dg.SensorEvaluationContext) -> dg.SkipReason:
        try:
            repaired = repair_dead_runs(context.instance, configuration)
        except CloudkasseError as error:
            return dg.SkipReason(str(error))
        if repaired:
            return dg.SkipReason(f"Marked as failed: {', '.join(run_id[:8] for run_id in repaired)}.")
        return dg.SkipReason("No dead run.")

    return dead_runs
