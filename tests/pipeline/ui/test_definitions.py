"""Protects what the Dagster UI shows: the graph of the design, a description for everybody, and no secret anywhere."""

import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
import yaml
from dagster._core.execution.api import create_execution_plan  # validates run config as the launchpad does

from assets.checks.cloud_equals_erp import keys_of
from assets.checks.rejections import REJECTIONS
from assets.cli.step_titles import STEP_TITLES, step_title
from assets.definitions import build_defs
from assets.definitions import defs as code_location
from assets.instance import runs, tags
from assets.instance.home import PROJECT
from cloudkasse_etl.config.companies.installation import Installation
from cloudkasse_etl.config.connections import read_connections
from cloudkasse_etl.config.settings import Configuration, Settings, parse_settings
from cloudkasse_etl.errors import ConfigurationError
from cloudkasse_etl.i18n.text import Language
from tests.support.selectline.delivering import DELIVERY

SECRETS = {"CLOUDKASSE_ERP_URL": "mssql+pyodbc://sa:Geheim1@server/SL_M", "CLOUDKASSE_API_TOKEN": "token-Geheim2"}
GRAPH = {
    "selectline_company": set(),
    "selectline_registers": set(),
    "selectline_employees": set(),
    "selectline_articles": set(),
    "selectline_prices": set(),
    "gross_prices": {"selectline_prices", "selectline_articles"},
    "cloudkasse_company": {"selectline_company"},
    "cloudkasse_registers": {"selectline_registers", "cloudkasse_company"},
    "cloudkasse_employees": {"selectline_employees", "cloudkasse_company"},
    "cloudkasse_articles": {"selectline_articles", "cloudkasse_registers"},
    "cloudkasse_prices": {"gross_prices", "cloudkasse_articles"},
    "staged_receipts": set(),
    "staged_closings": set(),
    "revenue_postings": {"staged_receipts"},
    "stock_movements": {"staged_receipts"},
}
ENDS = {"cloudkasse_employees", "cloudkasse_prices", "staged_closings", "revenue_postings", "stock_movements"}
RECEIPTS = {"staged_receipts", "staged_closings"}
IMPORT = {"revenue_postings", "stock_movements"}
CHECKS = {"completeness", "revenue_postings_books_balanced", "staged_receipts_legal_record_equals_staged"}
LOOKING = {
    "plan": ["what_would_be_done"],
    "compare_with_cloud": ["compare_with_cloud_step"],
    "show_receipt": ["what_became_of_it"],
}
JOBS = {
    "sync_all": set(GRAPH),
    "sync_master_data": set(GRAPH) - RECEIPTS - IMPORT,
    "sync_receipts": RECEIPTS | IMPORT,
    "import_receipts": IMPORT,
}


@pytest.fixture
def configuration() -> Configuration:
    connections = read_connections({**SECRETS, "CLOUDKASSE_API_URL": "https://api.example.org"})
    return Configuration(settings=Settings(), connections=connections, path=Path("cloudkasse.yaml"))


@pytest.fixture
def definitions(configuration: Configuration, tmp_path: Path) -> dg.Definitions:
    return build_defs(Installation.of(configuration), protocol_folder=tmp_path)


@pytest.fixture
def delivering(configuration: Configuration, tmp_path: Path) -> Callable[..., dg.Definitions]:
    """Makes the definitions of a shop that delivers into SelectLine."""

    def made(**changed: Any) -> dg.Definitions:
        settings = Settings.model_validate({"delivery": {**DELIVERY, **changed}})
        return build_defs(
            Installation.of(configuration.model_copy(update={"settings": settings})), protocol_folder=tmp_path
        )

    return made


def made_by(definitions: dg.Definitions, job: str) -> set[str]:
    """The assets that a job materialises."""
    return {
        output.properties.asset_key.to_user_string()
        for step in create_execution_plan(definitions.resolve_job_def(job)).steps
        for output in step.step_outputs
        if output.properties and output.properties.asset_key and not output.properties.asset_check_key
    }


def test_deliveries_are_in_the_graph_where_a_target_is_chosen_and_in_an_import_where_it_is_to_be_followed_by_one(
    definitions: dg.Definitions, delivering: Callable[..., dg.Definitions]
) -> None:
    manual, direct = delivering(), delivering(when="direct")
    assert "deliver" not in {job.name for job in definitions.jobs or ()}
    for found in (manual, direct):
        assert made_by(found, "deliver") == {"selectline_documents", "sync_report"}
    for job in ("sync_all", "sync_receipts", "import_receipts"):
        assert made_by(manual, job) == {*JOBS[job], "sync_report"}
        assert made_by(direct, job) == {*JOBS[job], "selectline_documents", "sync_report"}


def test_the_ledger_is_in_the_graph_where_it_is_chosen(delivering: Callable[..., dg.Definitions]) -> None:
    ledger = {"ledger": "batch", "batch": {"year": "SL_MSHOPF-2026"}}
    assert made_by(delivering(**ledger), "deliver") == {"selectline_documents", "selectline_ledger", "sync_report"}
    alone = delivering(**ledger, documents="none", when="direct")
    assert made_by(alone, "deliver") == {"selectline_ledger", "sync_report"}
    assert made_by(alone, "import_receipts") == {*JOBS["import_receipts"], "selectline_ledger", "sync_report"}


def test_building_definitions_touches_no_network_disk_or_environment(
    configuration: Configuration, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*arguments: Any, **more: Any) -> Any:
        raise AssertionError("nothing is opened while definitions are built")

    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.setattr(Path, "open", refuse)
    build_defs(Installation.of(configuration), protocol_folder=tmp_path / "absent").resolve_all_job_defs()
    assert list(tmp_path.iterdir()) == []


def test_the_graph_is_that_of_the_design(definitions: dg.Definitions) -> None:
    graph = definitions.resolve_asset_graph()
    found = {
        key.to_user_string(): {parent.to_user_string() for parent in graph.get(key).parent_keys}
        for key in graph.materializable_asset_keys
    }
    assert found == {**GRAPH, "sync_report": ENDS, "action_needed": set()}
    assert set(GRAPH) == {parent for end in ENDS for parent in {end, *graph_above(end)}}


def graph_above(asset: str) -> set[str]:
    """All that an asset depends on, directly or not."""
    return {name for parent in GRAPH[asset] for name in {parent, *graph_above(parent)}}


def test_each_asset_says_what_it_is(definitions: dg.Definitions) -> None:
    for spec in definitions.resolve_all_asset_specs():
        name = spec.key.to_user_string()
        assert spec.description, name
        assert spec.group_name in {"master_data", "prices", "cloud_state", "receipts", "postings", "report"}, name
        assert spec.kinds, name
        schema = spec.metadata.get("dagster/column_schema")
        if name not in ("sync_report", "action_needed", "cloudkasse_contents"):
            assert isinstance(schema, dg.TableSchema), name
            assert all(column.description for column in schema.columns), name


def checks_of(definitions: dg.Definitions) -> list[dg.AssetCheckSpec]:
    graph = definitions.resolve_asset_graph()
    return [graph.get_check_spec(key) for key in graph.asset_check_keys]


def told(definitions: dg.Definitions) -> dict[str, str]:
    """All that the UI says of what it shows, by name; of a job also its options'."""
    found = {spec.key.to_user_string(): spec.description or "" for spec in definitions.resolve_all_asset_specs()}
    for check in checks_of(definitions):
        found[check.key.to_user_string()] = check.description or ""
    for job in (job for job in definitions.resolve_all_job_defs() if not job.name.startswith("__")):
        found[job.name] = job.description or ""
        fields = getattr(job.config_mapping.config_schema.config_type, "fields", {}) if job.config_mapping else {}
        found |= {f"{job.name}.{name}": field.description or "" for name, field in fields.items()}
    for automation in (*(definitions.schedules or ()), *(definitions.sensors or ())):
        assert isinstance(automation, (dg.ScheduleDefinition, dg.SensorDefinition))
        found[automation.name] = automation.description or ""
    return found


def test_a_german_shop_reads_the_ui_in_german(configuration: Configuration, tmp_path: Path) -> None:
    shops = [
        configuration.model_copy(update={"settings": Settings.model_validate({"language": language})})
        for language in ("en", "de")
    ]
    english, german = (told(build_defs(Installation.of(shop), protocol_folder=tmp_path)) for shop in shops)
    assert english.keys() == german.keys()
    assert {"sync_all.full", "import_receipts.receipt_ids", "nightly", "new_data", "plan"} <= english.keys()
    assert {f"staged_receipts:{REJECTIONS}", "revenue_postings:books_balanced"} <= english.keys()
    assert not {name for name, text in english.items() if not text or text == german[name]}
    assert not {name for name, text in german.items() if {"the", "and", "which"} & set(text.split())}


@pytest.mark.parametrize("language", ["en", "de", "fr"])
def test_the_progress_bar_says_of_each_step_what_it_does(
    delivering: Callable[..., dg.Definitions], language: Language
) -> None:
    definitions = delivering()
    steps = {node.name for job in tags.KINDS for node in definitions.resolve_job_def(job).nodes}
    assert steps <= STEP_TITLES.keys()
    assert all(step_title(step, language) != step for step in steps)


@pytest.mark.parametrize("job", list(JOBS))
def test_each_job_does_its_part_and_ends_in_the_report(definitions: dg.Definitions, job: str) -> None:
    plan = create_execution_plan(definitions.resolve_job_def(job))
    steps = plan.get_steps_to_execute_in_topo_order()
    made = {
        output.properties.asset_key.to_user_string()
        for step in steps
        for output in step.step_outputs
        if output.properties and output.properties.asset_key and not output.properties.asset_check_key
    }
    assert made == {*JOBS[job], "sync_report"}
    names = [step.key for step in steps if step.key not in CHECKS]
    assert names[-1] == "sync_report"
    assert definitions.resolve_job_def(job).executor_def.name == "in_process"
    assert definitions.resolve_job_def(job).description


@pytest.mark.parametrize("job", list(LOOKING))
def test_a_job_that_only_looks_needs_neither_lease_nor_session(definitions: dg.Definitions, job: str) -> None:
    found = definitions.resolve_job_def(job)
    plan = create_execution_plan(found)
    assert [step.key for step in plan.get_steps_to_execute_in_topo_order()] == LOOKING[job]
    assert not {"sync", "options"} & {key for op in found.graph.iterate_op_defs() for key in op.required_resource_keys}
    assert found.description


def test_options_stand_at_the_top_of_the_run_config_and_a_typo_is_named(definitions: dg.Definitions) -> None:
    job = definitions.resolve_job_def("sync_all")
    create_execution_plan(job, run_config={})
    create_execution_plan(job, run_config={"full": True, "retry_rejected": True, "allow_retire": True})
    with pytest.raises(dg.DagsterInvalidConfigError, match="ful1"):
        create_execution_plan(job, run_config={"ful1": True})


def test_no_secret_reaches_what_dagster_stores_or_shows(definitions: dg.Definitions) -> None:
    for job in definitions.resolve_all_job_defs():
        stored = dg.serialize_value(job.get_job_snapshot()) + dg.serialize_value(job.get_parent_job_snapshot() or [])
        assert "Geheim" not in stored
    for resource in (definitions.resources or {}).values():
        assert "Geheim" not in repr(resource)


def test_the_run_of_a_command_is_one_of_the_same_job(configuration: Configuration, tmp_path: Path) -> None:
    def snapshot(**differences: Any) -> str:
        definitions = build_defs(Installation.of(configuration), protocol_folder=tmp_path, **differences)
        return definitions.resolve_job_def("sync_all").get_job_snapshot_id()

    assert snapshot() == snapshot(started_by="command line", on_report=print)
    assert snapshot() == snapshot(with_links=True)


def links(definitions: dg.Definitions) -> dict[str, list[str]]:
    """Where the UI says that each asset's code can be read."""
    return {
        spec.key.to_user_string(): [c.source for c in spec.metadata["dagster/code_references"].code_references]
        for spec in definitions.resolve_all_asset_specs()
        if spec.key.to_user_string() != "cloudkasse_contents"  # which nothing computes
    }


def test_each_asset_names_who_answers_for_it_and_links_to_its_code(
    configuration: Configuration, tmp_path: Path
) -> None:
    owners = ("team:accounting", "anna.muster@example.org")
    code = {"url": "https://git.example.org/shop/etl/", "branch": "stable", "platform": "gitlab"}
    settings = Settings.model_validate({"ui": {"owners": owners, "source_code": code}})
    changed = configuration.model_copy(update={"settings": settings})
    definitions = build_defs(Installation.of(changed), protocol_folder=tmp_path, with_links=True)
    assert {tuple(spec.owners) for spec in definitions.resolve_all_asset_specs()} == {owners}
    for asset, (link,) in links(definitions).items():
        url, line = link.split("#L")
        folder, _, path = url.partition("/-/tree/stable/")
        assert folder == "https://git.example.org/shop/etl", asset
        lines = (PROJECT / path).read_text(encoding="utf-8").splitlines()
        assert "@dg." in lines[int(line) - 1], asset
    here = links(build_defs(Installation.of(configuration), protocol_folder=tmp_path, with_links=True))
    assert all(link.startswith(str(PROJECT)) for (link,) in here.values())


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("ui: {owners: [accounting]}", id="neither a team nor an address"),
        pytest.param("ui: {source_code: {url: 'https://me:secret@git.example.org/x', platform: github}}", id="secret"),
    ],
)
def test_what_the_ui_would_show_to_everybody_is_checked(text: str) -> None:
    with pytest.raises(ConfigurationError) as raised:
        parse_settings(text)
    assert "must be an" in str(raised.value)
    assert "me:secret" not in str(raised.value)


def test_runs_name_the_code_location_that_the_workspace_names() -> None:
    workspace = yaml.safe_load((PROJECT / "workspace.yaml").read_text(encoding="utf-8"))
    module = workspace["load_from"][0]["python_module"]
    assert module == {"module_name": runs.MODULE, "location_name": runs.LOCATION, "working_directory": "."}


def test_broken_settings_are_told_when_the_location_loads_and_a_reload_heals_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "cloudkasse.yaml"
    file.write_text("timezone: Nowhere\nregistres: []\n", encoding="utf-8")
    environment = {**SECRETS, "CLOUDKASSE_API_URL": "https://api.example.org", "CLOUDKASSE_SETTINGS": str(file)}
    for name, value in {**environment, "CLOUDKASSE_DAGSTER_STORAGE": str(tmp_path), "DAGSTER_HOME": ""}.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(ConfigurationError, match=r"(?s)2 problems.*yaml:1: timezone.*yaml:2: 'registres'|registres"):
        code_location()
    file.write_text("timezone: Europe/Berlin\n", encoding="utf-8")
    assert isinstance(code_location(), dg.Definitions)


def test_the_check_of_rejected_records_is_the_first_of_each_asset(definitions: dg.Definitions) -> None:
    # The UI lists an asset's checks by the alphabet, and opens the first of them.
    names: dict[str, list[str]] = {}
    for key in definitions.resolve_asset_graph().asset_check_keys:
        names.setdefault(key.asset_key.to_user_string(), []).append(key.name)
    for asset in set(names) - {"sync_report", "action_needed", "cloudkasse_contents"}:
        assert min(names[asset]) == REJECTIONS, asset


def test_no_run_materialises_the_asset_whose_checks_are_made_on_demand(definitions: dg.Definitions) -> None:
    # Dagster forgets a check's result when its asset is materialised.
    graph = definitions.resolve_asset_graph()
    assert {key.asset_key.to_user_string() for key in keys_of("cloudkasse")} == {"cloudkasse_contents"}
    assert dg.AssetKey("cloudkasse_contents") not in graph.materializable_asset_keys
    assert len(keys_of("cloudkasse")) == 5
