"""Compares what was delivered with what is booked, and finds documents that wait for their take-over for too long.

It goes another way than the one on which documents are made: from the rows of postings and movements to the body that
was frozen. Only documents that are not taken over yet are looked at; what was taken over was looked at before.
"""

import datetime as dt
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import groupby, islice
from typing import Any, Final

import orjson

from cloudkasse_etl.entities import SELECTLINE_DOCUMENTS
from cloudkasse_etl.i18n.formats import plain_euros, plain_quantity
from cloudkasse_etl.rejections.catalogue.delivery_codes import NOT_AS_BOOKED, WAITS_LONG
from cloudkasse_etl.rejections.rejection import Rejection
from cloudkasse_etl.schemas.booked_rows import component_of, posting_number
from cloudkasse_etl.state.stores.deliveries.delivered_rows import DeliveredRows, Rows
from cloudkasse_etl.state.stores.deliveries.delivery_store import TRANSFER, Deliveries, Delivery, DeliveryStatus
from cloudkasse_etl.sync.run.session import SyncSession
from cloudkasse_etl.transform.deliveries.refusals import some
from cloudkasse_etl.transform.deliveries.sales_documents import product
from cloudkasse_etl.transform.deliveries.sold_lines import DOCUMENT_CASES
from cloudkasse_etl.transform.deliveries.transfer_form import STOCK

Sums = Mapping[tuple[str, ...], int]

OF_MOVEMENTS: Final = ("receipt_id", "movement_id", "article", "warehouse", "quantity_milli")
_OF_POSTINGS: Final = (
    "receipt_id", "posting_id", "account", "amount_cents", "tax_code", "business_case", "tender",
)  # fmt: skip
_WAITING: Final = (DeliveryStatus.INTENDED, DeliveryStatus.DELIVERED, DeliveryStatus.DISCARDED)


def delivery_warnings(session: SyncSession) -> list[Rejection]:
    """What a person should look at of documents that are not taken over yet.

    Args:
        session: The run.

    Returns:
        A warning for each document that differs from the books, and for each that waits for too long.
    """
    waiting = [one for one in Deliveries(session.store.connection).all(*_WAITING) if one.line_count]
    if not waiting:
        return []
    booked = DeliveredRows(session.store.connection, TRANSFER, _WAITING)
    posted = {number: _posted(rows) for number, rows in booked.postings(_OF_POSTINGS)}
    moved = {number: _moved(rows) for number, rows in booked.movements(OF_MOVEMENTS)}
    found = [
        warning
        for one in waiting
        for warning in _differences(one, posted.get(one.delivery_id, {}), *moved.get(one.delivery_id, ({}, False)))
    ]
    return found + list(_waiting_long(session, waiting))


def _differences(delivery: Delivery, posted: Sums, moved: Sums, has_sets: bool) -> Iterator[Rejection]:
    positions = orjson.loads(delivery.body)["Positions"]
    stock = _stock(positions)
    if has_sets:  # the document names the set, whose parts SelectLine moves
        stock = {key: milli for key, milli in stock.items() if key in moved}
    odd = [
        *odd_sums(posted, _revenue(positions), plain_euros),
        *odd_sums(moved, stock, plain_quantity),
    ]
    if odd:
        yield Rejection(
            SELECTLINE_DOCUMENTS, delivery.key, NOT_AS_BOOKED, {"differences": some(odd)}, record=delivery.called
        )


def _waiting_long(session: SyncSession, deliveries: Sequence[Delivery]) -> Iterator[Rejection]:
    for one in deliveries:
        since = waiting_since(session, one)
        if since is not None:
            yield Rejection(
                SELECTLINE_DOCUMENTS,
                one.key,
                WAITS_LONG,
                {"number": str(one.remote_id), "start": since},
                record=one.called,
            )


def waiting_since(session: SyncSession, delivery: Delivery) -> str | None:
    """The day since when a delivery has waited to be taken over; None where that is not for too long.

    Args:
        session: The run, for the setting `checks.waiting_hours`.
        delivery: The delivery.

    Returns:
        The day, as text.
    """
    hours = session.settings.checks.waiting_hours
    if hours is None or delivery.status is not DeliveryStatus.DELIVERED:
        return None
    if delivery.created_at >= dt.datetime.now(dt.UTC) - dt.timedelta(hours=hours):
        return None
    return delivery.created_at.astimezone(session.settings.zone).date().isoformat()


def odd_sums(
    booked: Mapping[tuple[str, ...], int], delivered: Mapping[tuple[str, ...], int], plain: Callable[[int], str]
) -> list[str]:
    """Where two sums differ, as `8400/3: 11.90 / 12.00`, for texts that show them as `{differences:pairs}`.

    Args:
        booked: What is booked.
        delivered: What was delivered.
        plain: Writes one of their numbers in English.

    Returns:
        A text for each.
    """
    both = sorted({key for sums in (booked, delivered) for key, value in sums.items() if value})
    return [
        f"{'/'.join(filter(None, key))}: {plain(booked.get(key, 0))} / {plain(delivered.get(key, 0))}"
        for key in both
        if booked.get(key, 0) != delivered.get(key, 0)
    ]


def _posted(rows: Rows) -> Sums:
    """By account and tax code, in cents: each line's posting is followed by that of its clearing."""
    sums: Counter[tuple[str, ...]] = Counter()
    in_order = sorted(rows, key=lambda row: (row.receipt_id, posting_number(row.posting_id)))
    for _, of_receipt in groupby(in_order, key=lambda row: row.receipt_id):
        for row in islice(of_receipt, None, None, 2):
            if row.tender is None and row.business_case in DOCUMENT_CASES:
                sums[row.account, row.tax_code or ""] -= row.amount_cents
    return sums


def _revenue(positions: Sequence[Mapping[str, Any]]) -> Sums:
    sums: Counter[tuple[str, ...]] = Counter()
    for position in positions:
        cents = product(_scaled(position["Quantity"], 3), _scaled(position["UnitPrice"], 2))
        sums[position.get("FinancialAccountId", ""), position.get("TaxCode", "")] += cents
    return sums


def _moved(rows: Rows) -> tuple[Sums, bool]:
    """By article and warehouse, in thousandths, without parts of trade sets; and whether there were any."""
    has_sets = False
    sums: Counter[tuple[str, ...]] = Counter()
    for row in rows:
        if component_of(row.movement_id) == "0":
            sums[row.article, row.warehouse] -= row.quantity_milli
        else:
            has_sets = True
    return sums, has_sets


def _stock(positions: Sequence[Mapping[str, Any]]) -> Sums:
    sums: Counter[tuple[str, ...]] = Counter()
    for position in positions:
        if position["StockKindFlag"] == STOCK:
            sums[position["ArticleNumber"], position["WarehouseId"]] += _scaled(position["Quantity"], 3)
    return sums


def _scaled(value: float, places: int) -> int:
    return int(Decimal(str(value)).scaleb(places).to_integral_value())
