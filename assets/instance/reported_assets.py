"""Results of assets that no run made: reported into the history, and only where they differ from the last ones."""

from collections.abc import Mapping
from typing import Any

import dagster as dg

from assets.instance.runless_events import report_check

CONTENT = "cloudkasse/content"
"""The tag of a materialisation by which equal contents are known."""


def last_reported(
    instance: dg.DagsterInstance, asset: str, company: str | None = None
) -> dg.AssetMaterialization | None:
    """The latest materialisation of an asset; None where there is none.

    Args:
        instance: Where it is recorded.
        asset: The asset.
        company: The company's key in a chain.

    Returns:
        The materialisation.
    """
    key = dg.AssetKey(asset)
    if company is None:
        entry = instance.get_latest_materialization_event(key)
        return None if entry is None else entry.asset_materialization
    found = instance.fetch_materializations(dg.AssetRecordsFilter(key, asset_partitions=[company]), limit=1).records
    return found[0].asset_materialization if found else None


def report_if_changed(
    instance: dg.DagsterInstance,
    asset: str,
    content: str,
    *,
    metadata: Mapping[str, Any],
    check: dg.AssetCheckResult,
    before: dg.AssetMaterialization | None,
    company: str | None = None,
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
        company: The company's key in a chain.

    Returns:
        Whether it was reported.
    """
    if before is not None and (before.tags or {}).get(CONTENT) == content:
        return False
    instance.report_runless_asset_event(
        dg.AssetMaterialization(asset_key=asset, metadata=metadata, tags={CONTENT: content}, partition=company)
    )
    report_check(
        instance,
        dg.AssetCheckEvaluation(
            asset_key=dg.AssetKey(asset),
            check_name=str(check.check_name),
            passed=check.passed,
            severity=check.severity,
            description=check.description,
            metadata=check.metadata,
            partition=company,
        ),
    )
    return True
