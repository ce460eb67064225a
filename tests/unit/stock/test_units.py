"""Protects what one unit is of another: exact by an oracle of powers of ten, however it is spelled; or unknown."""

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cloudkasse_etl.transform.receipt_frames import flatten
from cloudkasse_etl.transform.stock.movements import move
from cloudkasse_etl.transform.stock.units import ratio
from tests.support.receipts.receipt_factory import ledger, line, receipt

# Made of the prefixes alone: a unit is its kind's base times a power of ten, squared or cubed where it is a power.
PREFIXES = {"m": -3, "c": -2, "d": -1, "": 0, "h": 2, "k": 3}
ORACLE: dict[str, tuple[str, Fraction]] = {
    **{f"{p}g": ("g", Fraction(10) ** PREFIXES[p]) for p in ("m", "", "k")},
    **{f"{p}l": ("l", Fraction(10) ** PREFIXES[p]) for p in ("m", "c", "d", "", "h")},
    **{f"{p}m": ("m", Fraction(10) ** PREFIXES[p]) for p in ("m", "c", "d", "", "k")},
    **{f"{p}m²": ("m²", Fraction(10) ** (2 * PREFIXES[p])) for p in ("m", "c", "d", "")},
    **{f"{p}m³": ("l", 1000 * Fraction(10) ** (3 * PREFIXES[p])) for p in ("c", "d", "")},
    "t": ("g", Fraction(10) ** 6),
    "dag": ("g", Fraction(10)),
    "s": ("s", Fraction(1)),
    "min": ("s", Fraction(60)),
    "h": ("s", Fraction(60 * 60)),
    "Stk": ("piece", Fraction(1)),
    "Stück": ("piece", Fraction(1)),
    "St.": ("piece", Fraction(1)),
    "pcs": ("piece", Fraction(1)),
}
UNITS = st.sampled_from(sorted(ORACLE))


@settings(max_examples=300)
@given(UNITS, UNITS)
def test_what_one_unit_is_of_another_is_a_power_of_ten_of_the_same_kind_or_unknown(one: str, other: str) -> None:
    (kind, size), (other_kind, other_size) = ORACLE[one], ORACLE[other]
    assert ratio(one, other) == (size / other_size if kind == other_kind else None)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("KG", "kg"), ("k g", "kg"), ("Kg.", "kg"), ("GRM", "g"), ("KGM", "kg"), ("Liter", "l"), ("L", "l"),
        ("STÜCK", "stk"), ("Stu\u0308ck", "Stück"), ("C62", "H87"), ("EA", "Stk"), ("lfd. m", "LFDM"), ("m2", "m²"),
        ("qm", "m²"), ("cbm", "m³"), ("ccm", "ml"), ("Std.", "h"), ("Kiste", "kiste"), ("T", "t"), ("Fl.", "FL"),
    ],
)  # fmt: skip
def test_spellings_of_one_unit_are_one_unit(one: str, other: str) -> None:
    assert ratio(one, other) == ratio(other, one) == 1


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("T", "kg"),
        ("M", "cm"),
        ("S", "min"),
        ("H", "min"),
        ("Pfd", "kg"),
        ("Kiste", "Stk"),
        ("Paar", "Stk"),
        ("%", "g"),
    ],
)
def test_what_means_several_things_is_not_converted(one: str, other: str) -> None:
    assert ratio(one, other) is ratio(other, one) is None


def rounded(value: Fraction) -> int:
    """Half away from zero, spelled differently than the program does."""
    whole, rest = divmod(abs(value), 1)
    return (int(whole) + (rest >= Fraction(1, 2))) * (1 if value >= 0 else -1)


@settings(max_examples=150)
@given(st.lists(st.tuples(UNITS, UNITS, st.integers(-(10**9), 10**9).filter(bool)), min_size=1, max_size=8))
def test_lines_in_any_units_move_what_the_oracle_says_or_are_refused_by_name(found: list[tuple[str, str, int]]) -> None:
    articles = {f"A-{own}": {"unit": own} for _, own, _ in found}
    lines = []
    for unit, own, milli in found:
        digits = f"{'-' if milli < 0 else ''}{abs(milli) // 1000}.{abs(milli) % 1000:03d}"
        lines.append(line(gross=1190 if milli > 0 else -1190, article=f"A-{own}", unit=unit, quantity=digits))
    movements, rejections = move(flatten([receipt(*lines)]), ledger(articles))
    codes = {int(rejection.key.split("|")[1]): rejection.code for rejection in rejections}
    moved = dict(zip(movements["line_number"].tolist(), movements["quantity_milli"].tolist(), strict=True))
    for number, (unit, own, milli) in enumerate(found, 1):
        (kind, size), (own_kind, own_size) = ORACLE[unit], ORACLE[own]
        if kind != own_kind:
            assert codes[number] == "stock_unit_unknown"
            continue
        expected = rounded(-milli * size / own_size)
        if expected == 0:
            assert codes[number] == "stock_quantity_too_small"
        elif abs(expected) > 10**18:
            assert codes[number] == "stock_quantity_too_large"
        else:
            assert moved[number] == expected
    assert moved.keys() | codes.keys() == set(range(1, len(found) + 1))
    assert not moved.keys() & codes.keys()
