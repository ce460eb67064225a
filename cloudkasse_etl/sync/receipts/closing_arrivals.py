"""Closings that have arrived: read, compared with the staged ones, and made ready to be stored."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from cloudkasse_etl.entities import STAGED_CLOSINGS
from cloudkasse_etl.fingerprint import fingerprint
from cloudkasse_etl.rejections.rejection import Rejection
from cloudkasse_etl.schemas.lenient_json import as_kept
from cloudkasse_etl.schemas.wire_receipts import (
    MalformedError,
    check_closing_time,
    closing_hash,
    parse_closing,
    read_item,
)
from cloudkasse_etl.state.stores.books.decision_log import Action, Subject
from cloudkasse_etl.state.stores.books.staged_closings import ArrivedClosings
from cloudkasse_etl.sync.receipts.validation.receipt_reading import NUL, WITH_NUL, place_of, storable
from cloudkasse_etl.sync.run.report import Counts
from cloudkasse_etl.sync.run.session import SyncSession
from cloudkasse_etl.tills.port import Page, Part, Refusal, Translation, UntranslatableError

CONFLICT = "closing_conflict"
CONTENTS = "contents"
"""In the detail of a closing's rejection: the hashes of all contents that were refused under its number."""


class ClosingArrivals:
    """The closings that arrive in a run.

    Attributes:
        counts: New closings, and those that are staged already.
        refused: Keys of closings that were refused.
    """

    def __init__(self, session: SyncSession) -> None:
        self._session = session
        self._known = session.store.closings.known()
        self._open = session.store.rejections.of(STAGED_CLOSINGS)
        self._settled = _settled(session)
        self._contents = {(r.key, r.code): _contents(r) for r in self._open}
        self._from = session.receipts_from
        self.counts, self.refused = Counts(), set[str]()

    def take_page(self, page: Page, translation: Translation | None) -> ArrivedClosings:
        """Translates the closings of a page, and compares them with what is staged.

        Args:
            page: The page.
            translation: Brings them into the canonical form; None where they have it.

        Returns:
            What to store.
        """
        if translation is None:
            return self.take(page.texts)
        texts, refusals = [], []
        for raw in page.texts:
            try:
                texts.append(translation.closing(raw))
            except UntranslatableError as error:
                key = f"?{fingerprint(raw)}" if error.number is None else f"{error.register}|{error.number}"
                refusals.append(Refusal(key, error.code, error.detail, fingerprint(raw)))
        return self.take(texts, refusals)

    def take(
        self,
        texts: Sequence[bytes],
        refusals: Sequence[Refusal] = (),
        *,
        settled: Sequence[str] = (),
        parts: Sequence[Part] = (),
    ) -> ArrivedClosings:
        """Compares closings with what is staged.

        Args:
            texts: The closings in canonical JSON.
            refusals: What could not be read.
            settled: Keys of refusals that have ended.
            parts: What was read to its end.

        Returns:
            What to store.
        """
        rows, refused = dict[str, dict[str, Any]](), dict[tuple[str, str], Rejection]()
        found = [*map(read_closing, texts), *(_rejection(refusal) for refusal in refusals)]
        for one in found:
            if isinstance(one, Rejection):
                rejection = one
            else:
                key = f"{one['register']}|{one['number']}"
                before = self._known.get(key)
                if self._from is not None and one["business_day"] < self._from:
                    continue  # of the time when another till was in use, which has a closing of its own for that day
                if before is None:
                    self._known[key], rows[key] = one["content_hash"], one
                    self.counts += Counts(new=1)
                    continue
                if before == one["content_hash"]:
                    self.counts += Counts(unchanged=1)
                    continue
                rejection = Rejection(STAGED_CLOSINGS, key, CONFLICT, content=one["content_hash"])
            if rejection.content in self._settled.get(rejection.key, ()):
                self.counts += Counts(unchanged=1)  # a person has decided about this very content
                continue
            place = (rejection.key, rejection.code)
            self._contents.setdefault(place, set()).add(rejection.content)
            detail = {**rejection.detail, CONTENTS: " ".join(sorted(self._contents[place]))}
            refused[place] = replace(rejection, detail=detail)
        # an unreadable item is not another content: its rejection ends once there is a readable closing
        left = [r for r in refused.values() if r.code == CONFLICT or r.key not in self._known]
        self.refused = (self.refused - rows.keys()) | {r.key for r in left}
        states = {part.name: part.state for part in parts}
        return ArrivedClosings(rows, left, settled=[*settled], parts=states)

    def end_what_is_gone(self) -> None:
        """Ends rejections that did not occur again although everything was read again."""
        gone = [r.key for r in self._open if r.key not in self.refused]
        self._session.store.rejections.end(STAGED_CLOSINGS, gone)


def _rejection(refusal: Refusal) -> Rejection:
    return Rejection(STAGED_CLOSINGS, refusal.key, refusal.code, refusal.detail, content=refusal.content)


def _settled(session: SyncSession) -> dict[str, set[str]]:
    """By closing, the hashes of refused contents that a person has decided about."""
    found: dict[str, set[str]] = {}
    for decision in session.store.decisions.all(Subject.CLOSING):
        if decision.action is Action.DISMISS:
            found.setdefault(decision.key, set()).update(*map(_contents, decision.ended))
        else:
            found.pop(decision.key, None)
    return found


def _contents(rejection: Rejection) -> set[str]:
    """The hashes of all contents that were refused in succession; of an earlier release only the last one is known."""
    return {*rejection.detail.get(CONTENTS, "").split(), rejection.content}


def read_closing(text: bytes) -> dict[str, Any] | Rejection:
    """A closing as it is stored, or why it cannot be read."""
    item, raw = as_kept(read_item(text))
    try:
        closing = parse_closing(item)
        check_closing_time(closing)
        if NUL in raw and not storable(closing.register):
            raise MalformedError(WITH_NUL)
    except MalformedError as error:
        digest = fingerprint(raw)
        place = place_of(item)
        key = f"{place['register']}|{place['number']}" if place else f"?{digest}"
        return Rejection(STAGED_CLOSINGS, key, "closing_malformed", {"message": str(error)}, content=digest)
    return {
        "register": closing.register,
        "number": closing.number,
        "business_day": dt.date.fromisoformat(closing.business_day),
        "first_receipt_number": closing.first_receipt_number,
        "last_receipt_number": closing.last_receipt_number,
        "receipt_count": closing.receipt_count,
        "content_hash": closing_hash(closing),
        "raw": raw,
    }
