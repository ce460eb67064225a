"""Determines the status of a receipt that is not booked: by the checks, the settings, and people's decisions.

A status that depends on a setting follows the setting: both a run that fetches and an import alone call
`validate_again`.
"""

import datetime as dt
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import orjson

from cloudkasse_etl.config.settings import Settings
from cloudkasse_etl.entities import REVENUE_POSTINGS, STAGED_RECEIPTS
from cloudkasse_etl.fingerprint import fingerprint
from cloudkasse_etl.rejections.catalogue import HOLDING
from cloudkasse_etl.rejections.rejection import Rejection, merged
from cloudkasse_etl.schemas.wire_receipts import (
    ReceiptColumns,
)
from cloudkasse_etl.state.stores.books.receipt_status import UNBOOKED, Status
from cloudkasse_etl.state.stores.books.staged_receipts import (
    StagedReceipt,
    UnbookedReceipt,
)
from cloudkasse_etl.state.stores.state_stores import StateStores
from cloudkasse_etl.state.targets import VALIDATED
from cloudkasse_etl.sync.receipts.validation.books_currency import currency_to_stage_in, last_known_currency
from cloudkasse_etl.sync.receipts.validation.column_validation import staged_of_columns
from cloudkasse_etl.sync.receipts.validation.receipt_reading import (
    ValidatedReceipt,
    is_unsigned,
    parsed,
    translated,
)
from cloudkasse_etl.sync.receipts.validation.second_contents import gives_way, own_key, replaced, set_aside
from cloudkasse_etl.sync.run.report import Counts
from cloudkasse_etl.sync.run.session import SyncSession
from cloudkasse_etl.tills.till_opening import translation_of
from cloudkasse_etl.transform.receipt_checks import check_receipts
from cloudkasse_etl.transform.receipt_days import DayBounds, check_days
from cloudkasse_etl.transform.receipt_frames import ReceiptFrames, flatten, reasons_without_effect

# Increased when the checks change: receipts that are not booked are then checked again.
CHECKS_VERSION = 4
CONFLICT = "receipt_conflict"


class ReceiptValidator:
    """Checks receipts against settings and synchronised data; needs neither ERP nor cloud.

    Args:
        settings: The settings.
        store: Our own tables; they are only read.
        currency: The currency of the books; the last known one where None.
    """

    def __init__(self, settings: Settings, store: StateStores, currency: str | None = None) -> None:
        self._translation = translation_of(settings)
        self._decisions = store.decisions
        self._registers = {register.number for register in settings.registers} | store.synced.ever("registers")
        self._currency = currency or last_known_currency(store)
        self._start = settings.receipts.start_date
        self._in_kind = settings.receipts.in_kind_moves_stock
        self._days = DayBounds(settings.receipts.days_ahead, settings.receipts.days_back, settings.zone)

    def fingerprint(self) -> str:
        """A hash of everything that a receipt's status can depend on besides the receipt and people's decisions."""
        days = [self._days.ahead, self._days.back, str(self._days.zone)]
        parts = [CHECKS_VERSION, sorted(self._registers), self._currency, str(self._start), self._in_kind, days]
        if self._translation is not None:
            parts.append(self._translation.fingerprint())
        return fingerprint(orjson.dumps(parts))

    def arrived(self, raws: Sequence[bytes]) -> list[ValidatedReceipt]:
        """Parses receipts that were just fetched, each after it was translated; they are not checked yet."""
        if self._translation is None:
            return [parsed(raw, None) for raw in raws]
        return [validated for raw in raws for validated in translated(self._translation, raw)]

    def is_unsigned(self, staged: StagedReceipt) -> bool:
        """Whether the till says of a receipt that its security device (TSE) failed to sign it."""
        return is_unsigned(self._translation, staged.raw, staged.original)

    def of_columns(self, columns: ReceiptColumns) -> list[StagedReceipt] | None:
        """Checks receipts of one closing that were just fetched as columns.

        Returns:
            Them with their status; None where one of them is refused or held: then each has to be looked at by itself.
        """
        if not columns.texts:
            return []
        frames = ReceiptFrames.of_columns(columns)
        first = self.arrived(columns.texts[:1])[0]  # all have one business day, and tell no time of arrival
        self.check([first])
        if not first.passed or check_receipts(frames, registers=self._registers, currency=self._currency):
            return None
        idle = reasons_without_effect(frames, in_kind_moves_stock=self._in_kind)
        return staged_of_columns(columns, idle, self._start)

    def stored(
        self, rows: Sequence[UnbookedReceipt], *, released: Collection[str] | None = None
    ) -> list[ValidatedReceipt]:
        """Parses and checks stored receipts, under the ids under which they are stored.

        Args:
            rows: The receipts.
            released: Those that a person has released; by the decisions where None.
        """
        validated = [self._again(row) for row in rows]
        self.check(validated, {row.receipt_id: row.staged_at for row in rows}, released)
        return validated

    def means_the_same(self, arrived: ValidatedReceipt, original: bytes | None) -> bool:
        """Whether what is stored of a receipt, translated by today's names, is what has arrived.

        A booked receipt keeps the translation by which it was booked. Where a name is another one since then, the same
        receipt of the till has another content when it comes again, although nobody has changed it.

        Args:
            arrived: What has arrived under the receipt's id.
            original: What is stored, in the till's own form.
        """
        found = self._translated_again(original, arrived.staged.receipt_id)
        return found is not None and found.staged.content_hash == arrived.staged.content_hash

    def besides(self, row: UnbookedReceipt) -> list[ValidatedReceipt]:
        """What a receipt in the till's own form means besides itself; not checked yet."""
        if row.original is None or self._translation is None:
            return []
        own = {row.receipt_id, row.came_as}
        each = translated(self._translation, row.original)
        return [one for one in each if one.receipt is not None and one.staged.receipt_id not in own]

    def _again(self, row: UnbookedReceipt) -> ValidatedReceipt:
        """A stored receipt, translated again if it came in the till's own form."""
        found = self._translated_again(row.original, row.came_as or row.receipt_id)
        if found is None:
            return parsed(row.raw, row.receipt_id)
        staged = replace(
            found.staged,
            receipt_id=row.receipt_id,
            came_as=row.came_as,
            rejections=[replace(rejection, key=row.receipt_id) for rejection in found.staged.rejections],
        )
        return ValidatedReceipt(staged, found.receipt)

    def _translated_again(self, original: bytes | None, came_as: str) -> ValidatedReceipt | None:
        """What a receipt in the till's own form means by today's names; None where it came in the canonical form."""
        if original is None or self._translation is None:
            return None
        each = translated(self._translation, original)
        # a voided receipt has a counter-entry with an id of its own
        return next((one for one in each if one.staged.receipt_id == came_as), None)

    def check(
        self,
        validated: Sequence[ValidatedReceipt],
        fetched: Mapping[str, dt.datetime] | None = None,
        released: Collection[str] | None = None,
    ) -> None:
        """Sets the status of receipts by checks, settings and decisions.

        Args:
            validated: The parsed receipts; those that cannot be parsed are left unchanged.
            fetched: When receipts were fetched, by the id under which they are stored; now for ids that are missing.
            released: Those that a person has released; by the decisions where None.
        """
        readable = [(j.staged, j.receipt) for j in validated if j.receipt is not None]
        if not readable:
            return
        frames = flatten([receipt for _, receipt in readable])
        found = check_receipts(frames, registers=self._registers, currency=self._currency)
        now = dt.datetime.now(dt.UTC)
        times = [(fetched or {}).get(staged.receipt_id, now) for staged, _ in readable]
        for at, rejection in check_days([receipt for _, receipt in readable], times, self._days).items():
            found.setdefault(at, []).append(rejection)
        idle = reasons_without_effect(frames, in_kind_moves_stock=self._in_kind)
        if released is None:
            held = [at for at, rejections in found.items() if any(r.code in HOLDING for r in rejections)]
            released = self._decisions.released([readable[at][0].receipt_id for at in held]) if held else ()
        for at, (staged, receipt) in enumerate(readable):
            refused = found.get(at, [])
            if staged.receipt_id in released or idle[at]:  # a receipt that books nothing need not be held
                refused = [r for r in refused if r.code not in HOLDING]
            if refused:
                staged.status = Status.REJECTED
                staged.rejections = [replace(r, key=staged.receipt_id, content=staged.content_hash) for r in refused]
            elif self._start and dt.date.fromisoformat(receipt.business_day) < self._start:
                staged.status = Status.BEFORE_START
            elif idle[at]:
                staged.status, staged.no_effect = Status.NO_EFFECT, idle[at]


def validator_of(session: SyncSession) -> ReceiptValidator:
    """The `ReceiptValidator` of a run."""
    return ReceiptValidator(session.settings, session.store, currency_to_stage_in(session))


# --- contents of one id


def conflicting(validated: ValidatedReceipt, key: str, came_as: str) -> StagedReceipt:
    """Makes a rejected entry of a second content with an id that is stored already, under a key of our own.

    Args:
        validated: The second content.
        key: The key of our own.
        came_as: The id that it came with.

    Returns:
        The entry, to be stored beside the first content.
    """
    digest = validated.staged.content_hash
    rejection = Rejection(STAGED_RECEIPTS, key, CONFLICT, {"value": came_as}, content=digest)
    # without register and number: the first one fills the place
    return StagedReceipt(key, digest, validated.staged.raw, Status.REJECTED, came_as=came_as, rejections=[rejection])


def unreadable(content: StagedReceipt) -> StagedReceipt:
    """Makes a rejected entry of a content that came without an id."""
    found = parsed(content.raw, None).staged
    rejections = [replace(r, key=content.receipt_id) for r in found.rejections]
    return replace(found, receipt_id=content.receipt_id, content_hash=content.content_hash, rejections=rejections)


# --- checking again


@dataclass
class ValidatedAgain:
    """The result of checking receipts again.

    Attributes:
        counts: Refused receipts that are no longer refused (new), and other changes of status (changed).
        refused: Receipts that were refused now, or for another reason than before.
    """

    counts: Counts = field(default_factory=Counts)
    refused: set[str] = field(default_factory=set)

    @property
    def found(self) -> bool:
        """Whether anything has changed."""
        return bool(self.refused or self.counts.attempted)


def is_validated(validator: ReceiptValidator, store: StateStores) -> bool:
    """Whether the receipts that are not booked were last checked under the same settings."""
    checkpoint = store.checkpoints.of(VALIDATED)
    return checkpoint is not None and checkpoint.fingerprint == validator.fingerprint()


def is_validation_due(session: SyncSession) -> bool:
    """Whether a run would check receipts again because settings have changed."""
    return not is_validated(validator_of(session), session.store) and session.store.receipts.has_unbooked()


def validate_again(session: SyncSession, validator: ReceiptValidator) -> ValidatedAgain:
    """Checks receipts that are not booked again if settings have changed since then; refused ones also if asked to.

    Dismissed receipts stay dismissed, and booked ones booked. Reads the receipts in batches, in bounded memory.
    """
    result = ValidatedAgain()
    asked, level_again = session.options.retry_rejected, not is_validated(validator, session.store)
    if not asked and not level_again:
        return result
    if level_again:
        # if this run breaks, a run with the old settings must not consider the work as done
        session.store.checkpoints.set(VALIDATED, "", "{}")
    store = session.store
    before = _by_code(session.store.rejections.of(STAGED_RECEIPTS))
    for rows in store.staging.unbooked(statuses=UNBOOKED if level_again else (Status.REJECTED,)):
        validated = validator.stored(rows)
        moved = []
        for row, found in zip(rows, validated, strict=True):
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
        # before what they belong to is let through: a run that dies between the two finds it refused still
        result.counts += Counts(new=_stage_counter_entries(store, validator, rows))
        store.staging.restage(moved)
    result.counts += Counts(new=let_second_contents_through(store, validator))
    if level_again:
        session.store.checkpoints.set(VALIDATED, validator.fingerprint(), "{}")
    return result


def _stage_counter_entries(store: StateStores, validator: ReceiptValidator, rows: Sequence[UnbookedReceipt]) -> int:
    """Stages what receipts in the till's own form mean besides themselves, once they can be translated: their voids.

    Returns:
        How many were not stored yet.
    """
    found = {one.staged.receipt_id: one for row in rows for one in validator.besides(row)}
    if not found:
        return 0
    known = store.staging.known(list(found))
    new = [one for key, one in found.items() if key not in known]
    validator.check(new)
    store.staging.stage([one.staged for one in new], cursor=None)
    return len(new)


_ByCode = dict[str, Rejection]


def _by_code(rejections: Iterable[Rejection]) -> dict[str, _ByCode]:
    found: dict[str, _ByCode] = {}
    for rejection in rejections:
        found.setdefault(rejection.key, {})[rejection.code] = rejection
    return found


def _since(rejection: Rejection, known: _ByCode) -> Rejection:
    return rejection.refused_as(known.get(rejection.code))


def _differs(row: UnbookedReceipt, staged: StagedReceipt, known: _ByCode) -> bool:
    """Whether a receipt's status or the reason for its refusal has changed."""
    if staged.status is not Status.REJECTED:
        # a receipt that only the import refused has passed these checks: the import has to check it again
        refused_by_import = row.status == Status.REJECTED and row.refused_by == REVENUE_POSTINGS
        is_same = row.status == staged.status or (refused_by_import and staged.status is Status.STAGED)
        # a till's own form may mean something else under other settings
        return not is_same or (staged.original is not None and row.content_hash != staged.content_hash)
    reasons = {r.code: dict(r.detail) for r in staged.rejections}
    was_refused = row.status == Status.REJECTED and row.refused_by == STAGED_RECEIPTS
    return (
        not was_refused
        or row.content_hash != staged.content_hash
        or reasons != {code: dict(r.detail) for code, r in known.items()}
    )


def let_second_contents_through(store: StateStores, validator: ReceiptValidator) -> int:
    """Replaces a first content that fails the checks by a second one that passes them.

    Returns:
        How many receipts that were refused before are staged now.
    """
    count = 0
    for rows in store.staging.unbooked(statuses=(Status.REJECTED,), second=True):
        for row in rows:
            if not row.came_as or not gives_way(store.staging.known([row.came_as]).get(row.came_as)):
                continue
            (validated,) = validator.stored([replace(row, receipt_id=row.came_as)])
            if validated.passed:
                first = parsed(store.receipts.raw_of([row.came_as])[row.came_as], None).staged
                key, _ = own_key(store.staging, row.came_as, first.content_hash)
                store.staging.stage(
                    [set_aside(first, key, row.came_as)],
                    cursor=None,
                    mended=[validated.staged],
                    decisions=[replaced(key)],
                    dropped=[row.receipt_id],
                )
                count += 1
    return count
