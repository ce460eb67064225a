"""Manual storages (Lagerungen): goods that come in or go out without a sale, a document of table BELEG with positions.

A position that would take more out than there is refuses its whole request, even where the ERP lets documents do so.
Whether the real one stores the positions before it, is not known: here it stores none.
"""

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

import sqlalchemy as sa

from cloudkasse_etl.sandbox.selectline.api_errors import STOCK_SHORT, STOCK_SHORT_DETAIL, ApiError
from cloudkasse_etl.sandbox.selectline.auftrag.calculation import decimal_of
from cloudkasse_etl.sandbox.selectline.auftrag.shop_books import ShopBooks
from cloudkasse_etl.sandbox.selectline.auftrag.stock_levels import move_stock, stock_level
from cloudkasse_etl.sandbox.selectline.auftrag.vendor_tables import BELEG, BELEGP, key_of
from cloudkasse_etl.sandbox.selectline.field_readers import Reader, flag, integer, number, read_object, text, time

KIND: Final = "_LAGERUNG"  # SelectLine's own letter was not published
HEAD: Final[Mapping[str, Reader]] = {
    "Number": text(10),
    "Date": time,
    "IsPrinted": flag,
    "EmployeeNumber": text(6),
    "WarehouseNumber": text(10),
    "BusinessPartnerType": text(),
    "WarehouseLocationNumber": text(10),
}
POSITION: Final[Mapping[str, Reader]] = {
    "Quantity": number,
    "ArticleNumber": text(),
    "Warehouse": text(),
    "QuantityUnit": text(),
    "StoragePlaceIdentifier": integer,
    "SerialNumber": text(),
    "ExpirationDate": time,
    "TargetWarehouse": text(),
    "TargetStoragePlaceIdentifier": integer,
    "PriceQuantity": number,
}
NOT_PLAYED: Final = ("StoragePlaceIdentifier", "TargetWarehouse", "TargetStoragePlaceIdentifier")
_OF_KIND: Final = BELEG.c["Belegtyp"].in_([KIND])

Storage = dict[str, Any]


class ManualStorages:
    """The manual storages of a shop.

    Args:
        books: The shop's database.
    """

    def __init__(self, books: ShopBooks) -> None:
        self._books = books

    def heads(self) -> list[Storage]:
        """All of them, in the form of a document's head."""
        return [_head(row) for row in self._books.rows(sa.select(BELEG).where(_OF_KIND).order_by(BELEG.c.BELEG_ID))]

    def get(self, number: str) -> Storage:
        """The head of one.

        Raises:
            ApiError: 404: there is none.
        """
        with self._books.reading() as connection:
            return _head(_row(connection, number))

    def add(self, sent: Any) -> str:
        """Store a head, and return its number: the one that was sent, else the next one.

        Raises:
            ApiError: 400: a field is wrong, the warehouse unknown, or the number taken.
        """
        head = read_object(sent, HEAD)
        with self._books.writing() as connection:
            house = head.get("WarehouseNumber")
            if house and house not in self._books.warehouses(connection):
                raise ApiError(400, f"There is no warehouse {house}.")
            named = head.get("Number") or _next_number(connection)
            if connection.execute(sa.select(BELEG.c.BELEG_ID).where(_numbered(named))).first() is not None:
                raise ApiError(400, f"The key {named} exists already.")
            day = dt.datetime.fromisoformat(head["Date"]) if "Date" in head else _today()
            values = {"Belegtyp": KIND, "Belegnummer": named, "Datum": day, "Lager": house}
            key_of(connection.execute(BELEG.insert().values(**values, Mitarbeiter=head.get("EmployeeNumber"))))
        return str(named)

    def remove(self, number: str) -> None:
        """Delete one with its positions, and take their movements back.

        Raises:
            ApiError: 404: there is none.
        """
        with self._books.writing() as connection:
            _row(connection, number)
            for row in _positions(connection, number):
                move_stock(connection, row.Artikelnummer, row.Lager, -decimal_of(row.Menge))
            connection.execute(BELEGP.delete().where(BELEGP.c["Belegtyp"].in_([KIND]), BELEGP.c.Belegnummer == number))
            connection.execute(BELEG.delete().where(_numbered(number)))

    def positions(self, number: str) -> list[dict[str, Any]]:
        """The positions of one, in the form of a document's positions.

        Raises:
            ApiError: 404: there is none.
        """
        with self._books.reading() as connection:
            _row(connection, number)
            rows = _positions(connection, number)
        shown = []
        for row in rows:
            said = {"ArticleNumber": row.Artikelnummer, "Quantity": row.Menge, "WarehouseId": row.Lager}
            said |= {"PositionNumber": row.Posnummer, "QuantityUnit": row.Mengeneinheit, "Name": row.Bezeichnung}
            said |= {"DocumentNumber": number, "Date": row.Datum.isoformat()}
            shown.append({name: value for name, value in said.items() if value is not None})
        return shown

    def store(self, number: str, sent: Any) -> None:
        """Store positions, all or none: positive quantities come in, negative ones go out.

        Args:
            number: The storage's number.
            sent: The positions, as they were sent.

        Raises:
            ApiError: 404: there is no such storage; 400: a position is wrong, or takes out more than there is.
        """
        if not isinstance(sent, list):
            raise ApiError(400, "The body is not a list.")
        with self._books.writing() as connection:
            head = _row(connection, number)
            last = max((row.Posnummer for row in _positions(connection, number)), default=0)
            for place, one in enumerate(sent):
                position = read_object(one, POSITION, f"[{place}].")
                house = position.get("Warehouse") or head.Lager
                self._check(connection, position, house, place)
                quantity = decimal_of(position["Quantity"])
                article = position["ArticleNumber"]
                if quantity < 0 and stock_level(connection, article, house) + quantity < 0:
                    raise stock_is_short(article, house)
                move_stock(connection, article, house, quantity)
                values = {"Belegtyp": KIND, "Belegnummer": number, "Posnummer": last + place + 1, "Datum": head.Datum}
                values |= {"Artikelnummer": article, "Menge": position["Quantity"], "Lager": house}
                unit = position.get("QuantityUnit")
                connection.execute(BELEGP.insert().values(**values, Mengeneinheit=unit, Lagerartikel=True, Umsatz=""))

    def _check(self, connection: sa.Connection, position: Mapping[str, Any], house: str | None, place: int) -> None:
        article = position.get("ArticleNumber")
        if not article or not decimal_of(position.get("Quantity")):
            raise ApiError(400, f"[{place}]: ArticleNumber and a Quantity other than 0 must be given.")
        if any(name in position for name in NOT_PLAYED):
            raise ApiError(400, f"[{place}]: The sandbox knows no {', '.join(NOT_PLAYED)}.")
        found = self._books.article(connection, article)
        if found is None or not found.Lagerartikel:
            raise ApiError(400, f"[{place}]: There is no article {article} with stock.")
        if house not in self._books.warehouses(connection):
            raise ApiError(400, f"[{place}]: There is no warehouse {house}.")


def stock_is_short(article: str, warehouse: str) -> ApiError:
    """The error of a position that would take out more than there is (API#90)."""
    said = f"The stock of article {article} in warehouse {warehouse} would fall below zero."
    return ApiError(400, said, code=STOCK_SHORT, details=[{"ErrorCode": STOCK_SHORT_DETAIL, "Message": said}])


def _numbered(number: str) -> sa.ColumnElement[bool]:
    return sa.and_(_OF_KIND, BELEG.c["Belegnummer"].in_([number]))


def _row(connection: sa.Connection, number: str) -> Any:
    row = connection.execute(sa.select(BELEG).where(_numbered(number))).one_or_none()
    if row is None:
        raise ApiError(404, f"There is no manual storage {number}.")
    return row


def _positions(connection: sa.Connection, number: str) -> list[Any]:
    chosen = sa.select(BELEGP).where(BELEGP.c["Belegtyp"].in_([KIND]), BELEGP.c.Belegnummer == number)
    return list(connection.execute(chosen.order_by(BELEGP.c.Posnummer)))


def _head(row: Any) -> Storage:
    said = {"Number": row.Belegnummer, "Date": row.Datum.isoformat(), "WarehouseNumber": row.Lager}
    said |= {"EmployeeNumber": row.Mitarbeiter, "IsPrinted": False}
    return {name: value for name, value in said.items() if value is not None}


def _next_number(connection: sa.Connection) -> str:
    numbers = connection.execute(sa.select(BELEG.c.Belegnummer).where(_OF_KIND)).scalars()
    return str(max((Decimal(one) for one in numbers if one.isdecimal()), default=Decimal(10000)) + 1)


def _today() -> dt.datetime:
    return dt.datetime.combine(dt.date.today(), dt.time.min)  # noqa: DTZ011 -- the machine's, as the vendor's server
