"""The common part of commands by which a person decides about open records: options, the decider, the message."""

import uuid
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from assets.cli import option_types
from assets.cli.output import print_json
from cloudkasse_etl.i18n.text import Text
from cloudkasse_etl.rejections.rejection import Language

if TYPE_CHECKING:
    from cloudkasse_etl.sync.receipts.decisions import Decided, Decider

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
    from assets.cli.running import command_line
    from cloudkasse_etl.config.settings import load
    from cloudkasse_etl.sync.receipts.decisions import Decider

    configuration = load()
    decided = action(Decider(configuration, str(uuid.uuid4()), command_line(), reason))
    language = configuration.settings.language
    if as_json:
        print_json(_as_dict(decided, language))
        return 0
    click.echo(said(decided).told(language))
    for rejection in decided.rejections:
        click.echo(f"  {rejection.text(language)} {rejection.cure(language)}")
    return 0


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
