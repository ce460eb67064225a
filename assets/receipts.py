"""Receipts and closings as they come from the till. They are staged only; booking is in postings.py."""

import dagster as dg

from assets.checks.rejections import report_checks
from assets.run.resources import Sync
from assets.steps import Result, carry_out
from cloudkasse_etl.entities import STAGED_CLOSINGS, STAGED_RECEIPTS, TillKind
from cloudkasse_etl.sync.receipts.receipt_staging import stage_closings, stage_receipts
from cloudkasse_etl.tills.capabilities import CAPABILITIES

GROUP = "receipts"


@dg.asset(
    group_name=GROUP,
    kinds={"rest", "sql"},
    check_specs=report_checks(STAGED_RECEIPTS),
)
def staged_receipts(sync: Sync) -> Result:
    """The receipts (Bons) that the registers have sold, fetched once from the till, checked and staged.

    Nothing is booked yet. A receipt that does not add up is kept as it came, rejected with the reason, and holds up
    no other.
    """
    return carry_out(stage_receipts, sync)


def _closings(*deps: dg.AssetsDefinition) -> dg.AssetsDefinition:
    @dg.asset(
        group_name=GROUP,
        kinds={"rest", "sql"},
        deps=deps,
        check_specs=report_checks(STAGED_CLOSINGS),
    )
    def staged_closings(sync: Sync) -> Result:
        """The closings (Kassenabschlüsse, Z-Bons) of the registers' days; receipts are compared with them."""
        return carry_out(stage_closings, sync)

    return staged_closings


def assets_of(till: TillKind) -> tuple[dg.AssetsDefinition, ...]:
    """The assets; closings that come together with receipts are staged with these, and counted after them."""
    after = () if CAPABILITIES[till].has_closings_alone else (staged_receipts,)
    return (staged_receipts, _closings(*after))
