"""Codes for stock movements that are not brought into SelectLine, or that a person has to look at."""

from typing import Final

from cloudkasse_etl.rejections.catalogue.entry import Failure

STOCK_SHORT: Final = "storage_stock_short"
NOT_AS_MOVED: Final = "storage_not_as_moved"

TEXTS: dict[str, Failure] = {
    STOCK_SHORT: Failure(
        "SelectLine has less in stock than was sold, and its Web API takes no stock below zero: {articles}.",
        "Correct the stock in SelectLine, or book the goods that came in; the next delivery tries it again: "
        "cloudkasse-etl deliver. All else of the document has gone.",
    ),
    "storage_number_taken": Failure(
        "SelectLine has a manual storage {number} that is not ours.",
        "Take the delivery back, which makes it anew with another number: cloudkasse-etl deliveries retract ID "
        "--reason TEXT. If it comes again, choose another delivery.storage.number_prefix in cloudkasse.yaml.",
    ),
    "storage_differs": Failure(
        "Manual storage {number} in SelectLine differs from what was sent, and could not be deleted.",
        "Compare the two. Delete it in SelectLine if it is wrong, then take the delivery back, which makes it anew: "
        "cloudkasse-etl deliveries retract ID --reason TEXT.",
    ),
    NOT_AS_MOVED: Failure(
        "What was delivered differs from the stock movements here (booked / delivered): {differences:pairs}.",
        "Compare the two in SelectLine; if the movements here are right, take the delivery back, which makes it anew: "
        "cloudkasse-etl deliveries retract ID --reason TEXT.",
    ),
}
