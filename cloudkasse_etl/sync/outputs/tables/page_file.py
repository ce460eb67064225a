"""Writes pages to files."""

import os
from pathlib import Path

from cloudkasse_etl.errors import unwritable_file


def write_page_file(path: Path, page: str) -> None:
    """Writes a page; the file appears in one piece.

    Raises:
        ConfigurationError: The file cannot be written.
    """
    temporary = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        temporary.write_text(page, encoding="utf-8", errors="replace", newline="\n")
        temporary.replace(path)
    except OSError as error:
        raise unwritable_file(path, error) from error
    finally:
        if temporary.is_file():
            temporary.unlink()
