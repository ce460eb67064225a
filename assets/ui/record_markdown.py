"""Rejected records by cause, as Markdown: a paragraph each on an asset's page, and all of them in a dialog.

A table would have columns of twelve letters there. Names of settings, such as accounts.tenders.Kreditkarte, must be
whole in one line, so that what is copied is what the settings file has to hold.
"""

import datetime as dt
from collections.abc import Sequence
from zoneinfo import ZoneInfo

from assets.instance.typed_commands import as_typed
from assets.ui.markdown import plain
from cloudkasse_etl.i18n.formats import shown_time
from cloudkasse_etl.i18n.text import Language, say, say_count
from cloudkasse_etl.rejections.causes import SHOWN_EXAMPLES, Cause, Victim, more_than
from cloudkasse_etl.sync.monitoring.waiting import LongWait

# A record takes some 80 bytes in each event of the history; each is stored twice, and a step's output repeats it.
SHOWN_RECORDS = 1000
# The UI shows Markdown on the asset's page itself where it is shorter than this, and else a button.
_DIALOG_FROM = 1000
# On the page a cause should take some ten lines, so that the next one is seen too.
PARAGRAPH_RECORDS = 5


def records_markdown(causes: Sequence[Cause], language: Language, zone: ZoneInfo, *, table: str | None = None) -> str:
    """The records of causes, in their order, up to a limit; a text that all of a cause share appears once.

    Args:
        causes: The causes.
        language: The language of the texts.
        zone: The shop's zone, for times.
        table: The address under which all of them are a table in the browser; None where there is none.

    Returns:
        The Markdown.
    """
    total = sum(len(cause.victims) for cause in causes)
    shares = _shares([len(cause.victims) for cause in causes])
    parts = [
        _cause(number, cause, share, language, zone)
        for number, (cause, share) in enumerate(zip(causes, shares, strict=True), 1)
        if share
    ]
    if total > SHOWN_RECORDS:
        more = say(
            "{count:,} more; all of them: {where}",
            count=total - SHOWN_RECORDS,
            where=f"<{table}>" if table else as_typed("cloudkasse-etl rejections --csv rejections.csv"),
        )
        parts.append(more.render(language))
    return "\n\n".join(parts)


def _shares(wanted: Sequence[int]) -> list[int]:
    """How many records of each cause are listed: what a small cause leaves, larger ones share; none is missing."""
    shares, left = [0] * len(wanted), SHOWN_RECORDS
    for done, at in enumerate(sorted(range(len(wanted)), key=wanted.__getitem__)):
        shares[at] = min(wanted[at], left // (len(wanted) - done))
        left -= shares[at]
    return shares


def waits_markdown(waits: Sequence[LongWait], zone: ZoneInfo) -> str:
    """What waits, record by record, up to a limit for each reason.

    Args:
        waits: The reasons.
        zone: The shop's zone, for times.

    Returns:
        The Markdown; empty where the page names every record.
    """
    if all(wait.count <= SHOWN_EXAMPLES for wait in waits):
        return ""
    parts = []
    for number, wait in enumerate(waits, 1):
        since = since_text(wait.since, wait.language, zone)
        count = say_count("{count:,} record", "{count:,} records", count=wait.count).render(wait.language)
        more = more_than(wait.count, len(wait.names), wait.language)
        names = "\n".join(f"- {plain(name)}" for name in [*wait.names, *filter(None, [more])])
        head = f"**{number}. {plain(wait.cure)}**"
        parts.append("\n\n".join([head, plain(wait.why), plain(" · ".join([wait.asset, count, since])), names]))
    return "\n\n".join(parts)


def paragraphs(causes: Sequence[Cause], language: Language, limit: int) -> tuple[list[str], bool]:
    """A piece of Markdown for each of the first causes, so short that the UI shows it on the asset's page itself.

    Args:
        causes: The causes.
        language: The language of the texts.
        limit: How many causes are told.

    Returns:
        The pieces, and whether they tell every record: a list of all would only repeat them.
    """
    texts, is_all = [], len(causes) <= limit
    for cause in causes[:limit]:
        first = cause.victims[:PARAGRAPH_RECORDS]
        shown = len(first)
        while len(text := _paragraph(cause, first[:shown], language)) >= _DIALOG_FROM and shown > 0:
            shown -= 1
        texts.append(text if len(text) < _DIALOG_FROM else text[: _DIALOG_FROM - 2] + "…")
        is_all = is_all and shown == len(cause.victims) and len(text) < _DIALOG_FROM
    return texts, is_all


def _paragraph(cause: Cause, first: Sequence[Victim], language: Language) -> str:
    """Cure, reason and the first records; where their texts differ, each with its own."""
    count = say_count("{count:,} record", "{count:,} records", count=cause.count).render(language)
    names = list(dict.fromkeys(victim.name for victim in first))
    lines = names if cause.text else [f"{victim.name}: {victim.text}" for victim in first]
    more = [*filter(None, [more_than(len(cause.victims), len(first), language)])]
    return "\n\n".join(
        [
            f"**{plain(cause.cure)}**",
            *([plain(cause.text)] if cause.text else []),
            plain(" · ".join(filter(None, (count, cause.amount_text)))),
            "\n".join(f"- {plain(line)}" for line in [*lines, *more]),
        ]
    )


def since_text(moment: dt.datetime, language: Language, zone: ZoneInfo) -> str:
    """A part of a line: since when something is open, or waits.

    Args:
        moment: The moment.
        language: The language.
        zone: The shop's zone.

    Returns:
        The text.
    """
    return say("since {since}", since=shown_time(moment, zone, language)).render(language)


def _cause(number: int, cause: Cause, limit: int, language: Language, zone: ZoneInfo) -> str:
    head = f"**{number}. {plain(cause.cure)}**"
    facts = [
        cause.asset,
        say_count("{count:,} record", "{count:,} records", count=cause.count).render(language),
        *([cause.amount_text] if cause.amount_text else []),
        cause.code,
    ]
    shared = cause.text
    lines = []
    for victim in cause.victims[:limit]:
        since = f" · {since_text(victim.since, language, zone)}" if victim.since else ""
        lines.append(f"- {plain(victim.name)}{since}" + ("" if shared else f": {plain(victim.text)}"))
    return "\n\n".join(
        [
            head,
            *([plain(shared)] if shared else []),
            plain(" · ".join(facts)),
            "\n".join(lines),
            *filter(None, [more_than(len(cause.victims), len(lines), language)]),
        ]
    )
