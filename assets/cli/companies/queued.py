"""Synchronises several companies of a chain by Dagster's queue, and shows their progress until all have ended."""

import time
import uuid
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from assets.cli.companies.company_option import worst_of
from assets.cli.output import COLOURS, WORDS, console, print_json
from assets.cli.running import command_line, plain_options
from assets.instance import tags
from assets.instance.home import Home, open_instance
from cloudkasse_etl.config.companies.installation import Installation
from cloudkasse_etl.errors import ConfigurationError, HistoryUnavailableError
from cloudkasse_etl.i18n.text import Language, rendered, say
from cloudkasse_etl.sync.run.report import Outcome

if TYPE_CHECKING:
    import dagster as dg

    from assets.instance.run_history import PastRun
    from cloudkasse_etl.sync.run.context import SyncOptions

SECONDS_BETWEEN_LOOKS = 1.0
_WRONG_SETTINGS = 2


def synchronise_all(
    installation: Installation,
    home: Home,
    kind: str,
    options: "SyncOptions",
    companies: Sequence[str],
    *,
    as_json: bool,
) -> int:
    """Puts a run for each company into the queue, and waits for all of them.

    Args:
        installation: The chain.
        home: Dagster's folders; the environment already names them.
        kind: `all`, `master-data` or `receipts`.
        options: The options of each run.
        companies: The companies' keys.
        as_json: Whether to print one JSON object at the end, and nothing else.

    Returns:
        The exit code of the worst result.

    Raises:
        HistoryUnavailableError: No daemon is alive that would start them.
    """
    language, found = installation.shared.language, {}
    with open_instance(home) as instance:
        from assets.definitions import build_defs
        from assets.instance.runs import takes_from_the_queue

        if not takes_from_the_queue(instance):
            raise HistoryUnavailableError(
                say("Nothing would start the runs: no daemon of Dagster's is alive that takes them from the queue."),
                hint=say("Start cloudkasse-etl ui or dagster-daemon, or run them in this process: --here."),
            )
        definitions = build_defs(installation, protocol_folder=home.protocols)
        waiting: dict[str, str] = {}
        for company in companies:
            try:
                installation.configuration(company)  # a run that cannot begin is not queued
                waiting[_queued(definitions, instance, kind, options, company)] = company
            except ConfigurationError as error:
                found[company] = _broken(error, language)
                _tell(company, found[company], language, as_json=as_json)
        while waiting:
            for past in _ended(instance, waiting):
                company = waiting.pop(past.run_id)
                found[company] = _as_dict(past, language)
                _tell(company, found[company], language, as_json=as_json)
            if waiting:
                time.sleep(SECONDS_BETWEEN_LOOKS)
    if as_json:
        print_json({"companies": {company: found[company] for company in companies}})
    return worst_of([result["exit_code"] for result in found.values()])


def _queued(
    definitions: "dg.Definitions", instance: "dg.DagsterInstance", kind: str, options: "SyncOptions", company: str
) -> str:
    """Puts a company's run into the queue; returns its id."""
    from assets.automation.jobs import OPTIONS, run_config
    from assets.instance.runs import queue_job
    from assets.run.partitions import know_company

    job, run_id = tags.job_of(kind), str(uuid.uuid4())
    know_company(instance, company)
    queue_job(
        definitions,
        instance,
        job,
        run_id=run_id,
        run_config=run_config(plain_options(options, OPTIONS[job]), is_chain=True),
        run_tags={tags.ASKED_BY: command_line(), **tags.of_company(company)},
    )
    return run_id


def _ended(instance: "dg.DagsterInstance", run_ids: Mapping[str, str]) -> "list[PastRun]":
    from assets.instance.run_history import ended_among

    return ended_among(instance, list(run_ids))


def _as_dict(past: "PastRun", language: Language) -> dict[str, Any]:
    codes = {str(outcome): outcome.exit_code for outcome in Outcome}
    return {
        "run_id": past.run_id,
        "outcome": past.outcome,
        "message": rendered(past.message, language),
        "counts": past.counts,
        "exit_code": codes.get(past.outcome, Outcome.FAILED.exit_code),
    }


def _broken(error: ConfigurationError, language: Language) -> dict[str, Any]:
    message = error.render(language)
    return {
        "run_id": None,
        "outcome": str(Outcome.FAILED),
        "message": message,
        "counts": {},
        "exit_code": _WRONG_SETTINGS,
    }


def _tell(company: str, result: Mapping[str, Any], language: Language, *, as_json: bool) -> None:
    from rich.markup import escape

    if as_json:
        return
    outcome = result["outcome"]
    said = result["message"] or WORDS[outcome].render(language)
    console().print(f"[bold]{company}[/]  [{COLOURS[outcome]}]{escape(said)}[/]", soft_wrap=True)
