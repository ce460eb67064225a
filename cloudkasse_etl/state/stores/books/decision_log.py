"""People's decisions about receipts, stock lines and closings: append-only. The newest of a subject is in force."""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import orjson
import sqlalchemy as sa

from cloudkasse_etl.i18n.text import Language, Text, rendered, say
from cloudkasse_etl.rejections.rejection import Rejection
from cloudkasse_etl.state.connection import StateConnection
from cloudkasse_etl.state.database.keys import chunks

# The program's own decisions and their reasons; stored in English, shown in the settings' language.
PROGRAM = "cloudkasse-etl"
REPLACED = say("It was refused, and the till sent a corrected content under the same id, which took its place.")
NOT_AGAIN = say("It could not be read, had no id, and did not come again when everything was fetched anew.")
_TEXTS = {str(text): text for text in (REPLACED, NOT_AGAIN)}
_MOVED_TO = "moved_to"


class Subject(StrEnum):
    """The kind of thing that a decision is about."""

    RECEIPT = "receipt"
    LINE = "line"
    CLOSING = "closing"
    NUMBERS = "numbers"
    DELIVERY = "delivery"


class Action(StrEnum):
    """The decision: handled by a person; to be checked again; released; taken back from the ERP; import undone."""

    DISMISS = "dismiss"
    RESTORE = "restore"
    RELEASE = "release"
    RETRACT = "retract"
    UNDO = "undo"


@dataclass(frozen=True, slots=True)
class Decision:
    """A decision with its reason.

    Attributes:
        subject: The kind of thing that it is about.
        key: A receipt's id; for a stock line with `|` and its number; for a closing register `|` number; for
            missing receipt numbers register `|` first `-` last; for a delivery its id.
        action: What was decided.
        reason: Why.
        decided_at: When; None where an earlier release did not store it.
        decided_by: Who, like `command line (user@host)`; None in the same case.
        detail: The rejections that were open until then, so that they can be opened again.
    """

    subject: Subject
    key: str
    action: Action
    reason: str
    decided_at: dt.datetime | None = None
    decided_by: str | None = None
    detail: Mapping[str, Any] = field(default_factory=dict)

    def why(self, language: Language) -> str:
        """The reason as text in a language."""
        if isinstance(free := self.detail.get(_MOVED_TO), str):
            return rendered(_moved(free), language)
        return rendered(_TEXTS.get(self.reason, self.reason), language)

    @property
    def ended(self) -> tuple[Rejection, ...]:
        """The rejections that ended by it."""
        return tuple(
            Rejection(**{**found, "since": dt.datetime.fromisoformat(found["since"]) if found["since"] else None})
            for found in self.detail.get("ended", ())
        )


def moved(key: str, free: str) -> Decision:
    """The decision that what was kept of a receipt under a key of our own is now under another one.

    Args:
        key: The key of our own, which the till gave to another receipt.
        free: The key under which it is kept now.
    """
    detail = {_MOVED_TO: free}
    return Decision(Subject.RECEIPT, key, Action.RESTORE, _moved(free), decided_by=PROGRAM, detail=detail)


def _moved(free: str) -> Text:
    return say(
        "The till sent another receipt under this id, which was one of ours; what was kept here has the id {id} now.",
        id=free,
    )


def ending(rejections: Iterable[Rejection]) -> dict[str, Any]:
    """The detail of a decision that ends some rejections."""
    return {
        "ended": [
            {
                "asset": r.asset,
                "key": r.key,
                "code": r.code,
                "detail": dict(r.detail),
                "content": r.content,
                "since": r.since.isoformat() if r.since else None,
                "first_run": r.first_run,
            }
            for r in rejections
        ]
    }


class DecisionLog:
    """Decisions of a company, which runs and dry runs only read; hand_decisions.py writes those of people."""

    def __init__(self, state: StateConnection) -> None:
        self._state = state
        self._table = state.tables.decision

    def put(self, connection: sa.Connection, decisions: Sequence[Decision]) -> None:
        """Adds decisions in the caller's transaction; those without a time get the present one."""
        now = dt.datetime.now(dt.UTC)
        rows = [
            {
                "company": self._state.company,
                "subject": str(d.subject),
                "record_key": d.key,
                "action": str(d.action),
                "reason": str(d.reason),
                "detail": orjson.dumps(dict(d.detail)).decode(),
                "decided_at": d.decided_at or now,
                "decided_by": d.decided_by[:200] if d.decided_by else None,
                "run_id": self._state.run_id,
            }
            for d in decisions
        ]
        if rows:
            connection.execute(self._table.insert(), rows)

    def all(self, *subjects: Subject) -> list[Decision]:
        """All decisions about some kinds of subject, oldest first."""
        return self._read(self._query().where(self._table.c.subject.in_(subjects)))

    def of(self, subject: Subject, keys: Sequence[str]) -> list[Decision]:
        """All decisions about some subjects, oldest first of each."""
        found: list[Decision] = []
        for chunk in chunks(keys):
            found += self._read(
                self._query().where(self._table.c.subject == str(subject), self._table.c.record_key.in_(chunk))
            )
        return found

    def newest(self, subject: Subject, keys: Sequence[str]) -> dict[str, Decision]:
        """The decisions in force about some subjects; subjects without one are missing.

        That an import was undone leaves those in force that were made about its receipt.
        """
        return {found.key: found for found in self.of(subject, keys) if found.action is not Action.UNDO}

    def holding(self, subject: Subject, action: Action) -> dict[str, Decision]:
        """All subjects of a kind for which a decision of that action is in force, with the decision."""
        newest = {decision.key: decision for decision in self.all(subject) if decision.action is not Action.UNDO}
        return {key: decision for key, decision in newest.items() if decision.action is action}

    def released(self, receipt_ids: Sequence[str]) -> frozenset[str]:
        """The receipts among these that a person has released."""
        newest = self.newest(Subject.RECEIPT, receipt_ids)
        return frozenset(key for key, decision in newest.items() if decision.action is Action.RELEASE)

    def _query(self) -> "sa.Select[tuple[Any, ...]]":
        table = self._table
        return sa.select(table).where(table.c.company == self._state.company).order_by(table.c.decision_id)

    def _read(self, query: "sa.Select[tuple[Any, ...]]") -> list[Decision]:
        with self._state.reading() as connection:
            return [
                Decision(
                    Subject(row["subject"]),
                    row["record_key"],
                    Action(row["action"]),
                    row["reason"],
                    row["decided_at"],
                    row["decided_by"],
                    orjson.loads(row["detail"]),
                )
                for row in connection.execute(query).mappings()
            ]
