"""Computes the geometry of a column chart: positions of bars, lines and labels. Drawn by chart.svg.j2.

The template escapes each text, and its colours are the page's, so that one drawing serves light, dark and paper.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from cloudkasse_etl.i18n import formats
from cloudkasse_etl.i18n.messages import Language

# Width and height in the drawing's own units; a phone's chart has larger letters for its size.
SIZES = {"wide": (640, 300), "narrow": (350, 250)}
FONT = 12
_LETTER = 7  # the width of a digit, generously
_INTERVALS = 5
_FEWEST = 6  # columns that share the width: a single one must not fill it


@dataclass(frozen=True)
class Column:
    """A column: its value in cents, the label below it ("" for none), the label above it if it has one."""

    cents: int
    label: str
    value: str = ""


@dataclass(frozen=True)
class Bar:
    """A drawn column: its rectangle, and the middle and the texts of its labels."""

    x: float
    y: float
    width: float
    height: float
    is_best: bool
    middle: float
    label: Sequence[str]
    value: str
    value_y: float


@dataclass(frozen=True)
class Drawing:
    """One size of a chart.

    Attributes:
        size: A key of SIZES.
        width, height: The whole drawing.
        left, right, bottom: The edges of the area for the columns.
        zero: The height of 0.
        lines: Height and label of each grid line.
        bars: The columns, from left to right.
    """

    size: str
    width: int
    height: int
    left: float
    right: float
    bottom: float
    zero: float
    lines: Sequence[tuple[float, str]]
    bars: Sequence[Bar]


@dataclass(frozen=True)
class Chart:
    """A column chart in each size, of which the page's style shows one.

    Attributes:
        title: What a screen reader says instead of the picture.
        x_label: What the columns are.
        y_label: What their height is, with its unit.
        drawings: The sizes.
    """

    title: str
    x_label: str
    y_label: str
    drawings: Sequence[Drawing]


def column_chart(columns: Sequence[Column], *, title: str, x_label: str, y_label: str, language: Language) -> Chart:
    """Computes a column chart.

    Args:
        columns: From left to right, at least one.
        title: A text for screen readers instead of the picture.
        x_label: The label of the horizontal axis.
        y_label: The label of the vertical axis, with its unit.
        language: The language in which amounts are written.

    Returns:
        The chart in each size.
    """
    return Chart(title, x_label, y_label, [_drawing(columns, size, language) for size in SIZES])


def _drawing(columns: Sequence[Column], size: str, language: Language) -> Drawing:
    width, height = SIZES[size]
    values = [column.cents for column in columns]
    low, high = min(0, *values), max(0, *values)
    step = _step(high - low)
    ticks = range(step * -(-low // step), high + 1, step)
    labels = [_amount(tick, step, language) for tick in ticks]
    left = 2 * FONT + _LETTER * max(map(len, labels))
    right = width - FONT / 2
    rows = max((column.label.count("\n") + 1 for column in columns), default=1)
    top, bottom = 1.5 * FONT, height - (rows + 1.5) * 1.2 * FONT - (1.2 * FONT if low < 0 else 0)
    scale = (bottom - top) / ((high - low) or 1)

    def at(cents: int) -> float:
        return round(bottom - (cents - low) * scale, 1)

    share = (right - left) / max(_FEWEST, len(columns))
    start = left + (right - left - share * len(columns)) / 2
    best = max(range(len(columns)), key=lambda number: values[number])
    bars = []
    for number, column in enumerate(columns):
        y = min(at(column.cents), at(0))
        end = at(column.cents)
        bars.append(
            Bar(
                x=round(start + share * (number + 0.125), 1),
                y=y,
                width=round(0.75 * share, 1),
                height=round(abs(at(column.cents) - at(0)), 1),
                is_best=number == best,
                middle=round(start + share * (number + 0.5), 1),
                label=column.label.split("\n") if column.label else (),
                value=column.value,
                value_y=round(end - FONT / 3 if column.cents >= 0 else end + FONT, 1),
            )
        )
    lines = [(at(tick), label) for tick, label in zip(ticks, labels, strict=True)]
    below = bottom + (1.2 * FONT if low < 0 else 0)
    return Drawing(size, width, height, left, right, below, at(0), lines, bars)


def _step(span: int) -> int:
    """The distance of the grid lines in cents: 1, 2 or 5 times a power of ten, so that there are few."""
    power = 1
    while True:
        for factor in (1, 2, 5):
            if factor * power * _INTERVALS >= span:
                return factor * power
        power *= 10


def _amount(cents: int, step: int, language: Language) -> str:
    """An amount beside a grid line: whole euros, with cents only if the lines are closer than that."""
    return formats.euros(cents, language) if step % 100 else formats.count(cents // 100, language)
