"""The use case that takes an import back: by counter-entries, never by deleting (docs/rules.md, Corrections)."""

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from cloudkasse_etl.config.settings import Configuration, Settings
from cloudkasse_etl.entities import STOCK_MOVEMENTS
from cloudkasse_etl.errors import ConfigurationError
from cloudkasse_etl.i18n.text import Text, joined, say, say_count
from cloudkasse_etl.schemas.booked_rows import FIRST
from cloudkasse_etl.state.stores.books.decision_log import Action, Subject
from cloudkasse_etl.state.stores.books.receipt_status import Status, status_word
from cloudkasse_etl.state.stores.books.undone_imports import ImportedReceipt, UndoneImports
from cloudkasse_etl.state.stores.deliveries.delivered_receipts import Covering, DeliveredReceipts
from cloudkasse_etl.state.stores.deliveries.delivery_store import SETTINGS, STATUS_WORDS
from cloudkasse_etl.state.stores.state_stores import StateStores
from cloudkasse_etl.sync.inputs.own_tables import open_reading
from cloudkasse_etl.sync.receipts.decisions import Decider
from cloudkasse_etl.sync.receipts.receipt_search import find_receipts, name_of, refuse_unknown_register
from cloudkasse_etl.sync.receipts.voids import receipts_of, voids_among
from cloudkasse_etl.transform.books.corrections import counter_movement, counter_posting
from cloudkasse_etl.transform.stock.late_lines import is_by_hand, receipt_of

_NAMED = 5
_SEE = say("See: cloudkasse-etl receipts.")


@dataclass(frozen=True)
class Scope:
    """What a person wants to have undone.

    Attributes:
        receipts: Receipts as a person names them.
        day: All that is booked of a business day.
        register: Of that day, only what this register sold.
        run: All that a run booked, by the beginning of its id.
    """

    receipts: tuple[str, ...] = ()
    day: dt.date | None = None
    register: str | None = None
    run: str | None = None


@dataclass(frozen=True)
class Undo:
    """Imports that are taken back, or would be.

    Attributes:
        receipts: The receipts.
        already: Receipts that were named, or are of the day, and whose import was undone before.
        postings, movements: The counter-entries.
        closed: How many of the postings are dated on the first open day, since their period is closed.
        sent: Deliveries that the ERP's books have: what they brought is taken back there by the next delivery.
        exported: How many postings are in files for DATEV; the next export has the counter-entries.
        is_dismissed: Whether the receipts are dealt with by it; else they are staged again.
        run_id: By which the counter-entries are found; empty where nothing is done.
        names, undone: The names of the first of them, and of those that were undone before.
    """

    receipts: Sequence[ImportedReceipt]
    already: Sequence[ImportedReceipt]
    postings: Sequence[Mapping[str, Any]]
    movements: Sequence[Mapping[str, Any]]
    closed: int
    sent: Sequence[Covering]
    exported: int
    is_dismissed: bool
    run_id: str = ""
    names: Sequence[str] = field(default_factory=tuple)
    undone: Sequence[str] = field(default_factory=tuple)

    @property
    def accounts(self) -> list[tuple[str, str, int]]:
        """Currency, account and what the counter-entries change on it, in cents."""
        sums: Counter[tuple[str, str]] = Counter()
        for row in self.postings:
            sums[row["currency"], row["account"]] += row["amount_cents"]
        return [(currency, account, cents) for (currency, account), cents in sorted(sums.items()) if cents]

    @property
    def articles(self) -> list[tuple[str, str, int]]:
        """Article, warehouse and what the counter-entries move of it, in thousandths."""
        sums: Counter[tuple[str, str]] = Counter()
        for row in self.movements:
            sums[row["article"], row["warehouse"]] += row["quantity_milli"]
        return [(article, warehouse, milli) for (article, warehouse), milli in sorted(sums.items()) if milli]

    def as_dict(self) -> dict[str, Any]:
        """The object that `undo --json` and `plan undo --json` print."""
        return {
            "what": "undo",
            "run_id": self.run_id or None,
            "receipts": [
                {"id": one.receipt_id, "register": one.register, "number": one.number, "generation": one.generation}
                for one in self.receipts
            ],
            "already": [one.receipt_id for one in self.already],
            "status": str(Status.DISMISSED if self.is_dismissed else Status.STAGED),
            "postings": len(self.postings),
            "movements": len(self.movements),
            "accounts": [
                {"currency": currency, "account": account, "amount_cents": cents}
                for currency, account, cents in self.accounts
            ],
            "articles": [
                {"article": article, "warehouse": warehouse, "quantity_milli": milli}
                for article, warehouse, milli in self.articles
            ],
            "closed_period": self.closed,
            "deliveries": [one.delivery_id for one in self.sent],
            "exported": self.exported,
        }


def plan_undo(configuration: Configuration, scope: Scope, *, is_dismissed: bool = False) -> Undo:
    """Finds out what an undo would take back. Writes nothing, and may be called while a synchronisation runs.

    Args:
        configuration: Settings and connections.
        scope: What is to be undone.
        is_dismissed: Whether the receipts would be dealt with by it.

    Returns:
        What it would do.

    Raises:
        ConfigurationError: It cannot be undone; the message says why, and the hint what to do first.
        StateUnavailableError: Our own tables cannot be reached.
    """
    with open_reading(configuration) as store:
        return _found(store, configuration.settings, scope, "", is_dismissed=is_dismissed)


def undo_import(decider: Decider, scope: Scope, *, is_dismissed: bool = False) -> Undo:
    """Takes imports back, in one transaction: the receipts are staged again, or dealt with.

    What is undone already stays as it is: calling it twice changes nothing more.

    Args:
        decider: Who decides, and why.
        scope: What is to be undone.
        is_dismissed: Whether the receipts are dealt with by it.

    Returns:
        What was done.

    Raises:
        ConfigurationError: It cannot be undone, or no reason is given; nothing is changed.
        LeaseHeldError: A synchronisation is running.
        StateUnavailableError: Our own tables cannot be reached or written.
    """
    with decider.deciding(Action.UNDO) as store:
        settings = decider.configuration.settings
        found = _found(store, settings, scope, decider.reason.strip(), is_dismissed=is_dismissed)
        if not found.receipts:
            return found
        ids = [one.receipt_id for one in found.receipts]
        mine = set(ids)
        lines = [one for one in store.rejections.of(STOCK_MOVEMENTS) if receipt_of(one.key) in mine]
        decisions = [
            decider.decision(Subject.RECEIPT, one.receipt_id, Action.UNDO, generation=one.generation)
            for one in found.receipts
        ]
        if is_dismissed:
            decisions += [decider.decision(Subject.RECEIPT, key, Action.DISMISS) for key in ids]
        UndoneImports(store.connection).take_back(
            ids,
            postings=found.postings,
            movements=found.movements,
            # what a person was told to book is a person's, also by the next import
            ended_lines=[one.key for one in lines if is_dismissed or not is_by_hand(one)],
            decisions=decisions,
            is_dismissed=is_dismissed,
        )
        return Undo(**{**vars(found), "run_id": decider.run_id})


def _found(store: StateStores, settings: Settings, scope: Scope, reason: str, *, is_dismissed: bool) -> Undo:
    imports = UndoneImports(store.connection)
    receipts, already = _receipts(store, imports, settings, scope)
    ids = [one.receipt_id for one in receipts]
    _refuse_voided(store, settings, ids)
    sent = DeliveredReceipts(store.connection).sent(ids)
    _refuse_delivered(sent, settings)
    closed_until = settings.books.closed_until
    postings = sorted(imports.postings(ids), key=lambda row: (row["receipt_id"], row["posting_id"]))
    movements = sorted(imports.movements(ids), key=lambda row: (row["receipt_id"], row["movement_id"]))
    counters = [counter_posting(row, reason, closed_until) for row in postings]
    return Undo(
        receipts,
        already,
        counters,
        [counter_movement(row, reason, closed_until) for row in movements],
        sum(row["posting_date"] != was["posting_date"] for row, was in zip(counters, postings, strict=True)),
        sent,
        imports.exported(ids),
        is_dismissed,
        names=tuple(name_of(store, key, settings.language) for key in ids[:_NAMED]),
        undone=tuple(name_of(store, one.receipt_id, settings.language) for one in already[:_NAMED]),
    )


def _receipts(
    store: StateStores, imports: UndoneImports, settings: Settings, scope: Scope
) -> tuple[list[ImportedReceipt], list[ImportedReceipt]]:
    """The receipts whose import is undone, and those that were named and are undone already."""
    if scope.day is not None:
        if scope.register is not None:
            refuse_unknown_register(store, settings, scope.register)
        of_day = imports.of_day(scope.day, scope.register)
        return _imported(of_day), [one for one in of_day if one.status != Status.IMPORTED]
    if scope.run is not None:
        return imports.of_run(_run(imports, scope.run)), []
    named = imports.named(find_receipts(store, scope.receipts, settings.language))
    receipts = _imported(named)
    others = [one for one in named if one.status != Status.IMPORTED]
    for one in others:
        if one.generation == FIRST:
            raise ConfigurationError(
                say(
                    "The receipt {receipt} is not booked; its status: {status}.",
                    receipt=name_of(store, one.receipt_id, settings.language), status=status_word(one.status),
                ),
                hint=_SEE,
            )  # fmt: skip
    return receipts, others


def _imported(receipts: Iterable[ImportedReceipt]) -> list[ImportedReceipt]:
    return [one for one in receipts if one.status == Status.IMPORTED]


def _run(imports: UndoneImports, beginning: str) -> str:
    runs = imports.runs(beginning)
    if len(runs) == 1:
        return runs[0]
    if not runs:
        raise ConfigurationError(
            say("No run that booked something begins with '{run}'.", run=beginning),
            hint=say("See: cloudkasse-etl history."),
        )
    raise ConfigurationError(
        say("'{run}' may be several runs: {candidates}.", run=beginning, candidates=", ".join(runs[:_NAMED])),
        hint=say("Name the one by as much of its id as no other begins with."),
    )


def _refuse_voided(store: StateStores, settings: Settings, receipt_ids: Sequence[str]) -> None:
    """A void mirrors what its original booked: it is undone with it, or before it."""
    mine = set(receipt_ids)
    referring = {
        other for others in store.books.referring(receipt_ids, Status.IMPORTED).values() for other in others
    } - mine
    voids = sorted(voids_among(store, receipts_of(store, sorted(referring)).values()))
    if voids:
        named = [name_of(store, key, settings.language) for key in voids[: _NAMED + 1]]
        raise ConfigurationError(
            say("It is taken back by voids that are booked: {receipts}.", receipts=_some(named, "; ")),
            hint=say("Undo those together with it, or before it: cloudkasse-etl undo --receipt …"),
        )


def _refuse_delivered(sent: Sequence[Covering], settings: Settings) -> None:
    """What SelectLine's books do not have yet is taken back there first; what they have is counter-delivered.

    Raises:
        ConfigurationError: With all that is in the way, since taking one thing back may turn out to be for nothing.
    """
    obstacles = [*_still_open(sent), *_not_delivered_any_more(sent, settings)]
    if obstacles:
        raise ConfigurationError(
            joined(" ", [obstacle.message for obstacle in obstacles]),
            hint=joined(" ", [obstacle.hint or "" for obstacle in obstacles]),
        )


def _still_open(sent: Sequence[Covering]) -> Iterator[ConfigurationError]:
    open_ones = [one for one in sent if not one.is_in_books]
    if open_ones:
        commands = [f"cloudkasse-etl deliveries retract {one.delivery_id} --reason …" for one in open_ones[:_NAMED]]
        told = [say("{id} ({status})", id=one.delivery_id, status=STATUS_WORDS[one.status]) for one in open_ones]
        yield ConfigurationError(
            say_count(
                "It is in SelectLine by delivery {deliveries}, which can still be taken back there.",
                "It is in SelectLine by deliveries {deliveries}, which can still be taken back there.",
                count=len(open_ones),
                deliveries=_some(told),
            ),
            hint=say_count(
                "Take it back first: {commands}. Where it was taken over there meanwhile, cloudkasse-etl deliver finds "
                "that out, and this can be undone.",
                "Take them back first: {commands}. Where one was taken over there meanwhile, cloudkasse-etl deliver "
                "finds that out, and this can be undone.",
                count=len(open_ones),
                commands="; ".join(commands),
            ),
        )


def _not_delivered_any_more(sent: Sequence[Covering], settings: Settings) -> Iterator[ConfigurationError]:
    for one in sent:
        if not one.is_in_books or settings.delivery.delivers(one.target, one.tenant):
            continue
        tenant = settings.delivery.tenant_of(one.target)
        if settings.delivery.delivers(one.target, tenant):
            yield ConfigurationError(
                say("It is in SelectLine by delivery {id}, in tenant '{theirs}', and the settings name '{ours}'.",
                    id=one.delivery_id, theirs=one.tenant or "", ours=tenant or ""),
                hint=say("Name '{tenant}' again until cloudkasse-etl deliver has taken back there what is undone.",
                         tenant=one.tenant or ""),
            )  # fmt: skip
            continue
        yield ConfigurationError(
            say("It is in SelectLine by delivery {id}, and the settings do not deliver such any more.",
                id=one.delivery_id),
            hint=say("Set {setting}, so that what SelectLine's books have can be taken back there.",
                     setting=SETTINGS[one.target]),
        )  # fmt: skip


def _some(names: Sequence[Text | str], between: str = ", ") -> Text:
    """The first names of a list, and that there are more."""
    return joined(between, [*names[:_NAMED], *([say("and more")] if len(names) > _NAMED else [])])


def told(found: Undo) -> list[Text]:
    """What was undone, or would be, in sentences: the first says how much, the others what is to be known or done."""
    count = len(found.receipts)
    if not count:
        again = [say("The import of {receipt} was undone before.", receipt=name) for name in found.undone]
        if more := len(found.already) - len(found.undone):
            again.append(say("… {count:,} more", count=more))
        return again or [say("Nothing is booked of it that could be undone.")]
    sizes = {"postings": len(found.postings), "movements": len(found.movements)}
    told_of = [
        say_count(
            "The import of {count:,} receipt is undone. Counter-entries: postings {postings:,}, stock movements "
            "{movements:,}.",
            "The imports of {count:,} receipts are undone. Counter-entries: postings {postings:,}, stock movements "
            "{movements:,}.",
            count=count,
            **sizes,
        )
        if found.run_id
        else say_count(
            "The import of {count:,} receipt would be undone. Counter-entries: postings {postings:,}, stock movements "
            "{movements:,}.",
            "The imports of {count:,} receipts would be undone. Counter-entries: postings {postings:,}, stock "
            "movements {movements:,}.",
            count=count,
            **sizes,
        )
    ]
    if found.closed:
        told_of.append(
            say_count(
                "{count:,} of the counter-entries is dated on the first open day, since its own is closed.",
                "{count:,} of the counter-entries are dated on the first open day, since their own are closed.",
                count=found.closed,
            )
        )
    if found.sent and (found.postings or found.movements):
        told_of.append(
            say_count(
                "SelectLine's books have delivery {deliveries}, which cannot be taken back there any more: the next "
                "cloudkasse-etl deliver brings a document, storage or batch of its own that cancels what it brought of "
                "this.",
                "SelectLine's books have deliveries {deliveries}, which cannot be taken back there any more: the next "
                "cloudkasse-etl deliver brings documents, storages or batches of their own that cancel what they "
                "brought of this.",
                count=len(found.sent),
                deliveries=_some([str(one.delivery_id) for one in found.sent]),
            )
        )
    if found.exported:
        told_of.append(say("DATEV has {count:,} of the postings: the next export has the counter-entries.",
                           count=found.exported))  # fmt: skip
    if found.is_dismissed:
        told_of.append(say("The receipts count as dealt with: they are not imported again."))
    else:
        told_of.append(
            say("The receipts are staged again: correct what was wrong, then cloudkasse-etl import, or dismiss them.")
        )
    return told_of
