"""What a delivery would bring into SelectLine, line by line. Nothing is asked of SelectLine, and nothing is stored."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from cloudkasse_etl.config.settings import Configuration
from cloudkasse_etl.i18n.text import Language
from cloudkasse_etl.rejections.rejection import Rejection
from cloudkasse_etl.state.stores.deliveries.delivery_store import Draft
from cloudkasse_etl.sync.deliveries.drafts import drafts_of, undelivered
from cloudkasse_etl.sync.deliveries.readiness import require_delivery
from cloudkasse_etl.sync.dry_run.plan_session import open_plan
from cloudkasse_etl.sync.run.report import rejection_dict


@dataclass(frozen=True)
class DeliveryPlan:
    """A planned delivery.

    Attributes:
        documents: What would be frozen and sent.
        refused: Why other documents would not be.
        waiting: How many receipts wait for their closing, or for the day to end.
        waiting_for_stock: How many wait until their stock is booked.
    """

    documents: Sequence[Draft]
    refused: Sequence[Rejection]
    waiting: int
    waiting_for_stock: int

    def as_dict(self, language: Language) -> dict[str, Any]:
        """The object that `plan deliver --json` prints."""
        return {
            "what": "deliver",
            "documents": [
                {
                    "key": draft.key,
                    "register": draft.register,
                    "day": draft.day.isoformat(),
                    "closing": draft.closing_number,
                    "amount_cents": draft.amount_cents,
                    "currency": draft.currency,
                    "receipts": len(draft.receipts),
                    "lines": lines_of(draft),
                }
                for draft in self.documents
            ],
            "rejections": [rejection_dict(rejection, language) for rejection in self.refused],
            "waiting": {"closing_or_day": self.waiting, "stock": self.waiting_for_stock},
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
    require_delivery(configuration.settings)
    with open_plan(configuration) as session:
        found = undelivered(session)
        documents: list[Draft] = []
        refused: list[Rejection] = []
        for drafts in drafts_of(session, found.groups):
            documents += [draft for draft in drafts.ready if draft.line_count]
            refused += drafts.refused
        return DeliveryPlan(documents, refused, found.waiting, len(found.waiting_for_stock))


def lines_of(draft: Draft) -> list[Mapping[str, Any]]:
    """The positions of a document, as SelectLine would get them."""
    positions: list[Mapping[str, Any]] = orjson.loads(draft.body)["Positions"]
    return positions
