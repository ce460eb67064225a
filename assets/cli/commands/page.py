"""`report`: writes one HTML page about a run and the sales up to it."""

from collections.abc import Sequence
from pathlib import Path

import click

from assets.cli.click_messages import language
from assets.cli.companies.company_option import chosen
from assets.cli.option_types import FILE, TEXT
from assets.instance.typed_commands import as_typed, shown_path
from cloudkasse_etl.i18n.text import say


@click.command()
@click.argument("run_id", type=TEXT, required=False)
@click.option("--last", is_flag=True, help="The latest run that has ended.")
@click.option("--html", "html_file", required=True, type=FILE, help="Where it is written.")
def report(run_id: str | None, last: bool, html_file: Path) -> None:
    """Write one HTML page: what a run came to, what is rejected and why, and what was sold.

    RUN_ID is the run's id, or the beginning of it, as `history` and the UI show it. The page needs no network and
    no other file. Of several companies of a chain it is one page about all: how each is, why, and what it sold.
    """
    companies = chosen(click.get_current_context())
    if companies is not None and len(companies) > 1:
        if run_id is not None or last:
            raise click.UsageError(say("The page of several companies is about no run: name none.").render(language()))
        _write_chain(companies, html_file)
        return
    if (run_id is None) != last:
        raise click.UsageError(say("Name a run, or --last, and not both.").render(language()))
    from assets.instance.home import find_home, open_instance
    from cloudkasse_etl.config.loading import load

    configuration, home = load(), find_home()
    with open_instance(home) as instance:
        from assets.instance.run_history import find_run, last_run, refuse_another_company
        from assets.instance.runs import repair_dead_runs

        repair_dead_runs(instance, configuration)
        past = last_run(instance, configuration.company) if run_id is None else find_run(instance, run_id)
    refuse_another_company(past, configuration)
    from assets.cli.run_pages import facts_of
    from cloudkasse_etl.sync.outputs.page.render import write_page

    facts = facts_of(past, home, configuration)
    write_page(configuration, facts, html_file, typed=as_typed)
    written = say("The page of run {run} is written to {file}.", run=past.run_id[:8], file=shown_path(html_file))
    click.echo(written.render(configuration.settings.language))


def _write_chain(companies: Sequence[str], html_file: Path) -> None:
    from assets.cli.companies.chain_facts import facts_of_chain
    from cloudkasse_etl.config.loading import load_installation
    from cloudkasse_etl.sync.outputs.chain.chain_page import chain_page
    from cloudkasse_etl.sync.outputs.tables.page_file import write_page_file

    installation = load_installation()
    facts, counts = facts_of_chain(installation, companies)
    write_page_file(html_file, chain_page(facts, counts, installation.shared, typed=as_typed))
    written = say("The page of the companies is written to {file}.", file=shown_path(html_file))
    click.echo(written.render(installation.shared.language))
