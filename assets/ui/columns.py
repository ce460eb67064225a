"""Shows each asset's contract as its columns, and the columns of other assets from which they are made."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import dagster as dg
from pandera.pandas import DataFrameModel

from cloudkasse_etl.config.settings import Settings
from cloudkasse_etl.entities import (
    ALL_KINDS,
    ARTICLES,
    GROSS_PRICES,
    KINDS,
    PRICES,
    REVENUE_POSTINGS,
    STAGED_CLOSINGS,
    STAGED_RECEIPTS,
    STOCK_MOVEMENTS,
)
from cloudkasse_etl.i18n.text import Language
from cloudkasse_etl.schemas.column_docs import drawn_from, readable_columns
from cloudkasse_etl.schemas.postings import RevenuePosting, StockMovement
from cloudkasse_etl.schemas.prices import GrossPrice
from cloudkasse_etl.schemas.staging import ClosingStaged, ReceiptStaged
from cloudkasse_etl.sync.master_data.desired_records import FLOWS

CONTRACTS: Mapping[str, type[DataFrameModel]] = {
    **{kind.extract: FLOWS[kind.name].extract for kind in KINDS},
    GROSS_PRICES: GrossPrice,
    **{kind.cloud: FLOWS[kind.name].payload for kind in ALL_KINDS},
    STAGED_RECEIPTS: ReceiptStaged,
    STAGED_CLOSINGS: ClosingStaged,
    REVENUE_POSTINGS: RevenuePosting,
    STOCK_MOVEMENTS: StockMovement,
}
# An asset that is only waited for (a register, before articles are uploaded) is an edge of the graph, but no source.
DRAWN_FROM: Mapping[str, tuple[str, ...]] = {
    GROSS_PRICES: (PRICES.extract, ARTICLES.extract),
    **{kind.cloud: (kind.source,) for kind in ALL_KINDS},
    REVENUE_POSTINGS: (STAGED_RECEIPTS,),
    STOCK_MOVEMENTS: (STAGED_RECEIPTS,),
}


def with_columns(assets: Sequence[dg.AssetsDefinition], settings: Settings) -> list[dg.AssetsDefinition]:
    """The assets with the columns of their contracts."""

    def shown(spec: dg.AssetSpec) -> dg.AssetSpec:
        contract = CONTRACTS.get(spec.key.to_user_string())
        if contract is None:
            return spec
        schema = _schema(contract, settings.language)
        return spec.replace_attributes(metadata={**spec.metadata, "dagster/column_schema": schema})

    return [asset.map_asset_specs(shown) for asset in assets]


@cache
def lineage(asset: str) -> Mapping[str, Any]:
    """Metadata of a materialisation: the columns of other assets from which each column is made, if any."""
    if asset not in CONTRACTS:
        return {}
    upstream = {name: CONTRACTS[name] for name in DRAWN_FROM.get(asset, ())}
    found = drawn_from(CONTRACTS[asset], upstream)
    if not found:
        return {}
    deps = {
        column: [dg.TableColumnDep(asset_key=dg.AssetKey(other), column_name=theirs) for other, theirs in sources]
        for column, sources in found.items()
    }
    return {"dagster/column_lineage": dg.TableColumnLineage(deps)}


def _schema(contract: type[DataFrameModel], language: Language) -> dg.TableSchema:
    return dg.TableSchema(
        columns=[
            dg.TableColumn(
                name=column.name,
                type=column.type,
                description=column.description,
                constraints=dg.TableColumnConstraints(
                    nullable=column.nullable, unique=column.unique, other=list(column.rules)
                ),
            )
            for column in readable_columns(contract, language)
        ]
    )
