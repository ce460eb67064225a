"""Sensor `new_data` in a chain: all companies are looked at at once, and runs start only for those with news."""

from collections.abc import Sequence

import dagster as dg

from assets.automation.chain.turns import in_order_after, named
from assets.automation.going_on import companies_busy
from assets.instance import tags
from assets.run.partitions import known_companies
from cloudkasse_etl.config.companies.installation import Installation
from cloudkasse_etl.errors import CloudkasseError
from cloudkasse_etl.i18n.text import Text, joined, say
from cloudkasse_etl.sync.monitoring.looking_at_companies import Look, look_at_companies
from cloudkasse_etl.sync.monitoring.new_data import Novelty

_TOLD_PROBLEMS = 5


def look_at_all(context: dg.SensorEvaluationContext, installation: Installation) -> dg.SkipReason | list[dg.RunRequest]:
    """Looks at all companies that have no run going on, and asks for runs of those with news.

    Args:
        context: The sensor's; its cursor is the company that was the last to be looked at.
        installation: The chain.

    Returns:
        The runs, or why there are none.
    """
    language = installation.shared.language
    try:
        keys = in_order_after(context.cursor, known_companies(context.instance, installation))
    except CloudkasseError as error:
        return dg.SkipReason(error.render(language))
    busy = companies_busy(context.instance)
    looks = look_at_companies(installation.configuration, [key for key in keys if key not in busy])
    if looks:
        context.update_cursor(looks[-1].company)
    started = [look for look in looks if look.novelty is not None and look.novelty.kind is not None]
    text = _told(looks, len(keys), len(started), len(busy & {*keys})).render(language)
    if not started:
        return dg.SkipReason(text)
    context.log.info(text)
    return [request_of(look.novelty, context.instance, look.company) for look in started if look.novelty]


def request_of(novelty: Novelty, instance: dg.DagsterInstance, company: str | None = None) -> dg.RunRequest:
    """The run that takes over what is new.

    Args:
        novelty: What is new.
        instance: Dagster's history.
        company: The company's key in a chain.

    Returns:
        The request; equal states have equal keys, and are started once.
    """
    kind = str(novelty.kind)
    return dg.RunRequest(
        run_key=":".join(filter(None, (company, kind, novelty.key + _after_an_outage(instance, company)))),
        job_name=tags.job_of(kind),
        partition_key=company,
    )


def _after_an_outage(instance: dg.DagsterInstance, company: str | None) -> str:
    """Part of a run's key: after a run that broke on network or database, the same state may start another.

    By then the check has reached both again. After any other failure a person has to change something first.
    """
    records = instance.get_run_records(dg.RunsFilter(tags=tags.of_company(company)), limit=1)
    run = records[0].dagster_run if records else None
    broke = run is not None and run.status is dg.DagsterRunStatus.FAILURE and tags.may_pass_by_itself(run.tags)
    return f":{run.run_id}" if run is not None and broke else ""


def _told(looks: Sequence[Look], known: int, started: int, busy: int) -> Text:
    """How many were looked at, and what was found; those that could not be reached by name."""
    unreachable = [look for look in looks if look.problem is not None]
    head = say(
        "{looked:,} of {known:,} companies looked at: {level:,} level, {started:,} started, {unreachable:,} "
        "unreachable; {busy:,} have a run already.",
        looked=len(looks), known=known, level=len(looks) - started - len(unreachable), started=started,
        unreachable=len(unreachable), busy=busy,
    )  # fmt: skip
    named_ones = [named(look.company, look.problem or "") for look in unreachable[:_TOLD_PROBLEMS]]
    more = len(unreachable) - len(named_ones)
    return joined(" ", [head, *named_ones, *([say("… {count:,} more", count=more)] if more else [])])
