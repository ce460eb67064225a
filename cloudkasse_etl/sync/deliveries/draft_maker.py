"""Makes deliveries of booked receipts that none covers yet: what all targets have in common."""

import datetime as dt
from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from cloudkasse_etl.fingerprint import fingerprint
from cloudkasse_etl.i18n.formats import day_in_figures
from cloudkasse_etl.i18n.text import say
from cloudkasse_etl.rejections.record_names import UNDONE
from cloudkasse_etl.rejections.rejection import Rejection
from cloudkasse_etl.schemas.booked_rows import counter
from cloudkasse_etl.state.stores.deliveries.delivery_store import ASSETS, BATCH, COVERED, TRANSFER, Deliveries, Draft
from cloudkasse_etl.state.stores.deliveries.undelivered_receipts import (
    LeftReceipt,
    UndeliveredReceipt,
    UndeliveredReceipts,
)
from cloudkasse_etl.sync.run.session import SyncSession
from cloudkasse_etl.transform.deliveries.refusals import Fault
from cloudkasse_etl.transform.deliveries.transfer_form import delivery_key

BATCH_RECEIPTS = 2_000


class Place(NamedTuple):
    """What deliveries are made of.

    Attributes:
        register: The register.
        place: `closing 348`, `day 2026-11-24` or `receipt ID`; of it there can be several deliveries.
    """

    register: str
    place: str


Groups = Mapping[Place, Sequence[UndeliveredReceipt]]


@dataclass
class Drafts:
    """Deliveries that can be frozen, and those that are refused.

    Attributes:
        ready: Those that can be.
        refused: Why others are not.
    """

    ready: list[Draft] = field(default_factory=list)
    refused: list[Rejection] = field(default_factory=list)


@dataclass(frozen=True)
class Undelivered:
    """The receipts that are still to be delivered.

    Attributes:
        groups: Those that can be delivered now, by what a delivery is made of.
        waiting_for_stock: Those with stock lines that are still to be booked.
        waiting: How many wait for their closing, or for the day to end.
        undone: Those of which the ERP's books have an import that was undone since, by the how manieth that was: what
            takes it back there goes first.
        elsewhere: Those of which the ERP's books have such an import that the settings of now cannot take back there.
        held: Ids of those of which nothing may go there by then: it would be there twice.
    """

    groups: Groups
    waiting_for_stock: Sequence[UndeliveredReceipt]
    waiting: int
    undone: Mapping[int, Groups] = field(default_factory=dict)
    elsewhere: Sequence[LeftReceipt] = ()
    held: Collection[str] = ()

    def drafts(self, make: "Callable[[Groups, int | None], Iterator[Drafts]]") -> "Iterator[Drafts]":
        """Makes deliveries: first what takes back undone imports, then what is booked now of all that is taken back.

        Args:
            make: Makes those of some groups, of an import that is taken back if one is.

        Yields:
            What can be frozen in one transaction, and what is refused.
        """
        held = set(self.held)
        for undone, groups in self.undone.items():
            left = {receipt.receipt_id for receipts in groups.values() for receipt in receipts}
            for made in make(groups, undone):
                left -= {key for draft in made.ready for key in draft.receipts}
                yield made
            held |= left
        free = {
            place: [receipt for receipt in receipts if receipt.receipt_id not in held]
            for place, receipts in self.groups.items()
        }
        yield from make({place: receipts for place, receipts in free.items() if receipts}, None)

    @property
    def is_nothing(self) -> bool:
        """Whether nothing can be delivered now."""
        return not self.groups and not self.undone


def undelivered(
    session: SyncSession, target: str = TRANSFER, *, register: str | None = None, day: dt.date | None = None
) -> Undelivered:
    """Finds the booked receipts that no delivery to a target covers.

    The ledger gets no batch for each receipt: a person has to process every one of them. And it waits for no stock.

    Args:
        session: The run, or a dry one.
        target: The target.
        register: Only those of this register.
        day: Only those of this business day.

    Returns:
        The receipts, in groups.
    """
    settings = session.settings.delivery
    if settings.start_date is None:
        return Undelivered({}, (), 0)
    of_target = UndeliveredReceipts(session.store.connection, target)
    groups: dict[Place, list[UndeliveredReceipt]] = defaultdict(list)
    undone: dict[int, dict[Place, list[UndeliveredReceipt]]] = {}
    pending, waiting = [], 0
    for receipt in of_target.since(settings.start_date, register=register, day=day):
        place = _place_of(session, target, receipt)
        if receipt.waits_for_stock and target != BATCH:
            pending.append(receipt)
        elif place is None:
            waiting += 1
        else:
            groups[place].append(receipt)
    elsewhere, held = [], set()
    for left in of_target.left_there(register=register, day=day):
        receipt = left.receipt
        if settings.delivers(left.target, left.tenant):
            if left.target == target:
                # the place was complete when it was delivered; another grain than then may have none of it
                place = _place_of(session, target, receipt) or Place(receipt.register, f"day {receipt.day.isoformat()}")
                there = place._replace(place=place.place + UNDONE)
                undone.setdefault(left.generation, {}).setdefault(there, []).append(receipt)
        elif _is_of_both(left, target):
            elsewhere.append(left)
            held.add(receipt.receipt_id)
        elif not settings.has_any(left.target):  # nobody else tells
            elsewhere.append(left)
    return Undelivered(groups, pending, waiting, dict(sorted(undone.items())), elsewhere, held)


def _is_of_both(left: LeftReceipt, target: str) -> bool:
    """Whether what is left in the ERP would be there twice by a delivery to a target: its stock, or its sales."""
    if COVERED[left.target] == COVERED[target]:
        return True
    return left.carries_sales and {left.target, target} == {TRANSFER, BATCH}


def _place_of(session: SyncSession, target: str, receipt: UndeliveredReceipt) -> Place | None:
    """What a receipt is delivered with by the settings; None where that is not complete yet."""
    grain = session.settings.delivery.grain
    if grain == "receipt" and target != BATCH:
        return Place(receipt.register, f"receipt {receipt.receipt_id}")
    if grain == "day":
        return Place(receipt.register, f"day {receipt.day.isoformat()}") if receipt.day < session.as_of else None
    return Place(receipt.register, f"closing {receipt.closing_number}") if receipt.has_closing else None


class Candidate(NamedTuple):
    """A delivery that might be frozen.

    Attributes:
        draft: Makes it, of its number among those of its place.
        faults: What keeps it from being sent.
    """

    draft: Callable[[int], Draft]
    faults: Sequence[Fault]


class DraftMaker(ABC):
    """Makes the deliveries of some groups, whose receipts are read at once.

    Args:
        session: The run, or a dry one.
        groups: Receipts by what a delivery is made of.
        target: The target.
        undone: The import of the receipts that is taken back; None where what their present one booked is delivered.
    """

    def __init__(self, session: SyncSession, groups: Groups, target: str, undone: int | None) -> None:
        self.session, self.groups, self.target, self.undone = session, groups, target, undone
        self.settings = session.settings.delivery
        self.ids = [receipt.receipt_id for receipts in groups.values() for receipt in receipts]
        self._generations = Deliveries(session.store.connection, target).generations(groups)

    @abstractmethod
    def candidates(
        self, place: Place, receipts: Sequence[UndeliveredReceipt]
    ) -> tuple[list[Candidate], list[UndeliveredReceipt]]:
        """The deliveries of a place, and the receipts of which nothing is delivered."""

    def drafts(self) -> Drafts:
        """All of them."""
        found = Drafts()
        for place, receipts in self.groups.items():
            self._add(found, place, receipts)
        return found

    def _add(self, found: Drafts, place: Place, receipts: Sequence[UndeliveredReceipt]) -> None:
        made, idle = self.candidates(place, receipts)
        generation = self._generations.get(place, 0)
        # those that can be sent come first, so that the number of one that cannot is the next one free
        for candidate in sorted(made, key=lambda one: bool(one.faults)):
            generation += 1
            draft = candidate.draft(generation)
            if candidate.faults:
                found.refused += [
                    Rejection(
                        ASSETS[self.target], draft.key, fault.code, fault.detail, fingerprint(draft.body, fault.code)
                    )
                    for fault in candidate.faults
                ]
            else:
                found.ready.append(draft)
        if idle:  # of which nothing is delivered: covered, so that no run has to look at them again
            of_the_place = [at for at, draft in enumerate(found.ready) if Place(draft.register, draft.place) == place]
            if of_the_place:
                draft, ids = found.ready[of_the_place[0]], [receipt.receipt_id for receipt in idle]
                found.ready[of_the_place[0]] = replace(draft, receipts=[*draft.receipts, *ids])
            else:
                found.ready.append(self.nothing(place, generation + 1, idle))

    def nothing(self, place: Place, generation: int, receipts: Sequence[UndeliveredReceipt]) -> Draft:
        """A delivery of receipts without anything in it.

        Args:
            place: Of what it is made.
            generation: Its number among those of the place.
            receipts: The receipts.

        Returns:
            The delivery.
        """
        is_of_closing = place.place.startswith("closing ")
        return Draft(
            key=delivery_key(self.session.settings.company.number, place.register, place.place, generation),
            grain=self.settings.grain,
            register=place.register,
            place=place.place,
            generation=generation,
            day=max(receipt.day for receipt in receipts),
            closing_number=receipts[0].closing_number if is_of_closing else None,
            currency=self.session.sources.books_currency or "",
            amount_cents=0,
            line_count=0,
            body=b"",
            receipts=[receipt.receipt_id for receipt in receipts],
            tenant=self.settings.tenant_of(self.target),
            year=self.settings.batch.year if self.target == BATCH else None,
            undone=self.undone,
        )

    def called(self, place: Place, first: UndeliveredReceipt) -> tuple[str, str]:
        """What a delivery is called, for a search and for a reader."""
        number, text = self._called(place, first)
        if self.undone is None:
            return number, text
        taken_back = say("Taken back: {what}", what=text)
        return counter(number, self.undone), taken_back.render(self.session.settings.language)

    def _called(self, place: Place, first: UndeliveredReceipt) -> tuple[str, str]:
        language = self.session.settings.language
        what = place.place.partition(" ")[0]
        if what == "closing":
            text = say("Register {register}, closing {number}", register=place.register, number=first.closing_number)
            return f"{place.register}-Z{first.closing_number}", text.render(language)
        if what == "day":
            day = day_in_figures(first.day, language)
            return f"{place.register}-{first.day.isoformat()}", say(
                "Register {register}, {day}", register=place.register, day=day
            ).render(language)
        text = say("Register {register}, receipt {number}", register=place.register, number=first.number)
        return f"{place.register}-{first.number}", text.render(language)


def by_turns(groups: Groups, make: Callable[[Groups], Drafts]) -> Iterator[Drafts]:
    """Makes deliveries, some groups at a time.

    Args:
        groups: Receipts by what a delivery is made of.
        make: Makes those of some groups.

    Yields:
        What can be frozen in one transaction, and what is refused.
    """
    batch: dict[Place, Sequence[UndeliveredReceipt]] = {}
    for place, receipts in groups.items():
        batch[place] = receipts
        if sum(map(len, batch.values())) >= BATCH_RECEIPTS:
            yield make(batch)
            batch = {}
    if batch:
        yield make(batch)
