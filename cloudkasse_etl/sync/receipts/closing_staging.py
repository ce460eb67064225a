"""The use case that fetches closings: each page staged once, together with its cursor."""

import datetime as dt
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
from cloudkasse_etl.sync.receipts.arrivals import has_arrived, pages_of, report_of
from cloudkasse_etl.sync.receipts.judgement import NUL, WITH_NUL, place_of, storable
from cloudkasse_etl.sync.run.report import AssetReport, Counts, refused_counts
from cloudkasse_etl.sync.run.session import SyncSession

CONTENTS = "contents"
"""In the detail of a closing's rejection: the hashes of all contents that were refused under its number."""


def stage_closings(session: SyncSession) -> AssetReport:
    """Fetches the closings that have arrived since the last time, and stages them."""
    with session.timed() as seconds:
        store = session.store.closings
        rejections = session.store.rejections.of(STAGED_CLOSINGS)
        anew = session.options.retry_rejected and bool(rejections)
        if not anew and not has_arrived(session, "closings"):
            quiet = AssetReport(STAGED_CLOSINGS, refused_counts(rejections), tuple(rejections), rows=store.count())
            return session.deliver(quiet, seconds())
        known, settled = store.known(), _settled(session)
        contents = {(r.key, r.code): _contents(r) for r in rejections}
        counts, refused = Counts(), set[str]()
        for page in pages_of(session, "closings", anew=anew):
            rows, refusals = {}, {}
            for text in page.texts:
                found = read_closing(text)
                if isinstance(found, Rejection):
                    rejection = found
                else:
                    row = found
                    key = f"{row['register']}|{row['number']}"
                    before = known.get(key)
                    if before is None:
                        known[key], rows[key] = row["content_hash"], row
                        counts += Counts(new=1)
                        continue
                    if before == row["content_hash"]:
                        counts += Counts(unchanged=1)
                        continue
                    rejection = Rejection(STAGED_CLOSINGS, key, "closing_conflict", content=row["content_hash"])
                if rejection.content in settled.get(rejection.key, ()):
                    counts += Counts(unchanged=1)  # a person has decided about this very content
                    continue
                place = (rejection.key, rejection.code)
                contents.setdefault(place, set()).add(rejection.content)
                detail = {**rejection.detail, CONTENTS: " ".join(sorted(contents[place]))}
                refusals[place] = replace(rejection, detail=detail)
            # an unreadable item is not another content: its rejection ends once there is a readable closing
            left = [r for r in refusals.values() if r.code == "closing_conflict" or r.key not in known]
            refused = (refused - rows.keys()) | {r.key for r in left}
            store.stage(rows, left, cursor=page.next_cursor)
        if anew:  # everything was read again: rejections that did not occur again have ended
            session.store.rejections.end(STAGED_CLOSINGS, [r.key for r in rejections if r.key not in refused])
        report = replace(report_of(session, STAGED_CLOSINGS, counts, refused), rows=store.count())
        return session.deliver(report, seconds())


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
