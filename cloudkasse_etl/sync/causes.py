"""Rejections by their cause: 500 records that one missing account holds up are one thing to do, not 500. No I/O."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from cloudkasse_etl.failures import Language, Rejection

SHOWN_EXAMPLES = 5
_SUCH_AS: dict[Language, str] = {"en": "e.g.", "de": "z. B."}


@dataclass(frozen=True, slots=True)
class Cause:
    """Rejections of one asset that have the same code and the same cure, and want the same setting where they want one.

    Attributes:
        rejections: At least one, in the order given.
    """

    rejections: tuple[Rejection, ...]

    @property
    def code(self) -> str:
        """The code that all of them have."""
        return self.rejections[0].code

    @property
    def count(self) -> int:
        """How many records it holds up; one with several faults of this kind is one."""
        return len({rejection.key for rejection in self.rejections})

    @property
    def since(self) -> datetime | None:
        """When the first of them was refused; None where none is stored yet."""
        return min((rejection.since for rejection in self.rejections if rejection.since), default=None)

    def examples(self) -> str:
        """The first few records."""
        keys = list(dict.fromkeys(rejection.key for rejection in self.rejections))
        return ", ".join(keys[:SHOWN_EXAMPLES]) + (", …" if len(keys) > SHOWN_EXAMPLES else "")

    def text(self, language: Language) -> str:
        """What is wrong; where the words differ by record, those of the first one, named."""
        texts = {rejection.text(language) for rejection in self.rejections}
        first = self.rejections[0]
        return texts.pop() if len(texts) == 1 else f"{_SUCH_AS[language]} {first.key}: {first.text(language)}"

    def cure(self, language: Language) -> str:
        """What to do about all of them."""
        return self.rejections[0].cure(language)


def by_cause(rejections: Iterable[Rejection]) -> list[Cause]:
    """The causes, that of most records first."""
    found: dict[tuple[str, ...], list[Rejection]] = {}
    for rejection in rejections:
        # a missing account is named in the text: two accounts are two things to do
        cause = (rejection.asset, rejection.code, rejection.cure(), rejection.detail.get("setting", ""))
        found.setdefault(cause, []).append(rejection)
    return sorted((Cause(tuple(some)) for some in found.values()), key=lambda cause: -cause.count)
