"""What reading and computing have in common: quiet sources are left alone, refused records are noted."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from cloudkasse_etl.rejections.rejection import Rejection
from cloudkasse_etl.sync.changes.changed_articles import scope_of
from cloudkasse_etl.sync.changes.unchanged import quiet_report, set_level
from cloudkasse_etl.sync.inputs.article_subset import Scope
from cloudkasse_etl.sync.run.report import AssetReport, refused_counts
from cloudkasse_etl.sync.run.session import SyncSession


@dataclass(frozen=True)
class Judgement:
    """What came of reading or computing an asset.

    Attributes:
        rejections: The records that were refused.
        rows: How many of those that this run looks at were not.
        lacking: Register's price group → how many of them lack a price only there.
        turns: As AssetReport has them, of those that this run looks at.
    """

    rejections: Sequence[Rejection]
    rows: int
    lacking: Mapping[str, int] = field(default_factory=dict)
    turns: tuple[str | None, str | None] = (None, None)


def judged(session: SyncSession, asset: str, judge: Callable[[Scope], Judgement]) -> AssetReport:
    """Judges an asset's records if anything that they come from has changed, and reports.

    Only refusals count here: a record counts as sent where the cloud takes it.

    Args:
        session: The run.
        asset: The asset's name.
        judge: Reads or computes what is to be looked at.

    Returns:
        The report, which the session has noted.

    Raises:
        ErpUnavailableError: The ERP cannot be reached.
        ErpSchemaError: A table or column is missing, or may not be read.
    """
    with session.timed() as seconds:
        fingerprint = session.sources.fingerprint(asset)
        report = quiet_report(session, asset, fingerprint)
        if report is None:
            scope = scope_of(session, asset, fingerprint)
            judgement = judge(scope)
            rejections = session.store.rejections.replace(asset, judgement.rejections, scope.covers)
            report = AssetReport(
                asset,
                refused_counts(rejections),
                tuple(rejections),
                rows=scope.rows_with(asset, judgement.rows),
                lacking=scope.lacking_with(judgement.lacking),
                turns=scope.turns_with(asset, judgement.turns),
                looked_at=scope.count,
                why_everything=scope.reason,
            )
            # again: what it is level with is what was read, and that may be of a later moment
            set_level(session, report, session.sources.fingerprint(asset))
        return session.deliver(report, seconds())
