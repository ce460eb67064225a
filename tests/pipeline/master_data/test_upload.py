"""Protects what the cloud holds: level with the ERP, nothing twice, nothing lost, nothing retired by mistake."""

import copy
import datetime as dt
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from cloudkasse_etl.entities import ARTICLES, COMPANY, REGISTERS
from cloudkasse_etl.errors import (
    AuthorizationError,
    ErpUnavailableError,
    MassRetirementError,
    NetworkError,
)
from cloudkasse_etl.sandbox.server import SandboxServer
from cloudkasse_etl.sync.master_data.upload import upload
from cloudkasse_etl.sync.run.report import Outcome
from tests.support import databases, small_erp
from tests.support.worlds import TOKEN, World, by_asset, counts


def test_a_first_synchronisation_brings_everything_up(world: World) -> None:
    report = world.sync()
    assert report.outcome is Outcome.SUCCESSFUL
    assert counts(report) == {"new": 14}  # 1 company, 1 register, 2 employees, 5 articles, 5 prices
    assert world.cloud("prices")["A1|1|0.000|"]["gross_cents"] == 1190
    assert world.cloud("articles")["A1"] == {
        "number": "A1", "name": "Artikel 1", "description": None, "gtin": None, "group": "10", "group_name": "Waren",
        "unit": "Stk", "tax_code": "3", "vat_rate": "19.00", "stock_item": True, "discountable": True,
        "open_price": False, "active": True, "id": world.cloud("articles")["A1"]["id"],
    }  # fmt: skip
    assert world.cloud("companies")["1"]["street"] == "Markt 1"
    assert set(world.cloud("employees")) == {"M1", "M2"}


def test_a_second_one_finds_nothing_and_writes_nothing(world: World) -> None:
    world.sync()
    before = len(world.server.requests)
    report = world.sync()
    assert report.outcome is Outcome.NO_NEW_DATA
    assert report.message == "nothing new"
    assert counts(report) == {"unchanged": 14}
    assert [(method, path) for method, path, _ in world.server.requests[before:]] == [("GET", "/v1/status")]


def test_a_full_comparison_finds_the_same_nothing(world: World) -> None:
    world.sync()
    written = world.writes()
    assert world.sync(full=True).outcome is Outcome.NO_NEW_DATA
    assert world.writes() == written


def test_each_change_goes_up_once_and_nothing_else(world: World) -> None:
    world.sync()
    world.erp("UPDATE ART SET Bezeichnung = 'Anders' WHERE Artikelnummer = 'A1'")
    world.erp("UPDATE ARPREIS SET Preis = 20.0 WHERE Artikelnummer = 'A2'")
    world.erp("UPDATE ART SET Inaktiv = 1 WHERE Artikelnummer = 'A3'")
    world.erp("UPDATE MITARBW SET Inaktiv = 0 WHERE Nr = 'M3'")
    report = world.sync()
    assert by_asset(report, "cloudkasse_articles") == {"changed": 1, "deactivated": 1, "unchanged": 3}
    assert by_asset(report, "cloudkasse_prices") == {"changed": 1, "unchanged": 4}, "a retired article's price stays"
    assert by_asset(report, "cloudkasse_employees") == {"new": 1, "unchanged": 2}
    assert world.cloud("articles")["A3"]["active"] is False
    # a retired article's prices stay as they are
    assert world.cloud("prices")["A3|1|0.000|"]["active"] is True
    assert world.sync(full=True).outcome is Outcome.NO_NEW_DATA


def test_a_record_that_is_gone_is_retired_once_and_comes_back_as_a_change(world: World) -> None:
    world.sync()
    world.erp("DELETE FROM MITARBW WHERE Nr = 'M1'")
    assert by_asset(world.sync(), "cloudkasse_employees") == {"deactivated": 1, "unchanged": 1}
    assert world.sync(full=True).outcome is Outcome.NO_NEW_DATA
    world.erp("INSERT INTO MITARBW (MITARBW_ID, Nr, Vorname, Name, Inaktiv) VALUES (9, 'M1', 'Anna', 'Muster', 0)")
    assert by_asset(world.sync(), "cloudkasse_employees") == {"changed": 1, "unchanged": 1}
    assert world.cloud("employees")["M1"]["active"] is True


def test_x_then_y_then_x_again_ends_at_x(world: World) -> None:
    world.sync()
    for name in ("Y", "Artikel 1"):
        world.erp("UPDATE ART SET Bezeichnung = :name WHERE Artikelnummer = 'A1'", {"name": name})
        world.sync()
        assert world.cloud("articles")["A1"]["name"] == name


def test_a_price_that_is_gone_is_retired_while_its_article_is_sold(world: World) -> None:
    world.sync()
    world.erp("DELETE FROM ARPREIS WHERE Artikelnummer = 'A1'")
    report = world.sync()
    assert by_asset(report, "cloudkasse_prices") == {"deactivated": 1, "unchanged": 4}
    assert [(r.key, r.code) for r in report.rejections] == [("A1", "price_missing")]


@databases.ONLY_SQLITE
def test_a_price_that_cannot_be_computed_any_more_stays_as_it_was(world: World) -> None:
    world.sync()
    world.erp("UPDATE ARPREIS SET Preis = -1 WHERE Artikelnummer = 'A1'")
    world.erp("UPDATE ARPREIS SET VonDatum = 'no day' WHERE Artikelnummer = 'A2'")
    report = world.sync()
    assert sorted(r.code for r in report.rejections) == ["price_out_of_range", "value_invalid"]
    assert world.cloud("prices")["A1|1|0.000|"] | {"id": ""} == {
        "article": "A1", "price_group": "1", "min_quantity": "0.000", "valid_from": None, "valid_to": None,
        "gross_cents": 1190, "currency": "EUR", "active": True, "id": "",
    }  # fmt: skip
    assert world.cloud("prices")["A2|1|0.000|"]["active"] is True


def test_a_rejected_record_rests_until_it_changes(world: World) -> None:
    world.erp("UPDATE ART SET EANNummer = '4006381333932' WHERE Artikelnummer = 'A1'")
    report = world.sync()
    assert report.outcome is Outcome.PARTIALLY_SUCCESSFUL
    assert [(r.key, r.code, r.still) for r in report.rejections] == [("A1", "cloud.gtin_invalid", False)]
    assert "4006381333932" in report.rejections[0].text("en")
    assert by_asset(report, "cloudkasse_prices") == {"new": 4, "deferred": 1}
    assert "A1" in report.assets["cloudkasse_prices"].deferrals[0].text("en")
    written = world.writes()

    for options in ({}, {"full": True}):
        report = world.sync(**options)
        assert report.outcome is Outcome.NO_NEW_DATA
        assert report.message == "nothing new; 1 rejected, 1 waiting"
        assert [r.still for r in report.rejections] == [True]
        assert world.writes() == written

    report = world.sync(retry_rejected=True)
    assert report.outcome is Outcome.FAILED  # it was tried, and nothing else was
    assert len(world.writes()) == len(written) + 1

    world.erp("UPDATE ART SET EANNummer = '4006381333931' WHERE Artikelnummer = 'A1'")
    report = world.sync()
    assert report.outcome is Outcome.SUCCESSFUL
    assert counts(report) == {"new": 2, "unchanged": 12}  # the article, and the price that waited for it
    assert report.rejections == ()


def test_a_record_over_the_licence_is_tried_once_a_run_without_spoiling_it(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'erp.db'}"
    small_erp.build(url)
    settings = copy.deepcopy(small_erp.SETTINGS)
    with SandboxServer(tmp_path / "cloud.db", token=TOKEN, article_limit=4) as server:
        world = World(tmp_path, url, server, settings)
        assert [r.code for r in world.sync().rejections] == ["cloud.limit_reached"]
        written = len(world.writes())
        report = world.sync()
        assert report.outcome is Outcome.NO_NEW_DATA
        assert by_asset(report, "cloudkasse_articles") == {"unchanged": 4, "still_rejected": 1}
        assert len(world.writes()) == written + 1
    with SandboxServer(tmp_path / "cloud.db", token=TOKEN, port=int(server.url.rsplit(":", 1)[1])) as larger:
        world.server = larger
        assert counts(world.sync()) == {"new": 2, "unchanged": 12}


def test_without_a_register_articles_and_prices_wait_and_nothing_of_them_is_sent(world: World) -> None:
    registers = world.settings.pop("registers")
    report = world.sync()
    assert report.outcome is Outcome.SUCCESSFUL
    assert by_asset(report, "cloudkasse_articles") == {"deferred": 5}
    assert by_asset(report, "cloudkasse_prices") == {"deferred": 5}
    assert "Waits for a register" in report.message
    assert not [path for path in world.writes() if "articles" in path or "prices" in path]
    report = world.sync()
    assert report.outcome is Outcome.NO_NEW_DATA
    assert report.message.startswith("nothing new; 10 waiting")

    world.settings["registers"] = registers
    assert counts(world.sync()) == {"new": 11, "unchanged": 3}


def test_articles_alone_look_at_the_register_too(world: World) -> None:
    with world.session() as session:
        report = upload(session, ARTICLES)
    assert report.deferrals[0].code == "register_required"
    assert world.writes() == []


def test_a_register_that_is_no_longer_named_is_retired(world: World) -> None:
    world.settings["registers"].append({"number": "K2", "name": "Markt", "warehouse": "1", "price_group": "2"})
    world.sync()
    del world.settings["registers"][1]
    assert by_asset(world.sync(), "cloudkasse_registers") == {"deactivated": 1, "unchanged": 1}


def test_retiring_every_register_asks_first(world: World) -> None:
    world.sync()
    registers = world.settings.pop("registers")
    written = world.writes()
    with pytest.raises(MassRetirementError, match="1 of 1 registers would be retired: all of them"):
        world.sync()
    assert world.cloud("registers")["K1"]["active"] is True
    assert not [path for path in world.writes()[len(written) :] if "registers" in path]
    assert by_asset(world.sync(allow_retire=True), "cloudkasse_registers") == {"deactivated": 1}
    world.settings["registers"] = registers
    assert by_asset(world.sync(), "cloudkasse_registers") == {"changed": 1}


def test_a_record_that_a_dead_run_sent_and_that_changed_since_counts_once(world: World) -> None:
    class PowerCutError(Exception):
        pass

    def cut(*_: object, **__: object) -> None:
        raise PowerCutError

    world.sync()
    world.erp("UPDATE ART SET Bezeichnung = 'X' WHERE Artikelnummer = 'A1'")
    with world.session() as session:
        session.store.synced.settle = cut  # type: ignore[method-assign]
        with pytest.raises(PowerCutError):
            upload(session, ARTICLES)
    world.erp("UPDATE ART SET Bezeichnung = 'Y' WHERE Artikelnummer = 'A1'")
    assert by_asset(world.sync(), "cloudkasse_articles") == {"changed": 1, "unchanged": 4}
    assert world.cloud("articles")["A1"]["name"] == "Y"


def test_prices_of_a_group_that_no_register_uses_are_not_sent_and_stay_once_they_were(world: World) -> None:
    world.erp(
        "INSERT INTO ARPREIS (ARPREIS_ID, Artikelnummer, PreisTyp, TypNummer, Menge, Preis) "
        "VALUES (99, 'A1', 'G', '2', 0, 9.99)"
    )
    assert by_asset(world.sync(), "cloudkasse_prices") == {"new": 5}
    world.settings["registers"].append({"number": "K2", "name": "Markt", "warehouse": "1", "price_group": "2"})
    assert by_asset(world.sync(), "cloudkasse_prices") == {"new": 1, "unchanged": 5}
    assert world.cloud("prices")["A1|2|0.000|"]["gross_cents"] == 999
    del world.settings["registers"][1]
    assert by_asset(world.sync(), "cloudkasse_prices") == {"unchanged": 6}
    assert world.cloud("prices")["A1|2|0.000|"]["active"] is True


def test_too_many_retirements_stop_the_run_unless_they_are_allowed(world: World) -> None:
    world.settings["safety"] = {"retire_minimum": 1}
    world.sync()
    world.erp("UPDATE ART SET Inaktiv = 1 WHERE Artikelnummer IN ('A1', 'A2')")
    written = world.writes()
    with pytest.raises(MassRetirementError, match="2 of 5 articles") as caught:
        world.sync()
    assert caught.value.exit_code == 20
    assert "--allow-retire" in str(caught.value)
    assert world.writes() == written
    assert by_asset(world.sync(allow_retire=True), "cloudkasse_articles") == {"deactivated": 2, "unchanged": 3}


def test_a_broken_record_is_not_retired_and_holds_up_no_other(world: World) -> None:
    world.sync()
    world.erp("UPDATE ART SET Bezeichnung = NULL WHERE Artikelnummer = 'A1'")
    world.erp("UPDATE ART SET SSVerkauf = '9' WHERE Artikelnummer = 'A2'")
    world.erp("UPDATE ART SET Bezeichnung = 'Neu' WHERE Artikelnummer = 'A3'")
    report = world.sync()
    assert sorted((r.key, r.code) for r in report.rejections) == [("A1", "value_missing"), ("A2", "tax_code_unknown")]
    assert by_asset(report, "cloudkasse_articles") == {"changed": 1, "unchanged": 2}
    assert world.cloud("articles")["A1"]["active"] is True
    assert world.cloud("prices")["A1|1|0.000|"]["active"] is True
    assert world.sync(full=True).outcome is Outcome.NO_NEW_DATA


def test_a_refused_company_does_not_stop_the_registers(world: World) -> None:
    world.erp("UPDATE MANDANT SET Firma = NULL")
    report = world.sync()
    assert [(r.asset, r.code) for r in report.rejections] == [("selectline_company", "value_missing")]
    assert by_asset(report, "cloudkasse_registers") == {"new": 1}
    assert by_asset(report, "cloudkasse_articles") == {"new": 5}


def test_the_calendar_alone_can_change_a_price(world: World) -> None:
    world.sync()
    world.erp("INSERT INTO USDETAIL (USDETAIL_ID, SteuerCode, GueltigAb, Steuer) VALUES (2, '3', '2030-01-01', 25.0)")
    assert world.sync().outcome is Outcome.NO_NEW_DATA
    world.as_of = dt.date(2030, 1, 1)
    report = world.sync()
    assert by_asset(report, "cloudkasse_prices") == {"changed": 5}
    assert world.cloud("prices")["A1|1|0.000|"]["gross_cents"] == 1250
    assert world.cloud("articles")["A1"]["vat_rate"] == "25.00"


def test_a_cloud_that_lost_records_gets_them_again(world: World) -> None:
    world.sync()
    cloud = sa.create_engine(f"sqlite:///{world.folder / 'cloud.db'}")
    with cloud.begin() as connection:
        for number in ("A1", "A4"):
            gone = sa.text("DELETE FROM record WHERE entity = 'articles' AND key LIKE :key")
            connection.execute(gone, {"key": f"%{number}%"})
    cloud.dispose()
    assert by_asset(world.sync(), "cloudkasse_articles") == {"new": 2, "unchanged": 3}
    assert world.sync().outcome is Outcome.NO_NEW_DATA


def test_another_cloud_is_another_state(world: World, tmp_path: Path) -> None:
    world.sync()
    with SandboxServer(tmp_path / "other.db", token=TOKEN) as other:
        world.server = other
        assert counts(world.sync()) == {"new": 14}


def test_a_token_of_another_company_stops_before_anything_is_sent(world: World) -> None:
    world.sync()
    world.settings["company"]["number"] = "2"
    written = world.writes()
    with pytest.raises(AuthorizationError, match="belongs to company '1'"):
        world.sync()
    assert world.writes() == written


def test_a_cloud_that_is_off_is_said_plainly_and_the_next_run_heals(world: World) -> None:
    port = int(world.server.url.rsplit(":", 1)[1])
    world.server.__exit__(None, None, None)
    with pytest.raises(NetworkError):
        world.sync()
    with SandboxServer(world.folder / "cloud.db", token=TOKEN, port=port) as server:
        world.server = server
        assert counts(world.sync()) == {"new": 14}
        world.server = server


def test_an_erp_that_is_gone_is_said_plainly_and_nothing_is_retired(world: World) -> None:
    world.state_url = f"sqlite:///{world.folder / 'state.db'}"
    world.sync()
    erp = world.erp_file
    erp.rename(world.folder / "away.db")
    with pytest.raises(ErpUnavailableError, match="does not exist"):
        world.sync()
    assert not erp.exists()
    (world.folder / "away.db").rename(erp)
    assert world.sync().outcome is Outcome.NO_NEW_DATA


@databases.ONLY_SQLITE
def test_an_erp_that_is_gone_with_our_tables_in_it_is_not_made_anew(world: World) -> None:
    world.sync()
    for file in world.folder.glob("erp.db*"):
        file.rename(world.folder / f"away-{file.name}")
    with pytest.raises(ErpUnavailableError, match="does not exist"):
        world.sync()
    assert not world.erp_file.exists()


def test_a_request_whose_answer_was_never_stored_is_finished_by_the_next_run(world: World) -> None:
    class PowerCutError(Exception):
        pass

    def cut(*_: object, **__: object) -> None:
        raise PowerCutError

    with world.session() as session:
        upload(session, COMPANY)
        upload(session, REGISTERS)
        session.store.synced.settle = cut  # type: ignore[method-assign]
        with pytest.raises(PowerCutError):
            upload(session, ARTICLES)
    assert len(world.cloud("articles")) == 5  # the cloud did the work

    report = world.sync()
    assert by_asset(report, "cloudkasse_articles") == {"new": 5}
    assert world.sync(full=True).outcome is Outcome.NO_NEW_DATA
    # finished under its own key: the cloud answered from memory, and nothing was sent a second time
    assert [path for path in world.writes() if "articles" in path] == ["/v1/articles/batch"] * 2


def test_a_run_that_breaks_halfway_tells_what_went_through_and_the_next_one_does_the_rest(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'erp.db'}"
    small_erp.build(url, articles=40)
    settings = copy.deepcopy(small_erp.SETTINGS)
    settings["api"]["connections"] = 1
    with SandboxServer(tmp_path / "cloud.db", token=TOKEN, batch_items=10) as server:
        world = World(tmp_path, url, server, settings)
        with world.session() as session:
            upload(session, COMPANY)
            upload(session, REGISTERS)
            settle = session.store.synced.settle

            def settle_and_pull_the_plug(*args: Any, **names: Any) -> None:
                settle(*args, **names)
                server.__exit__(None, None, None)

            session.store.synced.settle = settle_and_pull_the_plug  # type: ignore[method-assign]
            with pytest.raises(NetworkError):
                upload(session, ARTICLES)
            report = session.finish("no network")
        assert report.outcome is Outcome.FAILED
        through = report.assets["cloudkasse_articles"].counts.new
        assert 10 <= through < 40
        port = int(server.url.rsplit(":", 1)[1])
    with SandboxServer(tmp_path / "cloud.db", token=TOKEN, port=port) as server:
        world.server = server
        assert by_asset(world.sync(), "cloudkasse_articles") == {"new": 40 - through, "unchanged": through}
        assert len(world.cloud("articles")) == 40


def test_the_protocol_of_a_run_tells_each_record_its_reason_and_its_cure(world: World) -> None:
    world.settings["language"] = "de"
    world.erp("UPDATE ART SET Bezeichnung = NULL WHERE Artikelnummer = 'A1'")
    report = world.sync()
    text = Path(report.protocol).read_text(encoding="utf-8-sig")
    assert (
        "selectline_articles;A1;A1;value_missing;Bezeichnung ist leer.;Füllen Sie ART.Bezeichnung in SelectLine aus."
        in text
    )
    assert Path(report.protocol).with_suffix(".json").exists()
