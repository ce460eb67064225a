"""German for all that `say` says, by its English words; a file a part of the program. Nothing but texts.

Descriptions of the assets are told by the assets' names (assets.py): they are no sentences that the program says.
"""

from cloudkasse_etl.i18n.german import alerts, checks, cloud, columns, commands, erp, history, runs, settings, state, ui

TEXTS: dict[str, str] = {
    english: german
    for part in (settings, erp, state, cloud, runs, history, alerts, commands, checks, columns, ui)
    for english, german in part.TEXTS.items()
}
