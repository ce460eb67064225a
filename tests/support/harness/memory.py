"""A folder that is no disk, for what tests write."""

import os
import shutil
from pathlib import Path

MEMORY = Path("/dev/shm")
ENOUGH_BYTES = 3 * 2**30


def folder_in_memory() -> Path | None:
    """A folder that is no disk, where there is one with room for a PostgreSQL and all worlds of a session."""
    is_there = MEMORY.is_dir() and os.access(MEMORY, os.W_OK)
    return MEMORY if is_there and shutil.disk_usage(MEMORY).free > ENOUGH_BYTES else None
