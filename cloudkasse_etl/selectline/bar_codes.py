"""Which articles of SelectLine share a bar code with others: asked of the database, so that few rows are read."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import sqlalchemy as sa

from cloudkasse_etl.selectline import tables
from cloudkasse_etl.selectline.read import IN_KEYS, ErpReader

_Spell = Callable[[Sequence[str]], Iterable[str]]


def articles_sharing_codes(reader: ErpReader, numbers: Iterable[str], spelled: _Spell) -> set[str]:
    """Articles, active or not, with the bar code of one of some, whatever blanks and hyphens are written in it.

    Args:
        reader: In its `with` block.
        numbers: Some articles.
        spelled: Of bar codes as SelectLine has them, the spellings without blanks and hyphens to be looked for.
    """
    number, code = (reader.column(tables.ARTICLES, name) for name in ("Artikelnummer", "EANNummer"))
    codes = [str(code) for (code,) in _rows(reader, code, number, numbers) if code]
    bare = sa.func.replace(sa.func.replace(code, " ", ""), "-", "")
    return {str(number) for (number,) in _rows(reader, number, bare, spelled(codes))}


def _rows(
    reader: ErpReader,
    wanted: "sa.ColumnElement[Any]",
    key: "sa.ColumnElement[Any]",
    keys: Iterable[str],
) -> Iterable[tuple[Any, ...]]:
    known = sorted(set(keys))
    for start in range(0, len(known), IN_KEYS):
        among = key.in_(known[start : start + IN_KEYS])
        yield from reader.fetch(sa.select(wanted).select_from(tables.ART).where(among), "ART")
