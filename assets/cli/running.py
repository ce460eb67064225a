"""Runs one synchronisation for a command: lease, run and report, in this process. Printing is in output.py."""

import datetime as dt
import gc
import getpass
import socket
import uuid
from collections.abc import Callable, Iterable
from functools import cache
from typing import TYPE_CHECKING

from assets.cli.output import OnProgress, OnRetry, OnStep, progress, tell
from assets.instance import tags
from assets.instance.home import Home, open_instance
from cloudkasse_etl.config.companies.installation import Installation
from cloudkasse_etl.config.settings import Configuration
from cloudkasse_etl.i18n.text import rendered, say
from cloudkasse_etl.sync.run.report import Outcome, RunReport

if TYPE_CHECKING:
    from cloudkasse_etl.sync.run.context import SyncOptions


def synchronise(
    configuration: Configuration,
    home: Home,
    kind: str,
    options: "SyncOptions",
    *,
    on_step: OnStep = lambda name, number, of: None,
    on_progress: OnProgress = lambda asset, count: None,
    on_retry: OnRetry = lambda text: None,
    waiting: Callable[[str], None] = lambda message: None,
) -> RunReport:
    """Runs the job of a kind in this process and returns its report.

    Args:
        configuration: Settings and connections.
        home: Dagster's folders; the environment already names them.
        kind: `all`, `master-data`, `receipts`, `import` or `deliver`.
        options: The run's options.
        on_step: Called with the asset that begins, its number and how many there are.
        on_progress: Called with the number of records of an asset that a long step has processed.
        on_retry: Called with a sentence before a request to the till is repeated.
        waiting: Called with a message when a dead run's lease must run out first.

    Returns:
        The run's report.

    Raises:
        LeaseHeldError: Another synchronisation is running; there is no run then.
        StateUnavailableError: The lease cannot be taken; there is no run then.
    """
    from assets.automation.jobs import OPTIONS, run_config
    from assets.definitions import build_defs
    from assets.instance.history_connections import open_history
    from assets.instance.runs import repair_dead_runs, run_job
    from assets.run.partitions import know_company
    from cloudkasse_etl.sync.run.leased_tables import hold_lease

    run_id = str(uuid.uuid4())
    who = command_line()
    reports: list[RunReport] = []
    with open_instance(home) as instance, open_history(instance, run_id):
        know_company(instance, configuration.company)
        repair_dead_runs(instance, configuration)
        with hold_lease(configuration, run_id=run_id, kind=kind, started_by=who, waiting=waiting):
            definitions = build_defs(
                Installation.of(configuration),
                protocol_folder=home.protocols,
                started_by=who,
                on_report=reports.append,
                on_progress=on_progress,
                on_retry=on_retry,
            )
            _keep_what_is_loaded()
            run = run_job(
                definitions,
                instance,
                tags.job_of(kind),
                run_id=run_id,
                run_config=run_config(
                    plain_options(options, OPTIONS[tags.job_of(kind)]),
                    is_chain=configuration.company is not None,
                ),
                # the user has read that it failed: nothing may continue in the background
                run_tags={
                    **tags.starting(run_id, who),
                    tags.RETRY: tags.NEVER,
                    **tags.of_company(configuration.company),
                },
                on_step=on_step,
            )
    if reports:
        return reports[-1]
    message = tags.message_of(run.tags) or say("The run ended without saying why.").render(
        configuration.settings.language
    )
    return RunReport(run_id, kind, Outcome.FAILED, message, {}, "", message)


@cache
def _keep_what_is_loaded() -> None:
    """What is loaded before the first run stays, so the garbage collector need not visit it again and again."""
    gc.freeze()


def import_staged(
    configuration: Configuration,
    home: Home,
    receipt_ids: tuple[str, ...],
    *,
    retry_rejected: bool = False,
    quiet: bool = False,
) -> RunReport:
    """Runs the import as a run of its own and returns its report.

    Args:
        configuration: Settings and connections.
        home: Dagster's folders; the environment already names them.
        receipt_ids: Ids of the receipts to import; all staged ones if empty.
        retry_rejected: Whether receipts that are refused again count as newly rejected.
        quiet: Whether to show no progress.

    Returns:
        The run's report.
    """
    from cloudkasse_etl.sync.run.context import SyncOptions

    options = SyncOptions(retry_rejected=retry_rejected, import_receipts=True, receipt_ids=receipt_ids)
    return run_quietly(configuration, home, "import", options, quiet=quiet)


def run_quietly(
    configuration: Configuration, home: Home, kind: str, options: "SyncOptions", *, quiet: bool = False
) -> RunReport:
    """Runs the job of a kind, with its progress on the terminal unless none is to be shown, and returns its report.

    Args:
        configuration: Settings and connections.
        home: Dagster's folders; the environment already names them.
        kind: As of `synchronise`.
        options: The run's options.
        quiet: Whether to show no progress.

    Returns:
        The run's report.
    """
    with progress(configuration.settings.language, quiet=quiet) as (on_step, on_progress, on_retry):
        return synchronise(
            configuration,
            home,
            kind,
            options,
            on_step=on_step,
            on_progress=on_progress,
            on_retry=on_retry,
            waiting=lambda message: tell(rendered(message, configuration.settings.language), err=True),
        )


def plain_options(options: "SyncOptions", names: Iterable[str]) -> dict[str, object]:
    """A job's options as its run config takes them."""
    return {name: _plain(getattr(options, name)) for name in names}


def _plain(value: object) -> object:
    return list(value) if isinstance(value, tuple) else value.isoformat() if isinstance(value, dt.date) else value


def command_line() -> str:
    """The user's name for the history: `command line (user@host)`."""
    try:
        user = getpass.getuser()
    except (OSError, KeyError):  # a container may run under a user id without a name
        user = "?"
    return f"command line ({user}@{socket.gethostname()})"
