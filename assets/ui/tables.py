"""Tables for the UI: rows as metadata of a materialisation or check."""

from collections.abc import Sequence
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
