"""Protects what the UI tells of columns: in words, from the contracts alone, and with no lineage to nowhere."""

from pathlib import Path

import dagster as dg
import pytest

from assets.definitions import assets_of, build_defs
from assets.ui.columns import CONTRACTS, DRAWN_FROM, lineage
from cloudkasse_etl.config.companies.installation import Installation
from cloudkasse_etl.config.connections import read_connections
from cloudkasse_etl.config.settings import Configuration, Settings
from cloudkasse_etl.entities import TILL_KINDS
from cloudkasse_etl.schemas.column_docs import key_of, readable_columns

URLS = {
    "CLOUDKASSE_ERP_URL": "sqlite:///erp.db",
    "CLOUDKASSE_API_URL": "https://x.example",
    "CLOUDKASSE_API_TOKEN": "t",
}


def schemas(settings: Settings) -> dict[str, dg.TableSchema]:
    """The column schema of each asset that has one, as the code location shows it."""
    configuration = Configuration(settings=settings, connections=read_connections(URLS), path=Path("cloudkasse.yaml"))
    specs = build_defs(Installation.of(configuration), protocol_folder=Path()).resolve_all_asset_specs()
    return {
        spec.key.to_user_string(): spec.metadata["dagster/column_schema"]
        for spec in specs
        if "dagster/column_schema" in spec.metadata
    }


def edges(asset: str) -> dict[str, list[str]]:
    """An asset's lineage: column → the columns that it is drawn from."""
    found = lineage(asset).get("dagster/column_lineage")
    return {
        column: [f"{dep.asset_key.to_user_string()}.{dep.column_name}" for dep in deps]
        for column, deps in (found.deps_by_column.items() if found else ())
    }


def test_each_edge_joins_a_column_of_the_asset_with_one_of_a_parent_of_it() -> None:
    there = {name: {c.name for c in schema.columns} for name, schema in schemas(Settings()).items()}
    parents: dict[str, set[str]] = {}
    for till in TILL_KINDS:
        for spec in (spec for asset in assets_of(till) for spec in asset.specs):
            parents.setdefault(spec.key.to_user_string(), set()).update(
                dep.asset_key.to_user_string() for dep in spec.deps
            )
    assert CONTRACTS.keys() == parents.keys() - {"sync_report"}
    assert there.keys() == {asset for asset in CONTRACTS if not asset.startswith("korona")}
    for asset in there:
        assert set(DRAWN_FROM.get(asset, ())) <= parents[asset], asset
        for column, sources in edges(asset).items():
            assert column in there[asset]
            for source in sources:
                upstream, name = source.split(".")
                assert upstream in DRAWN_FROM[asset]
                assert name in there[upstream], source


def test_a_gross_price_can_be_followed_from_the_erp_to_the_cloud() -> None:
    assert edges("cloudkasse_prices")["gross_cents"] == ["gross_prices.gross_cents"]
    assert set(edges("gross_prices")["gross_cents"]) == {
        "selectline_prices.price", "selectline_articles.tax_code", "selectline_articles.price_unit",
    }  # fmt: skip
    (price,) = (c for c in schemas(Settings())["selectline_prices"].columns if c.name == "price")
    assert price.description is not None
    assert price.description.endswith("From ARPREIS.Preis.")
    (gross,) = (c for c in schemas(Settings())["gross_prices"].columns if c.name == "gross_cents")
    assert gross.description == (
        "Price of one unit with VAT, in cents. From ARPREIS.Preis, ART.Preiseinheit, ART.SSVerkauf, USDETAIL.Steuer."
    )


def test_every_column_that_goes_up_comes_from_somewhere_or_from_the_settings_alone() -> None:
    unexplained = {
        f"{asset}.{column.name}"
        for asset in DRAWN_FROM
        if asset.startswith("cloudkasse_")
        for column in readable_columns(CONTRACTS[asset], "en")
        if column.name not in edges(asset)
    }
    assert unexplained == {
        "cloudkasse_company.number", "cloudkasse_company.vat_id", "cloudkasse_company.tax_number",
        "cloudkasse_prices.currency",  # that of the company; no price has one of its own
    }  # fmt: skip


@pytest.mark.parametrize("language", ["en", "de"])
def test_types_and_rules_are_words_and_no_code(language: str) -> None:
    for asset, schema in schemas(Settings.model_validate({"language": language})).items():
        for column in schema.columns:
            where = f"{asset}.{column.name}"
            told = " ".join([column.type, *column.constraints.other])
            assert not set(told) & set("[]\\{}^$"), where
            assert not {"int64", "string", "bool", "float64", "datetime64"} & set(told.split()), where
            assert column.type[0].isalpha(), where


def test_a_column_tells_its_type_meaning_source_and_rules() -> None:
    columns = {column.name: column for column in schemas(Settings())["gross_prices"].columns}
    price, start = columns["gross_cents"], columns["valid_from"]
    assert (price.type, price.constraints.nullable) == ("whole cents", False)
    assert price.constraints.other == ["from 0 to 1,000,000,000"]
    assert (start.type, start.constraints.nullable) == ("date", True)
    assert "written like 2026-07-01" in start.constraints.other
    assert "once with article, price_group, min_quantity" in start.constraints.other
    number = next(c for c in schemas(Settings(language="de"))["selectline_articles"].columns if c.name == "number")
    assert (number.type, number.description) == ("Text", "Artikelnummer. Aus ART.Artikelnummer.")
    assert number.constraints.unique
    assert "höchstens 40 Zeichen" in number.constraints.other


@pytest.mark.parametrize("asset", CONTRACTS)
def test_the_key_of_a_contract_is_made_of_its_columns(asset: str) -> None:
    names = [column.name for column in readable_columns(CONTRACTS[asset], "en")]
    assert key_of(CONTRACTS[asset])
    assert set(key_of(CONTRACTS[asset])) <= set(names)
