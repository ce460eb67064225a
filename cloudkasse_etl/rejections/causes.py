"""Groups rejections by cause: one asset, one code and one cure. 500 receipts without an account are one cause.

Every report groups by this alone, in this order, and lists a cause's records in one order: the UI's tables and checks,
the command line, the page of a run, alerts and plans. Causes of the same code differ in what their cure names: the
missing account, the column to correct.

A receipt that lacks two settings stands under both, like any record with two faults: each is entered by itself, and
only both together let it through. So a cause's count is what waits for its cure, and counts and amounts of causes may
sum to more than is rejected. Every total counts records instead, each once: fetched is imported, refused and waiting.
"""

import string
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, Protocol

from cloudkasse_etl.i18n.text import Text, say, say_count
from cloudkasse_etl.rejections.missing_settings import ENTRIES, MADE_OF
from cloudkasse_etl.rejections.record_names import Amount, NaturalPlace, name_of, natural_place
from cloudkasse_etl.rejections.rejection import Language, Rejection, filled, lookup
from cloudkasse_etl.rejections.stuck_money import StuckMoney

SHOWN_EXAMPLES = 5
Place = tuple[int, int, str, str, str]
_SUCH_AS = say("e.g.")


class Victim(Protocol):
    """A rejected record with its texts in one language."""

    @property
    def key(self) -> str:
        """The record's key."""

    @property
    def name(self) -> str:
        """What a shop calls it."""

    @property
    def place(self) -> NaturalPlace:
        """Its sort key within its cause."""

    @property
    def amount(self) -> Amount | None:
        """The amount that is not booked because of it; None for all but receipts."""

    @property
    def text(self) -> str:
        """What is wrong with it."""

    @property
    def since(self) -> datetime | None:
        """When it was first refused; None until that is stored."""

    @property
    def still(self) -> bool:
        """Whether it was refused before."""


@dataclass(frozen=True, slots=True)
class Cause:
    """Rejections that have one cause and one cure.

    Attributes:
        asset: The asset that refuses the records.
        code: The rejections' code.
        cure: What to do about all of them.
        language: The language of the texts.
        victims: The rejections, at least one, by the records' numbers; a record with several faults has several.
    """

    asset: str
    code: str
    cure: str
    language: Language
    victims: tuple[Victim, ...]

    @property
    def keys(self) -> Sequence[str]:
        """The records' keys, each once."""
        return list(dict.fromkeys(victim.key for victim in self.victims))

    @property
    def stuck(self) -> StuckMoney:
        """The money in the receipts among the records."""
        return StuckMoney.of((victim.key, victim.amount) for victim in self.victims)

    @property
    def amount_text(self) -> str:
        """The same as a text, `883.67 €`; empty for other records."""
        return self.stuck.render(self.language)

    @property
    def count(self) -> int:
        """How many records are rejected for it."""
        return len({victim.key for victim in self.victims})

    @property
    def fresh(self) -> int:
        """How many of them were not refused before."""
        return len({victim.key for victim in self.victims if not victim.still})

    @property
    def since(self) -> datetime | None:
        """When the first of them was refused; None where none is stored yet."""
        return min((victim.since for victim in self.victims if victim.since), default=None)

    @property
    def shown(self) -> Sequence[Victim]:
        """The first few, to be shown one by one."""
        return self.victims[:SHOWN_EXAMPLES]

    @property
    def more(self) -> str:
        """A note on how many more records there are than are shown; empty where there are none."""
        return more_than(self.count, len({victim.key for victim in self.shown}), self.language)

    @property
    def examples(self) -> str:
        """The first few records' names."""
        return listed(self.names(SHOWN_EXAMPLES), self.count, self.language)

    def names(self, limit: int) -> Sequence[str]:
        """The names of the first records, each record once."""
        found: dict[str, str] = {}
        for victim in self.victims:
            if victim.key not in found:
                if len(found) == limit:
                    break
                found[victim.key] = victim.name
        return list(found.values())

    @property
    def text(self) -> str | None:
        """What is wrong, where it is the same for all records."""
        first = self.victims[0].text
        return first if all(victim.text == first for victim in self.victims) else None

    @property
    def summary(self) -> str:
        """What is wrong; if the texts differ by record, that of the first one, with its name."""
        first = self.victims[0]
        return self.text or f"{_SUCH_AS.render(self.language)} {first.name}: {first.text}"


@dataclass(frozen=True, slots=True)
class _Refused:
    """A victim that is a rejection."""

    rejection: Rejection
    language: Language

    @property
    def key(self) -> str:
        return self.rejection.key

    @property
    def name(self) -> str:
        return self.rejection.name(self.language)

    @property
    def place(self) -> NaturalPlace:
        return self.rejection.called.place

    @property
    def amount(self) -> Amount | None:
        return self.rejection.called.amount

    @property
    def text(self) -> str:
        return self.rejection.text(self.language)

    @property
    def since(self) -> datetime | None:
        return self.rejection.since

    @property
    def still(self) -> bool:
        return self.rejection.still


@dataclass(frozen=True, slots=True)
class _Noted:
    """A victim that is read back from a protocol."""

    key: str
    name: str
    amount: Amount | None
    text: str
    since: datetime | None
    still: bool

    @property
    def place(self) -> NaturalPlace:
        return natural_place(self.name)


def by_cause(rejections: Iterable[Rejection], language: Language) -> list[Cause]:
    """The causes of rejections, in the order in which to deal with them: `place`."""
    parts = (part for r in rejections for part in r.parts())
    return _grouped((((r.asset, r.code, r.cure(language)), _Refused(r, language)) for r in parts), language)


def causes_of(protocol: Iterable[Mapping[str, Any]], language: Language) -> list[Cause]:
    """The causes of rejections that are read back from a run's protocol, in the language in which it was written."""
    return _grouped(
        (
            (
                (r["asset"], r["code"], part["cure"]),
                _Noted(
                    r["key"],
                    r.get("name") or name_of(r["asset"], r["key"]).render(language),  # an older release wrote none
                    Amount(r["total_cents"], r["currency"]) if r.get("currency") else None,
                    part["text"],
                    datetime.fromisoformat(r["since"]) if r["since"] else None,
                    r["still"],
                ),
            )
            for r in protocol
            for part in r.get("parts") or (r,)
        ),
        language,
    )


def listed(names: Sequence[str], count: int, language: Language) -> str:
    """Names in one line; they hold commas themselves.

    Args:
        names: The first names.
        count: How many there are.
        language: The language of the note on how many more there are.

    Returns:
        Like `301 Eier; 302 Milch and 12 more`.
    """
    return " ".join(filter(None, ["; ".join(names), more_than(count, len(names), language)]))


def told_apart(causes: Iterable[Cause]) -> Text | None:
    """A note on records with several causes, which explains the causes' sums; None where there are none."""
    causes_of_record = Counter((cause.asset, key) for cause in causes for key in cause.keys)
    several = sum(count > 1 for count in causes_of_record.values())
    if not several:
        return None
    return say_count(
        "{count:,} of them stands under several causes.",
        "{count:,} of them stand under several causes.",
        count=several,
    )


def place(stuck: StuckMoney, count: int, asset: str, code: str, cure: str) -> Place:
    """The sort key of a cause, independent of the order of discovery: in every report the same comes first.

    Money first: the cause in whose receipts most of it is stuck, whatever the currency, taken or paid out. Then the
    cause of most records.

    Args:
        stuck: The money in the receipts among them.
        count: The number of records.
        asset: The asset that refuses them.
        code: The rejections' code.
        cure: What to do about them.

    Returns:
        A tuple to sort by, ascending.
    """
    return -stuck.weight, -count, asset, code, cure


def in_order(rejections: Iterable[Rejection]) -> list[Rejection]:
    """Rejections record by record, as a list without causes shows them: by asset, code and number; new ones first."""
    assets: dict[str, int] = {}
    return sorted(rejections, key=lambda r: (r.still, assets.setdefault(r.asset, len(assets)), r.code, r.called.place))


def in_order_of(causes: Iterable[Cause], rejections: Iterable[Rejection]) -> list[Rejection]:
    """Rejections in the order in which their causes are shown, for a list beside them; each with its first cause.

    Args:
        causes: The rejections' causes, in order.
        rejections: The rejections.

    Returns:
        All of them.
    """
    places: dict[tuple[str, str, str], int] = {}
    for cause in causes:
        for key in cause.keys:
            places.setdefault((cause.asset, cause.code, key), len(places))
    return sorted(rejections, key=lambda rejection: places[rejection.asset, rejection.code, rejection.key])


def what_differs(rejection: Rejection) -> str:
    """The values that a rejection's cure names, independent of language: causes of one asset and code differ in them.

    A cure that is worded differently, in another release or language, does not change it. Empty where it names nothing.
    """
    names = _named_by_the_cure(rejection.code)
    return "\n".join(filled(f"{{{name}}}", rejection.detail, "en") for name in names)


def may_differ(code: str) -> bool:
    """Whether the cures of a code name anything, so that it can have several causes."""
    return bool(_named_by_the_cure(code))


def more_than(count: int, shown: int, language: Language) -> str:
    """A note on how many more there are than are shown; empty where there are none.

    Args:
        count: All of them.
        shown: How many are shown.
        language: The language of the note.

    Returns:
        The note.
    """
    return say("and {count:,} more", count=count - shown).render(language) if count > shown else ""


def placeholders(text: str) -> tuple[str, ...]:
    """The placeholders of a text of the catalogue, in order, each once."""
    return tuple(dict.fromkeys(name for _, name, _, _ in string.Formatter().parse(text) if name))


@cache
def _named_by_the_cure(code: str) -> tuple[str, ...]:
    named = placeholders(lookup(code).cure)
    return tuple(dict.fromkeys(each for name in named for each in (MADE_OF if name == ENTRIES else (name,))))


def _grouped(rejections: Iterable[tuple[tuple[str, str, str], Victim]], language: Language) -> list[Cause]:
    found: dict[tuple[str, str, str], list[Victim]] = {}
    for cause, victim in rejections:
        found.setdefault(cause, []).append(victim)
    causes = [
        Cause(*cause, language, tuple(sorted(victims, key=lambda victim: victim.place)))
        for cause, victims in found.items()
    ]
    return sorted(causes, key=lambda c: place(c.stuck, c.count, c.asset, c.code, c.cure))
