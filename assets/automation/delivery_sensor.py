"""The sensor that notices what became of documents in SelectLine: taken over, discarded, processed, gone."""

from typing import Any

import dagster as dg

from assets.automation.chain.turns import in_turn
from assets.run.partitions import NAME
from cloudkasse_etl.config.companies.installation import Installation
from cloudkasse_etl.config.settings import Configuration
from cloudkasse_etl.i18n.text import Text, say
from cloudkasse_etl.sync.deliveries.state_watch import changes_in_selectline

SECONDS_BETWEEN_LOOKS = 60


def delivery_sensor(installation: Installation, job: Any) -> dg.SensorDefinition:
    """Starts the job that follows deliveries, once something has become of one of them.

    Args:
        installation: The shop, or the chain, whose companies it looks at in turn.
        job: The job.
    """
    language = installation.shared.language

    @dg.sensor(
        name="delivered_documents",
        job=job,
        minimum_interval_seconds=SECONDS_BETWEEN_LOOKS,
        description=say(
            "Looks each minute whether a document in SelectLine's inbox was taken over or discarded, or a batch in its "
            "ledger processed, and starts job deliver then. Where nothing waits there, SelectLine is not asked."
        ).render(language),
    )
    def delivered_documents(context: dg.SensorEvaluationContext) -> dg.SkipReason | list[dg.RunRequest]:
        requests: list[dg.RunRequest] = []

        def look(configuration: Configuration) -> Text:
            found, company = changes_in_selectline(configuration), configuration.company
            if found is not None and (company is None or context.instance.has_dynamic_partition(NAME, company)):
                # a run that could not follow it is not started for the same once more
                key = found if company is None else f"{company}:{found}"
                requests.append(dg.RunRequest(run_key=key, partition_key=company))
            return say("Nothing has become of what was delivered into SelectLine.")

        text = in_turn(context, installation, look)
        return requests or dg.SkipReason(text)

    return delivered_documents
