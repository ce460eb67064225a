"""Protects that nothing waits forgotten: what waits keeps its own start, and a check names it with its cure."""

import datetime as dt
import re
import uuid
from functools import partial
from typing import Any

import dagster as dg
import sqlalchemy as sa

from cloudkasse_etl.sync.monitoring.waiting import WaitingReport, look_for_waiting
from tests.support import databases
from tests.support.books import change_booked
from tests.support.programs import Program, checks
from tests.support.receipts.receipt_factory import item, line

CHECK = ("sync_report", "nothing_waits_too_long")
TRIED = "UPDATE ART SET EANNummer = :gtin WHERE Artikelnummer = :number"
WRONG_GTIN = "4006381333932"
ANOTHER = (
    "INSERT INTO ART (ART_ID, TS, Artikelnummer, Bezeichnung, EANNummer, SSVerkauf, Inaktiv) "
    f"VALUES (9, 900, 'A9', 'Neu', '{WRONG_GTIN}', '3', 0)"
)
ITS_PRICE = (
    "INSERT INTO ARPREIS (ARPREIS_ID, TS, Artikelnummer, PreisTyp, TypNummer, Menge, Preis) "
    "VALUES (9, 901, 'A9', 'G', '1', 0, 3)"
)


def found(program: Program, instance: dg.DagsterInstance, job: str = "sync_all", **config: bool) -> Any:
    """The check of another run."""
    run = program.run_job(instance, str(uuid.uuid4()), job, **config)
    return checks(instance, run.run_id)[CHECK]


_FACTS = re.compile(r"(\S+) · (\d+) (?:record|Datens)\w* · \w+ (\S+ \S+ CES?T): (.*)")


def causes(check: Any) -> dict[str, tuple[Any, ...]]:
    """What the check names, by the asset where it waits: number, examples, since when, what for, and what to do."""
    found = {}
    for key, entry in check.metadata.items():
        if key.startswith("waits_"):
            cure, why, facts = entry.value.split("\n")
            asset, count, since, examples = _FACTS.fullmatch(facts).groups()  # type: ignore[union-attr]
            found[asset] = (int(count), examples, since, why, cure)
    return found


def waiting(program: Program) -> dict[str, dt.datetime]:
    """What is awaited, by its number, and since when."""
    engine = sa.create_engine(program.world.erp_url)
    with engine.connect() as connection:
        rows = connection.execute(sa.text("SELECT awaited, since FROM cloudkasse_waiting")).all()
    engine.dispose()
    return {awaited: dt.datetime.fromisoformat(str(since)) for awaited, since in rows}


def four_days_later(program: Program) -> None:
    """Lets four days pass: whatever waits began that much earlier."""
    for table, column in (("waiting", "since"), ("rejection", "since"), ("receipt", "staged_at")):
        moved = f"strftime('%Y-%m-%d %H:%M:%f000', {column}, '-4 days')"
        if databases.ON_POSTGRESQL:
            moved = f"{column} - interval '4 days'"
        change = program.world.erp if table != "receipt" else partial(change_booked, program.world)
        change(f"UPDATE cloudkasse_{table} SET {column} = {moved}")


def test_what_waits_longer_than_the_settings_allow_is_named_with_its_cure(
    program: Program, instance: dg.DagsterInstance
) -> None:
    program.world.erp(TRIED, {"gtin": WRONG_GTIN, "number": "A1"})
    sale = item(line(article="A1"), number=7)
    program.world.server.store.deliver_receipts([sale])
    early = found(program, instance)
    assert (early.passed, early.metadata["waiting"].value) == (True, 0)

    four_days_later(program)
    # another article begins to wait, so that this run looks at all of them: what waited keeps its start
    program.world.erp(ANOTHER)
    program.world.erp(ITS_PRICE)
    late = found(program, instance)
    assert not late.passed
    assert late.severity is dg.AssetCheckSeverity.WARN
    assert late.description.startswith("3 records have waited for more than 72 hours, the first since 20")
    told = causes(late)
    assert set(told) == {"cloudkasse_articles", "cloudkasse_prices", "staged_receipts"}
    count, examples, _, _, cure = told["cloudkasse_articles"]
    assert (count, examples) == (1, "A1 Artikel 1")
    assert cure.endswith("in SelectLine (ART.EANNummer).")
    count, examples, _, why, _ = told["cloudkasse_prices"]
    assert (count, examples) == (1, "A1 Artikel 1, group 1, from 0")
    assert why.startswith("Waits for its article 'A1 Artikel 1'")
    count, examples, _, why, cure = told["staged_receipts"]
    assert (count, why) == (1, "Fetched and checked, but not booked.")
    assert re.fullmatch(r"K1-7 · 20\d\d-\d\d-\d\d · \d+\.\d\d €", examples)
    assert cure.startswith("Import them: job import_receipts")
    assert set(waiting(program)) == {"A1", "A9"}

    # a run that turns red by its rejections tells it, too
    again = found(program, instance, "sync_master_data", retry_rejected=True)
    assert causes(again) == causes(late)

    program.world.erp(TRIED, {"gtin": None, "number": "A1"})
    program.world.settings["language"] = "de"
    german = found(program, instance)
    assert re.match(
        r"1 Datensatz wartet seit mehr als 72 Stunden: seit \d\d\.\d\d\.20\d\d \d\d:\d\d ", german.description
    )
    ((asset, (_, _, _, why, cure)),) = causes(german).items()
    assert (asset, why) == ("staged_receipts", "Übernommen und geprüft, aber nicht gebucht.")
    assert cure.startswith("Importieren Sie sie")
    assert set(waiting(program)) == {"A9"}


def test_all_that_waits_for_a_register_is_one_line_and_over_once_there_is_one(program: Program) -> None:
    world = program.world
    registers = world.settings["registers"]
    world.settings.update(registers=[], checks={"waiting_hours": 24 * 4 - 1})
    world.sync()
    with world.session() as session:
        assert look_for_waiting(session) == WaitingReport(95)
    four_days_later(program)
    with world.session() as session:
        articles, prices = look_for_waiting(session).waits
    assert (articles.asset, articles.count) == ("cloudkasse_articles", 5)
    assert (prices.asset, prices.count, prices.examples) == (
        "cloudkasse_prices", 5, "; ".join(f"A{n}, group 1, from 0" for n in range(1, 6)),
    )  # fmt: skip
    assert articles.why.startswith("Waits for a register")
    assert articles.cure.startswith("Name a register below registers: in cloudkasse.yaml")

    world.settings["checks"] = {"waiting_hours": None}
    with world.session() as session:
        assert look_for_waiting(session) == WaitingReport(None)

    world.settings.update(registers=registers, checks={})
    world.sync()
    assert waiting(program) == {}
