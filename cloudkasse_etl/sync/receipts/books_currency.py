"""The currency of the books: what SelectLine says, else what was last synchronised of the company."""

from contextlib import suppress

import orjson

from cloudkasse_etl.errors import ErpSchemaError, ErpUnavailableError
from cloudkasse_etl.state.stores.state_stores import StateStores
from cloudkasse_etl.sync.run.session import SyncSession


def currency_to_book_in(session: SyncSession) -> str | None:
    """The currency for an import, which reads the ERP in any case; None where nobody names one.

    Raises:
        ErpUnavailableError: The ERP cannot be reached.
    """
    return session.sources.books_currency or last_known_currency(session.store)


def currency_to_stage_in(session: SyncSession) -> str | None:
    """The currency for a fetch, which must go on while the ERP is away; None where it cannot be told.

    The ERP is asked only where this run has asked it already, or where nothing was ever synchronised: a quiet run
    must not have to open it.
    """
    if session.has_read_company:
        return currency_to_book_in(session)
    known = last_known_currency(session.store)
    if known is None:
        with suppress(ErpUnavailableError, ErpSchemaError):
            return session.sources.books_currency
    return known


def last_known_currency(store: StateStores) -> str | None:
    """What the company was last synchronised with, whatever the cloud's address was; None where it never was."""
    content = store.synced.newest_content("companies", store.connection.company)
    found = orjson.loads(content).get("currency") if content else None
    return str(found) if found else None
