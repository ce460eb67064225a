"""The list of deliveries into SelectLine, and what became of each."""

from dataclasses import dataclass
from typing import Any

from cloudkasse_etl.config.settings import Configuration
from cloudkasse_etl.i18n.text import say
from cloudkasse_etl.rejections.rejection import Language, Rejection
from cloudkasse_etl.state.stores.books.decision_log import Decision, Subject
from cloudkasse_etl.state.stores.deliveries.delivered_receipts import clearing_of
from cloudkasse_etl.state.stores.deliveries.delivery_store import (
    ASSETS,
    BATCH,
    TRANSFER,
    Deliveries,
    Delivery,
    DeliveryStatus,
)
from cloudkasse_etl.sync.inputs.own_tables import open_reading

_NOTHING = say("Nothing in it goes to SelectLine, so nothing was sent.")


@dataclass(frozen=True)
class ListedDelivery:
    """A delivery as a list shows it.

    Attributes:
        delivery: The delivery.
        rejections: Why a person has to look.
        decision: By which it was taken back.
    """

    delivery: Delivery
    rejections: tuple[Rejection, ...]
    decision: Decision | None

    def reason(self, language: Language) -> str:
        """Why it is as it is; empty where all is well and something was sent."""
        decided = [self.decision.why(language)] if self.decision else []
        if not self.delivery.line_count:
            decided.append(_NOTHING.render(language))
        return " ".join([*decided, *(f"{_ended(one.text(language))} {one.cure(language)}" for one in self.rejections)])

    def as_dict(self, language: Language) -> dict[str, Any]:
        """The delivery as `deliveries --json` prints it."""
        delivery = self.delivery
        return {
            "id": delivery.delivery_id,
            "target": delivery.target,
            "grain": delivery.grain,
            "key": delivery.key,
            "register": delivery.register,
            "day": delivery.day.isoformat(),
            "closing": delivery.closing_number,
            "generation": delivery.generation,
            "status": str(delivery.status),
            "transfer_document": delivery.remote_id if delivery.target == TRANSFER else None,
            "batch": delivery.remote_id if delivery.target == BATCH else None,
            "clearing_cents": clearing_of(delivery.body) if delivery.target == BATCH else None,
            "destination": delivery.destination,
            "amount_cents": delivery.amount_cents,
            "currency": delivery.currency,
            "lines": delivery.line_count,
            "reason": self.reason(language) or None,
        }


def _ended(text: str) -> str:
    """A text that ends as a sentence does: the last words may be a clerk's."""
    return text if text.endswith((".", "!", "?", "…")) else f"{text}."


def list_deliveries(configuration: Configuration, *, status: str | None = None) -> list[ListedDelivery]:
    """All deliveries, or those of one status, the newest first. May be called while a synchronisation runs.

    Raises:
        StateUnavailableError: Our own tables cannot be reached.
    """
    with open_reading(configuration) as store:
        rejections: dict[tuple[str, str], list[Rejection]] = {}
        for target, asset in ASSETS.items():
            for rejection in store.rejections.of(asset):
                rejections.setdefault((target, rejection.key), []).append(rejection)
        decisions = {decision.key: decision for decision in store.decisions.all(Subject.DELIVERY)}
        statuses = [] if status is None else [DeliveryStatus(status)]
        found = [one for target in ASSETS for one in Deliveries(store.connection, target).all(*statuses)]
        return [
            ListedDelivery(one, tuple(rejections.get((one.target, one.key), ())), decisions.get(str(one.delivery_id)))
            for one in sorted(found, key=lambda one: one.delivery_id, reverse=True)
        ]
