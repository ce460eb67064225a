"""The page's words in German and English. Numbers and foreign texts are filled in by the view."""

from typing import Final

from cloudkasse_etl.failures import Language

TEXTS: Final[dict[Language, dict[str, str]]] = {
    "en": {
        "page": "CloudKasse synchronisation",
        "no_new_data": "Nothing new", "successful": "Successful", "partially_successful": "Partially successful",
        "failed": "Failed", "running": "Still running", "queued": "In the queue",
        "started": "Started", "took": "Took", "by": "Started by", "kind": "What", "run": "Run",
        "kind_all": "everything", "kind_master-data": "master data", "kind_receipts": "receipts",
        "kind_import": "import of receipts", "kind_assets": "single assets",
        "no_protocol": "This run left no protocol: its process ended before it could write one. What stands below of "
        "it is what the history noted; what is rejected now is told by the next run.",
        "no_protocol_yet": "This run has not ended yet, so it has no protocol. Make this page again once it has.",
        "no_assets": "The protocol of this run is of an older release, which did not note what went up and down by "
        "kind of record; these are the totals.",
        "up": "What went up to CloudKasse", "up_none": "Master data was not part of this run.",
        "up_quiet": "Nothing had changed, so nothing was sent.",
        "down": "What came down and was booked", "down_none": "Receipts were not part of this run.",
        "down_quiet": "There was nothing new.",
        "totals": "The run's totals",
        "what": "What", "new": "new", "changed": "changed", "deactivated": "retired", "unchanged": "unchanged",
        "rejected": "rejected", "still_rejected": "rejected before", "deferred": "waiting",
        "company": "Company", "registers": "Registers", "employees": "Employees", "articles": "Articles",
        "prices": "Prices",
        "staged_receipts": "Receipts fetched", "staged_closings": "Closings fetched",
        "revenue_postings": "Receipts imported", "stock_movements": "Stock lines booked",
        "sold": "What was sold", "nothing_sold": "Nothing was sold yet.",
        "period_one": "On one business day, {first}; amounts in {currency}, gross.",
        "period": "The last {days} business days with receipts, {first} to {last}; amounts in {currency}, gross.",
        "turnover": "Turnover", "receipts": "Receipts", "average": "Per receipt", "days": "Business days",
        "refused_one": "1 receipt was rejected when it came and is not counted here.",
        "refused": "{count} receipts were rejected when they came and are not counted here.",
        "by_day": "Turnover by day", "by_day_says": "Best day: {label} with {amount} {currency}",
        "by_hour": "Turnover by hour of the day", "by_hour_says": "Most is sold between {first} and {last} o’clock",
        "by_rate": "Turnover by VAT rate", "by_rate_says": "{label} VAT: {percent} of the turnover",
        "by_rate_says_none": "Without VAT: {percent} of the turnover",
        "by_tender": "How it was paid", "by_tender_says": "{label}: {percent} of what was paid",
        "by_register": "Turnover by register", "by_register_says": "{label}: {percent} of the turnover",
        "top": "Top articles by turnover", "top_says": "Brings most: {label}",
        "most": "Top articles by quantity, unit {unit}", "most_says": "Sold most: {label}",
        "day": "Day", "hour": "Hour", "hour_axis": "Hour of the day (10 = 10:00 to 10:59)", "rate": "VAT rate",
        "day_axis": "Business day",
        "tender": "Tender", "register": "Register", "article": "Article", "quantity": "Quantity", "share": "Share",
        "no_vat": "without VAT", "no_article": "without an article number", "no_unit": "none",
        "Bar": "Cash", "Unbar": "Other", "Keine": "Nothing to pay", "ECKarte": "Debit card",
        "Kreditkarte": "Credit card", "ElZahlungsdienstleister": "Payment service",
        "Guthabenkarte": "Stored-value card",
        "what_counts": "Turnover is what was sold, less returns, voids and discounts, with deposits, single-purpose "
        "vouchers and tips to the owner. Not in it: cash that was only moved, multi-purpose vouchers, tips to the "
        "staff, advances, and payments of open accounts; what was paid can therefore be another sum. Top articles "
        "are before discounts that stand on lines of their own. Days are business days of the registers; hours are "
        "those of {zone}.",
        "open": "What is rejected, by cause", "open_none": "Nothing is rejected.",
        "open_unknown": "Not known: this run left no protocol.",
        "open_says_one": "1 record is rejected", "open_says": "{count} records are rejected, for {causes}",
        "cause_one": "one reason", "causes": "{count} reasons",
        "records": "Records", "wrong": "What is wrong", "cure": "What to do", "since": "since {since}",
        "fresh": "new in this run: {count}", "more_causes": "{count} further causes stand "
        "in the protocol: cloudkasse-etl protocol {run}",
        "waits": "What waits", "made": "Made {now} by cloudkasse-etl {version}.",
        "all": "All", "table": "{title} as a table",
    },
    "de": {
        "page": "CloudKasse-Abgleich",
        "no_new_data": "Nichts Neues", "successful": "Erfolgreich", "partially_successful": "Teilweise erfolgreich",
        "failed": "Fehlgeschlagen", "running": "Läuft noch", "queued": "In der Warteschlange",
        "started": "Begonnen", "took": "Dauer", "by": "Gestartet von", "kind": "Was", "run": "Lauf",
        "kind_all": "alles", "kind_master-data": "Stammdaten", "kind_receipts": "Bons",
        "kind_import": "Import der Bons", "kind_assets": "einzelne Assets",
        "no_protocol": "Dieser Lauf hat kein Protokoll hinterlassen: Sein Prozess endete, bevor er eines schreiben "
        "konnte. Was hier von ihm steht, hat der Verlauf festgehalten; was jetzt abgelehnt ist, sagt der nächste Lauf.",
        "no_protocol_yet": "Dieser Lauf ist noch nicht zu Ende und hat deshalb kein Protokoll. Die Seite bitte "
        "danach noch einmal erstellen.",
        "no_assets": "Das Protokoll dieses Laufs stammt von einer älteren Fassung, die nicht festhielt, was je "
        "Datenart hinauf und herunter ging; dies sind die Summen.",
        "up": "Was zu CloudKasse hinaufging", "up_none": "Stammdaten waren nicht Teil dieses Laufs.",
        "up_quiet": "Nichts hatte sich geändert, also wurde nichts gesendet.",
        "down": "Was herunterkam und gebucht wurde", "down_none": "Bons waren nicht Teil dieses Laufs.",
        "down_quiet": "Es gab nichts Neues.",
        "totals": "Die Summen des Laufs",
        "what": "Was", "new": "neu", "changed": "geändert", "deactivated": "stillgelegt",
        "unchanged": "unverändert", "rejected": "abgelehnt", "still_rejected": "schon vorher abgelehnt",
        "deferred": "wartend",
        "company": "Unternehmen", "registers": "Kassen", "employees": "Mitarbeiter", "articles": "Artikel",
        "prices": "Preise",
        "staged_receipts": "Bons geholt", "staged_closings": "Abschlüsse geholt",
        "revenue_postings": "Bons importiert", "stock_movements": "Lagerzeilen gebucht",
        "sold": "Was verkauft wurde", "nothing_sold": "Es wurde noch nichts verkauft.",
        "period_one": "An einem Geschäftstag, {first}; Beträge in {currency}, brutto.",
        "period": "Die letzten {days} Geschäftstage mit Bons, {first} bis {last}; Beträge in {currency}, brutto.",
        "turnover": "Umsatz", "receipts": "Bons", "average": "Je Bon", "days": "Geschäftstage",
        "refused_one": "1 Bon wurde bei der Übernahme abgelehnt und ist hier nicht mitgezählt.",
        "refused": "{count} Bons wurden bei der Übernahme abgelehnt und sind hier nicht mitgezählt.",
        "by_day": "Umsatz nach Tagen", "by_day_says": "Bester Tag: {label} mit {amount} {currency}",
        "by_hour": "Umsatz nach Tageszeit", "by_hour_says": "Am meisten wird zwischen {first} und {last} Uhr verkauft",
        "by_rate": "Umsatz nach Steuersatz", "by_rate_says": "{label} USt: {percent} des Umsatzes",
        "by_rate_says_none": "Ohne USt: {percent} des Umsatzes",
        "by_tender": "Wie bezahlt wurde", "by_tender_says": "{label}: {percent} des Bezahlten",
        "by_register": "Umsatz nach Kassen", "by_register_says": "{label}: {percent} des Umsatzes",
        "top": "Top-Artikel nach Umsatz", "top_says": "Bringt am meisten: {label}",
        "most": "Top-Artikel nach Menge, Einheit {unit}", "most_says": "Am meisten verkauft: {label}",
        "day": "Tag", "hour": "Stunde", "hour_axis": "Stunde des Tages (10 = 10:00 bis 10:59)", "rate": "Steuersatz",
        "day_axis": "Geschäftstag",
        "tender": "Zahlart", "register": "Kasse", "article": "Artikel", "quantity": "Menge", "share": "Anteil",
        "no_vat": "ohne USt", "no_article": "ohne Artikelnummer", "no_unit": "keine",
        "Bar": "Bar", "Unbar": "Unbar", "Keine": "Nichts zu zahlen", "ECKarte": "EC-Karte",
        "Kreditkarte": "Kreditkarte", "ElZahlungsdienstleister": "Zahlungsdienst", "Guthabenkarte": "Guthabenkarte",
        "what_counts": "Umsatz ist, was verkauft wurde, abzüglich Rückgaben, Stornos und Rabatte, mit Pfand, "
        "Einzweckgutscheinen und Trinkgeld an den Inhaber. Nicht darin: nur bewegtes Bargeld, Mehrzweckgutscheine, "
        "Trinkgeld an Mitarbeiter, Anzahlungen und die Begleichung offener Posten; was bezahlt wurde, kann deshalb "
        "eine andere Summe sein. Top-Artikel gelten vor Rabatten, die auf eigenen Zeilen stehen. Tage sind die "
        "Geschäftstage der Kassen; Stunden sind die von {zone}.",
        "open": "Was abgelehnt ist, nach Ursachen", "open_none": "Nichts ist abgelehnt.",
        "open_unknown": "Nicht bekannt: Dieser Lauf hat kein Protokoll hinterlassen.",
        "open_says_one": "1 Datensatz ist abgelehnt",
        "open_says": "{count} Datensätze sind abgelehnt, aus {causes}",
        "cause_one": "einer Ursache", "causes": "{count} Ursachen",
        "records": "Datensätze", "wrong": "Was nicht stimmt", "cure": "Was zu tun ist", "since": "seit {since}",
        "fresh": "neu in diesem Lauf: {count}", "more_causes": "{count} weitere "
        "Ursachen stehen im Protokoll: cloudkasse-etl protocol {run}",
        "waits": "Was wartet", "made": "Erstellt {now} von cloudkasse-etl {version}.",
        "all": "Alle", "table": "{title} als Tabelle",
    },
}  # fmt: skip
