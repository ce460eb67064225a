"""What the ERP's users do: articles and sets that are added, and changes of any kind, drawn at random."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from hypothesis import strategies as st

from cloudkasse_etl.erp.selectline.erp_tables import METADATA
from tests.support import small_erp
from tests.support.worlds import World


def add_article(world: World, number: str, **fields: Any) -> None:
    """A further article in the ERP, as its user would add it."""
    values = {**small_erp.ARTICLE, "Artikelnummer": number, "Bezeichnung": number, "TS": 0, **fields}
    engine = sa.create_engine(world.erp_url)
    articles = METADATA.tables["ART"]
    with engine.begin() as connection:
        last = connection.execute(sa.select(sa.func.max(articles.c.ART_ID))).scalar_one()
        connection.execute(articles.insert().values(ART_ID=last + 1, **values))
    engine.dispose()


def add_set(world: World, number: str, **components: float) -> None:
    """A trade set in the ERP."""
    add_article(world, number, Stueckliste="H", Lagerartikel=False)
    engine = sa.create_engine(world.erp_url)
    with engine.begin() as connection:
        for position, (component, quantity) in enumerate(components.items(), 1):
            row = {"Artikelnummer": number, "SetArtikelnummer": component, "Position": position, "Menge": quantity}
            connection.execute(METADATA.tables["ARTSET"].insert().values(ARTSET_ID=position, TS=0, **row))
    engine.dispose()


ARTICLES = 8

BELOW = ', "TS" = 1'  # of a transaction that took its rowversion long before it was committed

ODD = ("a1", " A1", "A1 ", "A|1", "", "X" * 41, "ART row 1", "A1\n")

PRICE = (
    'INSERT INTO "ARPREIS" ({id}"Artikelnummer", "PreisTyp", "TypNummer", "Menge", "Preis", "VonDatum", "BisDatum") '
)


@dataclass(frozen=True)
class Change:
    """What somebody does in the ERP: a kind of change, to an article, with another one or with a number."""

    kind: str
    number: int
    other: int
    cents: int
    below: str

    def statements(self, new_id: Callable[[], str]) -> list[str]:
        a, b, below = f"A{self.number}", f"A{self.other}", self.below
        price, odd = self.cents / 100, ODD[self.cents % len(ODD)]
        group = str(1 + self.cents % 2)
        art = f'UPDATE "ART" SET {{}}{below} WHERE "Artikelnummer" = \'{a}\''
        arpreis = f'UPDATE "ARPREIS" SET {{}}{below} WHERE "Artikelnummer" = \'{a}\''
        insert = PRICE.format(id='"ARPREIS_ID", ') + f"VALUES ({new_id()}, "
        dated = "'2026-11-29 00:00:00', '2027-01-15 00:00:00'"
        return {
            "named": [art.format(f"\"Bezeichnung\" = 'Name {self.cents}'")],
            "nameless": [art.format('"Bezeichnung" = NULL')],
            "inactive": [art.format('"Inaktiv" = {true}')],
            "active": [art.format('"Inaktiv" = {false}')],
            "deleted": [f'DELETE FROM "ART" WHERE "Artikelnummer" = \'{a}\''],
            "gtin": [art.format("\"EANNummer\" = '4006381333932'")],  # its check digit is wrong
            "no gtin": [art.format('"EANNummer" = NULL')],
            "unit": [art.format(f'"Preiseinheit" = {self.cents % 3}')],
            "tax code": [art.format(f"\"SSVerkauf\" = '{3 + self.cents % 2}'")],
            "open": [art.format(f"\"Artikelgruppe\" = '{self.cents % 3}'")],
            "numbered": [art.format(f"\"Artikelnummer\" = '{b}'")],
            "with prices": [art.format(f"\"Artikelnummer\" = '{b}'"), arpreis.format(f"\"Artikelnummer\" = '{b}'")],
            "swapped": [
                art.format("\"Artikelnummer\" = 'between'"),
                art.replace(f"= '{a}'", f"= '{b}'").format(f"\"Artikelnummer\" = '{a}'"),
                art.replace(f"= '{a}'", "= 'between'").format(f"\"Artikelnummer\" = '{b}'"),
            ],
            "odd": [art.format(f"\"Artikelnummer\" = '{odd}'")],
            "odd price": [arpreis.format(f"\"Artikelnummer\" = '{odd}'")],
            "cured": [f'UPDATE "ART" SET "Artikelnummer" = \'{a}\'{below} WHERE "Artikelnummer" = \'{odd}\''],
            "price": [arpreis.format(f'"Preis" = {price}')],
            "bad price": [arpreis.format('"Preis" = -1')],
            "no price": [f'DELETE FROM "ARPREIS" WHERE "Artikelnummer" = \'{a}\''],
            "group": [arpreis.format(f"\"TypNummer\" = '{group}'")],
            "other group": [arpreis.format("\"TypNummer\" = '9'")],
            "customer": [arpreis.format("\"PreisTyp\" = 'K'")],
            "everyone": [arpreis.format("\"PreisTyp\" = 'G'")],
            "new price": [f"{insert}'{a}', 'G', '{group}', 0, {price}, NULL, NULL)"],
            "scale": [f"{insert}'{a}', 'G', '{group}', {self.cents % 4}, {price}, NULL, NULL)"],
            "dated": [f"{insert}'{a}', 'G', '{group}', 0, {price}, {dated})"],
            "unknown article": [f"{insert}'X{self.number}', 'G', '{group}', 0, {price}, NULL, NULL)"],
            "huge quantity": [f"{insert}'{a}', 'G', '{group}', 1000000000, {price}, NULL, NULL)"],
            "rate": [
                (
                    'INSERT INTO "USDETAIL" ("USDETAIL_ID", "SteuerCode", "GueltigAb", "Steuer") '
                    f"VALUES ({new_id()}, '3', '2027-01-0{self.number} 00:00:00', {15 + self.number})"
                )
            ],
            "group's name": [f'UPDATE "GRUPPEN" SET "Bezeichnung" = \'G{self.cents}\' WHERE "Id" = \'AG\''],
        }[self.kind]


KINDS = (
    "named", "nameless", "inactive", "active", "deleted", "gtin", "no gtin", "unit", "tax code", "numbered",
    "with prices", "swapped", "odd", "odd price", "cured", "price", "bad price", "no price", "group", "other group",
    "customer", "everyone", "new price", "scale", "dated", "unknown article", "huge quantity", "rate", "group's name",
)  # fmt: skip

CHANGES = st.builds(
    Change,
    st.sampled_from(KINDS),
    st.integers(1, ARTICLES),
    st.integers(1, ARTICLES),
    st.integers(100, 9999),
    st.sampled_from(["", "", "", BELOW]),
)
