"""The page's table of the settings that had changed when the run began."""

from collections.abc import Mapping, Sequence
from typing import Any

from cloudkasse_etl.i18n import formats
from cloudkasse_etl.i18n.text import Language, rendered_each, say
from cloudkasse_etl.sync.outputs.page.view import Row, Section
from cloudkasse_etl.sync.run.settings_record import HEADS, changed_rows, changed_text

_SHOWN, _LONGEST = 100, 200


def settings_section(changes: Sequence[Mapping[str, Any]], language: Language) -> Section | None:
    """The settings that changed, each with its value before and since then.

    Args:
        changes: As the run's protocol has them.
        language: The language of the page.

    Returns:
        The table; None where nothing changed.
    """
    if not changes:
        return None
    rows = [[formats.clean(text, _LONGEST) for text in row] for row in changed_rows(changes[:_SHOWN])]
    return Section(
        name=say("Settings that had changed").render(language),
        finding=changed_text([one["key"] for one in changes]).render(language),
        heads=rendered_each(HEADS, language),
        rows=[Row(key, (before, after)) for key, before, after in rows],
    )
