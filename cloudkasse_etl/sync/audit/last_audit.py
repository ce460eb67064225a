"""The last audit, as every run shows it. Apart from the audit itself, which reads exports and which no run needs."""

from cloudkasse_etl.state.stores.books.audited_receipts import AuditedReceipts
from cloudkasse_etl.sync.audit.audit_report import AuditReport, kept_report
from cloudkasse_etl.sync.run.session import SyncSession


def last_audit(session: SyncSession) -> AuditReport | None:
    """The result of the last audit, without its differences one by one; None if there was none."""
    kept = AuditedReceipts(session.store.connection).last()
    return None if kept is None else kept_report(kept)
