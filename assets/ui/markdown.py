"""Escapes foreign texts (an article's name, an answer of the cloud) for Markdown, so that none is read as markup."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import dagster as dg

from assets.instance.typed_commands import as_typed

_SIGNS = re.compile(r"[\\|`*\[\]]|(?<![^\W_])_|_(?![^\W_])")


def plain(text: str) -> str:
    """A text made safe for a line or a table's cell."""
    return _SIGNS.sub(r"\\\g<0>", " ".join(as_typed(text).splitlines())).replace("<", "&lt;")


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


def entries(key: str, texts: Sequence[str]) -> Mapping[str, dg.MetadataValue[Any]]:
    """Pieces of Markdown as metadata, in their order: `key`, `key_2`, `key_3`."""
    keys = [key, *(f"{key}_{number}" for number in range(2, len(texts) + 1))]
    return {name: dg.MetadataValue.md(text) for name, text in zip(keys, texts, strict=False)}
