"""What waits for the cloud, and what it refuses."""

from cloudkasse_etl.rejections.catalogue.entry import CLOUD, Failure

TEXTS: dict[str, Failure] = {
    "register_required": Failure(
        "Waits for a register: CloudKasse takes articles and prices only once an active register is synchronised.",
        "Name a register in the settings (registers), then synchronise again.",
        "Wartet auf eine Kasse: CloudKasse nimmt Artikel und Preise erst, wenn eine aktive Kasse synchronisiert ist.",
        "Nennen Sie in den Einstellungen eine Kasse (registers), und synchronisieren Sie erneut.",
    ),
    "article_required": Failure(
        "Waits for its article '{value}', which CloudKasse does not hold yet.",
        "Cure the article's rejection; the price follows by itself.",
        "Wartet auf den Artikel „{value}“, den CloudKasse noch nicht hat.",
        "Beheben Sie den Fehler des Artikels; der Preis folgt von selbst.",
    ),
    CLOUD: Failure(
        "CloudKasse refused the record: {message}",
        "Correct the record {system} as CloudKasse asks ({field}).",
        "CloudKasse hat den Datensatz abgelehnt: {message}",
        "Berichtigen Sie den Datensatz {system}, wie CloudKasse es verlangt ({field}).",
    ),
    "cloud.gtin_invalid": Failure(
        "CloudKasse refused the article: its GTIN '{value}' has a wrong check digit.",
        "Correct or empty the EAN number of the article in SelectLine (ART.EANNummer).",
        "CloudKasse hat den Artikel abgelehnt: Die GTIN „{value}“ hat eine falsche Prüfziffer.",
        "Berichtigen oder leeren Sie die EAN-Nummer des Artikels in SelectLine (ART.EANNummer).",
    ),
    "cloud.too_long": Failure(
        "CloudKasse refused the record: {field} is too long.",
        "Shorten {field} {system}.",
        "CloudKasse hat den Datensatz abgelehnt: {field} ist zu lang.",
        "Kürzen Sie {field} {system}.",
    ),
    "cloud.price_negative": Failure(
        "CloudKasse refused the price: it is negative.",
        "Correct ARPREIS.Preis in SelectLine.",
        "CloudKasse hat den Preis abgelehnt: Er ist negativ.",
        "Berichtigen Sie ARPREIS.Preis in SelectLine.",
    ),
    "cloud.article_unknown": Failure(
        "CloudKasse refused the price: it does not know the article.",
        "Synchronise the articles with --full, then synchronise again.",
        "CloudKasse hat den Preis abgelehnt: Der Artikel ist dort unbekannt.",
        "Synchronisieren Sie die Artikel mit --full, dann synchronisieren Sie erneut.",
    ),
    "cloud.limit_reached": Failure(
        "CloudKasse refused the record: the licence's limit is reached.",
        "Extend the CloudKasse licence, or set articles that are not sold to Inaktiv; it is tried again in every run.",
        "CloudKasse hat den Datensatz abgelehnt: Die Grenze der Lizenz ist erreicht.",
        "Erweitern Sie die CloudKasse-Lizenz, oder stellen Sie Artikel, die nicht verkauft werden, auf "
        "inaktiv; jeder Lauf versucht es wieder.",
    ),
    "cloud.contract": Failure(
        "It is not known whether CloudKasse took the record: {message}",
        "Nothing needs to be corrected; run again with --retry-rejected, and report it to CloudKasse if it stays.",
        "Ob CloudKasse den Datensatz angenommen hat, ist nicht bekannt: {message}",
        "Zu berichtigen ist nichts; starten Sie erneut mit --retry-rejected, und melden Sie es CloudKasse, "
        "wenn es bleibt.",
    ),
    "cloud.conflict": Failure(
        "CloudKasse refused the record because somebody else was changing it.",
        "Nothing needs to be corrected; run again with --retry-rejected.",
        "CloudKasse hat den Datensatz abgelehnt, weil ihn jemand anderes gerade änderte.",
        "Zu berichtigen ist nichts; starten Sie erneut mit --retry-rejected.",
    ),
}
