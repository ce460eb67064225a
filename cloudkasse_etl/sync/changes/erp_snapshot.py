"""Stores, at the end of a run, the rowversion of each processed row, so that the next run finds the changed rows.

One transaction writes the rows and marks each asset as up to date with them. If a run ends before, the assets are not
marked, and the next run processes everything.
"""

import secrets
from collections.abc import Mapping

import numpy as np
import orjson
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from cloudkasse_etl.arrow_lookup import is_among
from cloudkasse_etl.erp.selectline.row_changes import buckets_of
from cloudkasse_etl.state.stores.erp_rows import Header, SourceTotals, Written, packed
from cloudkasse_etl.state.stores.records import Checkpoint
from cloudkasse_etl.sync.changes.changed_articles import upstream_of
from cloudkasse_etl.sync.inputs.article_subset import Everything, Scope
from cloudkasse_etl.sync.inputs.goods_frames import GoodsFrames
from cloudkasse_etl.sync.run.session import SyncSession

_MOST_GROUPS = 62  # each takes a bit


def keep_snapshot(session: SyncSession, scope: Scope) -> None:
    """Stores the rows that this run processed, if all assets are up to date with them.

    Args:
        session: The run.
        scope: The articles that it processed.

    Raises:
        StateUnavailableError: Our own tables cannot be written.
    """
    goods = scope.goods_of(session.sources)
    if session.is_dry or not goods.is_read_to_the_end:
        return
    now = _checkpoints(session)
    if now is None:
        return
    rows = _with_counts(goods)
    if rows is None or not goods.is_steady():
        return
    snapshot = secrets.token_hex(8)
    found: dict[str, tuple[pd.DataFrame, set[int] | None]] = {}
    totals: dict[str, SourceTotals] = {}
    for table, mine in rows.items():
        totals[table] = _totals(mine)
        if isinstance(scope, Everything):
            found[table] = mine, None
            continue
        old, before, others = scope.old[table], scope.header.totals[table], scope.others[table]
        totals[table] = SourceTotals(
            before.count - len(old) + len(mine),
            before.version_sum - int(old["version"].sum()) + totals[table].version_sum,
            max(before.highest, totals[table].highest),
        )
        every = pd.concat([others, mine], ignore_index=True).sort_values("row_id")
        touched = pd.concat([every["row_id"], old["row_id"]]).to_numpy()
        found[table] = every, set(buckets_of(touched).tolist())
    checkpoints = {}
    for asset, (checkpoint, rest) in now.items():
        details = orjson.loads(checkpoint.details) | {"snapshot": snapshot, **rest}
        checkpoints[asset] = checkpoint.fingerprint, orjson.dumps(details).decode()
    session.store.erp_rows.keep(
        Header(snapshot, totals),
        {
            table: Written(list(packed(rows, buckets_of(rows["row_id"].to_numpy()))), instead_of)
            for table, (rows, instead_of) in found.items()
        },
        checkpoints,
    )


def _checkpoints(session: SyncSession) -> Mapping[str, tuple[Checkpoint, Mapping[str, object]]] | None:
    """The checkpoints of all assets of a snapshot, and what else they depend on; None if one is not up to date."""
    store, sources, found = session.store, session.sources, {}
    for asset, upstream in upstream_of(session.kinds).items():
        checkpoint, generations = store.checkpoints.of(asset), [store.checkpoints.generation(name) for name in upstream]
        now = sources.fingerprint(asset, *generations)
        if checkpoint is None or now is None or checkpoint.fingerprint != now:
            return None
        rest = {"rest": sources.rest(asset, *generations), "parts": sources.rest_by_part(asset, *generations)}
        found[asset] = checkpoint, rest
    return found


def _totals(rows: pd.DataFrame) -> SourceTotals:
    versions = rows["version"].to_numpy()
    # one by one: a sum of 64 bits could overflow
    return SourceTotals(len(rows), sum(versions.tolist()), int(versions.max(initial=0)))


def _with_counts(goods: GoodsFrames) -> dict[str, pd.DataFrame] | None:
    """The rows with the counts of their articles; None if the ERP does not show when a row changed.

    An article's counts are stored with one of its rows. For ART: whether it is uploaded, and the registers' price
    groups that it lacks a price in, a bit each. For ARPREIS: whether the row is used, and the article's gross prices.
    """
    gross, articles, prices = goods.gross, goods.versions("ART"), goods.versions("ARPREIS")
    if articles is None or prices is None or len(gross.lacking_articles) > _MOST_GROUPS:
        return None
    selling = goods.articles.frame["number"]
    goes_up = is_among(articles["article"], selling)
    if int(goes_up.sum()) > len(selling):  # an uploaded row and an inactive one with the same number
        goes_up &= ~articles["article"].duplicated().to_numpy()
    lacks = np.zeros(len(articles), np.int64)
    for place, (_, lacking) in enumerate(sorted(gross.lacking_articles.items())):
        lacks |= (is_among(articles["article"], lacking) & goes_up).astype(np.int64) << place
    used = np.isin(prices["row_id"].to_numpy(), goods.prices.frame["row_id"].to_numpy(), assume_unique=True)
    return {
        "ART": articles.assign(counted=goes_up.astype(np.int64), further=lacks),
        "ARPREIS": prices.assign(
            counted=used.astype(np.int64), further=_made(prices["article"], gross.prices["article"])
        ),
    }


def _made(articles: "pd.Series[str]", prices: "pd.Series[str]") -> "np.ndarray[tuple[int], np.dtype[np.int64]]":
    """The number of each article's prices, at the first of its rows; 0 at the others."""
    made = np.zeros(len(articles), np.int64)
    counted = pc.value_counts(pa.array(prices, pa.large_string()))
    if isinstance(counted, pa.ChunkedArray):
        counted = counted.combine_chunks()
    places = pc.index_in(pa.array(articles, pa.large_string()), value_set=counted.field("values"))
    at = pc.fill_null(places, -1).to_numpy(zero_copy_only=False)
    distinct, first = np.unique(at, return_index=True)
    counts = counted.field("counts").to_numpy(zero_copy_only=False)
    made[first[distinct >= 0]] = counts[distinct[distinct >= 0]]
    return made
