"""Protects the way to the ERP: valid SQL on SQL Server, nothing written, errors that say what to do and no secret."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from cloudkasse_etl.config.settings import Settings
from cloudkasse_etl.erp.selectline import erp_tables
from cloudkasse_etl.erp.selectline.erp_diagnosis import diagnose
from cloudkasse_etl.erp.selectline.erp_engine import driver_errors, erp_engine, grant
from cloudkasse_etl.erp.selectline.erp_tables import SOURCES, Kind
from cloudkasse_etl.erp.selectline.reader import WATCHED, ErpReader
from cloudkasse_etl.erp.selectline.statements import select_statement, watermark_statement
from cloudkasse_etl.errors import CloudkasseError, ConfigurationError, ErpSchemaError, ErpUnavailableError
from tests.support import small_erp
from tests.support.databases import SQL_SERVER

SMALL = Settings.model_validate(small_erp.SETTINGS)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    small_erp.build(f"sqlite:///{tmp_path / 'erp.db'}")
    return tmp_path / "erp.db"


@contextmanager
def reading(path: Path, chosen: Settings = SMALL) -> Iterator[ErpReader]:
    with ErpReader(erp_engine(f"sqlite:///{path}", chosen), chosen) as reader:
        yield reader


# --- the statements


def on_sql_server(statement: Any) -> str:
    return str(statement.compile(dialect=SQL_SERVER, compile_kwargs={"literal_binds": True}))


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.table.name)
def test_every_reading_is_valid_on_sql_server(source: erp_tables.Source) -> None:
    columns = [(field.column, field.kind) for field in source.fields.values()]
    where = [sa.column(name) == "G" for name in source.only] + [sa.column("TypNummer").in_(["1", "2"])]
    text = on_sql_server(
        select_statement(source.table, columns, dialect="mssql", row_id=source.row_id, where=where)
    ).replace("\n", "")
    names = ", ".join(f"[{name}]" for name in [source.row_id, *(column for column, _ in columns)])
    assert text.startswith(f"SELECT {names} FROM [{source.table.name}] WHERE ")
    assert text.endswith(f"[TypNummer] IN ('1', '2') ORDER BY [{source.row_id}]")


def test_the_fingerprints_are_one_valid_statement_on_sql_server() -> None:
    text = on_sql_server(watermark_statement([(table, "TS") for table in WATCHED]))
    assert text.count("UNION ALL") == len(WATCHED) - 1
    assert "CAST(sum(CAST(CAST([TS] AS BIGINT) AS NUMERIC(38, 0))) AS VARCHAR(40))" in text
    assert "FROM [ART]" in text


def test_the_schema_of_the_settings_is_put_into_every_statement() -> None:
    statement = select_statement(erp_tables.ART, [("Artikelnummer", Kind.KEY)], dialect="mssql")
    compiled = statement.compile(dialect=SQL_SERVER, schema_translate_map={None: "sl"}, render_schema_translate=True)
    assert "FROM sl.[ART]" in str(compiled)


# --- opening


def test_a_missing_sqlite_file_is_an_error_and_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(ErpUnavailableError, match=r"nix\.db does not exist"), reading(tmp_path / "nix.db"):
        pass
    assert not (tmp_path / "nix.db").exists()


def test_a_relative_path_counts_from_the_working_directory(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(path.parent)
    with ErpReader(erp_engine("sqlite:///erp.db", SMALL), SMALL) as reader:
        monkeypatch.chdir("/")
        assert len(reader.articles().frame) == 5


@pytest.mark.parametrize("name", ["a b.db", "a?b#c%20.db", "ärp.db"])
def test_a_path_may_hold_any_character(path: Path, name: str) -> None:
    odd = path.rename(path.with_name(name))
    engine = erp_engine(sa.URL.create("sqlite", database=str(odd)).render_as_string(hide_password=False), SMALL)
    with ErpReader(engine, SMALL) as reader:
        assert len(reader.articles().frame) == 5


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"no database at all, but a text that is long enough " * 40, "no SQLite database"),
        (b"", "table ART: This table does not exist"),
    ],
)
def test_a_file_that_is_no_database_says_so(tmp_path: Path, content: bytes, words: str) -> None:
    file = tmp_path / "erp.db"
    file.write_bytes(content)
    with pytest.raises(CloudkasseError, match=words), reading(file) as reader:
        reader.articles()
    assert diagnose(erp_engine(f"sqlite:///{file}", SMALL), SMALL)


@pytest.mark.parametrize(
    ("url", "words", "why"),
    [
        ("mssql+pyodbc://sa:geheim@host/SL_M", r"-e .\.\[mssql\]", "the driver is an extra"),
        ("postgresql+pg8000://u:geheim@host/db", r"-e .\.\[postgres\]", "another driver than ours"),
        ("geheim", "cannot be understood", "no URL"),
        ("postgresql+psycopg://u:geheim@host:port/db", "cannot be understood", "the port is no number"),
        ("sybase://u:geheim@host/db", "not supported", "no such dialect"),
        ("sqlite://", "names no file", "an empty database in memory"),
    ],
)
def test_a_url_that_cannot_work_is_a_configuration_error_without_secrets(url: str, words: str, why: str) -> None:
    with pytest.raises(ConfigurationError, match=words) as caught:
        erp_engine(url, SMALL)
    assert "geheim" not in str(caught.value), why
    assert caught.value.exit_code == 2


def test_a_folder_is_told_from_a_file(tmp_path: Path) -> None:
    with pytest.raises(CloudkasseError, match="is a folder"), reading(tmp_path) as reader:
        reader.articles()


def test_sql_server_is_granted_one_table_a_statement() -> None:
    url = sa.make_url("mssql+pyodbc://sa:x@host/SL_M")
    told = "GRANT SELECT ON sl.[ART] TO ...; GRANT SELECT ON sl.[LAGER] TO ..."
    assert grant(url, ["ART", "LAGER"], "sl") == told


class PyodbcError(Exception):
    """What pyodbc raises: the SQLSTATE first, then a text in the server's language."""


@pytest.mark.parametrize(
    ("state", "text", "kind", "words"),
    [
        ("42000", "[SQL Server]Die SELECT-Berechtigung wurde für das ART-Objekt verweigert. (229)", ErpSchemaError,
         "may not read table ART"),
        ("42S02", "[SQL Server]Invalid object name 'LAGER'. (208)", ErpSchemaError, "no table LAGER"),
        ("42S22", "[SQL Server]Invalid column name 'X'. (207)", ErpSchemaError, "lacks a column"),
        ("28000", "[SQL Server]Login failed for user 'sa'. (18456)", ErpUnavailableError, "does not accept the login"),
        ("42000", "[SQL Server]Cannot open database. (4060)", ErpUnavailableError, "database name"),
        ("08001", "[Driver]TCP Provider: Error code 0x2749", ErpUnavailableError, "cannot be reached"),
        ("HYT00", "[Driver]Login timeout expired", ErpUnavailableError, "cannot be reached"),
        ("42000", "[SQL Server]Lock request time out period exceeded. (1222)", ErpUnavailableError, "locked"),
        ("IM002", "[Driver Manager]Data source name not found", ConfigurationError, "ODBC"),
        ("22003", "Arithmetic overflow of customer Meier", ErpUnavailableError, "error 22003"),
    ],
)  # fmt: skip
def test_what_sql_server_says_is_translated(state: str, text: str, kind: type[CloudkasseError], words: str) -> None:
    url = sa.make_url("mssql+pyodbc://sa:geheim@erp.example:1433/SL_MLADEN")
    with pytest.raises(kind, match=words) as caught, driver_errors(url):
        raise sa.exc.DBAPIError("SELECT 1", {}, PyodbcError(state, text))
    assert "SL_MLADEN on erp.example:1433" in str(caught.value)
    for secret in ("geheim", "sa:", "'sa'", "Meier"):
        assert secret not in str(caught.value)
