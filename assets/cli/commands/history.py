"""`history`: lists all runs, of the UI and of the command line, newest first; removes old ones."""

import datetime as dt
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

import click

from assets.cli.output import COLOURS, WORDS, console, print_json, print_wrapped, tell
from assets.instance.typed_commands import as_typed
from cloudkasse_etl.config.settings_language import chosen_company
from cloudkasse_etl.errors import CloudkasseError, ConfigurationError
from cloudkasse_etl.i18n.formats import minute, spelled
from cloudkasse_etl.i18n.text import Language, rendered, rendered_each, say

if TYPE_CHECKING:
    import dagster as dg

    from assets.instance.run_history import PastRun


# A result in fewer characters is a column of single words.
_RESULT, _GAP, _SECONDS = 40, 2, 2
_HEADS = (say("run"), say("started"), say("seconds"), say("kind"), say("by"), say("result"))


@click.group(invoke_without_command=True)
@click.option("--limit", type=click.IntRange(1, 10_000), default=20, show_default=True, help="How many runs to show.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object and nothing else.")
@click.pass_context
def history(context: click.Context, limit: int, as_json: bool) -> None:
    """List the latest runs: what they came to, who started them, and why they failed.

    The failures of a run are listed by: cloudkasse-etl protocol RUN
    """
    if context.invoked_subcommand is not None:
        return
    from assets.instance.home import find_home, open_instance

    company = chosen_company()
    with open_instance(find_home()) as instance:
        from assets.instance.run_history import read_history

        runs = read_history(instance, limit, company)
        if any(run.outcome == "running" for run in runs) and _repair(instance):
            runs = read_history(instance, limit, company)
    language, zone = _shown_in()
    if as_json:
        print_json({"runs": [run.as_dict(language, zone) for run in runs]})
    elif runs:
        _print_table(runs, language, zone)
    else:
        none = say("There are no runs yet. The first one: cloudkasse-etl sync.")
        tell(none.render(language))


@history.command()
@click.option("--keep-days", type=click.IntRange(1, 36_500), help="Without it, history.keep_days of the settings.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object and nothing else.")
def prune(keep_days: int | None, as_json: bool) -> None:
    """Remove old runs with their logs and protocols, and give their space back.

    Open rejections, receipts, postings and what each asset shows last stay. Runs that have not ended are not touched;
    of those to which booked rows lead only the logs go, for ten years.
    """
    from assets.instance.home import find_home, open_instance
    from cloudkasse_etl.config.loading import load, load_installation
    from cloudkasse_etl.config.settings import language_of, settings_path

    configuration = load()
    days = keep_days or configuration.settings.history.keep_days
    if days is None:
        raise ConfigurationError(
            say("Nothing says how long runs are kept."), hint=say("Use --keep-days, or set history.keep_days.")
        )
    home = find_home()
    with open_instance(home) as instance:
        from assets.instance.retention import prune_history
        from cloudkasse_etl.sync.monitoring.runs_on_record import runs_on_record

        others = {*load_installation().companies()} - {configuration.company} if configuration.company else ()
        on_record = runs_on_record(configuration)
        pruned = prune_history(instance, home.storage, days, on_record=on_record, unknown=others)
    if as_json:
        note = rendered(pruned.note, language_of(settings_path()))
        counts = {"runs": pruned.runs, "without_log": pruned.without_log, "bytes": pruned.bytes}
        print_json({**counts, "note": note})
    else:
        tell(rendered(pruned.sentence, language_of(settings_path())))


def _repair(instance: "dg.DagsterInstance") -> bool:
    """Marks runs whose process died as failed, unless settings or database are unusable."""
    from assets.instance.runs import repair_dead_runs
    from cloudkasse_etl.config.loading import load

    with suppress(CloudkasseError):
        return bool(repair_dead_runs(instance, load()))
    return False


def _shown_in() -> tuple[Language, dt.tzinfo | None]:
    """The settings' language and time zone; if the settings are invalid, this computer's zone."""
    from cloudkasse_etl.config.loading import load_parts
    from cloudkasse_etl.config.settings import language_of, settings_path

    with suppress(CloudkasseError):
        if (settings := load_parts().settings) is not None:
            return settings.language, settings.zone
    return language_of(settings_path()), None


def _print_table(runs: "Sequence[PastRun]", language: Language, zone: dt.tzinfo | None) -> None:
    """Prints a row for each run; where there is no room for its result, that is printed below it. Cuts nothing off."""
    from rich.markup import escape
    from rich.table import Table

    from assets.instance.tags import kind_text, starter_text
    from cloudkasse_etl.sync.run.settings_record import changed_text

    out, heads = console(), rendered_each(_HEADS, language)
    rows = [
        (
            run.run_id[:8],
            f"{minute(run.started_at.astimezone(zone), language)}:{run.started_at:%S}",
            "" if run.seconds is None else spelled(f"{run.seconds:.1f}", language),
            kind_text(run.kind, language),
            escape(starter_text(run.started_by, language)),
        )
        for run in runs
    ]
    results = [
        f"[{COLOURS[run.outcome]}]{escape(rendered(run.message, language) or WORDS[run.outcome].render(language))}[/]"
        + (f" · {escape(changed_text(run.settings_changed).render(language))}" if run.settings_changed else "")
        for run in runs
    ]
    columns = [max(map(len, column)) for column in zip(heads[:-1], *rows, strict=True)]
    if sum(columns) + _GAP * len(columns) + _RESULT > out.width:
        print_wrapped(out, f"[dim]{', '.join(heads[:-1])}[/]")
        for row, result in zip(rows, results, strict=True):
            print_wrapped(out, "  ".join(filter(None, row)))
            print_wrapped(out, result, indent=2)
        return
    table = Table(box=None, pad_edge=False, header_style="dim")
    for at, head in enumerate(heads):
        table.add_column(head, no_wrap=at < len(columns), justify="right" if at == _SECONDS else "left")
    for row, result in zip(rows, results, strict=True):
        table.add_row(*row, as_typed(result))
    out.print(table)
