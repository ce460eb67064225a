"""Protects what is read of the ERP together: short transactions, each of one moment, and no change lost in between."""

from collections.abc import Callable, Iterator, Mapping
from operator import attrgetter
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import sqlalchemy as sa
import yaml
from sqlalchemy.pool import NullPool

from cloudkasse_etl.config.loading import load
from cloudkasse_etl.entities import EMPLOYEES
from cloudkasse_etl.erp.selectline import erp_tables
from cloudkasse_etl.erp.selectline.erp_tables import METADATA
from cloudkasse_etl.errors import ErpSchemaError
from cloudkasse_etl.schemas.employees import EmployeeExtract
from cloudkasse_etl.sync.inputs.erp_frames import ErpFrames
from tests.support import databases, small_erp

pytestmark = databases.CHOOSES_ITSELF
TODAY = pd.Timestamp("2026-11-24").date()


@pytest.fixture
def url(tmp_path: Path) -> str:
    """A small ERP, in a file with SQLite's default journal: a writer waits for each reader."""
    found = f"sqlite:///{tmp_path / 'erp.db'}"
    small_erp.build(found)
    return found


@pytest.fixture
def sources(url: str, tmp_path: Path) -> Iterator[ErpFrames]:
    (tmp_path / "cloudkasse.yaml").write_text(yaml.safe_dump(small_erp.SETTINGS), encoding="utf-8")
    environment = {
        "CLOUDKASSE_ERP_URL": url,
        "CLOUDKASSE_API_URL": "http://127.0.0.1:1",
        "CLOUDKASSE_API_TOKEN": "unused",
        "CLOUDKASSE_SETTINGS": str(tmp_path / "cloudkasse.yaml"),
    }
    with ErpFrames(load(environment), TODAY) as found:
        yield found


def write(url: str, *statements: str) -> None:
    """What a user of the ERP does; waits for nobody."""
    engine = sa.create_engine(url, poolclass=NullPool, connect_args={"timeout": 0})
    with engine.begin() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)
    engine.dispose()


def insert(url: str, table: str, **values: Any) -> None:
    engine = sa.create_engine(url, poolclass=NullPool, connect_args={"timeout": 0})
    with engine.begin() as connection:
        connection.execute(METADATA.tables[table].insert().values(TS=0, **values))
    engine.dispose()


READINGS: Mapping[str, Callable[[ErpFrames], object]] = {
    **{
        name: attrgetter(name)
        for name in (
            "watermarks", "currency", "company", "registers", "goods.articles", "goods.prices", "goods.rates",
            "goods.gross",
        )
    },
    "employees": lambda sources: sources.records(EMPLOYEES, erp_tables.EMPLOYEES, EmployeeExtract),
}  # fmt: skip


@pytest.mark.parametrize("name", READINGS)
def test_after_whatever_was_read_the_erps_users_can_write_at_once(name: str, url: str, sources: ErpFrames) -> None:
    READINGS[name](sources)
    write(url, "UPDATE ART SET Bezeichnung = 'x'")
    sources.fingerprint("cloudkasse_articles")
    write(url, "UPDATE ART SET Bezeichnung = 'y'")
    sources.booking(["A1"])
    write(url, "UPDATE ART SET Bezeichnung = 'z'")
    with sources.view():
        sources.narrowed(["A1"])
    write(url, "UPDATE ART SET Bezeichnung = 'a'")


def test_articles_and_prices_are_of_one_moment_whatever_lies_between_their_uses(url: str, sources: ErpFrames) -> None:
    assert len(sources.goods.articles.frame) == 5
    write(url, "DELETE FROM ART WHERE ART_ID = 1", "DELETE FROM ARPREIS WHERE Artikelnummer IN ('A1', 'A2')")
    write(url, "UPDATE USDETAIL SET Steuer = 16")
    gross = sources.goods.gross
    assert sorted(gross.prices["article"]) == ["A1", "A2", "A3", "A4", "A5"]
    assert set(gross.prices["gross_cents"]) == {1190}
    assert not gross.rejections


def test_what_changes_before_the_articles_are_read_is_in_their_fingerprint_and_what_changes_later_is_not(
    url: str, sources: ErpFrames
) -> None:
    first = sources.fingerprint("cloudkasse_prices"), sources.fingerprint("selectline_company")
    write(url, "UPDATE ART SET Bezeichnung = 'x'")
    assert sources.goods.articles.frame["name"].tolist() == ["x"] * 5
    then = sources.fingerprint("cloudkasse_prices"), sources.fingerprint("selectline_company")
    assert then[0] != first[0]
    assert then[1] == first[1]
    write(url, "UPDATE ARPREIS SET Preis = 3")
    assert set(sources.goods.gross.prices["gross_cents"]) == {1190}
    assert sources.fingerprint("cloudkasse_prices") == then[0], "the next run's will be another"
    assert sources.goods.is_steady()


def test_a_batch_of_receipts_is_booked_by_one_moment_though_accounts_rates_and_sets_change_between_two(
    url: str, sources: ErpFrames
) -> None:
    before = sources.booking(["A1"])
    assert before.articles["tax_code"].tolist() == ["3"]
    insert(url, "USDETAIL", USDETAIL_ID=9, SteuerCode="9", GueltigAb=pd.Timestamp("2026-01-01"), Steuer=7.0)
    insert(url, "KTOGRUPPENPOS", KTOGRUPPENPOS_ID=1, AufwandErloes="E", Gruppe="01", GKonto="8300", Steuercode="9")
    insert(url, "ARTSET", ARTSET_ID=1, Artikelnummer="A2", SetArtikelnummer="A3", Position=1, Menge=2.0)
    write(url, "UPDATE ART SET SSVerkauf = '9', Stueckliste = 'H' WHERE Artikelnummer IN ('A1', 'A2')")
    found = sources.booking(["A1", "A2"])
    assert found.rates.on(TODAY)["9"] == 700
    assert found.revenue_groups["account"].tolist() == ["8300"]
    assert found.articles.set_index("number")["tax_code"].to_dict() == {"A1": "9", "A2": "9", "A3": "3"}
    assert found.trade_sets["component"].tolist() == ["A3"]


def test_an_article_is_asked_for_once_while_accounts_rates_and_sets_stay(
    sources: ErpFrames, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[list[str]] = []
    reader = sources._reader
    read = reader.booking_articles

    def noted(numbers: list[str]) -> pd.DataFrame:
        asked.append(list(numbers))
        return read(numbers)

    monkeypatch.setattr(reader, "booking_articles", noted)
    sources.booking(["A1", "A2"])
    sources.booking(["A2", "A3"])
    assert asked == [[], ["A1", "A2"], ["A3"]]


def test_prices_that_cannot_be_read_do_not_keep_articles_from_being_read_nor_the_other_way_round(
    url: str, sources: ErpFrames
) -> None:
    write(url, 'ALTER TABLE "ARPREIS" DROP COLUMN "Preis"')
    assert len(sources.goods.articles.frame) == 5
    for _ in range(2):
        with pytest.raises(ErpSchemaError, match="ARPREIS"):
            _ = sources.goods.prices
    assert not sources.goods.is_steady()
