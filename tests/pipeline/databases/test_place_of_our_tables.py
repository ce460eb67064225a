"""Protects how the place of our own tables is told: missing, read-only, full, a folder, the ERP's own."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.pool import NullPool

from cloudkasse_etl.errors import StateUnavailableError
from cloudkasse_etl.state.database.engine import migrate, state_engine
from cloudkasse_etl.state.database.state_diagnosis import diagnose
from cloudkasse_etl.state.database.tables import StateTables
from tests.support.processes.disks import in_a_disk
from tests.support.programs import Program

TABLES = StateTables()


def made(file: Path) -> Path:
    engine = state_engine(f"sqlite:///{file}", may_create=True)
    migrate(engine, TABLES)
    engine.dispose()
    return file


def test_a_folder_that_would_be_made_is_told_and_is_no_fault(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = program.world.folder / "ours"
    monkeypatch.setenv("CLOUDKASSE_STATE_URL", f"sqlite:///{folder / 'state.db'}")
    code, found = program.call_json("check")
    assert (code, found["ok"], found["problems"]) == (0, True, [])
    assert [note["text"] for note in found["notes"]] == [f"There is no folder {folder} yet; the first run makes it."]
    assert not folder.exists()
    assert str(folder) in program.call("check")[1]


def test_a_path_of_which_two_folders_are_missing_is_refused_and_not_made(
    program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    lost = program.world.folder / "shpo" / "data"
    monkeypatch.setenv("CLOUDKASSE_STATE_URL", f"sqlite:///{lost / 'state.db'}")
    code, found = program.call_json("check")
    assert (code, len(found["problems"])) == (20, 1)
    assert f"there is no folder {lost}, nor {lost.parent}" in found["problems"][0]["text"]
    code, told = program.call_json("sync")
    assert (code, told["exit_code"]) == (20, 20)
    assert str(lost.parent) in told["error"]
    assert not lost.parent.exists()


def test_a_folder_in_the_place_of_the_file_is_named(tmp_path: Path) -> None:
    assert [str(problem.text) for problem in diagnose(f"sqlite:///{tmp_path}", TABLES)] == [
        f"Our own tables cannot be reached: {tmp_path} is a folder."
    ]


def test_looking_changes_no_byte_and_leaves_no_file(tmp_path: Path) -> None:
    file = made(tmp_path / "state.db")
    before = file.read_bytes()
    assert diagnose(f"sqlite:///{file}", TABLES) == []
    assert (file.read_bytes(), [path.name for path in tmp_path.iterdir()]) == (before, ["state.db"])


def test_that_somebody_writes_at_this_moment_is_no_problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cloudkasse_etl.state.database.state_diagnosis._PATIENCE_SECONDS", 0.1)
    file = made(tmp_path / "state.db")
    engine = state_engine(f"sqlite:///{file}", may_create=False)
    with engine.begin():
        assert diagnose(f"sqlite:///{file}", TABLES) == []
    engine.dispose()


LOOK = """
from cloudkasse_etl.state.database.state_diagnosis import diagnose
from cloudkasse_etl.state.database.tables import StateTables
print(*(problem.text for problem in diagnose("sqlite:///{file}", StateTables())))
"""


def test_a_read_only_disk_is_found_before_a_run_does(tmp_path: Path) -> None:
    file = made(tmp_path / "state.db")
    mount = f"mount --bind '{tmp_path}' '{tmp_path}' && mount -o remount,bind,ro '{tmp_path}'"
    told = f"There is no place for our own tables: nothing can be written in {tmp_path}.\n"
    for name in (file, tmp_path / "absent.db"):
        assert in_a_disk(mount, LOOK.format(file=name)).stdout == told


def test_a_read_only_file_in_a_folder_that_can_be_written_is_found_too(tmp_path: Path) -> None:
    file = made(tmp_path / "state.db")
    mount = f"mount --bind '{file}' '{file}' && mount -o remount,bind,ro '{file}'"
    found = in_a_disk(mount, LOOK.format(file=file))
    assert found.stdout == f"Our own tables in the database file {file} cannot be written: it is read-only.\n"


FILL = """
from pathlib import Path
from cloudkasse_etl.errors import StateUnavailableError
from cloudkasse_etl.state.database.engine import migrate, state_engine
from cloudkasse_etl.state.database.tables import StateTables
Path("{folder}/filler").write_bytes(bytes({filler}))
engine = state_engine("sqlite:///{folder}/state.db", may_create=True)
try:
    migrate(engine, StateTables())
except StateUnavailableError as error:
    print(error.message)
"""


def test_a_full_disk_is_told_as_one_with_the_place(tmp_path: Path) -> None:
    code = FILL.format(folder=tmp_path, filler=1_000_000)
    found = in_a_disk(f"mount -t tmpfs -o size=1m tmpfs '{tmp_path}'", code)
    assert found.stdout == f"No room is left for our own tables in the database file {tmp_path}/state.db.\n", (
        found.stderr
    )


@pytest.mark.parametrize("url", ["sqlite:////nowhere/erp.db", "postgresql+psycopg://u:p@127.0.0.1:1/shop"])
def test_an_erp_that_is_away_is_told_once_and_as_the_erps_though_our_tables_lie_in_it(
    program: Program, monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    monkeypatch.setenv("CLOUDKASSE_ERP_URL", url)
    code, found = program.call_json("check")
    assert (code, [problem["where"] for problem in found["problems"]]) == (20, ["ERP"])
    for command in (["sync"], ["plan"], ["receipts"]):
        code, told = program.call_json(*command)
        assert (code, told["error"].startswith("The ERP's database")) == (20, True), told
        assert "CLOUDKASSE_ERP_URL" in told["hint"]


def test_a_damaged_file_of_the_erp_is_told_as_the_erps_though_our_tables_lie_in_it(
    program: Program, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    damaged = tmp_path / "damaged.db"
    damaged.write_text("no database")
    monkeypatch.setenv("CLOUDKASSE_ERP_URL", f"sqlite:///{damaged}")
    for command in (["sync"], ["plan"], ["receipts"]):
        code, told = program.call_json(*command)
        assert (code, told["error"].startswith("The ERP's database file")) == (20, True), told


@pytest.fixture
def guest(postgres_url: str) -> Iterator[str]:
    """URL of a login that may look, and make nothing."""
    name = "guest_" + str(sa.make_url(postgres_url).database)
    engine = sa.create_engine(postgres_url, isolation_level="AUTOCOMMIT", poolclass=NullPool)
    with engine.connect() as connection:
        for statement in (f"CREATE ROLE {name} LOGIN", "REVOKE CREATE ON SCHEMA public FROM PUBLIC"):
            connection.exec_driver_sql(statement)
        yield sa.make_url(postgres_url).set(username=name).render_as_string(hide_password=False)
        for statement in (f"DROP OWNED BY {name}", f"DROP ROLE {name}"):
            connection.exec_driver_sql(statement)


def test_a_login_that_may_not_make_or_write_our_tables_is_found_by_looking(guest: str, postgres_url: str) -> None:
    denied = "The login may not write or create our own tables"
    assert [str(problem.text)[: len(denied)] for problem in diagnose(guest, TABLES)] == [denied]
    engine = state_engine(guest, may_create=False)
    with pytest.raises(StateUnavailableError, match=denied):
        migrate(engine, TABLES)
    engine.dispose()
    owner = state_engine(postgres_url, may_create=False)
    migrate(owner, TABLES)
    owner.dispose()
    assert [str(problem.text)[: len(denied)] for problem in diagnose(guest, TABLES)] == [denied], "made, but another's"
    assert diagnose(postgres_url, TABLES) == []
