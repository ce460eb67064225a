"""Results of assets that no run made: reported into the history, and only where they differ from the last ones."""

from collections.abc import Mapping
from typing import Any

import dagster as dg

CONTENT = "cloudkasse/content"
"""The tag of a materialisation by which equal contents are known."""


def last_reported(instance: dg.DagsterInstance, asset: str) -> dg.AssetMaterialization | None:
    """The latest materialisation of an asset; None where there is none."""
    entry = instance.get_latest_materialization_event(dg.AssetKey(asset))
    return None if entry is None else entry.asset_materialization


def report_if_changed(
    instance: dg.DagsterInstance,
    asset: str,
    content: str,
    *,
    metadata: Mapping[str, Any],
    check: dg.AssetCheckResult,
    before: dg.AssetMaterialization | None,
) -> bool:
    """Reports a materialisation and the result of a check, unless the latest one has the same content.

    Such events belong to no run. Pruning removes them like runs: runless_events.py.

    Args:
        instance: Where it is recorded.
        asset: The asset.
        content: Identifies the content.
        metadata: The asset's metadata.
        check: The result of its check.
        before: Its latest materialisation: `last_reported`.

    Returns:
        Whether it was reported.
    """
    if before is not None and (before.tags or {}).get(CONTENT) == content:
        return False
    instance.report_runless_asset_event(
        dg.AssetMaterialization(asset_key=asset, metadata=metadata, tags={CONTENT: content})
    )
    instance.report_runless_asset_event(
        dg.AssetCheckEvaluation(
            asset_key=dg.AssetKey(asset),
            check_name=str(check.check_name),
            passed=check.passed,
            severity=check.severity,
            description=check.description,
            metadata=check.metadata,
        )
    )
    return True
