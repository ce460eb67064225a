"""Maps (company, API URL) to the id that state rows are stored under.

State of a cloud is stored under that cloud's address. Receipts, postings and movements belong to the company whatever
the cloud's address is, and so do their rejections: a cloud that moves must not make a waiting stock line forgotten.
"""

from typing import Final

import sqlalchemy as sa

from cloudkasse_etl.entities import (
    DELIVERED,
    REVENUE_POSTINGS,
    STAGED_CLOSINGS,
    STAGED_RECEIPTS,
    STOCK_MOVEMENTS,
)
from cloudkasse_etl.state.database.tables import StateTables

VALIDATED: Final = "judged_receipts"
"""Not an asset: the checkpoint of the settings under which unbooked receipts were last checked."""
BOOKED: Final = "booked"
"""Not an asset: what is booked so far."""
_OF_THE_COMPANY = frozenset(
    {STAGED_RECEIPTS, STAGED_CLOSINGS, REVENUE_POSTINGS, STOCK_MOVEMENTS, *DELIVERED, VALIDATED, BOOKED}
)

EVERY_CLOUD: Final = ""
"""The address of state that belongs to the company alone."""
NO_TARGET: Final = -1
"""Nothing is stored under it: returned if the target does not exist yet."""


def is_of_the_company(asset: str) -> bool:
    """Whether an asset's rejections and checkpoint are stored for the company, whatever the cloud's address is."""
    return asset in _OF_THE_COMPANY


def find_target(connection: sa.Connection, tables: StateTables, company: str, api_url: str) -> int:
    """The id for a company with a cloud.

    Args:
        connection: To our own tables.
        tables: Our own tables.
        company: The company's number.
        api_url: The cloud's address; `EVERY_CLOUD` for the company alone.

    Returns:
        The id; `NO_TARGET` if no run has stored one.
    """
    table = tables.target
    query = sa.select(table.c.target_id).where(table.c.company == company, table.c.api_url == api_url)
    found = connection.execute(query).scalar()
    return NO_TARGET if found is None else int(found)
