"""Foreign texts (an article's name, a cloud's answer) as Markdown shows them: as they are, no markup of their own."""

import re

_SIGNS = re.compile(r"[\\|`*\[\]]|(?<![^\W_])_|_(?![^\W_])")


def plain(text: str) -> str:
    """A text as a line or a table's cell takes it."""
    return _SIGNS.sub(r"\\\g<0>", " ".join(text.splitlines())).replace("<", "&lt;")
