"""Which articles of SelectLine share a bar code with others: asked of the database, so that few rows are read."""

from collections.abc import Callable, Iterable, Sequence

import sqlalchemy as sa

from cloudkasse_etl.erp.selectline import erp_tables
from cloudkasse_etl.erp.selectline.reader import IN_KEYS, ErpReader

_Spell = Callable[[Sequence[str]], Iterable[str]]


def articles_sharing_codes(reader: ErpReader, numbers: Iterable[str], spelled: _Spell) -> set[str]:
    """Articles, active or not, with the bar code of one of some, whatever blanks and hyphens are written in it.

    Args:
        reader: In its `with` block.
        numbers: Some articles.
        spelled: Of bar codes as SelectLine has them, the spellings without blanks and hyphens to be looked for.
    """
    # by way of the frame, which bears with text that cannot be decoded
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
