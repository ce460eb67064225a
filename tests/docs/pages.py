"""What README.md and the pages of docs/ say: their names in backticks, links, tables, and blocks of code."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
_FENCE = re.compile(r"^( *)```(\w*)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
_SPAN = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
_LINK = re.compile(r"\]\(([^)\s]+)\)")


@dataclass(frozen=True)
class Page:
    """A page of Markdown."""

    path: Path

    def __str__(self) -> str:
        return self.path.relative_to(PROJECT).as_posix()

    @cached_property
    def text(self) -> str:
        """All of it."""
        return self.path.read_text(encoding="utf-8")

    @cached_property
    def prose(self) -> str:
        """All of it but the blocks of code."""
        return _FENCE.sub("", self.text)

    @property
    def names(self) -> list[str]:
        """What stands in backticks, in the order in which it is first said."""
        return list(dict.fromkeys(_SPAN.findall(self.prose)))

    @property
    def links(self) -> list[str]:
        """Where its links and pictures lead."""
        return _LINK.findall(self.prose)

    @property
    def anchors(self) -> set[str]:
        """The fragments by which its headings are linked to."""
        heads = re.findall(r"^#+ (.+)$", self.prose, re.MULTILINE)
        return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}

    def blocks(self, language: str = "") -> list[str]:
        """Its blocks of code in a language; those that name none where none is given."""
        return [
            re.sub(rf"^{at}", "", body, flags=re.M)
            for at, named, body in _FENCE.findall(self.text)
            if named == language
        ]

    def section(self, heading: str) -> str:
        """What stands under a heading, up to the next one as high."""
        level = heading.partition(" ")[0]
        _, found, rest = f"\n{self.text}".partition(f"\n{heading}\n")
        assert found, f"{self} has no heading {heading!r}"
        return re.split(rf"^#{{1,{len(level)}}} ", rest, maxsplit=1, flags=re.MULTILINE)[0]

    def sections(self, level: int = 2) -> dict[str, str]:
        """The headings of a level, and what stands under each."""
        heads = re.findall(rf"^({'#' * level} .+)$", self.prose, re.MULTILINE)
        return {head.lstrip("# "): self.section(head) for head in heads}


def rows(text: str) -> Iterator[list[str]]:
    """The cells of all rows of a text's tables, but for their heads."""
    for table in re.findall(r"^\|.*\n\|[-:| ]+\|\n((?:\|.*\n?)+)", text, re.MULTILINE):
        for line in table.splitlines():
            yield [cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip()[1:-1])]


def pages() -> list[Page]:
    """All pages but the one that `make torture` writes: its names are kept true by a test of its own."""
    found = [PROJECT / "README.md", *sorted((PROJECT / "docs").glob("*.md"))]
    return [Page(path) for path in found if path.name != "promises.md"]
