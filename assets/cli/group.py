"""The command line: the group, its exit codes and its errors. The commands are in commands/, a file each."""

import io
import sys
from collections.abc import Sequence

import click

from assets.cli import click_messages
from assets.cli.commands.books.archive import archive
from assets.cli.commands.books.audit import audit
from assets.cli.commands.books.closings import closings
from assets.cli.commands.books.day import day
from assets.cli.commands.books.deliver import deliver
from assets.cli.commands.books.export import export
from assets.cli.commands.books.import_ import import_
from assets.cli.commands.books.list_deliveries import deliveries
from assets.cli.commands.books.list_receipts import receipts
from assets.cli.commands.books.undo import undo
from assets.cli.commands.check import check
from assets.cli.commands.demo import demo
from assets.cli.commands.history import history
from assets.cli.commands.open_rejections import rejections
from assets.cli.commands.page import report
from assets.cli.commands.plan import plan
from assets.cli.commands.procedure import procedure
from assets.cli.commands.protocol import protocol
from assets.cli.commands.sandbox import sandbox
from assets.cli.commands.settings_log import settings
from assets.cli.commands.status import status
from assets.cli.commands.sync import sync
from assets.cli.commands.ui import ui
from assets.cli.companies.company_option import offer_companies
from assets.cli.demo.demo_option import OPTION, offer_demo
from assets.cli.demo.demo_shop import SETTINGS
from assets.cli.output import print_error, print_unforeseen
from assets.instance import interrupts, typed_commands
from cloudkasse_etl.errors import CloudkasseError
from cloudkasse_etl.i18n.text import Language, say


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="cloudkasse-etl")
def group() -> None:
    """Keeps SelectLine Auftrag and the till level.

    Exit codes: 0 successful or nothing new, 10 partially successful, 20 failed, 30 another synchronisation is
    running, 2 wrong use or settings.
    """


for command in (
    *(sync, import_, undo, deliver, plan, status, rejections, receipts, closings, day, deliveries, export, history),
    *(protocol, report, settings, procedure, check, audit, archive, sandbox, demo, ui),
):
    group.add_command(command)
offer_companies(group)
offer_demo(group)


def run(arguments: Sequence[str]) -> int:
    """Runs a command and returns its exit code. A foreseeable error is printed as a sentence, never as a traceback."""
    typed_commands.tell_with_demo(is_demo=False)
    try:
        return _run(arguments)
    finally:
        typed_commands.tell_with_demo(is_demo=False)


def _run(arguments: Sequence[str]) -> int:
    as_json = "--json" in arguments
    interrupts.raise_in_main_thread()
    _never_fail_to_print()
    # wrong use is told before the demo is entered
    click_messages.translate_click(SETTINGS if OPTION in arguments and SETTINGS.is_file() else None)
    try:
        result = group.main(list(arguments), prog_name="cloudkasse-etl", standalone_mode=False)
        return result if isinstance(result, int) else 0
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message())
        return 0
    except click.ClickException as error:
        usage = None
        if isinstance(error, click.UsageError) and error.ctx:
            usage = say("See: {command} --help", command=error.ctx.command_path)
        return print_error(
            error.format_message(), hint=usage, exit_code=2, as_json=as_json, language=click_messages.language()
        )
    except CloudkasseError as error:
        return print_error(
            error.message, hint=error.hint, exit_code=error.exit_code, as_json=as_json, language=_language()
        )
    except (KeyboardInterrupt, click.Abort):
        interrupts.end_at_once()
        return print_error(
            say("Interrupted. What had been accepted by then counts; the next call goes on from there."),
            hint=None,
            exit_code=interrupts.EXIT_CODE,
            as_json=as_json,
            language=_language(),
        )
    except BrokenPipeError:
        # the reader of our output has ended; Python must not complain about it while it ends
        sys.stdout = None
        return 0
    except Exception as error:  # noqa: BLE001 -- the last resort: a sentence and a log instead of a traceback
        return print_unforeseen(error, as_json=as_json, language=_language())


def _language() -> Language:
    """The language of the settings, even if they are invalid otherwise."""
    from cloudkasse_etl.config.settings import language_of, settings_path

    return language_of(settings_path())


def _never_fail_to_print() -> None:
    """Replaces characters that Windows' consoles and pipes cannot show in their old code pages, instead of failing."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
