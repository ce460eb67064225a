"""Pages that are a title, notes and tables: HTML without a network or another file, to look at, print and keep."""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from importlib.resources import files

from jinja2 import Environment, StrictUndefined

from cloudkasse_etl.i18n import formats
from cloudkasse_etl.i18n.text import Language, say


@dataclass(frozen=True)
class Section:
    """A table of the page.

    Attributes:
        title: Its heading.
        lead: What it tells, in a sentence or two.
        heads: The headings of its columns.
        rows: Its rows.
        texts: How many columns from the left are texts; the others are numbers.
        total: Its last row, if it has one.
        marks: Numbers of rows to look at, from 0.
        wide: Number of the column, from 1, whose texts may take several lines; 0 for none.
        sums: Numbers of rows that are sums of those above them, from 0.
        is_narrow: Whether it may stand beside another one.
    """

    title: str
    lead: str
    heads: Sequence[str]
    rows: Sequence[Sequence[str]]
    texts: int
    total: Sequence[str] = ()
    marks: frozenset[int] = frozenset()
    wide: int = 0
    sums: frozenset[int] = frozenset()
    is_narrow: bool = False


@dataclass(frozen=True)
class Chapter:
    """A part of the page that begins on a sheet of paper of its own.

    Attributes:
        title: Its heading; empty for none.
        kicker: A line above it.
        figures: What matters most: label and value.
        notes: What a reader has to know first.
        proof: That its sums are right; empty for nothing.
        sections: Its tables; those without rows are left out.
        is_broad: Whether it is printed on paper that lies on its broad side.
    """

    title: str = ""
    kicker: str = ""
    figures: Sequence[tuple[str, str]] = ()
    notes: Sequence[str] = ()
    proof: str = ""
    sections: Sequence[Section] = ()
    is_broad: bool = False

    @property
    def groups(self) -> Iterable[tuple[bool, Sequence[Section]]]:
        """Its tables in order, narrow ones that follow each other together; whether they are narrow, and they."""
        found: list[tuple[bool, list[Section]]] = []
        for section in self.sections:
            if section.rows and found and found[-1][0] and section.is_narrow:
                found[-1][1].append(section)
            elif section.rows:
                found.append((section.is_narrow, [section]))
        return found


def table_page(title: str, kicker: str, chapters: Sequence[Chapter], language: Language, now: dt.datetime) -> str:
    """A page as HTML.

    Args:
        title: Its title.
        kicker: A line above it.
        chapters: Its parts.
        language: Its language.
        now: When it is made, on the shop's clock.

    Returns:
        The HTML.
    """
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    template = environment.from_string(files(__package__).joinpath("table_page.html.j2").read_text(encoding="utf-8"))
    return template.render(
        language=language,
        title=title,
        kicker=kicker,
        chapters=chapters,
        made=say(
            "Made {now} by cloudkasse-etl {version}.",
            now=formats.moment(now, language), version=version("cloudkasse-etl"),
        ).render(language),
    )  # fmt: skip
