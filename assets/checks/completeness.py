"""The checks that nothing is missing between register and books. Their findings do not change a run's outcome."""

from collections.abc import Iterator

import dagster as dg

from assets.run.failures import plain_failures
from assets.run.resources import Sync
from assets.ui.markdown import plain
from cloudkasse_etl.entities import REVENUE_POSTINGS, STAGED_CLOSINGS, STAGED_RECEIPTS
from cloudkasse_etl.i18n.text import Language, say
from cloudkasse_etl.sync.monitoring.completeness import Finding, check_completeness

SHOWN_FINDINGS = 20
_SPECS = {
    "receipt_gaps": dg.AssetCheckSpec(
        "receipt_numbers_complete",
        asset=STAGED_RECEIPTS,
        description=say(
            "No receipt number of a register is missing. A gap that a late receipt fills goes away by itself."
        ),
    ),
    "doubled_numbers": dg.AssetCheckSpec(
        "receipt_numbers_unique",
        asset=STAGED_RECEIPTS,
        description=say("No two receipts of a register have the same number. Both are taken: both may be real sales."),
    ),
    "implausible_days": dg.AssetCheckSpec(
        "business_days_plausible",
        asset=STAGED_RECEIPTS,
        description=say(
            "No receipt's business day is far from when it arrived. One that is waits for a person, who "
            "releases or dismisses it: the register's clock may be wrong."
        ),
    ),
    "closing_gaps": dg.AssetCheckSpec(
        "closing_numbers_complete", asset=STAGED_CLOSINGS, description=say("No closing of a register is missing.")
    ),
    "closing_differences": dg.AssetCheckSpec(
        "closings_match_receipts",
        asset=STAGED_CLOSINGS,
        description=say(
            "Each closing's count and totals (by business case and VAT rate, by tender) are those of the "
            "receipts that were staged."
        ),
    ),
}


@dg.multi_asset_check(specs=list(_SPECS.values()))
def completeness(sync: Sync) -> Iterator[dg.AssetCheckResult]:
    """Looks for gaps, doubled numbers, odd days, and closings that differ from their receipts."""
    with plain_failures(sync.settings.language):
        report = check_completeness(sync)
    for name, spec in _SPECS.items():
        yield _result(getattr(report, name), sync.settings.language, spec.name, spec.asset_key)


@dg.asset_check(
    asset=REVENUE_POSTINGS,
    description=say("The postings of each receipt sum to 0, and the clearing account comes to 0."),
)
def books_balanced(sync: Sync) -> dg.AssetCheckResult:
    """Looks whether debit is credit."""
    with plain_failures(sync.settings.language):
        return _result(check_completeness(sync).unbalanced, sync.settings.language)


def _result(
    findings: tuple[Finding, ...], language: Language, name: str | None = None, asset: dg.AssetKey | None = None
) -> dg.AssetCheckResult:
    shown = [f"{finding.register} {finding.numbers}: {finding.text}".strip() for finding in findings[:SHOWN_FINDINGS]]
    if len(findings) > SHOWN_FINDINGS:
        shown.append(say("… {count:,} more", count=len(findings) - SHOWN_FINDINGS).render(language))
    return dg.AssetCheckResult(
        asset_key=asset,
        check_name=name,
        passed=not findings,
        severity=dg.AssetCheckSeverity.WARN,
        description="; ".join(shown[:3]) or None,
        metadata={
            "found": len(findings),
            **({"findings": dg.MetadataValue.md("\n".join(f"- {plain(line)}" for line in shown))} if shown else {}),
        },
    )


CHECKS = (completeness, books_balanced)
