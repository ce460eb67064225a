"""Tables for the UI: rows as metadata of a materialisation or check."""

from collections.abc import Sequence
from typing import Any

import dagster as dg


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
