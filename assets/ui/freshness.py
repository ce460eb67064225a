"""How old the data may get before the UI shows it as stale: by group of assets, from the settings."""

from collections.abc import Sequence
from datetime import timedelta

import dagster as dg

from cloudkasse_etl.config.settings import Settings

_RECEIPT_GROUPS = ("receipts", "postings")


def with_freshness(assets: Sequence[dg.AssetsDefinition], settings: Settings) -> list[dg.AssetsDefinition]:
    """The assets with their policies.

    No asset is ever left out of a run, so the time of its last materialisation is the last time that somebody looked,
    whether or not anything was new. Steps that break materialise nothing and let their assets go stale.
    """
    hours = settings.automation.fresh_hours

    def freshened(spec: dg.AssetSpec) -> dg.AssetSpec:
        within = hours.receipts if spec.group_name in _RECEIPT_GROUPS else hours.master_data
        if within is None or spec.group_name == "report":
            return spec
        policy = dg.FreshnessPolicy.time_window(fail_window=timedelta(hours=within))
        return spec.replace_attributes(freshness_policy=policy)

    return [asset.map_asset_specs(freshened) for asset in assets]
