"""Tables for the UI, and lists for the page of a check: rows as metadata of a materialisation or check."""

from collections.abc import Mapping, Sequence
from typing import Any

import dagster as dg

from assets.instance.typed_commands import as_typed


def shown_table(names: Sequence[str], rows: Sequence[Sequence[str | int]]) -> dg.MetadataValue[Any]:
    """The rows under their headings; a column has whole numbers if its first row does."""
    rows = [[as_typed(cell) if isinstance(cell, str) else cell for cell in row] for row in rows]
    first = rows[0] if rows else [""] * len(names)
    types = ["int" if isinstance(cell, int) else "string" for cell in first]
    return dg.MetadataValue.table(
        records=[dg.TableRecord(dict(zip(names, row, strict=True))) for row in rows],
        schema=dg.TableSchema(
            columns=[dg.TableColumn(name=name, type=type_) for name, type_ in zip(names, types, strict=True)]
        ),
    )


def shown_list(key: str, texts: Sequence[str], more: str) -> Mapping[str, dg.MetadataValue[Any]]:
    """Texts as metadata of a check, an entry each, in their order: `key_1`, `key_2`.

    A check's page grows as wide as its widest table, a column of which is as wide as the longest setting's name: what
    to do stood beyond the edge of a screen of 1366 pixels. Texts are broken at their spaces there, so that a name
    stays whole to be copied; Markdown would be a button. The page sorts by key.

    Args:
        key: What the keys begin with.
        texts: The texts.
        more: A note on those that are left out, the last entry; empty where none are.

    Returns:
        Metadata by key.
    """
    texts = [*texts, more] if more else texts
    width = len(str(len(texts)))
    return {f"{key}_{number:0{width}}": dg.MetadataValue.text(as_typed(text)) for number, text in enumerate(texts, 1)}
