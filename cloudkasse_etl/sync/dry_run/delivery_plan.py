"""What a delivery would bring into SelectLine, line by line. Nothing is asked of SelectLine, and nothing is stored."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from cloudkasse_etl.config.settings import Configuration
from cloudkasse_etl.i18n.text import Language
from cloudkasse_etl.rejections.rejection import Rejection
from cloudkasse_etl.state.stores.deliveries.delivered_receipts import clearing_of
from cloudkasse_etl.state.stores.deliveries.delivery_store import BATCH, Draft
from cloudkasse_etl.sync.deliveries.draft_maker import Drafts, Undelivered, undelivered
from cloudkasse_etl.sync.deliveries.drafts import drafts_of
from cloudkasse_etl.sync.deliveries.ledger.batch_drafts import batch_drafts
from cloudkasse_etl.sync.deliveries.readiness import require_delivery
from cloudkasse_etl.sync.deliveries.storage.storage_drafts import storage_drafts
from cloudkasse_etl.sync.dry_run.plan_session import open_plan
from cloudkasse_etl.sync.run.report import rejection_dict
from cloudkasse_etl.transform.deliveries.batch_form import postings_of

_NOTHING = Undelivered({}, (), 0)


@dataclass(frozen=True)
class DeliveryPlan:
    """A planned delivery.

    Attributes:
        documents: What would be frozen and sent.
        batches: What would be posted in the ledger.
        refused: Why others would not be.
        waiting: How many receipts wait for their closing, or for the day to end.
        waiting_for_stock: How many wait until their stock is booked.
        left_elsewhere: Of how many SelectLine's books have an undone import that the settings cannot take back there.
    """

    documents: Sequence[Draft]
    batches: Sequence[Draft]
    refused: Sequence[Rejection]
    waiting: int
    waiting_for_stock: int
    left_elsewhere: int

    def as_dict(self, language: Language) -> dict[str, Any]:
        """The object that `plan deliver --json` prints."""
        return {
            "what": "deliver",
            "documents": [_head(draft) | {"lines": lines_of(draft)} for draft in self.documents],
            "batches": [
                _head(draft) | {"clearing_cents": clearing_of(draft.body), "postings": postings_of(draft.body)}
                for draft in self.batches
            ],
            "rejections": [rejection_dict(rejection, language) for rejection in self.refused],
            "waiting": {"closing_or_day": self.waiting, "stock": self.waiting_for_stock, "undone": self.left_elsewhere},
        }


def plan_delivery(configuration: Configuration) -> DeliveryPlan:
    """Finds out what a delivery would send.

    Args:
        configuration: Settings and connections.

    Returns:
        The plan.

    Raises:
        ConfigurationError: Nothing is delivered by the settings.
        CloudkasseError: ERP or our own tables cannot be read.
    """
    settings = configuration.settings
    require_delivery(settings)
    document_drafts = storage_drafts if settings.delivery.has_storages else drafts_of
    with open_plan(configuration) as session:
        documents_as = settings.delivery.documents
        found = _NOTHING if documents_as == "none" else undelivered(session, documents_as)
        to_post = undelivered(session, BATCH) if settings.delivery.has_ledger else _NOTHING
        documents, batches = Drafts(), Drafts()
        for made, all_drafts in (
            (documents, found.drafts(lambda groups, undone: document_drafts(session, groups, undone))),
            (batches, to_post.drafts(lambda groups, undone: batch_drafts(session, groups, undone=undone))),
        ):
            for drafts in all_drafts:
                made.ready += [draft for draft in drafts.ready if draft.line_count]
                made.refused += drafts.refused
        return DeliveryPlan(
            documents.ready,
            batches.ready,
            [*documents.refused, *batches.refused],
            max(found.waiting, to_post.waiting),
            len(found.waiting_for_stock),
            len({left.receipt.receipt_id for left in (*found.elsewhere, *to_post.elsewhere)}),
        )


def _head(draft: Draft) -> dict[str, Any]:
    return {
        "key": draft.key,
        "register": draft.register,
        "day": draft.day.isoformat(),
        "closing": draft.closing_number,
        "amount_cents": draft.amount_cents,
        "currency": draft.currency,
        "receipts": len(draft.receipts),
    }


def lines_of(draft: Draft) -> list[Mapping[str, Any]]:
    """The positions of a document, as SelectLine would get them."""
    positions: list[Mapping[str, Any]] = orjson.loads(draft.body)["Positions"]
    return positions
