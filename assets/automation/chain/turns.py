"""Looks at the companies of a chain one after another, as many at a time as a sensor has time for."""

import time
from collections.abc import Callable, Sequence

import dagster as dg

from assets.automation.going_on import companies_busy, what_is_going_on
from assets.instance.typed_commands import telling_about
from cloudkasse_etl.config.companies.installation import Installation
from cloudkasse_etl.config.settings import Configuration
from cloudkasse_etl.errors import CloudkasseError
from cloudkasse_etl.i18n.text import Language, Text, joined, rendered, say, say_count

# Dagster gives a sensor 60 seconds.
SECONDS_A_TICK = 20.0
_TOLD_PROBLEMS = 10


def in_turn(
    context: dg.SensorEvaluationContext,
    installation: Installation,
    look: Callable[[Configuration], Text | str],
    failed: Callable[[str, CloudkasseError], None] = lambda company, error: None,
) -> str:
    """Calls a function for the single shop, or for the next companies of a chain: the sensor's cursor says which.

    Args:
        context: The sensor's; companies that have a run going on are left out.
        installation: The shop, or the chain.
        look: Looks at one, and says what it found.
        failed: Called with each company of a chain that could not be looked at.

    Returns:
        What was found, in the language of the installation.
    """
    language = installation.shared.language
    if not installation.is_chain:
        if going_on := what_is_going_on(context.instance):
            return going_on.render(language)
        try:
            return rendered(look(installation.configuration()), language)
        except CloudkasseError as error:
            return error.render(language)
    try:
        keys = in_order_after(context.cursor, installation.companies())
    except CloudkasseError as error:
        return error.render(language)
    busy, deadline, looked, problems = companies_busy(context.instance), time.monotonic() + SECONDS_A_TICK, 0, []
    for key in keys:
        if looked and time.monotonic() > deadline:
            break
        looked += 1
        context.update_cursor(key)
        if key in busy:
            continue
        with telling_about(key):
            try:
                look(installation.configuration(key))
            except CloudkasseError as error:
                failed(key, error)
                problems.append(named(key, error.render(language)))
    return _told(looked, len(keys), problems, language)


def in_order_after(cursor: str | None, keys: Sequence[str]) -> list[str]:
    """The keys, beginning after the one that was the last to be looked at."""
    return sorted(keys, key=lambda key: (key <= (cursor or ""), key))


def named(company: str | None, text: Text | str) -> Text:
    """A text about a company of a chain, with its key before it."""
    return say("{text}", text=text) if company is None else say("{company}: {text}", company=company, text=text)


def _told(looked: int, known: int, problems: Sequence[Text], language: Language) -> str:
    head = say_count(
        "{count:,} of {known:,} companies looked at.", "{count:,} of {known:,} companies looked at.",
        count=looked, known=known,
    )  # fmt: skip
    more = [say("… {count:,} more", count=len(problems) - _TOLD_PROBLEMS)] if len(problems) > _TOLD_PROBLEMS else []
    return joined(" ", [head, *problems[:_TOLD_PROBLEMS], *more]).render(language)
