"""Protects what we rely on of Dagster's inside, which Dagster does not promise. An upgrade fails here first, in words.

Our side of it lies in assets/instance alone; that it does is checked as well.
"""

import ast
import importlib
import inspect
import re
import shutil
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine
from sqlalchemy import inspect as look_into

from assets.instance import history_connections, runs, storage, tags
from assets.instance.history_connections import open_history, read_migrations_once
from cloudkasse_etl.errors import HistoryUnavailableError

PROJECT = Path(__file__).resolve().parents[3]
VERSION = "1.13"
"""Of Dagster, in which all of this was looked up. Raise it once this file passes, and make test after it."""
ROOM = PROJECT / "assets" / "instance"
# They ask Dagster as its UI does, die at a step of its engine, or look how it plans a job.
TESTS_INSIDE = {
    "tests/support/pages/ui_answers.py",
    "tests/crash/dagster_steps.py",
    "tests/pipeline/ui/test_definitions.py",
    "tests/unit/instance/test_dagster_inside.py",
}


@dataclass(frozen=True)
class Inside:
    """Something of Dagster's inside.

    Attributes:
        name: `module:attribute`, or a module alone.
        why: What we do by it, and where.
        takes: The arguments that we give it by name.
    """

    name: str
    why: str
    takes: tuple[str, ...] = ()

    def found(self) -> Any:
        """The thing itself.

        Raises:
            ImportError, AttributeError: It is gone.
        """
        module, _, attribute = self.name.partition(":")
        thing: Any = importlib.import_module(module)
        for part in filter(None, attribute.split(".")):
            thing = getattr(thing, part)
        return thing


_HISTORY = "instance/history_connections.py keeps the files of the history open by it while a run goes on"
_FILES = "instance/runs.py finds the files of the history by it, which instance/retention.py makes smaller"
_ORIGIN = "instance/runs.py says by it to which job a run belongs; without it the UI does not list the run there"
_SCRIPTS = "instance/history_connections.py keeps Dagster from reading all its migrations for each file by it"
_AS_BEFORE = "instance/retention.py leaves by it the time of a run as it was whose log it removes"
_ENGINE = "instance/engines/celery_launcher.py is a launcher of Dagster's by it"
_EVENTS = "dagster._core.storage.event_log.sqlite.sqlite_event_log"
INSIDE = (
    Inside(
        "dagster._core.execution.api:create_execution_plan",
        "instance/runs.py plans the run of a command by it",
        ("run_config", "instance_ref", "tags"),
    ),
    Inside(
        "dagster._core.errors:DagsterUserCodeUnreachableError",
        "instance/engines/celery_launcher.py has Dagster's daemon put a run back into its queue by it",
    ),
    Inside("dagster._core.launcher:LaunchRunContext", _ENGINE),
    Inside("dagster._core.launcher:CheckRunHealthResult", _ENGINE),
    Inside("dagster._core.launcher:WorkerStatus", _ENGINE),
    Inside("dagster._core.execution.api:execute_run_iterator", "instance/runs.py runs a job in this process by it"),
    Inside("dagster._core.definitions.job_base:InMemoryJob", "instance/runs.py runs a job in this process by it"),
    Inside(
        "dagster:DagsterInstance.create_run_for_job",
        "instance/runs.py records the run of a command by it",
        ("job_def", "execution_plan", "run_id", "run_config", "tags", "remote_job_origin", "job_code_origin"),
    ),
    Inside(
        "dagster:QueuedRunCoordinator.submit_run",
        "instance/run_queue.py takes a parent's result from a run by it, before Dagster queues it",
        ("context",),
    ),
    Inside(
        "dagster._core.storage.runs.base:RunStorage.replace_job_origin",
        "instance/run_queue.py stores by it whose re-execution a run is",
        ("run", "job_origin"),
    ),
    Inside("dagster_shared.record:copy", "instance/run_queue.py changes a run by it"),
    Inside("dagster._core.run_coordinator:SubmitRunContext.dagster_run", "instance/run_queue.py gets the run by it"),
    Inside("dagster:DagsterInstance.report_run_failed", "instance/runs.py marks dead runs as failed by it"),
    Inside("dagster:DagsterInstance.local_temp", "instance/home.py opens the history by it", ("overrides",)),
    Inside(
        "dagster._core.storage.noop_compute_log_manager:NoOpComputeLogManager",
        "instance/home.py keeps Dagster's helper processes and redirections away by it",
    ),
    Inside("dagster._core.definitions.repository_definition:SINGLETON_REPOSITORY_NAME", _ORIGIN),
    Inside("dagster._core.code_pointer:CodePointer.from_module", _ORIGIN),
    Inside("dagster._core.origin:DEFAULT_DAGSTER_ENTRY_POINT", _ORIGIN),
    Inside("dagster._core.origin:JobPythonOrigin", _ORIGIN),
    Inside("dagster._core.origin:RepositoryPythonOrigin", _ORIGIN, ("executable_path", "code_pointer", "entry_point")),
    Inside("dagster._core.remote_origin:RemoteJobOrigin", _ORIGIN),
    Inside("dagster._core.remote_origin:RemoteRepositoryOrigin", _ORIGIN),
    Inside(
        "dagster._core.remote_origin:ManagedGrpcPythonEnvCodeLocationOrigin",
        _ORIGIN,
        ("loadable_target_origin", "location_name"),
    ),
    Inside(
        "dagster._core.types.loadable_target_origin:LoadableTargetOrigin",
        _ORIGIN,
        ("executable_path", "module_name", "working_directory"),
    ),
    Inside(f"{_EVENTS}:INDEX_SHARD_NAME", _HISTORY),
    Inside(f"{_EVENTS}:SqliteEventLogStorage.conn_string_for_shard", _HISTORY),
    Inside(f"{_EVENTS}:SqliteEventLogStorage.path_for_shard", _FILES),
    Inside(f"{_EVENTS}:SqliteEventLogStorage._connect", _HISTORY),
    Inside(f"{_EVENTS}:SqliteEventLogStorage._initdb", _HISTORY),
    Inside(f"{_EVENTS}:SqliteEventLogStorage.has_table", _HISTORY, ("table_name",)),
    Inside(f"{_EVENTS}:SqliteEventLogStorage.store_event_batch", _HISTORY, ("events",)),
    Inside("dagster._core.storage.sql:ScriptDirectory.from_config", _SCRIPTS, ("config",)),
    Inside("dagster._core.storage.sql:stamp", _SCRIPTS),
    Inside("dagster._core.storage.runs.sqlite.sqlite_run_storage:SqliteRunStorage.connect", _HISTORY),
    Inside("dagster._core.storage.sqlite:SQLITE_BUSY_TIMEOUT_SECONDS", _HISTORY),
    Inside("dagster._core.storage.runs.schema:RunsTable.update", _AS_BEFORE),
    Inside("dagster._core.storage.runs.sql_run_storage:SqlRunStorage.connect", _AS_BEFORE),
    Inside(
        "dagster._core.execution.plan.objects:StepFailureData",
        "run/failures.py and run/resources.py read by it why a step failed, and whether that may pass by itself",
        ("error", "user_failure_data", "error_source"),
    ),
    Inside(
        "dagster._core.execution.plan.objects:ErrorSource.INTERRUPT",
        "run/resources.py tells by it that a run was interrupted",
    ),
)
TAGS = {
    "MAX_RETRIES_TAG": next(iter(tags.NO_RETRY_OF_DAGSTERS)),
    "RETRY_NUMBER_TAG": tags.RETRY_NUMBER,
    "PARENT_RUN_ID_TAG": tags.PARENT,
    "ROOT_RUN_ID_TAG": tags.ROOT,
    "SCHEDULE_NAME_TAG": "dagster/schedule_name",
    "SENSOR_NAME_TAG": "dagster/sensor_name",
    "HIDDEN_TAG_PREFIX": tags.RUN.partition("cloudkasse")[0],
}
# By SQL: instance/retention.py.
COLUMNS = {
    "runs": {"runs": {"run_id"}, "run_tags": {"run_id"}},
    "index": {"asset_check_executions": {"id", "run_id", "asset_key", "check_name"}},
}


@pytest.fixture
def bare(tmp_path: Path) -> Iterator[dg.DagsterInstance]:
    """An instance whose history lies in SQLite files."""
    with dg.DagsterInstance.local_temp(str(tmp_path)) as opened:
        yield opened


def test_dagster_is_the_one_whose_inside_was_looked_through() -> None:
    installed = dg.__version__
    assert installed.startswith(f"{VERSION}."), (
        f"Dagster {installed} is installed; assets/instance was last looked through with {VERSION}. Mend what fails in "
        "this file, run all tests, then raise VERSION here."
    )


@pytest.mark.parametrize("inside", INSIDE, ids=lambda inside: inside.name)
def test_what_is_used_of_dagsters_inside_is_there(inside: Inside) -> None:
    try:
        thing = inside.found()
    except (ImportError, AttributeError):
        pytest.fail(f"Dagster {dg.__version__} has no {inside.name} any more: {inside.why}. Find what took its place.")
    if inside.takes:
        # Dagster gives its records a signature at their first use only; the fields are theirs from the start
        taken = {*inspect.signature(thing).parameters, *getattr(thing, "_fields", ())}
        lacking = [name for name in inside.takes if name not in taken]
        assert not lacking, f"{inside.name} of Dagster {dg.__version__} takes no {lacking} any more: {inside.why}."


@pytest.mark.parametrize("name", TAGS)
def test_a_tag_of_dagsters_is_called_as_we_call_it(name: str) -> None:
    known = getattr(importlib.import_module("dagster._core.storage.tags"), name, None)
    assert known == TAGS[name], f"Dagster {dg.__version__} calls {name} {known!r}; we write {TAGS[name]!r}."


def test_a_runs_events_go_through_what_we_put_in_place_of_the_storages_connection(bare: dg.DagsterInstance) -> None:
    """The connections are kept by an attribute of the object, which only helps as long as Dagster asks the object."""
    run = bare.create_run_for_job(job_def=_nothing_job())
    asked: list[str] = []
    with open_history(bare, run.run_id):
        events, kept = bare.event_log_storage, dict(vars(bare.event_log_storage))
        assert "_connect" in kept, "the files of events are no longer kept open"
        assert "connect" in vars(bare.run_storage), "the file of runs is no longer kept open"

        def connect(shard: str) -> Any:
            asked.append(shard)
            return kept["_connect"](shard)

        vars(events)["_connect"] = connect
        bare.report_engine_event("a line", run, run_id=run.run_id, job_name=run.job_name)
        assert [entry.dagster_event.message for entry in bare.all_logs(run.run_id) if entry.dagster_event] == ["a line"]
    assert run.run_id in asked, f"Dagster {dg.__version__} no longer asks `_connect` for the connection to its events."
    assert not {"_connect", "connect", "has_table", "store_event_batch"} & {
        *vars(bare.event_log_storage),
        *vars(bare.run_storage),
    }


def test_the_events_that_a_run_begins_with_are_stored_at_once_and_are_the_same(
    bare: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = dg.Definitions(
        assets=[_asset(name) for name in "abc"], jobs=[dg.define_asset_job("all_of_them")]
    ).resolve_job_def("all_of_them")
    begun: list[str] = []
    usual = history_connections._KeptFiles._begun

    def counted(kept: Any, shard: str) -> Any:
        begun.append(shard)
        return usual(kept, shard)

    monkeypatch.setattr(history_connections._KeptFiles, "_begun", counted)
    found = []
    for size in ("0", "1000"):
        monkeypatch.setenv("DAGSTER_EVENT_BATCH_SIZE", size)
        run_id = str(uuid.uuid4())
        begun.clear()
        with open_history(bare, run_id):
            bare.create_run_for_job(job_def=job, run_id=run_id)
            transactions = len(begun)
            told = [entry.dagster_event for entry in bare.all_logs(run_id) if entry.dagster_event]
            mirrored = [bare.get_latest_planned_materialization_info(dg.AssetKey(name)) for name in "abc"]
        assert [info.run_id if info else None for info in mirrored] == [run_id] * 3
        found.append(([(event.event_type_value, event.asset_key) for event in told], transactions))
    (one_by_one, many), (at_once, few) = found
    assert at_once == one_by_one
    assert len(at_once) == 3
    assert few < many, f"Dagster {dg.__version__} no longer stores the events that a run begins with as one batch."


def test_the_scripts_of_dagsters_migrations_are_read_once_a_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads = 0
    usual = ScriptDirectory._load_revisions

    def counted(scripts: ScriptDirectory) -> Any:
        nonlocal reads
        reads += 1
        return usual(scripts)

    monkeypatch.setattr(ScriptDirectory, "_load_revisions", counted)
    monkeypatch.setattr(history_connections._Scripts, "read", {})
    read_migrations_once()
    for folder in ("first", "second"):
        (tmp_path / folder).mkdir()
        with dg.DagsterInstance.local_temp(str(tmp_path / folder)) as opened:
            run = opened.create_run_for_job(job_def=_nothing_job())
            opened.report_engine_event("a line", run, run_id=run.run_id, job_name=run.job_name)
            heads = {*_revisions(opened, run.run_id)}
    assert reads == 1, f"Dagster {dg.__version__} reads its migrations by another way than it did."
    assert heads == {ScriptDirectory(str(Path(dg.__file__).parent / "_core/storage/alembic")).get_current_head()}


def test_a_history_that_is_gone_in_the_middle_of_a_run_is_told_in_words(
    bare: dg.DagsterInstance, tmp_path: Path
) -> None:
    run = bare.create_run_for_job(job_def=_nothing_job())
    with open_history(bare, run.run_id):
        shutil.rmtree(tmp_path)
        with pytest.raises(HistoryUnavailableError, match=re.escape(str(tmp_path))), storage.storage_faults(tmp_path):
            bare.get_run_by_id(run.run_id)


@pytest.mark.parametrize("file", COLUMNS)
def test_the_tables_that_we_clear_up_by_sql_have_our_columns(bare: dg.DagsterInstance, file: str) -> None:
    bare.create_run_for_job(job_def=_nothing_job())
    files = runs.history_files(bare)
    assert files is not None, f"Dagster {dg.__version__} keeps a local history in something else than SQLite files."
    engine = create_engine(f"sqlite:///{getattr(files, file)}")
    try:
        for table, wanted in COLUMNS[file].items():
            found = {column["name"] for column in look_into(engine).get_columns(table)}
            assert wanted <= found, f"{table} of Dagster {dg.__version__} lacks {sorted(wanted - found)}."
    finally:
        engine.dispose()


def test_the_complaint_that_is_kept_from_the_screen_is_worded_as_before() -> None:
    said = [
        inspect.getsource(importlib.import_module(f"dagster._core.instance.{name}"))
        for name in ("types", "methods.event_methods")
    ]
    for complaint in storage._COMPLAINTS:
        assert complaint in "".join(said), (
            f"instance/storage.py looks for {complaint!r}, which Dagster no longer writes"
        )


def test_nothing_but_one_room_touches_dagsters_inside() -> None:
    found = {
        f"{path.relative_to(PROJECT).as_posix()}:{line}: {what}"
        for package in ("assets", "cloudkasse_etl")
        for path in (PROJECT / package).rglob("*.py")
        if ROOM not in path.parents
        for line, what in (*_private_names(path), *_means(path))
    }
    assert not found, f"Only assets/instance may do this: {sorted(found)}"


def test_the_tests_that_touch_dagsters_inside_are_known() -> None:
    found = {
        path.relative_to(PROJECT).as_posix()
        for path in (PROJECT / "tests").rglob("*.py")
        if "benchmarks" not in path.parts and any(_private_names(path))
    }
    assert found <= TESTS_INSIDE


def test_what_looks_for_it_finds_what_there_is() -> None:
    assert any(_private_names(ROOM / "runs.py"))
    assert any(_means(ROOM / "interrupts.py"))


def _private_names(path: Path) -> Iterator[tuple[int, str]]:
    """Imports of, and attributes on, what Dagster does not promise; names of such modules in strings too."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in ("dg", "dagster"):
            names.append(f"dagster.{node.attr}")
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and " " not in node.value:
            names.append(node.value if node.value.startswith("dagster._core") else "")
        for name in names:
            if name.startswith(("dagster._", "dagster_shared", "dagster_graphql")):
                yield getattr(node, "lineno", 0), name


def _means(path: Path) -> Iterator[tuple[int, str]]:
    """What we do there: SQL on its files, attributes put over its objects', an end without Python's own."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        match node:
            case ast.Import(names=names) if path.is_relative_to(PROJECT / "assets"):
                yield from ((node.lineno, alias.name) for alias in names if alias.name == "sqlite3")
            case ast.Attribute(value=ast.Name(id="os"), attr="_exit"):
                yield node.lineno, "os._exit"
            case ast.Subscript(value=ast.Attribute(attr="__dict__"), ctx=ast.Store()):
                yield node.lineno, "__dict__[...] ="
            case _:
                pass


def _asset(name: str) -> dg.AssetsDefinition:
    @dg.asset(name=name)
    def made() -> None:
        pass

    return made


def _revisions(instance: dg.DagsterInstance, run_id: str) -> Iterator[str]:
    """The newest migration that each file of a history says to have."""
    files = runs.history_files(instance)
    assert files is not None
    for path in (files.runs, files.index, files.events / f"{run_id}.db"):
        engine = create_engine(f"sqlite:///{path}")
        with engine.connect() as connection:
            yield connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar_one()
        engine.dispose()


def _nothing_job() -> dg.JobDefinition:
    @dg.job
    def nothing() -> None:
        pass

    return nothing
