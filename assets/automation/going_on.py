"""Tells what is queued or running, so that schedules and sensors start nothing beside it."""

import dagster as dg

from assets.instance import tags
from cloudkasse_etl.i18n.text import Text, say

_GOING_ON = (
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
)


def companies_busy(instance: dg.DagsterInstance) -> set[str | None]:
    """The companies that have a run which is queued or running; None is a single shop's."""
    records = instance.get_run_records(dg.RunsFilter(statuses=list(_GOING_ON)))
    return {tags.company_of(record.dagster_run.tags) for record in records}


def what_is_going_on(instance: dg.DagsterInstance, company: str | None = None) -> Text | None:
    """A text about the run, of a company in a chain, that is queued or running; None if there is none.

    A second run would only wait for it and then find nothing left to do.
    """
    filters = dg.RunsFilter(statuses=list(_GOING_ON), tags=tags.of_company(company))
    records = instance.get_run_records(filters, limit=1)
    if not records:
        return None
    run = records[0].dagster_run
    name = say("single assets") if run.job_name.startswith("__") else run.job_name
    is_queued = run.status in (dg.DagsterRunStatus.QUEUED, dg.DagsterRunStatus.NOT_STARTED)
    if is_queued:
        return say("A synchronisation is queued already: {job}, run {run}.", job=name, run=run.run_id[:8])
    return say("A synchronisation is running already: {job}, run {run}.", job=name, run=run.run_id[:8])
