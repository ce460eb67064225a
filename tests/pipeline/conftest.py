"""The fixture `program` for the tests of this folder, and what it copies."""

from tests.support.programs import empty_history, program, synced_folder

__all__ = ["empty_history", "program", "synced_folder"]
