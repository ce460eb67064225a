"""Codes for records of the ERP and prices that are refused before they are sent."""

from cloudkasse_etl.rejections.catalogue.entry import Failure

TEXTS: dict[str, Failure] = {
    "value_missing": Failure(
        "{field} is empty.",
        "Fill in {column} {system}.",
    ),
    "value_invalid": Failure(
        "{field} cannot be used: '{value}'.",
        "Correct {column} {system}.",
    ),
    "value_too_long": Failure(
        "{field} is longer than {limit} characters.",
        "Shorten {column} {system}.",
    ),
    "key_invalid": Failure(
        "The number '{value}' is empty, begins or ends with a blank, or has a control character.",
        "Correct {column} {system}.",
    ),
    "key_duplicate": Failure(
        "The number '{value}' stands in {count} rows; none of them was taken.",
        "Leave one row with this {column} {system}.",
    ),
    "company_missing": Failure(
        "The ERP holds no company: table MANDANT has no matching row.",
        "Look whether the ERP's URL names the right tenant database, and at database_name below company: in "
        "cloudkasse.yaml.",
    ),
    "company_ambiguous": Failure(
        "The ERP holds {count} companies: {value}.",
        "Name one as database_name below company: in cloudkasse.yaml.",
    ),
    "tax_code_unknown": Failure(
        "Tax code '{value}' has no rate that is valid on {day}.",
        "Set ART.SSVerkauf to a known code, or give code '{value}' a rate (USDETAIL) in SelectLine.",
    ),
    "tax_code_ambiguous": Failure(
        "Tax code '{value}' has different rates from the same day on ({rates}).",
        "Leave one rate for each day of tax code '{value}' in SelectLine (USDETAIL).",
    ),
    "tax_rate_invalid": Failure(
        "Tax code '{value}' has a rate that cannot be charged ({rates}): a rate is 0 to 100 percent with at most two "
        "decimals.",
        "Correct the rate of tax code '{value}' in SelectLine (USDETAIL).",
    ),
    "article_key_ambiguous": Failure(
        "The article's prices in price group {group} have the keys of an article '{other}' in price group {value}: the "
        "mark | is part of the article's number and of the price group's.",
        "Give the article or the price group a number without | in SelectLine.",
    ),
    "gtin_duplicate": Failure(
        "Bar code {value} stands at several active articles ({articles}); they go up without it, since a register "
        "would sell any one of them for it.",
        "Leave bar code {value} at one of the articles in SelectLine (ART.EANNummer), or set the others Inaktiv.",
    ),
    "gtin_form_invalid": Failure(
        "The bar code '{value}' has no known form: a GTIN has 8, 12, 13 or 14 digits. The article goes up without it.",
        "Correct or empty ART.EANNummer in SelectLine.",
    ),
    "group_name_ambiguous": Failure(
        "Article group '{value}' has different names ({names}); its articles go up with the first of them.",
        "Leave one name for article group '{value}' in SelectLine (GRUPPEN.Bezeichnung).",
    ),
    "price_missing": Failure(
        "The article has no price that holds today for a quantity of 1 in any price group that a register uses "
        "({groups}), and no open price.",
        "Give it a price in SelectLine (one that is expired, begins later or needs a larger quantity is not enough), "
        "mark it as open price, or set it Inaktiv.",
    ),
    "price_ambiguous": Failure(
        "There are {count} prices for the same article, group, quantity and start that differ in {value}.",
        "Leave one of them in SelectLine (ARPREIS).",
    ),
    "price_unit_invalid": Failure(
        "The price unit '{value}' is not above 0.",
        "Correct ART.Preiseinheit in SelectLine.",
    ),
    "price_unit_unsupported": Failure(
        "The price is for another quantity unit (Preismengenfaktor {value}), which is not supported.",
        "Set ART.Preismengenfaktor to 1 and give the price for the article's own unit.",
    ),
    "price_out_of_range": Failure(
        "The price {value} is negative or beyond 10 million.",
        "Correct ARPREIS.Preis in SelectLine.",
    ),
    "price_below_cent": Failure(
        "The price {value} comes to less than half a cent for one unit: the register would give it away.",
        "Correct ARPREIS.Preis or ART.Preiseinheit in SelectLine.",
    ),
    "price_end_unset": Failure(
        "The price's last day is {end}, which stands for an empty date.",
        "Empty ARPREIS.BisDatum in SelectLine if the price has no end, or enter its last day.",
    ),
    "price_dates_invalid": Failure(
        "The price ends ({end}) before it begins ({start}).",
        "Correct ARPREIS.VonDatum or BisDatum in SelectLine.",
    ),
    "price_quantity_invalid": Failure(
        "The quantity '{value}' from which the price holds is negative, too large or finer than a thousandth.",
        "Correct ARPREIS.Menge in SelectLine.",
    ),
    "vat_rate_missing": Failure(
        "Tax code '{value}' has no rate that is valid on {day}, so that the gross price cannot be computed.",
        "Correct ARPREIS.VonDatum or ART.SSVerkauf in SelectLine, or, where tax code '{value}' had a rate by law on "
        "that day, add it (USDETAIL).",
    ),
}
