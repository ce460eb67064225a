"""Conversion between units of quantity in exact fractions: metric units, and the spellings of a piece. Pure.

SelectLine's price quantity unit (ART.Preismengeneinheit) is not converted: its factor is an average for quotations
(a cheese kept in pieces and priced by weight), and stock is kept in both units there.
"""

import unicodedata
from fractions import Fraction
from functools import lru_cache
from typing import Final

# Each kind of quantity with its units, by how much of the first one they are. Spelled as `_plain` leaves them: lower
# case, no blanks and dots. The short codes like kgm are those of UN/ECE recommendation 20, which scales write.
_SIZES: Final[dict[str, dict[Fraction, str]]] = {
    "piece": {
        Fraction(1): "stk stck st stück stueck stücke stuecke pcs pc pce piece pieces ea each h87 c62",
    },
    "mass": {
        Fraction(1): "g gr gramm gram grams grm",
        Fraction(1, 1000): "mg milligramm mgm",
        Fraction(10): "dag dkg deka dekagramm",
        Fraction(1000): "kg kilo kilogramm kilogram kgm",
        Fraction(1_000_000): "t to tonne tonnen tne",
    },
    "volume": {
        Fraction(1): "ml milliliter mlt ccm cm3",
        Fraction(10): "cl zentiliter centiliter clt",
        Fraction(100): "dl deziliter deciliter dlt",
        Fraction(1000): "l ltr liter litre liters dm3",
        Fraction(100_000): "hl hektoliter hectoliter hlt",
        Fraction(1_000_000): "m3 cbm kubikmeter mtq",
    },
    "length": {
        Fraction(1): "mm millimeter mmt",
        Fraction(10): "cm zentimeter centimeter cmt",
        Fraction(100): "dm dezimeter decimeter dmt",
        Fraction(1000): "m mtr meter metre lfm lfdm laufmeter",
        Fraction(1_000_000): "km kilometer kmt",
    },
    "area": {
        Fraction(1): "mm2 qmm",
        Fraction(100): "cm2 qcm",
        Fraction(10_000): "dm2 qdm",
        Fraction(1_000_000): "m2 qm sqm quadratmeter mtk",
    },
    "time": {
        Fraction(1): "s sek sec sekunde sekunden",
        Fraction(60): "min minute minuten",
        Fraction(3600): "h std stunde stunden hur",
    },
}
_KNOWN: Final = {
    spelling: (kind, size)
    for kind, sizes in _SIZES.items()
    for size, spellings in sizes.items()
    for spelling in spellings.split()
}
# Ambiguous in capitals (T: a day, M: a month, S: a size), so they are treated as unknown.
_LOWER_CASE_ONLY: Final = frozenset("tmsh")


@lru_cache(maxsize=1024)
def ratio(unit: str, other: str) -> Fraction | None:
    """How many of another unit one unit is, exactly; None where that is not known.

    Two spellings that differ in case, dots and blanks alone are one unit, known or not.
    """
    mine, others = _plain(unit), _plain(other)
    if mine == others:
        return Fraction(1)
    found, wanted = _known(unit), _known(other)
    if found is None or wanted is None or found[0] != wanted[0]:
        return None
    return found[1] / wanted[1]


def _known(unit: str) -> tuple[str, Fraction] | None:
    spelling = _plain(unit)
    if spelling in _LOWER_CASE_ONLY and not unit.islower():
        return None
    return _KNOWN.get(spelling)


def _plain(unit: str) -> str:
    # m² becomes m2, and a composed umlaut one letter
    return "".join(unicodedata.normalize("NFKC", unit).casefold().replace(".", "").split())
