"""Refused on arrival: receipts and closings that do not add up or keep the contract."""

from cloudkasse_etl.rejections.catalogue.entry import Failure, unclear

TEXTS: dict[str, Failure] = {
    "receipt_malformed": Failure(
        "CloudKasse's receipt is not as the contract says: {message}",
        "Run again with --retry-rejected, which fetches it anew; if it stays, report it to CloudKasse.",
        "Der Bon entspricht nicht der Schnittstelle: {message}",
        "Starten Sie erneut mit --retry-rejected, dann wird er neu abgeholt; bleibt es dabei, melden Sie "
        "es CloudKasse.",
    ),
    "receipt_conflict": Failure(
        "A receipt with the id '{value}' came before, with other content; this one is kept beside it and not booked.",
        "Compare both in CloudKasse; correct by hand what the first one booked wrongly, and dismiss this one: "
        "cloudkasse-etl receipts dismiss ID --reason TEXT.",
        "Ein Bon mit der Id „{value}“ kam schon mit anderem Inhalt; dieser liegt daneben und wird nicht gebucht.",
        "Vergleichen Sie beide in CloudKasse; berichtigen Sie von Hand, was der erste falsch gebucht hat, und "
        "verwerfen Sie diesen: cloudkasse-etl receipts dismiss ID --reason TEXT.",
    ),
    "receipt_kind_unknown": unclear(
        "The kind of receipt '{value}' is unknown.",
        "Die Bonart „{value}“ ist unbekannt.",
    ),
    "receipt_register_unknown": Failure(
        "Register '{value}' is unknown.",
        "Name register '{value}' in the settings (registers); the receipt is then checked again by itself.",
        "Kasse „{value}“ ist unbekannt.",
        "Nennen Sie die Kasse „{value}“ in den Einstellungen (registers); der Bon wird dann von selbst erneut geprüft.",
    ),
    "receipt_currency": Failure(
        "The receipt is in {value}, the books are kept in {books}.",
        "If MANDANT.Waehrung is wrong, correct it in SelectLine and synchronise: the receipt is then checked again by "
        "itself. Otherwise dismiss the receipt with a reason, and book it by hand.",
        "Der Bon lautet auf {value}, die Bücher werden in {books} geführt.",
        "Ist MANDANT.Waehrung falsch, berichtigen Sie sie in SelectLine und synchronisieren Sie: Der Bon wird dann von "
        "selbst erneut geprüft. Sonst verwerfen Sie den Bon mit einem Grund, und buchen Sie ihn von Hand.",
    ),
    "books_currency_unknown": Failure(
        "The currency of the books is not known, so nothing can be booked.",
        "Enter it in SelectLine (MANDANT.Waehrung, three letters); with several rows in MANDANT, name one in the "
        "settings (company.database_name). Then import again.",
        "Die Buchwährung ist nicht bekannt; so kann nichts gebucht werden.",
        "Tragen Sie sie in SelectLine ein (MANDANT.Waehrung, drei Buchstaben); hat MANDANT mehrere Zeilen, nennen Sie "
        "eine in den Einstellungen (company.database_name). Importieren Sie dann erneut.",
    ),
    "receipt_business_case_unknown": unclear(
        "The business case '{value}' is unknown.",
        "Der Geschäftsvorfall „{value}“ ist unbekannt.",
    ),
    "receipt_tender_unknown": unclear(
        "The tender '{value}' is unknown.",
        "Die Zahlart „{value}“ ist unbekannt.",
    ),
    "receipt_lines_total": unclear(
        "The lines come to {value}, the receipt says {total}.",
        "Die Zeilen ergeben {value:n}, der Bon sagt {total:n}.",
    ),
    "receipt_payments_total": unclear(
        "The payments come to {value}, the receipt says {total}.",
        "Die Zahlungen ergeben {value:n}, der Bon sagt {total:n}.",
    ),
    "receipt_line_tax": unclear(
        "A line of {value} gross is not its net plus its tax.",
        "Eine Zeile über {value:n} brutto ist nicht Netto plus Steuer.",
    ),
    "receipt_tax_rate": unclear(
        "Line {line}: {value} gross at {rate} % has {tax} tax; {expected} was expected.",
        "Zeile {line}: {value:n} brutto zu {rate:n} % hat {tax:n} Steuer; erwartet wurden {expected:n}.",
    ),
    "receipt_block_tax": unclear(
        "The VAT table's block of {value} gross is not its net plus its tax.",
        "Ein Block der Steuertabelle über {value:n} brutto ist nicht Netto plus Steuer.",
    ),
    "receipt_block_double": unclear(
        "The VAT table has {value} % twice.",
        "Die Steuertabelle hat {value:n} % doppelt.",
    ),
    "receipt_vat_gross": unclear(
        "At {rate} % the VAT table has {value} gross, the lines {total}.",
        "Bei {rate:n} % hat die Steuertabelle {value:n} brutto, die Zeilen {total:n}.",
    ),
    "receipt_vat_tax": unclear(
        "At {rate} % the VAT table has {value} tax, the lines {total}: more than rounding.",
        "Bei {rate:n} % hat die Steuertabelle {value:n} Steuer, die Zeilen {total:n}: mehr als Rundung.",
    ),
    "business_day_implausible": Failure(
        "Receipt {number} of register {register} is of {day}, but arrived on {arrived}: its clock may be wrong.",
        "Look at the receipt in CloudKasse. If the day is right, release it: cloudkasse-etl receipts release ID "
        "--reason TEXT; else dismiss it and book it by hand. How far a day may be off: receipts.days_ahead, "
        "receipts.days_back.",
        "Bon {number} der Kasse {register} ist vom {day}, kam aber am {arrived} an: Ihre Uhr ging vielleicht falsch.",
        "Prüfen Sie den Bon in CloudKasse. Stimmt der Tag, geben Sie ihn frei: cloudkasse-etl receipts release ID "
        "--reason TEXT; sonst verwerfen Sie ihn und buchen ihn von Hand. Wie weit ein Tag abweichen darf: "
        "receipts.days_ahead, receipts.days_back.",
        holds=True,
    ),
    "closing_malformed": Failure(
        "CloudKasse's closing is not as the contract says: {message}",
        "Run again with --retry-rejected, which fetches it anew; if it stays, report it to CloudKasse, or dismiss it: "
        "cloudkasse-etl closings dismiss REGISTER NUMBER --reason TEXT.",
        "Der Kassenabschluss entspricht nicht der Schnittstelle: {message}",
        "Starten Sie erneut mit --retry-rejected, dann wird er neu abgeholt; bleibt es dabei, melden Sie "
        "es CloudKasse, oder verwerfen Sie ihn: cloudkasse-etl closings dismiss KASSE NUMMER --reason TEXT.",
    ),
    "closing_conflict": Failure(
        "The closing came a second time with other content; the first one stands.",
        "Compare the closing in CloudKasse with the one that was staged; once it is clear, dismiss it: "
        "cloudkasse-etl closings dismiss REGISTER NUMBER --reason TEXT.",
        "Der Kassenabschluss kam ein zweites Mal mit anderem Inhalt; der erste gilt.",
        "Vergleichen Sie den Abschluss in CloudKasse mit dem übernommenen; ist er geklärt, verwerfen Sie ihn: "
        "cloudkasse-etl closings dismiss KASSE NUMMER --reason TEXT.",
    ),
}
