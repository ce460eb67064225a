"""The check that the till's records equal SelectLine's: it requests every record, so only on demand and in full runs.

It is not part of any job that synchronises. A full run reports its result itself, so the check has two ways here.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import dagster as dg

from assets.instance.runless_events import report_check
from assets.instance.tags import company_of
from assets.run.failures import plain_failures
from assets.run.partitions import partitions_of
from assets.ui.tables import shown_table
from cloudkasse_etl.config.companies.installation import Installation
from cloudkasse_etl.config.settings import Configuration
from cloudkasse_etl.entities import ALL_KINDS, Kind, TillKind, contents_of, kinds_of
from cloudkasse_etl.i18n.text import rendered_each, say
from cloudkasse_etl.rejections.rejection import Language
from cloudkasse_etl.sync.comparison.cloud_comparison import compare_all, compare_with_cloud
from cloudkasse_etl.sync.comparison.comparison_report import COLUMNS, Comparison
from cloudkasse_etl.sync.run.session import SyncSession

# Evaluated on demand only. Dagster forgets a check's result when its asset is materialised: on the assets that each run
# materialises these would read "Not Evaluated" for ever.
NAMES = {kind.cloud: f"{kind.name}_same_as_selectline" for kind in ALL_KINDS}


def keys_of(till: TillKind) -> tuple[dg.AssetCheckKey, ...]:
    """The keys of the checks, where the till is of this kind."""
    asset = dg.AssetKey(contents_of(till))
    return tuple(dg.AssetCheckKey(asset, NAMES[kind.cloud]) for kind in kinds_of(till))


def cloud_contents(installation: Installation) -> dg.AssetSpec:
    """The asset of the comparisons. No run materialises it."""
    settings = installation.shared
    what = say(
        "What the till really holds, compared record by record with what SelectLine wants: a check for each "
        "kind of record, with the last result. Job compare_with_cloud and runs with `full` compare."
    ).render(settings.language)
    return dg.AssetSpec(
        contents_of(settings.till.kind),
        group_name="cloud_state",
        kinds={"rest"},
        owners=settings.ui.owners,
        deps=[kind.cloud for kind in kinds_of(settings.till.kind)],
        description=what,
        partitions_def=partitions_of(installation),
    )


def cloud_checks(installation: Installation) -> dg.AssetChecksDefinition:
    """The check of each kind of record; chosen together they read SelectLine once."""

    settings = installation.shared
    asset, kinds = contents_of(settings.till.kind), kinds_of(settings.till.kind)

    @dg.multi_asset_check(
        name="compare_with_cloud_step",
        specs=[
            dg.AssetCheckSpec(
                NAMES[kind.cloud],
                asset=asset,
                description=say(
                    "The till holds just what SelectLine wants now, asked record by record. Runs when "
                    "somebody asks for it, in job compare_with_cloud and in runs with `full`. It changes nothing."
                ).render(settings.language),
            )
            for kind in kinds
        ],
        can_subset=True,
    )
    def compare(context: dg.AssetCheckExecutionContext) -> Iterator[dg.AssetCheckResult]:
        chosen = {key.name for key in context.selected_asset_check_keys}
        with plain_failures(settings.language):
            configuration = installation.configuration(company_of(context.run.tags))
            found = compare_all(configuration, [kind.name for kind in kinds if NAMES[kind.cloud] in chosen])
        for comparison in found:
            yield dg.AssetCheckResult(
                asset_key=asset, check_name=NAMES[comparison.asset], **_told(comparison, configuration)
            )

    return compare


def report_if_full(instance: dg.DagsterInstance, session: SyncSession, kind: Kind) -> None:
    """Compares after a full upload, and reports the check's result for the run, whose plan does not contain it.

    Args:
        instance: Where the result is stored.
        session: The run's session.
        kind: The kind of record.
    """
    if not session.options.full:
        return
    with plain_failures(session.settings.language):
        comparison = compare_with_cloud(session, kind)
    report_check(
        instance,
        dg.AssetCheckEvaluation(
            asset_key=dg.AssetKey(contents_of(session.settings.till.kind)),
            check_name=NAMES[kind.cloud],
            partition=session.configuration.company,
            **_told(comparison, session.configuration),
        ),
    )


def _told(comparison: Comparison, configuration: Configuration) -> dict[str, Any]:
    language = configuration.settings.language
    return {
        "passed": comparison.is_equal,
        "severity": dg.AssetCheckSeverity.WARN,
        "description": comparison.sentence(language),
        "metadata": _metadata(comparison, language),
    }


def _metadata(comparison: Comparison, language: Language) -> Mapping[str, dg.MetadataValue[Any]]:
    counts = {
        name: dg.MetadataValue.int(getattr(comparison, name))
        for name in ("wanted", "missing", "different", "superfluous", "refused", "waiting")
    }
    if comparison.is_equal:
        return counts
    return {**counts, "differences": shown_table(rendered_each(COLUMNS, language), comparison.rows(language))}
