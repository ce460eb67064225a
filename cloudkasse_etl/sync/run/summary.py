"""A run's result in the few characters that a list of runs has room for. The whole sentence is in report.py."""

from collections.abc import Sequence

from cloudkasse_etl.entities import REVENUE_POSTINGS, STAGED_RECEIPTS
from cloudkasse_etl.errors import CloudkasseError
from cloudkasse_etl.i18n.formats import counted
from cloudkasse_etl.i18n.text import say, say_as, say_count
from cloudkasse_etl.rejections.rejection import Language
from cloudkasse_etl.sync.run.report import Outcome, RunReport
from cloudkasse_etl.sync.run.sentence import APART, count_texts, outcome_text

# On a screen of 1,366 pixels, beside the name of the tag. The UI's font is proportional: 22 characters may fit or not.
ROOM = 117
# How wide letters are in the font of the tags (Geist, 12 px), as a browser measured them.
_WIDTHS = {
    " .,'’iI!": 2.6,
    "jl():;": 3.4,
    "ftr": 4.3,
    "1-": 4.9,
    "s": 6.3,
    "023456789": 7.5,
    "mwMW⚠✗↻…": 10.6,
}
_LETTER, _CAPITAL = 6.85, 8.2
_OUTCOMES = {
    Outcome.PARTIALLY_SUCCESSFUL: say_as("in short", "⚠ partly successful"),
    Outcome.FAILED: say_as("in short", "✗ failed"),
}
# Counts that require action come first; then those that are the most interesting.
_ORDER = ("rejected", REVENUE_POSTINGS, STAGED_RECEIPTS, "new", "changed", "deactivated", "open", "waiting")


def shown_outcome(outcome: Outcome, language: Language) -> str:
    """The outcome in so few words that the list has room for them, with a mark if a person should check something."""
    return _OUTCOMES[outcome].render(language) if outcome in _OUTCOMES else outcome_text(outcome, language)


def brief(report: RunReport, language: Language) -> str:
    """The most important counts, as many as there is room for; of a run that broke, why, and what is open in all."""
    if report.error:
        is_open = [_open(report.open_records, language)] if report.open_records else []
        return _fitting([report.in_short or CloudkasseError.in_short.render(language), *is_open])
    counts = report.counts
    told = count_texts(report.outcome, report.assets.values(), language, is_brief=True)
    ordered = [told[name] for name in sorted(told.keys() - APART.keys(), key=_place)]
    if report.outcome is Outcome.FAILED and counts.still_rejected:
        # what was tried is the smaller half, and it is the larger one that somebody has to look at
        whole = _open(counts.rejected + counts.still_rejected, language)
        return both if (both := _fitting([told["rejected"], whole])) != told["rejected"] else whole
    unchanged = counted(counts.unchanged, language)
    return _fitting(ordered) or say("{count} as before", count=unchanged).render(language)


def width(text: str) -> float:
    """How many pixels a text takes in a tag of the list of runs, at most."""
    return sum(_width(letter) for letter in text)


def _width(letter: str) -> float:
    known = next((wide for letters, wide in _WIDTHS.items() if letter in letters), None)
    if known is not None:
        return known
    return _CAPITAL if letter.isupper() else 2.6 if letter.isspace() else _LETTER


def _fitting(parts: Sequence[str]) -> str:
    """As many of the parts, from the first on, as there is room for."""
    text = "".join(parts[:1])
    for part in parts[1:]:
        if width(longer := f"{text}, {part}") > ROOM:
            break
        text = longer
    return text


def _open(count: int, language: Language) -> str:
    return say_count("{count:,} open", "{count:,} open", count=count).render(language)


def _place(name: str) -> int:
    return _ORDER.index(name) if name in _ORDER else len(_ORDER)
