"""The page of asset companies: a table of all companies of a chain, as metadata."""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

import dagster as dg

from assets.instance.typed_commands import as_typed, telling_about
from assets.ui.markdown import plain
from assets.ui.record_markdown import since_text
from cloudkasse_etl.config.settings import Settings
from cloudkasse_etl.entities import ACTION_NEEDED
from cloudkasse_etl.i18n.text import Language, rendered, rendered_each, say
from cloudkasse_etl.rejections.causes import more_than
from cloudkasse_etl.sync.monitoring.chain.company_status import STATE_WORDS, CompanyStatus, Counts, State

SHOWN_COMPANIES = 100
_LONGEST = 300
# More columns stand beyond the edge of the page.
_HEADS = (say("company"), say("state"), say("what to do first, and what is open"))


def companies_metadata(statuses: Sequence[CompanyStatus], settings: Settings) -> Mapping[str, Any]:
    """The metadata of asset companies; always the same keys for the counts, so that the UI can plot them over time.

    Args:
        statuses: All companies, the worst first.
        settings: For language and zone.

    Returns:
        Metadata by key, in the order of the page.
    """
    language, counts = settings.language, Counts.of(statuses)
    return {
        "summary": dg.MetadataValue.text(counts.render(language)),
        "companies": dg.MetadataValue.md(_table(statuses, settings)),
        **{f"count_{state}": counts.by_state[state] for state in State},
    }


def _table(statuses: Sequence[CompanyStatus], settings: Settings) -> str:
    rows = [_row(one, settings) for one in statuses[:SHOWN_COMPANIES]]
    heads = [plain(head) for head in rendered_each(_HEADS, settings.language)]
    table = "\n".join(f"| {' | '.join(row)} |" for row in (heads, ["---"] * len(heads), *rows))
    more = more_than(len(statuses), SHOWN_COMPANIES, settings.language)
    return f"{table}\n\n{more}" if more else table


def _row(one: CompanyStatus, settings: Settings) -> list[str]:
    language, key = settings.language, one.company or ""
    since = since_text(one.since, language, settings.zone) if one.since else ""
    with telling_about(key):
        cure = _cell(rendered(one.cure, language))
        return [
            f"[{plain(key)}]({company_page(key)})",
            f"{STATE_WORDS[one.state].render(language)} {since}".strip(),
            f"**{cure}** {_cell(_open(one, language))}" if cure else _cell(_open(one, language)),
        ]


def company_page(key: str) -> str:
    """The address of a company's page of what is open, within the UI."""
    return f"/assets/{ACTION_NEEDED}?view=partitions&partition={quote(key)}"


def _open(one: CompanyStatus, language: Language) -> str:
    """Of what waits no amounts: the page would be recorded again with each receipt that comes."""
    if one.state is State.WAITING and one.report is not None and one.report.waits:
        return rendered(one.report.waits[0].why, language)
    return one.in_short(language)


def _cell(text: str) -> str:
    whole = as_typed(text)
    return plain(whole if len(whole) <= _LONGEST else f"{whole[:_LONGEST]}…")
