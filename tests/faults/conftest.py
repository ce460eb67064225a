"""Fixtures of this folder."""

from tests.support.programs import empty_history, program, synced_folder

__all__ = ["empty_history", "program", "synced_folder"]
