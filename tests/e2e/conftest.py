"""The fixtures `program` and `ui` for the tests of this folder, and what these are made of."""

from tests.support.programs import empty_history, program, synced_folder
from tests.support.servers.ui_server import shared_ui, ui

__all__ = ["empty_history", "program", "shared_ui", "synced_folder", "ui"]
