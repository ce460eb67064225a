"""Events that belong to no run: what action_needed and checks report beside runs; old ones go. Runs: retention.py.

Dagster itself never removes them, and each minute may add one.
"""

import datetime as dt

import dagster as dg
import sqlalchemy as sa
from dagster._core.instance import RUNLESS_RUN_ID
from dagster._core.storage.event_log import SqlEventLogStorage
from dagster._core.storage.event_log.schema import (
    AssetCheckExecutionsTable,
    AssetEventTagsTable,
    SqlEventLogStorageTable,
)
from sqlalchemy.exc import IntegrityError


def report_check(instance: dg.DagsterInstance, evaluation: dg.AssetCheckEvaluation) -> None:
    """Reports the result of a check that no run made.

    Of a company of a chain the result before goes: Dagster 1.13 stores one that belongs to no run once a partition, and
    refuses the second.

    Args:
        instance: Where it is recorded.
        evaluation: The result.
    """
    for is_last in (False, True):
        _forget(instance, evaluation)
        try:
            instance.report_runless_asset_event(evaluation)
            return
        except IntegrityError:  # a run that ended at the same moment has reported its own
            if is_last:
                raise


def _forget(instance: dg.DagsterInstance, evaluation: dg.AssetCheckEvaluation) -> None:
    storage = instance.event_log_storage
    if evaluation.partition is None or not isinstance(storage, SqlEventLogStorage):
        return
    checks = AssetCheckExecutionsTable
    with storage.index_connection() as connection:
        connection.execute(
            checks.delete().where(
                checks.c.asset_key == evaluation.asset_key.to_string(),
                checks.c.check_name == evaluation.check_name,
                checks.c.partition == evaluation.partition,
                checks.c.run_id == RUNLESS_RUN_ID,
            )
        )


def runs_shown_by_partitions(instance: dg.DagsterInstance) -> set[str]:
    """Ids of the runs whose materialisation is the latest that an asset shows of a company."""
    storage, events = instance.event_log_storage, SqlEventLogStorageTable
    if not isinstance(storage, SqlEventLogStorage):
        return set()
    materialised = events.c.dagster_event_type == dg.DagsterEventType.ASSET_MATERIALIZATION.value
    latest = (
        sa.select(sa.func.max(events.c.id))
        .where(materialised, events.c.partition.is_not(None))
        .group_by(events.c.asset_key, events.c.partition)
    )
    with storage.index_connection() as connection:
        found = connection.execute(sa.select(events.c.run_id).where(events.c.id.in_(latest)).distinct())
        return {run_id for (run_id,) in found if run_id}


def prune_runless_events(instance: dg.DagsterInstance, cutoff: dt.datetime) -> None:
    """Removes them, but for the latest of each asset and check, which these show.

    Args:
        instance: The instance of the events.
        cutoff: What was reported before is removed.
    """
    storage = instance.event_log_storage
    if not isinstance(storage, SqlEventLogStorage):
        return
    before = cutoff.astimezone(dt.UTC).replace(tzinfo=None)  # as Dagster stores it
    # SQLite has a copy of each in a file of its own; elsewhere both are the same table
    with storage.run_connection(RUNLESS_RUN_ID) as connection:
        _remove(connection, before)
    with storage.index_connection() as connection:
        checks = AssetCheckExecutionsTable
        latest = sa.select(sa.func.max(checks.c.id)).group_by(
            checks.c.asset_key, checks.c.check_name, checks.c.partition
        )
        connection.execute(
            checks.delete().where(
                sa.or_(checks.c.run_id.is_(None), checks.c.run_id == RUNLESS_RUN_ID),
                checks.c.evaluation_event_timestamp < before,
                checks.c.id.not_in(latest.scalar_subquery()),
            )
        )
        _remove(connection, before)


def _remove(connection: sa.Connection, before: dt.datetime) -> None:
    events, tags, checks = SqlEventLogStorageTable, AssetEventTagsTable, AssetCheckExecutionsTable
    runless = events.c.run_id == RUNLESS_RUN_ID
    each = (events.c.asset_key, events.c.dagster_event_type, events.c.partition)
    latest = sa.select(sa.func.max(events.c.id)).where(runless).group_by(*each)
    shown = sa.select(checks.c.evaluation_event_storage_id).where(checks.c.evaluation_event_storage_id.is_not(None))
    gone = [
        row.id
        for row in connection.execute(
            sa.select(events.c.id).where(
                runless,
                events.c.timestamp < before,
                events.c.id.not_in(latest.scalar_subquery()),
                events.c.id.not_in(shown.scalar_subquery()),
            )
        )
    ]
    for first in range(0, len(gone), 500):  # databases limit the parameters of a statement
        some = gone[first : first + 500]
        connection.execute(tags.delete().where(tags.c.event_id.in_(some)))
        connection.execute(events.delete().where(events.c.id.in_(some)))
