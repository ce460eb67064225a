"""Master data as SelectLine holds it, one asset a kind of record. What the cloud holds is in cloud_state.py."""

from functools import partial

import dagster as dg

from assets.checks.rejections import report_checks
from assets.run.resources import Sync
from assets.steps import Result, carry_out
from cloudkasse_etl.entities import Kind, TillKind, kinds_of
from cloudkasse_etl.sync.master_data.extraction import extract

GROUP = "master_data"


def _extracted(kind: Kind) -> dg.AssetsDefinition:
    @dg.asset(
        name=kind.extract,
        description=kind.extract_is,
        group_name=GROUP,
        kinds={kind.medium},
        check_specs=report_checks(kind.extract),
    )
    def extracted(sync: Sync) -> Result:
        return carry_out(partial(extract, kind=kind), sync)

    return extracted


def assets_of(till: TillKind) -> tuple[dg.AssetsDefinition, ...]:
    """The assets of the kinds that a till takes."""
    return tuple(_extracted(kind) for kind in kinds_of(till))
