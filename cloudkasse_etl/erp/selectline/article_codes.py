"""Finds articles of SelectLine that share a bar code with others; the database searches, so that few rows are read."""

from collections.abc import Callable, Iterable, Sequence

import sqlalchemy as sa

from cloudkasse_etl.erp.selectline import erp_tables
from cloudkasse_etl.erp.selectline.reader import IN_KEYS, ErpReader

_Spell = Callable[[Sequence[str]], Iterable[str]]


def articles_sharing_codes(reader: ErpReader, numbers: Iterable[str], spelled: _Spell) -> set[str]:
    """Articles, active or not, with the bar code of one of these, whatever blanks and hyphens are written in it.

    Args:
        reader: In its `with` block.
        numbers: Numbers of articles.
        spelled: Makes of SelectLine's bar codes the spellings without blanks and hyphens to search for.

    Returns:
        Numbers of articles, the given ones among them.
    """
    # read through the frame, which tolerates text that cannot be decoded
    codes = reader.articles(sorted(numbers)).frame["gtin"].dropna().tolist()
    number, code = (reader.column(erp_tables.ARTICLES, name) for name in ("Artikelnummer", "EANNummer"))
    bare = sa.func.replace(sa.func.replace(code, " ", ""), "-", "")
    found: set[str] = set()
    wanted = sorted(set(spelled(codes)))
    for start in range(0, len(wanted), IN_KEYS):
        among = bare.in_(wanted[start : start + IN_KEYS])
        rows = reader.fetch(sa.select(number).select_from(erp_tables.ART).where(among), "ART")
        found.update(str(number) for (number,) in rows)
    return found
