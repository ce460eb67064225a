"""Protects that the ERP is read alike from every database, in one moment, and never written."""

import gc
import re
import sqlite3
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import sqlalchemy as sa
from sqlalchemy.pool import NullPool

from cloudkasse_etl.config.settings import Settings
from cloudkasse_etl.erp.selectline.erp_diagnosis import diagnose
from cloudkasse_etl.erp.selectline.erp_engine import erp_engine, read_transaction
from cloudkasse_etl.erp.selectline.erp_tables import METADATA
from cloudkasse_etl.erp.selectline.reader import ErpReader
from cloudkasse_etl.errors import ErpSchemaError, ErpUnavailableError
from cloudkasse_etl.schemas.articles import ArticleExtract
from cloudkasse_etl.schemas.company import CompanyExtract
from cloudkasse_etl.schemas.contract import check
from cloudkasse_etl.schemas.employees import EmployeeExtract
from cloudkasse_etl.schemas.prices import PriceExtract
from tests.support import databases, small_erp
from tests.support.erp_frames import frames_of
from tests.support.real_shop import build_real_shop

pytestmark = databases.CHOOSES_ITSELF

SETTINGS = Settings.model_validate(
    {
        "registers": [{"number": "K1", "name": "Laden", "warehouse": "1", "price_group": "1"}],
        "price_groups": {"1": {"basis": "net"}, "2": {"basis": "gross"}},
        "articles": {"open_price_column": "_OFFENERPREIS"},
    }
)
SMALL = Settings.model_validate(small_erp.SETTINGS)


@contextmanager
def reading(url: str, settings: Settings = SMALL) -> Iterator[ErpReader]:
    engine = erp_engine(url, settings)
    try:
        with ErpReader(engine, settings) as reader:
            yield reader
    finally:
        engine.dispose()


def run(url: str, *statements: str) -> None:
    engine = sa.create_engine(url, poolclass=NullPool)
    with engine.begin() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)
    engine.dispose()


def as_role(url: str, role: str, password: str = "") -> str:
    return sa.make_url(url).set(username=role, password=password or None).render_as_string(hide_password=False)


@pytest.fixture(params=["sqlite", "postgresql"])
def small_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    url = f"sqlite:///{tmp_path / 'erp.db'}" if request.param == "sqlite" else request.getfixturevalue("postgres_url")
    small_erp.build(url)
    return str(url)


def test_the_real_shop_reads_alike_from_sqlite_and_postgresql(real_erp: Path, postgres_url: str) -> None:
    build_real_shop(postgres_url)
    with reading(f"sqlite:///{real_erp}", SETTINGS) as one, reading(postgres_url, SETTINGS) as other:
        others = frames_of(other)
        for name, frame in frames_of(one).items():
            pd.testing.assert_frame_equal(frame, others[name], obj=name)
        assert one.watermarks() == other.watermarks()


def test_the_real_shop_keeps_every_contract(real_erp: Path) -> None:
    with reading(f"sqlite:///{real_erp}", SETTINGS) as reader:
        articles = check(reader.articles().frame, ArticleExtract, asset="a", key_columns=["number"])
        prices = check(reader.prices().frame, PriceExtract, asset="p", key_columns=["row_id"])
        employees = check(reader.employees(), EmployeeExtract, asset="e", key_columns=["number"])
        company = check(reader.company(), CompanyExtract, asset="c", key_columns=["name"])
    assert not articles.rejections + prices.rejections + employees.rejections + company.rejections
    assert len(articles.frame) == 20_930
    assert (~articles.frame["inactive"]).sum() == 4_248
    assert articles.frame["open_price"].sum() == 33
    assert set(prices.frame["price_group"]) == {"1", "2"}
    assert len(employees.frame) == 8


def test_the_real_shop_has_no_problems(real_erp: Path) -> None:
    engine = erp_engine(f"sqlite:///{real_erp}", SETTINGS)
    assert diagnose(engine, SETTINGS) == []


def test_a_null_flag_is_false(small_url: str) -> None:
    with reading(small_url) as reader:
        employees = reader.employees()
    assert employees["inactive"].dtype == bool
    assert employees["inactive"].tolist() == [False, False, True]


@pytest.mark.parametrize(
    ("statement", "why"),
    [
        ('INSERT INTO "ARPREIS" ("ARPREIS_ID", "Artikelnummer", "PreisTyp") VALUES (99, \'A1\', \'G\')', "an insert"),
        ('UPDATE "ARPREIS" SET "Preis" = 11 WHERE "ARPREIS_ID" = 2', "an update"),
        ('DELETE FROM "ARPREIS" WHERE "ARPREIS_ID" = 1', "a delete of a row that is not the newest: MAX stays"),
        ('DELETE FROM "ARPREIS"', "nothing left"),
    ],
)
def test_the_fingerprint_of_the_changed_table_changes_and_no_other(small_url: str, statement: str, why: str) -> None:
    with reading(small_url) as reader:
        before = reader.watermarks()
    run(small_url, statement)
    with reading(small_url) as reader:
        after = reader.watermarks()
    assert {name for name in before if before[name] != after[name]} == {"ARPREIS"}, why


def test_a_rowversion_that_is_committed_late_below_the_maximum_is_seen(postgres_url: str) -> None:
    small_erp.build(postgres_url)
    writer = sa.create_engine(postgres_url, poolclass=NullPool)
    with writer.connect() as slow, slow.begin():
        slow.exec_driver_sql('UPDATE "ART" SET "Bezeichnung" = \'spät\' WHERE "ART_ID" = 1')
        run(postgres_url, 'UPDATE "ART" SET "Bezeichnung" = \'früh\' WHERE "ART_ID" = 2')
        with reading(postgres_url) as reader:
            before = reader.watermarks()["ART"]
    with reading(postgres_url) as reader:
        after = reader.watermarks()["ART"]
    writer.dispose()
    assert str(before).split(":")[:2] == str(after).split(":")[:2], "count and maximum are the same"
    assert before != after


def test_a_table_without_a_rowversion_is_not_fingerprinted(small_url: str) -> None:
    if small_url.startswith("sqlite"):
        run(small_url, *(f'DROP TRIGGER "LAGER{event}"' for event in ("INSERT", "UPDATE")))
    run(small_url, 'ALTER TABLE "LAGER" DROP COLUMN "TS"')
    with reading(small_url) as reader:
        marks = reader.watermarks()
        assert marks["LAGER"] is None
        assert marks["ART"] is not None
        assert reader.warehouses()["number"].tolist() == ["1"]


def test_one_reader_sees_one_moment_whatever_is_written_meanwhile(small_url: str) -> None:
    if small_url.startswith("sqlite"):
        run(small_url, "PRAGMA journal_mode=WAL")  # our own tables' engine sets it; else the writer would wait
    with reading(small_url) as reader:
        before = reader.watermarks()
        run(small_url, 'DELETE FROM "ART"', 'DELETE FROM "ARPREIS"')
        assert len(reader.articles().frame) == 5
        assert len(reader.prices().frame) == 5
        assert reader.watermarks() == before
    with reading(small_url) as reader:
        assert len(reader.articles().frame) == 0


@pytest.mark.parametrize("server", ["UTC", "America/New_York", "Pacific/Auckland", "Europe/Berlin"])
def test_postgresqls_points_in_time_have_their_day_in_the_shops_zone_whatever_the_servers_is(
    postgres_url: str, server: str
) -> None:
    small_erp.build(postgres_url)
    run(
        postgres_url,
        'UPDATE "ARPREIS" SET "VonDatum" = \'2026-11-29\', "BisDatum" = \'2026-12-24\' WHERE "ARPREIS_ID" = 2',
        'UPDATE "ARPREIS" SET "VonDatum" = \'1753-01-01\' WHERE "ARPREIS_ID" = 3',
        "SET timezone='Europe/Berlin'",
        'ALTER TABLE "ARPREIS" ALTER COLUMN "VonDatum" TYPE timestamptz, ALTER COLUMN "BisDatum" TYPE timestamptz',
        'ALTER TABLE "USDETAIL" ALTER COLUMN "GueltigAb" TYPE timestamptz',
        f"ALTER DATABASE {sa.make_url(postgres_url).database} SET timezone TO '{server}'",
    )
    with reading(postgres_url) as reader:
        prices, rates = reader.prices().frame, reader.tax_rates()
    found = {
        name: dict(zip(prices["row_id"], prices[name].dt.date, strict=True)) for name in ("valid_from", "valid_to")
    }
    assert [str(found[name][2]) for name in found] == ["2026-11-29", "2026-12-24"]
    assert pd.isna(found["valid_from"][3]), "the empty date of 1753, whose offset has seconds"
    assert [str(day) for day in rates["valid_from"].dt.date] == ["2007-01-01"]


def test_nothing_can_be_written_through_the_engine(small_url: str) -> None:
    engine = erp_engine(small_url, SMALL)
    for statement in ('DELETE FROM "ART"', "CREATE TABLE mine (x INTEGER)"):
        with pytest.raises(ErpUnavailableError), read_transaction(engine) as connection:
            connection.exec_driver_sql(statement)
    engine.dispose()
    with reading(small_url) as reader:
        assert len(reader.articles().frame) == 5


def test_a_missing_table_and_a_missing_column_are_all_named_at_once(small_url: str) -> None:
    run(small_url, 'ALTER TABLE "ART" DROP COLUMN "SSVerkauf"', 'DROP TABLE "LAGER"')
    engine = erp_engine(small_url, SMALL)
    found = [(problem.where, problem.text) for problem in diagnose(engine, SMALL)]
    engine.dispose()
    assert ("ERP, table ART", "There is no column SSVerkauf.") in found
    assert [where for where, _ in found] == ["ERP, table ART", "ERP, table LAGER"]
    with reading(small_url) as reader:
        with pytest.raises(ErpSchemaError, match="ART: There is no column SSVerkauf"):
            reader.articles()
        with pytest.raises(ErpSchemaError, match="table LAGER"):
            reader.warehouses()
        assert len(reader.prices().frame) == 5, "what is whole can still be read"


def test_tables_in_a_schema_of_their_own_are_found(postgres_url: str) -> None:
    small_erp.build(postgres_url)
    run(postgres_url, "CREATE SCHEMA sl", *(f'ALTER TABLE "{t}" SET SCHEMA sl' for t in METADATA.tables))
    settings = Settings.model_validate({**small_erp.SETTINGS, "erp": {"schema": "sl"}})
    with reading(postgres_url, settings) as reader:
        assert len(reader.articles().frame) == 5
        assert None not in reader.watermarks().values()
    with reading(postgres_url) as reader, pytest.raises(ErpSchemaError, match=r"erp\.schema"):
        reader.articles()


@pytest.fixture
def limited(postgres_url: str) -> Iterator[str]:
    """URL of a login that may read everything but ARPREIS and MITARBW."""
    small_erp.build(postgres_url)
    role = "reader_" + str(sa.make_url(postgres_url).database)
    granted = ", ".join(f'"{name}"' for name in METADATA.tables if name not in ("ARPREIS", "MITARBW"))
    run(postgres_url, f"CREATE ROLE {role} LOGIN", f"GRANT SELECT ON {granted} TO {role}")
    yield as_role(postgres_url, role)
    run(postgres_url, f"DROP OWNED BY {role}", f"DROP ROLE {role}")


def test_all_tables_that_may_not_be_read_are_named_in_one_message_whatever_is_read_next(limited: str) -> None:
    with reading(limited) as reader:
        for read in (reader.watermarks, reader.prices, reader.articles):  # PostgreSQL answers the later ones 25P02
            with pytest.raises(ErpSchemaError, match=r"may not read the tables MITARBW, ARPREIS: .* right SELECT"):
                read()
    with reading(limited) as reader:
        assert len(reader.articles().frame) == 5, "the other tables can be read"


def test_the_grant_that_is_proposed_is_one_that_the_database_takes(limited: str, postgres_url: str) -> None:
    with reading(limited) as reader, pytest.raises(ErpSchemaError) as caught:
        reader.prices()
    found = re.search(r"(GRANT .* TO) \.\.\.", str(caught.value.hint))
    assert found is not None
    run(postgres_url, f"{found[1]} {sa.make_url(limited).username}")
    with reading(limited) as reader:
        assert len(reader.prices().frame) == 5


def test_every_missing_right_is_listed_at_once(limited: str) -> None:
    settings = Settings.model_validate({**small_erp.SETTINGS, "employees": {"numbers": ["M1"]}})
    engine = erp_engine(limited, settings)
    problems = diagnose(engine, settings)
    engine.dispose()
    assert [problem.where for problem in problems] == ["ERP, tables MITARBW, ARPREIS"]
    assert 'GRANT SELECT ON "MITARBW", "ARPREIS"' in problems[0].cure


def test_a_right_on_the_needed_columns_alone_is_enough(limited: str, postgres_url: str) -> None:
    role = sa.make_url(limited).username
    run(postgres_url, f'GRANT SELECT ("MITARBW_ID", "Nr", "Vorname", "Name", "Inaktiv", "TS") ON "MITARBW" TO {role}')
    with reading(limited) as reader:
        assert reader.employees()["number"].tolist() == ["M1", "M2", "M3"]


def test_postgresql_values_that_no_other_database_has_stop_nothing(postgres_url: str) -> None:
    small_erp.build(postgres_url)
    run(
        postgres_url,
        'UPDATE "ARPREIS" SET "VonDatum" = \'infinity\', "BisDatum" = \'12345-06-07\' WHERE "ARPREIS_ID" = 1',
        'UPDATE "ARPREIS" SET "Preis" = \'NaN\' WHERE "ARPREIS_ID" = 2',
        'UPDATE "ARPREIS" SET "Preis" = \'-Infinity\' WHERE "ARPREIS_ID" = 3',
        'UPDATE "ARPREIS" SET "VonDatum" = \'1753-01-01\', "BisDatum" = \'9999-12-31 23:59:59\' WHERE "ARPREIS_ID" = 4',
    )
    with reading(postgres_url) as reader:
        raw = reader.prices().frame
    checked = check(raw, PriceExtract, asset="p", key_columns=["row_id"])
    assert checked.frame["row_id"].tolist() == [4, 5]
    assert checked.frame["valid_to"].tolist()[0] == pd.Timestamp("9999-12-31").as_unit("s")
    assert [(r.key, r.detail["column"], r.detail["value"]) for r in checked.rejections] == [
        ("1", "ARPREIS.VonDatum", "infinity"),
        ("1", "ARPREIS.BisDatum", "12345-06-07 00:00:00"),
        ("2", "ARPREIS.Preis", "nan"),
        ("3", "ARPREIS.Preis", "-inf"),
    ]


@pytest.mark.parametrize(
    ("change", "words", "why"),
    [
        ({"database": "nowhere"}, "nowhere", "no such database"),
        ({"username": "nobody"}, "login", "no such user"),
        ({"query": {"host": "/nowhere"}}, "cannot be reached", "no server there"),
        ({"host": "127.0.0.1", "port": 1, "query": {}}, "on 127.0.0.1:1 cannot be reached", "no server there"),
    ],
)
def test_a_server_that_cannot_be_used_says_so_without_the_password(
    postgres_url: str, change: dict[str, Any], words: str, why: str
) -> None:
    url = sa.make_url(postgres_url).set(password="geheim").set(**change).render_as_string(hide_password=False)
    with pytest.raises(ErpUnavailableError) as caught, reading(url) as reader:
        reader.articles()
    assert words in str(caught.value), why
    assert "geheim" not in str(caught.value)
    assert "://" not in str(caught.value)


def test_a_server_that_dies_while_it_is_read_is_unavailable(postgres_url: str) -> None:
    small_erp.build(postgres_url)
    others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> "
    with reading(postgres_url) as reader:
        reader.watermarks()
        run(postgres_url, others + "pg_backend_pid()")
        with pytest.raises(ErpUnavailableError):
            reader.articles()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # psycopg cannot close a cursor on a dead connection
        gc.collect()


def test_a_reader_of_sqlite_waits_for_a_writer_instead_of_failing(tmp_path: Path) -> None:
    path = tmp_path / "erp.db"
    small_erp.build(f"sqlite:///{path}")
    writer = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    writer.execute("BEGIN EXCLUSIVE")
    release = threading.Timer(0.3, writer.execute, ["COMMIT"])
    release.start()
    with reading(f"sqlite:///{path}") as reader:
        assert len(reader.articles().frame) == 5
    release.join()
    writer.close()
