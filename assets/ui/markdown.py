"""Escapes foreign texts (an article's name, an answer of the cloud) for Markdown, so that none is read as markup."""

import re

_SIGNS = re.compile(r"[\\|`*\[\]]|(?<![^\W_])_|_(?![^\W_])")


def plain(text: str) -> str:
    """A text made safe for a line or a table's cell."""
    return _SIGNS.sub(r"\\\g<0>", " ".join(text.splitlines())).replace("<", "&lt;")
