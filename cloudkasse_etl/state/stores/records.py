"""What our own tables give back: an accepted record, an unanswered request, a checkpoint. Nothing but data."""

from dataclasses import dataclass


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
    """A request that was stored and perhaps sent, but whose answer never came."""

    key: str
    entity: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The state of the sources at which an asset was last known to be level.

    Attributes:
        fingerprint: Of all that the asset depends on.
        details: What was told of it then (JSON).
        generation: Grows with every change that the cloud accepted for this asset.
        run_id: The run that last noted it; empty in a dry run.
    """

    fingerprint: str
    details: str
    generation: int
    run_id: str = ""
