"""Rows of our own tables as data: an accepted record, an unanswered request, a checkpoint."""

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from cloudkasse_etl.state.connection import StateConnection
from cloudkasse_etl.state.database.keys import chunks


@dataclass(frozen=True, slots=True)
class SyncedRecord:
    """A record as the cloud accepted it.

    Attributes:
        key: The record's key; parts joined by `|`.
        content_hash: Hash of the content, as `transform.digest` computes it.
        content: The item as it was sent (JSON).
        active: False where it was retired.
        cloud_id: The id that the cloud gave it.
    """

    key: str
    content_hash: int
    content: str
    active: bool
    cloud_id: str | None


@dataclass(frozen=True, slots=True)
class PendingAttempt:
    """A request that was stored and perhaps sent, but never answered."""

    key: str
    entity: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The fingerprint of the sources at which an asset was last up to date.

    Attributes:
        fingerprint: Of all that the asset depends on.
        details: Facts about the asset at that time (JSON).
        generation: Grows with every change that the cloud accepted for this asset.
        run_id: The run that last stored it; empty in a dry run.
    """

    fingerprint: str
    details: str
    generation: int
    run_id: str = ""


def contents_of(state: StateConnection, entity: str, keys: Sequence[str]) -> dict[str, str]:
    """The content (JSON) of some records, by key, as the cloud accepted it.

    Args:
        state: Our own tables.
        entity: The kind of record.
        keys: The records' keys; those that the cloud never accepted are missing in the result.

    Returns:
        Key → content.
    """
    table = state.tables.synced_record
    found: dict[str, str] = {}
    with state.reading() as connection:
        for chunk in chunks(keys):
            query = sa.select(table.c.record_key, table.c.content).where(
                table.c.target_id == state.target, table.c.entity == entity, table.c.record_key.in_(chunk)
            )
            found.update((row.record_key, row.content) for row in connection.execute(query))
    return found
