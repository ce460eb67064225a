"""Prints the differences between CloudKasse and SelectLine for `check --cloud`."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from cloudkasse_etl.i18n.text import told_each
from cloudkasse_etl.rejections.rejection import Language

if TYPE_CHECKING:
    from rich.console import Console

    from cloudkasse_etl.sync.comparison.comparison_report import Comparison


def print_comparisons(out: "Console", found: "Sequence[Comparison]", language: Language) -> None:
    """Prints a sentence for each kind of record, and its first differences in a table.

    Args:
        out: The console.
        found: The comparisons.
        language: The language of the texts.
    """
    from rich.markup import escape
    from rich.table import Table

    from cloudkasse_etl.sync.comparison.comparison_report import COLUMNS

    for comparison in found:
        colour = "green" if comparison.is_equal else "yellow"
        out.print(f"[{colour}]{escape(comparison.sentence(language))}[/]")
        if comparison.is_equal:
            continue
        table = Table(box=None, pad_edge=False, header_style="dim")
        for name in told_each(COLUMNS, language):
            table.add_column(name)
        for row in comparison.rows(language):
            table.add_row(*map(escape, row))
        out.print(table)
