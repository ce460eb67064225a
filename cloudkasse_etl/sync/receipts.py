"""The use cases that fetch receipts and closings: each page checked and staged once, together with its cursor."""

import datetime as dt
import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import orjson

from cloudkasse_etl.cloudkasse.client import CursorExpired, Page
from cloudkasse_etl.failures import Rejection
from cloudkasse_etl.schemas.json_text import as_kept
from cloudkasse_etl.schemas.receipts import (
    MalformedError,
    Receipt,
    closing_hash,
    item_id,
    parse_closing,
    read_item,
    read_receipt,
)
from cloudkasse_etl.state.receipts import ReceiptStore, StagedReceipt, Status
from cloudkasse_etl.state.targets import CLOSINGS, STAGING
from cloudkasse_etl.sync.books_currency import currency_to_stage_in
from cloudkasse_etl.sync.levels import quiet_report, set_level
from cloudkasse_etl.sync.report import AssetReport, Counts, refused_counts
from cloudkasse_etl.sync.session import SyncSession
from cloudkasse_etl.transform.receipt_checks import check_receipts
from cloudkasse_etl.transform.receipts import content_hash, flatten, without_effect

# Raised when the checks judge otherwise than before: what was refused is then checked again.
CHECKS_VERSION = 2
UNREADABLE = "receipt_malformed"
NUL = b"\\u0000"
WITH_NUL = "a name or a time has a NUL character"
NOT_AGAIN = "It could not be read, had no id, and did not come again when everything was fetched anew."
# As `_conflict` makes the id of a second content; a register's own ids may have an exclamation mark, too.
_CONFLICT = re.compile(r"![0-9a-f]{12}$")


def stage_receipts(session: SyncSession) -> AssetReport:
    """Fetches the receipts that have arrived since the last time, checks them, and stages them. Books nothing."""
    with session.timed() as seconds:
        staging = _Staging(session)
        fingerprint = staging.fingerprint()
        store = session.receipts
        if store.cursor("receipts") == session.cloud_status.heads["receipts"]:
            quiet = quiet_report(session, STAGING, fingerprint)
            if quiet is not None:
                return session.deliver(quiet, seconds())
        try:
            staging.check_again(fingerprint)
            fetched = 0
            for page in _pages(session, "receipts", anew=staging.reads_anew):
                staging.stage(page)
                fetched += len(page.texts)
                session.progress(STAGING, fetched)
            staging.end_unreadable()
        except BaseException:
            session.deliver(AssetReport(STAGING, staging.counts + Counts(rejected=len(staging.refused))), seconds())
            raise
        report = _report(session, STAGING, staging.counts, staging.refused)
        set_level(session, report, fingerprint)
        return session.deliver(report, seconds())


def stage_closings(session: SyncSession) -> AssetReport:
    """Fetches the closings that have arrived since the last time, and stages them."""
    with session.timed() as seconds:
        store = session.receipts
        rejections = session.store.rejections(CLOSINGS)
        anew = session.options.retry_rejected and bool(rejections)
        if not anew and store.cursor("closings") == session.cloud_status.heads["closings"]:
            return session.deliver(AssetReport(CLOSINGS, refused_counts(rejections), tuple(rejections)), seconds())
        known = store.known_closings()
        counts, refused = Counts(), set[str]()
        for page in _pages(session, "closings", anew=anew):
            rows, refusals = {}, []
            for text in page.texts:
                row, rejection = _closing(text)
                if rejection is None:
                    assert row is not None
                    key = f"{row['register']}|{row['number']}"
                    before = known.get(key)
                    if before is None:
                        known[key], rows[key] = row["content_hash"], row
                        counts += Counts(new=1)
                        continue
                    if before == row["content_hash"]:
                        counts += Counts(unchanged=1)
                        continue
                    rejection = Rejection(CLOSINGS, key, "closing_conflict", content=row["content_hash"])
                refusals.append(rejection)
            # what cannot be read is no other content: once there is a closing that can, it has ended
            refusals = [r for r in refusals if r.code == "closing_conflict" or r.key not in known]
            refused = (refused - rows.keys()) | {r.key for r in refusals}
            store.stage_closings(rows, refusals, cursor=page.next_cursor)
        if anew:  # all there is was read again: what was not refused again has ended
            session.store.end_rejections(CLOSINGS, [r.key for r in rejections if r.key not in refused])
        return session.deliver(_report(session, CLOSINGS, counts, refused), seconds())


def _pages(session: SyncSession, stream: Any, *, anew: bool) -> Iterator[Page]:
    """All pages behind the stored cursor; from the beginning if asked, or where the cloud no longer knows the cursor.

    That brings every receipt a second time, and their ids see to it that none is staged twice.
    """
    after = None if anew else session.receipts.cursor(stream)
    try:
        yield from session.client.pages(stream, after)
    except CursorExpired:
        if after is None:
            raise
        yield from session.client.pages(stream, None)


def _report(session: SyncSession, asset: str, counts: Counts, refused: set[str]) -> AssetReport:
    stored = session.store.rejections(asset)
    rejections = tuple(replace(r, still=r.key not in refused) for r in stored)
    return AssetReport(asset, counts + refused_counts(rejections), rejections)


class _Staging:
    """Judges receipts by what the settings and the cloud know of registers, and stages them."""

    def __init__(self, session: SyncSession) -> None:
        self._session = session
        self._store: ReceiptStore = session.receipts
        settings = session.settings
        self._registers = {register.number for register in settings.registers}
        self._registers |= set(session.store.synced("registers")["key"])
        self._currency = currency_to_stage_in(session)
        self._start = settings.receipts.start_date
        self._in_kind = settings.receipts.in_kind_moves_stock
        self.counts = Counts()
        self.refused: set[str] = set()
        self._unreadable = {r.key for r in session.store.rejections(STAGING) if r.code == UNREADABLE}
        self._seen_unreadable: set[str] = set()
        # What came broken may have been broken on its way only: it is fetched again, not just looked at again.
        self.reads_anew = session.options.retry_rejected and bool(self._unreadable)

    def fingerprint(self) -> str:
        """Of what a refusal can hang on besides the receipt."""
        parts = [CHECKS_VERSION, sorted(self._registers), self._currency, str(self._start), self._in_kind]
        return hashlib.blake2b(orjson.dumps(parts), digest_size=16).hexdigest()

    def check_again(self, fingerprint: str) -> None:
        """Checks refused receipts again where the reason may be gone, or somebody asks for it."""
        level = self._session.store.level(STAGING)
        asked = self._session.options.retry_rejected
        if not asked and level is not None and level.fingerprint == fingerprint:
            return
        # what was level is so no longer: a run that breaks now must not look level to one that meets the old settings
        self._session.store.set_level(STAGING, "", "{}")
        for rows in self._store.raw(status=Status.REJECTED, refused_by=STAGING):
            judged = [self._judge(raw, receipt_id) for receipt_id, raw in rows if not _is_conflict(receipt_id)]
            self._check([pair for pair in judged if pair[1] is not None])
            staged = [receipt for receipt, _ in judged]
            before = {(r.key, r.code) for r in self._session.store.rejections(STAGING)}
            self._store.restage(staged)
            for receipt in staged:
                if receipt.status is not Status.REJECTED:
                    self.counts += Counts(new=1)
                elif asked or any((r.key, r.code) not in before for r in receipt.rejections):
                    self.refused.add(receipt.receipt_id)

    def stage(self, page: Page) -> None:
        """Checks a page and stages it with its cursor; what is staged already is only counted."""
        judged = [self._judge(text, None) for text in page.texts]
        known = self._store.known([receipt.receipt_id for receipt, _ in judged])
        fresh: dict[str, tuple[StagedReceipt, Receipt | None]] = {}
        mended: dict[str, tuple[StagedReceipt, Receipt | None]] = {}
        seen = 0
        for receipt, parsed in judged:
            before = known.get(receipt.receipt_id)
            if before is None and receipt.receipt_id in fresh:
                before = fresh[receipt.receipt_id][0].content_hash
            if parsed is None:
                self._seen_unreadable.add(receipt.receipt_id)
            if before is None:
                fresh[receipt.receipt_id] = (receipt, parsed)
            elif before == receipt.content_hash or parsed is None:
                seen += 1  # what cannot be read is no other content
            elif receipt.receipt_id in fresh and fresh[receipt.receipt_id][1] is None:
                fresh[receipt.receipt_id] = (receipt, parsed)
            elif receipt.receipt_id in self._unreadable:
                self._unreadable.discard(receipt.receipt_id)
                mended[receipt.receipt_id] = (receipt, parsed)
                known[receipt.receipt_id] = receipt.content_hash
            else:
                conflict = _conflict(receipt)
                if conflict.receipt_id in fresh or self._store.known([conflict.receipt_id]):
                    seen += 1
                else:
                    fresh[conflict.receipt_id] = (conflict, None)
        self._check([pair for pair in (*fresh.values(), *mended.values()) if pair[1] is not None])
        receipts, again = ([receipt for receipt, _ in pairs.values()] for pairs in (fresh, mended))
        self._store.stage(receipts, cursor=page.next_cursor, mended=again)
        refused = {r.receipt_id for r in (*receipts, *again) if r.status is Status.REJECTED}
        self.refused = (self.refused - mended.keys()) | refused
        self._unreadable |= {key for key, (_, parsed) in fresh.items() if parsed is None}
        self.counts += Counts(new=len(receipts) + len(again) - len(refused), unchanged=seen)

    def end_unreadable(self) -> None:
        """Lets what had not even an id rest, if everything was fetched again and it did not come like that again."""
        if self.reads_anew:
            for key in sorted(self._unreadable - self._seen_unreadable):
                if key.startswith("?"):
                    self._store.dismiss(key, NOT_AGAIN)
                    self.refused.discard(key)

    def _judge(self, raw: bytes, receipt_id: str | None) -> tuple[StagedReceipt, Receipt | None]:
        """A receipt before its checks; one that breaks the contract is refused here."""
        try:
            receipt = read_receipt(raw)
            if NUL in raw:
                _refuse_nul(receipt)
        except MalformedError as error:
            item = read_item(raw)
            if item is not None:
                item, raw = as_kept(item)
            digest = _digest(raw if item is None else item)
            key = receipt_id or _storable(item_id(item)) or f"?{digest}"
            rejection = Rejection(STAGING, key, UNREADABLE, {"message": str(error)}, content=digest)
            return StagedReceipt(key, digest, raw, Status.REJECTED, rejections=[rejection], **_place(item)), None
        day = dt.date.fromisoformat(receipt.business_day)
        broken_off = receipt.cancelled and receipt.reference_id is None
        staged = StagedReceipt(
            receipt_id or receipt.id,
            content_hash(receipt),
            raw,
            Status.BEFORE_START if self._start and day < self._start else Status.STAGED,
            register=receipt.register,
            number=receipt.number,
            kind=receipt.kind[:40],
            business_day=day,
            ended_at=receipt.ended_at[:40],
            total_cents=receipt.total_cents,
            reference_id=receipt.reference_id[:120] if receipt.reference_id else None,
            counts_in_closing=receipt.kind == "Beleg" and not broken_off,
        )
        return staged, receipt

    def _check(self, pairs: Sequence[tuple[StagedReceipt, Receipt | None]]) -> None:
        """Gives receipts the status that their checks come to."""
        parsed = [receipt for _, receipt in pairs if receipt is not None]
        if not parsed:
            return
        frames = flatten(parsed)
        found = check_receipts(frames, registers=self._registers, currency=self._currency)
        idle = without_effect(frames, in_kind_moves_stock=self._in_kind).tolist()
        for at, (staged, _) in enumerate(pairs):
            if at in found:
                staged.status = Status.REJECTED
                staged.rejections = [replace(r, content=staged.content_hash) for r in found[at]]
            elif idle[at] and staged.status is Status.STAGED:
                staged.status = Status.NO_EFFECT


def _digest(item: Any) -> str:
    """Of what cannot be read as a receipt; like `content_hash` without what a later delivery may fill in."""
    if isinstance(item, dict):
        item = {name: value for name, value in item.items() if name not in ("closing_number", "arrived_at")}
    text = item if isinstance(item, bytes) else orjson.dumps(item, option=orjson.OPT_SORT_KEYS)
    return hashlib.blake2b(text, digest_size=16).hexdigest()


def _refuse_nul(receipt: Receipt) -> None:
    """PostgreSQL stores no NUL in a text: one in a name would hold up every other receipt.

    Raises:
        MalformedError: A name has one.
    """
    names = (receipt.id, receipt.register, receipt.kind, receipt.ended_at, receipt.reference_id)
    if not all(_storable(name) for name in (*names, *(line.article for line in receipt.lines)) if name):
        raise MalformedError(WITH_NUL)


def _storable(name: str | None) -> str | None:
    return None if name is None or "\0" in name else name


def _place(item: Any) -> dict[str, Any]:
    """Register and number of a receipt that is broken otherwise: it fills its gap."""
    if not isinstance(item, dict):
        return {}
    register, number = item.get("register"), item.get("number")
    whole = isinstance(number, int) and not isinstance(number, bool) and 0 <= number < 2**53
    if isinstance(register, str) and 0 < len(register) <= 100 and _storable(register) and whole:
        return {"register": register, "number": number}
    return {}


def _conflict(receipt: StagedReceipt) -> StagedReceipt:
    """The second content of an id that is staged already: kept beside the first, never in its place."""
    key = f"{receipt.receipt_id}!{receipt.content_hash[:12]}"
    rejection = Rejection(STAGING, key, "receipt_conflict", {"value": receipt.receipt_id}, content=receipt.content_hash)
    # without register and number: the first one fills the place
    return StagedReceipt(key, receipt.content_hash, receipt.raw, Status.REJECTED, rejections=[rejection])


def _is_conflict(receipt_id: str) -> bool:
    return _CONFLICT.search(receipt_id) is not None


def _closing(text: bytes) -> tuple[dict[str, Any] | None, Rejection | None]:
    item, raw = as_kept(read_item(text))
    try:
        closing = parse_closing(item)
        if NUL in raw and not _storable(closing.register):
            raise MalformedError(WITH_NUL)
    except MalformedError as error:
        digest = hashlib.blake2b(raw, digest_size=16).hexdigest()
        place = _place(item)
        key = f"{place['register']}|{place['number']}" if place else f"?{digest}"
        return None, Rejection(CLOSINGS, key, "closing_malformed", {"message": str(error)}, content=digest)
    return {
        "register": closing.register,
        "number": closing.number,
        "business_day": dt.date.fromisoformat(closing.business_day),
        "first_receipt_number": closing.first_receipt_number,
        "last_receipt_number": closing.last_receipt_number,
        "receipt_count": closing.receipt_count,
        "content_hash": closing_hash(closing),
        "raw": raw,
    }, None
