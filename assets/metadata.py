"""How reports and contracts look on an asset: metadata of a materialisation, and the columns of what it holds."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import dagster as dg
from pandera.pandas import DataFrameModel

from cloudkasse_etl.failures import Language, Rejection
from cloudkasse_etl.sync.report import SHOWN_REJECTIONS, AssetReport, Deferral, RunReport, outcome_of, sentence

_HEADINGS: dict[Language, tuple[str, str, str, str]] = {
    "en": ("record", "code", "what is wrong", "what to do"),
    "de": ("Datensatz", "Code", "was nicht stimmt", "was zu tun ist"),
}


def asset_metadata(report: AssetReport, language: Language, protocol: Path) -> Mapping[str, Any]:
    """What every materialisation carries: the same keys always, so that the UI draws them over time."""
    summary = sentence(outcome_of(report.counts), [replace(report, deferrals=())], language)
    return {
        "summary": dg.MetadataValue.md(_with_deferrals(summary, report.deferrals, language)),
        **report.counts.as_dict(),
        "seconds": round(report.seconds, 3),
        **({} if report.rows is None else {"dagster/row_count": report.rows}),
        "protocol": dg.MetadataValue.path(str(protocol)),
        "rejections": rejection_table(report.rejections, language),
    }


def run_metadata(report: RunReport, language: Language) -> Mapping[str, Any]:
    """What sync_report carries: the sentence and the totals of the whole run."""
    return {
        "summary": dg.MetadataValue.md(report.message),
        "outcome": str(report.outcome),
        **report.counts.as_dict(),
        "seconds": round(sum(asset.seconds for asset in report.assets.values()), 3),
        "protocol": dg.MetadataValue.path(report.protocol),
        # made on demand: with 20,000 receipts it takes three seconds, a quiet run half a one
        "page": dg.MetadataValue.text(f"cloudkasse-etl report {report.run_id[:8]} --html report.html"),
        "rejections": rejection_table(report.rejections, language),
    }


def rejection_table(rejections: Sequence[Rejection], language: Language) -> dg.MetadataValue[Any]:
    """The first rejections as a table; the protocol holds them all."""
    if not rejections:
        return dg.MetadataValue.text("–")
    names = _HEADINGS[language]
    rows = [
        (rejection.key, rejection.code, rejection.text(language), rejection.cure(language))
        for rejection in rejections[:SHOWN_REJECTIONS]
    ]
    return dg.MetadataValue.table(
        records=[dg.TableRecord(dict(zip(names, row, strict=True))) for row in rows],
        schema=dg.TableSchema(columns=[dg.TableColumn(name=name, type="string") for name in names]),
    )


def columns(contract: type[DataFrameModel]) -> Mapping[str, Any]:
    """The columns that a contract promises, as the UI shows them on the asset."""
    return {
        "dagster/column_schema": dg.TableSchema(
            columns=[
                dg.TableColumn(
                    name=name,
                    type=str(column.dtype).partition("[")[0],
                    description=column.description or column.title,
                    constraints=dg.TableColumnConstraints(nullable=column.nullable, unique=column.unique),
                )
                for name, column in contract.to_schema().columns.items()
            ]
        )
    }


def _with_deferrals(summary: str, deferrals: Iterable[Deferral], language: Language) -> str:
    waiting = [f"- {deferral.count:,} × {deferral.text(language)}" for deferral in deferrals]
    return "\n".join([summary, "", *waiting]) if waiting else summary
