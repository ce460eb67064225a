"""Stock by article and warehouse, table LAGERBESTAND; revenue by tax code and account, from the documents' lines."""

from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from cloudkasse_etl.sandbox.selectline.auftrag.calculation import decimal_of
from cloudkasse_etl.sandbox.selectline.auftrag.shop_books import ShopBooks
from cloudkasse_etl.sandbox.selectline.auftrag.vendor_tables import BELEGP, LAGERBESTAND, LAGERPLATZ


def move_stock(connection: sa.Connection, article: str, warehouse: str, quantity: Decimal) -> None:
    """Add a quantity to the stock of an article in a warehouse, below zero too.

    Args:
        connection: The open transaction.
        article: The article's number.
        warehouse: The warehouse's number.
        quantity: How much comes in; negative for what goes out.
    """
    place = connection.execute(sa.select(LAGERPLATZ.c.Id).where(LAGERPLATZ.c.Lager == warehouse)).scalar_one()
    at = sa.and_(LAGERBESTAND.c.Artikelnummer == article, LAGERBESTAND.c.LagerplatzId == place)
    before = connection.execute(sa.select(LAGERBESTAND.c.Bestand).where(at)).scalar_one_or_none()
    if before is None:
        connection.execute(
            LAGERBESTAND.insert().values(Artikelnummer=article, LagerplatzId=place, Bestand=float(quantity))
        )
    else:
        now = float(decimal_of(before) + quantity)
        connection.execute(LAGERBESTAND.update().where(at).values(Bestand=now))


def stock_level(connection: sa.Connection, article: str, warehouse: str) -> Decimal:
    """Read the stock of an article in a warehouse.

    Args:
        connection: The open transaction.
        article: The article's number.
        warehouse: The warehouse's number.

    Returns:
        How much there is; 0 where there never was any.
    """
    chosen = sa.select(LAGERBESTAND.c.Bestand).where(
        LAGERBESTAND.c.LagerplatzId == LAGERPLATZ.c.Id,
        LAGERPLATZ.c.Lager == warehouse,
        LAGERBESTAND.c.Artikelnummer == article,
    )
    return decimal_of(connection.execute(chosen).scalar_one_or_none())


def stock(books: ShopBooks, article: str | None = None) -> list[dict[str, Any]]:
    """The stock by article and warehouse.

    Args:
        books: The shop's database.
        article: Only that of this article.
    """
    chosen = sa.select(LAGERBESTAND.c.Artikelnummer, LAGERPLATZ.c.Lager, LAGERBESTAND.c.Bestand).where(
        LAGERBESTAND.c.LagerplatzId == LAGERPLATZ.c.Id
    )
    if article is not None:
        chosen = chosen.where(LAGERBESTAND.c.Artikelnummer == article)
    rows = books.rows(chosen.order_by(LAGERBESTAND.c.Artikelnummer, LAGERPLATZ.c.Lager))
    return [{"article": row.Artikelnummer, "warehouse": row.Lager, "quantity": row.Bestand} for row in rows]


def revenue(books: ShopBooks) -> list[dict[str, Any]]:
    """The revenue by tax code and account, in cents of the documents' kind of price, with the number of positions."""
    chosen = sa.select(BELEGP.c.SteuerCode, BELEGP.c.Konto, BELEGP.c.Gesamtpreis).where(BELEGP.c.Umsatz != "")
    sums: dict[tuple[str, str], list[int]] = {}
    with books.reading() as connection:
        for code, account, amount in connection.execute(chosen):
            found = sums.setdefault((code or "", account), [0, 0])
            found[0] += int(decimal_of(amount).scaleb(2))
            found[1] += 1
    return [
        {"tax_code": code, "account": account, "amount_cents": cents, "positions": count}
        for (code, account), (cents, count) in sorted(sums.items())
    ]
