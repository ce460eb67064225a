"""The common part of fetching receipts and closings: reading their pages, and the report."""

from collections.abc import Iterator
from dataclasses import replace

from cloudkasse_etl.sync.run.report import AssetReport, Counts, refused_counts
from cloudkasse_etl.sync.run.session import SyncSession
from cloudkasse_etl.tills.port import CursorExpired, Page, Stream


def has_arrived(session: SyncSession, stream: Stream) -> bool:
    """Whether the cloud has items of a stream that were not read yet."""
    return session.cloud_status.has_news(stream, session.store.checkpoints.cursor(stream))


def pages_of(session: SyncSession, stream: Stream, *, anew: bool) -> Iterator[Page]:
    """All pages after the stored cursor; from the beginning if asked, or if the cloud no longer knows the cursor.

    Reading from the beginning returns everything again; ids and numbers prevent that anything is staged twice.

    Args:
        session: The run.
        stream: `receipts` or `closings`.
        anew: Whether to read from the beginning.

    Yields:
        The pages, in the order of arrival.
    """
    after = None if anew else session.store.checkpoints.cursor(stream)
    try:
        yield from session.client.pages(stream, after)
    except CursorExpired:
        if after is None:
            raise
        yield from session.client.pages(stream, None)


def report_of(session: SyncSession, asset: str, counts: Counts, refused: set[str]) -> AssetReport:
    """The report of an asset with all of its open rejections.

    Args:
        session: The run.
        asset: The asset.
        counts: What this run did.
        refused: The keys of records that this run refused.

    Returns:
        The report.
    """
    stored = session.store.rejections.of(asset)
    rejections = tuple(replace(r, still=r.key not in refused) for r in stored)
    return AssetReport(asset, counts + refused_counts(rejections), rejections)
