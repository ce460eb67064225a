"""The list of closings: present, missing and refused ones, and people's decisions about them."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from cloudkasse_etl.config.settings import Configuration
from cloudkasse_etl.entities import STAGED_CLOSINGS
from cloudkasse_etl.rejections.rejection import Language, Rejection
from cloudkasse_etl.state.stores.books.decision_log import Action, Decision, Subject
from cloudkasse_etl.state.stores.books.staged_closings import StagedClosings
from cloudkasse_etl.state.stores.missing_numbers import Completeness
from cloudkasse_etl.sync.inputs.own_tables import open_reading
from cloudkasse_etl.sync.receipts.receipt_list import decision_dict


@dataclass(frozen=True)
class ListedClosing:
    """A closing as a list shows it.

    Attributes:
        register: The register; for a closing without register or number, its key in the protocol.
        number: Its number; `4–5` for several missing in a row.
        status: equal, open, missing, rejected or dismissed.
        rejections: Why it, or another content under its number, is refused.
        decisions: People's decisions about it, oldest first.
    """

    register: str
    number: str | None
    business_day: dt.date | None
    receipt_count: int | None
    status: str
    rejections: tuple[Rejection, ...] = ()
    decisions: tuple[Decision, ...] = ()

    def reason(self, language: Language) -> str:
        """Why it was rejected or dismissed."""
        dismissed = self.decisions and self.decisions[-1].action is Action.DISMISS
        parts = [self.decisions[-1].why(language)] if dismissed else []
        return " ".join([*parts, *(f"{r.text(language)} {r.cure(language)}" for r in self.rejections)])

    def as_dict(self, language: Language) -> dict[str, Any]:
        """The closing as `closings --json` prints it."""
        return {
            "register": self.register,
            "number": int(self.number) if self.number and self.number.isdecimal() else self.number,
            "business_day": self.business_day.isoformat() if self.business_day else None,
            "receipt_count": self.receipt_count,
            "status": self.status,
            "reason": self.reason(language) or None,
            "codes": [rejection.code for rejection in self.rejections],
            "decisions": [decision_dict(decision) for decision in self.decisions],
        }


def list_closings(configuration: Configuration, *, status: str | None = None) -> list[ListedClosing]:
    """All closings, or those of one status, by register and number. May be called while a synchronisation runs.

    Raises:
        StateUnavailableError: Our own tables cannot be reached.
    """
    with open_reading(configuration) as store:
        rejections: dict[str, list[Rejection]] = {}
        for rejection in store.rejections.of(STAGED_CLOSINGS):
            rejections.setdefault(rejection.key, []).append(rejection)
        decisions: dict[str, list[Decision]] = {}
        for decision in store.decisions.all(Subject.CLOSING):
            decisions.setdefault(decision.key, []).append(decision)

        def listed(key: str, day: dt.date | None, count: int | None, state: str) -> ListedClosing:
            refused, decided = tuple(rejections.pop(key, ())), tuple(decisions.pop(key, ()))
            if refused:
                state = "rejected"
            elif decided and decided[-1].action is Action.DISMISS:
                state = "dismissed"
            register, mark, number = key.rpartition("|")
            if not mark:
                register, number = key, ""
            return ListedClosing(register, number or None, day, count, state, refused, decided)

        found = [
            listed(f"{c.register}|{c.number}", c.business_day, c.receipt_count, "equal" if c.verified else "open")
            for c in StagedClosings(store.connection).rows()
        ]
        found += [listed(key, None, None, "open") for key in sorted({*rejections, *decisions})]
        for gap in Completeness(store.connection).closing_gaps():
            found.append(ListedClosing(gap.register, gap.numbers, None, None, "missing"))
    return sorted((c for c in found if status in (None, c.status)), key=_place)


def newest_first(closings: Iterable[ListedClosing]) -> list[ListedClosing]:
    """Closings by register, the latest of each first."""
    by_number = sorted(closings, key=lambda closing: _place(closing)[1], reverse=True)
    return sorted(by_number, key=lambda closing: closing.register)


def _place(closing: ListedClosing) -> tuple[str, int]:
    first = (closing.number or "").partition("–")[0]
    return closing.register, int(first) if first.isdecimal() else 0
