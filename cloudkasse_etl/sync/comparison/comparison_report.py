"""What a comparison with CloudKasse found: frozen, in words, and as an object for `--json`. No I/O."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from cloudkasse_etl.entities import BY_NAME, COMPANY
from cloudkasse_etl.i18n.formats import counted
from cloudkasse_etl.rejections.rejection import Language
from cloudkasse_etl.sync.master_data.shown import field_name, shown_name, shown_value

SHOWN = 20
"""How many differing records are told one by one."""

Kind = Literal["missing", "different", "superfluous"]
Cure = Literal["next", "full", "foreign"]

_TEXTS: dict[Language, dict[str, str]] = {
    "en": {
        "equal": "CloudKasse holds all {wanted} {noun} as SelectLine wants them",
        "none": "CloudKasse holds no {noun}, and SelectLine wants none",
        "open": "There are no {noun} to compare",
        "open_one": "There is no {noun} to compare",
        "equal_one": "CloudKasse holds the {noun} as SelectLine wants it",
        "unequal": "CloudKasse and SelectLine differ in {count} {noun}",
        "unequal_one": "CloudKasse holds another {noun} than SelectLine",
        "missing": "{count} missing in CloudKasse",
        "different": "{count} with other content",
        "superfluous": "{count} active there that should not be",
        "known": "Not counted, since told elsewhere",
        "refused": "{count} rejected",
        "waiting": "{count} waiting",
        "next": "The next synchronisation sends it.",
        "full": "It was changed in CloudKasse. cloudkasse-etl sync --full brings it back.",
        "foreign": "It never came from here. Switch it off in CloudKasse, or create it in SelectLine.",
        "nothing_there": "(not there)",
        "not_wanted": "(not wanted)",
        "active": "active",
    },
    "de": {
        "equal": "CloudKasse hat alle {wanted} {noun}, wie SelectLine sie will",
        "none": "CloudKasse hat keine {noun}, und SelectLine will keine",
        "open": "Es gibt keine {noun} zu vergleichen",
        "open_one": "Es gibt kein {noun} zu vergleichen",
        "equal_one": "CloudKasse hat das {noun}, wie SelectLine es will",
        "unequal": "CloudKasse und SelectLine unterscheiden sich in {count} {noun_n}",
        "unequal_one": "CloudKasse hat ein anderes {noun} als SelectLine",
        "missing": "{count} fehlen in CloudKasse",
        "different": "{count} mit anderem Inhalt",
        "superfluous": "{count} dort aktiv, die es nicht sein sollen",
        "known": "Nicht mitgezählt, weil anderswo gemeldet",
        "refused": "{count} abgelehnt",
        "waiting": "{count} wartend",
        "next": "Die nächste Synchronisation sendet ihn.",
        "full": "Er wurde in CloudKasse geändert. cloudkasse-etl sync --full stellt ihn wieder her.",
        "foreign": "Er kam nie von hier. Legen Sie ihn in CloudKasse still oder in SelectLine an.",
        "nothing_there": "(nicht vorhanden)",
        "not_wanted": "(nicht gewollt)",
        "active": "aktiv",
    },
}
COLUMNS: dict[Language, tuple[str, ...]] = {
    "en": ("record", "field", "SelectLine", "CloudKasse", "what to do"),
    "de": ("Datensatz", "Feld", "SelectLine", "CloudKasse", "was zu tun ist"),
}


@dataclass(frozen=True, slots=True)
class FieldDifference:
    """A field as the ERP wants it and as the cloud has it."""

    field: str
    erp: Any
    cloud: Any


@dataclass(frozen=True, slots=True)
class Difference:
    """A record that is not level.

    Attributes:
        key: Its key.
        kind: Whether the cloud lacks it, has it otherwise, or has it active though nobody wants it.
        cure: `next`: a synchronisation does it; `full`: a full one does, since the cloud was changed behind our back;
            `foreign`: it never came from here, so that only a person can judge it.
        fields: What differs; of records that both have.
        item: What the ERP wants; of a missing record.
    """

    key: str
    kind: Kind
    cure: Cure
    fields: tuple[FieldDifference, ...] = ()
    item: Mapping[str, Any] = field(default_factory=dict)

    def rows(self, language: Language) -> list[tuple[str, ...]]:
        """A row a field, as `COLUMNS` names them."""
        words = _TEXTS[language]
        cure = words[self.cure]
        if self.kind == "missing":
            return [(self.key, "", shown_name(self.item, language), words["nothing_there"], cure)]
        if self.kind == "superfluous":
            return [(self.key, "active", words["not_wanted"], words["active"], cure)]
        return [
            (
                self.key,
                field_name(f.field),
                shown_value(f.field, f.erp, language),
                shown_value(f.field, f.cloud, language),
                cure,
            )
            for f in self.fields
        ]


@dataclass(frozen=True, slots=True)
class Comparison:
    """How far CloudKasse is from what the ERP wants now, of one kind of record.

    Attributes:
        entity: The name of a kind of record.
        asset: The asset of what the cloud holds of it.
        wanted: How many records the cloud should hold as active, but for those that stand rejected or wait.
        missing, different, superfluous: How many are not level.
        refused: Records that stand rejected; whether they are level is not looked at.
        waiting: Records that wait for something in order.
        differences: The first ones.
    """

    entity: str
    asset: str
    wanted: int
    missing: int
    different: int
    superfluous: int
    refused: int
    waiting: int
    differences: tuple[Difference, ...]

    @property
    def count(self) -> int:
        """How many records are not level."""
        return self.missing + self.different + self.superfluous

    @property
    def is_level(self) -> bool:
        """Whether the cloud holds what the ERP wants."""
        return self.count == 0

    def sentence(self, language: Language) -> str:
        """What was found, in a sentence."""
        words, kind = _TEXTS[language], BY_NAME[self.entity]
        one = "_one" if kind is COMPANY else ""
        # English writes a heading's word small within a sentence; German has another one in the dative
        dative = kind.noun.told(language)
        noun = dative if language == "en" else kind.heading.told(language)
        none = "open" if self.refused or self.waiting else "none"
        told = ("equal" if self.wanted else none) if self.is_level else "unequal"
        text = words[told if told == "none" else told + one].format(
            wanted=counted(self.wanted, language), count=counted(self.count, language), noun=noun, noun_n=dative
        )
        parts = self._parts(("missing", "different", "superfluous"), language)
        text += f": {', '.join(parts)}." if parts else "."
        known = self._parts(("refused", "waiting"), language)
        return f"{text} {words['known']}: {', '.join(known)}." if known else text

    def rows(self, language: Language) -> list[tuple[str, ...]]:
        """The first differences, a row a field, as `COLUMNS` names them."""
        return [row for difference in self.differences for row in difference.rows(language)]

    def as_dict(self, language: Language) -> dict[str, Any]:
        """For `--json`."""
        return {
            "level": self.is_level,
            "text": self.sentence(language),
            "wanted": self.wanted,
            "missing": self.missing,
            "different": self.different,
            "superfluous": self.superfluous,
            "rejected": self.refused,
            "waiting": self.waiting,
            "differences": [
                {
                    "key": d.key,
                    "kind": d.kind,
                    "fields": [{"field": f.field, "erp": f.erp, "cloud": f.cloud} for f in d.fields],
                    "cure": _TEXTS[language][d.cure],
                }
                for d in self.differences
            ],
        }

    def _parts(self, names: tuple[str, ...], language: Language) -> list[str]:
        words = _TEXTS[language]
        return [
            words[name].format(count=counted(getattr(self, name), language)) for name in names if getattr(self, name)
        ]
