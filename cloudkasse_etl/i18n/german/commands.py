"""German: commands."""

TEXTS: dict[str, str] = {
    "--to ({last}) is before --from ({first}).": "--to ({last}) liegt vor --from ({first}).",
    "Both days are included; a single day is named twice.": (
        "Beide Tage zählen mit; ein einzelner Tag wird zweimal genannt."
    ),
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
    # --- sync, import, export, report
    "Run {run}; all runs: cloudkasse-etl history, or in the browser: cloudkasse-etl ui": (
        "Lauf {run}; alle Läufe: cloudkasse-etl history, oder im Browser: cloudkasse-etl ui"
    ),
    "Starting …": "Startet …",
    "Ending …": "Wird beendet …",
    "not there": "nicht vorhanden",
    "The receipt '{receipt}' cannot be imported; its status: {status}.": (
        "Der Bon „{receipt}“ kann nicht importiert werden; sein Status: {status}."
    ),
    "See: cloudkasse-etl receipts --status staged.": "Siehe: cloudkasse-etl receipts --status staged.",
    "{count:,} postings written to {file}": "{count:,} Buchungen in {file} geschrieben",
    "debit {debit} {currency}, credit {credit} {currency}": "Soll {debit} {currency}, Haben {credit} {currency}",
    "{count:,} movements written to {file}": "{count:,} Lagerungen in {file} geschrieben",
    "in {into} {unit}, out {out} {unit}": "Zugang {into} {unit}, Abgang {out} {unit}",
    "without a unit": "ohne Einheit",
    "The page of run {run} is written to {file}.": "Die Seite des Laufs {run} steht in {file}.",
    # --- receipts
    "{count:,} receipts": "{count:,} Bons",
    "{count:,} receipts, the first {limit:,} are shown; --limit shows more": (
        "{count:,} Bons, gezeigt werden die ersten {limit:,}; --limit zeigt mehr"
    ),
    "Line {line}: {reason}": "Zeile {line}: {reason}",
    "Line {line} dismissed: {reason}": "Zeile {line} verworfen: {reason}",
    "The receipt {receipt} is dismissed.": "Der Bon {receipt} ist verworfen.",
    "Line {line} of receipt {receipt} is dismissed.": "Zeile {line} des Bons {receipt} ist verworfen.",
    "Line {line} of receipt {receipt} is open again.": "Zeile {line} des Bons {receipt} ist wieder offen.",
    "The receipt {receipt} was checked again; its status: {status}.": (
        "Der Bon {receipt} wurde erneut geprüft; sein Status: {status}."
    ),
    "The receipt {receipt} is released; its status: {status}.": (
        "Der Bon {receipt} ist freigegeben; sein Status: {status}."
    ),
    "Nothing is decided without a reason.": "Ohne Grund wird nichts entschieden.",
    "Give one: --reason '…'.": "Geben Sie einen an: --reason '…'.",
    "There is no receipt '{receipt}'.": "Es gibt keinen Bon „{receipt}“.",
    "The receipt '{receipt}' cannot be {action}; its status: {status}.": (
        "Der Bon „{receipt}“ kann nicht {action} werden; sein Status: {status}."
    ),
    "dismissed": "verworfen",
    "restored": "wiederhergestellt",
    "released": "freigegeben",
    "The receipt '{receipt}' cannot be released: it is wrong, not merely held.": (
        "Der Bon „{receipt}“ kann nicht freigegeben werden: Er ist falsch, nicht nur angehalten."
    ),
    "Have it corrected, or dismiss it and book it by hand; see: cloudkasse-etl receipts.": (
        "Lassen Sie ihn berichtigen, oder verwerfen Sie ihn und buchen Sie ihn von Hand; siehe: "
        "cloudkasse-etl receipts."
    ),
    "Line {line} of receipt '{receipt}' is no refused stock line.": (
        "Zeile {line} des Bons „{receipt}“ ist keine abgelehnte Lagerzeile."
    ),
    "The protocol of the last run names those that are: cloudkasse-etl protocol RUN_ID.": (
        "Das Protokoll des letzten Laufs nennt sie: cloudkasse-etl protocol RUN_ID."
    ),
    "Line {line} of receipt '{receipt}' is not dismissed.": "Zeile {line} des Bons „{receipt}“ ist nicht verworfen.",
    "See: cloudkasse-etl receipts --status dismissed.": "Siehe: cloudkasse-etl receipts --status dismissed.",
    "Receipt numbers {numbers} of register {register} are dismissed.": (
        "Die Bonnummern {numbers} der Kasse {register} sind verworfen."
    ),
    "Receipt numbers {numbers} of register {register} are missing again.": (
        "Die Bonnummern {numbers} der Kasse {register} fehlen wieder."
    ),
    "Receipt numbers {numbers} of register '{register}' are not missing.": (
        "Die Bonnummern {numbers} der Kasse „{register}“ fehlen nicht."
    ),
    "Check receipt_numbers_complete names those that are; several in a row are written 7-12.": (
        "Prüfung receipt_numbers_complete nennt die fehlenden; mehrere hintereinander schreibt man 7-12."
    ),
    "Receipt numbers {numbers} of register '{register}' are not dismissed.": (
        "Die Bonnummern {numbers} der Kasse „{register}“ sind nicht verworfen."
    ),
    "Write them as they were dismissed.": "Schreiben Sie sie so, wie sie verworfen wurden.",
    "It was refused, and CloudKasse sent a corrected content under the same id, which took its place.": (
        "Er war abgelehnt; CloudKasse sandte unter derselben Id einen berichtigten Inhalt, der an seine Stelle trat."
    ),
    "It could not be read, had no id, and did not come again when everything was fetched anew.": (
        "Er war nicht lesbar, hatte keine Id und kam nicht wieder, als alles neu abgeholt wurde."
    ),
    "Missing numbers {numbers} of register {register} dismissed: {reason}": (
        "Fehlende Nummern {numbers} der Kasse {register} verworfen: {reason}"
    ),
    # --- closings
    "{count:,} closings": "{count:,} Abschlüsse",
    "{count:,} closings, the first {limit:,} are shown; --limit shows more": (
        "{count:,} Abschlüsse, gezeigt werden die ersten {limit:,}; --limit zeigt mehr"
    ),
    "The closing {closing} is dismissed.": "Der Abschluss {closing} ist verworfen.",
    "The closing {closing} is open again.": "Der Abschluss {closing} ist wieder offen.",
    "The closing '{closing}' is dismissed already.": "Der Abschluss „{closing}“ ist schon verworfen.",
    "Nothing is open of a closing '{closing}'.": "Von einem Abschluss „{closing}“ ist nichts offen.",
    "The closing '{closing}' is not dismissed.": "Der Abschluss „{closing}“ ist nicht verworfen.",
    "See: cloudkasse-etl closings.": "Siehe: cloudkasse-etl closings.",
    "See: cloudkasse-etl receipts.": "Siehe: cloudkasse-etl receipts.",
    # --- history
    "There are no runs yet. The first one: cloudkasse-etl sync.": (
        "Es gibt noch keine Läufe. Der erste: cloudkasse-etl sync."
    ),
    "Nothing says how long runs are kept.": "Es ist nirgends gesagt, wie lange Läufe bleiben.",
    "Use --keep-days, or set history.keep_days.": "Verwenden Sie --keep-days, oder setzen Sie history.keep_days.",
    # --- ui, demo
    "Port {port} is in use.": "Port {port} ist belegt.",
    "Name another one with --port, or end what runs there.": (
        "Nennen Sie mit --port einen anderen, oder beenden Sie, was dort läuft."
    ),
    "The UI is at {url} - Ctrl-C ends it.": "Die Oberfläche steht unter {url} - Strg-C beendet sie.",
    "What was rejected last, and what to do: {url}": "Was zuletzt abgelehnt wurde, und was zu tun ist: {url}",
    "Dagster ended by itself; what it said stands above.": (
        "Dagster hat sich von selbst beendet; was es dazu sagt, steht oben."
    ),
    "The demo in {folder} is in use: something listens on its port {port}.": (
        "Die Demo in {folder} ist in Gebrauch: Auf ihrem Port {port} läuft etwas."
    ),
    "End `cloudkasse-etl ui --demo` first, or name another folder with --folder.": (
        "Beenden Sie zuerst `cloudkasse-etl ui --demo`, oder nennen Sie mit --folder einen anderen Ordner."
    ),
    "The demo cannot be made in {folder}: {reason}.": "Die Demo lässt sich in {folder} nicht anlegen: {reason}.",
    "Name another folder with --folder.": "Nennen Sie mit --folder einen anderen Ordner.",
}
