"""What a run's tags say about it: the history is read from them. Names and values only; nothing of Dagster."""

from collections.abc import Mapping

from cloudkasse_etl.errors import CloudkasseError
from cloudkasse_etl.sync.report import Counts, Outcome, RunReport
from cloudkasse_etl.wording import Language, say

PREFIX = "cloudkasse/"
# Holds the run's own id once the run holds the lease; the dot keeps it out of the UI. A re-execution inherits the tags
# of its parent: as long as another id stands here, none of the other tags is about this run.
RUN = ".dagster/cloudkasse_run"
KIND = f"{PREFIX}kind"
OUTCOME = f"{PREFIX}outcome"
MESSAGE = f"{PREFIX}message"
STARTED_BY = f"{PREFIX}started_by"
RUNNING = "running"
MAX_MESSAGE = 1000
# Dagster's own: how often a failed run is started again by itself, and all of it rather than from the step that broke:
# a run counts what its own steps did, and its session, lease and one view of the ERP do not outlive it.
MAX_RETRIES = "dagster/max_retries"
RETRY_NUMBER = "dagster/retry_number"
WHOLE_RUN = {"dagster/retry_strategy": "ALL_STEPS"}
NO_RETRY = {MAX_RETRIES: "0"}
WHAT_COUNTS = say("What had been accepted by then counts; the next synchronisation goes on from there.")

KINDS = {
    "sync_all": "all",
    "sync_master_data": "master-data",
    "sync_receipts": "receipts",
    "import_receipts": "import",
}

# They change nothing and hold no lease: no synchronisations, so that the history leaves them out.
PLAN, COMPARISON = "plan", "compare_with_cloud"
LOOKING = (PLAN, COMPARISON)


_STARTERS = (say("command line"), say("UI"), say("automatic retry"), say("schedule"), say("sensor"))
_KINDS = (say("all"), say("master-data"), say("receipts"), say("import"), say("assets"))


def starter_told(started_by: str, language: Language) -> str:
    """Who started a run, for a person; the tag itself is read by programs and stays English."""
    for starter in _STARTERS:
        if started_by == starter or started_by.startswith(f"{starter} "):
            return starter.told(language) + started_by[len(starter) :]
    return started_by


def kind_told(kind: str, language: Language) -> str:
    """A run's kind, for a person."""
    return next((known.told(language) for known in _KINDS if known == kind), kind)


def kind_of(job_name: str) -> str:
    """The kind of a job's runs; `assets` where single assets were materialised."""
    return KINDS.get(job_name, "assets")


def job_of(kind: str) -> str:
    """The job that a command runs for a kind."""
    return next(job for job, known in KINDS.items() if known == kind)


def starting(run_id: str, kind: str, started_by: str, inherited: Mapping[str, str] | None = None) -> dict[str, str]:
    """The tags of a run that begins; resets what a re-execution brings along of its parent."""
    return {
        **dict.fromkeys(_count_tags(inherited or {}), "0"),
        RUN: run_id,
        KIND: kind,
        STARTED_BY: started_by,
        OUTCOME: RUNNING,
        MESSAGE: "",
    }


def ended(report: RunReport) -> dict[str, str]:
    """What a run came to. Counts of 0 are left out: the UI shows every tag of every run in its list."""
    counts = {f"{PREFIX}{name}": str(value) for name, value in report.counts.as_dict().items() if value}
    return {**counts, OUTCOME: str(report.outcome), MESSAGE: report.message[:MAX_MESSAGE]}


def restarts(retries: int) -> dict[str, str]:
    """The tags of a job whose runs are started again by themselves when they break on network or database."""
    return {MAX_RETRIES: str(retries), **WHOLE_RUN}


def may_restart(tags: Mapping[str, str]) -> bool:
    """Whether nobody has vetoed that the run is started again."""
    return tags.get(MAX_RETRIES, "0") != "0"


def broken(error: CloudkasseError, language: Language) -> dict[str, str]:
    """A run that could not even begin."""
    veto = {} if error.is_restartable else NO_RETRY
    return {OUTCOME: str(Outcome.FAILED), MESSAGE: error.told(language)[:MAX_MESSAGE], **veto}


def is_own(run_id: str, tags: Mapping[str, str]) -> bool:
    """Whether the tags are about this run rather than inherited."""
    return tags.get(RUN) == run_id


def counts_of(tags: Mapping[str, str]) -> dict[str, int]:
    """The counts of a run, by name."""
    return {name: int(tags.get(f"{PREFIX}{name}") or 0) for name in Counts().as_dict()}


def _count_tags(tags: Mapping[str, str]) -> list[str]:
    return [f"{PREFIX}{name}" for name in Counts().as_dict() if f"{PREFIX}{name}" in tags]
