"""Compares what was posted in SelectLine's ledger with what is booked, and finds batches that wait for too long.

It goes another way than the one on which batches are made: from the rows of postings to the body that was frozen. Only
batches that are not processed yet are looked at; what was processed was looked at before.
"""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

import orjson

from cloudkasse_etl.entities import SELECTLINE_LEDGER
from cloudkasse_etl.i18n.formats import plain_euros
from cloudkasse_etl.rejections.catalogue.ledger_codes import NOT_AS_POSTED, WAITS_TO_BE_PROCESSED
from cloudkasse_etl.rejections.rejection import Rejection
from cloudkasse_etl.state.stores.deliveries.delivered_rows import DeliveredRows, Rows
from cloudkasse_etl.state.stores.deliveries.delivery_store import BATCH, Deliveries, Delivery, DeliveryStatus
from cloudkasse_etl.sync.deliveries.delivered_books import odd_sums, waiting_since
from cloudkasse_etl.sync.run.session import SyncSession
from cloudkasse_etl.transform.deliveries.refusals import some
from cloudkasse_etl.transform.deliveries.sold_lines import DOCUMENT_CASES

Sums = Mapping[tuple[str, ...], int]

_OF_POSTINGS: Final = (
    "receipt_id", "posting_date", "account", "amount_cents", "tax_code", "tax_cents", "business_case", "tender",
)  # fmt: skip
_WAITING: Final = (DeliveryStatus.INTENDED, DeliveryStatus.DELIVERED)


def ledger_warnings(session: SyncSession) -> list[Rejection]:
    """What a person should look at of batches that are not processed yet.

    Args:
        session: The run.

    Returns:
        A warning for each batch that differs from the books, and for each that waits for too long.
    """
    waiting = [one for one in Deliveries(session.store.connection, BATCH).all(*_WAITING) if one.line_count]
    if not waiting:
        return []
    rows = DeliveredRows(session.store.connection, BATCH, _WAITING)
    without_sales = {one.delivery_id for one in waiting if not one.carries_sales}
    in_documents = rows.in_documents()
    booked = {
        number: _booked(number, some, in_documents, with_sales=number not in without_sales)
        for number, some in rows.postings(_OF_POSTINGS)
    }
    found = [warning for one in waiting for warning in _differences(one, booked.get(one.delivery_id, {}))]
    for one in waiting:
        since = waiting_since(session, one)
        if since is not None:
            detail = {"number": str(one.remote_id), "start": since}
            found.append(Rejection(SELECTLINE_LEDGER, one.key, WAITS_TO_BE_PROCESSED, detail, record=one.called))
    return found


def _differences(delivery: Delivery, booked: Sums) -> Iterator[Rejection]:
    body = orjson.loads(delivery.body)
    odd = odd_sums(booked, _posted(body["Postings"]), plain_euros)
    if odd:
        yield Rejection(
            SELECTLINE_LEDGER, delivery.key, NOT_AS_POSTED, {"differences": some(odd)}, record=delivery.called
        )


def _booked(delivery_id: int, rows: Rows, in_documents: Collection[tuple[int, str]], *, with_sales: bool) -> Sums:
    """By day, account and tax code, in cents; and the VAT by day and tax code."""
    sums: Counter[tuple[str, ...]] = Counter()
    for row in rows:
        is_sale = row.tender is None and row.business_case in DOCUMENT_CASES
        if is_sale and (not with_sales or (delivery_id, row.receipt_id) in in_documents):
            continue
        day, code = row.posting_date.isoformat(), row.tax_code or ""
        sums[day, row.account, code] += row.amount_cents
        sums[day, "", code] += row.tax_cents if code else 0
    return sums


def _posted(postings: Sequence[Mapping[str, Any]]) -> Sums:
    sums: Counter[tuple[str, ...]] = Counter()
    for posting in postings:
        day = str(posting["PostDate"])[:10]
        for position in posting["Positions"]:
            code = position.get("TaxCode", "")
            sums[day, position["Account"], code] += _cents(position["Amount"])
            sums[day, "", code] += _cents(position.get("TaxValue", 0))
    return sums


def _cents(value: float) -> int:
    return int(Decimal(str(value)).scaleb(2).to_integral_value())
