"""`check`: everything that would keep a synchronisation from working, at once, each with its cure."""

from dataclasses import asdict

import click

from assets.commands.output import console, print_json
from cloudkasse_etl.errors import ConfigurationError, Problem

EXIT_SETTINGS = 2
EXIT_WRONG = 20


@click.command()
@click.option("--cloud", is_flag=True, help="Compare all that CloudKasse holds with what SelectLine wants now.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object and nothing else.")
def check(cloud: bool, as_json: bool) -> int:
    """Check settings, ERP, CloudKasse and clock: what is wrong, and how to mend it. Changes nothing.

    With --cloud every record that CloudKasse holds is compared too, once all else is well.
    """
    from cloudkasse_etl.settings import load
    from cloudkasse_etl.sync.diagnosis import diagnose

    problems = diagnose()
    if cloud and not problems:
        return _compare(as_json)
    if as_json:
        print_json({"ok": not problems, "problems": [asdict(problem) for problem in problems]})
    else:
        _print(problems)
    if not problems:
        return 0
    try:
        load()
    except ConfigurationError:
        return EXIT_SETTINGS
    return EXIT_WRONG


def _compare(as_json: bool) -> int:
    from assets.commands.comparing import print_comparisons
    from cloudkasse_etl.settings import load
    from cloudkasse_etl.sync.comparison import compare_all

    configuration = load()
    found, language = compare_all(configuration), configuration.settings.language
    is_level = all(comparison.is_level for comparison in found)
    if as_json:
        cloud = {comparison.entity: comparison.as_dict(language) for comparison in found}
        print_json({"ok": is_level, "problems": [], "cloud": cloud})
    else:
        print_comparisons(console(), found, language)
    return 0 if is_level else EXIT_WRONG


def _print(problems: list[Problem]) -> None:
    from rich.markup import escape

    out = console()
    if not problems:
        out.print("[green]All is well:[/] settings, ERP, CloudKasse and clock.")
        return
    out.print(f"[red]{len(problems)} {'problem' if len(problems) == 1 else 'problems'}[/]")
    for problem in problems:
        out.print(f"[bold]{escape(problem.where)}[/]: {escape(problem.text)}")
        if problem.cure:
            out.print(f"  [green]What to do:[/] {escape(problem.cure)}")
