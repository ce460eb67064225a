"""Master data as the till holds it after the run. Only what has changed is sent; the rules are in the library."""

from functools import partial

import dagster as dg

from assets.checks.cloud_equals_erp import report_if_full
from assets.checks.rejections import REGISTER_FIRST, report_checks
from assets.run.resources import Sync
from assets.steps import Result, carry_out
from cloudkasse_etl.entities import Kind, TillKind, kinds_of
from cloudkasse_etl.sync.master_data.upload import upload

GROUP = "cloud_state"


def _uploaded(kind: Kind) -> dg.AssetsDefinition:
    checks = (REGISTER_FIRST,) if kind.needs_register else ()

    @dg.asset(
        name=kind.cloud,
        description=kind.cloud_is,
        group_name=GROUP,
        kinds={"rest"},
        deps=[kind.source, *([kind.after.cloud] if kind.after else [])],
        check_specs=report_checks(kind.cloud, *checks),
    )
    def uploaded(context: dg.AssetExecutionContext, sync: Sync) -> Result:
        result = carry_out(partial(upload, kind=kind), sync, *checks)
        report_if_full(context.instance, sync, kind)
        return result

    return uploaded


def assets_of(till: TillKind) -> tuple[dg.AssetsDefinition, ...]:
    """The assets of the kinds that a till takes."""
    return tuple(_uploaded(kind) for kind in kinds_of(till))
