"""A delivery as it is frozen, for tests of what is done with one."""

import datetime as dt

import orjson

from cloudkasse_etl.state.stores.deliveries.delivery_store import TRANSFER, Delivery, DeliveryStatus
from cloudkasse_etl.transform.deliveries.sales_documents import SalesReceipt, sales_documents
from cloudkasse_etl.transform.deliveries.sold_lines import SoldLine
from cloudkasse_etl.transform.deliveries.transfer_form import Head, delivery_key, transfer_form

DAY = dt.date(2026, 11, 24)


def frozen(number: str) -> Delivery:
    """A delivery of a closing: two articles."""
    key = delivery_key("1", "K1", f"closing {number}", 1)
    sold = [
        SoldLine("A1", "Kaffee", "Umsatz", 2000, "Stk", 1190, 2380, "3", "19.00", "8400", "1"),
        SoldLine("A2", "Tee", "Umsatz", 1000, "Stk", 500, 500, "3", "19.00", "8400", "1"),
    ]
    (document,) = sales_documents([SalesReceipt("R1", DAY, sold)])
    head = Head(key, "8", "1", None, "K1", "EUR", f"K1-Z{number}", f"Register K1, closing {number}", "rounding")
    return Delivery(
        delivery_id=1,
        target=TRANSFER,
        key=key,
        grain="closing",
        register="K1",
        place=f"closing {number}",
        generation=1,
        day=DAY,
        closing_number=int(number),
        status=DeliveryStatus.INTENDED,
        remote_id=None,
        destination=None,
        currency="EUR",
        amount_cents=document.total_cents,
        line_count=len(document.positions),
        body=orjson.dumps(transfer_form(document, head)),
        created_at=dt.datetime(2026, 11, 24, tzinfo=dt.UTC),
    )
