"""German for all that `say` says, by its English words; a file a part of the program. Nothing but texts."""

from cloudkasse_etl.german import alerts, checks, cloud, columns, commands, erp, history, runs, settings, state

TEXTS: dict[str, str] = {
    english: german
    for part in (settings, erp, state, cloud, runs, history, alerts, commands, checks, columns)
    for english, german in part.TEXTS.items()
}
