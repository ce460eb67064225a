"""Fixtures of this folder."""

from tests.dagster_engines import kept_engines
from tests.programs import empty_history, program, synced_folder

__all__ = ["empty_history", "kept_engines", "program", "synced_folder"]
