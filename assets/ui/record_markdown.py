"""All open records as Markdown, by cause, for the dialog that the UI opens: a table has room for a few examples."""

import re
from collections.abc import Sequence
from zoneinfo import ZoneInfo

from assets.ui.markdown import plain
from assets.ui.tables import breakable
from cloudkasse_etl.i18n.formats import counted, shown_time
from cloudkasse_etl.i18n.text import Language, say, say_count
from cloudkasse_etl.rejections.causes import Cause, listed

# A record takes some 80 bytes in each event of the history; each is stored twice, and a step's output repeats it.
SHOWN_RECORDS = 1000
# The UI shows a shorter Markdown on the asset's page itself, where there is room for some 400 pixels.
_DIALOG_FROM = 1000
# In a column of 100 pixels five names are thirty lines high, and the cure beside them leaves the screen.
_EXAMPLES = 2


def records_markdown(causes: Sequence[Cause], language: Language, zone: ZoneInfo) -> str:
    """The records of causes, in their order, up to a limit; a text that all of a cause share appears once.

    Args:
        causes: The causes.
        language: The language of the texts.
        zone: The shop's zone, for times.

    Returns:
        The Markdown.
    """
    parts, left = [], SHOWN_RECORDS
    total = sum(len(cause.victims) for cause in causes)
    for number, cause in enumerate(causes, 1):
        if left <= 0:
            break
        parts.append(_cause(number, cause, left, language, zone))
        left -= len(cause.victims)
    if total > SHOWN_RECORDS:
        parts.append(
            say(
                "{count:,} more; all of them: cloudkasse-etl rejections --csv rejections.csv",
                count=total - SHOWN_RECORDS,
            ).told(language)
        )
    text = "\n\n".join(parts)
    return breakable(text) if len(text) < _DIALOG_FROM else text


def records_cell(cause: Cause, language: Language) -> str:
    """How many records a cause has, the amount that is stuck in them, and examples: `33 · 883.67 €: K1-341 …`."""
    amount = f" · {cause.amount_text}" if cause.amount_text else ""
    examples = listed(cause.names(_EXAMPLES), more=cause.count > _EXAMPLES)
    return f"{counted(cause.count, language)}{amount}: {examples}"


def _in_order(name: str) -> list[tuple[int, str]]:
    """The key by which A2 comes before A10; batches are refused in the order of their answers."""
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"(\d+)", name)]


def _cause(number: int, cause: Cause, limit: int, language: Language, zone: ZoneInfo) -> str:
    head = f"**{number}. {plain(cause.cure)}**"
    facts = [
        cause.asset,
        say_count("{count:,} record", "{count:,} records", count=cause.count).told(language),
        *([cause.amount_text] if cause.amount_text else []),
        cause.code,
    ]
    shared = cause.text
    lines = []
    for victim in sorted(cause.victims, key=lambda victim: _in_order(victim.name))[:limit]:
        since = f" · {shown_time(victim.since, zone)}" if victim.since else ""
        lines.append(f"- {plain(victim.name)}{since}" + ("" if shared else f": {plain(victim.text)}"))
    more = len(cause.victims) - len(lines)
    return "\n\n".join(
        [
            head,
            *([plain(shared)] if shared else []),
            plain(" · ".join(facts)),
            "\n".join(lines),
            *([f"… {counted(more, language)}"] if more > 0 else []),
        ]
    )
