"""Codes for records that wait for the cloud, and for those that it refuses."""

from cloudkasse_etl.rejections.catalogue.entry import CLOUD, Failure

TEXTS: dict[str, Failure] = {
    "register_required": Failure(
        "Waits for a register: the till takes articles and prices only once an active register is synchronised.",
        "Name a register below registers: in cloudkasse.yaml, then synchronise again.",
    ),
    "article_required": Failure(
        "Waits for its article '{value}'{more:more}, which the till does not hold yet.",
        "Cure the article's rejection; the price follows by itself.",
    ),
    CLOUD: Failure(
        "The till refused the record: {message}",
        "Correct the record {system} as the till asks ({field}).",
    ),
    "cloud.gtin_invalid": Failure(
        "The till refused the article: its GTIN '{value}' has a wrong check digit.",
        "Correct or empty the EAN number of the article in SelectLine (ART.EANNummer).",
    ),
    "cloud.too_long": Failure(
        "The till refused the record: {field} is too long.",
        "Shorten {field} {system}.",
    ),
    "cloud.price_negative": Failure(
        "The till refused the price: it is negative.",
        "Correct ARPREIS.Preis in SelectLine.",
    ),
    "cloud.article_unknown": Failure(
        "The till refused the price: it does not know the article.",
        "Synchronise the articles with --full, then synchronise again.",
    ),
    "cloud.limit_reached": Failure(
        "The till refused the record: the licence's limit is reached.",
        "Extend the till's licence, or set articles that are not sold to Inaktiv; it is tried again in every run.",
    ),
    "cloud.contract": Failure(
        "It is not known whether the till took the record: {message}",
        "Nothing needs to be corrected; run again with --retry-rejected, and report it to the till's maker if it "
        "stays.",
    ),
    "cloud.korona_refused": Failure(
        "KORONA.cloud refused the record: {message}",
        "Correct the record {system} as KORONA.cloud asks.",
    ),
    "cloud.korona_no_point_of_sale": Failure(
        "KORONA.cloud has no point of sale '{message}', which the register is to be.",
        "Set the point of sale up in KORONA.cloud, or write its number as till_id: at the register in cloudkasse.yaml; "
        "it is tried again in every run.",
    ),
    "cloud.korona_no_sector": Failure(
        "Tax code '{value}' is no sector of KORONA.cloud's yet.",
        "Name it below till.korona.sectors in cloudkasse.yaml: '{value}': number of the sector; it is tried again in "
        "every run.",
    ),
    "cloud.korona_net_prices": Failure(
        "The price group is one of net prices in KORONA.cloud; the prices that are sent are gross.",
        "Set the price group to gross prices in KORONA.cloud; it is tried again in every run.",
    ),
    "cloud.korona_price_scale": Failure(
        "KORONA.cloud keeps no price by quantity in a price group.",
        "Nothing needs to be corrected if the base price is enough; else set the scale up in KORONA.cloud by hand.",
    ),
    "cloud.korona_price_end": Failure(
        "The price has a last day, and no price follows: KORONA.cloud would go on with it.",
        "Enter the price that holds from the next day on in SelectLine (ARPREIS, VonDatum) as well; it is tried again "
        "in every run.",
    ),
    "cloud.conflict": Failure(
        "The till refused the record because somebody else was changing it.",
        "Nothing needs to be corrected; run again with --retry-rejected.",
    ),
}
