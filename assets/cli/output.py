"""Output of commands: one object for `--json`, tables and sentences for people. Knows nothing of runs or settings."""

import json
import re
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from assets.cli.step_titles import step_title
from assets.instance.typed_commands import PROGRAM, as_typed, shown_path
from cloudkasse_etl.errors import system_reason
from cloudkasse_etl.i18n.formats import counted
from cloudkasse_etl.i18n.text import rendered, say, say_as, say_count
from cloudkasse_etl.rejections.rejection import Language

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

    from cloudkasse_etl.rejections.causes import Cause
    from cloudkasse_etl.sync.run.report import RunReport

OnStep = Callable[[str, int, int], None]
OnProgress = Callable[[str, int], None]
OnRetry = Callable[[str], None]
# A command that is broken over two lines cannot be copied: its blanks are another character while lines are made.
_COMMAND, _GLUE = re.compile(rf"{PROGRAM} [a-z-]+( --demo)?( [a-z-]+)?"), "\ue000"
EXIT_UNFORESEEN = 20
SHOWN_CAUSES = 10
COLOURS = {
    "no_new_data": "green",
    "successful": "green",
    "partially_successful": "yellow",
    "failed": "red",
    "running": "cyan",
    "queued": "cyan",
}
WORDS = {
    "new": say("new"),
    "changed": say("changed"),
    "deactivated": say("retired"),
    "unchanged": say("unchanged"),
    "rejected": say_as("column", "rejected"),
    "still_rejected": say("still rejected"),
    "deferred": say("waiting"),
    "no_new_data": say("nothing new"),
    "successful": say("successful"),
    "partially_successful": say("partially successful"),
    "failed": say("failed"),
    "running": say("running"),
    "queued": say("queued"),
}
CURE = say("What to do:")


def console(*, stderr: bool = False) -> "Console":
    """A console for people; without a terminal it writes plain text and does not cut lines at 80 characters."""
    from rich.console import Console

    plain = Console(stderr=stderr, highlight=False)
    return plain if plain.is_terminal else Console(stderr=stderr, highlight=False, width=160)


_collecting: list[list[Mapping[str, Any]]] = []


@contextmanager
def collected_json() -> Iterator[list[Mapping[str, Any]]]:
    """Within the block, objects of `--json` are collected, to be parts of another one."""
    found: list[Mapping[str, Any]] = []
    _collecting.append(found)
    try:
        yield found
    finally:
        _collecting.remove(found)


def print_json(value: Mapping[str, Any]) -> None:
    """Prints the one object of `--json`."""
    if _collecting:
        _collecting[-1].append(value)
        return
    click.echo(json.dumps(value, indent=2, ensure_ascii=not _speaks_unicode()))


def print_wrapped(out: "Console", markup: str, *, indent: int = 0) -> None:
    """Prints a text, wrapped between its words.

    Args:
        out: The console.
        markup: The text, with rich's markup.
        indent: How many blanks each line begins with.
    """
    from rich.text import Text

    whole = _COMMAND.sub(lambda found: found[0].replace(" ", _GLUE), as_typed(markup))
    for row in Text.from_markup(whole).wrap(out, out.width - indent):  # rich's own padding ends each row in blanks
        row.rstrip()
        row.plain = row.plain.replace(_GLUE, " ")
        out.print(Text(" " * indent) + row, soft_wrap=True)


def tell(text: str, *, err: bool = False) -> None:
    """Prints a sentence, with its commands as they can be typed."""
    click.echo(as_typed(text), err=err)


def print_error(message: str, *, hint: str | None, exit_code: int, as_json: bool, language: Language = "en") -> int:
    """Prints an error to standard error, and with `--json` as an object to standard output too.

    Args:
        message: What is wrong.
        hint: What to do about it.
        exit_code: The command's exit code.
        as_json: Whether the command was called with `--json`.
        language: The language of the texts.

    Returns:
        `exit_code`.
    """
    message, hint = rendered(message, language), rendered(hint, language) if hint else None
    if as_json:
        print_json({"error": message, "hint": hint, "exit_code": exit_code})
    click.secho(as_typed(message), fg="red", err=True)
    if hint:
        tell(hint, err=True)
    return exit_code


def print_unforeseen(error: Exception, *, as_json: bool, language: Language) -> int:
    """Prints an unexpected error of the program in one sentence, and writes its traceback to a file for developers.

    Args:
        error: The error.
        as_json: Whether the command was called with `--json`.
        language: The language of the texts.

    Returns:
        The exit code.
    """
    words = str(error).splitlines()[0] if str(error) else ""
    fault = f"{type(error).__name__}: {words}".removesuffix(": ")
    started = f"{datetime.now().astimezone():%Y%m%d-%H%M%S}"
    try:
        with tempfile.NamedTemporaryFile(
            "w", prefix=f"cloudkasse-etl-{started}-", suffix=".log", delete=False, encoding="utf-8"
        ) as log:
            log.write("".join(traceback.format_exception(error)))
        hint = say("This is a fault of the program. Please report it with this file: {file}", file=log.name)
    except OSError as unwritten:
        hint = say(
            "This is a fault of the program. Please report it; its log cannot be written: {reason}.",
            reason=system_reason(unwritten),
        )
    return print_error(
        say("Unforeseen error: {fault}", fault=fault),
        hint=hint,
        exit_code=EXIT_UNFORESEEN,
        as_json=as_json,
        language=language,
    )


def print_counts(out: "Console", assets: Mapping[str, Mapping[str, int]], language: Language) -> None:
    """Prints a table of the counts by asset; columns and rows that are all 0 are left out.

    Args:
        out: The console.
        assets: Asset → name of a count → number.
        language: The language of the headings.
    """
    from rich.table import Table

    names = [
        name
        for name in next(iter(assets.values()), {})
        if name != "unchanged" and any(counts[name] for counts in assets.values())
    ]
    if not names:
        return
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column(say("asset").render(language))
    for name in names:
        table.add_column(WORDS[name].render(language), justify="right")
    for asset, counts in assets.items():
        if any(counts[name] for name in names):
            table.add_row(asset, *(counted(counts[name], language) if counts[name] else "" for name in names))
    out.print(table)


def print_causes(
    out: "Console", causes: "Sequence[Cause]", language: Language, limit: int, *, every_record: bool = False
) -> None:
    """Prints rejections by cause: the records, what is wrong with them and what to do.

    Args:
        out: The console.
        causes: The causes, in order.
        language: The language of the headings.
        limit: How many causes are printed.
        every_record: Whether to print all records of a cause instead of the first few.
    """
    from rich.markup import escape

    from cloudkasse_etl.rejections.causes import SHOWN_EXAMPLES, listed, more_than

    def indented(text: str) -> None:
        print_wrapped(out, text, indent=2)

    cure = CURE.render(language)
    for cause in causes[:limit]:
        head = [escape(cause.code), counted(cause.count, language), *filter(None, [cause.amount_text])]
        out.print(" · ".join([f"[bold]{cause.asset}[/]", *head]))
        text = cause.text
        if text is not None:
            indented(escape(text))
            names = cause.names(cause.count if every_record else SHOWN_EXAMPLES)
            indented(escape(listed([*map(_whole, names)], cause.count, language)))
        else:
            for victim in cause.victims if every_record else cause.shown:
                indented(escape(f"{_whole(victim.name)}: {victim.text}"))
            if cause.more and not every_record:
                indented(cause.more)
        indented(f"[green]{cure}[/] {escape(cause.cure)}")
    if further := more_than(len(causes), limit, language):
        out.print(further)


def _whole(name: str) -> str:
    """A name for `print_wrapped` that is not broken over two lines."""
    return name.replace(" ", _GLUE)


def print_rows(
    out: "Console", heads: Sequence[str], rows: Iterable[Sequence[object]], *, numbers: Sequence[int], indent: int = 0
) -> None:
    """Prints a table of records for a person; nothing if there are none.

    Args:
        out: The console.
        heads: The columns' headings.
        rows: The values as they are written; None is left empty.
        numbers: The positions of columns with numbers.
        indent: How many blanks each line begins with.
    """
    from rich.markup import escape
    from rich.padding import Padding
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="dim")
    for at, name in enumerate(heads):
        table.add_column(name, justify="right" if at in numbers else "left", overflow="fold")
    for row in rows:
        table.add_row(*("" if value is None else escape(str(value)) for value in row))
    if table.row_count:
        out.print(Padding(table, (0, 0, 0, indent), expand=False) if indent else table)


def print_list(
    out: "Console",
    heads: Sequence[str],
    records: Sequence[tuple[Sequence[object], str]],
    total: str,
    *,
    numbers: Sequence[int],
    limit: int,
    language: Language,
) -> None:
    """Prints a list of records for a person: a row each, below it what is wrong with it, at the end the total.

    The reasons have lines of their own, so that no column is too narrow for an account's or a setting's name.

    Args:
        out: The console.
        heads: The columns' headings.
        records: The values of a row as they are written (None is left empty), and what is wrong, empty for nothing.
        total: The total of all records.
        numbers: The positions of columns with numbers.
        limit: How many records are printed.
        language: The language of the texts.
    """
    from rich.text import Text

    shown = [([_cell(value) for value in values], reason) for values, reason in records[:limit]]
    texts = [list(map(Text, heads)), *(values for values, _ in shown)]
    widths = [max(row[at].cell_len for row in texts) for at in range(len(heads))]

    def print_row(values: "Sequence[Text]", style: str = "") -> None:
        row = Text("  ").join(
            Text(" " * (width - text.cell_len)) + text if at in numbers else text + Text(" " * (width - text.cell_len))
            for at, (text, width) in enumerate(zip(values, widths, strict=True))
        )
        row.rstrip()
        out.print(row, style=style, soft_wrap=True)

    if shown:
        print_row(texts[0], "dim")
    for values, reason in shown:
        print_row(values)
        for line in Text(as_typed(reason)).wrap(out, out.width - 4) if reason else ():
            line.rstrip()
            out.print(Text("    ") + line, soft_wrap=True)
    out.print(total, markup=False)
    if len(records) > limit:
        more = say_count(
            "The first is shown; --limit shows more.", "The first {count:,} are shown; --limit shows more.", count=limit
        )
        out.print(more.render(language))


def _cell(value: object) -> "Text":
    from rich.text import Text

    return Text("" if value is None else str(value))


def print_report(out: "Console", report: "RunReport", language: Language) -> None:
    """Prints a run's report for a person: the sentence, the counts, the causes of rejections with their cures.

    Args:
        out: The console.
        report: The report.
        language: The language of the texts.
    """
    from rich.markup import escape

    from cloudkasse_etl.rejections.causes import by_cause

    colour = COLOURS[str(report.outcome)]
    out.print(f"[bold {colour}]{escape(as_typed(report.message[:1].upper() + report.message[1:]))}[/]")
    print_counts(out, {name: asset.counts.as_dict() for name, asset in report.assets.items()}, language)
    if report.scope is not None:
        out.print(f"[dim]{escape(as_typed(report.scope.render(language)))}[/]", soft_wrap=True)
    if report.rejections:
        out.print()
        print_causes(out, by_cause(report.rejections, language), language, SHOWN_CAUSES)
        out.print()
    if report.protocol:
        protocol = say("Protocol:").render(language)
        out.print(f"[dim]{protocol}[/] {escape(shown_path(report.protocol))}", soft_wrap=True)
    runs = say(
        "Run {run}; all runs: cloudkasse-etl history, or in the browser: cloudkasse-etl ui", run=report.run_id[:8]
    )
    # a command that is broken over two lines cannot be copied
    out.print(f"[dim]{escape(as_typed(runs.render(language)))}[/]", soft_wrap=True)


@contextmanager
def progress(language: Language, *, quiet: bool) -> "Iterator[tuple[OnStep, OnProgress, OnRetry]]":
    """A progress bar on a terminal that names the step, its progress and repeated requests; nothing elsewhere."""
    out = console(stderr=True)
    if quiet or not out.is_terminal:
        yield (lambda name, number, of: None), (lambda asset, count: None), (lambda text: None)
        return
    from rich.markup import escape
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    with Progress(
        BarColumn(), TextColumn("{task.description}"), TimeElapsedColumn(), console=out, transient=True
    ) as bar:
        task = bar.add_task(say("Starting …").render(language), total=None)

        def show(name: str, number: int, of: int) -> None:
            bar.update(task, description=escape(step_title(name, language)), completed=number - 1, total=of)

        def count_up(asset: str, count: int) -> None:
            bar.update(task, description=escape(f"{step_title(asset, language)} {counted(count, language)}"))

        def tell(text: str) -> None:
            bar.update(task, description=escape(text))

        yield show, count_up, tell


def _speaks_unicode() -> bool:
    # elsewhere JSON is written with \u escapes, which lose nothing
    return (getattr(sys.stdout, "encoding", None) or "").lower().replace("-", "") == "utf8"
