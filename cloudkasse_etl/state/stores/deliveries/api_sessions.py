"""Remembers the token of a session with the ERP's API until it is ended, so that one of a killed run can be ended."""

import datetime as dt

import sqlalchemy as sa
from pydantic import SecretStr

from cloudkasse_etl.state.connection import StateConnection
from cloudkasse_etl.state.database.retention import removal

_SYSTEM = "selectline"


class ApiSessions:
    """The session of one company. A token is no password: it is worth nothing once its session is ended."""

    def __init__(self, state: StateConnection) -> None:
        self._state = state
        self._table = state.tables.api_session

    def left(self) -> SecretStr | None:
        """The token of a session that was not ended."""
        with self._state.reading() as connection:
            found = connection.execute(self._table.select().where(self._mine())).one_or_none()
        return None if found is None else SecretStr(found.token)

    def keep(self, token: SecretStr) -> None:
        """Stores the token of the session that has begun, in place of any other."""
        with self._state.transaction() as connection:
            connection.execute(removal(self._table).where(self._mine()))
            connection.execute(
                self._table.insert().values(
                    company=self._state.company,
                    system=_SYSTEM,
                    token=token.get_secret_value(),
                    began_at=dt.datetime.now(dt.UTC),
                    run_id=self._state.run_id,
                )
            )

    def forget(self) -> None:
        """Removes it: the session has ended."""
        with self._state.transaction() as connection:
            connection.execute(removal(self._table).where(self._mine()))

    def _mine(self) -> "sa.ColumnElement[bool]":
        return (self._table.c.company == self._state.company) & (self._table.c.system == _SYSTEM)
