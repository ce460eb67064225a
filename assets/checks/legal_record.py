"""The check that the last audit found the legal record equal; no run makes an audit, it only shows the last one."""

import dagster as dg

from assets.run.failures import plain_failures
from assets.run.resources import Sync
from cloudkasse_etl.entities import STAGED_RECEIPTS
from cloudkasse_etl.i18n.text import joined, say
from cloudkasse_etl.sync.audit.last_audit import last_audit


@dg.asset_check(
    asset=STAGED_RECEIPTS,
    description=say(
        "The last audit (cloudkasse-etl audit --dsfinvk FOLDER) found the registers' legal record equal to the "
        "receipts and closings that are staged. No run makes an audit."
    ),
)
def legal_record_equals_staged(sync: Sync) -> dg.AssetCheckResult:
    """Shows the result of the last audit."""
    language = sync.settings.language
    with plain_failures(language):
        audit = last_audit(sync)
    if audit is None:
        return dg.AssetCheckResult(passed=True, description=say("No audit was ever made.").render(language))
    made = say("Audited at {time}, {folder}.", time=audit.audited_at, folder=audit.folder)
    return dg.AssetCheckResult(
        passed=audit.is_equal,
        severity=dg.AssetCheckSeverity.WARN,
        description=joined(" ", (audit.sentence(), made)).render(language),
        metadata={
            "closings": audit.closings,
            "receipts": audit.receipts,
            "not_booked": audit.not_booked,
            **audit.counts,
        },
    )


CHECKS = (legal_record_equals_staged,)
