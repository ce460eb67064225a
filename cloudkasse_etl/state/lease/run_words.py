"""A run's kind and who started it, as a person reads them. What is stored of both is English, for programs."""

from cloudkasse_etl.i18n.text import joined, say

_STARTERS = (say("command line"), say("UI"), say("automatic retry"), say("schedule"), say("sensor"))
_KINDS = (say("all"), say("master-data"), say("receipts"), say("import"), say("deliver"), say("assets"))


def starter_words(started_by: str) -> str:
    """Who started a run: `command line (anna@shop)`; a text that can be translated, if it is one of our words."""
    for starter in _STARTERS:
        if started_by == starter or started_by.startswith(f"{starter} "):
            return joined("", [starter, started_by[len(starter) :]])
    return started_by


def kind_words(kind: str) -> str:
    """A run's kind; a text that can be translated, if it is one of ours."""
    return next((known for known in _KINDS if known == kind), kind)
