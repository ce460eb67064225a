"""Refused, or to be looked at, when receipts are booked and stock is moved."""

from cloudkasse_etl.rejections.catalogue.entry import Failure, by_hand, unclear


def _beyond(en: str, de: str) -> Failure:
    """A void that is not booked unseen."""
    return Failure(
        en,
        "Look at the receipt in CloudKasse. If it is right, release it: cloudkasse-etl receipts release ID --reason "
        "TEXT; it is then booked and flagged. Otherwise dismiss it with a reason.",
        de,
        "Prüfen Sie den Bon in CloudKasse. Stimmt er, geben Sie ihn frei: cloudkasse-etl receipts release ID --reason "
        "TEXT; er wird dann gebucht und gekennzeichnet. Sonst verwerfen Sie ihn mit einem Grund.",
        holds=True,
    )


TEXTS: dict[str, Failure] = {
    "account_missing": Failure(
        "No account is set: {setting}{further}.",
        "Set {setting}{further} in cloudkasse.yaml (for accounts.revenue also in SelectLine, by the article's "
        "KontoVerkauf or Erfolgskontengruppe), then import again.",
        "Es fehlt ein Konto: {setting}{further}.",
        "Geben Sie {setting}{further} in cloudkasse.yaml an (für accounts.revenue auch in SelectLine über "
        "KontoVerkauf oder Erfolgskontengruppe des Artikels), und importieren Sie erneut.",
    ),
    "revenue_account_ambiguous": Failure(
        "Revenue group '{group}' has different accounts for tax code '{value}' ({accounts}); the line is booked on the "
        "account of the settings instead.",
        "Leave one account for revenue group '{group}' and tax code '{value}' in SelectLine (KTOGRUPPENPOS.GKonto), "
        "and look at the posting.",
        "Erfolgskontengruppe „{group}“ hat für Steuerschlüssel „{value}“ verschiedene Konten ({accounts}); die "
        "Position wird stattdessen auf das Konto der Einstellungen gebucht.",
        "Behalten Sie in SelectLine für Erfolgskontengruppe „{group}“ und Steuerschlüssel „{value}“ nur ein Konto "
        "(KTOGRUPPENPOS.GKonto), und prüfen Sie die Buchung.",
    ),
    "article_ambiguous": Failure(
        "Article '{value}' stands in several rows of SelectLine's ART that differ in {columns}.",
        "Leave one row of article '{value}' in SelectLine (ART.Artikelnummer), then import again.",
        "Artikel „{value}“ steht in mehreren Zeilen von SelectLines ART, die sich in {columns} unterscheiden.",
        "Behalten Sie in SelectLine nur eine Zeile des Artikels „{value}“ (ART.Artikelnummer), und importieren Sie "
        "erneut.",
    ),
    "opening_cash_exceeds_bar": unclear(
        "The opening cash of {opening} is more than the cash of the receipt, {cash}.",
        "Der Anfangsbestand von {opening} ist höher als die Barzahlung des Bons, {cash}.",
    ),
    "tender_none_amount": unclear(
        "The tender 'Keine' has an amount of {amount}; it must be 0.",
        "Die Zahlart „Keine“ hat einen Betrag von {amount:n}; er muss 0 sein.",
    ),
    "vat_unbookable": unclear(
        "VAT of {amount} at {rate} % was printed, but stands on no line that could be booked with it.",
        "Gedruckt sind {amount:n} USt zu {rate:n} %, aber keine buchbare Position trägt sie.",
    ),
    "line_number_repeated": unclear(
        "Two lines of the receipt have the number {number}.",
        "Zwei Positionen des Bons haben die Nummer {number}.",
    ),
    "stock_article_missing": by_hand(
        "'{text}' was sold without an article number, so no stock was moved.",
        "„{text}“ wurde ohne Artikelnummer verkauft; der Bestand wurde nicht bewegt.",
    ),
    "stock_article_unknown": Failure(
        "Article '{article}' is not in SelectLine, so no stock was moved.",
        "Create the article in SelectLine (ART.Artikelnummer); the next import makes up for it.",
        "Artikel „{article}“ ist nicht in SelectLine; der Bestand wurde nicht bewegt.",
        "Legen Sie den Artikel in SelectLine an (ART.Artikelnummer); der nächste Import holt es nach.",
    ),
    "stock_serial_missing": by_hand(
        "Article '{article}' is kept by serial number or batch, and no number was keyed in at the register.",
        "Artikel „{article}“ wird mit Serien- oder Chargennummer geführt; an der Kasse wurde keine erfasst.",
    ),
    "stock_serial_ambiguous": by_hand(
        "Trade set '{article}' holds several articles that are kept by serial number or batch ({components}), and one "
        "number was keyed in.",
        "Handelsstückliste „{article}“ enthält mehrere Artikel mit Serien- oder Chargennummer ({components}); erfasst "
        "wurde eine Nummer.",
    ),
    "stock_serial_too_long": by_hand(
        "The serial or batch number of article '{article}' is longer than the 80 characters that SelectLine holds.",
        "Die Serien- oder Chargennummer von Artikel „{article}“ ist länger als die 80 Zeichen, die SelectLine fasst.",
    ),
    "stock_original_by_hand": by_hand(
        "The stock of what the line takes back is booked by hand (article '{article}'), and so is its return.",
        "Der Bestand dessen, was die Zeile zurücknimmt, wird von Hand gebucht (Artikel „{article}“), also auch ihre "
        "Rückgabe.",
    ),
    "stock_warehouse_missing": Failure(
        "No warehouse is set: {setting}.",
        "Name the register in cloudkasse.yaml again ({setting}); the next import makes up for it.",
        "Es fehlt ein Lager: {setting}.",
        "Nennen Sie die Kasse wieder in cloudkasse.yaml ({setting}); der nächste Import holt es nach.",
    ),
    "stock_set_empty": Failure(
        "Trade set '{article}' has no components.",
        "Enter them in SelectLine (ARTSET), or empty ART.Stueckliste; the next import makes up for it.",
        "Handelsstückliste „{article}“ hat keine Bestandteile.",
        "Tragen Sie sie in SelectLine ein (ARTSET), oder leeren Sie ART.Stueckliste; der nächste Import holt es nach.",
    ),
    "stock_set_circular": Failure(
        "Trade set '{article}' cannot be taken apart: by way of '{component}' it holds itself, or too much.",
        "Correct its components in SelectLine (ARTSET); the next import makes up for it.",
        "Handelsstückliste „{article}“ ist nicht auflösbar: Über „{component}“ enthält sie sich selbst oder zu viel.",
        "Berichtigen Sie ihre Bestandteile in SelectLine (ARTSET); der nächste Import holt es nach.",
    ),
    "stock_set_quantity": Failure(
        "Trade set '{article}' holds '{component}' in a quantity that cannot be used: '{value}'.",
        "Correct ARTSET.Menge in SelectLine; the next import makes up for it.",
        "Handelsstückliste „{article}“ enthält „{component}“ in unbrauchbarer Menge: „{value}“.",
        "Berichtigen Sie ARTSET.Menge in SelectLine; der nächste Import holt es nach.",
    ),
    "stock_component_unknown": Failure(
        "Trade set '{article}' holds the article '{component}', which is not in SelectLine.",
        "Correct the set's components in SelectLine (ARTSET); the next import makes up for it.",
        "Handelsstückliste „{article}“ enthält den Artikel „{component}“, der nicht in SelectLine ist.",
        "Berichtigen Sie die Bestandteile in SelectLine (ARTSET); der nächste Import holt es nach.",
    ),
    "stock_quantity_too_large": by_hand(
        "The quantity of article '{article}' is beyond all bounds.",
        "Die Menge von Artikel „{article}“ sprengt jedes Maß.",
    ),
    "stock_quantity_too_small": by_hand(
        "The quantity of article '{article}' is less than half a thousandth of the unit in which it is kept, '{unit}'.",
        "Die Menge von Artikel „{article}“ ist kleiner als ein halbes Tausendstel seiner Einheit „{unit}“.",
    ),
    "stock_unit_unknown": Failure(
        "Article '{article}' was sold in '{unit}' and is kept in '{stock_unit}'; how much one is of the other is not "
        "known.",
        "If ART.Mengeneinheit of '{article}' is wrong, correct it in SelectLine; the next import makes up for it. "
        "If not, dismiss the line here with a reason (cloudkasse-etl receipts dismiss RECEIPT --line N), and then book "
        "the stock by hand.",
        "Artikel „{article}“ wurde in „{unit}“ verkauft und wird in „{stock_unit}“ geführt; die Umrechnung ist nicht "
        "bekannt.",
        "Ist ART.Mengeneinheit von „{article}“ falsch, berichtigen Sie sie in SelectLine; der nächste Import holt es "
        "nach. Wenn nicht, verwerfen Sie die Position hier mit einem Grund (cloudkasse-etl receipts dismiss BON "
        "--line N), und buchen Sie den Bestand danach von Hand.",
    ),
    "receipt_original": Failure(
        "Waits for receipt {value}, which it voids and which is not booked yet.",
        "It follows by itself once that receipt is fetched and imported; cure its rejection if it has one. After "
        "{days} days (receipts.void_wait_days) it is booked as a return of its day, to be looked at.",
        "Wartet auf den Bon {value}, den er storniert und der noch nicht gebucht ist.",
        "Er folgt von selbst, sobald jener Bon abgeholt und importiert ist; beheben Sie dessen Fehler, falls er einen "
        "hat. Nach {days} Tagen (receipts.void_wait_days) wird er als Rückgabe seines Tages gebucht, zur Prüfung.",
    ),
    "void_of_itself": _beyond(
        "The receipt voids itself.",
        "Der Bon storniert sich selbst.",
    ),
    "void_circular": _beyond(
        "The receipts void each other in a circle: {value}.",
        "Die Bons stornieren einander im Kreis: {value}.",
    ),
    "void_exceeds_original": _beyond(
        "It takes back more than receipt {value} sold: '{text}' came to {sold}, {before} of it were voided before "
        "({voids}), and this receipt voids {amount}.",
        "Er nimmt mehr zurück, als Bon {value} verkauft hat: „{text}“ über {sold:n}, davon vorher storniert {before:n} "
        "({voids}), und dieser Bon storniert {amount:n}.",
    ),
    "void_original_dismissed": Failure(
        "It voids receipt {value}, which a person dismissed: {reason}",
        "Dismiss this receipt, too, with a reason; or restore the one that it voids (cloudkasse-etl receipts restore), "
        "then import again.",
        "Er storniert den Bon {value}, der verworfen wurde: {reason}",
        "Verwerfen Sie auch diesen Bon mit einem Grund; oder stellen Sie den anderen wieder her (cloudkasse-etl "
        "receipts restore), und importieren Sie dann erneut.",
        holds=True,
    ),
    "void_original_unknown": Failure(
        "It voids receipt '{value}', which never came; it was booked as a return of its day, and flagged.",
        "Look at the receipt, and rebook it if accounts or stock are to be others.",
        "Er storniert den Bon „{value}“, der nie kam; gebucht als Rückgabe seines Tages und gekennzeichnet.",
        "Prüfen Sie den Bon, und buchen Sie um, falls Konten oder Bestand andere sein sollen.",
    ),
    "void_of_unsold": Failure(
        "It takes back '{text}' for {amount}, which receipt {value} does not have; it was booked and flagged.",
        "Look at the receipt, and rebook it if it took back something else.",
        "Er nimmt „{text}“ über {amount:n} zurück, das auf Bon {value} nicht steht; gebucht und gekennzeichnet.",
        "Prüfen Sie den Bon, und buchen Sie um, falls er etwas anderes zurücknahm.",
    ),
    "original_after_void": Failure(
        "It came after the receipt that voids it was booked ({value}), and was booked by its own rules and flagged.",
        "Compare the two, and rebook one of them if they do not cancel each other out.",
        "Er kam, nachdem sein Storno gebucht war ({value}); gebucht nach seinen eigenen Regeln und gekennzeichnet.",
        "Vergleichen Sie beide, und buchen Sie einen um, falls sie einander nicht aufheben.",
    ),
    "vat_rate_unexpected": Failure(
        "Article '{article}' was sold at {rate} % on {day}; its tax code {tax_code} has another rate in SelectLine.",
        "It was booked as sold. If the rate is wrong, correct ART.SSVerkauf or USDETAIL in SelectLine.",
        "Artikel „{article}“ wurde am {day} zu {rate:n} % verkauft; sein Steuerschlüssel {tax_code} hat einen anderen.",
        "Gebucht wie verkauft. Ist der Satz falsch, berichtigen Sie ART.SSVerkauf oder USDETAIL in SelectLine.",
    ),
    "vat_unexpected": Failure(
        "VAT at {rate} % was printed on {case}, which bears none.",
        "It was booked as printed and flagged; correct the posting if need be.",
        "Auf {case} wurde USt zu {rate:n} % gedruckt, obwohl es keine trägt.",
        "Gebucht wie gedruckt und gekennzeichnet; berichtigen Sie die Buchung bei Bedarf.",
    ),
    "cash_for_review": Failure(
        "{case}: what the cash was for is not known; it stands on its suspense account.",
        "Look at the receipt and rebook it.",
        "{case}: Wofür das Geld war, ist nicht bekannt; es steht auf dem Zwischenkonto.",
        "Prüfen Sie den Bon, und buchen Sie um.",
    ),
}
