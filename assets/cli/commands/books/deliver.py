"""`deliver`: brings what is booked into SelectLine."""

import datetime as dt

import click

from assets.cli.option_types import DAY, TEXT
from assets.cli.output import console, print_json, print_report


@click.command()
@click.option("--day", type=DAY, help="Only what was sold on this business day, like 2026-11-01 or 01.11.2026.")
@click.option("--register", type=TEXT, help="Only what this register sold.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object and nothing else.")
def deliver(day: dt.datetime | None, register: str | None, as_json: bool) -> int:
    """Bring what is booked into SelectLine, each document and batch exactly once, and follow what became of them."""
    from assets.cli.running import run_quietly
    from assets.instance.home import find_home
    from cloudkasse_etl.config.loading import load
    from cloudkasse_etl.sync.deliveries.readiness import require_delivery
    from cloudkasse_etl.sync.run.context import SyncOptions

    configuration, home = load(), find_home()
    require_delivery(configuration.settings, register)
    options = SyncOptions(only_register=register, only_day=day.date() if day else None)
    report = run_quietly(configuration, home, "deliver", options, quiet=as_json)
    language = configuration.settings.language
    if as_json:
        print_json(report.as_dict(language))
    else:
        print_report(console(), report, language)
    return report.outcome.exit_code
