"""German: what each asset is, by its name; the English stands where the asset is defined. Jobs and the like: ui.py."""

DESCRIPTIONS: dict[str, str] = {
    "selectline_company": (
        "Der Mandant: Name und Anschrift aus SelectLine, die USt-IdNr. aus den Einstellungen.\n\n"
        "CloudKasse druckt ihn auf jeden Bon. Ohne Mandanten kann nichts anderes übertragen werden."
    ),
    "selectline_registers": (
        "Die Kassen, wie die Einstellungen sie nennen: Nummer, Name, Lager und Preisgruppe.\n\n"
        "SelectLines Tabellen kennen keine Kassen; ergänzen Sie eine Kasse unter `registers` in cloudkasse.yaml."
    ),
    "selectline_employees": "Die Mitarbeiter, die an einer Kasse arbeiten dürfen, aus SelectLines Tabelle MITARBW.",
    "selectline_articles": (
        "Die Artikel mit Gruppe, Einheit und Steuersatz, aus SelectLines Tabelle ART.\n\n"
        "Ein Artikel, der so nicht verwendbar ist, wird hier abgelehnt, mit dem, was zu berichtigen ist; die anderen "
        "gehen weiter."
    ),
    "selectline_prices": (
        "Die Preise der Preisgruppen, wie SelectLine sie führt, netto oder brutto, aus der Tabelle ARPREIS."
    ),
    "gross_prices": (
        "Der Bruttopreis jedes Artikels in jeder Preisgruppe, in Cent, wie die Kasse ihn zeigt.\n\n"
        "Nettopreise erhalten den Steuersatz, der am Tag des Preises gilt, und werden kaufmännisch auf den Cent "
        "gerundet. Ein aktiver Artikel ohne heute für die Menge 1 gültigen Preis in der Preisgruppe irgendeiner Kasse "
        "wird hier als `price_missing` abgelehnt."
    ),
    "cloudkasse_company": "Der Mandant, wie CloudKasse ihn hat, auf dem Stand von SelectLine.",
    "cloudkasse_registers": (
        "Die Kassen, wie CloudKasse sie hat. Erst wenn es eine aktive gibt, können Artikel und Preise folgen."
    ),
    "cloudkasse_employees": "Die Mitarbeiter, wie CloudKasse sie hat, auf dem Stand von SelectLine.",
    "cloudkasse_articles": (
        "Die Artikel, wie CloudKasse sie hat, auf dem Stand von SelectLine.\n\n"
        "Sie warten (`deferred`), bis eine Kasse synchronisiert ist. Ein Artikel, den CloudKasse nicht annimmt, wird "
        "mit dem Grund abgelehnt und erneut versucht, sobald er in SelectLine berichtigt ist."
    ),
    "cloudkasse_prices": (
        "Die Bruttopreise, wie CloudKasse sie hat; zu diesen verkaufen die Kassen.\n\n"
        "Ein Preis wartet (`deferred`), solange CloudKasse seinen Artikel nicht hat."
    ),
    "staged_receipts": (
        "Die Bons, die die Kassen an CloudKasse gesendet haben, einmal abgeholt, geprüft und bereitgelegt.\n\n"
        "Gebucht ist noch nichts. Ein Bon, der nicht aufgeht, wird aufbewahrt, wie er kam, mit dem Grund abgelehnt und "
        "hält keinen anderen auf."
    ),
    "staged_closings": "Die Kassenabschlüsse (Z-Bons) der Kassen; mit ihnen werden die Bons verglichen.",
    "revenue_postings": (
        "Die Umsätze der importierten Bons: ausgeglichen, nur ganze Bons. Ein Bon, für den ein Konto fehlt, wird mit "
        "dem Namen der Einstellung abgelehnt."
    ),
    "stock_movements": (
        "Die Lagerungen der importierten Bons. Eine Zeile mit unbekanntem Artikel wartet hier, abgelehnt, bis es den "
        "Artikel gibt; ihr Umsatz ist trotzdem gebucht."
    ),
    "sync_report": (
        "Was der Lauf ergeben hat: ein Satz, die Summen und die ersten Datensätze, die scheiterten.\n\n"
        "Das ganze Protokoll liegt als CSV-Datei daneben. Der Lauf wird hier rot, wenn alles abgelehnt wurde, was "
        "versucht wurde."
    ),
}
