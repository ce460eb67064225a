"""Codes for documents that are not brought into SelectLine, or that a person there or here has to look at."""

from typing import Final

from cloudkasse_etl.rejections.catalogue.entry import Failure

NOT_AS_BOOKED: Final = "delivery_not_as_booked"
WAITS_LONG: Final = "delivery_waits_long"

TEXTS: dict[str, Failure] = {
    "delivery_cash_bank_missing": Failure(
        "Register '{register}' has no cash account of SelectLine: {setting}.",
        "Enter it in cloudkasse.yaml; the next delivery tries it again: cloudkasse-etl deliver.",
    ),
    "delivery_article_too_long": Failure(
        "SelectLine's Web API takes article numbers up to 18 characters: {articles}.",
        "Enter the document in SelectLine by hand, and give the article a shorter number there for receipts to come.",
    ),
    "delivery_tax_code_missing": Failure(
        "Lines have no tax code of SelectLine: {lines}.",
        "Enter the document in SelectLine by hand. For receipts to come, create a tax code with that rate there "
        "(USTSCHL, USDETAIL).",
    ),
    "delivery_tax_code_unknown": Failure(
        "SelectLine has no rate for tax code {codes} on {day}.",
        "Look at the tax code in SelectLine (USDETAIL.GueltigAb); the next delivery tries it again: cloudkasse-etl "
        "deliver.",
    ),
    "delivery_tax_rate_differs": Failure(
        "The books have another rate than SelectLine on {day}: {codes}.",
        "Look at the tax code in SelectLine (USDETAIL); where it is corrected, the next delivery tries it again: "
        "cloudkasse-etl deliver.",
    ),
    "delivery_warehouse_unknown": Failure(
        "SelectLine has no active warehouse {warehouses}.",
        "Create or activate it in SelectLine (LAGER); the next delivery tries it again: cloudkasse-etl deliver. If the "
        "register's warehouse in the settings is wrong, correct it and have the receipts booked again: cloudkasse-etl "
        "undo, then cloudkasse-etl import.",
    ),
    "delivery_books_differ": Failure(
        "The postings of {receipts} do not come to what was sold, so no document can be made of them.",
        "This is an error of the program: please report it.",
    ),
    "delivery_refused": Failure(
        "SelectLine refuses the document ({status} {code}): {message}",
        "Correct in SelectLine what it complains about; the next delivery sends the same document again. If a setting "
        "is wrong, correct it and take the delivery back, which makes it anew: cloudkasse-etl deliveries retract ID "
        "--reason TEXT.",
    ),
    "delivery_unclear": Failure(
        "Whether SelectLine has taken the document is not known yet: {message}",
        "Nothing has to be done: the next delivery looks for it there, and sends it if it is not.",
    ),
    "delivery_differs": Failure(
        "Transfer document {number} in SelectLine differs from what was sent: {fields}.",
        "Compare the two. Discard it in SelectLine if it is wrong, then take the delivery back, which makes it anew: "
        "cloudkasse-etl deliveries retract ID --reason TEXT.",
    ),
    "delivery_doubled": Failure(
        "SelectLine has the document several times: transfer documents {numbers}.",
        "Discard all but one in SelectLine; if two were taken over already, cancel one of the documents there.",
    ),
    "delivery_gone": Failure(
        "Transfer document {number} is not in SelectLine any more, and nobody is known to have taken it over.",
        "Look for {reference} among SelectLine's documents. If it is not there, take the delivery back, which makes it "
        "anew: cloudkasse-etl deliveries retract ID --reason TEXT.",
    ),
    "delivery_discarded": Failure(
        "Transfer document {number} was discarded in SelectLine: {comment}",
        "Correct what the comment says, then take the delivery back, which makes it anew: cloudkasse-etl deliveries "
        "retract ID --reason TEXT.",
    ),
    "delivery_manual_error": Failure(
        "SelectLine could not take transfer document {number} over: {comment}",
        "Correct in SelectLine what the comment says and take it over there. If a setting is wrong, such as "
        "delivery.transfer.salesman, correct it, discard the document in SelectLine, and take the delivery back, which "
        "makes it anew: cloudkasse-etl deliveries retract ID --reason TEXT.",
    ),
    NOT_AS_BOOKED: Failure(
        "The document differs from what is booked here (booked / delivered): {differences:pairs}.",
        "Compare the two before it is taken over in SelectLine; if the books are right, take the delivery back, which "
        "makes it anew: cloudkasse-etl deliveries retract ID --reason TEXT.",
    ),
    WAITS_LONG: Failure(
        "Transfer document {number} has waited in SelectLine to be taken over since {start}.",
        "Take it over in SelectLine, or discard it there.",
    ),
    "delivery_other_tenant": Failure(
        "This was made for tenant '{theirs}', and the settings name '{ours}'; it may be in the former already.",
        "Name '{theirs}' in {setting} once more, so that it can be looked for there; or take the delivery back, "
        "which makes it anew: cloudkasse-etl deliveries retract ID --reason TEXT.",
    ),
    "delivery_undone_elsewhere": Failure(
        "SelectLine's books have deliveries {deliveries} of imports that were undone ({setting}, tenant '{tenant}'), "
        "and the settings of now do not take them back there. What is imported again of them waits.",
        "Set {setting} and this tenant again until cloudkasse-etl deliver has taken them back there.",
    ),
    "delivery_stock_pending": Failure(
        "Receipts wait until all of their stock is booked.",
        "Cure what is rejected of their stock lines; the next delivery has them.",
    ),
}
