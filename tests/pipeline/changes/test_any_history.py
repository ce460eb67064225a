"""Protects that the cheap look finds what a full comparison finds, whatever happened in the ERP and on which day.

After each turn of a random history an ordinary synchronisation runs; a full one, which asks the cloud for all it
holds, must then find nothing more to do. Rowversions fall behind on purpose, as a long transaction makes them.
"""

import datetime as dt

from hypothesis import given, settings
from hypothesis import strategies as st

from cloudkasse_etl.sync.run.report import Outcome
from tests.support.level_shop import LevelShop
from tests.support.torture.torture_figures import LONG
from tests.support.worlds import counts

BELOW = ", TS = 1"  # of a transaction that took its rowversion long before it was committed
NUMBERS = st.integers(1, 5)


def _statement(kind: str, number: int, cents: int, below: str) -> str:
    article, price = f"A{number}", cents / 100
    return {
        "renamed": f"UPDATE ART SET Bezeichnung = 'Name {cents}'{below} WHERE Artikelnummer = '{article}'",
        "inactive": f"UPDATE ART SET Inaktiv = 1{below} WHERE Artikelnummer = '{article}'",
        "active": f"UPDATE ART SET Inaktiv = 0{below} WHERE Artikelnummer = '{article}'",
        "deleted": f"DELETE FROM ART WHERE Artikelnummer = '{article}'",
        "price": f"UPDATE ARPREIS SET Preis = {price}{below} WHERE Artikelnummer = '{article}'",
        "no price": f"DELETE FROM ARPREIS WHERE Artikelnummer = '{article}'",
        "dated price": "INSERT INTO ARPREIS (Artikelnummer, PreisTyp, TypNummer, Menge, Preis, VonDatum, BisDatum) "
        f"VALUES ('{article}', 'G', '1', 0, {price}, '2026-11-29 00:00:00', '2027-01-15 00:00:00')",
        "double": f"UPDATE ART SET Artikelnummer = 'A1'{below} WHERE Artikelnummer = '{article}'",
        "rate": "INSERT INTO USDETAIL (SteuerCode, GueltigAb, Steuer) "
        f"VALUES ('3', '2027-01-0{number} 00:00:00', {15 + number})",
        "swap": f"DELETE FROM ARPREIS WHERE Artikelnummer = '{article}'; "
        "INSERT INTO ARPREIS (Artikelnummer, PreisTyp, TypNummer, Menge, Preis) "
        f"VALUES ('{article}', 'G', '1', 0, {price})",
    }[kind]


KINDS = (
    "renamed", "inactive", "active", "deleted", "price", "no price", "dated price", "double", "rate", "swap",
)  # fmt: skip
CHANGES = st.builds(
    _statement, st.sampled_from(KINDS), NUMBERS, st.integers(100, 9999), st.sampled_from(["", "", BELOW])
)
TURNS = st.lists(
    st.tuples(st.lists(CHANGES, min_size=1, max_size=4), st.sampled_from([0, 0, 5, 40])),
    min_size=1,
    max_size=4 if LONG else 2,
)


@settings(max_examples=100 if LONG else 25)
@given(turns=TURNS)
def test_a_synchronisation_leaves_nothing_for_a_full_comparison_to_find(
    level_shop: LevelShop, turns: list[tuple[list[str], int]]
) -> None:
    world = level_shop.again()
    for statements, days in turns:
        assert world.as_of is not None
        world.as_of += dt.timedelta(days=days)
        for statement in statements:
            for part in statement.split("; "):
                world.erp(part)
        world.sync(allow_retire=True)
        written = world.writes()
        full = world.sync(full=True, allow_retire=True)
        assert full.outcome is Outcome.NO_NEW_DATA, (counts(full), full.message)
        assert world.writes() == written
