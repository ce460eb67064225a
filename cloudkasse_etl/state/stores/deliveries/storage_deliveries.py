"""Deliveries of stock alone: numbered one after the other, and taken apart where the ERP has not enough of a thing."""

import datetime as dt

import sqlalchemy as sa

from cloudkasse_etl.state.connection import StateConnection
from cloudkasse_etl.state.stores.deliveries.delivery_store import STORAGE, Deliveries, Delivery, DeliveryStatus, Draft


class StorageDeliveries(Deliveries):
    """Deliveries of one company that move stock alone."""

    def __init__(self, state: StateConnection) -> None:
        super().__init__(state, STORAGE)

    def split(self, delivery: Delivery, body: bytes, line_count: int, part: Draft) -> Delivery:
        """Stores that lines were taken out of a delivery into another one, in one transaction.

        Args:
            delivery: The delivery; nothing of it may be in the ERP.
            body: What is left to be sent.
            line_count: How many lines that are.
            part: The other, which covers no receipts of its own.

        Returns:
            The other.

        Raises:
            AssertionError: The delivery is not intended any more.
        """
        status = DeliveryStatus.INTENDED
        here = (self._table.c.delivery_id == delivery.delivery_id) & (self._table.c.status == str(status))
        now = dt.datetime.now(dt.UTC)
        with self._state.transaction() as connection:
            change = {"body": body, "line_count": line_count, "changed_at": now, "run_id": self._state.run_id}
            if connection.execute(self._table.update().where(here).values(change)).rowcount != 1:
                raise AssertionError(f"Delivery {delivery.delivery_id} cannot be taken apart.")
            number = self._insert(connection, part, now)
            self._rejections.drop(connection, self._asset, [delivery.key])
        made = self.find(number)
        if made is None:
            raise LookupError(f"Delivery {number} is gone.")
        return made

    def newest(self, count: int) -> list[Delivery]:
        """The last ones that count and move something, oldest first."""
        table = self._table
        here = self._mine() & (table.c.line_count > 0) & (table.c.status != str(DeliveryStatus.RETRACTED))
        ids = sa.select(table.c.delivery_id).where(here).order_by(table.c.delivery_id.desc())
        with self._state.reading() as connection:
            found = list(connection.execute(ids.limit(count)).scalars())
        return self._read(self._query(here & (table.c.delivery_id >= found[-1]))) if found else []

    def count(self) -> int:
        """How many deliveries there are, whatever became of them."""
        query = sa.select(sa.func.count()).select_from(self._table).where(self._mine())
        with self._state.reading() as connection:
            return int(connection.execute(query).scalar_one())
