"""Sensor `companies`: keeps Dagster's partitions what the folder of settings says, and names files that are broken."""

import dagster as dg
from dagster import AddDynamicPartitionsRequest, DeleteDynamicPartitionsRequest

from assets.automation.chain.turns import named
from assets.checks.nothing_open import broken_result
from assets.instance.reported_assets import last_reported, report_if_changed
from assets.instance.typed_commands import as_typed, telling_about
from assets.run.partitions import COMPANIES, NAME
from cloudkasse_etl.config.companies.installation import Installation
from cloudkasse_etl.entities import ACTION_NEEDED
from cloudkasse_etl.errors import CloudkasseError, ConfigurationError
from cloudkasse_etl.fingerprint import fingerprint
from cloudkasse_etl.i18n.text import Text, joined, say

SECONDS_BETWEEN_LOOKS = 30
_TOLD_PROBLEMS = 10


def companies_sensor(installation: Installation) -> dg.SensorDefinition:
    """Adds a partition for each settings file that is new, and removes those whose file is gone."""
    language = installation.shared.language

    @dg.sensor(
        name="companies",
        minimum_interval_seconds=SECONDS_BETWEEN_LOOKS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description=say(
            "Looks which companies have a settings file, and makes a partition of each; names files that are broken. "
            "It starts nothing; leave it switched on."
        ).render(language),
    )
    def companies(context: dg.SensorEvaluationContext) -> dg.SensorResult:
        try:
            keys = installation.companies()
        except CloudkasseError as error:  # a folder that is not mounted removes no company
            return dg.SensorResult(skip_reason=error.render(language))
        known = {*context.instance.get_dynamic_partitions(NAME)}
        new, gone = [key for key in keys if key not in known], sorted(known - {*keys})
        changes: list[AddDynamicPartitionsRequest | DeleteDynamicPartitionsRequest] = [
            *([COMPANIES.build_add_request(new)] if new else []),
            *([COMPANIES.build_delete_request(gone)] if gone else []),
        ]
        texts: list[Text | str] = [say("{count:,} companies.", count=len(keys))]
        if new:
            texts.append(say("New: {names}.", names=", ".join(new)))
        if gone:
            texts.append(say("Gone: {names}.", names=", ".join(gone)))
        problems = [named(key, problem) for key, problem in _broken(context.instance, installation, keys)]
        problems += [problem.text_of() for problem in installation.misfits()]
        return dg.SensorResult(
            dynamic_partitions_requests=changes,
            skip_reason=joined(" ", [*texts, *problems[:_TOLD_PROBLEMS]]).render(language),
        )

    return companies


def _broken(instance: dg.DagsterInstance, installation: Installation, keys: tuple[str, ...]) -> list[tuple[str, Text]]:
    """The companies whose settings are broken, each shown on its own page of what is open."""
    found = []
    for key in keys:
        try:
            installation.configuration(key)
        except ConfigurationError as error:
            text = joined(" ", [problem.text_of() for problem in error.problems] or [error.message])
            found.append((key, text))
            told = say("The settings of this company are broken, and it is not synchronised. {problems}", problems=text)
            _show(instance, installation, key, told)
    return found


def _show(instance: dg.DagsterInstance, installation: Installation, key: str, text: Text) -> None:
    sentence = text.render(installation.shared.language)
    with telling_about(key):
        report_if_changed(
            instance,
            ACTION_NEEDED,
            fingerprint(sentence),
            metadata={"summary": dg.MetadataValue.text(as_typed(sentence))},
            check=broken_result(sentence),
            before=last_reported(instance, ACTION_NEEDED, key),
            company=key,
        )
