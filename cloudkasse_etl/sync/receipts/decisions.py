"""The use cases of a person's decisions: dismiss what is open, take that back, or release it. All are recorded."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from cloudkasse_etl.config.settings import Configuration
from cloudkasse_etl.entities import REVENUE_POSTINGS, STAGED_CLOSINGS, STAGED_RECEIPTS, STOCK_MOVEMENTS
from cloudkasse_etl.errors import ConfigurationError
from cloudkasse_etl.i18n.text import Text, say
from cloudkasse_etl.rejections.catalogue import HOLDING
from cloudkasse_etl.rejections.rejection import Rejection
from cloudkasse_etl.state.database.keys import bounded_key
from cloudkasse_etl.state.stores.books.decision_log import Action, Decision, Subject, ending
from cloudkasse_etl.state.stores.books.hand_decisions import HandDecisions
from cloudkasse_etl.state.stores.books.receipt_status import MOVES, Move, Status
from cloudkasse_etl.state.stores.books.receipt_status import status_word as status_word
from cloudkasse_etl.state.stores.books.staged_closings import StagedClosings
from cloudkasse_etl.state.stores.books.staged_receipts import NO_ID, KnownReceipt, StagedReceipt, UnbookedReceipt
from cloudkasse_etl.state.stores.missing_numbers import Completeness, numbers_of
from cloudkasse_etl.state.stores.state_stores import StateStores
from cloudkasse_etl.sync.receipts.receipt_search import find_receipt, name_of
from cloudkasse_etl.sync.receipts.validation.receipt_reading import ValidatedReceipt
from cloudkasse_etl.sync.receipts.validation.receipt_validation import (
    ReceiptValidator,
    conflicting,
    let_second_contents_through,
    unreadable,
)

_SEE = say("See: cloudkasse-etl closings.")


@dataclass(frozen=True)
class Decider:
    """The person who decides, and the reason.

    Attributes:
        configuration: Settings and connections.
        run_id: An id of its own, for the lease.
        decided_by: The person, like `command line (user@host)`.
        reason: The reason; it is stored.
    """

    configuration: Configuration
    run_id: str
    decided_by: str
    reason: str

    def decision(self, subject: Subject, key: str, action: Action, **detail: Any) -> Decision:
        """Makes a decision of this person.

        Args:
            subject: The kind of thing that it is about.
            key: The key of that.
            action: What is decided.
            **detail: Further facts to store.

        Returns:
            The decision.
        """
        return Decision(subject, key, action, self.reason.strip(), decided_by=self.decided_by, detail=detail)

    def receipt(self, store: StateStores, text: str) -> tuple[str, str]:
        """The id and the name of the receipt that a text names.

        Raises:
            ConfigurationError: It names none, or several.
        """
        language = self.configuration.settings.language
        receipt_id = find_receipt(store, text, language)
        return receipt_id, name_of(store, receipt_id, language)

    @contextmanager
    def deciding(self, action: Action) -> Iterator[StateStores]:
        """Our own tables under the lease, so that no decision is made during a synchronisation.

        Raises:
            ConfigurationError: No reason is given.
            LeaseHeldError: A synchronisation is running.
            StateUnavailableError: Our own tables cannot be reached or written.
        """
        from cloudkasse_etl.sync.run.leased_tables import hold_store  # and with it all that a synchronisation needs

        if not self.reason.strip():
            raise ConfigurationError(say("Nothing is decided without a reason."), hint=say("Give one: --reason '…'."))
        with hold_store(self.configuration, run_id=self.run_id, kind=str(action), started_by=self.decided_by) as store:
            yield store


@dataclass(frozen=True)
class Decided:
    """The result of a decision.

    Attributes:
        decision: The decision.
        status: The receipt's status now; for a line or closing `dismissed`, `rejected` or `open`.
        rejections: Why it is refused now, if it is.
        receipt: The name of the receipt that it is about, or whose line it is; empty for all else.
    """

    decision: Decision
    status: str
    rejections: tuple[Rejection, ...] = ()
    receipt: str = ""


# --- receipts


def dismiss_receipt(decider: Decider, receipt: str) -> Decided:
    """Marks a staged or rejected receipt as handled by a person, so that it is never imported.

    Raises:
        ConfigurationError: It names no receipt or several, its status is another one, or no reason is given.
        LeaseHeldError: A synchronisation is running.
    """
    with decider.deciding(Action.DISMISS) as store:
        receipt_id, name = decider.receipt(store, receipt)
        _known(store, receipt_id, name, Action.DISMISS, MOVES[Move.DISMISS].before)
        open_ones = [
            r
            for asset in (STAGED_RECEIPTS, REVENUE_POSTINGS)
            for r in store.rejections.of(asset)
            if r.key == receipt_id
        ]
        decision = decider.decision(Subject.RECEIPT, receipt_id, Action.DISMISS, **ending(open_ones))
        store.staging.dismiss(decision)
        return Decided(decision, Status.DISMISSED, receipt=name)


def restore_receipt(decider: Decider, receipt: str) -> Decided:
    """Takes back that a receipt was dismissed or released: it is checked again, and gets the resulting status.

    Raises:
        ConfigurationError: It names no receipt or several, one that was not decided about, or no reason is given.
        LeaseHeldError: A synchronisation is running.
    """
    with decider.deciding(Action.RESTORE) as store:
        receipt_id, name = decider.receipt(store, receipt)
        is_released = receipt_id in store.decisions.released([receipt_id])
        among = MOVES[Move.RESTORE].before if is_released else (Status.DISMISSED,)
        known = _known(store, receipt_id, name, Action.RESTORE, among)
        decision = decider.decision(Subject.RECEIPT, receipt_id, Action.RESTORE)
        found = _validated(decider, store, receipt_id, known, released=False)
        store.staging.restage([found], move=Move.RESTORE, decisions=[decision])
        if found.status is Status.REJECTED and known.came_as is None:
            # a correct content that arrived since then was refused only because a person had decided about this one
            let_second_contents_through(store, ReceiptValidator(decider.configuration.settings, store))
            now = store.staging.known([receipt_id])[receipt_id]
            if now.status != Status.REJECTED:
                return Decided(decision, now.status, receipt=name)
        return Decided(decision, found.status, tuple(found.rejections), receipt=name)


def release_receipt(decider: Decider, receipt: str) -> Decided:
    """Releases a receipt that is held for review. Its postings are flagged `review`.

    Raises:
        ConfigurationError: It names no receipt or several, one that nothing holds, or no reason is given.
        LeaseHeldError: A synchronisation is running.
    """
    with decider.deciding(Action.RELEASE) as store:
        receipt_id, name = decider.receipt(store, receipt)
        known = _known(store, receipt_id, name, Action.RELEASE, MOVES[Move.RELEASE].before)
        open_ones = [
            r
            for asset in (STAGED_RECEIPTS, REVENUE_POSTINGS)
            for r in store.rejections.of(asset)
            if r.key == receipt_id
        ]
        if not any(r.code in HOLDING for r in open_ones):
            raise ConfigurationError(
                say("The receipt {receipt} cannot be released: it is wrong, not merely held.", receipt=name),
                hint=say("Have it corrected, or dismiss it and book it by hand; see: cloudkasse-etl receipts."),
            )
        decision = decider.decision(Subject.RECEIPT, receipt_id, Action.RELEASE, **ending(open_ones))
        found = _validated(decider, store, receipt_id, known, released=True)
        store.staging.restage([found], move=Move.RELEASE, decisions=[decision])
        return Decided(decision, found.status, tuple(found.rejections), receipt=name)


def _known(store: StateStores, receipt_id: str, name: str, action: Action, among: tuple[Status, ...]) -> KnownReceipt:
    known = store.staging.known([receipt_id])[receipt_id]
    if known.status not in among:
        raise ConfigurationError(
            say(
                "The receipt {receipt} cannot be {action}; its status: {status}.",
                receipt=name, action=ACTIONS[action], status=status_word(known.status)),
            hint=say("See: cloudkasse-etl receipts."),
        )  # fmt: skip
    return known


ACTIONS: dict[Action, Text] = {
    Action.DISMISS: say("dismissed"),
    Action.RESTORE: say("restored"),
    Action.RELEASE: say("released"),
    Action.UNDO: say("import undone"),
}


def _validated(
    decider: Decider, store: StateStores, receipt_id: str, known: KnownReceipt, *, released: bool
) -> StagedReceipt:
    """Checks a stored receipt again."""
    (row,) = store.staging.stored(receipt_id)
    if known.came_as is not None:
        return _ours(row, known.came_as)
    validator = ReceiptValidator(decider.configuration.settings, store)
    return validator.stored([row], released={receipt_id} if released else set())[0].staged


def _ours(row: UnbookedReceipt, came_as: str) -> StagedReceipt:
    """Keeps a content under an id of ours refused: another content has the id that it came with, or it has none."""
    content = StagedReceipt(row.receipt_id, row.content_hash, row.raw, Status.REJECTED)
    if came_as == NO_ID:
        return unreadable(content)
    return conflicting(ValidatedReceipt(content, None), row.receipt_id, came_as)


# --- stock lines


def dismiss_line(decider: Decider, receipt: str, line: int) -> Decided:
    """Marks a refused stock line of an imported receipt as handled by a person, so that it is never booked later.

    Args:
        decider: Who decides.
        receipt: The receipt, as a person names it.
        line: The line's number.

    Returns:
        The result of the decision.

    Raises:
        ConfigurationError: There is no such line that is refused, or no reason is given.
        LeaseHeldError: A synchronisation is running.
    """
    with decider.deciding(Action.DISMISS) as store:
        receipt_id, name = decider.receipt(store, receipt)
        key = bounded_key(f"{receipt_id}|{line}")
        open_ones = [r for r in store.rejections.of(STOCK_MOVEMENTS) if r.key.rpartition("|")[0] == receipt_id]
        mine = [r for r in open_ones if r.key == key]
        if not mine:
            raise ConfigurationError(
                say("Line {line} of receipt {receipt} is no refused stock line.", line=line, receipt=name),
                hint=say("The protocol of the last run names those that are: cloudkasse-etl protocol RUN_ID."),
            )
        decision = decider.decision(Subject.LINE, key, Action.DISMISS, **ending(mine))
        HandDecisions(store.connection).dismiss_line(receipt_id, decision, last=len(mine) == len(open_ones))
        return Decided(decision, Status.DISMISSED, receipt=name)


def restore_line(decider: Decider, receipt: str, line: int) -> Decided:
    """Takes back that a stock line was dismissed: it is refused again, and the next import checks it again.

    Args:
        decider: Who decides.
        receipt: The receipt, as a person names it.
        line: The line's number.

    Returns:
        The result of the decision.

    Raises:
        ConfigurationError: The line is not dismissed, or no reason is given.
        LeaseHeldError: A synchronisation is running.
    """
    with decider.deciding(Action.RESTORE) as store:
        receipt_id, name = decider.receipt(store, receipt)
        key = bounded_key(f"{receipt_id}|{line}")
        newest = store.decisions.newest(Subject.LINE, [key]).get(key)
        if newest is None or newest.action is not Action.DISMISS:
            raise ConfigurationError(
                say("Line {line} of receipt {receipt} is not dismissed.", line=line, receipt=name),
                hint=say("See: cloudkasse-etl receipts --status dismissed."),
            )
        decision = decider.decision(Subject.LINE, key, Action.RESTORE)
        HandDecisions(store.connection).restore_line(receipt_id, decision, newest.ended)
        return Decided(decision, Status.REJECTED, newest.ended, receipt=name)


# --- receipt numbers that are missing


def dismiss_numbers(decider: Decider, register: str, numbers: str) -> Decided:
    """Marks missing receipt numbers as handled: they will never arrive.

    Args:
        decider: Who decides.
        register: The register.
        numbers: A number, or the first and the last of several in a row like `7-12`.

    Returns:
        The result of the decision.

    Raises:
        ConfigurationError: Not all of them are missing, or no reason is given.
        LeaseHeldError: A synchronisation is running.
    """
    with decider.deciding(Action.DISMISS) as store:
        key = f"{register}|{numbers}"
        wanted = numbers_of(key)
        gaps = Completeness(store.connection).receipt_gaps()
        if wanted is None or not any(
            gap.register == register and gap.first <= wanted.first <= wanted.last <= gap.last for gap in gaps
        ):
            raise ConfigurationError(
                say(
                    "Receipt numbers {numbers} of register '{register}' are not missing.",
                    numbers=numbers,
                    register=register,
                ),
                hint=say("Check receipt_numbers_complete names those that are; several in a row are written 7-12."),
            )
        decision = decider.decision(Subject.NUMBERS, key, Action.DISMISS)
        HandDecisions(store.connection).decide(decision)
        return Decided(decision, Status.DISMISSED)


def restore_numbers(decider: Decider, register: str, numbers: str) -> Decided:
    """Takes back that missing receipt numbers were dismissed.

    Args:
        decider: Who decides.
        register: The register.
        numbers: The number or range as it was dismissed.

    Returns:
        The result of the decision.

    Raises:
        ConfigurationError: They are not dismissed, or no reason is given.
        LeaseHeldError: A synchronisation is running.
    """
    with decider.deciding(Action.RESTORE) as store:
        key = f"{register}|{numbers}"
        if key not in store.decisions.holding(Subject.NUMBERS, Action.DISMISS):
            raise ConfigurationError(
                say(
                    "Receipt numbers {numbers} of register '{register}' are not dismissed.",
                    numbers=numbers,
                    register=register,
                ),
                hint=say("Write them as they were dismissed."),
            )
        decision = decider.decision(Subject.NUMBERS, key, Action.RESTORE)
        HandDecisions(store.connection).decide(decision)
        return Decided(decision, "open")


# --- closings


def dismiss_closing(decider: Decider, key: str) -> Decided:
    """Ends all that is open of a closing: its refusal, that it is missing, that it differs from its receipts.

    Args:
        decider: Who decides.
        key: Register `|` number, or the key of the protocol where a closing came without them.

    Raises:
        ConfigurationError: It is dismissed already, nothing is known of it, or no reason is given.
        LeaseHeldError: A synchronisation is running.
    """
    with decider.deciding(Action.DISMISS) as store:
        open_ones = [r for r in store.rejections.of(STAGED_CLOSINGS) if r.key == bounded_key(key)]
        newest = store.decisions.newest(Subject.CLOSING, [key]).get(key)
        if newest is not None and newest.action is Action.DISMISS and not open_ones:
            raise ConfigurationError(
                say("The closing '{closing}' is dismissed already.", closing=_shown(key)), hint=_SEE
            )
        if not open_ones and not StagedClosings(store.connection).has_place(key):
            raise ConfigurationError(say("Nothing is open of a closing '{closing}'.", closing=_shown(key)), hint=_SEE)
        decision = decider.decision(Subject.CLOSING, key, Action.DISMISS, **ending(open_ones))
        HandDecisions(store.connection).decide_closing(decision, ended=[key], opened=())
        return Decided(decision, Status.DISMISSED)


def restore_closing(decider: Decider, key: str) -> Decided:
    """Takes back that a closing was dismissed: what was open of it is open again.

    Raises:
        ConfigurationError: It is not dismissed, or no reason is given.
        LeaseHeldError: A synchronisation is running.
    """
    with decider.deciding(Action.RESTORE) as store:
        newest = store.decisions.newest(Subject.CLOSING, [key]).get(key)
        if newest is None or newest.action is not Action.DISMISS:
            raise ConfigurationError(say("The closing '{closing}' is not dismissed.", closing=_shown(key)), hint=_SEE)
        decision = decider.decision(Subject.CLOSING, key, Action.RESTORE)
        opened = [replace(r, still=True) for r in newest.ended]
        HandDecisions(store.connection).decide_closing(decision, ended=(), opened=opened)
        return Decided(decision, Status.REJECTED if opened else "open", tuple(opened))


def _shown(key: str) -> str:
    return key.replace("|", " ")
