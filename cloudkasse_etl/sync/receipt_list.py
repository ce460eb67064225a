"""The list of receipts, and marking one as dealt with by hand."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from cloudkasse_etl.errors import ConfigurationError
from cloudkasse_etl.failures import Language, Rejection
from cloudkasse_etl.settings import Configuration
from cloudkasse_etl.state.receipts import ReceiptStore
from cloudkasse_etl.state.targets import IMPORT, STAGING
from cloudkasse_etl.sync.own_tables import open_reading
from cloudkasse_etl.transform.amounts import euros
from cloudkasse_etl.wording import say


@dataclass(frozen=True)
class ListedReceipt:
    """A receipt as a list shows it."""

    receipt_id: str
    register: str | None
    number: int | None
    business_day: dt.date | None
    ended_at: str | None
    total_cents: int | None
    status: str
    dismissal: str | None
    rejections: tuple[Rejection, ...]

    @property
    def total(self) -> str | None:
        """The total as a person writes it."""
        return None if self.total_cents is None else euros(self.total_cents)

    def reason(self, language: Language) -> str:
        """Why it was rejected or dismissed."""
        return self.dismissal or " ".join(rejection.text(language) for rejection in self.rejections)

    def as_dict(self, language: Language) -> dict[str, Any]:
        """The receipt as `receipts --json` prints it."""
        return {
            "receipt_id": self.receipt_id,
            "register": self.register,
            "number": self.number,
            "business_day": self.business_day.isoformat() if self.business_day else None,
            "ended_at": self.ended_at,
            "total_cents": self.total_cents,
            "status": self.status,
            "reason": self.reason(language) or None,
            "codes": [rejection.code for rejection in self.rejections],
        }


def list_receipts(configuration: Configuration, *, status: str | None = None) -> list[ListedReceipt]:
    """All receipts, or those of one status, by register and number. May be asked while a synchronisation runs.

    Raises:
        StateUnavailableError: Our own tables cannot be reached.
    """
    with open_reading(configuration) as store:
        rejections: dict[str, list[Rejection]] = {}
        for asset in (STAGING, IMPORT):
            for rejection in store.rejections(asset):
                rejections.setdefault(rejection.key, []).append(rejection)
        return [
            ListedReceipt(
                receipt_id=row.receipt_id,
                register=row.register,
                number=row.number,
                business_day=row.business_day,
                ended_at=row.ended_at,
                total_cents=row.total_cents,
                status=row.status,
                dismissal=row.dismissal,
                rejections=tuple(rejections.get(row.receipt_id, ())),
            )
            for row in ReceiptStore(store).rows(status)
        ]


def dismiss_receipt(
    configuration: Configuration, receipt_id: str, reason: str, *, run_id: str, started_by: str
) -> None:
    """Marks a staged or rejected receipt as dealt with by hand, with the reason; it is never imported then.

    Raises:
        ConfigurationError: There is no such receipt, or it is imported already, or no reason is given.
        LeaseHeldError: A synchronisation is running.
    """
    from cloudkasse_etl.sync.session import hold_store  # and with it all that a synchronisation needs

    if not reason.strip():
        raise ConfigurationError(say("A receipt is dismissed with a reason only."), hint=say("Give one: --reason '…'."))
    with hold_store(configuration, run_id=run_id, kind="dismiss", started_by=started_by) as store:
        if not ReceiptStore(store).dismiss(receipt_id, reason.strip()):
            raise ConfigurationError(
                say("There is no staged or rejected receipt '{receipt}'.", receipt=receipt_id),
                hint=say("See: cloudkasse-etl receipts."),
            )
