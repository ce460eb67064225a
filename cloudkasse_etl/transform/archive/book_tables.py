"""The archive's tables of the books: postings, stock movements, deliveries, files for DATEV, decisions, rejections."""

from cloudkasse_etl.i18n.text import say
from cloudkasse_etl.transform.archive.archive_table import ArchiveTable, Column, Form, Reference

_POSTING_ID = Column("posting_id", Form.TEXT, say("Key of the posting"))
_RECEIPT_ID = Column("receipt_id", Form.TEXT, say("Id of the receipt"))
_REGISTER = Column("register", Form.TEXT, say("Number of the register"))
_RUN_ID = Column("run_id", Form.TEXT, say("The run that wrote it"))
_CURRENCY = Column("currency", Form.TEXT, say("Currency"))
_FILE_NUMBER = Column("file_number", Form.WHOLE, say("Number of the file for DATEV"))
_DELIVERY_ID = Column("delivery_id", Form.WHOLE, say("Number of the delivery"))
_TARGET = Column("target", Form.TEXT, say("What it is in SelectLine: transfer, storage or batch"))
_OF_RECEIPT = Reference(("receipt_id",), "receipt")
_OF_DELIVERY = Reference(("delivery_id",), "delivery")

_OF_A_GENERATION = (
    Column("generation", Form.WHOLE, say("The how manieth import of the receipt booked it, from 1")),
    Column("corrects", Form.TEXT, say("Of a counter-entry: key of the row that it takes back")),
    Column("reason", Form.TEXT, say("Of a counter-entry: why")),
)

POSTING = ArchiveTable(
    "posting",
    say("Postings; those of a receipt sum to 0"),
    (_POSTING_ID,),
    (
        _RECEIPT_ID,
        _REGISTER,
        Column("receipt_number", Form.WHOLE, say("Number of the receipt")),
        Column("posting_date", Form.DAY, say("Day of the posting: the business day, or the first open one after it")),
        Column("document_number", Form.TEXT, say("Number of the document")),
        Column("account", Form.TEXT, say("Account")),
        Column("amount", Form.CENTS, say("Gross amount; debit positive, credit negative"), "amount_cents"),
        _CURRENCY,
        Column("tax_code", Form.TEXT, say("SelectLine's tax code; empty without VAT")),
        Column("vat_rate", Form.RATE, say("VAT rate in percent; empty without VAT")),
        Column("tax", Form.CENTS, say("The VAT in the amount"), "tax_cents"),
        Column("business_case", Form.TEXT, say("Business case, DSFinV-K's code (GV_TYP)")),
        Column("tender", Form.TEXT, say("Tender, DSFinV-K's code (ZAHLART_TYP)")),
        Column("text", Form.TEXT, say("Text")),
        Column("flag", Form.TEXT, say("closed_period: booked on the first open day; review: to be looked at")),
        _RUN_ID,
        *_OF_A_GENERATION,
    ),
    (_OF_RECEIPT,),
    "amount",
    "currency",
)
MOVEMENT = ArchiveTable(
    "stock_movement",
    say("Stock movements"),
    (Column("movement_id", Form.TEXT, say("Key of the stock movement")),),
    (
        _RECEIPT_ID,
        Column("line_number", Form.WHOLE, say("Number of the line")),
        _REGISTER,
        Column("movement_date", Form.DAY, say("Day of the movement")),
        Column("article", Form.TEXT, say("Article number")),
        Column("warehouse", Form.TEXT, say("Warehouse")),
        Column("quantity", Form.MILLI, say("Quantity in the article's own unit; negative is out"), "quantity_milli"),
        Column("unit", Form.TEXT, say("Unit")),
        _RUN_ID,
        Column("serial", Form.TEXT, say("Serial number or batch")),
        *_OF_A_GENERATION,
    ),
    (_OF_RECEIPT,),
    "quantity",
    "unit",
)
DELIVERY = ArchiveTable(
    "delivery",
    say("Deliveries into SelectLine, and what became of each"),
    (_DELIVERY_ID,),
    (
        _TARGET,
        Column("record_key", Form.TEXT, say("The number by which it is found in SelectLine")),
        Column("grain", Form.TEXT, say("What it is made of: closing, day or receipt")),
        _REGISTER,
        Column("place", Form.TEXT, say("Which closing, day or receipt")),
        Column("generation", Form.WHOLE, say("Which one of that place, from 1")),
        Column("day", Form.DAY, say("Day of the document")),
        Column("closing_number", Form.WHOLE, say("Number of the closing (Z number)")),
        Column("status", Form.TEXT, say("intended, delivered, assumed, discarded, error, retracted")),
        Column("remote_id", Form.WHOLE, say("SelectLine's id of it")),
        Column("destination", Form.TEXT, say("Number of the document that it became there")),
        _CURRENCY,
        Column("amount", Form.CENTS, say("Amount"), "amount_cents"),
        Column("line_count", Form.WHOLE, say("How many lines")),
        Column("created_at", Form.MOMENT, say("When it was made (UTC)")),
        Column("changed_at", Form.MOMENT, say("When its status changed (UTC)")),
        Column("first_run_id", Form.TEXT, say("The run that made it")),
        Column("run_id", Form.TEXT, say("The run that changed its status")),
        Column("tenant", Form.TEXT, say("SelectLine's tenant")),
        Column("year", Form.TEXT, say("SelectLine's fiscal year")),
        Column("carries_sales", Form.FLAG, say("1: the sales of its receipts are in it")),
        Column("encoding", Form.TEXT, say("`text` or `base64`")),
        Column("content", Form.TEXT, say("What was sent, in JSON")),
    ),
    (),
    "amount",
    "currency",
)
DELIVERY_RECEIPT = ArchiveTable(
    "delivery_receipt",
    say("Which receipts each delivery covers"),
    (_DELIVERY_ID, _RECEIPT_ID),
    (
        _TARGET,
        Column("is_live", Form.FLAG, say("1: it counts; 0: it was taken back")),
        Column("generation", Form.WHOLE, say("Of which import of the receipt it is, from 1")),
        Column("is_counter", Form.FLAG, say("1: it takes back what that import booked; 0: it brings that")),
    ),
    (_OF_DELIVERY,),
)
DATEV_FILE = ArchiveTable(
    "datev_file",
    say("Files that were written for DATEV; the files themselves lie in folder datev"),
    (_FILE_NUMBER,),
    (
        Column("name", Form.TEXT, say("Name of the file")),
        Column("first_day", Form.DAY, say("First day")),
        Column("last_day", Form.DAY, say("Last day")),
        _CURRENCY,
        Column("row_count", Form.WHOLE, say("How many rows")),
        Column("debit", Form.CENTS, say("Sum of the amounts"), "debit_cents"),
        Column("content_hash", Form.TEXT, say("SHA-256 of the file")),
        Column("made_at", Form.MOMENT, say("When it was made (UTC)")),
        Column("written_at", Form.MOMENT, say("When it was written (UTC); empty if its export broke off")),
    ),
    (),
    "debit",
    "currency",
)
DATEV_POSTING = ArchiveTable(
    "datev_posting",
    say("Which posting went to DATEV in which row of which file"),
    (_POSTING_ID, Column("repetition", Form.WHOLE, say("1: for the first time; else it was asked for once more"))),
    (_FILE_NUMBER, Column("row_number", Form.WHOLE, say("Row of the file, from 1; 0 where it came to 0"))),
    (Reference(("posting_id",), "posting"), Reference(("file_number",), "datev_file")),
)
DECISION = ArchiveTable(
    "decision",
    say("Decisions of people, and of the program, about receipts, lines, closings and deliveries"),
    (Column("decision_id", Form.WHOLE, say("Number of the decision")),),
    (
        Column("subject", Form.TEXT, say("What it is about: receipt, line, closing, numbers, delivery")),
        Column("record_key", Form.TEXT, say("The record's key")),
        Column("action", Form.TEXT, say("What was decided: dismiss, restore, release, retract, undo")),
        Column("reason", Form.TEXT, say("Why")),
        Column("detail", Form.TEXT, say("What was open until then, as JSON")),
        Column("decided_at", Form.MOMENT, say("When (UTC)")),
        Column("decided_by", Form.TEXT, say("Who")),
        _RUN_ID,
    ),
)
REJECTION = ArchiveTable(
    "rejection",
    say("What was refused and is still open: receipts, stock lines, closings, deliveries"),
    (
        Column("asset", Form.TEXT, say("Where it was refused")),
        Column("record_key", Form.TEXT, say("The record's key")),
        Column("code", Form.TEXT, say("Code of the reason")),
    ),
    (
        Column("text", Form.TEXT, say("What is wrong")),
        Column("cure", Form.TEXT, say("What to do")),
        Column("title", Form.TEXT, say("What it is called")),
        Column("detail", Form.TEXT, say("Details as JSON")),
        Column("content", Form.TEXT, say("Hash of what the refusal depends on")),
        Column("since", Form.MOMENT, say("Since when (UTC)")),
        Column("first_run_id", Form.TEXT, say("The run that refused it first")),
        Column("run_id", Form.TEXT, say("The run that refused it last")),
    ),
)
SETTINGS_CHANGE = ArchiveTable(
    "settings_change",
    say("The settings, each time that they were other than before"),
    (Column("change_number", Form.WHOLE, say("Number of the change; 1 is what was recorded first")),),
    (
        Column("settings_hash", Form.TEXT, say("Hash of the settings")),
        Column("settings", Form.TEXT, say("All of them, without secrets, as JSON")),
        Column("differences", Form.TEXT, say("What was other than before, as JSON: before and after")),
        Column("changed_at", Form.MOMENT, say("When (UTC)")),
        Column("run_id", Form.TEXT, say("The run that was the first under them")),
    ),
)
RUN_SETTINGS = ArchiveTable(
    "run_settings",
    say("Under which settings each run worked that is named in another table"),
    (Column("run_id", Form.TEXT, say("The run")),),
    (
        Column("change_number", Form.WHOLE, say("Number of the change; 1 is what was recorded first")),
        Column("settings_hash", Form.TEXT, say("Hash of the settings")),
        Column("began_at", Form.MOMENT, say("When it began (UTC)")),
    ),
    (Reference(("change_number",), "settings_change"),),
)
OF_BOOKS = (
    POSTING,
    MOVEMENT,
    DELIVERY,
    DELIVERY_RECEIPT,
    DATEV_FILE,
    DATEV_POSTING,
    DECISION,
    REJECTION,
    SETTINGS_CHANGE,
    RUN_SETTINGS,
)
"""Tables that are written one after the other."""
