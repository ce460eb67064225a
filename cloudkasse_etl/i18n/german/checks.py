"""German: what asset checks find."""

TEXTS: dict[str, str] = {
    "1 record has waited for more than {hours} hours: since {since}.": (
        "1 Datensatz wartet seit mehr als {hours} Stunden: seit {since}."
    ),
    "{count} records have waited for more than {hours} hours, the first since {since}.": (
        "{count} Datensätze warten seit mehr als {hours} Stunden, der erste seit {since}."
    ),
    "{asset}: {count} since {since} ({examples}). {why} {cure}": (
        "{asset}: {count} seit {since} ({examples}). {why} {cure}"
    ),
    "Fetched and checked, but not booked.": "Übernommen und geprüft, aber nicht gebucht.",
    "Import them: job import_receipts in the Dagster UI, or cloudkasse-etl import on the command line.": (
        "Importieren Sie sie: Job import_receipts in der Dagster-Oberfläche oder cloudkasse-etl import auf der "
        "Kommandozeile."
    ),
    "Switched off in the settings (checks.waiting_hours).": "In den Einstellungen abgeschaltet (checks.waiting_hours).",
}
