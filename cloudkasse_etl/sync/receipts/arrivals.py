"""What fetching receipts and fetching closings have in common: their pages, and what they came to."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Literal

from cloudkasse_etl.sync.run.report import AssetReport, Counts, refused_counts
from cloudkasse_etl.sync.run.session import SyncSession
from cloudkasse_etl.tills.cloudkasse.client import CursorExpired, Page

Stream = Literal["receipts", "closings"]


def has_arrived(session: SyncSession, stream: Stream) -> bool:
    """Whether the cloud has more of a stream than was read."""
    return session.store.checkpoints.cursor(stream) != session.cloud_status.heads[stream]


def pages_of(session: SyncSession, stream: Stream, *, anew: bool) -> Iterator[Page]:
    """All pages behind the stored cursor; from the beginning if asked, or where the cloud no longer knows the cursor.

    That brings everything a second time, and ids and numbers see to it that nothing is staged twice.
    """
    after = None if anew else session.store.checkpoints.cursor(stream)
    try:
        yield from session.client.pages(stream, after)
    except CursorExpired:
        if after is None:
            raise
        yield from session.client.pages(stream, None)


def report_of(session: SyncSession, asset: str, counts: Counts, refused: set[str]) -> AssetReport:
    """The report of an asset with all that stands rejected; `refused` are the keys of what this run refused."""
    stored = session.store.rejections.of(asset)
    rejections = tuple(replace(r, still=r.key not in refused) for r in stored)
    return AssetReport(asset, counts + refused_counts(rejections), rejections)
