"""A delivery that is to be frozen."""

import datetime as dt

from cloudkasse_etl.state.stores.deliveries.delivery_store import Draft

DRAFT = Draft(
    key="cloudkasse:1|K1|closing 1|1",
    grain="closing",
    register="K1",
    place="closing 1",
    generation=1,
    day=dt.date(2026, 11, 24),
    closing_number=1,
    currency="EUR",
    amount_cents=119,
    line_count=1,
    body=b"{}",
    receipts=("R1", "R2"),
)
