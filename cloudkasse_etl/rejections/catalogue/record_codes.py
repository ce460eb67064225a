"""Refused on our side: records of the ERP, and prices."""

from cloudkasse_etl.rejections.catalogue.entry import Failure

TEXTS: dict[str, Failure] = {
    "value_missing": Failure(
        "{field} is empty.",
        "Fill in {column} {system}.",
        "{field} ist leer.",
        "Füllen Sie {column} {system} aus.",
    ),
    "value_invalid": Failure(
        "{field} cannot be used: '{value}'.",
        "Correct {column} {system}.",
        "{field} ist nicht verwendbar: „{value}“.",
        "Berichtigen Sie {column} {system}.",
    ),
    "value_too_long": Failure(
        "{field} is longer than {limit} characters.",
        "Shorten {column} {system}.",
        "{field} hat mehr als {limit} Zeichen.",
        "Kürzen Sie {column} {system}.",
    ),
    "key_invalid": Failure(
        "The number '{value}' is empty, begins or ends with a blank, or has a control character.",
        "Correct {column} {system}.",
        "Die Nummer „{value}“ ist leer, beginnt oder endet mit einem Leerzeichen oder enthält ein Steuerzeichen.",
        "Berichtigen Sie {column} {system}.",
    ),
    "key_duplicate": Failure(
        "The number '{value}' stands in {count} rows; none of them was taken.",
        "Leave one row with this {column} {system}.",
        "Die Nummer „{value}“ steht in {count} Zeilen; keine davon wurde übernommen.",
        "Behalten Sie {system} nur eine Zeile mit dieser Nummer ({column}).",
    ),
    "company_missing": Failure(
        "The ERP holds no company: table MANDANT has no matching row.",
        "Look whether the ERP's URL names the right tenant database, and company.database_name in the settings.",
        "Kein Mandant vorhanden: Tabelle MANDANT hat keine passende Zeile.",
        "Prüfen Sie, ob CLOUDKASSE_ERP_URL die richtige Mandantendatenbank nennt, und "
        "company.database_name in den Einstellungen.",
    ),
    "company_ambiguous": Failure(
        "The ERP holds {count} companies: {value}.",
        "Name one in the settings: company.database_name.",
        "Es gibt {count} Mandanten: {value}.",
        "Nennen Sie einen davon in den Einstellungen: company.database_name.",
    ),
    "tax_code_unknown": Failure(
        "Tax code '{value}' has no rate that is valid on {day}.",
        "Set ART.SSVerkauf to a known code, or give code '{value}' a rate (USDETAIL) in SelectLine.",
        "Steuerschlüssel „{value}“ hat keinen am {day} gültigen Satz.",
        "Berichtigen Sie in SelectLine ART.SSVerkauf, oder geben Sie dem Schlüssel „{value}“ einen Satz (USDETAIL).",
    ),
    "tax_code_ambiguous": Failure(
        "Tax code '{value}' has different rates from the same day on ({rates}).",
        "Leave one rate for each day of tax code '{value}' in SelectLine (USDETAIL).",
        "Steuerschlüssel „{value}“ hat ab demselben Tag verschiedene Sätze ({rates}).",
        "Behalten Sie in SelectLine für jeden Tag nur einen Satz des Schlüssels „{value}“ (USDETAIL).",
    ),
    "tax_rate_invalid": Failure(
        "Tax code '{value}' has a rate that cannot be charged ({rates}): a rate is 0 to 100 percent with at most two "
        "decimals.",
        "Correct the rate of tax code '{value}' in SelectLine (USDETAIL).",
        "Steuerschlüssel „{value}“ hat einen Satz, der nicht berechnet werden kann ({rates}): Ein Satz liegt zwischen "
        "0 und 100 Prozent und hat höchstens zwei Nachkommastellen.",
        "Berichtigen Sie in SelectLine den Satz des Schlüssels „{value}“ (USDETAIL).",
    ),
    "article_key_ambiguous": Failure(
        "The article's prices in price group {group} have the keys of an article '{other}' in price group {value}: the "
        "mark | is part of the article's number and of the price group's.",
        "Give the article or the price group a number without | in SelectLine.",
        "Die Preise des Artikels in Preisgruppe {group} haben die Schlüssel eines Artikels „{other}“ in Preisgruppe "
        "{value}: Das Zeichen | ist Teil der Artikelnummer und der Nummer der Preisgruppe.",
        "Geben Sie dem Artikel oder der Preisgruppe in SelectLine eine Nummer ohne |.",
    ),
    "gtin_duplicate": Failure(
        "Bar code {value} stands at several active articles ({articles}); they go up without it, since a register "
        "would sell any one of them for it.",
        "Leave bar code {value} at one of the articles in SelectLine (ART.EANNummer), or set the others Inaktiv.",
        "Die EAN {value} steht bei mehreren aktiven Artikeln ({articles}); sie werden ohne EAN übertragen, denn die "
        "Kasse würde irgendeinen davon verkaufen.",
        "Behalten Sie die EAN {value} in SelectLine bei nur einem der Artikel (ART.EANNummer), oder stellen Sie die "
        "anderen auf inaktiv.",
    ),
    "gtin_form_invalid": Failure(
        "The bar code '{value}' has no known form: a GTIN has 8, 12, 13 or 14 digits. The article goes up without it.",
        "Correct or empty ART.EANNummer in SelectLine.",
        "Die EAN „{value}“ hat keine bekannte Form: Eine GTIN hat 8, 12, 13 oder 14 Ziffern. Der Artikel wird ohne EAN "
        "übertragen.",
        "Berichtigen oder leeren Sie ART.EANNummer in SelectLine.",
    ),
    "group_name_ambiguous": Failure(
        "Article group '{value}' has different names ({names}); its articles go up with the first of them.",
        "Leave one name for article group '{value}' in SelectLine (GRUPPEN.Bezeichnung).",
        "Artikelgruppe „{value}“ hat verschiedene Namen ({names}); ihre Artikel werden mit dem ersten übertragen.",
        "Behalten Sie in SelectLine nur einen Namen der Artikelgruppe „{value}“ (GRUPPEN.Bezeichnung).",
    ),
    "price_missing": Failure(
        "The article has no price that holds today for a quantity of 1 in any price group that a register uses "
        "({groups}), and no open price.",
        "Give it a price in SelectLine (one that is expired, begins later or needs a larger quantity is not enough), "
        "mark it as open price, or set it Inaktiv.",
        "Der Artikel hat in keiner Preisgruppe einer Kasse ({groups}) einen heute für die Menge 1 gültigen Preis "
        "und keinen offenen Preis.",
        "Tragen Sie in SelectLine einen Preis ein (ein abgelaufener, künftiger oder Staffelpreis genügt nicht), setzen "
        "Sie einen offenen Preis, oder stellen Sie den Artikel auf inaktiv.",
    ),
    "price_ambiguous": Failure(
        "There are {count} prices for the same article, group, quantity and start that differ in {value}.",
        "Leave one of them in SelectLine (ARPREIS).",
        "Zu demselben Artikel, Gruppe, Menge und Beginn gibt es {count} Preise; sie unterscheiden sich in {value}.",
        "Behalten Sie in SelectLine nur einen davon (ARPREIS).",
    ),
    "price_unit_invalid": Failure(
        "The price unit '{value}' is not above 0.",
        "Correct ART.Preiseinheit in SelectLine.",
        "Die Preiseinheit „{value}“ ist nicht größer als 0.",
        "Berichtigen Sie ART.Preiseinheit in SelectLine.",
    ),
    "price_unit_unsupported": Failure(
        "The price is for another quantity unit (Preismengenfaktor {value}), which is not supported.",
        "Set ART.Preismengenfaktor to 1 and give the price for the article's own unit.",
        "Der Preis gilt für eine andere Mengeneinheit (Preismengenfaktor {value}); das wird nicht unterstützt.",
        "Setzen Sie ART.Preismengenfaktor auf 1, und geben Sie den Preis für die eigene Mengeneinheit an.",
    ),
    "price_out_of_range": Failure(
        "The price {value} is negative or beyond 10 million.",
        "Correct ARPREIS.Preis in SelectLine.",
        "Der Preis {value} ist negativ oder liegt über 10 Millionen.",
        "Berichtigen Sie ARPREIS.Preis in SelectLine.",
    ),
    "price_below_cent": Failure(
        "The price {value} comes to less than half a cent for one unit: the register would give it away.",
        "Correct ARPREIS.Preis or ART.Preiseinheit in SelectLine.",
        "Der Preis {value} ergibt für eine Einheit weniger als einen halben Cent: Die Kasse würde sie verschenken.",
        "Berichtigen Sie ARPREIS.Preis oder ART.Preiseinheit in SelectLine.",
    ),
    "price_end_unset": Failure(
        "The price's last day is {end}, which stands for an empty date.",
        "Empty ARPREIS.BisDatum in SelectLine if the price has no end, or enter its last day.",
        "Der letzte Tag des Preises ist {end}; das steht für ein leeres Datum.",
        "Leeren Sie ARPREIS.BisDatum in SelectLine, wenn der Preis kein Ende hat, oder tragen Sie den letzten Tag ein.",
    ),
    "price_dates_invalid": Failure(
        "The price ends ({end}) before it begins ({start}).",
        "Correct ARPREIS.VonDatum or BisDatum in SelectLine.",
        "Der Preis endet ({end}), bevor er beginnt ({start}).",
        "Berichtigen Sie ARPREIS.VonDatum oder BisDatum in SelectLine.",
    ),
    "price_quantity_invalid": Failure(
        "The quantity '{value}' from which the price holds is negative, too large or finer than a thousandth.",
        "Correct ARPREIS.Menge in SelectLine.",
        "Die Menge „{value}“, ab der der Preis gilt, ist negativ, zu groß oder feiner als ein Tausendstel.",
        "Berichtigen Sie ARPREIS.Menge in SelectLine.",
    ),
    "vat_rate_missing": Failure(
        "Tax code '{value}' has no rate that is valid on {day}, so that the gross price cannot be computed.",
        "Correct ARPREIS.VonDatum or ART.SSVerkauf in SelectLine, or, where tax code '{value}' had a rate by law on "
        "that day, add it (USDETAIL).",
        "Steuerschlüssel „{value}“ hat keinen am {day} gültigen Satz; der Bruttopreis ist nicht berechenbar.",
        "Berichtigen Sie in SelectLine ARPREIS.VonDatum oder ART.SSVerkauf, oder tragen Sie, falls für Schlüssel "
        "„{value}“ an diesem Tag gesetzlich ein Satz galt, diesen nach (USDETAIL).",
    ),
}
