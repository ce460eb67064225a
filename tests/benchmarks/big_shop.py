"""The demo shop, blown up to any number of articles, and its synchronisations of master data."""

import os
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from cloudkasse_etl.sandbox.selectline.demo_erp import DEMO_SETTINGS, build_demo_shop
from tests.benchmarks.feed import TOKEN
from tests.benchmarks.process import OURS, PROJECT, Run, measure

PARTLY = 10  # the demo shop has two articles with a fault
_ART = """
INSERT INTO ART SELECT {columns} FROM ART JOIN copies
WHERE Inaktiv = 0 AND ART_ID <= :articles AND EXISTS
  (SELECT 1 FROM ARPREIS WHERE ARPREIS.Artikelnummer = ART.Artikelnummer AND TypNummer = '1')
"""
# What is sold at a price of which each cent counts, and such prices: each is one record that changes.
_SOLD = """
SELECT ART_ID FROM ART WHERE Inaktiv = 0 AND Preiseinheit = 1 AND EXISTS
  (SELECT 1 FROM ARPREIS WHERE ARPREIS.Artikelnummer = ART.Artikelnummer AND TypNummer = '1' AND Preis > 0)
"""
_PRICES = f"""
SELECT ARPREIS_ID FROM ARPREIS WHERE PreisTyp = 'G' AND TypNummer = '1' AND Preis > 0 AND VonDatum IS NULL
  AND Artikelnummer IN (SELECT Artikelnummer FROM ART WHERE ART_ID IN ({_SOLD}))
"""
_ARPREIS = "INSERT INTO ARPREIS SELECT {columns} FROM ARPREIS JOIN copies WHERE ARPREIS_ID <= :prices"


@dataclass(frozen=True)
class BigShop:
    """A shop's folder: the ERP, the settings, and by folder our own tables and the history.

    Attributes:
        folder: Where the ERP and the settings lie.
    """

    folder: Path

    @property
    def database(self) -> Path:
        """The ERP."""
        return self.folder / "erp.db"

    def environment(self, api_url: str, own: Path) -> Mapping[str, str]:
        """What a shell would export; our own tables and the history lie in the folder `own`."""
        return {
            "CLOUDKASSE_ERP_URL": f"sqlite:///{self.database}",
            "CLOUDKASSE_STATE_URL": f"sqlite:///{own / 'state.db'}",
            "CLOUDKASSE_API_URL": api_url,
            "CLOUDKASSE_API_TOKEN": TOKEN,
            "CLOUDKASSE_SETTINGS": str(self.folder / "cloudkasse.yaml"),
            "CLOUDKASSE_DAGSTER_STORAGE": str(own / "dagster"),
            "DAGSTER_HOME": str(PROJECT),
        }

    def run(self, api_url: str, own: Path, *arguments: str) -> Run:
        """A command of ours, measured."""
        environment = self.environment(api_url, own)
        return measure([OURS, *arguments], folder=own, environment=environment, codes=(0, PARTLY))

    def touch_rates(self) -> None:
        """Writes the VAT rates anew as they are: nothing differs, but that can be told by looking at everything."""
        with sqlite3.connect(self.database) as connection:
            connection.execute("UPDATE USDETAIL SET Steuer = Steuer")
        connection.close()

    def change(self, count: int, turn: int) -> None:
        """Raises half so many prices and names half so many articles anew, each anywhere in the shop."""
        with sqlite3.connect(self.database) as connection:
            prices = _spread(connection, _PRICES, count // 2)
            articles = _spread(connection, _SOLD, count - count // 2)
            raised = [(turn / 100, number) for number in prices]
            connection.executemany("UPDATE ARPREIS SET Preis = Preis + ? WHERE ARPREIS_ID = ?", raised)
            named = [(f"Artikel der Runde {turn}", number) for number in articles]
            connection.executemany("UPDATE ART SET Bezeichnung = ? WHERE ART_ID = ?", named)
        connection.close()


def _spread(connection: sqlite3.Connection, query: str, count: int) -> list[int]:
    """So many row numbers of a query's, with the same distance between them."""
    found = [row[0] for row in connection.execute(f"{query} ORDER BY 1")]
    return found[:: max(len(found) // count, 1)][:count]


def build_big(folder: Path, articles: int) -> BigShop:
    """The demo shop with about so many articles: those that have a price again, without a GTIN, under new numbers."""
    shop = BigShop(folder)
    folder.mkdir(parents=True)
    build_demo_shop(shop.database)
    settings = DEMO_SETTINGS.replace("import: ask ", "import: manual ")
    (folder / "cloudkasse.yaml").write_text(settings, encoding="utf-8")
    connection = sqlite3.connect(shop.database)
    with connection:
        triggers = connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
        for name, _ in triggers:
            connection.execute(f'DROP TRIGGER "{name}"')
        _copy(connection, articles)
        for _, statement in triggers:
            connection.execute(statement)
        connection.execute('CREATE UNIQUE INDEX "ix_ART_Artikelnummer" ON ART (Artikelnummer)')
        connection.execute('CREATE INDEX "ix_ARPREIS_Artikelnummer" ON ARPREIS (Artikelnummer)')
    connection.execute("ANALYZE")
    connection.close()
    os.sync()  # what was built is not to be written to disk while somebody is measured
    return shop


def _copy(connection: sqlite3.Connection, articles: int) -> None:
    limits = {
        name: connection.execute(f"SELECT max({table}_ID) FROM {table}").fetchone()[0]
        for name, table in (("articles", "ART"), ("prices", "ARPREIS"))
    }
    copies = max(articles // limits["articles"], 1)
    connection.execute("CREATE TEMP TABLE copies (copy INTEGER)")
    connection.executemany("INSERT INTO copies VALUES (?)", [(number,) for number in range(1, copies)])
    for table, statement in (("ART", _ART), ("ARPREIS", _ARPREIS)):
        names = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
        limit = limits["articles" if table == "ART" else "prices"]
        made = {
            f"{table}_ID": f"{table}_ID + copy * {limit}",
            "Artikelnummer": f"{table}.Artikelnummer || '-' || copy",
            "EANNummer": "NULL",
        }
        columns = ", ".join(made.get(name, f'{table}."{name}"') for name in names)
        connection.execute(statement.format(columns=columns), limits)
    # one counter for the whole database
    count = connection.execute("SELECT max(ART_ID) FROM ART").fetchone()[0]
    connection.execute("UPDATE ART SET TS = ART_ID + 1000")
    connection.execute("UPDATE ARPREIS SET TS = ARPREIS_ID + 1000 + ?", [count])
    connection.execute("UPDATE rowversion_counter SET value = (SELECT max(TS) FROM ARPREIS)")
    # prices of articles that were not copied would wait for ever
    connection.execute("DELETE FROM ARPREIS WHERE Artikelnummer NOT IN (SELECT Artikelnummer FROM ART)")
