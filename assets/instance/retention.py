"""Removes old runs with their events, logs and protocols, and gives disk space back. Open or shown data is kept.

A run that leads to rows which are kept for ten years (AO § 147) stays that long: who started it, when, what it came to,
and its protocol. Only its log goes, which is nearly all of its size.
"""

import datetime as dt
import re
import shutil
import sqlite3
import time
from collections.abc import Collection, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path

import dagster as dg
from dagster._core.storage.runs.schema import RunsTable
from dagster._core.storage.runs.sql_run_storage import SqlRunStorage
from filelock import FileLock, Timeout

from assets.instance.runless_events import prune_runless_events, runs_shown_by_partitions
from assets.instance.runs import HistoryFiles, history_files
from assets.instance.tags import WITHOUT_LOG, company_of
from cloudkasse_etl.config.companies.installation import Installation
from cloudkasse_etl.errors import CloudkasseError
from cloudkasse_etl.i18n.text import Text, joined, rendered, say, say_count
from cloudkasse_etl.state.database.retention import KEPT_YEARS
from cloudkasse_etl.sync.monitoring.chain.at_once import for_each
from cloudkasse_etl.sync.monitoring.runs_on_record import runs_on_record

SECONDS_BETWEEN_LOOKS = 600
# Dagster gives a sensor 60 seconds; the rest is done at the next evaluation.
SECONDS_A_LOOK = 20.0
OVER = [dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED]
NOT_OVER = [status for status in dg.DagsterRunStatus if status not in OVER]
WRITING = [dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.CANCELING]
# Less is soon filled again, and not worth rewriting a whole database.
FREE_SHARE = 0.1
_PROTOCOLS = "protocols"
_RUN_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


@dataclass(frozen=True, slots=True)
class Pruned:
    """The result of removing old runs.

    Attributes:
        runs: How many were removed.
        bytes: How much disk space was given back.
        is_all: False where the time was up before all were removed.
        note: What could not be done now; empty where everything was.
        without_log: How many lost only their log, since booked rows lead to them.
    """

    runs: int = 0
    bytes: int = 0
    is_all: bool = True
    note: str = ""
    without_log: int = 0

    @property
    def sentence(self) -> Text:
        """All of it as a text."""
        what = say_count(
            "{count:,} run removed, {megabytes:,.1f} MB given back.",
            "{count:,} runs removed, {megabytes:,.1f} MB given back.",
            count=self.runs,
            megabytes=self.bytes / 1_000_000,
        )
        kept = say_count(
            "Of {count:,} run to which booked rows lead only the log was removed.",
            "Of {count:,} runs to which booked rows lead only the logs were removed.",
            count=self.without_log,
        )
        return joined(" ", [what, *([kept] if self.without_log else []), *([self.note] if self.note else [])])


def prune_history(
    instance: dg.DagsterInstance,
    storage: Path,
    keep_days: int,
    *,
    on_record: Collection[str] = (),
    unknown: Collection[str] = (),
    seconds: float | None = None,
) -> Pruned:
    """Removes finished runs that were last touched more than `keep_days` ago. Safe beside runs and the UI.

    Dagster's own `delete_run` leaves the run's event file, its logs, tags and check results, and databases as large
    as before; these are removed here, also those of runs that a person deleted in the UI. Kept whatever their age: runs
    whose materialisation or check is the latest that an asset shows, and those that an unfinished run repeats. So are
    events that belong to no run, but for the latest.

    Args:
        instance: The instance of the runs.
        storage: The folder with history, logs and protocols.
        keep_days: How old a run may become.
        on_record: Ids of runs to which booked rows lead.
        unknown: The companies of a chain of which it is not known what leads to them; their runs stay.
        seconds: Time limit; None: until everything is done.

    Returns:
        How many runs were removed, and the disk space.
    """
    try:
        with FileLock(storage / "pruning.lock", timeout=0):
            until = time.monotonic() + seconds if seconds else None
            return _prune(instance, storage, keep_days, frozenset(on_record), frozenset(unknown), until)
    except Timeout:
        return Pruned(is_all=False, note=say("Old runs are being removed by somebody else at this moment."))


def prune_sensor(installation: Installation, *, storage: Path) -> dg.SensorDefinition:
    """Removes old runs once a day, where the settings say how long they are kept.

    A sensor and not a scheduled job: a job would wait in the queue of synchronisations, and add a run to remove.

    Args:
        installation: history.keep_days, and our own tables, from which booked rows lead to runs.
        storage: The folder with history, logs and protocols.
    """
    settings = installation.shared
    keep_days = settings.history.keep_days

    @dg.sensor(
        name="prune_history",
        minimum_interval_seconds=SECONDS_BETWEEN_LOOKS,
        default_status=dg.DefaultSensorStatus.STOPPED if keep_days is None else dg.DefaultSensorStatus.RUNNING,
        description=say(
            "Removes runs that are older than the settings allow (history.keep_days), once a day, with their "
            "logs and protocols. Open rejections and what each asset shows last stay. It starts nothing."
        ).render(settings.language),
    )
    def prune(context: dg.SensorEvaluationContext) -> dg.SkipReason:
        if keep_days is None:
            return dg.SkipReason(say("The settings keep all runs (history.keep_days).").render(settings.language))
        today = f"{dt.datetime.now(settings.zone):%Y-%m-%d}"
        if context.cursor == today:
            return dg.SkipReason(say("Done for today.").render(settings.language))
        try:  # nothing is removed as long as it is not known what has to stay
            on_record, unknown = _on_record(installation)
        except CloudkasseError as error:
            return dg.SkipReason(error.render(settings.language))
        pruned = prune_history(
            context.instance, storage, keep_days, on_record=on_record, unknown=unknown, seconds=SECONDS_A_LOOK
        )
        if pruned.is_all and not pruned.note:
            context.update_cursor(today)
        return dg.SkipReason(rendered(pruned.sentence, settings.language))

    return prune


def _on_record(installation: Installation) -> tuple[set[str], set[str]]:
    """The runs to which booked rows lead, and the companies of a chain that cannot be asked for theirs.

    Raises:
        CloudkasseError: The single shop's tables cannot be reached, or no company of a chain is known.
    """
    if not installation.is_chain:
        return {*runs_on_record(installation.configuration())}, set()
    companies = installation.companies()
    answers = for_each(lambda key: runs_on_record(installation.configuration(key)), companies, seconds=SECONDS_A_LOOK)
    found = {answer.company: answer.found for answer in answers if answer.found is not None}
    return {run_id for run_ids in found.values() for run_id in run_ids}, {*companies} - {*found}


def _prune(
    instance: dg.DagsterInstance,
    storage: Path,
    keep_days: int,
    on_record: frozenset[str],
    unknown: frozenset[str],
    deadline: float | None,
) -> Pruned:
    cutoff = dt.datetime.now(dt.UTC) - dt.timedelta(days=keep_days)
    files = history_files(instance)
    before = _size(storage)
    kept = _needed(instance, files)
    old = dg.RunsFilter(statuses=OVER, created_before=cutoff, updated_before=cutoff)
    removed, without_log, is_all = 0, 0, True
    this_year = dt.datetime.now(dt.UTC).year
    for record in instance.get_run_records(old, ascending=True):
        run_id = record.dagster_run.run_id
        if run_id in kept or company_of(record.dagster_run.tags) in unknown:
            continue
        if deadline is not None and time.monotonic() > deadline:
            is_all = False
            break
        if run_id in on_record and record.create_timestamp.year >= this_year - KEPT_YEARS:
            without_log += _remove_log(instance, storage, files, record)
            continue
        # The record first: if the process dies here, the rest belongs to no run and is removed the next time.
        instance.delete_run(run_id)
        if files is not None:
            _remove_events(files, run_id)
        for path in _other_files(storage, run_id):
            _remove(path)
        removed += 1
    note = ""
    if not unknown:  # a protocol does not say whose it is
        _remove_leftovers(instance, storage, files, cutoff, on_record)
    prune_runless_events(instance, cutoff)
    if files is not None:
        note = _give_back(instance, files)
    return Pruned(removed, max(before - _size(storage), 0), is_all, note, without_log)


def _remove_log(instance: dg.DagsterInstance, storage: Path, files: HistoryFiles | None, record: dg.RunRecord) -> bool:
    """Removes the events and captured logs of a run that stays; whether that was still to be done."""
    run = record.dagster_run
    if WITHOUT_LOG in run.tags:
        return False
    instance.event_log_storage.delete_events(run.run_id)
    if files is not None:
        _remove_events(files, run.run_id)
        with closing(_connect(files.index)) as index:
            index.execute("DELETE FROM asset_check_executions WHERE run_id = ?", (run.run_id,))
    for path in _logs(storage, run.run_id):
        _remove(path)
    instance.add_run_tags(run.run_id, {WITHOUT_LOG: "true"})  # the last step: until then it is done once more
    if isinstance(instance.run_storage, SqlRunStorage):
        # Dagster takes a new tag for news of the run: alerts would name this old one as the run that ended last
        as_before = RunsTable.update().where(RunsTable.c.run_id == run.run_id)
        with instance.run_storage.connect() as connection:
            connection.execute(as_before.values(update_timestamp=record.update_timestamp))
    return True


def _needed(instance: dg.DagsterInstance, files: HistoryFiles | None) -> set[str]:
    """Ids of runs that are kept whatever their age."""
    needed: set[str] = set()
    for asset in instance.get_asset_records():
        entry = asset.asset_entry
        if entry.last_run_id:
            needed.add(entry.last_run_id)
        if entry.last_materialization is not None:
            needed.add(entry.last_materialization.run_id)
    needed |= runs_shown_by_partitions(instance)
    for record in instance.get_run_records(dg.RunsFilter(statuses=NOT_OVER)):
        run = record.dagster_run
        needed |= {parent for parent in (run.parent_run_id, run.root_run_id) if parent}
    if files is not None:
        with closing(_connect(files.index)) as index:
            latest = "SELECT MAX(id) FROM asset_check_executions GROUP BY asset_key, check_name, partition"
            query = f"SELECT run_id FROM asset_check_executions WHERE id IN ({latest})"  # noqa: S608 -- no foreign text
            needed |= {row[0] for row in index.execute(query)}
    return needed


def _remove_leftovers(
    instance: dg.DagsterInstance,
    storage: Path,
    files: HistoryFiles | None,
    cutoff: dt.datetime,
    on_record: frozenset[str],
) -> None:
    """Removes files and rows that belong to no run any more; the protocol of one on record stays in any case.

    They are listed before the runs are: a run is recorded before it writes anything, so the files of a run that
    begins meanwhile are not mistaken for leftovers.
    """
    found = [
        path
        for path in _named_by_runs(storage)
        if path.lstat().st_mtime < cutoff.timestamp()
        and not (path.parent.name == _PROTOCOLS and _run_of(path) in on_record)
    ]
    if files is None:
        for path in found:
            if not instance.has_run(_run_of(path)):
                _remove(path)
        return
    events = [path for path in files.events.glob("*.db*") if _RUN_ID.match(path.name)]
    with closing(_connect(files.runs)) as runs, closing(_connect(files.index)) as index:
        checked = {row[0] for row in index.execute("SELECT DISTINCT run_id FROM asset_check_executions") if row[0]}
        known = {row[0] for row in runs.execute("SELECT run_id FROM runs")}
        runs.execute("DELETE FROM run_tags WHERE run_id NOT IN (SELECT run_id FROM runs)")
        gone = [(run_id,) for run_id in checked - known]
        if gone:
            index.execute("BEGIN IMMEDIATE")
            index.executemany("DELETE FROM asset_check_executions WHERE run_id = ?", gone)
            index.execute("COMMIT")
    for path in [*events, *found]:
        if _run_of(path) not in known:
            _remove(path)


def _give_back(instance: dg.DagsterInstance, files: HistoryFiles) -> str:
    """Shrinks the databases; returns the reason if that is impossible now."""
    for path in (files.index, files.runs, files.runless):
        if not path.exists():
            continue
        with closing(_connect(path)) as database:
            (free,) = database.execute("PRAGMA freelist_count").fetchone()
            (pages,) = database.execute("PRAGMA page_count").fetchone()
            if free < pages * FREE_SHARE:
                continue
            if instance.get_run_records(dg.RunsFilter(statuses=WRITING), limit=1):
                # the run would wait for its turn to write, and Dagster lets it wait for some seconds only
                return say("The databases are made smaller when no run is going on.")
            try:
                database.execute("VACUUM")
                database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            except sqlite3.OperationalError as error:
                return say("{file} could not be made smaller now ({reason}).", file=path.name, reason=str(error))
    return ""


def _connect(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(path, timeout=10, isolation_level=None)


def _remove_events(files: HistoryFiles, run_id: str) -> None:
    for ending in (".db", ".db-wal", ".db-shm"):
        _remove(files.events / f"{run_id}{ending}")


def _logs(storage: Path, run_id: str) -> list[Path]:
    """Logs that Dagster captured, and its files."""
    return [storage / run_id, storage / "storage" / run_id]


def _other_files(storage: Path, run_id: str) -> list[Path]:
    """These, and our protocol."""
    protocols = storage / _PROTOCOLS
    return [*_logs(storage, run_id), protocols / f"{run_id}.csv", protocols / f"{run_id}.json"]


def _named_by_runs(storage: Path) -> Iterator[Path]:
    for folder in (storage, storage / "storage", storage / _PROTOCOLS):
        if folder.is_dir():
            yield from (path for path in folder.iterdir() if _RUN_ID.match(path.name))


def _run_of(path: Path) -> str:
    return path.name[:36]


def _remove(path: Path) -> None:
    # On Windows a file that the UI has open stays; it is removed the next time.
    with suppress(OSError):
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()


def _size(folder: Path) -> int:
    total = 0
    for path in folder.rglob("*"):
        with suppress(OSError):  # a run in progress creates and removes files
            total += path.lstat().st_size if path.is_file() else 0
    return total
