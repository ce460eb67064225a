"""Which contract each asset keeps, shown as its columns; and from which assets' columns its own are drawn."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import dagster as dg
from pandera.pandas import DataFrameModel

from cloudkasse_etl.config.settings import Settings
from cloudkasse_etl.i18n.text import Language
from cloudkasse_etl.schemas.articles import ArticleExtract, ArticlePayload
from cloudkasse_etl.schemas.column_docs import drawn_from, readable_columns
from cloudkasse_etl.schemas.company import CompanyExtract, CompanyPayload
from cloudkasse_etl.schemas.employees import EmployeeExtract, EmployeePayload
from cloudkasse_etl.schemas.postings import RevenuePosting, StockMovement
from cloudkasse_etl.schemas.prices import GrossPrice, PriceExtract, PricePayload
from cloudkasse_etl.schemas.registers import RegisterExtract, RegisterPayload
from cloudkasse_etl.schemas.staging import ClosingStaged, ReceiptStaged

CONTRACTS: Mapping[str, type[DataFrameModel]] = {
    "selectline_company": CompanyExtract,
    "selectline_registers": RegisterExtract,
    "selectline_employees": EmployeeExtract,
    "selectline_articles": ArticleExtract,
    "selectline_prices": PriceExtract,
    "gross_prices": GrossPrice,
    "cloudkasse_company": CompanyPayload,
    "cloudkasse_registers": RegisterPayload,
    "cloudkasse_employees": EmployeePayload,
    "cloudkasse_articles": ArticlePayload,
    "cloudkasse_prices": PricePayload,
    "staged_receipts": ReceiptStaged,
    "staged_closings": ClosingStaged,
    "revenue_postings": RevenuePosting,
    "stock_movements": StockMovement,
}
# What an asset only waits for (a register, before articles go up) is an edge of the graph, but no source of columns.
DRAWN_FROM: Mapping[str, tuple[str, ...]] = {
    "gross_prices": ("selectline_prices", "selectline_articles"),
    "cloudkasse_company": ("selectline_company",),
    "cloudkasse_registers": ("selectline_registers",),
    "cloudkasse_employees": ("selectline_employees",),
    "cloudkasse_articles": ("selectline_articles",),
    "cloudkasse_prices": ("gross_prices",),
    "revenue_postings": ("staged_receipts",),
    "stock_movements": ("staged_receipts",),
}


def with_columns(assets: Sequence[dg.AssetsDefinition], settings: Settings) -> list[dg.AssetsDefinition]:
    """The assets with the columns that their contracts promise."""

    def shown(spec: dg.AssetSpec) -> dg.AssetSpec:
        contract = CONTRACTS.get(spec.key.to_user_string())
        if contract is None:
            return spec
        schema = _schema(contract, settings.language)
        return spec.replace_attributes(metadata={**spec.metadata, "dagster/column_schema": schema})

    return [asset.map_asset_specs(shown) for asset in assets]


@cache
def lineage(asset: str) -> Mapping[str, Any]:
    """Metadata of a materialisation: which columns of other assets each column is drawn from, where any is."""
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
