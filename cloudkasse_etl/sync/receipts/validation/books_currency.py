"""The currency of the books: SelectLine's, or that of the last synchronised company."""

from contextlib import suppress
from typing import TYPE_CHECKING

import orjson

from cloudkasse_etl.entities import COMPANY
from cloudkasse_etl.errors import ErpSchemaError, ErpUnavailableError
from cloudkasse_etl.state.stores.state_stores import StateStores

if TYPE_CHECKING:  # it brings along all that a synchronisation needs, and a list of receipts needs the currency alone
    from cloudkasse_etl.sync.run.session import SyncSession


def currency_to_book_in(session: "SyncSession") -> str | None:
    """The currency for an import, which reads the ERP in any case; None where it is not known.

    Raises:
        ErpUnavailableError: The ERP cannot be reached.
    """
    return session.sources.books_currency or last_known_currency(session.store)


def currency_to_stage_in(session: "SyncSession") -> str | None:
    """The currency for a fetch, which must work while the ERP cannot be reached; None where it is not known.

    The ERP is read only if this run has read it already, or if nothing was ever synchronised: a quiet run should not
    have to open it.
    """
    if session.has_read_company:
        return currency_to_book_in(session)
    known = last_known_currency(session.store)
    if known is None:
        with suppress(ErpUnavailableError, ErpSchemaError):
            return session.sources.books_currency
    return known


def last_known_currency(store: StateStores) -> str | None:
    """The currency of the last synchronised company, whatever the cloud's address was; None if there was none."""
    content = store.synced.newest_content(COMPANY.name, store.connection.company)
    found = orjson.loads(content).get("currency") if content else None
    return str(found) if found else None
