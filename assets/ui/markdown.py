"""Escapes foreign texts (an article's name, an answer of the cloud) for Markdown, so that none is read as markup."""

import re
from collections.abc import Iterable, Sequence

_SIGNS = re.compile(r"[\\|`*\[\]]|(?<![^\W_])_|_(?![^\W_])")


def plain(text: str) -> str:
    """A text made safe for a line or a table's cell."""
    return _SIGNS.sub(r"\\\g<0>", " ".join(text.splitlines())).replace("<", "&lt;")


def markdown_table(heads: Sequence[str], rows: Iterable[Sequence[str]], *, numbers: Sequence[int] = ()) -> str:
    """A table of Markdown.

    Args:
        heads: The columns' headings.
        rows: The cells.
        numbers: The positions of columns with numbers.

    Returns:
        The table.
    """
    rule = ["---:" if at in numbers else "---" for at in range(len(heads))]
    return "\n".join(f"| {' | '.join(map(plain, row))} |" for row in (heads, rule, *rows))
