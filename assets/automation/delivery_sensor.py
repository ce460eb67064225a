"""The sensor that notices what became of documents in SelectLine: taken over, discarded, processed, gone."""

from typing import Any

import dagster as dg

from assets.automation.schedules import what_is_going_on
from cloudkasse_etl.config.settings import Configuration
from cloudkasse_etl.errors import CloudkasseError
from cloudkasse_etl.i18n.text import say
from cloudkasse_etl.sync.deliveries.state_watch import changes_in_selectline

SECONDS_BETWEEN_LOOKS = 60


def delivery_sensor(configuration: Configuration, job: Any) -> dg.SensorDefinition:
    """Starts the job that follows deliveries, once something has become of one of them.

    Args:
        configuration: Settings and connections.
        job: The job.
    """
    language = configuration.settings.language

    @dg.sensor(
        name="delivered_documents",
        job=job,
        minimum_interval_seconds=SECONDS_BETWEEN_LOOKS,
        description=say(
            "Looks each minute whether a document in SelectLine's inbox was taken over or discarded, or a batch in its "
            "ledger processed, and starts job deliver then. Where nothing waits there, SelectLine is not asked."
        ).render(language),
    )
    def delivered_documents(context: dg.SensorEvaluationContext) -> dg.SkipReason | dg.RunRequest:
        if going_on := what_is_going_on(context.instance):
            return dg.SkipReason(going_on.render(language))
        try:
            found = changes_in_selectline(configuration)
        except CloudkasseError as error:
            return dg.SkipReason(error.render(language))
        if found is None:
            return dg.SkipReason(say("Nothing has become of what was delivered into SelectLine.").render(language))
        return dg.RunRequest(run_key=found)  # a run that could not follow it is not started for the same once more

    return delivered_documents
