"""Fixtures of this folder."""

from tests.programs import program, synced_folder

__all__ = ["program", "synced_folder"]
