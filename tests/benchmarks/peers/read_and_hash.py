"""Reads articles and prices and hashes each row, with pandas alone: read_and_hash.py SQLALCHEMY-URL."""

import sys

import pandas as pd
import sqlalchemy as sa
from pandas.util import hash_pandas_object

ARTICLES = """
SELECT ART_ID, Artikelnummer, Bezeichnung, Zusatz, EANNummer, Artikelgruppe, Mengeneinheit, SSVerkauf, Lagerartikel,
    Rabattfaehig, ShopAktiv, Inaktiv, Preiseinheit, Preismengenfaktor, _OFFENERPREIS
FROM ART
"""
PRICES = """
SELECT ARPREIS_ID, Artikelnummer, TypNummer, Menge, Preis, VonDatum, BisDatum FROM ARPREIS WHERE PreisTyp = 'G'
"""


def main(url: str) -> None:
    engine = sa.create_engine(url)
    frames = []
    for query in (ARTICLES, PRICES):
        frame = pd.read_sql(query, engine)
        frames.append(frame)
        print(len(frame), hash_pandas_object(frame, index=False).sum())
    print(sum(int(frame.memory_usage(deep=True).sum()) for frame in frames))


if __name__ == "__main__":
    main(sys.argv[1])
