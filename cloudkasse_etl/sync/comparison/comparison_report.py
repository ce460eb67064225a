"""The result of a comparison with the till: frozen, as sentences, and as an object for `--json`. No I/O."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from cloudkasse_etl.entities import BY_NAME, COMPANY
from cloudkasse_etl.i18n.text import Text, joined, say, say_count
from cloudkasse_etl.rejections.record_names import RecordName
from cloudkasse_etl.rejections.rejection import Language
from cloudkasse_etl.sync.master_data.shown import field_name, shown_name, shown_value

SHOWN = 20
"""How many differing records are listed one by one."""

Kind = Literal["missing", "different", "superfluous"]
Cure = Literal["next", "full", "foreign"]

_CURES = {
    "next": say("The next synchronisation sends it."),
    "full": say("It was changed in the till. cloudkasse-etl sync --full brings it back."),
    "foreign": say("It never came from here. Switch it off in the till, or create it in SelectLine."),
}
# A language may have genders: each kind has its own sentence for one record.
_ONE_IS_EQUAL = {
    "registers": say("The till holds the one register as SelectLine wants it"),
    "employees": say("The till holds the one employee as SelectLine wants it"),
    "articles": say("The till holds the one article as SelectLine wants it"),
    "prices": say("The till holds the one price as SelectLine wants it"),
}
_ONE_DIFFERS = {
    "registers": say("The till and SelectLine differ in 1 register"),
    "employees": say("The till and SelectLine differ in 1 employee"),
    "articles": say("The till and SelectLine differ in 1 article"),
    "prices": say("The till and SelectLine differ in 1 price"),
}
COLUMNS = (say("record"), say("field"), say("SelectLine"), say("till"), say("what to do"))


@dataclass(frozen=True, slots=True)
class FieldDifference:
    """A field in the ERP and in the cloud."""

    field: str
    erp: Any
    cloud: Any


@dataclass(frozen=True, slots=True)
class Difference:
    """A record that differs.

    Attributes:
        key: Its key.
        kind: Whether the cloud lacks it, has it with other content, or has it active though it should not be.
        cure: `next`: the next synchronisation resolves it; `full`: a full one does, since others changed the cloud;
            `foreign`: it was never sent from here, so only a person can decide about it.
        fields: The differing fields, of records that both have.
        item: The ERP's record, if the cloud lacks it.
        called: What it is called.
    """

    key: str
    kind: Kind
    cure: Cure
    fields: tuple[FieldDifference, ...] = ()
    item: Mapping[str, Any] = field(default_factory=dict)
    called: RecordName | None = field(default=None, compare=False)

    def name(self, language: Language) -> str:
        """What it is called by a shop."""
        return self.called.render(language) if self.called else self.key

    def rows(self, language: Language) -> list[tuple[str, ...]]:
        """One row for each field, with the columns of `COLUMNS`."""
        cure, name = _CURES[self.cure].render(language), self.name(language)
        if self.kind == "missing":
            return [(name, "", shown_name(self.item, language), say("(not there)").render(language), cure)]
        if self.kind == "superfluous":
            return [(name, "active", say("(not wanted)").render(language), say("active").render(language), cure)]
        return [
            (
                name,
                field_name(f.field),
                shown_value(f.field, f.erp, language),
                shown_value(f.field, f.cloud, language),
                cure,
            )
            for f in self.fields
        ]


@dataclass(frozen=True, slots=True)
class Comparison:
    """The differences between the till and the ERP for one kind of record.

    Attributes:
        entity: The name of a kind of record.
        asset: The asset of its records in the cloud.
        wanted: How many records should be active in the cloud, without those that are rejected or wait.
        missing, different, superfluous: How many differ.
        refused: Records that are rejected; they are not compared.
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
        """How many records differ."""
        return self.missing + self.different + self.superfluous

    @property
    def is_equal(self) -> bool:
        """Whether the cloud's records equal the ERP's."""
        return self.count == 0

    def sentence(self, language: Language) -> str:
        """The result in one sentence."""
        texts = [self._found(), *([self._ignored()] if self.refused or self.waiting else [])]
        return joined(" ", texts).render(language)

    def _found(self) -> Text:
        if not self.is_equal:
            return say("{what}: {parts}.", what=self._differs(), parts=joined(", ", self._parts()))
        return say("{what}.", what=self._is_equal() if self.wanted else self._has_none())

    def _is_equal(self) -> Text:
        kind = BY_NAME[self.entity]
        if kind is COMPANY:
            return say("The till holds the company as SelectLine wants it")
        if self.wanted == 1:
            return _ONE_IS_EQUAL[self.entity]
        return say("The till holds all {wanted:,} {noun} as SelectLine wants them", wanted=self.wanted, noun=kind.named)

    def _has_none(self) -> Text:
        kind = BY_NAME[self.entity]
        if not self.refused and not self.waiting:
            return say("The till holds no {noun}, and SelectLine wants none", noun=kind.named)
        if kind is COMPANY:
            return say("There is no company to compare")
        return say("There are no {noun} to compare", noun=kind.named)

    def _differs(self) -> Text:
        kind = BY_NAME[self.entity]
        if kind is COMPANY:
            return say("The till holds another company than SelectLine")
        if self.count == 1:
            return _ONE_DIFFERS[self.entity]
        return say("The till and SelectLine differ in {count:,} {noun}", count=self.count, noun=kind.noun)

    def _parts(self) -> list[Text]:
        parts = [
            say_count("{count:,} missing in the till", "{count:,} missing in the till", count=self.missing),
            say("{count:,} with other content", count=self.different),
            say_count(
                "{count:,} active there that should not be",
                "{count:,} active there that should not be",
                count=self.superfluous,
            ),
        ]
        return [part for part in parts if part.values["count"]]

    def _ignored(self) -> Text:
        parts = [
            say_count("{count:,} rejected", "{count:,} rejected", count=self.refused),
            say("{count:,} waiting", count=self.waiting),
        ]
        known = joined(", ", [part for part in parts if part.values["count"]])
        return say("Not counted, since told elsewhere: {known}.", known=known)

    def rows(self, language: Language) -> list[tuple[str, ...]]:
        """The first differences, a row a field, as `COLUMNS` names them."""
        return [row for difference in self.differences for row in difference.rows(language)]

    def as_dict(self, language: Language) -> dict[str, Any]:
        """For `--json`."""
        return {
            "level": self.is_equal,
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
                    "name": d.name(language),
                    "kind": d.kind,
                    "fields": [{"field": f.field, "erp": f.erp, "cloud": f.cloud} for f in d.fields],
                    "cure": _CURES[d.cure].render(language),
                }
                for d in self.differences
            ],
        }
