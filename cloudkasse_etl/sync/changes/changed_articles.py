"""Finds the articles that have changed since all was last level, so that a run looks at no others.

The ERP's rowversions are compared with those of the snapshot: rows past its highest are new or changed; if the count
and sum of all do not come out then, something was deleted, or changed below it, and is looked for bucket by bucket.
Wherever this cannot be told for certain, a run looks at everything.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson
import pandas as pd

from cloudkasse_etl.entities import ARTICLES, GROSS_PRICES, KINDS, REGISTERS
from cloudkasse_etl.erp.selectline.row_changes import RowChanges, Totals, buckets_of
from cloudkasse_etl.rejections.rejection import Rejection
from cloudkasse_etl.state.stores.erp_rows import ErpRowStore, Header
from cloudkasse_etl.sync.changes.unchanged import RETRIED_EVERY_RUN, holds_on
from cloudkasse_etl.sync.inputs.article_subset import Part
from cloudkasse_etl.sync.inputs.erp_frames import BY_ARTICLE
from cloudkasse_etl.sync.run.session import SyncSession
from cloudkasse_etl.transform.bar_codes import sharing

MOST_ARTICLES = 2_000
"""More changed articles than these, and comparing everything is as quick and simpler."""
_MOST_ROWS = 20_000
_MOST_BUCKETS = 500
UPSTREAM: Mapping[str, tuple[str, ...]] = {
    **{asset: () for kind in KINDS if kind.by_article for asset in kind.assets},
    **{kind.cloud: kind.upstream for kind in KINDS if kind.by_article},
}
"""The assets that a change is brought to article by article, and what each depends on in the cloud."""
# A record that has no key of its own is named by its row.
_ROW_KEY = re.compile(r"\w+ row -?\d+")
_LONGEST_NUMBER, _LONGEST_GROUP = 40, 20  # longer ones can make a rejection's key too long to be kept whole
_CONTROL_OR_BAR = re.compile(r"[\x00-\x1f\x7f-\x9f|]")


def part_of(session: SyncSession) -> Part | None:
    """The part of the shop that this run looks at; None where it is everything. Found out once a run."""
    if not session.part_is_known:
        session.part_is_known, session.part = True, _find(session)
    return session.part


def has_row_keys(rejections: tuple[Rejection, ...]) -> bool:
    """Whether one of the records is named by its row, which does not tell the article."""
    return any(_ROW_KEY.fullmatch(rejection.key) for rejection in rejections)


def _find(session: SyncSession) -> Part | None:
    if session.options.full or session.options.retry_rejected or _has_odd_groups(session):
        return None
    with session.sources.view():  # what has changed, and all rows of these articles, are of one moment
        return _look(session)


def _look(session: SyncSession) -> Part | None:
    erp_rows = session.store.erp_rows
    header = erp_rows.header()
    details = _details(session, header) if header is not None else None
    if header is None or details is None:
        return None
    changes: dict[str, _Change] = {}
    for table in BY_ARTICLE:
        change = _changed(session, erp_rows, header, table)
        if change is None:
            return None
        changes[table] = change
    numbers = {number for change in changes.values() for number in change.numbers}
    if numbers and len(numbers) <= MOST_ARTICLES:
        # what is found out of a bar code hangs on all articles that have it, or had it when that was found out
        numbers |= sharing(session.store.rejections.of(ARTICLES.extract), numbers)
        numbers |= session.sources.sharing_codes(numbers)
    if len(numbers) > MOST_ARTICLES or any(map(_is_odd, numbers)):
        return None
    return _read(session, erp_rows, header, details, frozenset(numbers), changes)


def _has_odd_groups(session: SyncSession) -> bool:
    return any("|" in group or len(group) > _LONGEST_GROUP for group in session.settings.price_groups)


def _is_odd(number: str) -> bool:
    """Whether a number is none that the contracts let pass, or could be taken for something else in a key."""
    return (
        number != number.strip()
        or not 0 < len(number) <= _LONGEST_NUMBER
        or _CONTROL_OR_BAR.search(number) is not None
        or _ROW_KEY.fullmatch(number) is not None
    )


def _details(session: SyncSession, header: Header) -> Mapping[str, Mapping[str, Any]] | None:
    """What is told of each asset; None where one is not level with the snapshot, but for changed articles."""
    store, found = session.store, {}
    for asset, upstream in UPSTREAM.items():
        level = store.checkpoints.of(asset)
        rest = session.sources.rest(asset, *map(store.checkpoints.generation, upstream))
        if level is None or not level.fingerprint or rest is None:
            return None
        found[asset] = details = orjson.loads(level.details)
        if details.get("snapshot") != header.snapshot or details.get("rest") != rest:
            return None
        if not holds_on(level, session.as_of):
            return None
        if any(deferral["code"] == "register_required" for deferral in details["deferrals"]):
            return None
        rejections = tuple(store.rejections.of(asset))
        if any(rejection.code in RETRIED_EVERY_RUN for rejection in rejections):
            return None
        if upstream and has_row_keys(rejections):
            return None
    return found


@dataclass(frozen=True)
class _Change:
    """What has changed of a table: the rows as they are now and as they were, and all articles concerned."""

    now: pd.DataFrame
    before: pd.DataFrame

    @property
    def numbers(self) -> set[str]:
        return {*self.now["article"], *self.before["article"]}


def _changed(session: SyncSession, erp_rows: ErpRowStore, header: Header, table: str) -> _Change | None:
    changes, before = session.sources.changes(table), header.totals[table]
    above = changes.above(before.highest)
    if above is None or len(above) > _MOST_ROWS:
        return None
    known = erp_rows.rows(table, set(buckets_of(above["row_id"].to_numpy()).tolist()))
    known = known[known["row_id"].isin(above["row_id"])]
    expected = Totals(
        before.count + len(above) - len(known),
        before.version_sum + int(above["version"].sum()) - int(known["version"].sum()),
    )
    totals = changes.totals()
    if totals is None:
        return None
    return _Change(above, known) if totals == expected else _searched(erp_rows, changes, table)


def _searched(erp_rows: ErpRowStore, changes: RowChanges, table: str) -> _Change | None:
    """What has changed, where not all of it lies past the snapshot's highest rowversion."""
    now, before = changes.buckets(), erp_rows.totals(table)
    if now is None:
        return None
    then = {bucket: Totals(*totals) for bucket, totals in before.items()}
    differing = sorted(bucket for bucket in {*now, *then} if now.get(bucket) != then.get(bucket))
    if len(differing) > _MOST_BUCKETS:
        return None
    found = [changes.within(bucket) for bucket in differing]
    there = [rows for rows in found if rows is not None]
    if len(there) < len(found) or not found:
        return None
    current, known = pd.concat(there, ignore_index=True), erp_rows.rows(table, differing)
    both = current.merge(known[["row_id", "version"]], how="left", on="row_id", suffixes=("", "_known"))
    changed = current[(both["version"] != both["version_known"]).to_numpy()]
    touched = known["row_id"].isin(changed["row_id"]) | ~known["row_id"].isin(current["row_id"])
    return _Change(changed, known[touched])


def _read(
    session: SyncSession,
    erp_rows: ErpRowStore,
    header: Header,
    details: Mapping[str, Mapping[str, Any]],
    numbers: frozenset[str],
    changes: Mapping[str, _Change],
) -> Part | None:
    """Reads all rows of the articles, and what the snapshot has of them."""
    goods = session.sources.narrowed(numbers)
    old, others = {}, {}
    for table in BY_ARTICLE:
        read, change = goods.versions(table), changes[table]
        if read is None or not change.now["row_id"].isin(read["row_id"]).all():
            return None  # a row is gone again by now, or is not found by its own number
        touched = pd.concat([read["row_id"], change.now["row_id"], change.before["row_id"]])
        known = erp_rows.rows(table, set(buckets_of(touched.to_numpy()).tolist()))
        mine = known["article"].isin(numbers)
        old[table], others[table] = known[mine], known[~mine]
        if others[table]["row_id"].isin(read["row_id"]).any():
            return None  # it was another article's until a moment ago
    if not goods.is_steady():
        return None
    return Part(
        numbers,
        goods,
        header,
        rows={asset: found["rows"] for asset, found in details.items()},
        lacking=details[GROSS_PRICES]["lacking"],
        turns={asset: tuple(found["turns"]) for asset, found in details.items() if "turns" in found},
        old=old,
        others=others,
        registers=session.store.checkpoints.generation(REGISTERS.cloud),
    )
