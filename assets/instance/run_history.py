"""The history of all runs, read from the Dagster instance by tags only; the assets are not loaded for it."""

import datetime as dt
from dataclasses import asdict, dataclass
from typing import Any

import dagster as dg

from assets.instance import tags
from cloudkasse_etl.config.settings import Configuration
from cloudkasse_etl.entities import ACTION_NEEDED, COMPANIES
from cloudkasse_etl.errors import ConfigurationError
from cloudkasse_etl.i18n.text import Language, rendered, say
from cloudkasse_etl.sync.monitoring.failed_runs import LastRun, to_be_told
from cloudkasse_etl.sync.run.protocol import SEE_HISTORY, ambiguous_run
from cloudkasse_etl.sync.run.report import Outcome

# Assets that only show what is open.
_PAGES = frozenset({dg.AssetKey(ACTION_NEEDED), dg.AssetKey(COMPANIES)})
_WAITING = (dg.DagsterRunStatus.QUEUED, dg.DagsterRunStatus.NOT_STARTED)
_PAGE = 10  # a person may have looked at single assets many times
_OVER = (dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED)


@dataclass(frozen=True, slots=True)
class PastRun:
    """A run in the history.

    Attributes:
        outcome: One of the four outcomes, or `running`, `queued`.
        started_at: When it began, or when it was queued.
        seconds: How long it took; None while it runs.
        message: The sentence of the run, or the reason why it broke.
        settings: The hash of the settings that it began under; empty where it did not note it.
        settings_changed: The paths of the settings that had changed since the run before.
        company: The company's key in a chain; None for a single shop.
    """

    run_id: str
    kind: str
    outcome: str
    started_at: dt.datetime
    seconds: float | None
    started_by: str
    counts: dict[str, int]
    message: str
    settings: str = ""
    settings_changed: tuple[str, ...] = ()
    company: str | None = None

    @property
    def ended_at(self) -> dt.datetime:
        """When it ended, if it has."""
        return self.started_at + dt.timedelta(seconds=self.seconds or 0)

    def as_dict(self, language: Language, zone: dt.tzinfo | None) -> dict[str, Any]:
        """As `history --json` prints it.

        Args:
            language: The language of the message, where the run itself left none.
            zone: The shop's zone; None: this computer's.
        """
        started_at = self.started_at.astimezone(zone).isoformat(timespec="seconds")
        found = {**asdict(self), "started_at": started_at, "message": rendered(self.message, language)}
        if self.company is None:
            del found["company"]
        return found


def read_history(instance: dg.DagsterInstance, limit: int, company: str | None = None) -> list[PastRun]:
    """The latest runs that synchronised or tried to, newest first.

    Args:
        instance: Dagster's history.
        limit: How many.
        company: The company's key in a chain; None for all runs.

    Returns:
        The runs.
    """
    filters = dg.RunsFilter(tags=tags.of_company(company))
    return [past_run(instance, record) for record in _records(instance, limit, filters)]


def ended_among(instance: dg.DagsterInstance, run_ids: list[str]) -> list[PastRun]:
    """Those of some runs that have ended."""
    records = instance.get_run_records(dg.RunsFilter(run_ids=run_ids, statuses=list(_OVER)))
    return [past_run(instance, record) for record in records]


def find_run(instance: dg.DagsterInstance, run_id: str) -> PastRun:
    """A run by its id; the beginning of it is enough where only one run has it.

    Raises:
        ConfigurationError: There is no such run, or there are several.
    """
    records = instance.get_run_records(dg.RunsFilter(run_ids=[run_id]))
    if not records:
        # a history of years has a hundred thousand ids; reading their records would take seconds
        found = [known for known in instance.get_run_ids() if known.startswith(run_id)] if run_id else []
        if not found:
            raise ConfigurationError(say("There is no run '{run}'.", run=run_id[:64]), hint=SEE_HISTORY)
        if len(found) > 1:
            raise ambiguous_run(run_id, len(found))
        records = instance.get_run_records(dg.RunsFilter(run_ids=found))
    return past_run(instance, records[0])


def latest_ended(instance: dg.DagsterInstance, company: str | None = None) -> PastRun | None:
    """The latest run, of a company in a chain, that has ended; None where there is none."""
    records = _records(instance, 1, dg.RunsFilter(statuses=list(_OVER), tags=tags.of_company(company)))
    return past_run(instance, records[0]) if records else None


def _latest_of_each_kind(instance: dg.DagsterInstance, company: str | None) -> list[LastRun]:
    """The latest run of each kind that has ended."""
    own = tags.of_company(company)
    filters = [dg.RunsFilter(job_name=job, statuses=list(_OVER), tags=own) for job in (*tags.KINDS, tags.OF_ASSETS)]
    found = [past_run(instance, record) for each in filters for record in _records(instance, 1, each)]
    return [LastRun(past.kind, past.ended_at, past.outcome, past.message) for past in found]


def last_run_of(
    instance: dg.DagsterInstance, company: str | None = None, ended: LastRun | None = None
) -> LastRun | None:
    """The run by which one judges whether all is well: `failed_runs.to_be_told`.

    Args:
        instance: Dagster's history.
        company: The company's key in a chain.
        ended: A run that is just ending, and which the history does not show as ended yet.

    Returns:
        The run; None where there is none.
    """
    latest = [run for run in _latest_of_each_kind(instance, company) if ended is None or run.kind != ended.kind]
    return to_be_told([*latest, ended] if ended else latest)


def refuse_another_company(run: PastRun, configuration: Configuration) -> None:
    """Fails where a run is another company's: its page would show the sales of the wrong one.

    Raises:
        ConfigurationError: It is.
    """
    if run.company != configuration.company and run.company is not None:
        raise ConfigurationError(
            say("Run {run} is company {company}'s.", run=run.run_id[:8], company=run.company),
            hint=say("Call it with --company {company}.", company=run.company),
        )


def last_run(instance: dg.DagsterInstance, company: str | None = None) -> PastRun:
    """The latest run, of a company in a chain, that has ended.

    Raises:
        ConfigurationError: There is none.
    """
    found = latest_ended(instance, company)
    if found is None:
        raise ConfigurationError(say("No run has ended yet."), hint=say("The first one: cloudkasse-etl sync."))
    return found


def _records(instance: dg.DagsterInstance, limit: int, filters: dg.RunsFilter | None = None) -> list[dg.RunRecord]:
    """The latest records except those of runs that only read; Dagster cannot exclude them by itself."""
    found: list[dg.RunRecord] = []
    cursor = None
    while len(found) < limit:
        page = instance.get_run_records(filters, limit=max(limit, _PAGE), cursor=cursor)
        found += [record for record in page if not only_reads(record.dagster_run)]
        if len(page) < max(limit, _PAGE):
            break
        cursor = page[-1].dagster_run.run_id
    return found[:limit]


def only_reads(run: dg.DagsterRun) -> bool:
    """Whether a run synchronises nothing: a plan, a comparison, or single assets or checks that need no session."""
    if run.job_name in tags.LOOKING or (run.asset_selection and run.asset_selection <= _PAGES):
        return True
    is_of_assets = run.job_name not in tags.KINDS
    return is_of_assets and run.status is dg.DagsterRunStatus.SUCCESS and not tags.is_own(run.run_id, run.tags)


def past_run(instance: dg.DagsterInstance, record: dg.RunRecord) -> PastRun:
    """A run as an entry of the history."""
    run = record.dagster_run
    # A re-execution carries its parent's tags until its own set-up has replaced them.
    own = run.tags if tags.is_own(run.run_id, run.tags) else {}
    started = dt.datetime.fromtimestamp(record.start_time, dt.UTC) if record.start_time else record.create_timestamp
    ended = record.end_time if run.status in _OVER else None
    outcome = _outcome(run.status, tags.outcome_of(own))
    message = tags.message_of(own)
    settings, changed = tags.settings_of(own)
    return PastRun(
        run_id=run.run_id,
        kind=tags.kind_of(run.job_name),
        outcome=outcome,
        started_at=started.astimezone(),
        seconds=round(ended - started.timestamp(), 1) if ended else None,
        started_by=tags.starter_of(own) or tags.launched_by(run.tags),
        counts=tags.counts_of(own),
        message=message or (_reason(instance, run) if outcome == str(Outcome.FAILED) else ""),
        company=tags.company_of(run.tags),
        settings=settings,
        settings_changed=tuple(changed),
    )


def _outcome(status: dg.DagsterRunStatus, tag: str) -> str:
    """The outcome that the run itself recorded; a run that ended without one has failed."""
    if status in _WAITING:
        return "queued"
    if status not in _OVER:
        return tags.RUNNING
    return tag if tag in list(Outcome) else str(Outcome.FAILED)


def _reason(instance: dg.DagsterInstance, run: dg.DagsterRun) -> str:
    """Why a run ended that recorded no reason itself."""
    for kind in (dg.DagsterEventType.RUN_FAILURE, dg.DagsterEventType.RUN_CANCELED):
        for entry in instance.all_logs(run.run_id, of_type=kind):
            if entry.dagster_event is not None and entry.dagster_event.message:
                return entry.dagster_event.message
    return say("The run ended without saying why.")
