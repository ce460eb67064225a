"""The tags of runs, from which the history is read. Names and values only; nothing of Dagster.

Two are for people, in the list of runs: `outcome` and `summary`, short enough for its column. All others are for the
history, and hidden: the UI does not show tags that begin with `.dagster/`.
"""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING

from cloudkasse_etl.i18n.text import Language, Text, rendered, say
from cloudkasse_etl.state.lease.run_words import kind_words, starter_words
from cloudkasse_etl.sync.run.report import Counts, Outcome, RunReport
from cloudkasse_etl.sync.run.summary import brief, shown_outcome

if TYPE_CHECKING:
    from cloudkasse_etl.state.stores.settings_log import SettingsChange

SHOWN_OUTCOME = "outcome"
SHOWN_SUMMARY = "summary"  # alphabetically after the outcome, as the UI sorts them
UNDER_WAY = "…"
NOTHING_YET = "–"  # also right for ever, where a run never begins
# Holds the run's own id once the run holds the lease. A re-execution inherits the tags of its parent: as long as
# another id is stored here, none of the other tags is about this run.
RUN = ".dagster/cloudkasse_run"
OUTCOME = ".dagster/cloudkasse_outcome"
MESSAGE = ".dagster/cloudkasse_message"
ASKED_BY = ".dagster/cloudkasse_asked_by"  # who put it into the queue, where a command did
STARTED_BY = ".dagster/cloudkasse_started_by"
COUNTS = ".dagster/cloudkasse_counts"
# Of a run to which booked rows lead: it is old, and of what it left only its log was removed (retention.py).
WITHOUT_LOG = ".dagster/cloudkasse_without_log"
# The hash of the settings that it began under, and the paths of those that had changed since the run before.
SETTINGS = ".dagster/cloudkasse_settings"
SETTINGS_CHANGED = ".dagster/cloudkasse_settings_changed"
RUNNING = "running"
MAX_MESSAGE = 1000
MAX_KEYS = 100
# The tags of earlier versions: each count had a tag of its own, and all of them were shown in the list of runs.
FORMER_PREFIX = "cloudkasse/"
# When a failed run is tried again by itself, as a moment in ISO form, or one of these (retries.py).
RETRY = ".dagster/cloudkasse_retry"
UNDECIDED, NEVER, SPENT = "", "never", "spent"
NEXT_TRY = ".dagster/cloudkasse_next_try"  # the same as a sentence
# Dagster's own. A run that is tried again is a re-execution; Dagster's immediate retries are off, whatever dagster.yaml
# says.
PARENT, ROOT = "dagster/parent_run_id", "dagster/root_run_id"
RETRY_NUMBER = "dagster/retry_number"
NO_RETRY_OF_DAGSTERS = {"dagster/max_retries": "0"}
SCHEDULE = "dagster/schedule_name"
# Holds the run's own id once it was handed over to an engine on other machines (engines/).
SENT = ".dagster/cloudkasse_sent"
COMPANY = "dagster/partition"  # the partition's key is the company's
WHAT_COUNTS = say("What had been accepted by then counts; the next synchronisation goes on from there.")

KINDS = {
    "sync_all": "all",
    "sync_master_data": "master-data",
    "sync_receipts": "receipts",
    "import_receipts": "import",
    "deliver": "deliver",
}

OF_ASSETS = "__ASSET_JOB"
"""Dagster's own job, of the runs of single assets in the UI."""

# They change nothing and take no lease, so they are not synchronisations and the history leaves them out.
PLAN, COMPARISON, SHOW_RECEIPT = "plan", "compare_with_cloud", "show_receipt"
LOOKING = (PLAN, COMPARISON, SHOW_RECEIPT)


def starter_text(started_by: str, language: Language) -> str:
    """Who started a run, for a person; the tag itself is read by programs and stays English."""
    return rendered(starter_words(started_by), language)


def kind_text(kind: str, language: Language) -> str:
    """A run's kind, for a person."""
    return rendered(kind_words(kind), language)


def kind_of(job_name: str) -> str:
    """The kind of a job's runs; `assets` where single assets were materialised."""
    return KINDS.get(job_name, "assets")


def job_of(kind: str) -> str:
    """The job that a command runs for a kind."""
    return next(job for job, known in KINDS.items() if known == kind)


def company_of(tags: Mapping[str, str]) -> str | None:
    """The key of a run's company in a chain; None for a single shop's."""
    return tags.get(COMPANY)


def of_company(company: str | None) -> dict[str, str]:
    """The tags of a company's runs; none for those of a single shop."""
    return {} if company is None else {COMPANY: company}


def starting(run_id: str, started_by: str, inherited: Mapping[str, str] | None = None) -> dict[str, str]:
    """The tags of a run that begins; resets those that a re-execution inherits from its parent.

    Args:
        run_id: The run's id.
        started_by: Who started it.
        inherited: The tags that it has already.

    Returns:
        The tags to set.
    """
    former = [name for name in inherited or {} if name.startswith(FORMER_PREFIX)]
    return {
        **dict.fromkeys(former, ""),
        RUN: run_id,
        STARTED_BY: started_by,
        OUTCOME: RUNNING,
        MESSAGE: "",
        COUNTS: "",
        SETTINGS: "",
        SETTINGS_CHANGED: "",
        SHOWN_OUTCOME: UNDER_WAY,
        SHOWN_SUMMARY: UNDER_WAY,
        RETRY: UNDECIDED,
        NEXT_TRY: "",
    }


def waiting(run_id: str, inherited: Mapping[str, str]) -> dict[str, str]:
    """The tags that a re-execution needs in the queue, so that it does not show its parent's result.

    Whose they are stays in `RUN`: the history takes none of them for the run's own.

    Args:
        run_id: The run's id.
        inherited: The tags that it has.

    Returns:
        The tags to set; none where no parent's are among them.
    """
    parents = {name for name in inherited if name.startswith(FORMER_PREFIX) or name in (SHOWN_OUTCOME, SHOWN_SUMMARY)}
    return {} if is_own(run_id, inherited) else dict.fromkeys(sorted(parents), NOTHING_YET)


def ended(report: RunReport, language: Language) -> dict[str, str]:
    """The tags of a run's result."""
    return {
        OUTCOME: str(report.outcome),
        MESSAGE: report.message[:MAX_MESSAGE],
        COUNTS: json.dumps(report.counts.as_dict()),
        SHOWN_OUTCOME: shown_outcome(report.outcome, language),
        SHOWN_SUMMARY: brief(report, language),
    }


def under(change: "SettingsChange | None", run_id: str) -> dict[str, str]:
    """The tags of the settings that a run began under.

    Args:
        change: The change that brought them; None where they are not recorded.
        run_id: The run's id.
    """
    if change is None:
        return {}
    keys = list(change.differences) if change.run_id == run_id else []
    return {SETTINGS: change.settings_hash, SETTINGS_CHANGED: json.dumps(keys[:MAX_KEYS]) if keys else ""}


def settings_of(tags: Mapping[str, str]) -> tuple[str, list[str]]:
    """The hash of a run's settings, and the paths of what had changed; both empty where it did not note it."""
    return tags.get(SETTINGS, ""), json.loads(tags.get(SETTINGS_CHANGED) or "[]")


def is_tried_again(run_id: str, tags: Mapping[str, str]) -> bool:
    """Whether a failed run is tried again by itself."""
    return is_own(run_id, tags) and tags.get(RETRY, NEVER) not in (NEVER, SPENT)


def may_pass_by_itself(tags: Mapping[str, str]) -> bool:
    """Whether a failed run broke on what needs no person: network, database, or its process was killed."""
    return tags.get(RETRY, NEVER) != NEVER


def failed(reason: str, language: Language, in_short: Text) -> dict[str, str]:
    """The tags of a run that could not record its own result.

    Args:
        reason: Why.
        language: The language of the texts.
        in_short: The same in a few words.

    Returns:
        The tags to set.
    """
    return {
        OUTCOME: str(Outcome.FAILED),
        MESSAGE: reason[:MAX_MESSAGE],
        SHOWN_OUTCOME: shown_outcome(Outcome.FAILED, language),
        SHOWN_SUMMARY: in_short.render(language),
    }


def is_own(run_id: str, tags: Mapping[str, str]) -> bool:
    """Whether the tags are about this run rather than inherited."""
    return tags.get(RUN) == run_id


def was_lost(run_id: str, tags: Mapping[str, str]) -> bool:
    """Whether a failed run was handed over to another machine, and never took its lease: it has done nothing."""
    return tags.get(SENT) == run_id and not is_own(run_id, tags)


def outcome_of(tags: Mapping[str, str]) -> str:
    """One of the four outcomes, or `running`; empty where the run never began."""
    return _told(tags, OUTCOME, "outcome")


def message_of(tags: Mapping[str, str]) -> str:
    """The whole sentence of the run, and when it is tried again; empty where it left none."""
    return " ".join(filter(None, (result_of(tags), tags.get(NEXT_TRY))))


def result_of(tags: Mapping[str, str]) -> str:
    """The whole sentence of the run alone, as its protocol has it; empty where it left none."""
    return _told(tags, MESSAGE, "message")


def starter_of(tags: Mapping[str, str]) -> str:
    """Who started the run, as it noted itself; empty where it has not begun yet, or never did."""
    return _told(tags, STARTED_BY, "started_by")


def launched_by(run_tags: Mapping[str, str]) -> str:
    """Who started a run, by what Dagster itself notes in its tags: also of one that waits or has only just begun."""
    if run_tags.get(RETRY_NUMBER):
        return "automatic retry"
    if who := run_tags.get(ASKED_BY):
        return who
    if run_tags.get(PARENT):
        return "UI"  # a re-execution inherits the two tags below
    if name := run_tags.get(SCHEDULE):
        return f"schedule {name}"
    if name := run_tags.get("dagster/sensor_name"):
        return f"sensor {name}"
    return "UI"


def counts_of(tags: Mapping[str, str]) -> dict[str, int]:
    """The counts of a run, by name; all 0 where it left none."""
    told = json.loads(tags.get(COUNTS) or "{}")
    return {name: int(told.get(name, 0) or tags.get(f"{FORMER_PREFIX}{name}") or 0) for name in Counts().as_dict()}


def _told(tags: Mapping[str, str], name: str, former: str) -> str:
    return tags[name] if name in tags else tags.get(f"{FORMER_PREFIX}{former}", "")
