"""`status`: how each company is: its last run, what is open, what waits. Reads our own tables and the history alone."""

from collections.abc import Sequence
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import click

from assets.cli.companies.chain_facts import last_runs
from assets.cli.companies.company_option import chosen
from assets.cli.output import COLOURS, WORDS, console, print_json, print_wrapped, tell
from assets.instance.typed_commands import as_typed, telling_about
from cloudkasse_etl.i18n.formats import shown_time
from cloudkasse_etl.i18n.text import Language, rendered, rendered_each, say

if TYPE_CHECKING:
    from cloudkasse_etl.config.companies.installation import Installation
    from cloudkasse_etl.sync.monitoring.chain.company_status import CompanyStatus
    from cloudkasse_etl.sync.monitoring.failed_runs import LastRun

_HEADS = (say("company"), say("state"), say("last run"), say("what is open"))
_STATE_COLOURS = {"broken": "red", "unreachable": "red", "failed": "red", "action_needed": "yellow", "waiting": "cyan"}


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object and nothing else.")
def status(as_json: bool) -> int:
    """Show how all is: how the last run ended, what is open, what waits for an import.

    Of several companies a line each, the worst first. Exit codes: 0 all level, 10 something needs a person, 20 a run
    failed or a company cannot be read, 2 wrong settings.
    """
    from cloudkasse_etl.config.loading import load, load_installation

    companies = chosen(click.get_current_context())
    if companies is None or len(companies) == 1:
        from cloudkasse_etl.sync.monitoring.chain.company_status import exit_code, status_of

        configuration = load()
        with last_runs() as last_run_of:
            one = status_of(configuration, last_run_of(configuration.company))
        settings = configuration.settings
        if as_json:
            print_json(one.as_dict(settings.language))
        else:
            _print_one(one, settings.language, settings.zone)
        return exit_code([one])
    return _several(load_installation(), companies, as_json=as_json)


def _several(installation: "Installation", companies: Sequence[str], *, as_json: bool) -> int:
    from cloudkasse_etl.sync.monitoring.chain.company_status import Counts, exit_code, statuses_of

    with last_runs() as last_run_of:
        found = statuses_of(installation.configuration, companies, last_run_of)
    language = installation.shared.language
    if as_json:
        print_json({"companies": {str(one.company): one.as_dict(language) for one in found}})
    else:
        _print_table(found, language, installation.shared.zone)
        tell(Counts.of(found).render(language))
    return exit_code(found)


def _print_one(one: "CompanyStatus", language: Language, zone: ZoneInfo) -> None:
    from rich.markup import escape

    report = one.report
    last = None if report is None else report.last_run
    text = escape(as_typed(rendered(one.text, language)))
    ended = f"{_state(one, language)} · {_ended(last, language, zone)} · " if last else ""
    print_wrapped(console(), f"{ended}{text}")


def _print_table(found: "Sequence[CompanyStatus]", language: Language, zone: ZoneInfo) -> None:
    from rich.markup import escape
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="dim")
    for at, head in enumerate(rendered_each(_HEADS, language)):
        table.add_column(head, no_wrap=at < len(_HEADS) - 1)
    for one in found:
        last = None if one.report is None else one.report.last_run
        with telling_about(one.company):
            text = escape(" ".join(as_typed(one.in_short(language)).split()))
        table.add_row(escape(one.company or ""), _state(one, language), _ended(last, language, zone), text)
    console().print(table)


def _state(one: "CompanyStatus", language: Language) -> str:
    from cloudkasse_etl.sync.monitoring.chain.company_status import STATE_WORDS

    colour = _STATE_COLOURS.get(str(one.state), "green")
    return f"[{colour}]{STATE_WORDS[one.state].render(language)}[/]"


def _ended(last: "LastRun | None", language: Language, zone: ZoneInfo) -> str:
    if last is None:
        return "–"
    word = WORDS[last.outcome].render(language)
    return f"[{COLOURS[last.outcome]}]{word}[/], {shown_time(last.ended_at, zone, language)}"
