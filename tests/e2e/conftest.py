"""The fixtures `program` and `ui` for the tests of this folder, and what these are made of."""

from tests.e2e.ui_server import shared_ui, ui
from tests.support.programs import empty_history, program, synced_folder

__all__ = ["empty_history", "program", "shared_ui", "synced_folder", "ui"]
