"""Column charts as inline SVG, drawn by matplotlib without a display. Only our own numbers and words go in here.

Foreign texts (articles, causes) never do: matplotlib would read `$` as mathematics and measure letters that its font
lacks. They stand in tables with bars, which also need no second version for a phone.
"""

import io
import logging
import re
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

# Colours are the page's variables, so that one drawing serves light, dark and paper; matplotlib wants real ones.
_BAR, _BEST, _INK, _LINE = "#010101", "#020202", "#030303", "#040404"
_VARIABLES = {_BAR: "var(--bar)", _BEST: "var(--best)", _INK: "var(--muted)", _LINE: "var(--line)"}
_POINTS_TO_PIXELS = 72
# Width and height in pixels, and what a label is wide: a phone's chart has larger letters for its size.
SIZES = {"wide": (640, 300), "narrow": (350, 250)}


@dataclass(frozen=True)
class Column:
    """A column: its value in cents, the label below it ("" for none), the label above it where it has one."""

    cents: int
    label: str
    value: str = ""


def column_chart(columns: Sequence[Column], *, title: str, x_label: str, y_label: str, thousands: str) -> Markup:
    """A column chart in two sizes, of which the page's style shows one.

    Args:
        columns: From left to right.
        title: What a screen reader says instead of the picture.
        x_label: What the columns are.
        y_label: What their height is, with its unit.
        thousands: The mark between thousands.
    """
    drawn = [
        Markup('<div class="{}">{}</div>').format(size, _draw(columns, size, title, x_label, y_label, thousands))
        for size in SIZES
    ]
    return Markup("").join(drawn)


def _draw(columns: Sequence[Column], size: str, title: str, x_label: str, y_label: str, thousands: str) -> Markup:
    # its first start builds a list of fonts, which it tells on standard error
    logging.getLogger("matplotlib").setLevel(logging.ERROR)
    import matplotlib as mpl
    from matplotlib.figure import Figure
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    width, height = SIZES[size]
    values = [column.cents / 100 for column in columns]  # for the eye: nothing is summed up here
    best = max(range(len(columns)), key=lambda at: columns[at].cents)
    with mpl.rc_context({"svg.fonttype": "none", "text.parse_math": False, "font.size": 12.0}):
        figure = Figure(figsize=(width / _POINTS_TO_PIXELS, height / _POINTS_TO_PIXELS), layout="constrained")
        figure.patch.set_visible(False)
        axes = figure.subplots()
        axes.patch.set_visible(False)
        bars = axes.bar(range(len(columns)), values, width=0.75, color=_BAR)
        bars[best].set_facecolor(_BEST)
        for bar in bars:
            bar.set_clip_on(False)
        for spine in axes.spines.values():
            spine.set_visible(False)
        axes.grid(axis="y", color=_LINE, linewidth=1, clip_on=False)
        axes.set_axisbelow(True)
        axes.axhline(0, color=_INK, linewidth=1, clip_on=False)
        axes.yaxis.set_major_locator(MaxNLocator(4, steps=[1, 2, 2.5, 5, 10]))
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: _whole(value, thousands)))
        shown = [at for at, column in enumerate(columns) if column.label]
        axes.set_xticks(shown, [columns[at].label for at in shown])
        axes.tick_params(length=0, labelcolor=_INK)
        axes.set_xlabel(x_label, color=_INK)
        axes.set_ylabel(y_label, color=_INK)
        # a single column must not fill the whole width
        spare = max(0.0, (6 - len(columns)) / 2)
        axes.set_xlim(-0.6 - spare, len(columns) - 0.4 + spare)
        low, high = min(0.0, *values), max(0.0, *values)
        axes.set_ylim(low - 0.12 * (high - low) * (low < 0) or low, (high + 0.12 * (high - low)) or 1)
        for at, column in enumerate(columns):
            if column.value:
                place = "bottom" if values[at] >= 0 else "top"
                axes.annotate(
                    column.value, (at, values[at]), (0, 3 if values[at] >= 0 else -3), textcoords="offset points",
                    ha="center", va=place, color=_INK, annotation_clip=False,
                )  # fmt: skip
        out = io.StringIO()
        figure.savefig(out, format="svg", metadata=dict.fromkeys(("Date", "Creator", "Format", "Type")))
    return _inline(out.getvalue(), title)


def _inline(svg: str, title: str) -> Markup:
    """A drawing as part of a page: no header, no ids (two drawings would share them), the page's colours and font."""
    body = svg[svg.index("<svg") :]
    body = re.sub(r"<defs>\s*<style.*?</style>\s*</defs>", "", body, flags=re.DOTALL)
    body = re.sub(r'\s(?:id|width|height|xmlns|xmlns:xlink|version)="[^"]*"', "", body)
    body = re.sub(r"font-family: [^;\"]*; ", "", body)  # the page's own; its letters are narrower than matplotlib's
    for colour, variable in _VARIABLES.items():
        body = body.replace(colour, variable)
    body = re.sub(r"<!--.*?-->|\n", " ", body, flags=re.DOTALL)
    body = re.sub(r" {2,}", " ", body)
    head = Markup('<svg role="img" aria-label="{}"').format(title)
    return head + Markup(body.removeprefix("<svg"))


def _whole(value: float, thousands: str) -> str:
    return f"{value:,.0f}".replace(",", thousands).replace("-", "\N{MINUS SIGN}")
