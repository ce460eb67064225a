"""The archive's tables of receipts and closings: as they came, and as tables that can be evaluated."""

from cloudkasse_etl.i18n.text import say
from cloudkasse_etl.transform.archive.archive_table import ArchiveTable, Column, Form, Reference

_OF_RECEIPT = Reference(("receipt_id",), "receipt")
_OF_CLOSING = Reference(("register", "closing_number"), "closing")
_ENCODINGS = say("`text`, or `base64` where it holds line breaks or bytes that are no UTF-8")


def _receipt_id() -> Column:
    return Column("receipt_id", Form.TEXT, say("The till's id of the receipt, or one of ours where it has none"))


def _position() -> Column:
    return Column("position", Form.WHOLE, say("The place in the receipt or closing, from 1"))


def _register() -> Column:
    return Column("register", Form.TEXT, say("Number of the register"))


def _closing_number() -> Column:
    return Column("closing_number", Form.WHOLE, say("Number of the closing (Z number)"))


def _currency() -> Column:
    return Column("currency", Form.TEXT, say("Currency"))


def _rate() -> Column:
    return Column("vat_rate", Form.RATE, say("VAT rate in percent; empty without VAT"))


def _gross() -> Column:
    return Column("gross", Form.CENTS, say("Gross amount"), "gross_cents")


def _net() -> Column:
    return Column("net", Form.CENTS, say("Net amount"), "net_cents")


def _tax() -> Column:
    return Column("tax", Form.CENTS, say("VAT amount"), "tax_cents")


def _case() -> Column:
    return Column("business_case", Form.TEXT, say("Business case, DSFinV-K's code (GV_TYP)"))


def _tender() -> Column:
    return Column("tender", Form.TEXT, say("Tender, DSFinV-K's code (ZAHLART_TYP)"))


def _hash() -> Column:
    return Column("content_hash", Form.TEXT, say("Hash of the content, by which a second one would be noticed"))


def _staged() -> tuple[Column, Column]:
    return (
        Column("staged_at", Form.MOMENT, say("When it was fetched (UTC)")),
        Column("staged_run_id", Form.TEXT, say("The run that fetched it")),
    )


RECEIPT = ArchiveTable(
    "receipt",
    say("Receipts of every kind, also rejected ones and those without effect, with what became of each"),
    (_receipt_id(),),
    (
        _register(),
        Column("number", Form.WHOLE, say("Number of the receipt")),
        Column("kind", Form.TEXT, say("Kind of receipt, DSFinV-K's code (BON_TYP)")),
        Column("business_day", Form.DAY, say("Business day; empty where it cannot be read")),
        _closing_number(),
        Column("started_at", Form.TEXT, say("Beginning, as it came")),
        Column("ended_at", Form.TEXT, say("End, as it came")),
        Column("total", Form.CENTS, say("Total, gross"), "total_cents"),
        _currency(),
        Column("cancelled", Form.FLAG, say("1: cancelled or broken off at the register")),
        Column("reference_id", Form.TEXT, say("The receipt that this one voids or refers to")),
        Column("employee", Form.TEXT, say("Employee")),
        Column("customer", Form.TEXT, say("Customer")),
        Column("note", Form.TEXT, say("Note")),
        Column("tse", Form.TEXT, say("Data of the security device (TSE), as JSON")),
        Column("status", Form.TEXT, say("staged, imported, rejected, no_effect, before_start, dismissed")),
        Column("refused_by", Form.TEXT, say("Where it was refused")),
        Column("no_effect", Form.TEXT, say("Why it has no effect")),
        Column("stock_pending", Form.FLAG, say("1: stock lines are still to be booked")),
        Column("counts_in_closing", Form.FLAG, say("1: the totals of its closing cover it")),
        Column("came_as", Form.TEXT, say("The id with which it came, where it is kept under one of ours")),
        Column("dismissal", Form.TEXT, say("Why it was dealt with by hand, as earlier releases kept it")),
        _hash(),
        *_staged(),
        Column("imported_at", Form.MOMENT, say("When it was booked (UTC)")),
        Column("imported_run_id", Form.TEXT, say("The run that booked it")),
        Column("generation", Form.WHOLE, say("The how manieth import it is at, from 1: each undo makes one more")),
    ),
    (_OF_CLOSING,),
    "total",
    "currency",
)  # fmt: skip
RECEIPT_CONTENT = ArchiveTable(
    "receipt_content",
    say("Each receipt as it came, in JSON; where the till has a form of its own, in that one too"),
    (
        _receipt_id(),
        Column("form", Form.TEXT, say("`canonical`: the form that is booked; `till`: the till's own form")),
    ),
    (Column("encoding", Form.TEXT, _ENCODINGS), Column("content", Form.TEXT, say("The content"))),
    (_OF_RECEIPT,),
)
RECEIPT_LINE = ArchiveTable(
    "receipt_line",
    say("Lines of the receipts that can be read"),
    (_receipt_id(), _position()),
    (
        Column("line_number", Form.WHOLE, say("Number of the line")),
        _case(),
        Column("article", Form.TEXT, say("Article number")),
        Column("text", Form.TEXT, say("Text")),
        Column("quantity", Form.QUANTITY, say("Quantity")),
        Column("unit", Form.TEXT, say("Unit")),
        Column("unit_price", Form.CENTS, say("Price of a unit, gross"), "unit_price_cents"),
        _gross(),
        _net(),
        _tax(),
        _rate(),
        _currency(),
        Column("cancelled", Form.FLAG, say("1: the line was cancelled during entry and does not count")),
        Column("in_house", Form.FLAG, say("1: consumed on the spot; 0: taken away; empty: not said")),
        Column("serial", Form.TEXT, say("Serial number or batch")),
        Column("voucher", Form.TEXT, say("Voucher")),
        Column("gtin", Form.TEXT, say("GTIN")),
    ),
    (_OF_RECEIPT,),
    "gross",
    "currency",
)
RECEIPT_PAYMENT = ArchiveTable(
    "receipt_payment",
    say("Payments of the receipts that can be read"),
    (_receipt_id(), _position()),
    (
        _tender(),
        Column("name", Form.TEXT, say("Name of the tender")),
        Column("amount", Form.CENTS, say("Amount in its own currency"), "amount_cents"),
        Column("payment_currency", Form.TEXT, say("Its own currency")),
        Column("base_amount", Form.CENTS, say("Amount in the receipt's currency"), "base_amount_cents"),
        _currency(),
    ),
    (_OF_RECEIPT,),
    "base_amount",
    "currency",
)
RECEIPT_VAT = ArchiveTable(
    "receipt_vat",
    say("VAT by rate as it was printed on the receipts"),
    (_receipt_id(), _position()),
    (_rate(), _gross(), _net(), _tax(), _currency()),
    (_OF_RECEIPT,),
    "gross",
    "currency",
)
OF_RECEIPTS = (RECEIPT, RECEIPT_CONTENT, RECEIPT_LINE, RECEIPT_PAYMENT, RECEIPT_VAT)
"""Tables that are written together, receipt by receipt."""
CLOSING = ArchiveTable(
    "closing",
    say("Closings (Z)"),
    (_register(), _closing_number()._replace(source="number")),
    (
        Column("business_day", Form.DAY, say("Business day")),
        Column("first_receipt_number", Form.WHOLE, say("First receipt number")),
        Column("last_receipt_number", Form.WHOLE, say("Last receipt number")),
        Column("receipt_count", Form.WHOLE, say("How many receipts the register counted")),
        Column("created_at", Form.TEXT, say("When the register made it, as it came")),
        Column("verified", Form.FLAG, say("1: found equal to its receipts")),
        _hash(),
        *_staged(),
    ),
)
CLOSING_CONTENT = ArchiveTable(
    "closing_content",
    say("Each closing as it came, in JSON"),
    (_register(), _closing_number()),
    (Column("encoding", Form.TEXT, _ENCODINGS), Column("content", Form.TEXT, say("The content"))),
    (_OF_CLOSING,),
)
CLOSING_TOTAL = ArchiveTable(
    "closing_total",
    say("Totals of the closings by business case and VAT rate, as the register made them"),
    (_register(), _closing_number(), _position()),
    (_case(), _rate(), _gross(), _net(), _tax()),
    (_OF_CLOSING,),
    "gross",
)
CLOSING_TENDER = ArchiveTable(
    "closing_tender",
    say("Totals of the closings by tender, as the register made them"),
    (_register(), _closing_number(), _position()),
    (
        _tender(),
        Column("name", Form.TEXT, say("Name of the tender")),
        Column("amount", Form.CENTS, say("Amount"), "amount_cents"),
    ),
    (_OF_CLOSING,),
    "amount",
)
OF_CLOSINGS = (CLOSING, CLOSING_CONTENT, CLOSING_TOTAL, CLOSING_TENDER)
"""Tables that are written together, closing by closing."""
