"""German: runs - lease, guards, how they end, the sensors that look after them, and their checks."""

TEXTS: dict[str, str] = {
    "{count:,} voids that need not wait any longer": "{count:,} Stornos, die nicht länger warten müssen",
    "Waiting for an import: {found}.": "Wartet auf einen Import: {found}.",
    "receipts to be checked again, since settings have changed": (
        "Bons, die erneut zu prüfen sind, weil sich Einstellungen geändert haben"
    ),
    "{count:,} refused receipts to try again, since something has changed": (
        "{count:,} abgelehnte Bons, die erneut zu versuchen sind, weil sich etwas geändert hat"
    ),
    "{count:,} receipts whose stock lines may be made up for": (
        "{count:,} Bons, deren Lagerzeilen nachgeholt werden können"
    ),
    "Staged receipts that were not imported: {count:,}; {why}. {cure}": (
        "Übernommene Bons, die nicht importiert wurden: {count:,}; {why}. {cure}"
    ),
    "receipts.import is {setting} in the settings": "receipts.import steht in den Einstellungen auf {setting}",
    "this run was asked not to import": "dieser Lauf sollte nicht importieren",
    # --- the lease
    "The synchronisation {run} seems to have died; its lease runs out in {seconds:.0f} seconds at the latest.": (
        "Die Synchronisation {run} ist offenbar abgestürzt; ihre Sperre läuft spätestens in {seconds:.0f} Sekunden ab."
    ),
    # --- guards
    "registers": "Kassen",
    "employees": "Mitarbeitern",
    "articles": "Artikeln",
    "prices": "Preisen",
    "{retiring:,} of {active:,} {records} would be retired: {share}.": (
        "{retiring:,} von {active:,} {records} würden stillgelegt: {share}."
    ),
    "all of them": "alle",
    "more than {percent} %": "mehr als {percent} %",
    "Look whether ERP and settings are right; if it is meant, run it again with --allow-retire.": (
        "Prüfen Sie, ob Warenwirtschaft und Einstellungen stimmen; ist es so gewollt, starten Sie erneut mit "
        "--allow-retire."
    ),
    "{asset}: {count} values do not keep {contract}; the first is in column {column}.": (
        "{asset}: {count} Werte verletzen {contract}; der erste steht in Spalte {column}."
    ),
    "The postings of receipt {receipt} do not balance: they come to {cents} cents.": (
        "Die Buchungen des Bons {receipt} gehen nicht auf: Sie ergeben {cents} Cent."
    ),
    "Nothing was written. This is an error of the program: please report it.": (
        "Es wurde nichts geschrieben. Das ist ein Fehler des Programms: Bitte melden Sie ihn."
    ),
    "{asset}: the frame does not keep {contract}: {wrong}.": "{asset}: Die Tabelle verletzt {contract}: {wrong}.",
    "Our own tables were opened for reading only.": "Die eigenen Tabellen sind nur zum Lesen geöffnet.",
    # --- what they looked at
    "changed articles: {count:,}; everything else is as it was": (
        "geänderte Artikel: {count:,}; alles andere ist, wie es war"
    ),
    # --- how they end
    "{count} as before": "{count} unverändert",
    "What had been accepted by then counts; the next synchronisation goes on from there.": (
        "Was bis dahin angenommen war, zählt; die nächste Synchronisation macht dort weiter."
    ),
    "Unforeseen error in {step}: {fault}": "Unvorhergesehener Fehler in {step}: {fault}",
    "Cancelled in the UI. {counts}": "In der Oberfläche abgebrochen. {counts}",
    "Interrupted. {counts}": "Abgebrochen. {counts}",
    "The run ended without saying why.": "Der Lauf endete, ohne einen Grund zu nennen.",
    "failed: the process of this run ended before the run did; it was killed, or the computer was switched off. "
    "{counts}": (
        "fehlgeschlagen: Der Prozess dieses Laufs endete vor dem Lauf; er wurde gewaltsam beendet, oder der Rechner "
        "wurde ausgeschaltet. {counts}"
    ),
    # --- sensors
    "company": "Firma",
    "New: {found}.": "Neu: {found}.",
    "No new data.": "Nichts Neues.",
    "Changes in {tables} cannot be seen this way, for want of column TS; the schedules find them.": (
        "Änderungen in {tables} sind so nicht zu sehen, weil die Spalte TS fehlt; die Zeitpläne finden sie."
    ),
    "nothing was ever synchronised": "es wurde noch nie etwas synchronisiert",
    "receipts in CloudKasse": "Bons in CloudKasse",
    "closings in CloudKasse": "Kassenabschlüsse in CloudKasse",
    "{count:,} staged receipts to import": "{count:,} übernommene Bons zu importieren",
    "changes for {assets}": "Änderungen für {assets}",
    "CloudKasse holds {held:,} of {ours:,} {records}": "CloudKasse hält {held:,} von {ours:,} {records}",
    "an interrupted upload of {records} is to be finished": (
        "eine unterbrochene Übertragung von {records} ist zu beenden"
    ),
    "single assets": "einzelne Assets",
    "A synchronisation is queued already: {job}, run {run}.": ("Eine Synchronisation wartet schon: {job}, Lauf {run}."),
    "A synchronisation is running already: {job}, run {run}.": ("Eine Synchronisation läuft schon: {job}, Lauf {run}."),
    "No dead run.": "Kein abgestürzter Lauf.",
    "Marked as failed: {runs}.": "Als fehlgeschlagen gekennzeichnet: {runs}.",
    "{runs:,} runs removed, {megabytes:,.1f} MB given back.": (
        "{runs:,} Läufe entfernt, {megabytes:,.1f} MB freigegeben."
    ),
    "The databases are made smaller when no run is going on.": (
        "Die Datenbanken werden verkleinert, wenn kein Lauf im Gange ist."
    ),
    "Old runs are being removed by somebody else at this moment.": (
        "Alte Läufe werden in diesem Augenblick von jemand anderem entfernt."
    ),
    "{file} could not be made smaller now ({reason}).": "{file} ließ sich jetzt nicht verkleinern ({reason}).",
    "The settings keep all runs (history.keep_days).": "Die Einstellungen behalten alle Läufe (history.keep_days).",
    "Done for today.": "Für heute erledigt.",
    # --- checks
    "{register}: {count:,} articles without a price": "{register}: {count:,} Artikel ohne Preis",
    "{count:,} to review; {first}": "{count:,} zu prüfen; {first}",
    "… {count:,} more": "… {count:,} weitere",
    # --- who started them
    "command line": "Befehlszeile",
    "UI": "Oberfläche",
    "automatic retry": "automatischer neuer Versuch",
    "schedule": "Zeitplan",
    "sensor": "Sensor",
    # --- what kind they are
    "all": "alles",
    "master-data": "Stammdaten",
    "receipts": "Bons",
    "import": "Import",
    "assets": "Assets",
}
