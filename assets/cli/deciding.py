"""The common part of commands by which a person decides about open records: options, the decider, the message."""

import uuid
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeVar

import click

from assets.cli import option_types
from assets.cli.output import print_json, tell
from cloudkasse_etl.i18n.text import Text
from cloudkasse_etl.rejections.rejection import Language

if TYPE_CHECKING:
    from cloudkasse_etl.config.settings import Configuration
    from cloudkasse_etl.sync.receipts.decisions import Decided, Decider

T = TypeVar("T")
REASON = click.option("--reason", type=option_types.REASON, required=True, help="Why; it stays on record.")
JSON = click.option("--json", "as_json", is_flag=True, help="Print one JSON object and nothing else.")


def decide(
    reason: str, action: "Callable[[Decider], Decided]", said: Callable[["Decided"], Text], *, as_json: bool
) -> int:
    """Carries out a person's decision and prints its result.

    Args:
        reason: Why the person decides so.
        action: Carries out the decision, given the person.
        said: Makes the message of the result.
        as_json: Whether to print one JSON object instead.

    Returns:
        The exit code.
    """
    decided, configuration = carried_out(reason, action)
    language = configuration.settings.language
    if as_json:
        print_json(_as_dict(decided, language))
        return 0
    tell(said(decided).render(language))
    for rejection in decided.rejections:
        tell(f"  {rejection.text(language)} {rejection.cure(language)}")
    return 0


def carried_out(reason: str, action: "Callable[[Decider], T]") -> "tuple[T, Configuration]":
    """Carries out a person's decision, and brings the page of what is open up to now.

    Args:
        reason: Why the person decides so.
        action: Carries out the decision, given the person.

    Returns:
        The result of the decision, and the configuration.
    """
    from assets.cli.running import command_line
    from cloudkasse_etl.config.loading import load
    from cloudkasse_etl.sync.receipts.decisions import Decider

    configuration = load()
    decided = action(Decider(configuration, str(uuid.uuid4()), command_line(), reason))
    show_what_is_open(configuration)
    return decided, configuration


def show_what_is_open(configuration: "Configuration") -> None:
    """Brings the page of what is open up to now; where the history cannot be written, the UI's sensor does it."""
    from assets.action_needed import refresh
    from assets.instance.home import find_home, open_instance
    from assets.instance.run_history import last_run_of
    from cloudkasse_etl.errors import CloudkasseError
    from cloudkasse_etl.sync.monitoring.open_records import open_records

    with suppress(CloudkasseError), open_instance(find_home()) as instance:
        refresh(
            instance, configuration, open_records(configuration, last_run=last_run_of(instance, configuration.company))
        )


def _as_dict(decided: "Decided", language: Language) -> dict[str, Any]:
    from cloudkasse_etl.sync.run.report import rejection_dict

    return {
        "subject": str(decided.decision.subject),
        "key": decided.decision.key,
        "name": decided.receipt or None,
        "action": str(decided.decision.action),
        "reason": decided.decision.reason,
        "decided_by": decided.decision.decided_by,
        "status": decided.status,
        "rejections": [rejection_dict(r, language) for r in decided.rejections],
    }
