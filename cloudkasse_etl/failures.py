"""The catalogue of rejections: code → what is wrong and what to do (de, en). Exceptions are in errors.py."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from cloudkasse_etl.wording import Language as Language

CLOUD = "cloud."


@dataclass(frozen=True)
class Failure:
    """What a code says. `{names}` are filled from the rejection's detail."""

    en: str
    en_cure: str
    de: str
    de_cure: str


@dataclass(frozen=True, slots=True)
class Rejection:
    """A record that failed, with the reason.

    Attributes:
        asset: The asset where it was refused.
        key: The record's key; parts are joined by `|`.
        code: A key of `CATALOGUE`, or `cloud.` and the cloud's own code.
        detail: What fills the catalogue's text.
        content: Hash of all that the refusal hangs on: the record is tried again when it changes.
        since: When it was first refused; None until it is stored.
        still: True when it was refused before and nothing has changed since.
    """

    asset: str
    key: str
    code: str
    detail: Mapping[str, str] = field(default_factory=dict)
    content: str = ""
    since: datetime | None = None
    still: bool = False

    def text(self, language: Language = "en") -> str:
        """What is wrong, in plain words."""
        failure = lookup(self.code)
        return _fill(failure.de if language == "de" else failure.en, self.detail)

    def cure(self, language: Language = "en") -> str:
        """What to do about it."""
        failure = lookup(self.code)
        return _fill(failure.de_cure if language == "de" else failure.en_cure, self.detail)


def merged(rejections: Iterable[Rejection]) -> list[Rejection]:
    """One rejection a record and code: several faults of one kind are told in one."""
    found: dict[tuple[str, str], Rejection] = {}
    for rejection in rejections:
        first = found.get((rejection.key, rejection.code))
        if first is None:
            found[rejection.key, rejection.code] = rejection
        elif first.detail != rejection.detail:
            detail = {
                name: value if value in (other := first.detail.get(name, value)).split(", ") else f"{other}, {value}"
                for name, value in rejection.detail.items()
            }
            content = hashlib.blake2b(f"{first.content}{rejection.content}".encode(), digest_size=16).hexdigest()
            found[rejection.key, rejection.code] = replace(first, detail=detail, content=content)
    return list(found.values())


def lookup(code: str) -> Failure:
    """The catalogue's entry; a code of the cloud that is not in it gets the cloud's own words."""
    return CATALOGUE.get(code) or CATALOGUE[CLOUD]


def _fill(text: str, detail: Mapping[str, str]) -> str:
    return text.format_map(_Blank({name: _shown(value) for name, value in detail.items()}))


class _Blank(dict[str, str]):
    def __missing__(self, key: str) -> str:
        return "?"


def _shown(value: str) -> str:
    """A foreign value as a message can carry it: one line, no control characters, not endless."""
    clean = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in value[:200])
    return clean if len(clean) <= 80 else f"{clean[:77]}…"


CATALOGUE: dict[str, Failure] = {
    # --- a record of the ERP breaks the contract of its asset
    "value_missing": Failure(
        "{field} is empty.",
        "Fill in {column} in SelectLine.",
        "{field} ist leer.",
        "{column} in SelectLine ausfüllen.",
    ),
    "value_invalid": Failure(
        "{field} cannot be used: '{value}'.",
        "Correct {column} in SelectLine.",
        "{field} ist nicht verwendbar: „{value}“.",
        "{column} in SelectLine berichtigen.",
    ),
    "value_too_long": Failure(
        "{field} is longer than {limit} characters.",
        "Shorten {column} in SelectLine.",
        "{field} hat mehr als {limit} Zeichen.",
        "{column} in SelectLine kürzen.",
    ),
    "key_invalid": Failure(
        "The number '{value}' is empty, begins or ends with a blank, or has a control character.",
        "Correct {column} in SelectLine.",
        "Die Nummer „{value}“ ist leer, beginnt oder endet mit einem Leerzeichen oder enthält ein Steuerzeichen.",
        "{column} in SelectLine berichtigen.",
    ),
    "key_duplicate": Failure(
        "The number '{value}' stands in {count} rows; none of them was taken.",
        "Leave one row with this {column} in SelectLine.",
        "Die Nummer „{value}“ steht in {count} Zeilen; keine davon wurde übernommen.",
        "In SelectLine nur eine Zeile mit dieser {column} behalten.",
    ),
    "company_missing": Failure(
        "The ERP holds no company: table MANDANT has no matching row.",
        "Look whether the ERP's URL names the right tenant database, and company.database_name in the settings.",
        "Kein Mandant vorhanden: Tabelle MANDANT hat keine passende Zeile.",
        "Prüfen, ob die ERP-URL die richtige Mandantendatenbank nennt, und company.database_name in den Einstellungen.",
    ),
    "company_ambiguous": Failure(
        "The ERP holds {count} companies: {value}.",
        "Name one in the settings: company.database_name.",
        "Es gibt {count} Mandanten: {value}.",
        "Einen in den Einstellungen nennen: company.database_name.",
    ),
    "tax_code_unknown": Failure(
        "Tax code '{value}' has no rate that is valid on {day}.",
        "Set ART.SSVerkauf to a known code, or give the code a rate (USDETAIL) in SelectLine.",
        "Steuerschlüssel „{value}“ hat keinen am {day} gültigen Satz.",
        "In SelectLine ART.SSVerkauf berichtigen oder dem Schlüssel einen Satz geben (USDETAIL).",
    ),
    # --- prices
    "price_missing": Failure(
        "The article has no price in any price group that a register uses ({groups}), and no open price.",
        "Give it a price in SelectLine, mark it as open price, or set it Inaktiv.",
        "Der Artikel hat in keiner Preisgruppe einer Kasse ({groups}) einen Preis und keinen offenen Preis.",
        "In SelectLine einen Preis eintragen, offenen Preis setzen oder den Artikel auf inaktiv stellen.",
    ),
    "price_ambiguous": Failure(
        "There are {count} different prices for the same article, group, quantity and start: {value}.",
        "Leave one of them in SelectLine (ARPREIS).",
        "Zu demselben Artikel, Gruppe, Menge und Beginn gibt es {count} verschiedene Preise: {value}.",
        "In SelectLine nur einen davon behalten (ARPREIS).",
    ),
    "price_unit_invalid": Failure(
        "The price unit '{value}' is not above 0.",
        "Correct ART.Preiseinheit in SelectLine.",
        "Die Preiseinheit „{value}“ ist nicht größer als 0.",
        "ART.Preiseinheit in SelectLine berichtigen.",
    ),
    "price_unit_unsupported": Failure(
        "The price is for another quantity unit (Preismengenfaktor {value}), which is not supported.",
        "Set ART.Preismengenfaktor to 1 and give the price for the article's own unit.",
        "Der Preis gilt für eine andere Mengeneinheit (Preismengenfaktor {value}); das wird nicht unterstützt.",
        "ART.Preismengenfaktor auf 1 setzen und den Preis für die eigene Mengeneinheit angeben.",
    ),
    "price_out_of_range": Failure(
        "The price {value} is negative or beyond 10 million.",
        "Correct ARPREIS.Preis in SelectLine.",
        "Der Preis {value} ist negativ oder liegt über 10 Millionen.",
        "ARPREIS.Preis in SelectLine berichtigen.",
    ),
    "price_below_cent": Failure(
        "The price {value} comes to less than half a cent for one unit: the register would give it away.",
        "Correct ARPREIS.Preis or ART.Preiseinheit in SelectLine.",
        "Der Preis {value} ergibt für eine Einheit weniger als einen halben Cent: Die Kasse würde sie verschenken.",
        "ARPREIS.Preis oder ART.Preiseinheit in SelectLine berichtigen.",
    ),
    "price_dates_invalid": Failure(
        "The price ends ({end}) before it begins ({start}).",
        "Correct ARPREIS.VonDatum or BisDatum in SelectLine.",
        "Der Preis endet ({end}), bevor er beginnt ({start}).",
        "ARPREIS.VonDatum oder BisDatum in SelectLine berichtigen.",
    ),
    "price_quantity_invalid": Failure(
        "The quantity '{value}' from which the price holds is negative, too large or finer than a thousandth.",
        "Correct ARPREIS.Menge in SelectLine.",
        "Die Menge „{value}“, ab der der Preis gilt, ist negativ, zu groß oder feiner als ein Tausendstel.",
        "ARPREIS.Menge in SelectLine berichtigen.",
    ),
    "vat_rate_missing": Failure(
        "Tax code '{value}' has no rate that is valid on {day}, so that the gross price cannot be computed.",
        "Give the tax code a rate from that day on (USDETAIL), or correct ART.SSVerkauf in SelectLine.",
        "Steuerschlüssel „{value}“ hat keinen am {day} gültigen Satz; der Bruttopreis ist nicht berechenbar.",
        "In SelectLine dem Schlüssel einen Satz ab diesem Tag geben (USDETAIL) oder ART.SSVerkauf berichtigen.",
    ),
    # --- receipts, on arrival
    "receipt_malformed": Failure(
        "CloudKasse's receipt is not as the contract says: {message}",
        "Run again with --retry-rejected, which fetches it anew; if it stays, report it to CloudKasse.",
        "Der Bon entspricht nicht der Schnittstelle: {message}",
        "Mit --retry-rejected erneut laufen lassen, dann wird er neu abgeholt; bleibt es dabei, CloudKasse melden.",
    ),
    "receipt_conflict": Failure(
        "Receipt '{value}' came a second time with other content; the first one stands.",
        "Look at the receipt in CloudKasse; once it is clear, dismiss it here with a reason and book it by hand.",
        "Bon „{value}“ kam ein zweites Mal mit anderem Inhalt; der erste gilt.",
        "Den Bon in CloudKasse prüfen; ist er geklärt, hier mit Grund verwerfen und von Hand buchen.",
    ),
    "receipt_kind_unknown": Failure(
        "The kind of receipt '{value}' is unknown.",
        "Look at the receipt in CloudKasse; once it is clear, dismiss it here with a reason and book it by hand.",
        "Die Bonart „{value}“ ist unbekannt.",
        "Den Bon in CloudKasse prüfen; ist er geklärt, hier mit Grund verwerfen und von Hand buchen.",
    ),
    "receipt_register_unknown": Failure(
        "Register '{value}' is unknown.",
        "Name the register in the settings (registers); the receipt is then checked again by itself.",
        "Kasse „{value}“ ist unbekannt.",
        "Die Kasse in den Einstellungen nennen (registers); der Bon wird dann von selbst erneut geprüft.",
    ),
    "receipt_currency": Failure(
        "The receipt is in {value}, not in the currency of the books.",
        "Look at the receipt in CloudKasse; once it is clear, dismiss it here with a reason and book it by hand.",
        "Der Bon lautet auf {value}, nicht auf die Buchwährung.",
        "Den Bon in CloudKasse prüfen; ist er geklärt, hier mit Grund verwerfen und von Hand buchen.",
    ),
    "receipt_business_case_unknown": Failure(
        "The business case '{value}' is unknown.",
        "Look at the receipt in CloudKasse; once it is clear, dismiss it here with a reason and book it by hand.",
        "Der Geschäftsvorfall „{value}“ ist unbekannt.",
        "Den Bon in CloudKasse prüfen; ist er geklärt, hier mit Grund verwerfen und von Hand buchen.",
    ),
    "receipt_tender_unknown": Failure(
        "The tender '{value}' is unknown.",
        "Look at the receipt in CloudKasse; once it is clear, dismiss it here with a reason and book it by hand.",
        "Die Zahlart „{value}“ ist unbekannt.",
        "Den Bon in CloudKasse prüfen; ist er geklärt, hier mit Grund verwerfen und von Hand buchen.",
    ),
    "receipt_lines_total": Failure(
        "The lines come to {value}, the receipt says {total}.",
        "Look at the receipt in CloudKasse; once it is clear, dismiss it here with a reason and book it by hand.",
        "Die Zeilen ergeben {value}, der Bon sagt {total}.",
        "Den Bon in CloudKasse prüfen; ist er geklärt, hier mit Grund verwerfen und von Hand buchen.",
    ),
    "receipt_payments_total": Failure(
        "The payments come to {value}, the receipt says {total}.",
        "Look at the receipt in CloudKasse; once it is clear, dismiss it here with a reason and book it by hand.",
        "Die Zahlungen ergeben {value}, der Bon sagt {total}.",
        "Den Bon in CloudKasse prüfen; ist er geklärt, hier mit Grund verwerfen und von Hand buchen.",
    ),
    "receipt_line_tax": Failure(
        "A line of {value} gross is not its net plus its tax.",
        "Look at the receipt in CloudKasse; once it is clear, dismiss it here with a reason and book it by hand.",
        "Eine Zeile über {value} brutto ist nicht Netto plus Steuer.",
        "Den Bon in CloudKasse prüfen; ist er geklärt, hier mit Grund verwerfen und von Hand buchen.",
    ),
    "receipt_block_tax": Failure(
        "The VAT table's block of {value} gross is not its net plus its tax.",
        "Look at the receipt in CloudKasse; once it is clear, dismiss it here with a reason and book it by hand.",
        "Ein Block der Steuertabelle über {value} brutto ist nicht Netto plus Steuer.",
        "Den Bon in CloudKasse prüfen; ist er geklärt, hier mit Grund verwerfen und von Hand buchen.",
    ),
    "receipt_block_double": Failure(
        "The VAT table has {value} % twice.",
        "Look at the receipt in CloudKasse; once it is clear, dismiss it here with a reason and book it by hand.",
        "Die Steuertabelle hat {value} % doppelt.",
        "Den Bon in CloudKasse prüfen; ist er geklärt, hier mit Grund verwerfen und von Hand buchen.",
    ),
    "receipt_vat_gross": Failure(
        "At {rate} % the VAT table has {value} gross, the lines {total}.",
        "Look at the receipt in CloudKasse; once it is clear, dismiss it here with a reason and book it by hand.",
        "Bei {rate} % hat die Steuertabelle {value} brutto, die Zeilen {total}.",
        "Den Bon in CloudKasse prüfen; ist er geklärt, hier mit Grund verwerfen und von Hand buchen.",
    ),
    "receipt_vat_tax": Failure(
        "At {rate} % the VAT table has {value} tax, the lines {total}: more than rounding.",
        "Look at the receipt in CloudKasse; once it is clear, dismiss it here with a reason and book it by hand.",
        "Bei {rate} % hat die Steuertabelle {value} Steuer, die Zeilen {total}: mehr als Rundung.",
        "Den Bon in CloudKasse prüfen; ist er geklärt, hier mit Grund verwerfen und von Hand buchen.",
    ),
    "closing_malformed": Failure(
        "CloudKasse's closing is not as the contract says: {message}",
        "Run again with --retry-rejected, which fetches it anew; if it stays, report it to CloudKasse.",
        "Der Kassenabschluss entspricht nicht der Schnittstelle: {message}",
        "Mit --retry-rejected erneut laufen lassen, dann wird er neu abgeholt; bleibt es dabei, CloudKasse melden.",
    ),
    "closing_conflict": Failure(
        "The closing came a second time with other content; the first one stands.",
        "Compare the closing in CloudKasse with the one that was staged.",
        "Der Kassenabschluss kam ein zweites Mal mit anderem Inhalt; der erste gilt.",
        "Den Abschluss in CloudKasse mit dem übernommenen vergleichen.",
    ),
    # --- receipts, booking: nothing of the receipt is booked
    "account_missing": Failure(
        "No account is set: {setting}{further}.",
        "Set it in cloudkasse.yaml (for accounts.revenue also in SelectLine, by the article's KontoVerkauf or "
        "Erfolgskontengruppe), then import again.",
        "Es fehlt ein Konto: {setting}{further}.",
        "Das Konto in cloudkasse.yaml angeben (für accounts.revenue auch in SelectLine über KontoVerkauf oder "
        "Erfolgskontengruppe des Artikels), dann erneut importieren.",
    ),
    "opening_cash_exceeds_bar": Failure(
        "The opening cash of {opening} is more than the cash of the receipt, {cash}.",
        "Look at the receipt in CloudKasse; once it is clear, dismiss it here with a reason and book it by hand.",
        "Der Anfangsbestand von {opening} ist höher als die Barzahlung des Bons, {cash}.",
        "Den Bon in CloudKasse prüfen; ist er geklärt, hier mit Grund verwerfen und von Hand buchen.",
    ),
    "tender_none_amount": Failure(
        "The tender 'Keine' has an amount of {amount}; it must be 0.",
        "Look at the receipt in CloudKasse; once it is clear, dismiss it here with a reason and book it by hand.",
        "Die Zahlart „Keine“ hat einen Betrag von {amount}; er muss 0 sein.",
        "Den Bon in CloudKasse prüfen; ist er geklärt, hier mit Grund verwerfen und von Hand buchen.",
    ),
    "vat_unbookable": Failure(
        "VAT of {amount} at {rate} % was printed, but stands on no line that could be booked with it.",
        "Look at the receipt in CloudKasse; once it is clear, dismiss it here with a reason and book it by hand.",
        "Gedruckt sind {amount} USt zu {rate} %, aber keine buchbare Position trägt sie.",
        "Den Bon in CloudKasse prüfen; ist er geklärt, hier mit Grund verwerfen und von Hand buchen.",
    ),
    "line_number_repeated": Failure(
        "Two lines of the receipt have the number {number}.",
        "Look at the receipt in CloudKasse; once it is clear, dismiss it here with a reason and book it by hand.",
        "Zwei Positionen des Bons haben die Nummer {number}.",
        "Den Bon in CloudKasse prüfen; ist er geklärt, hier mit Grund verwerfen und von Hand buchen.",
    ),
    # --- receipts, stock: the receipt is booked, a line's stock is not moved yet
    "stock_article_missing": Failure(
        "'{text}' was sold without an article number, so no stock was moved.",
        "Book the stock in SelectLine by hand; have it sold under an article in future.",
        "„{text}“ wurde ohne Artikelnummer verkauft; der Bestand wurde nicht bewegt.",
        "Den Bestand in SelectLine von Hand buchen; künftig unter einem Artikel verkaufen.",
    ),
    "stock_article_unknown": Failure(
        "Article '{article}' is not in SelectLine, so no stock was moved.",
        "Create the article in SelectLine (ART.Artikelnummer); the next import makes up for it.",
        "Artikel „{article}“ ist nicht in SelectLine; der Bestand wurde nicht bewegt.",
        "Den Artikel in SelectLine anlegen (ART.Artikelnummer); der nächste Import holt es nach.",
    ),
    "stock_serial_missing": Failure(
        "Article '{article}' is kept by serial number or batch, and the line has none.",
        "Book the stock in SelectLine by hand with the number; have the number keyed in at the register in future.",
        "Artikel „{article}“ wird mit Serien- oder Chargennummer geführt; die Position hat keine.",
        "Den Bestand in SelectLine von Hand mit der Nummer buchen; künftig die Nummer an der Kasse erfassen.",
    ),
    "stock_warehouse_missing": Failure(
        "No warehouse is set: {setting}.",
        "Name the register in cloudkasse.yaml again, then import again.",
        "Es fehlt ein Lager: {setting}.",
        "Die Kasse in cloudkasse.yaml wieder angeben, dann erneut importieren.",
    ),
    "stock_set_empty": Failure(
        "Trade set '{article}' has no components.",
        "Enter them in SelectLine (ARTSET), or empty ART.Stueckliste; the next import makes up for it.",
        "Handelsstückliste „{article}“ hat keine Bestandteile.",
        "Sie in SelectLine eintragen (ARTSET) oder ART.Stueckliste leeren; der nächste Import holt es nach.",
    ),
    "stock_set_circular": Failure(
        "Trade set '{article}' cannot be taken apart: by way of '{component}' it holds itself, or too much.",
        "Correct its components in SelectLine (ARTSET); the next import makes up for it.",
        "Handelsstückliste „{article}“ ist nicht auflösbar: Über „{component}“ enthält sie sich selbst oder zu viel.",
        "Ihre Bestandteile in SelectLine berichtigen (ARTSET); der nächste Import holt es nach.",
    ),
    "stock_set_quantity": Failure(
        "Trade set '{article}' holds '{component}' in a quantity that cannot be used: '{value}'.",
        "Correct ARTSET.Menge in SelectLine; the next import makes up for it.",
        "Handelsstückliste „{article}“ enthält „{component}“ in unbrauchbarer Menge: „{value}“.",
        "ARTSET.Menge in SelectLine berichtigen; der nächste Import holt es nach.",
    ),
    "stock_component_unknown": Failure(
        "Trade set '{article}' holds the article '{component}', which is not in SelectLine.",
        "Correct the set's components in SelectLine (ARTSET); the next import makes up for it.",
        "Handelsstückliste „{article}“ enthält den Artikel „{component}“, der nicht in SelectLine ist.",
        "Die Bestandteile in SelectLine berichtigen (ARTSET); der nächste Import holt es nach.",
    ),
    "stock_quantity_too_large": Failure(
        "The quantity of article '{article}' is beyond all bounds.",
        "Look at the receipt in CloudKasse, and book the stock in SelectLine by hand.",
        "Die Menge von Artikel „{article}“ sprengt jedes Maß.",
        "Den Bon in CloudKasse prüfen und den Bestand in SelectLine von Hand buchen.",
    ),
    # --- receipts, booking: booked, but somebody should look at it
    "vat_rate_unexpected": Failure(
        "Article '{article}' was sold at {rate} % on {day}; its tax code {tax_code} has another rate in SelectLine.",
        "It was booked as sold. If the rate is wrong, correct ART.SSVerkauf or USDETAIL in SelectLine.",
        "Artikel „{article}“ wurde am {day} zu {rate} % verkauft; sein Steuerschlüssel {tax_code} hat einen anderen.",
        "Gebucht wie verkauft. Ist der Satz falsch, ART.SSVerkauf oder USDETAIL in SelectLine berichtigen.",
    ),
    "vat_unexpected": Failure(
        "VAT at {rate} % was printed on {case}, which bears none.",
        "It was booked as printed and flagged; correct the posting if need be.",
        "Auf {case} wurde USt zu {rate} % gedruckt, obwohl es keine trägt.",
        "Gebucht wie gedruckt und gekennzeichnet; die Buchung bei Bedarf berichtigen.",
    ),
    "cash_for_review": Failure(
        "{case}: what the cash was for is not known; it stands on its suspense account.",
        "Look at the receipt and rebook it.",
        "{case}: Wofür das Geld war, ist nicht bekannt; es steht auf dem Zwischenkonto.",
        "Den Bon prüfen und umbuchen.",
    ),
    # --- waiting in order: deferred, not rejected
    "register_required": Failure(
        "Waits for a register: CloudKasse takes articles and prices only once an active register is synchronised.",
        "Name a register in the settings (registers), then synchronise again.",
        "Wartet auf eine Kasse: CloudKasse nimmt Artikel und Preise erst, wenn eine aktive Kasse synchronisiert ist.",
        "In den Einstellungen eine Kasse angeben (registers), dann erneut synchronisieren.",
    ),
    "article_required": Failure(
        "Waits for its article '{value}', which CloudKasse does not hold yet.",
        "Cure the article's rejection; the price follows by itself.",
        "Wartet auf den Artikel „{value}“, den CloudKasse noch nicht hat.",
        "Den Fehler des Artikels beheben; der Preis folgt von selbst.",
    ),
    # --- refused by CloudKasse
    CLOUD: Failure(
        "CloudKasse refused the record: {message}",
        "Correct the record in SelectLine as CloudKasse asks ({field}).",
        "CloudKasse hat den Datensatz abgelehnt: {message}",
        "Den Datensatz in SelectLine berichtigen, wie CloudKasse es verlangt ({field}).",
    ),
    "cloud.gtin_invalid": Failure(
        "CloudKasse refused the article: its GTIN '{value}' has a wrong check digit.",
        "Correct or empty the EAN number of the article in SelectLine (ART.EANNummer).",
        "CloudKasse hat den Artikel abgelehnt: Die GTIN „{value}“ hat eine falsche Prüfziffer.",
        "Die EAN-Nummer des Artikels in SelectLine berichtigen oder leeren (ART.EANNummer).",
    ),
    "cloud.too_long": Failure(
        "CloudKasse refused the record: {field} is too long.",
        "Shorten {field} in SelectLine.",
        "CloudKasse hat den Datensatz abgelehnt: {field} ist zu lang.",
        "{field} in SelectLine kürzen.",
    ),
    "cloud.price_negative": Failure(
        "CloudKasse refused the price: it is negative.",
        "Correct ARPREIS.Preis in SelectLine.",
        "CloudKasse hat den Preis abgelehnt: Er ist negativ.",
        "ARPREIS.Preis in SelectLine berichtigen.",
    ),
    "cloud.article_unknown": Failure(
        "CloudKasse refused the price: it does not know the article.",
        "Synchronise the articles with --full, then synchronise again.",
        "CloudKasse hat den Preis abgelehnt: Der Artikel ist dort unbekannt.",
        "Die Artikel mit --full synchronisieren, dann erneut synchronisieren.",
    ),
    "cloud.limit_reached": Failure(
        "CloudKasse refused the record: the licence's limit is reached.",
        "Extend the CloudKasse licence, or set articles that are not sold to Inaktiv; it is tried again in every run.",
        "CloudKasse hat den Datensatz abgelehnt: Die Grenze der Lizenz ist erreicht.",
        "Die CloudKasse-Lizenz erweitern oder nicht verkaufte Artikel inaktiv setzen; jeder Lauf versucht es wieder.",
    ),
    "cloud.contract": Failure(
        "It is not known whether CloudKasse took the record: {message}",
        "Nothing needs to be corrected; run again with --retry-rejected, and report it to CloudKasse if it stays.",
        "Ob CloudKasse den Datensatz angenommen hat, ist nicht bekannt: {message}",
        "Nichts zu berichtigen; mit --retry-rejected erneut laufen lassen und CloudKasse melden, wenn es bleibt.",
    ),
    "cloud.conflict": Failure(
        "CloudKasse refused the record because somebody else was changing it.",
        "Nothing needs to be corrected; run again with --retry-rejected.",
        "CloudKasse hat den Datensatz abgelehnt, weil ihn jemand anderes gerade änderte.",
        "Nichts zu berichtigen; mit --retry-rejected erneut laufen lassen.",
    ),
}
