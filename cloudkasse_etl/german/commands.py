"""German: commands."""

TEXTS: dict[str, str] = {
    "All is well: settings, ERP, CloudKasse and clock.": (
        "Alles in Ordnung: Einstellungen, Warenwirtschaft, CloudKasse und Uhr."
    ),
    "1 problem": "1 Problem",
    "{count} problems": "{count} Probleme",
    "Interrupted. What had been accepted by then counts; the next call goes on from there.": (
        "Abgebrochen. Was bis dahin angenommen war, zählt; der nächste Aufruf macht dort weiter."
    ),
}
