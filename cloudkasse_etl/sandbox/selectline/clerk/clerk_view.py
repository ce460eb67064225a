"""What the clerk's page shows of the buffer and the books, in the words and figures of a language."""

import datetime as dt
from decimal import Decimal
from typing import Any, Final

import sqlalchemy as sa

from cloudkasse_etl.i18n import formats
from cloudkasse_etl.i18n.messages import Language
from cloudkasse_etl.i18n.text import say_count
from cloudkasse_etl.sandbox.selectline.auftrag.calculation import decimal_of, position_total
from cloudkasse_etl.sandbox.selectline.auftrag.shop_books import ShopBooks
from cloudkasse_etl.sandbox.selectline.auftrag.stock_levels import revenue, stock
from cloudkasse_etl.sandbox.selectline.auftrag.takeover import Clerk
from cloudkasse_etl.sandbox.selectline.auftrag.transfer_buffer import Document, TransferBuffer
from cloudkasse_etl.sandbox.selectline.auftrag.vendor_tables import ART, BELARTEN, LAGER
from cloudkasse_etl.sandbox.selectline.clerk.clerk_orders import WAITING

TABS: Final = {
    "waiting": ("Open", "Edit"),
    "ManualError": ("ManualError",),
    "Assumed": ("Assumed",),
    "Discarded": ("Discarded",),
    "all": ("Open", "Edit", "ManualError", "Assumed", "Discarded"),
}
TAKEABLE: Final = (*WAITING, "ManualError")  # what was wrong may be mended by now
FIRST_ARTICLES: Final = 25


class ClerkView:
    """The clerk's page as data for its template.

    Args:
        books: The shop's database.
        buffer: Its transfer documents.
        clerk: Who takes them over.
        language: The language of the page.
    """

    def __init__(self, books: ShopBooks, buffer: TransferBuffer, clerk: Clerk, language: Language) -> None:
        self._books = books
        self._buffer = buffer
        self._clerk = clerk
        self._language = language

    def documents(self, tab: str, chosen: int | None) -> dict[str, Any]:
        """The list of a tab, and the document that is chosen: by default the first of the list."""
        known = self._buffer.list(self._books.tenant)
        tab = tab if tab in TABS else "waiting"
        kinds = self._names(BELARTEN.c.Nummer, BELARTEN.c.Bezeichnung)
        rows = [one for one in reversed(known) if one["StateKind"] in TABS[tab]]
        wanted = [one for one in known if one["Id"] == chosen] or rows[:1]
        return {
            "tab": tab,
            "tabs": [self._tab(name, [one for one in known if one["StateKind"] in TABS[name]]) for name in TABS],
            "rows": [self._row(one, kinds) for one in rows],
            "waiting": len(self._open(known)),
            "take_all": say_count("Take over {count}", "Take over all {count}", count=len(self._open(known))).render(
                self._language
            ),
            "is_empty": not known,
            "chosen": self._detail(wanted[0], kinds) if wanted else None,
        }

    @staticmethod
    def _open(documents: list[Document]) -> list[Document]:
        return [one for one in documents if one["StateKind"] in WAITING]

    def books(self, search: str) -> dict[str, Any]:
        """Stock of the articles that a search finds, and all revenue."""
        articles = self._names(ART.c.Artikelnummer, ART.c.Bezeichnung)
        houses = self._names(LAGER.c.Lager, LAGER.c.Bezeichnung)
        table: dict[str, dict[str, str]] = {}
        for one in stock(self._books):
            number = one["article"]
            if search.lower() in f"{number} {articles.get(number, '')}".lower():
                table.setdefault(number, {})[one["warehouse"]] = self._quantity(one["quantity"])
        shown = list(table.items())
        money = [
            (one["tax_code"] or "–", one["account"], one["positions"], self._money(Decimal(one["amount_cents"]) / 100))
            for one in revenue(self._books)
        ]
        total = sum(one["amount_cents"] for one in revenue(self._books))
        return {
            "search": search,
            "houses": [f"{number} {name}" for number, name in houses.items()],
            "stock": [
                (number, articles.get(number, ""), [cells.get(house, "–") for house in houses])
                for number, cells in shown[:FIRST_ARTICLES]
            ],
            "is_cut": len(shown) > FIRST_ARTICLES,
            "revenue": money,
            "total": self._money(Decimal(total) / 100),
        }

    def _tab(self, name: str, documents: list[Document]) -> dict[str, Any]:
        total = sum((decimal_of(one["CalculationSummary"]["TotalGrossAmount"]) for one in documents), Decimal(0))
        return {"name": name, "count": formats.count(len(documents), self._language)} | {
            "has_any": bool(documents),
            "total": self._money(total),
        }

    def _row(self, document: Document, kinds: dict[str, str]) -> dict[str, Any]:
        lines = len(document["Positions"])
        return {
            "id": document["Id"],
            "date": self._day(document["Date"]),
            "kind": kinds.get(document["DocumentKind"], document["DocumentKind"]),
            "reference": document.get("OurReference") or document.get("DeliveryDocumentNumber") or "",
            "lines": say_count("{count} line", "{count} lines", count=lines).render(self._language),
            "total": self._money(decimal_of(document["CalculationSummary"]["TotalGrossAmount"])),
            "state": document["StateKind"],
            "made": document.get("DestinationNumber", ""),
        }

    def _detail(self, document: Document, kinds: dict[str, str]) -> dict[str, Any]:
        sums = document["CalculationSummary"]
        custom = document.get("CustomFields", {})
        return self._row(document, kinds) | {
            "can_be_taken": document["StateKind"] in TAKEABLE,
            "comment": document.get("InternalComment", ""),
            "key": custom.get("Text1", ""),
            "delivery": document.get("DeliveryDocumentNumber", ""),
            "positions": self._positions(document),
            "rates": [
                (
                    formats.rate(f"{part['TaxRate']:g}", self._language),
                    *(self._money(decimal_of(part[f"{name}Amount"])) for name in ("Net", "Tax", "Gross")),
                )
                for part in sums["PositionDetailSummaries"]
            ],
            "sums": [self._money(decimal_of(sums[f"Total{name}Amount"])) for name in ("Net", "Tax", "Gross")],
        }

    def _positions(self, document: Document) -> list[dict[str, Any]]:
        named = self._names(ART.c.Artikelnummer, ART.c.Bezeichnung)
        with self._books.reading() as connection:
            rate_of = self._buffer.rate_of(connection, document)
            totals = [position_total(document, position, rate_of) for position in document["Positions"]]
            moves = self._clerk.stock_changes(connection, document)
        shown = []
        for position, total, (before, after) in zip(document["Positions"], totals, moves, strict=True):
            number = position.get("ArticleNumber", "")
            shown.append(
                {
                    "article": number,
                    "name": position.get("Name") or named.get(number, ""),
                    "quantity": self._quantity(position["Quantity"]),
                    "unit": position.get("QuantityUnit", ""),
                    "price": self._money(decimal_of(position.get("UnitPrice"))),
                    "rate": formats.rate(f"{total.rate:f}", self._language),
                    "amount": self._money(total.amount),
                    "warehouse": position.get("WarehouseId") or document.get("WarehouseNumber", ""),
                    "before": "" if before is None else self._quantity(before),
                    "is_short": after is not None and after < 0,
                    "after": "" if after is None else self._quantity(after),
                }
            )
        return shown

    def _names(self, key: sa.Column[Any], name: sa.Column[Any]) -> dict[str, str]:
        with self._books.reading() as connection:
            return {str(number): text or "" for number, text in connection.execute(sa.select(key, name).order_by(key))}

    def _money(self, amount: Decimal) -> str:
        return formats.money(int((amount * 100).to_integral_value()), self._books.currency, self._language)

    def _quantity(self, value: float | Decimal) -> str:
        return formats.short_quantity(int((Decimal(str(value)) * 1000).to_integral_value()), self._language)

    def _day(self, text: str) -> str:
        return formats.day_in_figures(dt.datetime.fromisoformat(text).date(), self._language)
