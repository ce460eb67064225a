"""Why deliveries are not in SelectLine yet, or a person has to look at one: stored, and known to be new or the same."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from cloudkasse_etl.erp.selectline_api.selectline_session import UnclearError
from cloudkasse_etl.fingerprint import fingerprint
from cloudkasse_etl.http.peer_answers import RefusedError
from cloudkasse_etl.rejections.rejection import Rejection
from cloudkasse_etl.state.stores.deliveries.delivery_store import Delivery, DeliveryStatus


class Keeps(Protocol):
    """What of our own tables is used here."""

    def move(
        self,
        delivery: Delivery,
        status: DeliveryStatus,
        *,
        remote_id: int | None = None,
        destination: str | None = None,
        rejection: Rejection | None = None,
    ) -> None:
        """Stores the status of a delivery.

        Args:
            delivery: The delivery.
            status: Its status now.
            remote_id: The ERP's id of it, where that is known now.
            destination: The number of the ERP's document, likewise.
            rejection: Why a person has to look.
        """
        ...

    def note(self, delivery: Delivery, remote_id: int | None) -> None:
        """Stores under which id the ERP has one that is not known to be whole there; None where it has it not."""
        ...

    def leave(self, delivery: Delivery, rejection: Rejection) -> None:
        """Stores why one is not there yet."""
        ...


class Problems:
    """The problems of a run's deliveries.

    Args:
        asset: Whose rejections they are.
        store: Deliveries.
        before: The rejections that were open when the run began, by key.
        kind: What the codes of what all targets have in common begin with.

    Attributes:
        refused: Keys of those that are refused now, and were not before.
    """

    def __init__(self, asset: str, store: Keeps, before: Mapping[str, Rejection], *, kind: str = "delivery") -> None:
        self._asset, self._store, self._before, self._kind = asset, store, before, kind
        self._repeated: set[str] = set()
        self.refused: set[str] = set()

    def may_repeat(self, delivery: Delivery, error: UnclearError) -> bool:
        """Whether a write that has left nothing may be sent once more at once, in another session.

        Args:
            delivery: The delivery.
            error: What came of the write.

        Returns:
            Whether it may; only once for a delivery.

        Raises:
            AuthorizationError: It was sent once more already: the right is missing, for any other delivery too.
        """
        if not error.may_repeat:
            return False
        if delivery.key in self._repeated:
            raise error.cause from error
        self._repeated.add(delivery.key)
        return True

    def unclear(self, delivery: Delivery, message: str = "") -> None:
        """Stores that it is not known whether a delivery is there."""
        self.leave(delivery, f"{self._kind}_unclear", {"message": message or "-"})

    def refused_by(self, delivery: Delivery, error: RefusedError) -> None:
        """Stores that the API has refused a delivery."""
        detail = {"status": str(error.status), "code": error.code or "", "message": error.detail or error.message}
        self.leave(delivery, f"{self._kind}_refused", detail)

    def leave(self, delivery: Delivery, code: str, detail: Mapping[str, str]) -> None:
        """Stores why a delivery is not there yet; the next run goes on with it.

        Args:
            delivery: The delivery.
            code: Why, by the catalogue.
            detail: The values of its placeholders.
        """
        self._store.leave(delivery, self._rejection(delivery, code, detail))

    def look(
        self,
        delivery: Delivery,
        code: str,
        detail: Mapping[str, str],
        *,
        status: DeliveryStatus = DeliveryStatus.ERROR,
        number: int | None = None,
    ) -> None:
        """Stores that a person has to look at a delivery.

        Args:
            delivery: The delivery.
            code: Why, by the catalogue.
            detail: The values of its placeholders.
            status: Its status now.
            number: The ERP's id of it, where that is known.
        """
        rejection = self._rejection(delivery, code, detail)
        if delivery.status is status and rejection.key not in self.refused:
            return  # as it was
        self._store.move(delivery, status, remote_id=number, rejection=rejection)

    def _rejection(self, delivery: Delivery, code: str, detail: Mapping[str, str]) -> Rejection:
        content = fingerprint(code, *sorted(detail.items()))
        found = Rejection(self._asset, delivery.key, code, detail, content, record=delivery.called)
        old = self._before.get(delivery.key)
        if old is not None and (old.code, old.content) == (code, content):
            return found.refused_as(old)
        self.refused.add(delivery.key)
        return found


def by_key(rejections: Sequence[Rejection]) -> dict[str, Rejection]:
    """Open rejections by the delivery that they are about."""
    return {rejection.key: rejection for rejection in rejections}
