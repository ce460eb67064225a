"""`rejections`: what is open now, over all assets: every record that is rejected, why, and what to do first."""

from contextlib import suppress
from typing import TYPE_CHECKING

import click

from assets.cli.listed_rejections import put_out, refuse_both
from assets.cli.option_types import FILE_OR_OUTPUT, known_name
from assets.cli.output import CURE, console, print_causes, print_wrapped
from assets.instance.typed_commands import as_typed
from cloudkasse_etl.entities import rejecting
from cloudkasse_etl.errors import CloudkasseError
from cloudkasse_etl.i18n.formats import counted, shown_time
from cloudkasse_etl.i18n.text import rendered, say
from cloudkasse_etl.rejections.catalogue import CATALOGUE, CLOUD
from cloudkasse_etl.tills.capabilities import CAPABILITIES

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from cloudkasse_etl.sync.monitoring.failed_runs import LastRun
    from cloudkasse_etl.sync.monitoring.open_records import OpenReport

_ASSETS = dict.fromkeys(asset for till in CAPABILITIES for asset in rejecting(till))
_ASSET = known_name(say("asset that refuses records"), _ASSETS)
_CODE = known_name(say("code of rejections"), CATALOGUE, beginning=CLOUD)  # the cloud has codes of its own


@click.command()
@click.option("--asset", type=_ASSET, help="Only records of this asset.")
@click.option("--code", type=_CODE, help="Only records that are rejected with this code.")
@click.option("--csv", "csv_file", type=FILE_OR_OUTPUT, help="Write them as a CSV file; - is standard output.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object and nothing else.")
def rejections(asset: str | None, code: str | None, csv_file: str | None, as_json: bool) -> None:
    """Show every record that is rejected now, why, and what to do; and what waits.

    It is about now and not about a run: protocol and report are about one. The cause for which most money is stuck
    comes first, then that of most records.
    """
    refuse_both(csv_file, as_json=as_json)
    from cloudkasse_etl.config.loading import load
    from cloudkasse_etl.sync.monitoring.open_records import open_records

    configuration = load()
    report = open_records(configuration, last_run=_last_run(configuration.company), asset=asset, code=code)
    put_out(
        report.table(configuration.settings),
        csv_file,
        lambda: _print(report, configuration.settings.zone),
        as_json=as_json,
    )


def _last_run(company: str | None) -> "LastRun | None":
    """The run by which one judges whether all is well; None where the history cannot be read, or there is none."""
    from assets.instance.home import find_home, open_instance

    with suppress(CloudkasseError):
        home = find_home()
        if home.storage.is_dir():
            with open_instance(home) as instance:
                from assets.instance.run_history import last_run_of

                return last_run_of(instance, company)
    return None


def _print(report: "OpenReport", zone: "ZoneInfo") -> None:
    from rich.markup import escape

    out = console()
    colour = "red" if report.is_urgent else "yellow" if report.is_open else "green"
    out.print(f"[bold {colour}]{escape(report.sentence)}[/]")
    if report.has_failed and report.last_run is not None:
        print_wrapped(out, escape(as_typed(rendered(report.last_run.message, report.language))), indent=2)
    print_causes(out, report.causes, report.language, limit=len(report.causes), every_record=True)
    for missing in report.missing:
        head = f"[bold]{missing.asset}[/] · {counted(missing.count, report.language)} · {escape(missing.text)}"
        out.print(f"{head} {escape(missing.examples)}", soft_wrap=True)
        out.print(f"  [green]{CURE.render(report.language)}[/] {escape(missing.cure)}", soft_wrap=True)
    for wait in report.waits:
        since = say("since {since}", since=shown_time(wait.since, zone, report.language)).render(report.language)
        head = f"[bold]{wait.asset}[/] · {counted(wait.count, report.language)} · {since} · {escape(wait.why)}"
        print_wrapped(out, head)
        print_wrapped(out, escape(wait.examples), indent=2)
        print_wrapped(out, f"[green]{CURE.render(report.language)}[/] {escape(wait.cure)}", indent=2)
    if report.sums.count:
        print_wrapped(out, escape(report.sums.render(report.language)))
