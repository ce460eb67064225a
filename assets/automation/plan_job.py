"""The job `plan`: the dry run in the UI. An op, not an asset: nothing is materialised, its table is in the run."""

from collections.abc import Mapping
from typing import Any, Literal

import dagster as dg
from pydantic import Field

from assets.instance import tags
from assets.run.failures import plain_failures
from assets.ui.plan_markdown import plan_counts, plan_markdown
from cloudkasse_etl.config.settings import Configuration
from cloudkasse_etl.i18n.text import say
from cloudkasse_etl.sync.dry_run.plan import plan

# The run config by which Dagster uses the console logger of our definitions, which is silent: a run's lines belong in
# its log, and in the terminal of `ui` they hide what Dagster itself has to say.
QUIET: Mapping[str, Any] = {"loggers": {"console": {}}}


def plan_job(configuration: Configuration) -> Any:
    """The job of the dry run. It takes no lease, so it blocks no synchronisation; in the UI it waits in the queue."""

    language = configuration.settings.language

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
            found = plan(configuration, config.what)
        text = plan_markdown(found, language)
        context.add_output_metadata({"plan": dg.MetadataValue.md(text), **plan_counts(found)})
        context.log.info(text)

    description = say(
        "Tells what a synchronisation and an import would do now, old to new, and does nothing: neither "
        "SelectLine nor the till nor our own tables are changed. The table stands in the run's step "
        "what_would_be_done, under its output."
    )
    return looking_job(tags.PLAN, what_would_be_done, PlanOptions, description.render(language))


def looking_job(name: str, step: dg.OpDefinition, options: type[dg.Config], description: str) -> Any:
    """A job of one step that changes nothing; its run config is the step's options, at the top level.

    Args:
        name: The job's name.
        step: What it does.
        options: The step's config.
        description: The job's text in the UI.

    Returns:
        The job.
    """

    @dg.job(
        name=name,
        executor_def=dg.in_process_executor,
        description=description,
        config=dg.ConfigMapping(
            config_fn=lambda config: {"ops": {step.name: {"config": dict(config)}}, **QUIET},
            config_schema=options.to_config_schema(),
        ),
    )
    def job() -> None:
        step()

    return job
