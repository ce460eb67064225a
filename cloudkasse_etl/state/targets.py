"""Under what state is kept: what a cloud holds, under that cloud's address; what became of receipts, under the company.

Receipts, postings and movements are the company's whatever the cloud's address is, and so are the reasons why some of
them were refused: a cloud that moves must not make a waiting stock line forgotten.
"""

from typing import Final

import sqlalchemy as sa

from cloudkasse_etl.entities import REVENUE_POSTINGS, STAGED_CLOSINGS, STAGED_RECEIPTS, STOCK_MOVEMENTS
from cloudkasse_etl.state.database.tables import StateTables

JUDGED: Final = "judged_receipts"
"""No asset: under which settings the receipts that are not booked were last judged."""
_OF_THE_COMPANY = frozenset({STAGED_RECEIPTS, STAGED_CLOSINGS, REVENUE_POSTINGS, STOCK_MOVEMENTS, JUDGED})

EVERY_CLOUD: Final = ""
"""Stands for the address where state is the company's."""
NO_TARGET: Final = -1
"""Nothing is kept under it: the target that was asked for does not exist yet."""


def is_of_the_company(asset: str) -> bool:
    """Whether an asset's rejections, and what it is level with, are kept whatever the cloud's address is."""
    return asset in _OF_THE_COMPANY


def find_target(connection: sa.Connection, tables: StateTables, company: str, api_url: str) -> int:
    """Our number for a company with a cloud; `NO_TARGET` where no run has got that far."""
    table = tables.target
    query = sa.select(table.c.target_id).where(table.c.company == company, table.c.api_url == api_url)
    found = connection.execute(query).scalar()
    return NO_TARGET if found is None else int(found)
