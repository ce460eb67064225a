"""Codes for receipts and closings that are refused on arrival: wrong sums, or broken contract."""

from cloudkasse_etl.rejections.catalogue.entry import Failure, unclear

TEXTS: dict[str, Failure] = {
    "receipt_malformed": Failure(
        "The till's receipt is not as the contract says: {message}",
        "Run again with --retry-rejected, which fetches it anew; if it stays, report it to the till's maker.",
    ),
    "export_unreadable": Failure(
        "The export cannot be read here: {place}: {message}",
        "Have the register or its maker write the export again, and put it in the place of this one; the next "
        "synchronisation reads it. What is no revenue of the shop, or cannot be written again, dismiss with a reason: "
        "cloudkasse-etl receipts dismiss ID --reason TEXT, or closings dismiss REGISTER NUMBER --reason TEXT.",
    ),
    "receipt_conflict": Failure(
        "A receipt with the same id came before, with other content; this one is kept beside it and not booked.",
        "Compare both in the till; correct by hand what the first one booked wrongly, and dismiss this one: "
        "cloudkasse-etl receipts dismiss ID --reason TEXT.",
    ),
    "receipt_kind_unknown": unclear(
        "The kind of receipt '{value}' is unknown.",
    ),
    "receipt_register_unknown": Failure(
        "Register '{value}' is unknown.",
        "Name register '{value}' below registers: in cloudkasse.yaml; the receipt is then checked again by itself.",
    ),
    "receipt_currency": Failure(
        "The receipt is in {value}, the books are kept in {books}.",
        "If MANDANT.Waehrung is wrong, correct it in SelectLine and synchronise: the receipt is then checked again by "
        "itself. Otherwise dismiss the receipt with a reason, and book it by hand.",
    ),
    "books_currency_unknown": Failure(
        "The currency of the books is not known, so nothing can be booked.",
        "Enter it in SelectLine (MANDANT.Waehrung, three letters); with several rows in MANDANT, name one as "
        "database_name below company: in cloudkasse.yaml. The next import tries it again: cloudkasse-etl import.",
    ),
    "receipt_business_case_unknown": unclear(
        "The business case '{value}' is unknown.",
    ),
    "receipt_tender_unknown": unclear(
        "The tender '{value}' is unknown.",
    ),
    "receipt_lines_total": unclear(
        "The lines come to {value:n}, the receipt says {total:n}.",
    ),
    "receipt_payments_total": unclear(
        "The payments come to {value:n}, the receipt says {total:n}.",
    ),
    "receipt_line_tax": unclear(
        "A line of {value:n} gross is not its net plus its tax.",
    ),
    "receipt_tax_rate": unclear(
        "Line {line}: {value:n} gross at {rate:n} % has {tax:n} tax; {expected:n} was expected.",
    ),
    "receipt_block_tax": unclear(
        "The VAT table's block of {value:n} gross is not its net plus its tax.",
    ),
    "receipt_block_double": unclear(
        "The VAT table has {value:n} % twice.",
    ),
    "receipt_vat_gross": unclear(
        "At {rate:n} % the VAT table has {value:n} gross, the lines {total:n}.",
    ),
    "receipt_vat_tax": unclear(
        "At {rate:n} % the VAT table has {value:n} tax, the lines {total:n}: more than rounding.",
    ),
    "business_day_implausible": Failure(
        "Receipt {number} of register {register} is of {day}, but arrived on {arrived}: its clock may be wrong.",
        "Look at the receipt in the till. If the day is right, release it: cloudkasse-etl receipts release ID "
        "--reason TEXT; else dismiss it and book it by hand. How far a day may be off: receipts.days_ahead, "
        "receipts.days_back.",
        holds=True,
    ),
    "closing_malformed": Failure(
        "The till's closing is not as the contract says: {message}",
        "Run again with --retry-rejected, which fetches it anew; if it stays, report it to the till's maker, or "
        "dismiss it: cloudkasse-etl closings dismiss REGISTER NUMBER --reason TEXT.",
    ),
    "closing_conflict": Failure(
        "The closing came a second time with other content; the first one stands.",
        "Compare the closing in the till with the one that was staged; once it is clear, dismiss it: "
        "cloudkasse-etl closings dismiss REGISTER NUMBER --reason TEXT.",
    ),
}
