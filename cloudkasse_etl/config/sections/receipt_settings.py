"""Settings: how receipts are fetched and checked, and the books that they are imported into."""

from typing import Annotated, Literal

from pydantic import Field

from cloudkasse_etl.config.section import Day, Section


class Receipts(Section):
    """How receipts are fetched and checked."""

    import_: Literal["ask", "manual", "direct"] = Field("ask", alias="import")
    start_date: Day | None = Field(None, description="Receipts of an earlier business day are staged, never booked.")
    void_wait_days: Annotated[int, Field(ge=0, le=3650)] = Field(
        14,
        description="How many days a void waits for the receipt that it voids; then it is booked as a return of its "
        "day, to be looked at.",
    )
    in_kind_moves_stock: bool = Field(False, description="Whether withdrawals in kind (AVSachbezug) move stock.")
    # a day ends later in some zones, and a night's business day may be dated ahead
    days_ahead: Annotated[int, Field(ge=0, le=3660)] = Field(
        1, description="A receipt whose business day is further ahead of the day it arrived on is held for a person."
    )
    # a tablet may be offline for weeks; receipts older than a quarter belong to a VAT return that was filed
    days_back: Annotated[int, Field(ge=0, le=36600)] = Field(
        92, description="A receipt whose business day is further back from the day it arrived on is held for a person."
    )


class Books(Section):
    """The books that receipts are imported into."""

    closed_until: Day | None = None
