"""Protects that whoever wonders why a run looked at everything is told, in the words of what has happened.

Each reason of sync/changes/reasons.py is brought about as it happens in a shop; one that nothing brings about, or that
nothing tests, fails here. When a run looks at everything: test_when_all_is_compared.py.
"""

import datetime as dt
import inspect
import json
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any, get_type_hints

import pytest

from cloudkasse_etl.entities import ARTICLES, REGISTERS
from cloudkasse_etl.erp.selectline.reader import ErpReader
from cloudkasse_etl.i18n.text import Text
from cloudkasse_etl.state.stores.synced import SyncedRecords
from cloudkasse_etl.sync.changes import changed_articles, reasons
from cloudkasse_etl.sync.dry_run.plan import plan
from cloudkasse_etl.sync.inputs import erp_frames
from cloudkasse_etl.sync.master_data.extraction import extract
from cloudkasse_etl.sync.master_data.upload import upload
from cloudkasse_etl.sync.run.report import RunReport
from tests.support import databases, small_erp
from tests.support.worlds import World, small_world

# its shops are copies of files
pytestmark = databases.CHOOSES_ITSELF

Happening = Callable[[World, pytest.MonkeyPatch], RunReport]
HAPPENINGS: dict[str, Happening] = {}
LATER = dt.date(2026, 12, 2)


def brings_about(reason: Callable[..., Text]) -> Callable[[Happening], Happening]:
    def noted(happening: Happening) -> Happening:
        assert reason.__name__ not in HAPPENINGS
        HAPPENINGS[reason.__name__] = happening
        return happening

    return noted


def words(reason: Callable[..., Text]) -> str:
    """A reason's words, whatever fills them."""
    samples: dict[Any, Any] = {str: "x", int: 1}
    types = get_type_hints(reason)
    return reason(*(samples.get(types[name], ["x"]) for name in inspect.signature(reason).parameters)).template


def rename(shop: World, name: str = "Neu") -> None:
    shop.erp("UPDATE ART SET Bezeichnung = :name WHERE Artikelnummer = 'A1'", {"name": name})


def renamed(shop: World, **options: Any) -> RunReport:
    """A run with something to look at."""
    rename(shop)
    return shop.sync(**options)


def lose(shop: World, *parts: str) -> None:
    """CloudKasse forgets the records whose keys have some text."""
    with closing(sqlite3.connect(shop.folder / "cloud.db")) as cloud:
        for part in parts:
            cloud.execute("DELETE FROM record WHERE key LIKE :part", {"part": f'%"{part}"%'})
        cloud.commit()


def die(*_: object, **__: object) -> None:
    raise KeyboardInterrupt


@brings_about(reasons.asked)
def _(shop: World, monkeypatch: pytest.MonkeyPatch) -> RunReport:
    return renamed(shop, full=True)


@brings_about(reasons.retried)
def _(shop: World, monkeypatch: pytest.MonkeyPatch) -> RunReport:
    return renamed(shop, retry_rejected=True)


@brings_about(reasons.price_group_unusable)
def _(shop: World, monkeypatch: pytest.MonkeyPatch) -> RunReport:
    shop.settings["price_groups"]["1|2"] = {"basis": "net"}
    return shop.sync()


@brings_about(reasons.never_finished)
def _(shop: World, monkeypatch: pytest.MonkeyPatch) -> RunReport:
    with small_world(made(shop)) as new:
        return new.sync()


@brings_about(reasons.out_of_step)
def _(shop: World, monkeypatch: pytest.MonkeyPatch) -> RunReport:
    rename(shop)
    with shop.session() as session:
        extract(session, ARTICLES)
    rename(shop, "Neuer")
    return shop.sync()


@brings_about(reasons.without_rowversion)
def _(shop: World, monkeypatch: pytest.MonkeyPatch) -> RunReport:
    for event in ("INSERT", "UPDATE"):
        shop.erp(f'DROP TRIGGER "ARPREIS{event}"')
    shop.erp("ALTER TABLE ARPREIS DROP COLUMN TS")
    return shop.sync()


@brings_about(reasons.rows_untraceable)
def _(shop: World, monkeypatch: pytest.MonkeyPatch) -> RunReport:
    shop.erp("UPDATE ART SET ART_ID = -1 WHERE Artikelnummer = 'A1'")
    return shop.sync()


@brings_about(reasons.program_changed)
def _(shop: World, monkeypatch: pytest.MonkeyPatch) -> RunReport:
    monkeypatch.setattr(erp_frames, "CONTENT_VERSION", erp_frames.CONTENT_VERSION + 1)
    return shop.sync()


@brings_about(reasons.erp_changed)
def _(shop: World, monkeypatch: pytest.MonkeyPatch) -> RunReport:
    moved = made(shop) / "erp.db"
    shutil.copy(shop.erp_file, moved)
    return replace(shop, erp_url=f"sqlite:///{moved}").sync()


@brings_about(reasons.settings_changed)
def _(shop: World, monkeypatch: pytest.MonkeyPatch) -> RunReport:
    shop.settings["articles"] = {"only_shop_active": True}
    return shop.sync()


@brings_about(reasons.table_changed)
def _(shop: World, monkeypatch: pytest.MonkeyPatch) -> RunReport:
    shop.erp("UPDATE GRUPPEN SET Bezeichnung = 'Sachen' WHERE Id = 'AG'")
    return shop.sync()


@brings_about(reasons.rates_changed)
def _(shop: World, monkeypatch: pytest.MonkeyPatch) -> RunReport:
    shop.erp("INSERT INTO USDETAIL (SteuerCode, GueltigAb, Steuer) VALUES ('3', '2026-12-01 00:00:00', 16)")
    shop.sync()
    return replace(shop, as_of=LATER).sync()


@brings_about(reasons.cloud_changed)
def _(shop: World, monkeypatch: pytest.MonkeyPatch) -> RunReport:
    lose(shop, "K1")
    with shop.session() as session:
        upload(session, REGISTERS)
    return shop.sync()


@brings_about(reasons.something_changed)
def _(shop: World, monkeypatch: pytest.MonkeyPatch) -> RunReport:
    with closing(sqlite3.connect(shop.erp_file)) as ours:
        for asset, details in ours.execute("SELECT asset, details FROM cloudkasse_level").fetchall():
            earlier = {name: value for name, value in json.loads(details).items() if name != "parts"}
            ours.execute("UPDATE cloudkasse_level SET details = ? WHERE asset = ?", (json.dumps(earlier), asset))
        ours.commit()
    shop.settings["articles"] = {"only_shop_active": True}
    return shop.sync()


@brings_about(reasons.day_changed)
def _(shop: World, monkeypatch: pytest.MonkeyPatch) -> RunReport:
    shop.erp("UPDATE ARPREIS SET BisDatum = '2026-11-30 00:00:00' WHERE Artikelnummer = 'A1'")
    shop.sync()
    return replace(shop, as_of=LATER).sync()


@brings_about(reasons.waiting_for_a_register)
def _(shop: World, monkeypatch: pytest.MonkeyPatch) -> RunReport:
    with small_world(made(shop), settings={**small_erp.SETTINGS, "registers": []}) as new:
        new.sync()
        return renamed(new)


@brings_about(reasons.refused_by_the_cloud)
def _(shop: World, monkeypatch: pytest.MonkeyPatch) -> RunReport:
    with small_world(made(shop), article_limit=4) as new:
        new.sync()
        return renamed(new)


@brings_about(reasons.article_unknown)
def _(shop: World, monkeypatch: pytest.MonkeyPatch) -> RunReport:
    shop.erp("UPDATE ARPREIS SET Menge = 1000000000 WHERE Artikelnummer = 'A1'")
    report = shop.sync()
    assert report.assets["gross_prices"].looked_at == 1, "it is the upload that finds it out"
    assert report.scope == renamed(shop).scope, "as long as it is refused"
    return report


@brings_about(reasons.many_rows)
def _(shop: World, monkeypatch: pytest.MonkeyPatch) -> RunReport:
    monkeypatch.setattr(changed_articles, "MOST_ROWS", 2)
    shop.erp("UPDATE ART SET Bezeichnung = 'Neu'")
    return shop.sync()


@brings_about(reasons.many_places)
def _(shop: World, monkeypatch: pytest.MonkeyPatch) -> RunReport:
    monkeypatch.setattr(changed_articles, "MOST_BUCKETS", 0)
    shop.erp("DELETE FROM ARPREIS WHERE Artikelnummer = 'A1'")
    return shop.sync()


@brings_about(reasons.many_articles)
def _(shop: World, monkeypatch: pytest.MonkeyPatch) -> RunReport:
    monkeypatch.setattr(changed_articles, "MOST_ARTICLES", 2)
    shop.erp("UPDATE ART SET Bezeichnung = 'Neu' WHERE ART_ID < 4")
    return shop.sync()


@brings_about(reasons.number_unusable)
def _(shop: World, monkeypatch: pytest.MonkeyPatch) -> RunReport:
    shop.erp("UPDATE ART SET Artikelnummer = 'A|1' WHERE Artikelnummer = 'A1'")
    return shop.sync()


@brings_about(reasons.erp_in_motion)
def _(shop: World, monkeypatch: pytest.MonkeyPatch) -> RunReport:
    marks, asked = ErpReader.watermarks, iter(range(100))
    monkeypatch.setattr(ErpReader, "sees_one_moment", False)
    monkeypatch.setattr(ErpReader, "watermarks", lambda *given: {**marks(*given), "ART": f"{next(asked)}"})
    return renamed(shop)


@brings_about(reasons.lost)
def _(shop: World, monkeypatch: pytest.MonkeyPatch) -> RunReport:
    lose(shop, "A5")
    return renamed(shop)


@brings_about(reasons.interrupted)
def _(shop: World, monkeypatch: pytest.MonkeyPatch) -> RunReport:
    with monkeypatch.context() as dying:
        dying.setattr(SyncedRecords, "settle", die)
        with pytest.raises(KeyboardInterrupt):
            renamed(shop)
    return shop.sync()


@brings_about(reasons.registers_sent)
def _(shop: World, monkeypatch: pytest.MonkeyPatch) -> RunReport:
    lose(shop, "K1")
    return renamed(shop)


def made(shop: World) -> Path:
    """A folder for a shop of its own."""
    folder = shop.folder / f"other-{len(list(shop.folder.iterdir()))}"
    folder.mkdir()
    return folder


def test_every_reason_is_brought_about() -> None:
    known = inspect.getmembers(reasons, inspect.isfunction)
    assert set(HAPPENINGS) == {name for name, found in known if found.__module__ == reasons.__name__}


@pytest.mark.parametrize("reason", HAPPENINGS)
def test_a_run_that_looks_at_everything_tells_why(reason: str, shop: World, monkeypatch: pytest.MonkeyPatch) -> None:
    report = HAPPENINGS[reason](shop, monkeypatch)
    assert report.scope is not None
    why = report.scope.values["reason"]
    assert isinstance(why, Text)
    assert why.template == words(getattr(reasons, reason))
    assert report.as_dict("en")["looked_at"] == f"Looks at everything: {why}."
    assert report.as_dict("de")["looked_at"] == f"Betrachtet alles: {why.render('de')}."


def test_a_run_that_looks_at_changed_articles_tells_how_many_and_one_that_looks_at_none_tells_nothing(
    shop: World,
) -> None:
    assert renamed(shop).scope == "Looks at 1 changed article."
    shop.erp("UPDATE ART SET Bezeichnung = 'Neuer' WHERE ART_ID < 4")
    assert plan(shop.configuration(), as_of=shop.as_of).scope == "Looks at 3 changed articles."
    report = shop.sync()
    assert report.scope == "Looks at 3 changed articles."
    assert report.as_dict("de")["looked_at"] == "Betrachtet 3 geänderte Artikel."
    report = shop.sync()
    assert report.scope is None
    assert report.as_dict("de")["looked_at"] is None


def test_a_plan_tells_why_a_run_would_look_at_everything(shop: World) -> None:
    shop.settings["articles"] = {"only_shop_active": True}
    found = plan(shop.configuration(), as_of=shop.as_of)
    assert found.scope == "Looks at everything: the settings have changed since the last run."
    assert found.as_dict("en")["looked_at"] == found.scope
