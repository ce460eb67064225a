"""What a clerk does with a transfer document: takes it over, which makes a document with revenue and moves stock, or
discards it.

Taking over happens in one transaction and once: a document that is Assumed is left as it is.
"""

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

import sqlalchemy as sa

from cloudkasse_etl.erp.selectline.erp_tables import METADATA as SHOP
from cloudkasse_etl.i18n.messages import ENGLISH, Language
from cloudkasse_etl.i18n.text import Text, say
from cloudkasse_etl.sandbox.selectline.api_errors import ApiError
from cloudkasse_etl.sandbox.selectline.auftrag.calculation import decimal_of, position_total
from cloudkasse_etl.sandbox.selectline.auftrag.shop_books import ShopBooks
from cloudkasse_etl.sandbox.selectline.auftrag.stock_levels import move_stock, stock_level
from cloudkasse_etl.sandbox.selectline.auftrag.transfer_buffer import Document, TransferBuffer
from cloudkasse_etl.sandbox.selectline.auftrag.vendor_tables import (
    BELEG,
    BELEGP,
    CUSTOMERS,
    SALESMEN,
    SLM_TRANSFER,
    key_of,
    transfer_with,
)
from cloudkasse_etl.sandbox.selectline.transfer_fields import STATES

OUT, IN = "A", "Z"
NOT_STOCKED, STOCKED = 1, 2
TRADE_SET: Final = "H"


@dataclass(frozen=True)
class _Line:
    """A position as it goes into the books."""

    position: Mapping[str, Any]
    amount: Decimal
    rate: Decimal
    tax_code: str | None
    account: str
    warehouse: str | None
    moves: bool


class Clerk:
    """The person in SelectLine Auftrag.

    Args:
        books: The shop's database.
        buffer: Its transfer documents.
        language: The language of the reasons why a document cannot be taken over.
    """

    def __init__(self, books: ShopBooks, buffer: TransferBuffer, language: Language = ENGLISH) -> None:
        self._books = books
        self._buffer = buffer
        self._language = language

    def take_over(self, number: int) -> Document:
        """Take a document over, unless that was done before; where it cannot be, its state is ManualError.

        Returns:
            The document as it is now.

        Raises:
            ApiError: 404: there is none; 400: it was discarded.
        """
        with self._books.writing() as connection:
            row = self._buffer.row(connection, self._books.tenant, number)
            document = self._buffer.document(connection, row)
            if document["StateKind"] == "Discarded":
                raise ApiError(400, f"Transfer document {number} was discarded.")
            if document["StateKind"] != "Assumed":
                self._assume(connection, number, document)
            return self._buffer.document(connection, self._buffer.row(connection, self._books.tenant, number))

    def discard(self, number: int, comment: str) -> Document:
        """Discard a document that was not taken over, with a word about why.

        Returns:
            The document as it is now.

        Raises:
            ApiError: 404: there is none; 400: it was taken over.
        """
        with self._books.writing() as connection:
            row = self._buffer.row(connection, self._books.tenant, number)
            if STATES[row.Status] == "Assumed":
                raise ApiError(400, f"Transfer document {number} was taken over.")
            self._mark(connection, number, "Discarded", KommentarIntern=comment)
            return self._buffer.document(connection, self._buffer.row(connection, self._books.tenant, number))

    def stock_changes(
        self, connection: sa.Connection, document: Document
    ) -> list[tuple[Decimal | None, Decimal | None]]:
        """Each position's stock now and after the document is taken over; nothing where a position moves none.

        Of a trade set it is nothing, too: its parts' stock moves.
        """
        sign = self._sign(connection, document)
        levels: dict[tuple[str, str], Decimal] = {}
        found: list[tuple[Decimal | None, Decimal | None]] = []
        for position in document["Positions"]:
            number, house = (
                position.get("ArticleNumber"),
                position.get("WarehouseId") or document.get("WarehouseNumber"),
            )
            parts = self._parts(connection, number) if number else []
            if (
                not house
                or not sign
                or [part for part, _ in parts] != [number]
                or not self._is_stocked(connection, position)
            ):
                found.append((None, None))
                continue
            before = levels.setdefault((number, house), stock_level(connection, number, house))
            levels[number, house] = before + decimal_of(position["Quantity"]) * sign
            found.append((before, levels[number, house]))
        return found

    def _sign(self, connection: sa.Connection, document: Document) -> int:
        """Whether goods go out (-1), come in (1) or stay by documents of this type."""
        kind = self._books.document_type(connection, document["DocumentKind"])
        return 0 if kind is None else {OUT: -1, IN: 1}.get(kind.LagerFlag, 0)

    def _is_stocked(self, connection: sa.Connection, position: Mapping[str, Any]) -> bool:
        """Whether a position moves stock: as it says, else as its article says."""
        article = self._books.article(connection, position["ArticleNumber"]) if position.get("ArticleNumber") else None
        stated = {NOT_STOCKED: False, STOCKED: True}.get(position.get("StockKindFlag", 0))
        return article is not None and (bool(article.Lagerartikel) if stated is None else stated)

    def _assume(self, connection: sa.Connection, number: int, document: Document) -> None:
        problems: list[Text] = []
        lines = list(self._lines(connection, document, problems))
        salesman, customer = document["SalesmanNumber"], document.get("AddressNumber")
        if salesman not in SALESMEN:
            problems.append(say("There is no salesman {number}.", number=salesman))
        if customer and customer not in CUSTOMERS:
            problems.append(say("There is no customer {number}.", number=customer))
        kind = document["DocumentKind"]
        wanted = document.get("Number")
        taken = sa.select(BELEG.c.BELEG_ID).where(BELEG.c.Belegtyp == kind, BELEG.c.Belegnummer == wanted)
        if wanted and connection.execute(taken).first() is not None:
            problems.append(say("There is a document {number} already.", number=wanted))
        if not lines and not problems:
            problems.append(say("The document has no positions."))
        if problems:
            self._mark(
                connection,
                number,
                "ManualError",
                KommentarIntern="\n".join(one.render(self._language) for one in problems),
            )
            return
        day = dt.datetime.fromisoformat(document["Date"])
        named = wanted or _next_number(connection, kind, day)
        total = document["CalculationSummary"]
        made = connection.execute(
            BELEG.insert().values(
                Belegtyp=kind,
                Belegnummer=named,
                Datum=day,
                Netto=total["TotalNetAmount"],
                Steuer=total["TotalTaxAmount"],
                Brutto=total["TotalGrossAmount"],
                PreisTyp=document.get("PriceKindFlag"),
                Waehrungscode=document.get("CurrencyCode") or self._books.currency,
                Adressnummer=document.get("AddressNumber"),
                Vertreter=document["SalesmanNumber"],
                Lager=document.get("WarehouseNumber"),
                UnserZeichen=document.get("OurReference"),
                LieferBelegNr=document.get("DeliveryDocumentNumber"),
            )
        )
        self._enter(connection, document, lines, named, day)
        self._mark(
            connection,
            number,
            "Assumed",
            KommentarIntern=None,
            ZielID=key_of(made),
            ZielNummer=named,
        )

    def _enter(
        self, connection: sa.Connection, document: Document, lines: list[_Line], number: str, day: dt.datetime
    ) -> None:
        """Write the positions, each with its revenue, and move their stock."""
        kind = self._books.document_type(connection, document["DocumentKind"])
        assert kind is not None  # noqa: S101 -- `_lines` looked
        sign = self._sign(connection, document)
        for place, line in enumerate(lines, 1):
            position = line.position
            connection.execute(
                BELEGP.insert().values(
                    Belegtyp=document["DocumentKind"],
                    Belegnummer=number,
                    Posnummer=place,
                    Datum=day,
                    Artikelnummer=position.get("ArticleNumber"),
                    Bezeichnung=position.get("Name"),
                    Menge=position["Quantity"],
                    Mengeneinheit=position.get("QuantityUnit"),
                    Einzelpreis=position.get("UnitPrice", 0.0),
                    Gesamtpreis=float(line.amount),
                    SteuerCode=line.tax_code,
                    Steuerprozent=float(line.rate),
                    Konto=line.account,
                    Kostenstelle=position.get("CostCentreNumber"),
                    Lager=line.warehouse,
                    Lagerartikel=line.moves,
                    Umsatz=kind.Umsatz,
                    Kennung=position["Identifier"][:36],
                )
            )
            if line.moves and line.warehouse and sign:
                for article, factor in self._parts(connection, position["ArticleNumber"]):
                    quantity = decimal_of(position["Quantity"]) * factor * sign
                    move_stock(connection, article, line.warehouse, quantity)

    def _lines(self, connection: sa.Connection, document: Document, problems: list[Text]) -> Iterator[_Line]:
        """Each position with all that the books need; what is wrong is added to `problems`."""
        rate_of, houses = self._buffer.rate_of(connection, document), self._books.warehouses(connection)
        rates = self._books.rates(connection, dt.datetime.fromisoformat(document["Date"]).date())
        for place, position in enumerate(document["Positions"], 1):
            number = position.get("ArticleNumber")
            article = self._books.article(connection, number) if number else None
            if number and article is None:
                problems.append(say("Position {place}: there is no article {number}.", place=place, number=number))
                continue
            code = position.get("TaxCode") or (article.SSVerkauf if article else None)
            if code is not None and code not in rates:
                problems.append(
                    say("Position {place}: tax code {code} has no rate on the document's day.", place=place, code=code)
                )
            moves = self._is_stocked(connection, position)
            house = position.get("WarehouseId") or document.get("WarehouseNumber")
            if house and house not in houses:
                problems.append(
                    say("Position {place}: there is no warehouse {number} in use.", place=place, number=house)
                )
            elif moves and not house:
                problems.append(say("Position {place}: the warehouse is missing.", place=place))
            account = position.get("FinancialAccountId") or self._account(connection, article, code)
            if not account:
                problems.append(say("Position {place}: the revenue account is missing.", place=place))
                continue
            coded = {**position, "TaxCode": code} if code else position
            total = position_total(document, coded, rate_of)
            yield _Line(coded, total.amount, total.rate, code, account, house, moves)

    def _account(self, connection: sa.Connection, article: Any | None, code: str | None) -> str | None:
        if article is None:
            return None
        if article.KontoVerkauf:
            return str(article.KontoVerkauf)
        groups = SHOP.tables["KTOGRUPPENPOS"]
        chosen = sa.select(groups.c.GKonto).where(
            groups.c.AufwandErloes == "E", groups.c.Gruppe == article.Erfolgskontengruppe, groups.c.Steuercode == code
        )
        return connection.execute(chosen).scalars().first()

    def _parts(self, connection: sa.Connection, number: str) -> list[tuple[str, Decimal]]:
        """The articles whose stock moves, with how many of each: a trade set's components, else the article itself."""
        article = self._books.article(connection, number)
        if article is None or article.Stueckliste != TRADE_SET:
            return [(number, Decimal(1))]
        sets = SHOP.tables["ARTSET"]
        chosen = sa.select(sets.c.SetArtikelnummer, sets.c.Menge).where(sets.c.Artikelnummer == number)
        return [(part, decimal_of(count)) for part, count in connection.execute(chosen.order_by(sets.c.Position))]

    def _mark(self, connection: sa.Connection, number: int, state: str, **columns: Any) -> None:
        marked = SLM_TRANSFER.update().where(transfer_with(number)).values(Status=STATES.index(state), **columns)
        connection.execute(marked)


def _next_number(connection: sa.Connection, kind: str, day: dt.datetime) -> str:
    """The next number of a document type in a year, such as 26-000012."""
    begins = f"{day.year % 100:02}-"
    numbers = connection.execute(
        sa.select(BELEG.c.Belegnummer).where(BELEG.c.Belegtyp == kind, BELEG.c.Belegnummer.startswith(begins))
    ).scalars()
    last = max((int(one.removeprefix(begins)) for one in numbers if one.removeprefix(begins).isdecimal()), default=0)
    return f"{begins}{last + 1:06}"
