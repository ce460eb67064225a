"""`settings log`: lists what of the settings changed when, and which run was the first under them."""

import datetime as dt
from typing import TYPE_CHECKING

import click

from assets.cli.output import console, print_json, print_wrapped
from cloudkasse_etl.i18n.formats import counted, moment
from cloudkasse_etl.i18n.text import Language, Text, say, say_count

if TYPE_CHECKING:
    from rich.console import Console

    from cloudkasse_etl.config.record.setting_values import Differences
    from cloudkasse_etl.state.stores.settings_log import SettingsChange
    from cloudkasse_etl.sync.run.settings_history import SettingsHistory

_SHORT = 12


@click.group()
def settings() -> None:
    """Tell what the settings were."""


@settings.command()
@click.option(
    "--limit", type=click.IntRange(1), default=20, show_default=True, help="How many changes to show at most."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object, with all changes, and nothing else.")
def log(limit: int, as_json: bool) -> None:
    """List each change of the settings, the newest first: when, the first run, what it was before and is since then.

    Defaults count, and so does the program's version. Secrets and addresses are not recorded.
    """
    from cloudkasse_etl.config.loading import load
    from cloudkasse_etl.sync.run.settings_history import settings_history

    configuration = load()
    found = settings_history(configuration)
    if as_json:
        print_json(found.as_dict())
    else:
        _print(found, limit, configuration.settings.language, configuration.settings.zone)


def _print(found: "SettingsHistory", limit: int, language: Language, zone: dt.tzinfo) -> None:
    out = console()
    if found.pending is None:
        _line(out, say("No run has begun yet; the first one records the settings: cloudkasse-etl sync."), language)
        return
    if found.pending:
        _line(out, say("The file has been changed since the last run; the next run records it:"), language, "bold")
        _values(out, found.pending)
    else:
        _line(out, say("The file has the settings of the last run."), language)
    for change in found.changes[:limit]:
        _line(out, _heading(change, language, zone), language, "bold")
        _values(out, change.differences)
    if (left := len(found.changes) - limit) > 0:
        _line(
            out,
            say_count("One earlier change: --limit.", "{count:,} earlier changes: --limit.", count=left),
            language,
        )


def _heading(change: "SettingsChange", language: Language, zone: dt.tzinfo) -> Text:
    words = {
        "number": change.number,
        "when": moment(change.changed_at.astimezone(zone), language),
        "run": change.run_id[:8],
        "hash": change.settings_hash[:_SHORT],
        "program": change.program,
    }
    if change.number > 1:
        return say("{number} · {when} · first run {run} · cloudkasse-etl {program} · hash {hash}", **words)
    return say(
        "{number} · {when} · first run {run} · cloudkasse-etl {program} · hash {hash} · {count} values recorded first",
        **words,
        count=counted(len(change.values), language),
    )


def _values(out: "Console", changed: "Differences") -> None:
    from rich.markup import escape

    from cloudkasse_etl.config.record.setting_values import shown_value

    for key, (before, after) in changed.items():
        print_wrapped(out, escape(f"{key}: {shown_value(before)} → {shown_value(after)}"), indent=2)


def _line(out: "Console", text: Text, language: Language, style: str = "") -> None:
    from rich.markup import escape

    shown = escape(text.render(language))
    print_wrapped(out, f"[{style}]{shown}[/]" if style else shown)
