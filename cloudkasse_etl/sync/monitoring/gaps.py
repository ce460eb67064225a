"""Receipts and closings whose numbers are missing, as something that a person has to look after. No comparison of sums.

The gaps are those of the last synchronisation, without what a person has decided since: nothing is staged in between,
and the page of what is open is made each minute.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from cloudkasse_etl.entities import STAGED_CLOSINGS, STAGED_RECEIPTS
from cloudkasse_etl.i18n.text import Language, say
from cloudkasse_etl.rejections.causes import listed
from cloudkasse_etl.state.stores.books.decision_log import Subject
from cloudkasse_etl.state.stores.missing_numbers import Completeness, Gap
from cloudkasse_etl.state.stores.state_stores import StateStores
from cloudkasse_etl.sync.monitoring.completeness import Finding, last_findings, missing_closings, missing_receipts

SHOWN_GAPS = 5
_SUBJECTS = {STAGED_RECEIPTS: Subject.NUMBERS, STAGED_CLOSINGS: Subject.CLOSING}


@dataclass(frozen=True, slots=True)
class Missing:
    """The numbers of an asset that are missing.

    Attributes:
        asset: `staged_receipts` or `staged_closings`.
        gaps: The numbers, at least one.
        language: The language of the texts.
    """

    asset: str
    gaps: tuple[Gap, ...]
    language: Language

    @property
    def count(self) -> int:
        """How many numbers are missing."""
        return sum(gap.count for gap in self.gaps)

    @property
    def examples(self) -> str:
        """The first few gaps: `K1-7; K2-11 – K2-15`."""
        return listed([_name(gap) for gap in self.gaps[:SHOWN_GAPS]], len(self.gaps), self.language)

    @property
    def text(self) -> str:
        """What is wrong."""
        told = missing_receipts if self.asset == STAGED_RECEIPTS else missing_closings
        return told(self.count).render(self.language)

    @property
    def cure(self) -> str:
        """What to do about it."""
        gap = self.gaps[0]
        numbers = str(gap.first) if gap.first == gap.last else f"{gap.first}-{gap.last}"
        command = f"closings dismiss {gap.register} {gap.first}"
        if self.asset == STAGED_RECEIPTS:
            command = f"receipts dismiss --missing {gap.register} {numbers}"
        return say(
            "See that every register has been online, and synchronise again. What will never come is ended with a "
            "reason: cloudkasse-etl {command} --reason TEXT.",
            command=command,
        ).render(self.language)

    def as_dict(self) -> dict[str, Any]:
        """The numbers as `rejections --json` prints them."""
        gaps = [{"register": gap.register, "first": gap.first, "last": gap.last} for gap in self.gaps]
        return {"asset": self.asset, "count": self.count, "gaps": gaps, "text": self.text, "cure": self.cure}


def missing_numbers(store: StateStores, language: Language) -> list[Missing]:
    """What is missing of receipts and of closings, as far as a person has not ended it.

    Raises:
        StateUnavailableError: Our own tables cannot be read.
    """
    last = last_findings(store.checkpoints)
    found = {STAGED_RECEIPTS: last.receipt_gaps, STAGED_CLOSINGS: last.closing_gaps}
    asked = Completeness(store.connection)
    left = {asset: asked.without_dismissed(_gaps(some), _SUBJECTS[asset]) for asset, some in found.items() if some}
    return [Missing(asset, tuple(gaps), language) for asset, gaps in left.items() if gaps]


def _gaps(findings: Sequence[Finding]) -> list[Gap]:
    return [Gap(finding.register, *finding.ends) for finding in findings]


def _name(gap: Gap) -> str:
    first, last = f"{gap.register}-{gap.first}", f"{gap.register}-{gap.last}"
    return first if gap.first == gap.last else f"{first} – {last}"
