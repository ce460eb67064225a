"""Synchronises SelectLine Auftrag with the till. A library: it never imports Dagster. Rooms: docs/architecture.md.

What a program of your own starts from is named in `__all__`, and is imported when it is first asked for: pandas and
pandera take a second, and `--help` must not.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cloudkasse_etl.config.loading import load
    from cloudkasse_etl.config.settings import Configuration
    from cloudkasse_etl.errors import CloudkasseError
    from cloudkasse_etl.rejections.rejection import Rejection
    from cloudkasse_etl.sync.dry_run.plan import plan
    from cloudkasse_etl.sync.run.context import SyncOptions
    from cloudkasse_etl.sync.run.report import AssetReport, Outcome, RunReport
    from cloudkasse_etl.sync.run.session import SyncSession, open_session

__all__ = [
    "AssetReport",
    "CloudkasseError",
    "Configuration",
    "Outcome",
    "Rejection",
    "RunReport",
    "SyncOptions",
    "SyncSession",
    "load",
    "open_session",
    "plan",
]

_HOMES = {
    "cloudkasse_etl.config.loading": ("load",),
    "cloudkasse_etl.config.settings": ("Configuration",),
    "cloudkasse_etl.errors": ("CloudkasseError",),
    "cloudkasse_etl.rejections.rejection": ("Rejection",),
    "cloudkasse_etl.sync.dry_run.plan": ("plan",),
    "cloudkasse_etl.sync.run.report": ("AssetReport", "Outcome", "RunReport"),
    "cloudkasse_etl.sync.run.context": ("SyncOptions",),
    "cloudkasse_etl.sync.run.session": ("SyncSession", "open_session"),
}


def __getattr__(name: str) -> Any:
    for module, names in _HOMES.items():
        if name in names:
            return getattr(import_module(module), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
