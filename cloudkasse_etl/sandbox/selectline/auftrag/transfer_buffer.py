"""The transfer buffer, table SLM_TRANSFER: documents that wait for a person in SelectLine Auftrag to take them over.

A document is one row, positions and all, so it is there whole or not at all.
"""

import datetime as dt
import uuid
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

import orjson
import sqlalchemy as sa

from cloudkasse_etl.sandbox.selectline.api_errors import ApiError
from cloudkasse_etl.sandbox.selectline.auftrag.calculation import RateOf, decimal_of, summary
from cloudkasse_etl.sandbox.selectline.auftrag.shop_books import ShopBooks
from cloudkasse_etl.sandbox.selectline.auftrag.vendor_tables import SLM_TRANSFER, key_of, transfer_with
from cloudkasse_etl.sandbox.selectline.transfer_fields import STATES, WRITABLE_STATES

USER: Final = "SB"
Document = dict[str, Any]


class TransferBuffer:
    """The transfer documents of a shop.

    Args:
        books: The shop's database.
    """

    def __init__(self, books: ShopBooks) -> None:
        self._books = books

    def add(self, tenant: str, document: Document) -> int:
        """Store a document.

        Args:
            tenant: The session's tenant.
            document: What `read_document` has checked.

        Returns:
            Its id.

        Raises:
            ApiError: 400: there is no such document type.
        """
        with self._books.writing() as connection:
            self._check(connection, document)
            kept = {name: value for name, value in document.items() if name not in _OF_COLUMNS}
            kept["Positions"] = [_position(one) for one in document.get("Positions", ())]
            made = connection.execute(
                SLM_TRANSFER.insert().values(
                    DatenSubTyp=document["DocumentKind"],
                    Status=STATES.index(document["StateKind"]),
                    KommentarExtern=document.get("ExternalComment"),
                    AngelegtAm=_now(),
                    BearbeitetAm=_now(),
                    _MANDANT=tenant,
                    _BELEG=orjson.dumps(kept).decode(),
                )
            )
            return key_of(made)

    def list(self, tenant: str, *, kind: str | None = None, state: str | None = None) -> list[Document]:
        """Read the documents of a tenant.

        Args:
            tenant: The tenant's database.
            kind: Only those of this type.
            state: Only those in this state.

        Returns:
            The documents in the form of `TransferDocument`, oldest first.
        """
        chosen = sa.select(SLM_TRANSFER).where(SLM_TRANSFER.c["_MANDANT"] == tenant)
        if kind:
            chosen = chosen.where(SLM_TRANSFER.c.DatenSubTyp == kind)
        if state:
            chosen = chosen.where(SLM_TRANSFER.c.Status == STATES.index(state))
        with self._books.reading() as connection:
            rows = connection.execute(chosen.order_by(SLM_TRANSFER.c["SLM_TRANSFER_ID"])).all()
            return [self.document(connection, row) for row in rows]

    def get(self, tenant: str, number: int) -> Document:
        """The document with an id.

        Raises:
            ApiError: 404: the tenant has none.
        """
        with self._books.reading() as connection:
            return self.document(connection, self.row(connection, tenant, number))

    def change(self, tenant: str, number: int, document: Document) -> None:
        """Replace an open document.

        Args:
            tenant: The tenant's database.
            number: The document's id.
            document: What `read_document` has checked.

        Raises:
            ApiError: 404: there is none; 400: it is no longer open, or there is no such document type.
        """
        with self._books.writing() as connection:
            self._open_row(connection, tenant, number, status=400)
            self._check(connection, document)
            kept = {name: value for name, value in document.items() if name not in _OF_COLUMNS}
            kept["Positions"] = [_position(one) for one in document.get("Positions", ())]
            connection.execute(
                SLM_TRANSFER.update()
                .where(transfer_with(number))
                .values(
                    DatenSubTyp=document["DocumentKind"],
                    Status=STATES.index(document["StateKind"]),
                    KommentarExtern=document.get("ExternalComment"),
                    BearbeitetAm=_now(),
                    _BELEG=orjson.dumps(kept).decode(),
                )
            )

    def remove(self, tenant: str, number: int) -> None:
        """Delete a document while it is Open or Edit.

        Raises:
            ApiError: 404: there is none; 403: it is no longer open.
        """
        with self._books.writing() as connection:
            self._open_row(connection, tenant, number, status=403)
            connection.execute(SLM_TRANSFER.delete().where(transfer_with(number)))

    def row(self, connection: sa.Connection, tenant: str, number: int) -> Any:
        """Read the row with an id.

        Args:
            connection: The open transaction.
            tenant: The tenant's database.
            number: The id.

        Returns:
            The row.

        Raises:
            ApiError: 404: the tenant has none.
        """
        chosen = sa.select(SLM_TRANSFER).where(transfer_with(number), SLM_TRANSFER.c["_MANDANT"] == tenant)
        row = connection.execute(chosen).one_or_none()
        if row is None:
            raise ApiError(404, f"There is no transfer document {number}.")
        return row

    def document(self, connection: sa.Connection, row: Any) -> Document:
        """A row in the form of `TransferDocument`."""
        kept: Document = orjson.loads(row._mapping["_BELEG"])
        said = {
            "Id": row.SLM_TRANSFER_ID,
            "DocumentKind": row.DatenSubTyp,
            "StateKind": STATES[row.Status],
            "ExternalComment": row.KommentarExtern,
            "InternalComment": row.KommentarIntern,
            "DestinationId": row.ZielID,
            "DestinationNumber": row.ZielNummer,
        }
        made = {"CreationDate": row.AngelegtAm.isoformat(), "CreationUserToken": USER}
        made |= {"ModificationDate": row.BearbeitetAm.isoformat(), "ModificationUserToken": USER}
        rate_of = self.rate_of(connection, kept)
        return (
            kept
            | {name: value for name, value in said.items() if value is not None}
            | {"CalculationSummary": summary(kept, rate_of), "MetaData": made}
        )

    def rate_of(self, connection: sa.Connection, document: Document) -> RateOf:
        """The tax rate of a document's positions on its day: its code's, else what it states, else its article's."""
        rates = self._books.rates(connection, dt.datetime.fromisoformat(document["Date"]).date())

        def rate_of(position: Mapping[str, Any]) -> Decimal:
            code, stated, number = (position.get(name) for name in ("TaxCode", "TaxRate", "ArticleNumber"))
            if not code and stated is None and number:
                article = self._books.article(connection, number)
                code = article.SSVerkauf if article else None
            return rates.get(code or "", decimal_of(stated))

        return rate_of

    def _check(self, connection: sa.Connection, document: Document) -> None:
        if self._books.document_type(connection, document["DocumentKind"]) is None:
            raise ApiError(400, f"There is no document type {document['DocumentKind']}.")

    def _open_row(self, connection: sa.Connection, tenant: str, number: int, *, status: int) -> None:
        state = STATES[self.row(connection, tenant, number).Status]
        if state not in WRITABLE_STATES:
            raise ApiError(status, f"Transfer document {number} is {state}.")


_OF_COLUMNS: Final = frozenset({"DocumentKind", "StateKind", "ExternalComment"})


def _position(sent: Mapping[str, Any]) -> dict[str, Any]:
    return {"Quantity": 1.0, "PriceUnitFactor": 1.0, "Identifier": str(uuid.uuid4())} | dict(sent)


def _now() -> dt.datetime:
    return dt.datetime.now().replace(microsecond=0)  # noqa: DTZ005 -- SelectLine's times have no zone
