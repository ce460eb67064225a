"""What a receipt is found to be as long as it is not booked: by the checks, the settings, and what people decided.

A status that hangs on a setting follows the setting: both a run that fetches and an import alone call `judge_anew`.
"""

import datetime as dt
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import orjson

from cloudkasse_etl.config.settings import Settings
from cloudkasse_etl.entities import REVENUE_POSTINGS, STAGED_RECEIPTS
from cloudkasse_etl.fingerprint import fingerprint
from cloudkasse_etl.rejections.catalogue import HOLDING
from cloudkasse_etl.rejections.rejection import Rejection, merged
from cloudkasse_etl.schemas.lenient_json import as_kept
from cloudkasse_etl.schemas.wire_receipts import MalformedError, Receipt, check_times, item_id, read_item, read_receipt
from cloudkasse_etl.state.stores.books.decision_log import PROGRAM, REPLACED, Action, Decision, Subject
from cloudkasse_etl.state.stores.books.receipt_status import UNBOOKED, Status
from cloudkasse_etl.state.stores.books.staged_receipts import (
    NO_ID,
    KnownReceipt,
    StagedReceipt,
    StagingStore,
    UnbookedReceipt,
)
from cloudkasse_etl.state.stores.state_stores import StateStores
from cloudkasse_etl.state.targets import JUDGED
from cloudkasse_etl.sync.receipts.books_currency import currency_to_stage_in, last_known_currency
from cloudkasse_etl.sync.run.report import Counts
from cloudkasse_etl.sync.run.session import SyncSession
from cloudkasse_etl.transform.receipt_checks import check_receipts
from cloudkasse_etl.transform.receipt_days import DayBounds, check_days
from cloudkasse_etl.transform.receipt_frames import content_hash, flatten, without_effect

# Raised when the checks judge otherwise than before: what is not booked is then checked again.
CHECKS_VERSION = 4
UNREADABLE = "receipt_malformed"
CONFLICT = "receipt_conflict"
NUL = b"\\u0000"
WITH_NUL = "a name or a time has a NUL character"
MOVED = "CloudKasse sent another receipt under this id, which was one of ours; what was kept here has the id {id} now."
_NUMBERS = 2**53


@dataclass(frozen=True, slots=True)
class Judged:
    """A receipt with what it was found to be, and as it was read; None where it cannot be."""

    staged: StagedReceipt
    receipt: Receipt | None

    @property
    def passed(self) -> bool:
        """Whether the checks have nothing against it."""
        return self.staged.status is not Status.REJECTED


class Judge:
    """Judges receipts by settings and by what was ever synchronised; needs neither ERP nor cloud.

    Args:
        settings: The settings.
        store: Our own tables; they are only read.
        currency: Of the books; what was last known of it where None.
    """

    def __init__(self, settings: Settings, store: StateStores, currency: str | None = None) -> None:
        self._decisions = store.decisions
        self._registers = {register.number for register in settings.registers} | store.synced.ever("registers")
        self._currency = currency or last_known_currency(store)
        self._start = settings.receipts.start_date
        self._in_kind = settings.receipts.in_kind_moves_stock
        self._days = DayBounds(settings.receipts.days_ahead, settings.receipts.days_back, settings.zone)

    def fingerprint(self) -> str:
        """Of all that a receipt's status can hang on besides the receipt and what people decide about it."""
        days = [self._days.ahead, self._days.back, str(self._days.zone)]
        parts = [CHECKS_VERSION, sorted(self._registers), self._currency, str(self._start), self._in_kind, days]
        return fingerprint(orjson.dumps(parts))

    def arrived(self, raws: Sequence[bytes]) -> list[Judged]:
        """Reads receipts that were just fetched; they are not checked yet."""
        return [_read(raw, None) for raw in raws]

    def stored(self, rows: Sequence[UnbookedReceipt], *, released: Collection[str] | None = None) -> list[Judged]:
        """Reads and checks receipts that are stored, under the ids that they have there.

        Args:
            rows: The receipts.
            released: Those of them that a person has let through; as the decisions say where None.
        """
        judged = [_read(row.raw, row.receipt_id) for row in rows]
        self.check(judged, {row.receipt_id: row.staged_at for row in rows}, released)
        return judged

    def check(
        self,
        judged: Sequence[Judged],
        fetched: Mapping[str, dt.datetime] | None = None,
        released: Collection[str] | None = None,
    ) -> None:
        """Gives receipts the status that checks, settings and decisions come to.

        Args:
            judged: What was read; what could not be is left alone.
            fetched: When receipts were fetched, by the id under which they are stored; now where it has none.
            released: Those that a person has let through; as the decisions say where None.
        """
        readable = [(j.staged, j.receipt) for j in judged if j.receipt is not None]
        if not readable:
            return
        frames = flatten([receipt for _, receipt in readable])
        found = check_receipts(frames, registers=self._registers, currency=self._currency)
        now = dt.datetime.now(dt.UTC)
        times = [(fetched or {}).get(staged.receipt_id, now) for staged, _ in readable]
        for at, rejection in check_days([receipt for _, receipt in readable], times, self._days).items():
            found.setdefault(at, []).append(rejection)
        idle = without_effect(frames, in_kind_moves_stock=self._in_kind).tolist()
        if released is None:
            held = [at for at, rejections in found.items() if any(r.code in HOLDING for r in rejections)]
            released = self._decisions.released([readable[at][0].receipt_id for at in held]) if held else ()
        for at, (staged, receipt) in enumerate(readable):
            refused = found.get(at, [])
            if staged.receipt_id in released or idle[at]:  # what books nothing need not be held
                refused = [r for r in refused if r.code not in HOLDING]
            if refused:
                staged.status = Status.REJECTED
                staged.rejections = [replace(r, key=staged.receipt_id, content=staged.content_hash) for r in refused]
            elif self._start and dt.date.fromisoformat(receipt.business_day) < self._start:
                staged.status = Status.BEFORE_START
            elif idle[at]:
                staged.status = Status.NO_EFFECT


def judge_of(session: SyncSession) -> Judge:
    """The judge of a run."""
    return Judge(session.settings, session.store, currency_to_stage_in(session))


def _read(raw: bytes, receipt_id: str | None) -> Judged:
    """A receipt before its checks; one that breaks the contract is refused here."""
    try:
        receipt = read_receipt(raw)
        check_times(receipt)
        if NUL in raw:
            _refuse_nul(receipt)
    except MalformedError as error:
        item = read_item(raw)
        if item is not None:
            item, raw = as_kept(item)
        digest = _digest(raw if item is None else item)
        own = storable(item_id(item))
        key = receipt_id or own or f"?{digest}"
        came_as = NO_ID if receipt_id is None and own is None else None
        found = StagedReceipt(key, digest, raw, Status.REJECTED, came_as=came_as, **place_of(item))
        found.rejections = [Rejection(STAGED_RECEIPTS, key, UNREADABLE, {"message": str(error)}, content=digest)]
        return Judged(found, None)
    broken_off = receipt.cancelled and receipt.reference_id is None
    found = StagedReceipt(
        receipt_id or receipt.id,
        content_hash(receipt),
        raw,
        Status.STAGED,
        register=receipt.register,
        number=receipt.number,
        kind=receipt.kind[:40],
        business_day=dt.date.fromisoformat(receipt.business_day),
        ended_at=receipt.ended_at[:40],
        total_cents=receipt.total_cents,
        reference_id=receipt.reference_id[:120] if receipt.reference_id else None,
        closing_number=receipt.closing_number,
        counts_in_closing=receipt.kind == "Beleg" and not broken_off,
    )
    return Judged(found, receipt)


def _digest(item: Any) -> str:
    """Of what cannot be read as a receipt; like `content_hash` without what a later delivery may fill in."""
    if isinstance(item, dict):
        item = {name: value for name, value in item.items() if name not in ("closing_number", "arrived_at")}
    return fingerprint(item if isinstance(item, bytes) else orjson.dumps(item, option=orjson.OPT_SORT_KEYS))


def _refuse_nul(receipt: Receipt) -> None:
    """PostgreSQL stores no NUL in a text: one in a name would hold up every other receipt.

    Raises:
        MalformedError: A name has one.
    """
    names = (receipt.id, receipt.register, receipt.kind, receipt.ended_at, receipt.reference_id)
    if not all(storable(name) for name in (*names, *(line.article for line in receipt.lines)) if name):
        raise MalformedError(WITH_NUL)


def storable(name: str | None) -> str | None:
    """A text that every database takes; None in place of another."""
    return None if name is None or "\0" in name else name


def place_of(item: Any) -> dict[str, Any]:
    """Register and number of a receipt that is broken otherwise: it fills its gap."""
    if not isinstance(item, dict):
        return {}
    register, number = item.get("register"), item.get("number")
    if isinstance(register, str) and 0 < len(register) <= 100 and storable(register) and _is_number(number):
        return {"register": register, "number": number}
    return {}


def _is_number(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < _NUMBERS


# --- contents of one id


def conflicting(judged: Judged, key: str, came_as: str) -> StagedReceipt:
    """The second content of an id that is stored already, under a key of ours: beside the first, not in its place."""
    digest = judged.staged.content_hash
    rejection = Rejection(STAGED_RECEIPTS, key, CONFLICT, {"value": came_as}, content=digest)
    # without register and number: the first one fills the place
    return StagedReceipt(key, digest, judged.staged.raw, Status.REJECTED, came_as=came_as, rejections=[rejection])


def unreadable(content: StagedReceipt) -> StagedReceipt:
    """A content that came without an id, as it is refused."""
    found = _read(content.raw, None).staged
    rejections = [replace(r, key=content.receipt_id) for r in found.rejections]
    return replace(found, receipt_id=content.receipt_id, content_hash=content.content_hash, rejections=rejections)


def set_aside(content: StagedReceipt, key: str, came_as: str) -> StagedReceipt:
    """A content under a key of ours, because another one has taken the place that it had."""
    return StagedReceipt(key, content.content_hash, content.raw, Status.DISMISSED, came_as=came_as)


def replaced(key: str) -> Decision:
    """That a refused content is not booked, since a corrected one has taken its place."""
    return Decision(Subject.RECEIPT, key, Action.DISMISS, REPLACED, decided_by=PROGRAM)


def own_key(store: StagingStore, came_as: str, digest: str, taken: Collection[str] = ()) -> tuple[str, bool]:
    """The key of ours for a content that cannot have the id as which it came.

    Args:
        store: What is stored.
        came_as: That id.
        digest: The content's hash.
        taken: Keys that this page is going to take.

    Returns:
        The key, and whether this very content is stored under it already.
    """
    key, further = f"{came_as}!{digest[:12]}" if came_as else f"?{digest}", 1
    while True:
        known = store.known([key]).get(key)
        if key not in taken and known is not None and known.came_as == came_as and known.content_hash == digest:
            return key, True
        if known is None and key not in taken:
            return key, False
        further += 1  # a register's own ids may look like ours
        key = f"{came_as}!{digest[:12]}-{further}" if came_as else f"?{digest}-{further}"


# --- judging anew


@dataclass
class JudgedAnew:
    """What judging anew came to.

    Attributes:
        counts: Refused receipts that are no longer (new), and other statuses that have changed (changed).
        refused: Receipts that were refused now, or for another reason than before.
    """

    counts: Counts = field(default_factory=Counts)
    refused: set[str] = field(default_factory=set)

    @property
    def found(self) -> bool:
        """Whether there was anything to tell."""
        return bool(self.refused or self.counts.attempted)


def is_judged(judge: Judge, store: StateStores) -> bool:
    """Whether what is not booked was last judged under the same settings."""
    level = store.checkpoints.of(JUDGED)
    return level is not None and level.fingerprint == judge.fingerprint()


def is_judging_due(session: SyncSession) -> bool:
    """Whether there is anything that a run would judge anew, since settings have changed."""
    return not is_judged(judge_of(session), session.store) and session.store.receipts.has_unbooked()


def judge_anew(session: SyncSession, judge: Judge) -> JudgedAnew:
    """Judges what is not booked where settings have changed since it last was; refused receipts also if asked to.

    Dismissed receipts stay dismissed, and booked ones booked. Reads the receipts in batches, in bounded memory.
    """
    result = JudgedAnew()
    asked, level_again = session.options.retry_rejected, not is_judged(judge, session.store)
    if not asked and not level_again:
        return result
    if level_again:
        # a run that breaks now must not look finished to one that meets the old settings
        session.store.checkpoints.set(JUDGED, "", "{}")
    store = session.store
    before = _by_code(session.store.rejections.of(STAGED_RECEIPTS))
    for rows in store.staging.unbooked(statuses=UNBOOKED if level_again else (Status.REJECTED,)):
        judged = judge.stored(rows)
        moved = []
        for row, found in zip(rows, judged, strict=True):
            staged, known = found.staged, before.get(row.receipt_id, {})
            was_refused = row.status == Status.REJECTED and row.refused_by == STAGED_RECEIPTS
            if staged.status is Status.REJECTED:
                staged.rejections = [_since(r, known) for r in merged(staged.rejections)]
                if asked or not was_refused or any(r.code not in known for r in staged.rejections):
                    result.refused.add(staged.receipt_id)
            if _differs(row, staged, known):
                moved.append(staged)
                if staged.status is not Status.REJECTED:
                    result.counts += Counts(new=1) if was_refused else Counts(changed=1)
        store.staging.restage(moved)
    result.counts += Counts(new=let_second_contents_through(store, judge))
    if level_again:
        session.store.checkpoints.set(JUDGED, judge.fingerprint(), "{}")
    return result


_ByCode = dict[str, Rejection]


def _by_code(rejections: Iterable[Rejection]) -> dict[str, _ByCode]:
    found: dict[str, _ByCode] = {}
    for rejection in rejections:
        found.setdefault(rejection.key, {})[rejection.code] = rejection
    return found


def _since(rejection: Rejection, known: _ByCode) -> Rejection:
    before = known.get(rejection.code)
    return rejection if before is None else replace(rejection, since=before.since)


def _differs(row: UnbookedReceipt, staged: StagedReceipt, known: _ByCode) -> bool:
    """Whether a receipt is found to be something else than before, or refused for another reason."""
    if staged.status is not Status.REJECTED:
        # what only the import refused has passed these checks: it is the import that has to look at it again
        refused_by_import = row.status == Status.REJECTED and row.refused_by == REVENUE_POSTINGS
        return row.status != staged.status and not (refused_by_import and staged.status is Status.STAGED)
    reasons = {r.code: dict(r.detail) for r in staged.rejections}
    was_refused = row.status == Status.REJECTED and row.refused_by == STAGED_RECEIPTS
    return not was_refused or reasons != {code: dict(r.detail) for code, r in known.items()}


def let_second_contents_through(store: StateStores, judge: Judge) -> int:
    """Lets a second content that passes the checks take the place of a first one that does not.

    Returns:
        How many receipts are staged by this that were refused before.
    """
    count = 0
    for rows in store.staging.unbooked(statuses=(Status.REJECTED,), second=True):
        for row in rows:
            if not row.came_as or not gives_way(store.staging.known([row.came_as]).get(row.came_as)):
                continue
            (judged,) = judge.stored([replace(row, receipt_id=row.came_as)])
            if judged.passed:
                first = _read(store.receipts.raw_of([row.came_as])[row.came_as], None).staged
                key, _ = own_key(store.staging, row.came_as, first.content_hash)
                store.staging.stage(
                    [set_aside(first, key, row.came_as)],
                    cursor=None,
                    mended=[judged.staged],
                    decisions=[replaced(key)],
                    dropped=[row.receipt_id],
                )
                count += 1
    return count


def gives_way(known: KnownReceipt | None) -> bool:
    """Whether a content that passes the checks may take the place of what is stored: that never passed them."""
    return known is not None and known.status == Status.REJECTED and known.refused_by == STAGED_RECEIPTS
