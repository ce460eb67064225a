"""`check`: finds everything that would prevent a synchronisation, at once, each with its cure."""

import os
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from assets.cli.companies.company_option import chosen
from assets.cli.output import CURE, console, print_json, print_wrapped
from assets.instance.typed_commands import telling_about
from cloudkasse_etl.errors import ConfigurationError, Problem
from cloudkasse_etl.i18n.text import Language, rendered_each, say, say_count

if TYPE_CHECKING:
    from rich.console import Console

    from cloudkasse_etl.config.companies.installation import Installation
    from cloudkasse_etl.sync.comparison.comparison_report import Comparison

EXIT_SETTINGS = 2
EXIT_WRONG = 20


@click.command()
@click.option("--cloud", is_flag=True, help="Compare all that the till holds with what SelectLine wants now.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object and nothing else.")
def check(cloud: bool, as_json: bool) -> int:
    """Check settings, ERP, till and clock: what is wrong, and how to mend it. Changes nothing.

    With --cloud every record that the till holds is compared too, once all else is well. Of several companies only
    those with problems are named.
    """
    from cloudkasse_etl.config.loading import load, load_installation
    from cloudkasse_etl.config.settings import language_of, settings_path
    from cloudkasse_etl.sync.monitoring.diagnosis import diagnose

    companies = chosen(click.get_current_context())
    if companies is not None and len(companies) > 1 and not cloud:
        return _check_several(load_installation(), companies, as_json=as_json)
    misfits = [] if companies is None else load_installation().misfits()
    found = [*misfits, *diagnose(), *_home_problems()]
    problems = [problem for problem in found if not problem.is_note]
    notes = [problem for problem in found if problem.is_note]
    if cloud and not problems:
        return _compare(as_json)
    language = language_of(settings_path())
    if as_json:
        listed = {"ok": not problems, "problems": [problem.as_dict(language) for problem in problems]}
        print_json(listed | ({"notes": [note.as_dict(language) for note in notes]} if notes else {}))
    else:
        _print(problems, notes, language)
    if not problems:
        return 0
    try:
        load()
    except ConfigurationError:
        return EXIT_SETTINGS
    return EXIT_SETTINGS if misfits else EXIT_WRONG


def _check_several(installation: "Installation", companies: Sequence[str], *, as_json: bool) -> int:
    """Checks companies of a chain at once; prints those with problems only."""
    from cloudkasse_etl.sync.monitoring.chain.company_checks import diagnose_companies

    found = diagnose_companies(installation, companies, os.environ)
    found = replace(found, shared=[*found.shared, *_home_problems()])
    language = installation.shared.language
    if as_json:
        print_json(found.as_dict(language))
    else:
        out = console()
        _print_each(out, found.shared, language)
        for key, problems in found.companies.items():
            if problems:
                out.print(f"── {key} ──", style="bold")
                with telling_about(key):
                    _print_each(out, problems, language)
        out.print(found.sentence.render(language), style="green" if found.is_well else "red")
    if found.is_well:
        return 0
    return EXIT_SETTINGS if found.broken or installation.misfits() else EXIT_WRONG


def _home_problems() -> list[Problem]:
    """Problems of the folder of history and protocols."""
    from assets.instance.home import find_home
    from assets.instance.storage import storage_problems

    try:
        return storage_problems(find_home().storage)
    except ConfigurationError as error:
        return list(error.problems)


def _compare(as_json: bool) -> int:
    from cloudkasse_etl.config.loading import load
    from cloudkasse_etl.sync.comparison.cloud_comparison import compare_all

    configuration = load()
    found, language = compare_all(configuration), configuration.settings.language
    is_equal = all(comparison.is_equal for comparison in found)
    if as_json:
        cloud = {comparison.entity: comparison.as_dict(language) for comparison in found}
        print_json({"ok": is_equal, "problems": [], "cloud": cloud})
    else:
        _print_comparisons(console(), found, language)
    return 0 if is_equal else EXIT_WRONG


def _print_comparisons(out: "Console", found: "Sequence[Comparison]", language: Language) -> None:
    """Prints a sentence for each kind of record, and its first differences in a table."""
    from rich.markup import escape
    from rich.table import Table

    from cloudkasse_etl.sync.comparison.comparison_report import COLUMNS

    for comparison in found:
        colour = "green" if comparison.is_equal else "yellow"
        out.print(f"[{colour}]{escape(comparison.sentence(language))}[/]")
        if comparison.is_equal:
            continue
        table = Table(box=None, pad_edge=False, header_style="dim")
        for name in rendered_each(COLUMNS, language):
            table.add_column(name)
        for row in comparison.rows(language):
            table.add_row(*map(escape, row))
        out.print(table)


def _print(problems: list[Problem], notes: list[Problem], language: Language) -> None:

    out = console()
    if not problems:
        well = say("All is well: settings, ERP, till and clock.")
        out.print(f"[green]{well.render(language)}[/]")
    else:
        head = say_count("1 problem", "{count} problems", count=len(problems))
        out.print(f"[red]{head.render(language)}[/]")
    _print_each(out, problems + notes, language)


def _print_each(out: "Console", problems: Sequence[Problem], language: Language) -> None:
    from rich.markup import escape

    cure = CURE.render(language)
    for problem in problems:
        told = problem.as_dict(language)
        print_wrapped(out, f"[bold]{escape(told['where'])}[/]: {escape(told['text'])}")
        if told["cure"]:
            print_wrapped(out, f"[green]{cure}[/] {escape(told['cure'])}", indent=2)
