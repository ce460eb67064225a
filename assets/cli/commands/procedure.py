"""`procedure`: writes the procedure documentation (Verfahrensdokumentation) that an auditor asks for."""

from pathlib import Path

import click

from assets.cli.option_types import FILE
from assets.instance.typed_commands import shown_path
from cloudkasse_etl.i18n.messages import languages
from cloudkasse_etl.i18n.text import say


@click.command()
@click.option("--html", "html_file", required=True, type=FILE, help="Where it is written.")
@click.option("--language", type=click.Choice(languages()), help="Its language; that of the settings without it.")
@click.pass_context
def procedure(context: click.Context, html_file: Path, language: str | None) -> None:
    """Write the procedure documentation (Verfahrensdokumentation) of this shop and this version, as one HTML page.

    What the program does with each kind of data, the mapping tables and settings in force and their changes, versions
    and hashes, who may do what, what is guaranteed and how long it is kept.
    """
    from assets.cli.running_program import running_program
    from cloudkasse_etl.config.loading import load
    from cloudkasse_etl.sync.outputs.procedure.procedure_page import write_procedure

    configuration = load()
    chosen = language or configuration.settings.language
    facts = write_procedure(
        configuration, running_program(configuration, context.find_root().command, chosen), html_file, chosen
    )
    written = say(
        "The procedure documentation is written to {file}; hash of the settings {settings}, of the program {program}.",
        file=shown_path(html_file),
        settings=facts.history.hash_now[:12],
        program=facts.program.sha256[:12],
    )
    click.echo(written.render(configuration.settings.language))
