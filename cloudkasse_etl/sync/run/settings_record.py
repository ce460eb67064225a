"""Records under which settings a run begins, and tells what of them changed: on assets, in history, page and list."""

from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Final

from cloudkasse_etl.config.record.setting_values import shown_value, values_in_force
from cloudkasse_etl.config.settings import Settings
from cloudkasse_etl.i18n.text import Text, joined, say, say_as, say_count
from cloudkasse_etl.state.connection import StateConnection
from cloudkasse_etl.state.stores.settings_log import SettingsChange, SettingsLog

HEADS: Final = (say("setting"), say_as("setting", "before"), say_as("setting", "since then"))
"""The headings of what changed."""
_NAMED = 5


def values_now(settings: Settings) -> Mapping[str, Any]:
    """What is recorded of settings: all values in force, and the program's version."""
    try:
        program = version("cloudkasse-etl")
    except PackageNotFoundError:  # sources that nobody installed: no run may fail by that
        program = "sources"
    return values_in_force(settings, program)


def record_settings(state: StateConnection, settings: Settings) -> SettingsChange:
    """Stores under which settings a run or a person's decision begins; under the lease, idempotent.

    Returns:
        The change that brought these settings.

    Raises:
        LeaseLostError: Another run took the lease.
        StateUnavailableError: Our own tables cannot be written.
    """
    return SettingsLog(state).record(values_now(settings))


def note_of(change: SettingsChange, run_id: str) -> Mapping[str, Any]:
    """What a run's protocol says of its settings.

    Args:
        change: The change that brought them.
        run_id: The run.

    Returns:
        Number and hash, and what had changed, where this run was the first to begin under them.
    """
    noted = change.as_dict()
    return {
        "number": change.number,
        "hash": change.settings_hash,
        "changes": noted["changes"] if change.run_id == run_id else [],
    }


def changed_rows(changes: Sequence[Mapping[str, Any]]) -> list[tuple[str, str, str]]:
    """What changed as rows: path, value before, value after; of the list that `note_of` makes."""
    return [(one["key"], shown_value(one["before"]), shown_value(one["after"])) for one in changes]


def changed_text(keys: Sequence[str]) -> Text:
    """That settings had changed, with the first of them."""
    named: Text = joined(", ", keys[:_NAMED])
    if len(keys) > _NAMED:
        named = say("{named} and {count} more", named=named, count=len(keys) - _NAMED)
    return say_count("One setting had changed: {keys}.", "{count} settings had changed: {keys}.", count=len(keys),
                     keys=named)  # fmt: skip
