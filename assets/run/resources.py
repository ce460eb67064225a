"""The two resources: `options`, the options of a run, and `sync`, the run's one session. No business rules."""

import datetime as dt
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import dagster as dg
from pydantic import Field

from assets.instance import tags
from assets.instance.interrupts import interrupt_main_thread
from assets.instance.retries import after_a_failure
from assets.instance.storage import unwritable
from assets.instance.typed_commands import tell_about
from assets.run.failures import failure, in_short, is_restartable
from cloudkasse_etl.config.companies.installation import Installation
from cloudkasse_etl.config.settings import Configuration, Settings
from cloudkasse_etl.entities import SYNC_REPORT
from cloudkasse_etl.errors import CloudkasseError, StoppedError
from cloudkasse_etl.i18n.text import Language, Text, say, say_as
from cloudkasse_etl.sync.monitoring.failed_runs import LastRun
from cloudkasse_etl.sync.run.context import SyncOptions
from cloudkasse_etl.sync.run.report import RunReport
from cloudkasse_etl.sync.run.session import SyncSession, open_session

# The type by which an asset's function receives the run's session: the resource `sync`.
Sync = dg.ResourceParam[SyncSession]
OnReport = Callable[[RunReport], None]
OnProgress = Callable[[str, int], None]
AfterRun = Callable[[dg.DagsterInstance, SyncSession | None, LastRun], None]
OnRetry = Callable[[str], None]
SECONDS_BETWEEN_LINES = 5.0


class Options(dg.Config):
    """What a run is asked to do besides the usual; the launchpad shows these fields with their defaults."""

    full: bool = Field(
        default=False,
        description=say(
            "Compare every record, also with what the till really holds, and bring back what was changed there. "
            "Slower than looking first whether anything has changed."
        ),
    )
    retry_rejected: bool = Field(
        default=False,
        description=say("Try the rejected records again although nothing about them has changed."),
    )
    allow_retire: bool = Field(
        default=False,
        description=say("Let a run pass that would retire more records than the settings allow without being asked."),
    )
    import_receipts: bool | None = Field(
        default=None,
        description=say(
            "Book the receipts right after they were fetched: revenue postings and stock movements. Otherwise "
            "they are staged, and job import_receipts books them later. Left out, receipts.import of the settings "
            "decides."
        ),
    )
    receipt_ids: list[str] = Field(
        default=[],
        description=say(
            "For an import: only these receipts, each by register and number (K1-348) or by the beginning of its id. "
            "Empty: all that are staged."
        ),
    )
    only_register: str | None = Field(
        default=None, description=say("For a delivery: only what this register sold. Left out: all registers.")
    )
    only_day: str | None = Field(
        default=None,
        pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$",
        description=say("For a delivery: only what was sold on this day, like 2026-11-01. Left out: all days."),
    )


@dg.resource(
    config_schema=Options.to_config_schema(),
    description="What this run is asked to do.",
)
def options(context: dg.InitResourceContext) -> SyncOptions:
    """The run config as the library takes it."""
    given = context.resource_config
    day = dt.date.fromisoformat(given["only_day"]) if given.get("only_day") else None
    return SyncOptions(**{**given, "receipt_ids": tuple(given["receipt_ids"]), "only_day": day})


def sync_resource(
    installation: Installation,
    *,
    protocol_folder: Path,
    started_by: str | None = None,
    on_report: OnReport | None = None,
    on_progress: OnProgress | None = None,
    after_run: Callable[[Configuration], AfterRun] = lambda configuration: lambda instance, session, ended: None,
    on_retry: OnRetry = lambda text: None,
) -> dg.ResourceDefinition:
    """The resource `sync`: one lease, one session a run, and the run's tags.

    The installation is captured by a closure rather than passed as the resource's config: it holds secrets, and
    Dagster shows and stores resource config.

    Args:
        installation: The shop, or the chain; a run's partition names the company.
        protocol_folder: The folder of all runs' protocols.
        started_by: Who started the run, where this process executes its own; None: the run's tags say it.
        on_report: Called with the run's report.
        on_progress: Called with the progress of a long step; None: it is written to the run's log.
        after_run: Makes what is called at the end of each run, failed ones too, with the session if there was one,
            and what it came to.
        on_retry: Called with a sentence before a request to the till is repeated, besides the line in the run's log.

    Returns:
        The resource.
    """

    @dg.resource(
        required_resource_keys={"options"},
        description="The run's session: lease, connections, what was read, counts. Takes the lease; writes the tags.",
    )
    def sync(context: dg.InitResourceContext) -> Iterator[SyncSession]:
        instance, run = context.instance, context.run
        if instance is None or run is None:
            raise RuntimeError("The resource `sync` belongs to a run of Dagster; there is none.")
        who = started_by or tags.launched_by(run.tags)
        # a command's run is never tried again, and says so from the beginning
        is_once = tags.is_own(run.run_id, run.tags) and not tags.may_pass_by_itself(run.tags)
        own = {tags.RETRY: tags.NEVER} if is_once else {tags.RETRY: tags.UNDECIDED}
        kind = tags.kind_of(run.job_name)
        configuration: Configuration | None = None
        settings = installation.shared
        tell_about(tags.company_of(run.tags))
        try:
            configuration = installation.configuration(tags.company_of(run.tags))
            settings = configuration.settings
            with open_session(
                configuration,
                run_id=run.run_id,
                kind=kind,
                options=context.resources.options,
                protocol_folder=protocol_folder,
                started_by=who,
                # Cancelling in the UI sends a signal to the workers that Dagster launched; a run of the command line
                # has none, and a second signal would interrupt the clearing up.
                cancelled=(lambda: _is_canceling(instance, run.run_id)) if started_by else (lambda: False),
                interrupt=interrupt_main_thread,
            ) as session:
                under = tags.under(session.settings_change, run.run_id)
                instance.add_run_tags(run.run_id, {**tags.starting(run.run_id, who, run.tags), **under, **own})
                session.progress = on_progress or _logged(context)
                session.on_retry = _told_each(context, on_retry, settings.language)
                try:
                    yield session
                finally:
                    # The lease is still held here: a run without a lease and without an outcome is a dead one.
                    result = _end(session, instance, on_report, {**run.tags, **own})
                    after_run(configuration)(instance, session, _ended(kind, result))
        except CloudkasseError as error:
            result = {
                **tags.starting(run.run_id, who, run.tags),
                **_broken(error, {**run.tags, **own}, settings),
            }
            instance.add_run_tags(run.run_id, result)
            if configuration is not None:
                after_run(configuration)(instance, None, _ended(kind, result))
            raise failure(error, settings.language) from None
        finally:
            tell_about(None)

    return sync


def _ended(kind: str, result: Mapping[str, str]) -> LastRun:
    return LastRun(kind, dt.datetime.now(dt.UTC), tags.outcome_of(result), tags.message_of(result))


def _logged(context: dg.InitResourceContext) -> OnProgress:
    """Writes progress into the run's log, one line every few seconds: a page of receipts takes milliseconds."""
    told = time.monotonic()

    def tell(asset: str, count: int) -> None:
        nonlocal told
        if context.log is not None and time.monotonic() - told > SECONDS_BETWEEN_LINES:
            told = time.monotonic()
            context.log.info("%s: %s so far", asset, f"{count:,}")

    return tell


def _told_each(context: dg.InitResourceContext, on_retry: OnRetry, language: Language) -> Callable[[Text], None]:
    """Writes each retry into the run's log, and passes it on; requests run in threads of their own."""

    def tell(text: Text) -> None:
        sentence = text.render(language)
        on_retry(sentence)
        if context.log is not None:
            context.log.info(sentence)

    return tell


def _end(
    session: SyncSession, instance: dg.DagsterInstance, on_report: OnReport | None, run_tags: Mapping[str, str]
) -> Mapping[str, str]:
    """Writes the result of a run into its tags, and returns them."""
    settings = session.settings
    try:
        # a lost lease breaks a run in many ways, by an interrupt or another error: the lost lease is the better reason
        lost, language = session.store.connection.lost, session.settings.language
        why = lost.render(language) if lost else _what_broke(instance, session.run_id, language)
        report = session.finish(error=why, in_short=_in_short(instance, session.run_id, language) if why else "")
    except OSError as error:
        problem = unwritable(session.protocol_path.parent, error)
        result = _broken(problem, run_tags, settings)
        instance.add_run_tags(session.run_id, result)
        return result
    again = _next_try(run_tags, settings, may_pass=_may_pass_by_itself(instance, session.run_id))
    result = {**tags.ended(report, settings.language), **again}
    instance.add_run_tags(session.run_id, result)
    if on_report:
        on_report(report)
    return result


def _broken(error: CloudkasseError, run_tags: Mapping[str, str], settings: Settings) -> dict[str, str]:
    """The tags of a run that could not even begin, or not record its result."""
    failed = tags.failed(error.render(settings.language), settings.language, error.in_short)
    return {**failed, **_next_try(run_tags, settings, may_pass=error.is_restartable)}


def _next_try(run_tags: Mapping[str, str], settings: Settings, *, may_pass: bool) -> dict[str, str]:
    if not may_pass or run_tags.get(tags.RETRY) == tags.NEVER:
        return {tags.RETRY: tags.NEVER}
    return after_a_failure(run_tags, settings, dt.datetime.now(dt.UTC))


def _is_canceling(instance: dg.DagsterInstance, run_id: str) -> bool:
    run = instance.get_run_by_id(run_id)
    return run is not None and run.status in (dg.DagsterRunStatus.CANCELING, dg.DagsterRunStatus.CANCELED)


def _what_broke(instance: dg.DagsterInstance, run_id: str, language: Language) -> str | None:
    """Why steps failed, from the event log: the exception itself does not reach a resource."""
    if _is_canceling(instance, run_id):
        return say("Cancelled in the UI. {counts}", counts=tags.WHAT_COUNTS).render(language)
    # sync_report fails because of the counts, which is not a reason of its own
    reasons = [_reason(event, language) for event in _failures(instance, run_id) if event.step_key != SYNC_REPORT]
    return " ".join(dict.fromkeys(reasons)) or None


def _in_short(instance: dg.DagsterInstance, run_id: str, language: Language) -> str:
    """The same in a few words, for the list of runs: of several reasons the first."""
    if _is_canceling(instance, run_id):
        return StoppedError.in_short.render(language)
    failures = [event for event in _failures(instance, run_id) if event.step_key != SYNC_REPORT]
    return next(filter(None, map(in_short, failures)), None) or say_as("in short", "unforeseen error").render(language)


def _may_pass_by_itself(instance: dg.DagsterInstance, run_id: str) -> bool:
    """Whether network or database failed and nothing else: one cause that a person has to solve forbids a retry.

    A run that turned red by its rejections failed in sync_report, and would do so the next time.
    """
    failures = _failures(instance, run_id)
    return bool(failures) and all(is_restartable(event) for event in failures)


def _failures(instance: dg.DagsterInstance, run_id: str) -> list[dg.DagsterEvent]:
    logs = instance.all_logs(run_id, of_type=dg.DagsterEventType.STEP_FAILURE)
    return [entry.dagster_event for entry in logs if entry.dagster_event is not None]


def _reason(event: dg.DagsterEvent, language: Language) -> str:
    data = event.step_failure_data
    if data.user_failure_data is not None:
        return str(data.user_failure_data.description)
    if data.error_source is not None and data.error_source.name == "INTERRUPT":
        return say("Interrupted. {counts}", counts=tags.WHAT_COUNTS).render(language)
    cause = data.error.cause or data.error if data.error else None
    text = cause.message.strip().splitlines()[0] if cause and cause.message.strip() else "?"
    return say("Unforeseen error in {step}: {fault}", step=event.step_key, fault=text).render(language)
