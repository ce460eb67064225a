"""Protects that a kind of record that is entered in entities.py is forgotten nowhere; each fact stands once."""

import ast
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import get_type_hints

import dagster as dg
import pytest

import cloudkasse_etl
from assets.checks.cloud_equals_erp import NAMES, keys_of
from assets.definitions import assets_of
from assets.ui.columns import CONTRACTS, DRAWN_FROM
from cloudkasse_etl import entities
from cloudkasse_etl.config.settings import Settings
from cloudkasse_etl.entities import BY_NAME, COMPANY, ERP_TABLES, KINDS, REGISTERS, TILL_KINDS, Kind
from cloudkasse_etl.erp.selectline.reader import WATCHED
from cloudkasse_etl.i18n.text import Text
from cloudkasse_etl.sandbox.cloud import record_models
from cloudkasse_etl.schemas.column_docs import key_of
from cloudkasse_etl.sync.changes.changed_articles import upstream_of
from cloudkasse_etl.sync.comparison.comparison_report import Comparison
from cloudkasse_etl.sync.dry_run.plan_report import EntityPlan, Plan
from cloudkasse_etl.sync.dry_run.plan_view import view_of
from cloudkasse_etl.sync.master_data.desired_records import FLOWS
from cloudkasse_etl.tills.port import record_key

PROJECT = Path(cloudkasse_etl.__file__).parent.parent
ASSETS = assets_of("cloudkasse")
SPECS = {spec.key.to_user_string(): spec for asset in ASSETS for spec in asset.specs}
EACH = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)


def test_every_kind_that_is_defined_is_in_the_list_after_what_it_waits_for() -> None:
    defined = {kind for kind in vars(entities).values() if isinstance(kind, Kind)}
    assert defined == set(KINDS)
    assert list(BY_NAME.values()) == list(KINDS), "two kinds have one name"
    for place, kind in enumerate(KINDS):
        assert {kind.after, *kind.decided_by} - {None} <= set(KINDS[:place])
        assert kind.needs_register == (REGISTERS in kind.decided_by)


def test_no_two_assets_have_one_name_and_all_of_them_are_shown() -> None:
    names = [name for kind in KINDS for name in kind.assets]
    names += [value for value in vars(entities).values() if isinstance(value, str) and value in SPECS]
    of_kinds = {kind.computed for kind in KINDS if kind.computed}  # which have a name of their own as well
    assert len(names) == len(set(names)) + len(of_kinds)
    assert set(names) == set(SPECS)


@EACH
def test_a_kind_is_read_and_goes_up_by_contracts_that_have_its_key(kind: Kind) -> None:
    flow = FLOWS[kind.name]
    assert key_of(flow.payload) == kind.key
    assert set(kind.key) <= set(flow.payload.to_schema().columns)
    assert (CONTRACTS[kind.extract], CONTRACTS[kind.cloud]) == (flow.extract, flow.payload)
    assert DRAWN_FROM[kind.cloud] == (kind.source,)
    assert record_key(kind.name, dict.fromkeys(kind.key, "1")) == "|".join("1" for _ in kind.key)


def test_nothing_is_kept_of_a_kind_that_there_is_not() -> None:
    assert set(FLOWS) == {kind.name for kind in KINDS}
    of_all = {spec.key.to_user_string() for till in TILL_KINDS for asset in assets_of(till) for spec in asset.specs}
    assert set(CONTRACTS) == of_all - {entities.SYNC_REPORT}


@EACH
def test_changes_of_a_kind_are_watched_in_tables_that_are_read(kind: Kind) -> None:
    tables = {table.name for table in WATCHED}
    for asset in kind.assets:
        assert ERP_TABLES[asset], asset
        assert set(ERP_TABLES[asset]) <= tables, asset
        assert (asset in upstream_of(KINDS)) == kind.by_article
    assert set(kind.settings) <= set(Settings.model_fields)


@EACH
def test_the_assets_of_a_kind_depend_on_each_other_as_it_says(kind: Kind) -> None:
    def above(asset: str) -> set[str]:
        return {dep.asset_key.to_user_string() for dep in SPECS[asset].deps}

    assert above(kind.extract) == set()
    assert above(kind.cloud) == {kind.source, *([kind.after.cloud] if kind.after else [])}
    if kind.computed:
        assert kind.extract in above(kind.computed)
    before, found = {entities.SYNC_REPORT}, set[str]()
    while before:
        before = {name for asset in before for name in above(asset)} - found
        found |= before
    assert {*kind.assets} <= found  # the report comes last, by the ends of the graph
    assert SPECS[kind.extract].description == kind.extract_is
    assert SPECS[kind.cloud].description == kind.cloud_is
    checks = {spec.name for asset in ASSETS for spec in asset.check_specs if spec.asset_key == dg.AssetKey(kind.cloud)}
    assert ("register_before_articles" in checks) == kind.needs_register


def test_what_the_cloud_holds_is_compared_for_every_kind() -> None:
    assert [key.name for key in keys_of("cloudkasse")] == [NAMES[kind.cloud] for kind in KINDS]


@EACH
def test_a_kind_has_words_for_people_in_every_language(kind: Kind) -> None:
    for language in ("en", "de"):
        plan = Plan("master-data", (EntityPlan(kind.name, stopped="!"), EntityPlan(kind.name, skipped=kind.name)))
        shown = view_of(plan, language)
        assert [entity.title for entity in shown.entities] == [kind.heading.render(language)] * 2
        assert kind.heading.render(language) in shown.entities[1].skipped
        level = Comparison(kind.name, kind.cloud, 0, 2, 0, 0, 0, 0, ())
        named = kind.heading.render(language) if language == "de" and kind is COMPANY else kind.noun.render(language)
        assert named in level.sentence(language)


@EACH
def test_a_kind_is_called_something_in_german(kind: Kind) -> None:
    for name, type_ in get_type_hints(Kind).items():
        if type_ is Text:
            assert getattr(kind, name).render("de") != getattr(kind, name), name


@EACH
def test_the_sandbox_takes_what_goes_up(kind: Kind) -> None:
    entity = record_models.Entity(kind.name)
    assert set(record_models.RECORDS[entity].model_fields) == set(FLOWS[kind.name].payload.to_schema().columns)
    assert record_models.KEY_FIELDS[entity] == kind.key


def constants() -> Iterator[tuple[str, str]]:
    """All texts of the program that are no docstrings: where, and the text."""
    for folder in ("cloudkasse_etl", "assets"):
        for path in sorted((PROJECT / folder).rglob("*.py")):
            where = path.relative_to(PROJECT).as_posix()
            if "migrations" in path.parts or "sandbox" in path.parts or where == "cloudkasse_etl/entities.py":
                continue
            tree = ast.parse(path.read_text(encoding="utf-8"))
            alone = {node.value for node in ast.walk(tree) if isinstance(node, ast.Expr)}
            for node in ast.walk(tree):
                if isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in alone:
                    yield f"{where}:{node.lineno}", node.value


def test_the_name_of_an_asset_is_written_in_entities_only() -> None:
    assert [(where, text) for where, text in constants() if text in SPECS] == []


def test_the_recipe_names_five_places_at_most_and_each_is_there() -> None:
    recipe = (PROJECT / "docs" / "adding-a-kind-of-record.md").read_text(encoding="utf-8")
    places = [found[1] for line in recipe.splitlines() if (found := re.match(r"\d+\. `([^`]+)`", line))]
    assert 0 < len(places) <= 5
    assert [place for place in places if not (PROJECT / place).exists()] == []


def test_a_kind_is_frozen() -> None:
    with pytest.raises(AttributeError):
        COMPANY.name = "others"  # type: ignore[misc]
    assert replace(COMPANY, name="others").name not in FLOWS
    assert all(re.fullmatch("[a-z]+", kind.name) for kind in KINDS), "names stand in addresses"
