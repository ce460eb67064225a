"""The job `plan`: the dry run in the UI. An op, not an asset: nothing is materialised, its table is in the run."""

from collections.abc import Mapping
from typing import Any, Literal

import dagster as dg
from pydantic import Field

from assets.instance import tags
from assets.run.failures import plain_failures
from assets.run.partitions import partitions_of
from assets.ui.plan_markdown import plan_counts, plan_markdown
from cloudkasse_etl.config.companies.installation import Installation
from cloudkasse_etl.i18n.text import say
from cloudkasse_etl.sync.dry_run.plan import plan

# The run config by which Dagster uses the console logger of our definitions, which is silent: a run's lines belong in
# its log, and in the terminal of `ui` they hide what Dagster itself has to say.
QUIET: Mapping[str, Any] = {"loggers": {"console": {}}}


def plan_job(installation: Installation) -> Any:
    """The job of the dry run. It takes no lease, so it blocks no synchronisation; in the UI it waits in the queue."""

    language = installation.shared.language

    class PlanOptions(dg.Config):
        """What the dry run is about."""

        what: Literal["all", "master-data", "receipts", "import"] = Field(
            default="all", description=say("Everything with an import at the end, or a part of it.").render(language)
        )

    @dg.op(
        name="what_would_be_done",
        out=dg.Out(dg.Nothing),
        description=say(
            "Runs the synchronisation's own code on a copy in memory. The plan is this step's output metadata."
        ).render(language),
    )
    def what_would_be_done(context: dg.OpExecutionContext, config: PlanOptions) -> None:
        with plain_failures(language):
            configuration = installation.configuration(tags.company_of(context.run.tags))
            found = plan(configuration, config.what)
        text = plan_markdown(found, language)
        context.add_output_metadata({"plan": dg.MetadataValue.md(text), **plan_counts(found)})
        context.log.info(text)

    description = say(
        "Tells what a synchronisation and an import would do now, old to new, and does nothing: neither "
        "SelectLine nor the till nor our own tables are changed. The table stands in the run's step "
        "what_would_be_done, under its output."
    )
    return looking_job(installation, tags.PLAN, what_would_be_done, PlanOptions, description.render(language))


def looking_job(
    installation: Installation, name: str, step: dg.OpDefinition, options: type[dg.Config], description: str
) -> Any:
    """A job of one step that changes nothing; its run config is the step's options, at the top level.

    Args:
        installation: In a chain the job is about one of the companies.
        name: The job's name.
        step: What it does.
        options: The step's config.
        description: The job's text in the UI.

    Returns:
        The job.
    """

    def lift(config: Mapping[str, Any]) -> Mapping[str, Any]:
        return {"ops": {step.name: {"config": dict(config)}}, **QUIET}

    @dg.job(
        name=name,
        executor_def=dg.in_process_executor,
        partitions_def=partitions_of(installation),
        description=description,
        # Dagster maps no config of a partitioned job: there it is written where the step takes it
        config=lift(options().model_dump())
        if installation.is_chain
        else dg.ConfigMapping(config_fn=lift, config_schema=options.to_config_schema()),
    )
    def job() -> None:
        step()

    return job
