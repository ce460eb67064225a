"""German: commands."""

TEXTS: dict[str, str] = {
    "All is well: settings, ERP, CloudKasse and clock.": (
        "Alles in Ordnung: Einstellungen, Warenwirtschaft, CloudKasse und Uhr."
    ),
    "Unforeseen error: {fault}": "Unvorhergesehener Fehler: {fault}",
    "This is a fault of the program. Please report it with this file: {file}": (
        "Das ist ein Fehler des Programms. Bitte melden Sie ihn mit dieser Datei: {file}"
    ),
    "This is a fault of the program. Please report it; its log cannot be written: {reason}.": (
        "Das ist ein Fehler des Programms. Bitte melden Sie ihn; sein Protokoll ist nicht schreibbar: {reason}."
    ),
    "1 problem": "1 Problem",
    "{count} problems": "{count} Probleme",
    "Interrupted. What had been accepted by then counts; the next call goes on from there.": (
        "Abgebrochen. Was bis dahin angenommen war, zählt; der nächste Aufruf macht dort weiter."
    ),
}
