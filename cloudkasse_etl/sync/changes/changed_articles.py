"""Finds the articles that have changed since the last complete run, so that a run processes no others.

The ERP's rowversions are compared with those of the snapshot: rows above its highest are new or changed; if count and
sum of all rows still differ, a row was deleted or changed below it, and is searched bucket by bucket. Wherever the
changes cannot be determined with certainty, a run processes everything.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson
import pandas as pd

from cloudkasse_etl.entities import ARTICLES, GROSS_PRICES, REGISTERS, Kind
from cloudkasse_etl.erp.selectline.row_changes import RowChanges, Totals, buckets_of
from cloudkasse_etl.i18n.text import Text
from cloudkasse_etl.rejections.rejection import Rejection
from cloudkasse_etl.state.stores.erp_rows import ErpRowStore, Header
from cloudkasse_etl.sync.changes import reasons
from cloudkasse_etl.sync.changes.unchanged import RETRIED_EVERY_RUN, holds_on
from cloudkasse_etl.sync.inputs.article_subset import NEVER_NARROWED, Everything, Scope, Subset
from cloudkasse_etl.sync.inputs.erp_frames import BY_ARTICLE
from cloudkasse_etl.sync.run.session import SyncSession
from cloudkasse_etl.transform.bar_codes import sharing

MOST_ARTICLES = 2_000
"""If more articles have changed, comparing everything is as quick and simpler."""
MOST_ROWS = 20_000
MOST_BUCKETS = 500
# A record without a key of its own is named by its row.
_ROW_KEY = re.compile(r"\w+ row -?\d+")
_LONGEST_NUMBER, _LONGEST_GROUP = 40, 20  # longer ones can make a rejection's key too long to be stored whole
_CONTROL_OR_BAR = re.compile(r"[\x00-\x1f\x7f-\x9f|]")


def upstream_of(kinds: Iterable[Kind]) -> Mapping[str, tuple[str, ...]]:
    """The assets that are updated article by article, and the assets in the cloud that each depends on."""
    some = [kind for kind in kinds if kind.by_article]
    return {
        **{asset: () for kind in some for asset in kind.assets},
        **{kind.cloud: kind.upstream for kind in some},
    }


def scope_of(session: SyncSession, asset: str, fingerprint: str | None) -> Scope:
    """The articles that a step processes: those of the steps before it; the first step determines them.

    Args:
        session: The run.
        asset: The step's asset.
        fingerprint: Of the asset's sources now; None where it cannot be computed cheaply.

    Returns:
        The changed articles, or everything and why.

    Raises:
        ErpUnavailableError: The ERP cannot be reached.
        StateUnavailableError: Our own tables cannot be read.
    """
    if asset not in upstream_of(session.kinds):
        return NEVER_NARROWED
    if fingerprint is None:
        unseen = reasons.without_rowversion(session.sources.unseen(asset))
        return Everything(unseen) if session.scope is None else session.scope.widened(unseen)
    if session.scope is None:
        session.scope = _find(session)
    return session.scope


def has_row_keys(rejections: tuple[Rejection, ...]) -> bool:
    """Whether one of the records is named by its row, which does not identify its article."""
    return any(_ROW_KEY.fullmatch(rejection.key) for rejection in rejections)


def _find(session: SyncSession) -> Scope:
    if session.options.full:
        return Everything(reasons.asked())
    if session.options.retry_rejected:
        return Everything(reasons.retried())
    if _has_odd_groups(session):
        return Everything(reasons.price_group_unusable())
    with session.sources.view():  # the changes, and all rows of these articles, are read from one snapshot
        return _look(session)


def _look(session: SyncSession) -> Scope:
    erp_rows = session.store.erp_rows
    header = erp_rows.header()
    if header is None:
        return Everything(reasons.never_finished())
    details = _details(session, header)
    if isinstance(details, Everything):
        return details
    changes: dict[str, _Change] = {}
    for table in BY_ARTICLE:
        change = _changed(session, erp_rows, header, table)
        if isinstance(change, Everything):
            return change
        changes[table] = change
    numbers = {number for change in changes.values() for number in change.numbers}
    if numbers and len(numbers) <= MOST_ARTICLES:
        # the result for a bar code depends on all articles that have it, or had it at the last check
        numbers |= sharing(session.store.rejections.of(ARTICLES.extract), numbers)
        numbers |= session.sources.sharing_codes(numbers)
    if len(numbers) > MOST_ARTICLES:
        return Everything(reasons.many_articles(MOST_ARTICLES))
    if any(map(_is_odd, numbers)):
        return Everything(reasons.number_unusable())
    return _read(session, erp_rows, header, details, frozenset(numbers), changes)


def _has_odd_groups(session: SyncSession) -> bool:
    return any("|" in group or len(group) > _LONGEST_GROUP for group in session.settings.price_groups)


def _is_odd(number: str) -> bool:
    """Whether a number violates the contracts, or could be confused with another part of a key."""
    return (
        number != number.strip()
        or not 0 < len(number) <= _LONGEST_NUMBER
        or _CONTROL_OR_BAR.search(number) is not None
        or _ROW_KEY.fullmatch(number) is not None
    )


def _details(session: SyncSession, header: Header) -> Mapping[str, Mapping[str, Any]] | Everything:
    """The stored details of each asset, if all of them are up to date with the snapshot except for changed articles."""
    store, found = session.store, {}
    for asset, upstream in upstream_of(session.kinds).items():
        checkpoint, generations = store.checkpoints.of(asset), [store.checkpoints.generation(name) for name in upstream]
        rest = session.sources.rest(asset, *generations)
        if rest is None:
            return Everything(reasons.without_rowversion(session.sources.unseen(asset)))
        details = orjson.loads(checkpoint.details) if checkpoint is not None and checkpoint.fingerprint else {}
        if checkpoint is None or details.get("snapshot") != header.snapshot:
            return Everything(reasons.out_of_step(asset))
        if details.get("rest") != rest:
            now = session.sources.rest_by_part(asset, *generations)
            return Everything(_what_differs(details.get("parts", {}), now))
        if not holds_on(checkpoint, session.as_of):
            return Everything(reasons.day_changed())
        if any(deferral["code"] == "register_required" for deferral in details["deferrals"]):
            return Everything(reasons.waiting_for_a_register())
        rejections = tuple(store.rejections.of(asset))
        if any(rejection.code in RETRIED_EVERY_RUN for rejection in rejections):
            return Everything(reasons.refused_by_the_cloud(asset))
        if upstream and has_row_keys(rejections):
            return Everything(reasons.article_unknown())
        found[asset] = details
    return found


def _what_differs(then: Mapping[str, str], now: Mapping[str, str]) -> Text:
    """The part that has changed, of those that affect all articles.

    Args:
        then: As `ErpFrames.rest_by_part`; empty if an earlier release stored it.
        now: The same of now.
    """
    told: Mapping[str, Callable[[], Text]] = {
        "program": reasons.program_changed,
        "erp": reasons.erp_changed,
        "settings": reasons.settings_changed,
        "rates": reasons.rates_changed,
        "upstream": reasons.cloud_changed,
    }
    changed = next((part for part, mark in now.items() if then and then.get(part) != mark), None)
    if changed is None:
        return reasons.something_changed()
    return told[changed]() if changed in told else reasons.table_changed(changed)


@dataclass(frozen=True)
class _Change:
    """The changes of a table: the rows as they are now and as they were, and all articles concerned."""

    now: pd.DataFrame
    before: pd.DataFrame

    @property
    def numbers(self) -> set[str]:
        return {*self.now["article"], *self.before["article"]}


def _changed(session: SyncSession, erp_rows: ErpRowStore, header: Header, table: str) -> _Change | Everything:
    changes, before = session.sources.changes(table), header.totals[table]
    above = changes.above(before.highest)
    if above is None:
        return Everything(reasons.rows_untraceable(table))
    if len(above) > MOST_ROWS:
        return Everything(reasons.many_rows(table, MOST_ROWS))
    known = erp_rows.rows(table, set(buckets_of(above["row_id"].to_numpy()).tolist()))
    known = known[known["row_id"].isin(above["row_id"])]
    expected = Totals(
        before.count + len(above) - len(known),
        before.version_sum + int(above["version"].sum()) - int(known["version"].sum()),
    )
    totals = changes.totals()
    if totals is None:
        return Everything(reasons.rows_untraceable(table))
    return _Change(above, known) if totals == expected else _searched(erp_rows, changes, table)


def _searched(erp_rows: ErpRowStore, changes: RowChanges, table: str) -> _Change | Everything:
    """The changes of a table if not all of them are above the snapshot's highest rowversion."""
    now, before = changes.buckets(), erp_rows.totals(table)
    if now is None:
        return Everything(reasons.rows_untraceable(table))
    then = {bucket: Totals(*totals) for bucket, totals in before.items()}
    differing = sorted(bucket for bucket in {*now, *then} if now.get(bucket) != then.get(bucket))
    if len(differing) > MOST_BUCKETS:
        return Everything(reasons.many_places(table))
    if not differing:  # its rows had changed, and have changed back since then
        return Everything(reasons.erp_in_motion())
    found = [changes.within(bucket) for bucket in differing]
    there = [rows for rows in found if rows is not None]
    if len(there) < len(found):
        return Everything(reasons.rows_untraceable(table))
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
) -> Scope:
    """Reads all rows of the articles, and their rows in the snapshot."""
    goods = session.sources.narrowed(numbers)
    old, others = {}, {}
    for table in BY_ARTICLE:
        read, change = goods.versions(table), changes[table]
        if read is None:
            return Everything(reasons.rows_untraceable(table))
        if not change.now["row_id"].isin(read["row_id"]).all():
            return Everything(reasons.erp_in_motion())  # a row was deleted, or is not found by its own number
        touched = pd.concat([read["row_id"], change.now["row_id"], change.before["row_id"]])
        known = erp_rows.rows(table, set(buckets_of(touched.to_numpy()).tolist()))
        mine = known["article"].isin(numbers)
        old[table], others[table] = known[mine], known[~mine]
        if others[table]["row_id"].isin(read["row_id"]).any():
            return Everything(reasons.erp_in_motion())  # it belonged to another article until a moment ago
    if not goods.is_steady():
        return Everything(reasons.erp_in_motion())
    return Subset(
        numbers,
        goods,
        header,
        rows={asset: found["rows"] for asset, found in details.items()},
        lacking=details[GROSS_PRICES]["lacking"],
        turns={asset: tuple(found["turns"]) for asset, found in details.items() if "turns" in found},
        old=old,
        others=others,
        registers=session.store.checkpoints.generation(session.kind(REGISTERS.name).cloud),
    )
