"""Which settings held when: a row for each change, and one for each run. Rows are added and never changed."""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson
import sqlalchemy as sa

from cloudkasse_etl.config.record.setting_values import PROGRAM, Differences, Values, differences, hash_of
from cloudkasse_etl.state.connection import StateConnection
from cloudkasse_etl.state.database.keys import chunks


@dataclass(frozen=True, slots=True)
class SettingsChange:
    """Settings that a run was the first to begin under.

    Attributes:
        number: Counts the changes of a company from 1, the settings that were recorded first.
        settings_hash: Of all values (`setting_values.hash_of`).
        values: All values in force, defaults included.
        differences: What is other than before; of the first, nothing.
        changed_at: When that run began.
        run_id: The run, or the decision of a person.
    """

    number: int
    settings_hash: str
    values: Values
    differences: Differences
    changed_at: dt.datetime
    run_id: str

    @property
    def program(self) -> str:
        """The program's version."""
        return str(self.values[PROGRAM])

    def as_dict(self) -> dict[str, Any]:
        """The change as JSON, for protocols and `settings log --json`."""
        return {
            "number": self.number,
            "changed_at": self.changed_at.isoformat(timespec="seconds"),
            "run_id": self.run_id,
            "hash": self.settings_hash,
            "program": self.program,
            "changes": [
                {"key": key, "before": before, "after": after} for key, (before, after) in self.differences.items()
            ],
        }


class SettingsLog:
    """The settings of one company over time."""

    def __init__(self, state: StateConnection) -> None:
        self._state = state
        self._changes = state.tables.settings_change
        self._runs = state.tables.run_settings

    def record(self, values: Values) -> SettingsChange:
        """Stores that this run begins under these settings; a second call, or one after a death, changes nothing.

        Returns:
            The change that brought them, which is this run's own where no run before had them last.

        Raises:
            LeaseLostError: Another run took the lease.
            StateUnavailableError: Our own tables cannot be written.
        """
        mine, now, run_id = hash_of(values), dt.datetime.now(dt.UTC), self._state.run_id
        with self._state.transaction() as connection:
            found = self._latest(connection)
            if found is None or found.settings_hash != mine:
                changed = differences(found.values, values) if found else {}
                found = SettingsChange(found.number + 1 if found else 1, mine, values, changed, now, run_id)
                connection.execute(
                    self._changes.insert().values(
                        company=self._state.company,
                        change_number=found.number,
                        settings_hash=mine,
                        settings=orjson.dumps(values, option=orjson.OPT_SORT_KEYS).decode(),
                        differences=orjson.dumps(changed).decode(),
                        changed_at=now,
                        run_id=run_id,
                    )
                )
            key = {"company": self._state.company, "run_id": run_id, "change_number": found.number}
            known = sa.select(self._runs.c.run_id).where(*(self._runs.c[name] == value for name, value in key.items()))
            if connection.execute(known).first() is None:
                connection.execute(self._runs.insert().values(**key, settings_hash=mine, began_at=now))
        return found

    def changes(self) -> list[SettingsChange]:
        """All changes, oldest first."""
        with self._state.reading() as connection:
            return [_read(row) for row in connection.execute(self._query().order_by(self._changes.c.change_number))]

    def latest(self) -> SettingsChange | None:
        """The settings of the run that began last; None before the first."""
        with self._state.reading() as connection:
            return self._latest(connection)

    def of_runs(self, run_ids: Iterable[str]) -> Mapping[str, list[int]]:
        """The numbers of the changes under whose settings runs began; runs of older releases are missing."""
        found: dict[str, list[int]] = {}
        table = self._runs
        with self._state.reading() as connection:
            for some in chunks(sorted(set(run_ids))):
                query = sa.select(table.c.run_id, table.c.change_number).where(
                    table.c.company == self._state.company, table.c.run_id.in_(some)
                )
                for run_id, number in connection.execute(query.order_by(table.c.change_number)):
                    found.setdefault(run_id, []).append(number)
        return found

    def _latest(self, connection: sa.Connection) -> SettingsChange | None:
        newest = self._query().order_by(self._changes.c.change_number.desc()).limit(1)
        row = connection.execute(newest).first()
        return None if row is None else _read(row)

    def _query(self) -> "sa.Select[Any]":
        return sa.select(self._changes).where(self._changes.c.company == self._state.company)


def _read(row: Any) -> SettingsChange:
    changed = {key: (before, after) for key, (before, after) in orjson.loads(row.differences).items()}
    return SettingsChange(
        row.change_number, row.settings_hash, orjson.loads(row.settings), changed, row.changed_at, row.run_id
    )
