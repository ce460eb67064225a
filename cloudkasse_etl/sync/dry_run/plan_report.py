"""The result of a dry run: frozen, and as the object that `plan --json` prints. No I/O."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import orjson

from cloudkasse_etl.i18n.text import Text
from cloudkasse_etl.rejections.record_names import ReceiptName, RecordName
from cloudkasse_etl.rejections.rejection import Language, Rejection
from cloudkasse_etl.sync.run.report import Counts, Deferral, refused_counts, rejection_dict

Action = Literal["new", "changed", "retired"]
ACTIONS: tuple[Action, ...] = ("new", "changed", "retired")
DETAILS = 20
"""How many records, rejections, receipts, postings and articles are listed one by one."""


@dataclass(frozen=True, slots=True)
class FieldChange:
    """A field of a record before and after."""

    field: str
    before: Any
    after: Any


@dataclass(frozen=True, slots=True)
class PlannedRecord:
    """A record that would be sent.

    Attributes:
        key: Its key.
        action: What it would be in the cloud: new, changed or retired.
        content: The record as it would be sent (JSON).
        before: The record as the cloud last accepted it (JSON); None where it never had the record.
        called: What it is called; None where it is not shown.
    """

    key: str
    action: Action
    content: str
    before: str | None
    called: RecordName | None = field(default=None, compare=False)

    def name(self, language: Language) -> str:
        """What it is called by a shop."""
        return self.called.render(language) if self.called else self.key

    @property
    def changes(self) -> tuple[FieldChange, ...]:
        """The changed fields, before and after; nothing for other actions."""
        if self.action != "changed" or self.before is None:
            return ()
        before, after = orjson.loads(self.before), orjson.loads(self.content)
        return tuple(FieldChange(n, before.get(n), after[n]) for n in after if before.get(n) != after[n])

    @property
    def item(self) -> dict[str, Any]:
        """The record as it would be sent."""
        found: dict[str, Any] = orjson.loads(self.content)
        return found


@dataclass(frozen=True, slots=True)
class EntityPlan:
    """The plan for one kind of record.

    Attributes:
        entity: The name of a kind of record.
        records: Records that would be sent and accepted, in the order of sending.
        unchanged: How many are unchanged.
        rejections: Those of our checks, and those that the cloud will certainly make; `still` if not tried again.
        waiting: Records that wait for something in order.
        stopped: Why a synchronisation would stop here (too many retirements); `records` are then what would go with
            --allow-retire.
        skipped: The name of the kind whose stop prevents the plan of this one.
    """

    entity: str
    records: tuple[PlannedRecord, ...] = ()
    unchanged: int = 0
    rejections: tuple[Rejection, ...] = ()
    waiting: tuple[Deferral, ...] = ()
    stopped: str | None = None
    skipped: str | None = None

    @property
    def counts(self) -> dict[str, int]:
        """Number of records by action; each refused record counts once."""
        refused = refused_counts(self.rejections)
        actions = [record.action for record in self.records]
        return {
            **{action: actions.count(action) for action in ACTIONS},
            "unchanged": self.unchanged,
            "rejected": refused.rejected,
            "resting": refused.still_rejected,
            "waiting": sum(deferral.count for deferral in self.waiting),
        }

    def as_dict(self, language: Language) -> dict[str, Any]:
        """For `--json`: counts in full, details of the first ones."""
        return {
            "counts": self.counts,
            "stopped": self.stopped,
            "skipped": self.skipped,
            "records": {
                action: [_record(r, language) for r in [r for r in self.records if r.action == action][:DETAILS]]
                for action in ACTIONS
            },
            "rejections": [rejection_dict(r, language) for r in self.rejections[:DETAILS]],
            "waiting": [{"code": d.code, "count": d.count, "text": d.text(language)} for d in self.waiting],
        }


@dataclass(frozen=True, slots=True)
class ReceiptLine:
    """A receipt that would be staged."""

    receipt_id: str
    register: str | None
    number: int | None
    business_day: dt.date | None
    total_cents: int | None
    status: str
    currency: str | None = None

    def name(self, language: Language) -> str:
        """What it is called by a shop."""
        known = (self.register, self.number, self.business_day, self.total_cents, self.currency)
        return ReceiptName(self.receipt_id, *known).render(language)


@dataclass(frozen=True, slots=True)
class ReceiptsPlan:
    """The plan for fetching receipts and closings.

    Attributes:
        by_status: Receipts by the status that they would get, with stored ones whose status would change.
        seen: Receipts that arrive again and are staged already.
        total_cents: Of the receipts that would be ready for an import.
        by_register: Register → (receipts, cents) of the same.
        examples: The first ones.
        rejections: Of receipts and closings; `still` for those refused before.
        closings: How many closings.
    """

    by_status: Mapping[str, int]
    seen: int
    total_cents: int
    by_register: Mapping[str, tuple[int, int]]
    examples: tuple[ReceiptLine, ...]
    rejections: tuple[Rejection, ...]
    closings: int

    def as_dict(self, language: Language) -> dict[str, Any]:
        """For `--json`."""
        return {
            "receipts": dict(self.by_status),
            "seen": self.seen,
            "total_cents": self.total_cents,
            "registers": {
                name: {"receipts": count, "total_cents": cents} for name, (count, cents) in self.by_register.items()
            },
            "examples": [
                {
                    "receipt_id": r.receipt_id,
                    "name": r.name(language),
                    "register": r.register,
                    "number": r.number,
                    "business_day": r.business_day.isoformat() if r.business_day else None,
                    "total_cents": r.total_cents,
                    "status": r.status,
                }
                for r in self.examples
            ],
            "closings": self.closings,
            **_refused(self.rejections, language),
        }


@dataclass(frozen=True, slots=True)
class ImportPlan:
    """The plan for an import.

    Attributes:
        receipts: How many receipts.
        postings: How many postings.
        accounts: Account → (debit, credit), both in cents and not negative.
        movements: How many stock movements.
        stock_lines: Of how many stock lines; the line of a trade set has a movement for each of its parts.
        articles: (article, warehouse) → thousandths in and out, neither of them negative.
        examples: The first postings: document, account, amount, text.
        missing: Setting of a missing account → receipts refused for it.
        rejections: Receipts and stock lines that would be refused.
        judged_anew: Receipts whose status changes with the settings, by the status that they would get; filled only
            if nothing would be fetched before the import.
        waiting: Receipts that would wait for others.
    """

    receipts: int
    postings: int
    accounts: Mapping[str, tuple[int, int]]
    movements: int
    stock_lines: int
    articles: Mapping[tuple[str, str], tuple[int, int]]
    examples: tuple[Mapping[str, Any], ...]
    missing: Mapping[str, int]
    rejections: tuple[Rejection, ...]
    judged_anew: Mapping[str, int] = field(default_factory=dict)
    waiting: tuple[Deferral, ...] = ()

    def as_dict(self, language: Language) -> dict[str, Any]:
        """For `--json`."""
        return {
            "receipts": self.receipts,
            "postings": self.postings,
            "accounts": {
                account: {"debit_cents": debit, "credit_cents": credit}
                for account, (debit, credit) in self.accounts.items()
            },
            "movements": self.movements,
            "stock_lines": self.stock_lines,
            "articles": [
                {"article": article, "warehouse": warehouse, "in_milli": into, "out_milli": out}
                for (article, warehouse), (into, out) in list(self.articles.items())[:DETAILS]
            ],
            "examples": list(self.examples),
            "missing_settings": dict(self.missing),
            "judged_anew": dict(self.judged_anew),
            "waiting": [{"code": d.code, "count": d.count, "text": d.text(language)} for d in self.waiting],
            **_refused(self.rejections, language),
        }


@dataclass(frozen=True, slots=True)
class Plan:
    """What a synchronisation would do if nothing changed before it.

    Attributes:
        what: all, master-data, receipts or import.
        entities: Master data; empty where it was not asked for.
        receipts: The plan for fetching; None where it was not asked for.
        imports: The plan for an import of staged receipts and of those that would be fetched before it.
        assets: The counts of a run by asset, in the order of the run.
        scope: A sentence on what of the master data would be compared; None where nothing would be.
    """

    what: str
    entities: tuple[EntityPlan, ...] = field(default=())
    receipts: ReceiptsPlan | None = None
    imports: ImportPlan | None = None
    assets: Mapping[str, Counts] = field(default_factory=dict)
    scope: Text | None = None

    def as_dict(self, language: Language) -> dict[str, Any]:
        """The object that `plan --json` prints."""
        return {
            "what": self.what,
            "entities": {found.entity: found.as_dict(language) for found in self.entities},
            "receipts": self.receipts.as_dict(language) if self.receipts else None,
            "import": self.imports.as_dict(language) if self.imports else None,
            "assets": {asset: counts.as_dict() for asset, counts in self.assets.items()},
            "looked_at": None if self.scope is None else self.scope.render(language),
        }


def _record(record: PlannedRecord, language: Language) -> dict[str, Any]:
    changes = [{"field": c.field, "before": c.before, "after": c.after} for c in record.changes]
    what = {"changes": changes} if record.action == "changed" else {"item": record.item}
    return {"key": record.key, "name": record.name(language), **what}


def _refused(rejections: tuple[Rejection, ...], language: Language) -> dict[str, Any]:
    counts = refused_counts(rejections)
    return {
        "rejected": counts.rejected,
        "still_rejected": counts.still_rejected,
        "rejections": [rejection_dict(r, language) for r in rejections[:DETAILS]],
    }
