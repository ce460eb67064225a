"""Refuses that another till books the same sales again; the rule: docs/tills.md, Another till."""

import datetime as dt

from cloudkasse_etl.config.settings import Settings
from cloudkasse_etl.errors import ConfigurationError
from cloudkasse_etl.i18n.text import say
from cloudkasse_etl.state.connection import StateConnection
from cloudkasse_etl.state.stores.tills import TillInUse, Tills
from cloudkasse_etl.tills.capabilities import CAPABILITIES


def till_to_use(state: StateConnection, settings: Settings) -> TillInUse | None:
    """The till that the settings name, if it is not the one that is stored as in use; None if it is.

    The same sale has another id in another till, so that nothing else would tell that it is booked already. Therefore
    a shop that changes its till books the new one's receipts from a day on that lies after all receipts of the old one.

    Args:
        state: Our own tables.
        settings: The settings.

    Raises:
        ConfigurationError: Receipts of the till before would be booked a second time.
    """
    tills, kind, start = Tills(state), settings.till.kind, settings.receipts.start_date
    before = tills.in_use()
    if before is None:
        return TillInUse(kind, None)
    if before.kind == kind:
        if before.receipts_from is not None and (start is None or start < before.receipts_from):
            raise ConfigurationError(
                say(
                    "receipts.start_date must not be before {day}: until then another till was in use, whose receipts "
                    "are booked.",
                    day=f"{before.receipts_from}",
                ),
                hint=say("Write start_date: {day} below receipts:.", day=f"{before.receipts_from}"),
            )
        return None
    last = tills.last_day()
    if last is None:
        return TillInUse(kind, None)
    if start is None or start <= last:
        raise ConfigurationError(
            say(
                "The settings name another till, {till}; receipts until {day} came from {before}, and would be booked "
                "twice.",
                till=CAPABILITIES[kind].title,
                day=f"{last}",
                before=next((known.title for name, known in CAPABILITIES.items() if name == before.kind), before.kind),
            ),
            hint=say(
                "Write start_date: {day} or later below receipts:, if the old till sells no more; otherwise set "
                "till.kind back to {kind}.",
                day=f"{last + dt.timedelta(days=1)}",
                kind=before.kind,
            ),
        )
    return TillInUse(kind, start)
