"""Tables for the UI: rows as metadata of a materialisation or check."""

import re
from collections.abc import Sequence
from typing import Any

import dagster as dg

# Longer words do not fit three to a row of an asset's page; the names of settings are.
_LONGEST_WORD = 12
_LONG = re.compile(rf"\S{{{_LONGEST_WORD + 1},}}")
_BREAK = "\N{ZERO WIDTH SPACE}"


def breakable(text: str) -> str:
    """A text whose long words, such as the names of settings, may be broken after a dot, a dash or the like.

    A browser finds the word nevertheless, as it ignores what has no width.
    """
    return _LONG.sub(lambda found: re.sub(r"(?<=[\w)])([._|/\-])(?=\w)", rf"\1{_BREAK}", found[0]), text)


def narrow_table(names: Sequence[str], rows: Sequence[Sequence[str | int]]) -> dg.MetadataValue[Any]:
    """A table for an asset's page: long words may be broken."""
    return shown_table(names, [[breakable(cell) if isinstance(cell, str) else cell for cell in row] for row in rows])


def shown_table(names: Sequence[str], rows: Sequence[Sequence[str | int]]) -> dg.MetadataValue[Any]:
    """The rows under their headings; a column has whole numbers if its first row does."""
    first = rows[0] if rows else [""] * len(names)
    types = ["int" if isinstance(cell, int) else "string" for cell in first]
    return dg.MetadataValue.table(
        records=[dg.TableRecord(dict(zip(names, row, strict=True))) for row in rows],
        schema=dg.TableSchema(
            columns=[dg.TableColumn(name=name, type=type_) for name, type_ in zip(names, types, strict=True)]
        ),
    )
