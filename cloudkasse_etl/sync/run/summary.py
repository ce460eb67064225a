"""A run's result in the few characters that a list of runs has room for. The whole sentence is in report.py."""

from cloudkasse_etl.entities import REVENUE_POSTINGS, STAGED_RECEIPTS
from cloudkasse_etl.i18n.formats import counted
from cloudkasse_etl.i18n.text import say
from cloudkasse_etl.rejections.rejection import Language
from cloudkasse_etl.sync.run.report import Outcome, RunReport
from cloudkasse_etl.sync.run.sentence import APART, count_texts, outcome_text

# The list's column shows some 32 characters on a screen of 1,366 pixels, the name of the tag among them.
ROOM = 22
ROOM_FOR_A_REASON = 40  # its beginning is informative, wherever the column ends
_MARKS = {Outcome.PARTIALLY_SUCCESSFUL: "⚠ ", Outcome.FAILED: "✗ "}
# Counts that require action come first; then those that are the most interesting.
_ORDER = ("rejected", REVENUE_POSTINGS, STAGED_RECEIPTS, "new", "changed", "deactivated", "open", "waiting")


def shown_outcome(outcome: Outcome, language: Language) -> str:
    """The outcome as text, with a mark if a person should check something."""
    return f"{_MARKS.get(outcome, '')}{outcome_text(outcome, language)}"


def brief(report: RunReport, language: Language) -> str:
    """The most important counts, as many as there is room for, or the beginning of the reason why the run broke."""
    if report.error:
        return brief_reason(report.error, report.outcome, language)
    told = count_texts(report.outcome, report.assets.values(), language, is_brief=True)
    ordered = [told[name] for name in sorted(told.keys() - APART.keys(), key=_place)]
    text = "".join(ordered[:1])
    for part in ordered[1:]:
        if len(longer := f"{text}, {part}") > ROOM:
            break
        text = longer
    unchanged = counted(report.counts.unchanged, language)
    return text or say("{count} as before", count=unchanged).told(language)


def brief_reason(reason: str, outcome: Outcome, language: Language) -> str:
    """The beginning of a reason, without the word that the outcome says already.

    Args:
        reason: The reason.
        outcome: The outcome.
        language: The language of the texts.

    Returns:
        The shortened reason.
    """
    text = reason.removeprefix(f"{outcome_text(outcome, language)}: ")
    return text if len(text) <= ROOM_FOR_A_REASON else f"{text[: ROOM_FOR_A_REASON - 1].rstrip()}…"


def _place(name: str) -> int:
    return _ORDER.index(name) if name in _ORDER else len(_ORDER)
