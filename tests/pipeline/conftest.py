"""The fixture `program` for the tests of this folder, and what it copies."""

from tests.programs import program, synced_folder

__all__ = ["program", "synced_folder"]
