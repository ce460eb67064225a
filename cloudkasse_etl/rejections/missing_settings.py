"""Missing accounts as the lines of cloudkasse.yaml that name them, to be pasted there: its keys are nested."""

import re
from collections.abc import Iterator

from cloudkasse_etl.i18n.text import Text, joined, say

ENTRIES = "entries"
"""The placeholder of the catalogue's texts that `entries` fills."""
MADE_OF = ("setting", "further")
"""The values of a detail with the settings: a message shows no more than 80 characters of one."""
# A list of paths of settings as `setting_name` writes them; what the ERP names wrongly is no path.
_PATH = re.compile(r"""(?:accounts|registers)(?:\.(?:[\w-]+|"[^"]*"))+(?=, |$)""")
_OF_THE_ERP = re.compile(r"ART\.KontoVerkauf, KTOGRUPPENPOS\.GKonto = '[^']*'")
_EITHER = re.compile(rf"{_PATH.pattern}|{_OF_THE_ERP.pattern}")
_PART = re.compile(r'''[\w-]+|"[^"]*"''')
_BOTH_SIDES = "DifferenzSollIst"
_ACCOUNT = say("ACCOUNT")


def entries(missing: str) -> Text:
    """What to enter, and where, for a list of settings: `in cloudkasse.yaml Kreditkarte: "ACCOUNT" below ...`.

    Args:
        missing: Paths of settings, `accounts.clearing, accounts.tenders.Kreditkarte`; among them fields of the ERP that
            hold no account that can be used.

    Returns:
        What follows the word enter; the list itself where it cannot be read.
    """
    lines = list(dict.fromkeys(_line(*_PART.findall(found[0])) for found in _PATH.finditer(missing)))
    return joined("; ", [*_of_the_file(lines), *_of_the_erp(missing)] or [missing])


def each_of(missing: str) -> list[str]:
    """The settings of such a list, one by one; the list itself where it cannot be read."""
    found = [one[0] for one in _EITHER.finditer(missing)]
    return list(dict.fromkeys(found)) if found and ", ".join(found) == missing else [missing]


def _of_the_file(lines: list[Text]) -> Iterator[Text]:
    if lines:
        yield say("in cloudkasse.yaml {lines}", lines=joined(", ", lines))


def _of_the_erp(missing: str) -> Iterator[Text]:
    for found in _OF_THE_ERP.finditer(missing):
        yield say("in SelectLine another account for {value}", value=found[0])


def _line(*path: str) -> Text:
    *above, key = path
    if above[0] == "registers":
        _, number, *sections = above
        if sections:
            return say(
                '{key}: "{account}" below {sections} at register {register} below registers',
                key=key,
                account=_ACCOUNT,
                sections=": ".join(sections),
                register=number,
            )
        return say(
            '{key}: "{account}" at register {register} below registers', key=key, account=_ACCOUNT, register=number
        )
    if above[-1] == _BOTH_SIDES:  # the one is refused without the other; which is missing comes first
        return say(
            '{key}: {{{one}: "{account}", {other}: "{account}"}} below {above}',
            **{"key": _BOTH_SIDES, "one": key, "other": "over" if key == "short" else "short"},
            account=_ACCOUNT,
            above=": ".join(above[:-1]),
        )
    if above[-1] == "revenue":
        return say(
            '{key}: "{account}" below {above} (or in SelectLine the article\'s KontoVerkauf or Erfolgskontengruppe)',
            key=key,
            account=_ACCOUNT,
            above=": ".join(above),
        )
    return say('{key}: "{account}" below {above}', key=key, account=_ACCOUNT, above=": ".join(above))
