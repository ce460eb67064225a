"""Batches of postings (Buchungsstapel), each in a fiscal year, and what becomes of them once a person processes one.

SelectLine keeps them in databases of which nothing was published, so the sandbox keeps them in tables of its own.
"""

from collections import defaultdict
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

import orjson
import sqlalchemy as sa

from cloudkasse_etl.sandbox.selectline.api_errors import AccountingError, ApiError, BareError
from cloudkasse_etl.sandbox.selectline.auftrag.calculation import decimal_of
from cloudkasse_etl.sandbox.selectline.auftrag.shop_books import ShopBooks
from cloudkasse_etl.sandbox.selectline.auftrag.vendor_tables import key_of
from cloudkasse_etl.sandbox.selectline.fibu.chart import Chart
from cloudkasse_etl.sandbox.selectline.fibu.posting_checks import check_posting
from cloudkasse_etl.sandbox.selectline.field_readers import (
    Reader,
    flag,
    integer,
    list_of,
    number,
    part,
    read_object,
    text,
    time,
)

ONCE: Final = "Once"
PROCESSING_TYPES: Final = (ONCE, "Recurrently", "Transitory", "Individual")
_META: Final = sa.MetaData()


def _table(name: str, *columns: sa.Column[Any]) -> sa.Table:
    return sa.Table(name, _META, sa.Column("id", sa.Integer, primary_key=True), *columns, sqlite_autoincrement=True)


BATCH: Final = _table(
    "_STAPEL",
    sa.Column("year", sa.Unicode(19)),
    sa.Column("number", sa.Integer),
    sa.Column("processings", sa.Integer),
    sa.Column("is_gone", sa.Boolean),
    sa.Column("content", sa.UnicodeText),
)
POSTING: Final = _table(
    "_STAPELBUCHUNG",
    sa.Column("batch", sa.Integer),
    sa.Column("record", sa.Integer),
    sa.Column("content", sa.UnicodeText),
)
# fmt: off
HEAD: Final[Mapping[str, Reader]] = {
    "BatchNumber": integer, "Description": text(80), "ProcessingType": text(), "DocumentDayReplace": flag,
    "DocumentMonthReplace": flag, "DocumentYearReplace": flag, "Replacement5": text(20), "Replacement6": text(20),
    "Replacement7": text(20), "Replacement8": text(20), "Preprocessing": flag, "NumberRange": text(15),
}
COSTS: Final[Mapping[str, Reader]] = {
    "CostMapping": text(), "Amount": number, "CostUsingType": text(), "CostType": text(15), "CostCentre": text(15),
    "CostUnit": text(15),
}
POSITION: Final[Mapping[str, Reader]] = {
    "Account": text(15), "OffsetAccount": text(15), "Text": text(80), "Text2": text(80), "Amount": number,
    "CashDiscount": number, "TaxCode": text(2), "Tax": number, "TaxValue": number, "Currency": text(3),
    "CurrencyFactor": number, "VATID": text(15), "AdditionalInformation": text(140), "OpenItem": part({}),
    "Costs": list_of(COSTS), "OSSProcess": text(), "OSSTurnoverType": text(), "OSSTaxRate": text(),
}
RECORD: Final[Mapping[str, Reader]] = {
    "PostDate": time, "Period": text(7), "PostingDocument": text(40), "NumberRange": text(15), "BalanceType": text(),
    "ServiceDate": time, "Positions": list_of(POSITION),
}
# fmt: on
Content = dict[str, Any]


class BatchPostings:
    """The batches of a shop's ledger.

    Args:
        books: The shop's database.
        chart: The ledger's master data.
    """

    def __init__(self, books: ShopBooks, chart: Chart) -> None:
        self._books = books
        self._chart = chart
        with books.writing() as connection:
            _META.create_all(connection)

    def heads(self, year: str) -> list[Content]:
        """The batches of a year, in the form of `BatchPostingDto`."""
        chosen = sa.select(BATCH).where(BATCH.c.year == year, BATCH.c.is_gone == sa.false()).order_by(BATCH.c.number)
        with self._books.reading() as connection:
            return [_head(row) for row in connection.execute(chosen)]

    def get(self, year: str, batch: int) -> Content:
        """The head of a batch.

        Raises:
            BareError: 404: the year has none of this number.
        """
        with self._books.reading() as connection:
            return _head(_batch(connection, year, batch))

    def add(self, year: str, sent: Any) -> Content:
        """Store the head of a batch, under its own number or the next one.

        Raises:
            ApiError: 400: a field is wrong; 409: the number is taken.
        """
        head = read_object(sent, HEAD)
        head.setdefault("ProcessingType", ONCE)
        if not head.get("Description") or head["ProcessingType"] not in PROCESSING_TYPES:
            raise AccountingError(400, "Description must be given, ProcessingType be known.", code="BadRequest")
        with self._books.writing() as connection:
            known = set(connection.execute(sa.select(BATCH.c.number).where(BATCH.c.year == year)).scalars())
            named = head.setdefault("BatchNumber", max(known, default=0) + 1)
            if named in known:
                raise BareError(409, f"Batch {named} exists already.")
            values = {"year": year, "number": named, "processings": 0, "is_gone": False}
            connection.execute(BATCH.insert().values(**values, content=orjson.dumps(head).decode()))
        return {name: head[name] for name in ("BatchNumber", "Description")}

    def remove(self, year: str, batch: int) -> None:
        """Delete a batch with its postings, unless it was processed.

        Raises:
            ApiError: 404: there is none; 403: it was processed.
        """
        with self._books.writing() as connection:
            try:
                row = _batch(connection, year, batch)
            except BareError as error:
                raise ApiError(404, error.message) from error
            if row.processings:
                raise BareError(403, f"Batch {batch} was processed.")
            connection.execute(POSTING.delete().where(POSTING.c.batch == row.id))
            connection.execute(BATCH.delete().where(BATCH.c.id == row.id))

    def postings(self, year: str, batch: int) -> list[Content]:
        """The postings of a batch, in the form of `BatchPostingPostingsDto`.

        Raises:
            BareError: 404: there is no such batch.
        """
        with self._books.reading() as connection:
            row = _batch(connection, year, batch)
            return [
                {"BatchNumber": batch, "Record": record} | content for record, content in _records(connection, row.id)
            ]

    def add_posting(self, year: str, batch: int, sent: Any) -> int:
        """Store a posting, whole or not at all, and return its record number.

        Args:
            year: The database of the session's fiscal year.
            batch: The batch's number.
            sent: The posting, as it was sent.

        Returns:
            Its number in the batch.

        Raises:
            ApiError: 404: there is no such batch; 400: the ledger refuses it.
        """
        try:
            posting = read_object(sent, RECORD)
        except ApiError as error:
            raise AccountingError(400, error.message, code="BadRequest") from error
        check_posting(posting, int(year[-4:]), self._chart, self._books.currency)
        with self._books.writing() as connection:
            row = _batch(connection, year, batch)
            record = max((record for record, _ in _records(connection, row.id)), default=0) + 1
            content = orjson.dumps(posting | {"Source": "Api"}).decode()
            key_of(connection.execute(POSTING.insert().values(batch=row.id, record=record, content=content)))
        return record

    def remove_posting(self, year: str, batch: int, record: int) -> None:
        """Delete a posting of a batch that was not processed.

        Args:
            year: The database of the session's fiscal year.
            batch: The batch's number.
            record: The posting's number in it.

        Raises:
            ApiError: 404: there is none.
        """
        with self._books.writing() as connection:
            try:
                row = _batch(connection, year, batch)
            except BareError as error:
                raise ApiError(404, error.message) from error
            gone = connection.execute(POSTING.delete().where(POSTING.c.batch == row.id, POSTING.c.record == record))
            if not gone.rowcount:
                raise ApiError(404, f"Batch {batch} has no posting {record}.")

    def process(self, year: str, batch: int) -> None:
        """Process a batch as a person does in the ledger; one that is processed once cannot be read afterwards.

        Raises:
            BareError: 404: there is none.
        """
        with self._books.writing() as connection:
            row = _batch(connection, year, batch)
            is_gone = _head(row)["ProcessingType"] == ONCE
            done = {"processings": row.processings + 1, "is_gone": is_gone}
            connection.execute(BATCH.update().where(BATCH.c.id == row.id).values(**done))

    def balances(self) -> list[dict[str, Any]]:
        """The balances that the processed batches make, by account, in cents, debit positive."""
        sums: dict[str, Decimal] = defaultdict(Decimal)
        with self._books.reading() as connection:
            for row in connection.execute(sa.select(BATCH).where(BATCH.c.processings > 0)).all():
                for _, content in _records(connection, row.id):
                    for position in content["Positions"]:
                        amount = decimal_of(position["Amount"]) * row.processings
                        sums[position["Account"]] += amount
                        if position.get("OffsetAccount"):
                            sums[position["OffsetAccount"]] -= amount
        return [{"account": account, "amount_cents": int(amount * 100)} for account, amount in sorted(sums.items())]


def _batch(connection: sa.Connection, year: str, batch: int) -> Any:
    chosen = sa.select(BATCH).where(BATCH.c.year == year, BATCH.c.number == batch, BATCH.c.is_gone == sa.false())
    row = connection.execute(chosen).one_or_none()
    if row is None:
        raise BareError(404, f"There is no batch {batch}.")
    return row


def _records(connection: sa.Connection, batch: int) -> list[tuple[int, Content]]:
    chosen = sa.select(POSTING.c.record, POSTING.c.content).where(POSTING.c.batch == batch).order_by(POSTING.c.record)
    return [(record, orjson.loads(content)) for record, content in connection.execute(chosen)]


def _head(row: Any) -> Content:
    said = {"NumberOfProcessings": row.processings, "SourceDetail": "Api"}
    return {**orjson.loads(row.content), **said}
