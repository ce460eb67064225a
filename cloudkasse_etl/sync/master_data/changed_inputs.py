"""Skips an asset whose inputs are unchanged; otherwise reads or computes it and stores its rejections."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from cloudkasse_etl.rejections.rejection import Rejection
from cloudkasse_etl.sync.changes.changed_articles import scope_of
from cloudkasse_etl.sync.changes.unchanged import mark_up_to_date, quiet_report
from cloudkasse_etl.sync.inputs.article_subset import Scope
from cloudkasse_etl.sync.run.report import AssetReport, refused_counts
from cloudkasse_etl.sync.run.session import SyncSession


@dataclass(frozen=True)
class ReadRecords:
    """The result of reading or computing an asset.

    Attributes:
        rejections: The refused records.
        rows: How many of the processed records were not refused.
        lacking: Register's price group → how many of the processed articles lack a price only there.
        turns: As in AssetReport, of the processed articles.
    """

    rejections: Sequence[Rejection]
    rows: int
    lacking: Mapping[str, int] = field(default_factory=dict)
    turns: tuple[str | None, str | None] = (None, None)


def read_if_changed(session: SyncSession, asset: str, read: Callable[[Scope], ReadRecords]) -> AssetReport:
    """Reads or computes an asset's records if any of their inputs has changed, and reports.

    Only refusals count here: a record counts as sent when the cloud accepts it.

    Args:
        session: The run.
        asset: The asset's name.
        read: Reads or computes the records of a scope.

    Returns:
        The report, which was added to the session.

    Raises:
        ErpUnavailableError: The ERP cannot be reached.
        ErpSchemaError: A table or column is missing, or may not be read.
    """
    with session.timed() as seconds:
        fingerprint = session.sources.fingerprint(asset)
        report = quiet_report(session, asset, fingerprint)
        if report is None:
            scope = scope_of(session, asset, fingerprint)
            found = read(scope)
            rejections = session.store.rejections.replace(asset, found.rejections, scope.covers)
            report = AssetReport(
                asset,
                refused_counts(rejections),
                tuple(rejections),
                rows=scope.rows_with(asset, found.rows),
                lacking=scope.lacking_with(found.lacking),
                turns=scope.turns_with(asset, found.turns),
                looked_at=scope.count,
                why_everything=scope.reason,
            )
            # again: the fingerprint must be that of the rows read, which may be from a later snapshot
            mark_up_to_date(session, report, session.sources.fingerprint(asset))
        return session.deliver(report, seconds())
