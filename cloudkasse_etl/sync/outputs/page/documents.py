"""The page's tables of the documents and batches that were delivered into SelectLine last."""

from collections import Counter
from collections.abc import Sequence

from cloudkasse_etl.i18n import formats
from cloudkasse_etl.i18n.text import Language, joined, rendered, rendered_each, say, say_as, say_count
from cloudkasse_etl.state.stores.deliveries.delivered_receipts import ListedDocument
from cloudkasse_etl.state.stores.deliveries.delivery_store import BATCH, STATUS_WORDS
from cloudkasse_etl.sync.outputs.page.view import Row, Section

SHOWN = 40
_HEADS = (
    say("day"),
    say("receipts"),
    say("total"),
    say("status"),
)


def documents_section(documents: Sequence[ListedDocument], language: Language) -> Section | None:
    """Documents or batches, newest first, each with the number by which it is found in SelectLine.

    Args:
        documents: All of one of the two.
        language: The language of the page.

    Returns:
        The table; None where nothing was delivered.
    """
    if not documents:
        return None
    statuses = Counter(STATUS_WORDS[one.document.status] for one in documents)
    parts = [
        say("{count} {status}", count=formats.count(count, language), status=word) for word, count in statuses.items()
    ]
    whole = say_count("The last document", "The last {count:,} documents", count=len(documents))
    name, what = say("In SelectLine"), say_as("column", "document")
    if documents[0].document.target == BATCH:
        whole = say_count("The last batch", "The last {count:,} batches", count=len(documents))
        name, what = say("In SelectLine's ledger"), say("batch")
    return Section(
        name=name.render(language),
        finding=say("{receipts}: {parts}", receipts=whole, parts=joined(", ", parts)).render(language),
        heads=rendered_each((what, *_HEADS), language),
        rows=[_row(one, language) for one in documents],
    )


def _row(one: ListedDocument, language: Language) -> Row:
    document = one.document
    number = document.number or (document.transfer_document and str(document.transfer_document)) or "–"
    made_of = say("Register {register}", register=formats.clean(one.register, 40))
    if one.closing_number is not None:
        made_of = say("Register {register}, closing {number}", register=one.register, number=one.closing_number)
    return Row(
        formats.clean(number, 40),
        (
            formats.day_in_figures(one.day, language),
            formats.count(one.receipts, language),
            formats.money(one.amount_cents, one.currency, language),
            rendered(STATUS_WORDS[document.status], language),
        ),
        note=made_of.render(language),
    )
