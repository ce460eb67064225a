"""Protects Dagster's history where it lies in PostgreSQL: runs are kept, told and removed there as in files."""

import datetime as dt
from pathlib import Path

import dagster as dg
import pytest
import sqlalchemy as sa
import yaml
from sqlalchemy.pool import NullPool

from assets.instance.home import HOME_VARIABLE, PROJECT, find_home
from assets.instance.retention import prune_history
from tests.support.programs import Program, program_in
from tests.support.worlds import small_world

pytest.importorskip("dagster_postgres", reason="the extra dagster-postgres is not installed")


def test_the_history_lies_in_postgresql_where_dagster_yaml_says_so(
    tmp_path: Path, postgres_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    instance = yaml.safe_load((PROJECT / "dagster.yaml").read_text(encoding="utf-8"))
    instance["storage"] = {"postgres": {"postgres_url": {"env": "DAGSTER_POSTGRES_URL"}}}  # as the README has it
    (home / "dagster.yaml").write_text(yaml.safe_dump(instance), encoding="utf-8")
    with small_world(tmp_path) as world, program_in(world, monkeypatch) as program:
        monkeypatch.setenv(HOME_VARIABLE, str(home))
        # its own driver: with psycopg 3, SQLAlchemy's default, PostgreSQL refuses dagster-postgres's NOTIFY
        monkeypatch.setenv("DAGSTER_POSTGRES_URL", postgres_url.replace("+psycopg", "+psycopg2"))
        program = Program(world, find_home(), capsys)
        code, told = program.call_json("sync")
        assert (code, told["outcome"]) == (0, "successful")
        code, history = program.call_json("history")
        assert [run["outcome"] for run in history["runs"]] == ["successful"]
        assert not list((tmp_path / "dagster").glob("history/**/*.db"))
        with program.instance() as opened:
            old = dt.datetime.now(dt.UTC) - dt.timedelta(days=40)
            job = dg.GraphDefinition(name="gone").to_job()
            gone = opened.create_run_for_job(job_def=job, status=dg.DagsterRunStatus.FAILURE).run_id
            age(postgres_url, gone, old)
            pruned = prune_history(opened, program.home.storage, 30)
            assert (pruned.runs, pruned.is_all, opened.has_run(gone)) == (1, True, False)
            assert opened.get_runs_count() == 1


def age(url: str, run_id: str, day: dt.datetime) -> None:
    """Makes a run look old."""
    engine = sa.create_engine(url, poolclass=NullPool)
    with engine.begin() as connection:
        connection.execute(
            sa.text("UPDATE runs SET create_timestamp = :day, update_timestamp = :day WHERE run_id = :run_id"),
            {"day": day.replace(tzinfo=None), "run_id": run_id},
        )
    engine.dispose()
