"""Rejections: records that failed, with the reason. The texts of codes are in catalogue/, exceptions in errors.py."""

import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Self

from cloudkasse_etl.fingerprint import fingerprint
from cloudkasse_etl.i18n.formats import day_in_figures, spelled
from cloudkasse_etl.i18n.messages import ENGLISH, translated
from cloudkasse_etl.i18n.messages import Language as Language
from cloudkasse_etl.i18n.text import Text, joined, say, say_count
from cloudkasse_etl.rejections.catalogue import CATALOGUE as CATALOGUE
from cloudkasse_etl.rejections.catalogue import CLOUD as CLOUD
from cloudkasse_etl.rejections.catalogue import Failure
from cloudkasse_etl.rejections.missing_settings import ENTRIES, MADE_OF, each_of, entries
from cloudkasse_etl.rejections.record_names import RecordName, name_of, without_ids

_DAYS = ("day", "arrived", "start")
_NUMBERS = re.compile(r"(?<=: )-?[\d,.]*\d / -?[\d,.]*\d(?=$|, | …)")
UNSEEN = "?"
"""Before the beginning of the id of a receipt that was never fetched, in a detail that `{value:receipt}` shows."""
_IN_THE_ERP, _IN_THE_SETTINGS = say("in SelectLine"), say("in the settings")


@dataclass(frozen=True, slots=True)
class Rejection:
    """A record that failed, with the reason.

    Attributes:
        asset: The asset where it was refused.
        key: The record's key; parts are joined by `|`.
        code: A key of `CATALOGUE`, or `cloud.` and the cloud's own code.
        detail: The values of the placeholders in the code's text.
        content: Hash of everything that the refusal depends on: the record is tried again when it changes.
        since: When it was first refused; None until it is stored.
        still: True when it was refused before and nothing has changed since.
        record: What the record is called, as far as that is known besides its key. No part of what is compared.
        first_run: The run that refused it first, that of `since`; empty until it is stored. No part of that either.
    """

    asset: str
    key: str
    code: str
    detail: Mapping[str, str] = field(default_factory=dict)
    content: str = ""
    since: datetime | None = None
    still: bool = False
    record: RecordName | None = field(default=None, compare=False)
    first_run: str = field(default="", compare=False)

    def name(self, language: Language = "en") -> str:
        """What the record is called by a shop; never an id."""
        return self.called.render(language)

    @property
    def called(self) -> RecordName:
        """The facts of its name; those of its key where no others are known."""
        return self.record or name_of(self.asset, self.key)

    def text(self, language: Language = "en") -> str:
        """What is wrong, in plain words."""
        return filled(lookup(self.code).text, self.detail, language)

    def cure(self, language: Language = "en") -> str:
        """What to do about it."""
        return filled(lookup(self.code).cure, self.detail, language)

    def refused_as(self, old: Self | None) -> Self:
        """The rejection of a record that was refused before: since when, and by which run, as the old one says."""
        return self if old is None else replace(self, since=old.since, first_run=old.first_run)

    def parts(self) -> Sequence[Self]:
        """A rejection for each setting that the record lacks: each is entered by itself. Of any other code itself."""
        if f"{{{ENTRIES}}}" not in lookup(self.code).cure:
            return (self,)
        settings = each_of("".join(self.detail.get(name, "") for name in MADE_OF))
        if len(settings) == 1:
            return (self,)
        first, *others = MADE_OF
        rest = {**self.detail, **dict.fromkeys(others, "")}
        return [replace(self, detail={**rest, first: setting}) for setting in settings]


def merged(rejections: Iterable[Rejection]) -> list[Rejection]:
    """One rejection for each record and code: several faults of one kind are merged."""
    found: dict[tuple[str, str], Rejection] = {}
    for rejection in rejections:
        first = found.get((rejection.key, rejection.code))
        if first is None:
            found[rejection.key, rejection.code] = rejection
        elif first.detail != rejection.detail:
            detail = {
                name: value if value in (other := first.detail.get(name, value)).split(", ") else f"{other}, {value}"
                for name, value in rejection.detail.items()
            }
            content = fingerprint(f"{first.content}{rejection.content}")
            found[rejection.key, rejection.code] = replace(first, detail=detail, content=content)
    return list(found.values())


def lookup(code: str) -> Failure:
    """The catalogue's entry; a code of the cloud that is not in it gets the cloud's own text."""
    return CATALOGUE.get(code) or CATALOGUE[CLOUD]


def filled(text: str, detail: Mapping[str, str], language: Language) -> str:
    """A text of the catalogue in a language, with its placeholders filled.

    Args:
        text: The text in English.
        detail: The values of the placeholders.
        language: The language of the result.

    Returns:
        The text, without further placeholders.
    """
    text = translated(text, language)
    source = detail.get("column") or detail.get("field") or ""
    if not source:
        text = text.replace(" ({field})", "")  # the cloud need not name the field
    system = (_IN_THE_SETTINGS if _is_setting(source) else _IN_THE_ERP).render(language)
    shown = {name: _Value(_shown(_day(name, value, language)), language) for name, value in detail.items()}
    shown["system"] = _Value(system, language)
    if missing := "".join(detail.get(name, "") for name in MADE_OF):
        shown[ENTRIES] = _Value(without_controls(entries(missing).render(language)), language)
    return text.format_map(_Blank(shown))


def _day(name: str, value: str, language: Language) -> str:
    """A detail's day in figures, in the language's order; any other value, and a day that cannot be read, as it is."""
    if name in _DAYS:
        with suppress(ValueError):
            return day_in_figures(date.fromisoformat(value), language)
    return value


def _is_setting(source: str) -> bool:
    """Whether a contract's column is a key of the settings (registers.name), not SelectLine's (ART.Bezeichnung)."""
    return "." in source and source[0].islower()


class _Value(str):
    """A value of a detail; `entry.Failure` says which formats a text may ask for."""

    language: Language

    def __new__(cls, text: str, language: Language) -> Self:
        made = super().__new__(cls, text)
        made.language = language
        return made

    def __format__(self, form: str) -> str:
        if form == "after":
            count = int(self) if self.isdecimal() else 2  # not a number: several of them, or none is known
            return say_count("After {days} day", "After {days} days", count=count, days=str(self)).render(self.language)
        if form == "more":
            known = int(self) if self.isdecimal() else 0
            return " " + say("and {count:,} more", count=known).render(self.language) if known else ""
        if form == "receipt":
            return joined(", ", [_receipt(name) for name in self.split(", ")]).render(self.language)
        if form == "voided":
            voided = say_count(
                "which it voids and which is not booked yet",
                "which are voided here and not booked yet",
                count=len(self.split(", ")),
            )
            return voided.render(self.language)
        if form == "pairs":
            return _NUMBERS.sub(lambda found: spelled(found[0], self.language), self)
        return spelled(str(self), self.language) if form == "n" else str(self)


def _receipt(name: str) -> Text:
    """A receipt within a sentence, by its name; of one that was never fetched no more is known than its id."""
    if name.startswith(UNSEEN):
        return say("a receipt that has not come ({id})", id=name.removeprefix(UNSEEN))
    return say("receipt {receipt}", receipt=name) if name != "…" else joined("", [name])


class _Blank(dict[str, _Value]):
    def __missing__(self, key: str) -> _Value:
        return _Value("?", ENGLISH)


def _shown(value: str) -> str:
    """A foreign value made safe for a message: one line, no control characters, of limited length."""
    value = without_ids(value)[:200]
    clean = without_controls(value)
    return clean if len(clean) <= 80 else f"{clean[:77]}…"


def without_controls(text: str) -> str:
    """A text whose control characters are replaced, line breaks too."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)
