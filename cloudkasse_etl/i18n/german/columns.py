"""German: what the columns of the assets hold, and what is asked of them."""

TEXTS: dict[str, str] = {
    # --- the company
    "Name of the company.": "Name des Mandanten.",
    "Further line of the name.": "Weitere Zeile des Namens.",
    "Street and house number.": "Straße und Hausnummer.",
    "Postal code.": "Postleitzahl.",
    "City.": "Ort.",
    "Country, in the two letters of ISO 3166.": "Land, mit den zwei Buchstaben nach ISO 3166.",
    "Telephone number.": "Telefonnummer.",
    "E-mail address.": "E-Mail-Adresse.",
    "Address of the website.": "Adresse der Website.",
    "Currency of the books, in the three letters of ISO 4217.": ("Buchwährung, mit den drei Buchstaben nach ISO 4217."),
    "Name of the tenant database, by which the settings choose a company.": (
        "Name der Mandantendatenbank, nach dem die Einstellungen einen Mandanten wählen."
    ),
    "Number of the company, from the settings.": "Nummer des Mandanten, aus den Einstellungen.",
    "VAT identification number, from the settings.": "Umsatzsteuer-Identifikationsnummer, aus den Einstellungen.",
    "Tax number, from the settings.": "Steuernummer, aus den Einstellungen.",
    "Serial or batch number as it was keyed in at the register.": (
        "Serien- oder Chargennummer, wie sie an der Kasse erfasst wurde."
    ),
    # --- registers and employees
    "Number of the register.": "Nummer der Kasse.",
    "Name of the register.": "Name der Kasse.",
    "Price group whose prices the register shows.": "Preisgruppe, deren Preise die Kasse zeigt.",
    "Warehouse that the register sells from.": "Lager, aus dem die Kasse verkauft.",
    "Currency of the register.": "Währung der Kasse.",
    "False once the settings no longer name it.": "Nein, sobald die Einstellungen sie nicht mehr nennen.",
    "Number of the employee.": "Nummer des Mitarbeiters.",
    "First name.": "Vorname.",
    "Last name.": "Nachname.",
    "True for an employee who has left.": "Ja bei einem ausgeschiedenen Mitarbeiter.",
    "Name that the register shows.": "Name, den die Kasse zeigt.",
    "False for an employee who may no longer sell.": "Nein bei einem Mitarbeiter, der nicht mehr verkaufen darf.",
    # --- articles
    "Number of the article.": "Artikelnummer.",
    "What the receipt shows.": "Was auf dem Bon steht.",
    "Further text, such as the packaging.": "Weiterer Text, etwa die Verpackung.",
    "Number of the bar code; CloudKasse judges it.": "Nummer des Strichcodes; CloudKasse prüft sie.",
    "Number of the bar code.": "Nummer des Strichcodes.",
    "Number of the article group.": "Nummer der Artikelgruppe.",
    "Name of the article group.": "Name der Artikelgruppe.",
    "Unit in which the article is sold.": "Einheit, in der der Artikel verkauft wird.",
    "Code of the VAT rate for sales.": "Steuerschlüssel für den Verkauf.",
    "VAT in percent on the day of the run, two decimals.": (
        "Umsatzsteuer in Prozent am Tag des Laufs, zwei Nachkommastellen."
    ),
    "True where sales move stock.": "Ja, wo Verkäufe den Bestand bewegen.",
    "True where a discount may be given.": "Ja, wo Rabatt gegeben werden darf.",
    "True where the price is keyed in at the register.": "Ja, wo der Preis an der Kasse eingegeben wird.",
    "True for an article that the shop shows.": "Ja bei einem Artikel, den der Shop zeigt.",
    "True for an article that is no longer sold.": "Ja bei einem Artikel, der nicht mehr verkauft wird.",
    "False for an article that is no longer sold.": "Nein bei einem Artikel, der nicht mehr verkauft wird.",
    "How many units a price is for; empty means 1.": "Für wie viele Einheiten ein Preis gilt; leer heißt 1.",
    "Factor between the unit of the price and the unit of sale; empty means 1.": (
        "Faktor zwischen Preiseinheit und Verkaufseinheit; leer heißt 1."
    ),
    # --- prices
    "SelectLine's own number of the price.": "SelectLines eigene Nummer des Preises.",
    "Number of the price group.": "Nummer der Preisgruppe.",
    "Quantity from which the price holds; 0 where empty.": "Menge, ab der der Preis gilt; 0, wo leer.",
    'Quantity from which the price holds, three decimals; "0.000" is the base price.': (
        "Menge, ab der der Preis gilt, drei Nachkommastellen; „0.000“ ist der Grundpreis."
    ),
    "Price per price unit, net or gross as the settings say of the group; empty means no price.": (
        "Preis je Preiseinheit, netto oder brutto, wie die Einstellungen es von der Gruppe sagen; leer heißt kein "
        "Preis."
    ),
    "First day; empty means always.": "Erster Tag; leer heißt schon immer.",
    "Last day, inclusive; empty means for ever.": "Letzter Tag, einschließlich; leer heißt unbefristet.",
    "Price of one unit with VAT, in cents.": "Preis einer Einheit mit Umsatzsteuer, in Cent.",
    "Currency of the price.": "Währung des Preises.",
    "False for a price that no longer holds.": "Nein bei einem Preis, der nicht mehr gilt.",
    # --- receipts and closings
    "CloudKasse's id of the receipt.": "CloudKasses Kennung des Bons.",
    "Number of the register that sold.": "Nummer der Kasse, die verkauft hat.",
    "Number of the receipt; counts up by register.": "Bonnummer; zählt je Kasse hoch.",
    "Kind of receipt (DSFinV-K BON_TYP).": "Bonart (DSFinV-K BON_TYP).",
    "The register's day, by which it is booked.": "Tag der Kasse, nach dem gebucht wird.",
    "When the receipt was finished.": "Wann der Bon abgeschlossen wurde.",
    "Gross total in cents.": "Bruttosumme in Cent.",
    "The receipt that this one voids.": "Der Bon, den dieser storniert.",
    "staged, imported, rejected, no_effect, before_start or dismissed.": (
        "staged (übernommen), imported (importiert), rejected (abgelehnt), no_effect (ohne Wirkung), before_start (vor "
        "Beginn) oder dismissed (verworfen)."
    ),
    "Number of the closing (Z_NR); counts up by register.": "Nummer des Kassenabschlusses (Z_NR); zählt je Kasse hoch.",
    "The day that was closed.": "Der abgeschlossene Tag.",
    "Number of its first receipt.": "Nummer seines ersten Bons.",
    "Number of its last receipt.": "Nummer seines letzten Bons.",
    "How many receipts its totals cover.": "Wie viele Bons seine Summen umfassen.",
    "True once its totals were found equal to its receipts'.": (
        "Ja, sobald seine Summen mit denen seiner Bons übereinstimmten."
    ),
    # --- postings and movements
    "The receipt's id and the posting's number in it.": "Kennung des Bons und Nummer der Buchung darin.",
    "Id of the receipt that was booked.": "Kennung des gebuchten Bons.",
    "Id of the receipt.": "Kennung des Bons.",
    "Register that issued it.": "Kasse, die ihn ausgestellt hat.",
    "The business day; where its period is closed already, the first open day.": (
        "Der Geschäftstag; ist seine Periode schon abgeschlossen, der erste offene Tag."
    ),
    "The business day.": "Der Geschäftstag.",
    "Register and receipt number.": "Kasse und Bonnummer.",
    "Account that is booked.": "Konto, auf das gebucht wird.",
    "Gross amount in cents; debit is positive.": "Bruttobetrag in Cent; Soll ist positiv.",
    "Currency of the amount.": "Währung des Betrags.",
    "SelectLine's code of the VAT rate; empty where it is not clear.": (
        "SelectLines Steuerschlüssel; leer, wo er nicht eindeutig ist."
    ),
    "VAT in percent, two decimals; empty where none is booked.": (
        "Umsatzsteuer in Prozent, zwei Nachkommastellen; leer, wo keine gebucht wird."
    ),
    "VAT in the amount, in cents, with its sign; of a receipt and rate what was printed.": (
        "Umsatzsteuer im Betrag, in Cent, mit Vorzeichen; je Bon und Satz das, was gedruckt wurde."
    ),
    "What kind of line was booked; empty for a payment.": "Welche Art Zeile gebucht wurde; leer bei einer Zahlung.",
    "How it was paid; empty for a line.": "Wie bezahlt wurde; leer bei einer Zeile.",
    "Text of the line, or name of the payment.": "Text der Zeile oder Name der Zahlung.",
    "closed_period: the business day's period was closed. review: somebody must look at it.": (
        "closed_period: Die Periode des Geschäftstags war abgeschlossen. review: Jemand muss es ansehen."
    ),
    "The receipt's id, the line's number, and the component's place in a trade set (else 0).": (
        "Kennung des Bons, Nummer der Zeile und Platz der Komponente in einer Handelsstückliste (sonst 0)."
    ),
    "Number of the receipt's line.": "Nummer der Bonzeile.",
    "Number of the article; of a set, of the component.": "Artikelnummer; bei einer Stückliste die der Komponente.",
    "The register's warehouse.": "Lager der Kasse.",
    "In thousandths of the unit; negative goes out, positive comes in.": (
        "In Tausendsteln der Einheit; negativ ist Abgang, positiv Zugang."
    ),
    "Unit in which the article is counted.": "Einheit, in der der Artikel gezählt wird.",
    # --- types
    "text": "Text",
    "date": "Datum",
    "yes or no": "ja oder nein",
    "whole cents": "ganze Cent",
    "thousandths": "Tausendstel",
    "whole number": "ganze Zahl",
    "number": "Zahl",
    "percent": "Prozent",
    # --- what is asked of them
    "{description} From {source}.": "{description} Aus {source}.",
    "no outer blanks": "ohne Leerzeichen außen",
    "at most {limit} characters": "höchstens {limit} Zeichen",
    "a finite number": "eine endliche Zahl",
    "from {first} on": "ab {first}",
    "from {lowest} to {highest}": "von {lowest} bis {highest}",
    "at least {lowest}": "mindestens {lowest}",
    "not {value}": "nicht {value}",
    "one of: {values}": "eines von: {values}",
    "written like {example}": "geschrieben wie {example}",
    "once with {others}": "nur einmal mit {others}",
}
