"""Lists which settings held when, and whether those of the file are recorded already. Writes nothing."""

from dataclasses import dataclass
from typing import Any

from cloudkasse_etl.config.record.setting_values import Differences, differences, hash_of
from cloudkasse_etl.config.settings import Configuration
from cloudkasse_etl.state.stores.settings_log import SettingsChange, SettingsLog
from cloudkasse_etl.sync.inputs.own_tables import open_reading
from cloudkasse_etl.sync.run.settings_record import values_now


@dataclass(frozen=True)
class SettingsHistory:
    """The settings of a company over time.

    Attributes:
        changes: The changes, newest first; the last of them is what was recorded first.
        hash_now: Of the settings that the file has now.
        pending: What the next run will record: what the file has otherwise than the last run had. None where no run was
            recorded yet.
    """

    changes: tuple[SettingsChange, ...]
    hash_now: str
    pending: Differences | None

    def as_dict(self) -> dict[str, Any]:
        """The object that `settings log --json` prints."""
        pending = [{"key": key, "before": old, "after": new} for key, (old, new) in (self.pending or {}).items()]
        return {
            "hash": self.hash_now,
            "pending": None if self.pending is None else pending,
            # what held from the beginning: with it, each change says what held since then
            "changes": [
                change.as_dict() | ({"values": dict(change.values)} if change is self.changes[-1] else {})
                for change in self.changes
            ],
        }


def settings_history(configuration: Configuration) -> SettingsHistory:
    """The changes of the settings, and what the file has that no run has had yet. May be called during a run.

    Raises:
        StateUnavailableError: Our own tables cannot be reached.
    """
    with open_reading(configuration) as store:
        changes = SettingsLog(store.connection).changes()
    now = values_now(configuration.settings)
    pending = differences(changes[-1].values, now) if changes else None
    return SettingsHistory(tuple(reversed(changes)), hash_of(now), pending)
