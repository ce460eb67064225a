"""The fixture `program` for the tests of this folder, and what it copies."""

from tests.dagster_engines import kept_engines
from tests.programs import empty_history, program, synced_folder

__all__ = ["empty_history", "kept_engines", "program", "synced_folder"]
