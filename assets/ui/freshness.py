"""The age at which the UI shows data as stale: by group of assets, from the settings."""

from collections.abc import Sequence
from datetime import timedelta

import dagster as dg

from cloudkasse_etl.config.settings import Settings

_RECEIPT_GROUPS = ("receipts", "postings", "selectline_delivery")


def with_freshness(assets: Sequence[dg.AssetsDefinition], settings: Settings) -> list[dg.AssetsDefinition]:
    """The assets with their policies.

    No asset is ever left out of a run, so the time of its last materialisation is the time of the last check, whether
    or not anything was new. Steps that fail materialise nothing, so their assets become stale.
    """
    hours = settings.automation.fresh_hours

    def freshened(spec: dg.AssetSpec) -> dg.AssetSpec:
        within = hours.receipts if spec.group_name in _RECEIPT_GROUPS else hours.master_data
        if within is None or spec.group_name == "report":
            return spec
        policy = dg.FreshnessPolicy.time_window(fail_window=timedelta(hours=within))
        return spec.replace_attributes(freshness_policy=policy)

    return [asset.map_asset_specs(freshened) for asset in assets]
