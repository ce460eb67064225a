"""The voids of an import: each is held back until its original is booked, whose values it then takes over.

The books must not depend on the order of arrival. What a void takes over: transform/books/reversals.py.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import islice

from cloudkasse_etl.entities import REVENUE_POSTINGS, STOCK_MOVEMENTS
from cloudkasse_etl.i18n.formats import plain_euros
from cloudkasse_etl.rejections.record_names import natural_place
from cloudkasse_etl.rejections.rejection import Rejection
from cloudkasse_etl.schemas.wire_receipts import MalformedError, Receipt, read_receipt
from cloudkasse_etl.state.stores.books.booked_receipts import ReferredReceipt
from cloudkasse_etl.state.stores.books.decision_log import Action, Subject
from cloudkasse_etl.state.stores.books.receipt_status import Status
from cloudkasse_etl.state.stores.state_stores import StateStores
from cloudkasse_etl.state.stores.waiting_records import AWAITED, SHOWN_EXAMPLES, Waiting
from cloudkasse_etl.sync.receipts.receipt_search import awaited_name, short_id
from cloudkasse_etl.sync.run.report import Deferral
from cloudkasse_etl.sync.run.session import SyncSession
from cloudkasse_etl.transform.books.ledger import Review, refusal
from cloudkasse_etl.transform.books.reversals import Mirror, Original, excess, is_void, mirror, of_known, undoes, unsold
from cloudkasse_etl.transform.stock.late_lines import is_by_hand

# Refusals that depend on other receipts and on people's decisions: they are checked in every import.
HANGING_ON_RECEIPTS = frozenset({"void_of_itself", "void_circular", "void_exceeds_original", "void_original_dismissed"})
_ROUND = 1_000  # voids processed together: each requires its original with everything that was booked of it
_UNBOOKED = (Status.STAGED, Status.REJECTED)
# The originals that a void can be compared with: booked here, or elsewhere.
_DECIDED = (Status.IMPORTED, Status.BEFORE_START, Status.DISMISSED)


@dataclass(frozen=True, slots=True)
class _Held:
    """A void that waits for its original."""

    register: str
    number: int
    receipt_id: str
    original: str

    @property
    def place(self) -> tuple[str, int, str]:
        """The sort key: of two voids that take back the same thing, the lower one comes first."""
        return self.register, self.number, self.receipt_id


@dataclass
class Round:
    """The decisions about some voids.

    Attributes:
        ready: Voids that are booked now.
        mirrors: What they take over, by id.
        reviews: Those of them that a person should review, by id.
        refused: Voids that are not booked.
        without_effect: Voids of receipts that have no effect: they have none, either.
    """

    ready: list[Receipt] = field(default_factory=list)
    mirrors: dict[str, Mirror] = field(default_factory=dict)
    reviews: dict[str, Review] = field(default_factory=dict)
    refused: list[Rejection] = field(default_factory=list)
    without_effect: list[str] = field(default_factory=list)


class Voids:
    """The voids of one import."""

    def __init__(self, session: SyncSession) -> None:
        self._session = session
        self._books = session.store.books
        self._decisions = session.store.decisions
        self._released: frozenset[str] = frozenset()
        self._held: dict[str, _Held] = {}

    def hold(self, receipts: Iterable[Receipt]) -> list[Receipt]:
        """Holds back the voids among some receipts until `rounds`, and returns the others."""
        found = list(receipts)
        voids = voids_among(self._session.store, found)
        for receipt in found:
            if receipt.id in voids and receipt.reference_id is not None:
                held = _Held(receipt.register, receipt.number, receipt.id, receipt.reference_id)
                self._held[receipt.id] = held
        return [receipt for receipt in found if receipt.id not in voids]

    def rounds(self) -> Iterator[Round]:
        """Yields decisions in several rounds; those of a round must be booked before the next one is requested.

        A void of a void comes after it; of several that void one receipt, each sees what those before it took back.
        """
        self._released = self._decisions.released(list(self._held))
        while found := self._with_their_originals() or self._circular() or self._given_up():
            for receipt_id in [*(r.id for r in found.ready), *(r.key for r in found.refused), *found.without_effect]:
                del self._held[receipt_id]
            yield found

    @property
    def left(self) -> tuple[str, ...]:
        """The ids of the voids that still wait."""
        return tuple(self._held)

    def deferrals(self) -> tuple[Deferral, ...]:
        """The voids that still wait, by the receipt that they wait for."""
        if not self._held:
            return ()
        by_original: dict[str, list[_Held]] = defaultdict(list)
        for held in self._in_order():
            by_original[held.original].append(held)
        known = self._books.referred(list(by_original))
        each = [
            Waiting(AWAITED, original, len(waiting), tuple(held.receipt_id for held in waiting))
            for original, waiting in by_original.items()
        ]
        originals = [_awaited(original, known.get(original)) for original in by_original]
        names = sorted(originals, key=natural_place)[:SHOWN_EXAMPLES]
        detail = {
            "value": ", ".join(names),
            "more": str(len(each) - len(names)),
            "days": str(self._session.settings.receipts.void_wait_days),
        }
        held_names = (_name(held.register, held.number) for waiting in by_original.values() for held in waiting)
        examples = tuple(islice(held_names, SHOWN_EXAMPLES))
        return (Deferral(AWAITED, len(self._held), examples, detail, tuple(each)),)

    def _in_order(self) -> list[_Held]:
        return sorted(self._held.values(), key=lambda held: held.place)

    def _with_their_originals(self) -> Round | None:
        known = self._books.referred([held.original for held in self._held.values()])
        found = Round()
        booked: list[_Held] = []
        dismissed: list[_Held] = []
        seen: set[str] = set()
        first = self._first_of_each(known)
        for held in self._in_order():
            original = known.get(held.original)
            status = original.status if original else None
            if held.original == held.receipt_id:
                if not self._let_through(held, found):
                    found.refused.append(refusal(REVENUE_POSTINGS, held.receipt_id, "void_of_itself", {}))
            elif status == Status.NO_EFFECT:
                found.without_effect.append(held.receipt_id)
            elif status == Status.DISMISSED and held.receipt_id not in self._released:
                dismissed.append(held)
            elif status in _DECIDED and first[held.original] not in seen and len(booked) < _ROUND:
                seen.add(first[held.original])
                booked.append(held)
        reasons = self._decisions.newest(Subject.RECEIPT, [held.original for held in dismissed])
        for held in dismissed:
            reason = reasons[held.original].reason if held.original in reasons else "-"
            detail = {"value": _awaited(held.original, known[held.original]), "reason": reason}
            found.refused.append(refusal(REVENUE_POSTINGS, held.receipt_id, "void_original_dismissed", detail))
        self._mirror(booked, {key for key, one in known.items() if one.status == Status.IMPORTED}, found)
        return found if found.ready or found.refused or found.without_effect else None

    def _first_of_each(self, known: Mapping[str, ReferredReceipt]) -> dict[str, str]:
        """The original sale of each receipt that is voided: for a void that is voided, what that void voids."""
        links = {key: receipt.reference_id for key, receipt in known.items()}
        while unknown := {reference for reference in links.values() if reference is not None} - links.keys():
            further = self._books.referred(sorted(unknown))
            links |= {key: further[key].reference_id if key in further else None for key in unknown}
        first = {}
        for key in known:
            path = [key]
            while (following := links[path[-1]]) is not None and following not in path:
                path.append(following)
            first[key] = path[-1]
        return first

    def _mirror(self, voids: Sequence[_Held], booked_here: Collection[str], found: Round) -> None:
        """Lets voids take over what their originals booked, or refuses those that take back too much.

        Of originals that were booked elsewhere, only the rates are known.
        """
        if not voids:
            return
        originals = _originals(self._session, [held.original for held in voids])
        receipts = receipts_of(self._session.store, [held.receipt_id for held in voids])
        for held in voids:
            void, original = receipts[held.receipt_id], originals.get(held.original)
            if original is None:  # a person dismissed an unreadable original and released its void
                found.ready.append(void)
                found.mirrors[void.id] = Mirror()
                continue
            beyond = excess(void, original)
            if beyond is not None and void.id not in self._released:
                detail = {
                    "value": _shown(original.receipt),
                    "text": beyond.text,
                    "sold": beyond.sold,
                    "before": beyond.before,
                    "amount": beyond.value,
                    "voids": ", ".join(beyond.earlier) or "-",
                }
                found.refused.append(refusal(REVENUE_POSTINGS, held.receipt_id, "void_exceeds_original", detail))
                continue
            found.ready.append(void)
            is_here = held.original in booked_here
            found.mirrors[void.id] = mirror(void, original) if is_here else of_known(original.receipt)
            line = unsold(void, original.receipt)
            if line is not None:
                detail = {
                    "value": _shown(original.receipt),
                    "text": line.text,
                    "amount": plain_euros(line.gross_cents),
                }
                found.reviews[void.id] = Review("void_of_unsold", detail)

    def _circular(self) -> Round | None:
        """Refuses receipts that void each other in a circle: none of them could ever come first."""
        links = {held.receipt_id: held.original for held in self._held.values()}
        # receipts refused on arrival may be part of a circle, too
        unknown = set(links.values()) - links.keys()
        while unknown:
            known = self._books.referred(sorted(unknown))
            links |= {
                receipt_id: found.reference_id
                for receipt_id, found in known.items()
                if found.reference_id is not None and found.status in _UNBOOKED
            }
            unknown = {links[receipt_id] for receipt_id in known if receipt_id in links} - links.keys()
        found = Round()
        for held in self._in_order():
            circle = _circle(held.receipt_id, links)
            if circle and not self._let_through(held, found):
                known = self._books.referred(circle)
                detail = {"value": ", ".join(_awaited(key, known.get(key)) for key in circle)}
                found.refused.append(refusal(REVENUE_POSTINGS, held.receipt_id, "void_circular", detail))
        return found if found.refused or found.ready else None

    def _let_through(self, held: _Held, found: Round) -> bool:
        """Books a void by today's rules if a person has released it and its original cannot be booked first."""
        if held.receipt_id not in self._released:
            return False
        found.ready += receipts_of(self._session.store, [held.receipt_id]).values()
        found.mirrors[held.receipt_id] = Mirror()
        return True

    def _given_up(self) -> Round | None:
        """Books voids that have waited too long as returns of today, to be reviewed by a person.

        Voids whose original is ready to be booked, but was not chosen this time, keep waiting.
        """
        session = self._session
        days, today = session.settings.receipts.void_wait_days, session.as_of
        known = self._books.referred([id_ for held in self._held.values() for id_ in (held.original, held.receipt_id)])
        late = []
        for held in self._in_order():
            staged = known[held.receipt_id].staged_at.astimezone(session.settings.zone).date()
            original = known.get(held.original)
            if (original is None or original.status != Status.STAGED) and (today - staged).days >= days:
                late.append(held)
        if not late:
            return None
        found = Round()
        for receipt_id, receipt in receipts_of(session.store, [held.receipt_id for held in late[:_ROUND]]).items():
            found.ready.append(receipt)
            found.mirrors[receipt_id] = Mirror()
            detail = {"value": short_id(receipt.reference_id or "")}
            found.reviews[receipt_id] = Review("void_original_unknown", detail)
        return found


def voided_before(session: SyncSession, receipt_ids: Sequence[str]) -> dict[str, Review]:
    """Of some receipts that are about to be booked, those whose voids waited too long and were booked first.

    They are booked by their own rules: whether the void's movements were right cannot be known.
    """
    referring = session.store.books.referring(receipt_ids, Status.IMPORTED)
    receipts = receipts_of(session.store, [one for some in referring.values() for one in some])
    among = voids_among(session.store, receipts.values())
    found: dict[str, Review] = {}
    for original, others in referring.items():
        voids = [receipts[other] for other in others if other in among]
        if voids:
            names = ", ".join(_name(void.register, void.number) for void in voids)
            found[original] = Review("original_after_void", {"value": names})
    return found


def voids_among(store: StateStores, receipts: Iterable[Receipt]) -> set[str]:
    """The ids of those receipts that take another one back."""
    found, others = set(), []
    for receipt in receipts:
        if is_void(receipt):
            found.add(receipt.id)
        elif receipt.reference_id is not None and receipt.reference_id != receipt.id:
            others.append(receipt)
    originals = receipts_of(store, [receipt.reference_id for receipt in others if receipt.reference_id is not None])
    for receipt in others:
        original = originals.get(receipt.reference_id or "")
        if original is not None and undoes(receipt, original):
            found.add(receipt.id)
    return found


def mirrors_of_booked(session: SyncSession, receipts: Sequence[Receipt]) -> dict[str, Mirror]:
    """What the voids among some booked receipts take over, for stock lines that are booked later."""
    among = voids_among(session.store, receipts)
    voids = {receipt.id: receipt.reference_id for receipt in receipts if receipt.id in among}
    wanted = [reference for reference in voids.values() if reference is not None]
    known = session.store.books.referred(wanted)
    originals = _originals(session, [id_ for id_ in wanted if id_ in known and known[id_].status == Status.IMPORTED])
    return {
        receipt.id: mirror(receipt, originals[reference]) if reference in originals else Mirror()
        for receipt in receipts
        if receipt.id in voids and (reference := receipt.reference_id) is not None
    }


def _originals(session: SyncSession, receipt_ids: Sequence[str]) -> dict[str, Original]:
    """Booked receipts, with what was booked of them and the receipts that void them already."""
    if not receipt_ids:
        return {}
    store = session.store.books
    referring: dict[str, list[str]] = {}
    unknown = list(receipt_ids)
    while unknown:
        found = store.referring(unknown, Status.IMPORTED)
        referring |= found
        unknown = sorted({receipt_id for some in found.values() for receipt_id in some} - referring.keys())
    receipts = receipts_of(
        session.store, [*receipt_ids, *(receipt_id for some in referring.values() for receipt_id in some)]
    )
    among = voids_among(session.store, receipts.values())
    voids = {key: [receipts[other] for other in some if other in among] for key, some in referring.items()}
    postings, movements = store.postings_of(receipt_ids), store.movements_of(receipt_ids)
    refused = {rejection.key: is_by_hand(rejection) for rejection in session.store.rejections.of(STOCK_MOVEMENTS)}
    by_hand = dict.fromkeys(left_to_a_person(session.store), True) | refused
    return {
        receipt_id: Original(
            receipt := receipts[receipt_id],
            postings.get(receipt_id, ()),
            movements.get(receipt_id, ()),
            frozenset(line.number for line in receipt.lines if by_hand.get(f"{receipt_id}|{line.number}") is False),
            frozenset(line.number for line in receipt.lines if by_hand.get(f"{receipt_id}|{line.number}") is True),
            voids.get(receipt_id, ()),
            voids,
        )
        for receipt_id in dict.fromkeys(receipt_ids)
        if receipt_id in receipts
    }


def left_to_a_person(store: StateStores) -> set[str]:
    """The keys of the stock lines that a person books by hand, or has said to have dealt with."""
    refused = {rejection.key for rejection in store.rejections.of(STOCK_MOVEMENTS) if is_by_hand(rejection)}
    return refused.union(store.decisions.holding(Subject.LINE, Action.DISMISS))


def receipts_of(store: StateStores, receipt_ids: Sequence[str]) -> dict[str, Receipt]:
    """Receipts as they arrived, by id, whatever became of them; those that cannot be read are missing."""
    found = store.receipts.raw_of(list(dict.fromkeys(receipt_ids)))
    receipts = {}
    for receipt_id, raw in found.items():
        with suppress(MalformedError):  # the referred item may be of any shape
            receipts[receipt_id] = read_receipt(raw)
    return receipts


def _circle(start: str, links: Mapping[str, str]) -> tuple[str, ...]:
    """The ids of the receipts on a circle of references; empty if there is none."""
    path = [start]
    while (following := links.get(path[-1])) is not None:
        if following == start:
            return tuple(path)
        if following in path:
            return ()
        path.append(following)
    return ()


def _shown(receipt: Receipt) -> str:
    return _name(receipt.register, receipt.number)


def _name(register: str | None, number: int | None) -> str:
    return f"{register}-{number}"


def _awaited(receipt_id: str, known: ReferredReceipt | None) -> str:
    place = (known.register, known.number) if known else (None, None)
    return awaited_name(receipt_id, known=known is not None, place=place)
