"""Codes for receipts and stock lines that are refused, or flagged for review, when they are booked."""

from cloudkasse_etl.rejections.catalogue.entry import Failure, beyond, by_hand, unclear

TEXTS: dict[str, Failure] = {
    "account_missing": Failure(
        "No account is set: {setting}{further}.",
        "Enter {entries}; the next import tries it again: cloudkasse-etl import.",
    ),
    "register_removed": Failure(
        "Register '{value}' is not below registers: in cloudkasse.yaml any more, so its cash has no account.",
        "Put register '{value}' back below registers: in cloudkasse.yaml, with its cash_account; the next import tries "
        "the receipt again: cloudkasse-etl import. If the register is gone for good, dismiss the receipt with a reason "
        "(cloudkasse-etl receipts dismiss RECEIPT --reason TEXT), and book it by hand.",
    ),
    "revenue_account_ambiguous": Failure(
        "Revenue group '{group}' has different accounts for tax code '{value}' ({accounts}); the line is booked on the "
        "account of the settings instead.",
        "Leave one account for revenue group '{group}' and tax code '{value}' in SelectLine (KTOGRUPPENPOS.GKonto), "
        "and look at the posting.",
    ),
    "article_ambiguous": Failure(
        "Article '{value}' stands in several rows of SelectLine's ART that differ in {columns}.",
        "Leave one row of article '{value}' in SelectLine (ART.Artikelnummer); the next import tries it again: "
        "cloudkasse-etl import.",
    ),
    "opening_cash_exceeds_bar": unclear(
        "The opening cash of {opening} is more than the cash of the receipt, {cash}.",
    ),
    "tender_none_amount": unclear(
        "The tender 'Keine' has an amount of {amount:n}; it must be 0.",
    ),
    "vat_unbookable": unclear(
        "VAT of {amount:n} at {rate:n} % was printed, but stands on no line that could be booked with it.",
    ),
    "line_number_repeated": unclear(
        "Two lines of the receipt have the number {number}.",
    ),
    "stock_article_missing": by_hand(
        "'{text}' was sold without an article number, so no stock was moved.",
    ),
    "stock_article_unknown": Failure(
        "Article '{article}' is not in SelectLine, so no stock was moved.",
        "Create the article in SelectLine (ART.Artikelnummer); the next import makes up for it.",
    ),
    "stock_serial_missing": by_hand(
        "Article '{article}' is kept by serial number or batch, and no number was keyed in at the register.",
    ),
    "stock_serial_ambiguous": by_hand(
        "Trade set '{article}' holds several articles that are kept by serial number or batch ({components}), and one "
        "number was keyed in.",
    ),
    "stock_serial_too_long": by_hand(
        "The serial or batch number of article '{article}' is longer than the 80 characters that SelectLine holds.",
    ),
    "stock_original_by_hand": by_hand(
        "The stock of what the line takes back is booked by hand (article '{article}'), and so is its return.",
    ),
    "stock_warehouse_missing": Failure(
        "No warehouse is set: {setting}.",
        "Put the register back below registers: in cloudkasse.yaml, with its warehouse; the next import makes up for "
        "it. If the register is gone for good, dismiss the line with a reason (cloudkasse-etl receipts dismiss RECEIPT "
        "--line N --reason TEXT), and book the stock by hand.",
    ),
    "stock_set_empty": Failure(
        "Trade set '{article}' has no components.",
        "Enter them in SelectLine (ARTSET), or empty ART.Stueckliste; the next import makes up for it.",
    ),
    "stock_set_circular": Failure(
        "Trade set '{article}' cannot be taken apart: by way of '{component}' it holds itself, or too much.",
        "Correct its components in SelectLine (ARTSET); the next import makes up for it.",
    ),
    "stock_set_quantity": Failure(
        "Trade set '{article}' holds '{component}' in a quantity that cannot be used: '{value}'.",
        "Correct ARTSET.Menge in SelectLine; the next import makes up for it.",
    ),
    "stock_component_unknown": Failure(
        "Trade set '{article}' holds the article '{component}', which is not in SelectLine.",
        "Correct the set's components in SelectLine (ARTSET); the next import makes up for it.",
    ),
    "stock_quantity_too_large": by_hand(
        "The quantity of article '{article}' is beyond all bounds.",
    ),
    "stock_quantity_too_small": by_hand(
        "The quantity of article '{article}' is less than half a thousandth of the unit in which it is kept, '{unit}'.",
    ),
    "stock_unit_unknown": Failure(
        "Article '{article}' was sold in '{unit}' and is kept in '{stock_unit}'; how much one is of the other is not "
        "known.",
        "If ART.Mengeneinheit of '{article}' is wrong, correct it in SelectLine; the next import makes up for it. "
        "If not, dismiss the line here with a reason (cloudkasse-etl receipts dismiss RECEIPT --line N --reason TEXT), "
        "and then book the stock by hand.",
    ),
    "receipt_original": Failure(
        "Waits for {value:receipt}{more:more}, {value:voided}.",
        "It follows by itself once that receipt is fetched and imported; cure its rejection if it has one. "
        "{days:after} (receipts.void_wait_days) it is booked as a return of its day, to be looked at.",
    ),
    "void_of_itself": beyond(
        "The receipt voids itself.",
    ),
    "void_circular": beyond(
        "The receipts void each other in a circle: {value}.",
    ),
    "void_exceeds_original": beyond(
        "It takes back more than receipt {value} sold: '{text}' came to {sold:n}, {before:n} of it were voided before "
        "({voids}), and this receipt voids {amount:n}.",
    ),
    "void_original_dismissed": Failure(
        "It voids receipt {value}, which a person dismissed: {reason}",
        "Dismiss this receipt, too, with a reason; or restore the one that it voids (cloudkasse-etl receipts restore), "
        "then import again.",
        holds=True,
    ),
    "void_original_unknown": Failure(
        "It voids a receipt that never came ({value}); it was booked as a return of its day, and flagged.",
        "Look at the receipt, and rebook it if accounts or stock are to be others.",
    ),
    "void_of_unsold": Failure(
        "It takes back '{text}' for {amount:n}, which receipt {value} does not have; it was booked and flagged.",
        "Look at the receipt, and rebook it if it took back something else.",
    ),
    "original_after_void": Failure(
        "It came after the receipt that voids it was booked ({value}), and was booked by its own rules and flagged.",
        "Compare the two, and rebook one of them if they do not cancel each other out.",
    ),
    "vat_rate_unexpected": Failure(
        "Article '{article}' was sold at {rate:n} % on {day}; its tax code {tax_code} has another rate in SelectLine.",
        "It was booked as sold. If the rate is wrong, correct ART.SSVerkauf or USDETAIL in SelectLine.",
    ),
    "vat_unexpected": Failure(
        "VAT at {rate:n} % was printed on {case}, which bears none.",
        "It was booked as printed and flagged; correct the posting if need be.",
    ),
    "cash_for_review": Failure(
        "{case}: what the cash was for is not known; it stands on its suspense account.",
        "Look at the receipt and rebook it.",
    ),
}
