"""German: what the Dagster UI says of jobs, their options, schedules, sensors and checks. The assets: assets.py."""

TEXTS: dict[str, str] = {
    # --- jobs
    "Synchronises everything between SelectLine and CloudKasse: all that the other jobs do, in one run.": (
        "Synchronisiert alles zwischen SelectLine und CloudKasse: was die anderen Jobs tun, in einem Lauf."
    ),
    "Brings company, registers, employees, articles and gross prices up to CloudKasse. Sends only what has changed; "
    "says so and stops when nothing has.": (
        "Bringt Mandant, Kassen, Mitarbeiter, Artikel und Bruttopreise zu CloudKasse. Sendet nur, was sich geändert "
        "hat; ist nichts geändert, sagt er das und hört auf."
    ),
    "Fetches the receipts and closings that have come in since the last time, checks and stages them; imports them "
    "too, if asked.": (
        "Holt die Bons und Kassenabschlüsse ab, die seit dem letzten Mal gekommen sind, prüft sie und legt sie bereit; "
        "importiert sie auch, wenn gewünscht."
    ),
    "Books the receipts that are staged: revenue postings and stock movements.": (
        "Bucht die bereitgelegten Bons: Umsätze und Lagerungen."
    ),
    "Compares what CloudKasse holds with what SelectLine wants now, record by record, and changes nothing. What "
    "differs stands in check same_as_selectline of each asset.": (
        "Vergleicht Datensatz für Datensatz, was CloudKasse hat, mit dem, was SelectLine jetzt will, und ändert "
        "nichts. Unterschiede stehen in der Prüfung same_as_selectline jedes Assets."
    ),
    "Tells what a synchronisation and an import would do now, old to new, and does nothing: neither SelectLine nor "
    "CloudKasse nor our own tables are changed. The table stands in the run's step what_would_be_done, under its "
    "output.": (
        "Sagt, was eine Synchronisation und ein Import jetzt täten, alt und neu, und tut nichts: Weder SelectLine noch "
        "CloudKasse noch die eigenen Tabellen werden geändert. Die Tabelle steht im Schritt what_would_be_done des "
        "Laufs, bei seiner Ausgabe."
    ),
    "Runs the synchronisation's own code on a copy in memory. The plan is this step's output metadata.": (
        "Führt die Synchronisation selbst aus, aber auf einer Kopie im Arbeitsspeicher. Der Plan steht in den "
        "Metadaten der Ausgabe dieses Schritts."
    ),
    # --- what a person can ask of them
    "Compare every record instead of looking first whether anything has changed. Finds the same, slower; for when "
    "somebody doubts it.": (
        "Jeden Datensatz vergleichen, statt erst zu sehen, ob sich etwas geändert hat. Findet dasselbe, langsamer; für "
        "den Fall, dass jemand zweifelt."
    ),
    "Try the rejected records again although nothing about them has changed.": (
        "Die abgelehnten Datensätze erneut versuchen, obwohl sich an ihnen nichts geändert hat."
    ),
    "Let a run pass that would retire more records than the settings allow without being asked.": (
        "Einen Lauf zulassen, der mehr Datensätze stilllegen würde, als die Einstellungen ungefragt erlauben."
    ),
    "Book the receipts right after they were fetched: revenue postings and stock movements. Otherwise they are staged, "
    "and job import_receipts books them later. Left out, receipts.import of the settings decides.": (
        "Die Bons gleich nach dem Abholen buchen: Umsätze und Lagerungen. Sonst liegen sie bereit, und der Job "
        "import_receipts bucht sie später. Ohne Angabe entscheidet receipts.import der Einstellungen."
    ),
    "For an import: only the receipts with these ids. Empty: all that are staged.": (
        "Für einen Import: nur die Bons mit diesen Kennungen. Leer: alle, die bereitliegen."
    ),
    "Everything with an import at the end, or a part of it.": "Alles, mit einem Import am Ende, oder ein Teil davon.",
    # --- schedules
    "Synchronises everything each night at {time}, {zone}.": "Synchronisiert jede Nacht um {time} alles, {zone}.",
    "Fetches receipts every {minutes} minutes from {opens} to {closes}, {days}, {zone}.": (
        "Holt alle {minutes} Minuten die Bons ab, von {opens} bis {closes}, {days}, {zone}."
    ),
    "{what} Leaves a time out while another synchronisation is queued or running.": (
        "{what} Setzt ein Mal aus, solange eine andere Synchronisation wartet oder läuft."
    ),
    "Mon": "Mo",
    "Tue": "Di",
    "Wed": "Mi",
    "Thu": "Do",
    "Fri": "Fr",
    "Sat": "Sa",
    "Sun": "So",
    # --- sensors
    "Marks runs as failed whose process has died, so that they do not hold up the queue. It starts nothing; leave it "
    "switched on.": (
        "Kennzeichnet Läufe als gescheitert, deren Prozess gestorben ist, damit sie die Warteschlange nicht aufhalten. "
        "Startet nichts; lassen Sie ihn eingeschaltet."
    ),
    "Looks whether SelectLine, the settings, the VAT rates in force or CloudKasse have moved since the last "
    "synchronisation, and starts the job that takes it over. It reads no records and writes nothing.": (
        "Sieht nach, ob sich SelectLine, die Einstellungen, die geltenden Steuersätze oder CloudKasse seit der letzten "
        "Synchronisation bewegt haben, und startet den Job, der es übernimmt. Liest keine Datensätze und schreibt "
        "nichts."
    ),
    "Tells the receivers that the settings name (alerts) of new rejections and failed runs, once a cause; what could "
    "not be delivered is tried again. It starts nothing.": (
        "Meldet den Empfängern aus den Einstellungen (alerts) neue Ablehnungen und gescheiterte Läufe, jede Ursache "
        "einmal; was nicht zugestellt werden konnte, wird erneut versucht. Startet nichts."
    ),
    "Removes runs that are older than the settings allow (history.keep_days), once a day, with their logs and "
    "protocols. Open rejections and what each asset shows last stay. It starts nothing.": (
        "Entfernt einmal am Tag Läufe, die älter sind, als die Einstellungen erlauben (history.keep_days), mit ihren "
        "Logs und Protokollen. Offene Ablehnungen und der letzte Stand jedes Assets bleiben. Startet nichts."
    ),
    # --- checks
    "CloudKasse holds just what SelectLine wants now, asked record by record. Runs when somebody asks for it, in job "
    "compare_with_cloud and in runs with `full`. It changes nothing.": (
        "CloudKasse hat genau, was SelectLine jetzt will, Datensatz für Datensatz gefragt. Läuft auf Wunsch, im Job "
        "compare_with_cloud und in Läufen mit `full`. Ändert nichts."
    ),
}
