"""Second contents of one receipt id: where they are stored, and when one takes the place of another."""

from collections.abc import Collection

from cloudkasse_etl.entities import STAGED_RECEIPTS
from cloudkasse_etl.schemas.booked_rows import FIRST
from cloudkasse_etl.state.stores.books.decision_log import PROGRAM, REPLACED, Action, Decision, Subject
from cloudkasse_etl.state.stores.books.receipt_status import Status
from cloudkasse_etl.state.stores.books.staged_receipts import KnownReceipt, StagedReceipt, StagingStore


def set_aside(content: StagedReceipt, key: str, came_as: str) -> StagedReceipt:
    """Moves a content to a key of our own, because another one takes its place.

    Args:
        content: The content.
        key: The key of our own.
        came_as: The id that it came with.

    Returns:
        The entry, to be stored under its new key.
    """
    return StagedReceipt(key, content.content_hash, content.raw, Status.DISMISSED, came_as=came_as)


def replaced(key: str) -> Decision:
    """The decision that a refused content is not booked, since a corrected one has taken its place."""
    return Decision(Subject.RECEIPT, key, Action.DISMISS, REPLACED, decided_by=PROGRAM)


def own_key(store: StagingStore, came_as: str, digest: str, taken: Collection[str] = ()) -> tuple[str, bool]:
    """The key of our own for a content that cannot be stored under the id that it came with.

    Args:
        store: The stored receipts.
        came_as: That id.
        digest: The content's hash.
        taken: Further keys that this page uses.

    Returns:
        The key, and whether this very content is stored under it already.
    """
    key, further = f"{came_as}!{digest[:12]}" if came_as else f"?{digest}", 1
    while True:
        known = store.known([key]).get(key)
        if key not in taken and known is not None and known.came_as == came_as and known.content_hash == digest:
            return key, True
        if known is None and key not in taken:
            return key, False
        further += 1  # a register's own ids may have the form of ours
        key = f"{came_as}!{digest[:12]}-{further}" if came_as else f"?{digest}-{further}"


def gives_way(known: KnownReceipt | None) -> bool:
    """Whether a content that passes the checks may replace the stored one: only if that has never passed them."""
    if known is None or known.generation > FIRST:  # it was booked once
        return False
    return known.status == Status.REJECTED and known.refused_by == STAGED_RECEIPTS
