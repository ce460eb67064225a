"""Our own table of one delivery, as far as it is written, and what a write to SelectLine's Web API may come to."""

from cloudkasse_etl.erp.selectline_api.selectline_session import UnclearError
from cloudkasse_etl.errors import AuthorizationError, NetworkError
from cloudkasse_etl.rejections.rejection import Rejection
from cloudkasse_etl.state.stores.deliveries.delivery_store import MOVES, Delivery, DeliveryStatus

LOST = UnclearError(NetworkError("no answer"))
NO_SESSION = UnclearError(AuthorizationError("no right"), may_repeat=True)


class DeliveryTable:
    """What is stored of the one delivery."""

    def __init__(self) -> None:
        self.status = DeliveryStatus.INTENDED
        self.remote_id: int | None = None
        self.destination: str | None = None
        self.rejection: Rejection | None = None

    def move(
        self,
        delivery: Delivery,
        status: DeliveryStatus,
        *,
        remote_id: int | None = None,
        destination: str | None = None,
        rejection: Rejection | None = None,
    ) -> None:
        """Stores its status, which may follow the one that it has."""
        assert self.status in MOVES[status]
        self.status, self.rejection = status, rejection
        self.remote_id = remote_id or self.remote_id
        self.destination = destination or self.destination

    def note(self, delivery: Delivery, remote_id: int | None) -> None:
        """Stores the ERP's id of it."""
        self.remote_id = remote_id

    def leave(self, delivery: Delivery, rejection: Rejection) -> None:
        """Stores why it is not there yet."""
        self.rejection = rejection

    @property
    def code(self) -> str | None:
        """Why it is not there, or a person has to look."""
        return self.rejection.code if self.rejection else None
