"""German for all that `say` says, by its English words; a file a part of the program. Nothing but texts."""

from cloudkasse_etl.german import checks, cloud, columns, commands, erp, history, settings, state

TEXTS: dict[str, str] = {
    english: german
    for part in (settings, erp, state, cloud, history, commands, checks, columns)
    for english, german in part.TEXTS.items()
}
