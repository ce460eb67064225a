"""The use cases that bring master data up: what the cloud should hold against what it last accepted.

Only what the cloud accepted counts as synchronised, and that is stored in the transaction that drops the
request. Nothing is retired after a failed or partial read: such a read never gets here.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

import orjson
import pandas as pd

from cloudkasse_etl.arrow_lookup import places_among
from cloudkasse_etl.entities import PRICES, REGISTERS, Kind
from cloudkasse_etl.errors import MassRetirementError
from cloudkasse_etl.i18n.text import Text, say
from cloudkasse_etl.rejections.rejection import CLOUD, Rejection, merged
from cloudkasse_etl.schemas.contract import Checked, check, source_of
from cloudkasse_etl.state.database.keys import bounded_key
from cloudkasse_etl.state.stores.records import SyncedRecord
from cloudkasse_etl.state.stores.state_stores import StateStores
from cloudkasse_etl.sync.changes import reasons
from cloudkasse_etl.sync.changes.changed_articles import has_row_keys, scope_of
from cloudkasse_etl.sync.changes.erp_snapshot import keep_snapshot
from cloudkasse_etl.sync.changes.unchanged import RETRIED_EVERY_RUN, quiet_report, set_level
from cloudkasse_etl.sync.inputs.article_subset import Everything, Scope, Subset
from cloudkasse_etl.sync.master_data.cloud_records import learn_what_the_cloud_holds
from cloudkasse_etl.sync.master_data.desired_records import EXAMPLES, FLOWS, Desired
from cloudkasse_etl.sync.master_data.upload_results import Items, accepted_record, fresh, kind_of, where_level
from cloudkasse_etl.sync.run.report import AssetReport, Counts, Deferral, refused_counts
from cloudkasse_etl.sync.run.session import SyncSession
from cloudkasse_etl.tills.cloudkasse.client import Attempt, BatchOutcome, ItemResult, record_key
from cloudkasse_etl.transform import payloads
from cloudkasse_etl.transform.digest import digests, item_digests


def upload(session: SyncSession, kind: Kind) -> AssetReport:
    """Brings the records of a kind up, as far as the cloud takes them; those that are no longer wanted are retired.

    After the prices nothing of the ERP is looked at any more: what was looked at is noted then.

    Args:
        session: The run.
        kind: Which kind.

    Returns:
        The report, which the session has noted.

    Raises:
        MassRetirementError: More would be retired than the settings allow unasked.
        NetworkError: The cloud cannot be reached.
        ErpUnavailableError: The ERP cannot be reached.
    """
    report = _upload(session, kind)
    if kind is PRICES and session.scope is not None:
        keep_snapshot(session, session.scope)
    return report


def _upload(session: SyncSession, kind: Kind) -> AssetReport:
    with session.timed() as seconds:
        store = session.store
        upstream = [store.checkpoints.generation(asset) for asset in kind.upstream]
        fingerprint = session.sources.fingerprint(kind.cloud, *upstream)
        if session.options.full:
            learn_what_the_cloud_holds(session, kind)
        active = store.synced.active_count(kind.name)
        lost = _recover_lost(session, kind, active)
        pending = store.attempts.pending(kind.name)
        unsettled = reasons.lost(kind.noun) if lost else reasons.interrupted(kind.noun) if pending else None
        if unsettled is None:
            quiet = quiet_report(
                session, kind.cloud, fingerprint, lambda refused: _unchanged(session, kind, active, refused, {})
            )
            if quiet is not None:
                return session.deliver(quiet, seconds())
        scope = _scope(session, kind, fingerprint, unsettled)
        going = _Upload(session, kind)
        try:
            going.finish_pending([Attempt(a.key, a.entity, a.body) for a in pending])
            scope = going.level(scope)
        except BaseException:
            # what went through before it broke is told all the same
            session.deliver(going.broken(), seconds())
            raise
        report = going.report(scope)
        if kind.by_article:
            session.scope = scope
        session.keep_waiting(report)
        # a cloud that refuses for want of a register it was said to have is looked at again in full
        # else it is level with what was read, and that may be of a later moment than the first look
        fingerprint = None if going.surprised else session.sources.fingerprint(kind.cloud, *upstream)
        set_level(session, report, fingerprint)
        return session.deliver(report, seconds())


def _scope(session: SyncSession, kind: Kind, fingerprint: str | None, unsettled: Text | None) -> Scope:
    """What an upload looks at: some articles only where nothing but these can differ.

    What a dead run sent or the cloud lost may be anything, and so may be what a register held up that has come since.

    Args:
        session: The run.
        kind: What goes up.
        fingerprint: Of its sources.
        unsettled: Why the cloud may hold something else than we think, where that is so.
    """
    if unsettled is not None and kind.by_article:
        session.scope = Everything(unsettled) if session.scope is None else session.scope.widened(unsettled)
    scope = scope_of(session, kind.cloud, fingerprint)
    if isinstance(scope, Subset) and scope.registers != session.store.checkpoints.generation(REGISTERS.cloud):
        return scope.widened(reasons.registers_sent())
    return scope


def _recover_lost(session: SyncSession, kind: Kind, active: int) -> bool:
    """Asks the cloud for all that it holds, if it says that this is less than we think.

    Returns:
        Whether it does.
    """
    if missing_in_the_cloud(session, kind, active) is None:
        return False
    learn_what_the_cloud_holds(session, kind)
    return True


def missing_in_the_cloud(session: SyncSession, kind: Kind, active: int) -> int | None:
    """How many records the cloud says that it holds, where this is less than we think; None where it is not."""
    counted = session.cloud_status.counts.get(kind.name)
    return None if counted is None or counted >= active else counted


@dataclass
class _Upload:
    """One upload of one kind of record: what was found out and done so far."""

    session: SyncSession
    kind: Kind
    counts: Counts = field(default_factory=Counts)
    deferrals: list[Deferral] = field(default_factory=list)
    refused_now: set[str] = field(default_factory=set)
    touched: dict[str, bool] = field(default_factory=dict)  # whether the cloud holds it as active now
    surprised: bool = False

    def finish_pending(self, attempts: list[Attempt]) -> None:
        """Finishes requests of a run that died before their answers came, under their own keys."""
        if attempts:
            known = set(self.session.store.synced.all(self.kind.name)["key"])
            self._take(self.session.client.resend(attempts), known=known, hashes={}, retried=set(), is_new=False)

    def level(self, scope: Scope) -> Scope:
        """Compares, and sends what differs.

        Args:
            scope: What is to be looked at.

        Returns:
            What was looked at, which may be more.
        """
        kind, store = self.kind, self.session.store
        scope, desired, checked = self._desired(scope)
        payload = checked.frame
        self.deferrals += desired.waiting
        keys, hashes = payloads.keys(kind.name, payload), digests(payload)
        synced = _synced(store, kind, scope)
        places = places_among(keys, synced["key"])
        level = where_level(places, hashes, synced)
        refused = {r.key: r for r in store.rejections.of(kind.cloud) if scope.covers(r)}
        to_send = payload[~level]
        items = Items(list(keys[~level]), list(hashes[~level].astype(str)), payloads.items(to_send))

        refused_here = {rejection.key for rejection in checked.rejections}
        is_gone = synced["active"].to_numpy(dtype=bool, copy=True)
        is_gone[places[places >= 0]] = False
        gone = synced.loc[is_gone, "key"]
        gone = gone[desired.may_retire(gone) & ~gone.isin(refused_here)]
        self._guard(len(gone), store.synced.active_count(kind.name) if len(gone) else 0)
        retired = self._retired(list(gone))

        # rejections of records that are level again, or no longer wanted, have ended; new ones of ours begin
        open_keys = {*items.keys, *retired.keys, *map(bounded_key, refused_here)}
        store.rejections.end(kind.cloud, [key for key in refused if key not in open_keys])
        self._refuse_ours(checked.rejections)
        self._send([items, retired], refused, known={*keys[~level & (places >= 0)], *retired.keys})
        return scope

    def _desired(self, scope: Scope) -> tuple[Scope, Desired, Checked]:
        """What the cloud should hold, and what of it keeps the wire's contract."""
        kind, session = self.kind, self.session
        desired = FLOWS[kind].desired(session, scope)
        checked = check(desired.payload, FLOWS[kind].payload, asset=kind.cloud, key_columns=kind.key)
        if isinstance(scope, Subset) and has_row_keys(checked.rejections):
            return self._desired(scope.widened(reasons.article_unknown()))
        return scope, desired, checked

    def _retired(self, keys: list[str]) -> "Items":
        """What the cloud last accepted of these records, set to inactive."""
        contents = self.session.store.synced.contents(self.kind.name, keys)
        items = [{**orjson.loads(contents[key]), "active": False} for key in keys]
        return Items(keys, list(item_digests(items).astype(str)), iter(items))

    def _send(self, groups: list["Items"], refused: dict[str, Rejection], known: set[str]) -> None:
        """Sends what is not resting: a record is not tried again while nothing about its refusal has changed.

        Args:
            groups: The records.
            refused: Open rejections by key.
            known: Those of the records' keys that the cloud has accepted before.
        """
        session, kind = self.session, self.kind
        resting: set[str] = set()
        retried: set[str] = set()
        for key, content in ((key, content) for items in groups for key, content in items.contents() if refused):
            rejection = refused.get(key)
            if rejection is not None and rejection.content == content:
                again = session.options.retry_rejected or rejection.code in RETRIED_EVERY_RUN
                (retried if again else resting).add(key)
        keys = [key for items in groups for key in items.keys if key not in resting]
        waiting = sum(deferral.count for deferral in self.deferrals)
        if kind.needs_register and (keys or waiting) and session.store.synced.active_count(REGISTERS.name) == 0:
            # that the prices' articles are missing as well is no news to anybody
            examples = (*keys[:EXAMPLES], *(key for deferral in self.deferrals for key in deferral.examples))
            self.deferrals = [Deferral("register_required", len(keys) + waiting, examples[:EXAMPLES])]
            return
        if not keys:
            return
        everything = (item for items in groups for item in items.without(resting))
        hashes = {key: content for items in groups for key, content in items.contents()}
        self._take(session.client.send(kind.name, everything), known=known, hashes=hashes, retried=retried)

    def _take(
        self,
        outcomes: Iterator[BatchOutcome],
        *,
        known: set[str],
        hashes: Mapping[str, str],
        retried: set[str],
        is_new: bool = True,
    ) -> None:
        """Stores what the cloud answered, batch by batch.

        What a dead run's request is deferred for, the comparison that follows defers itself: it is counted there.

        Args:
            outcomes: What became of the records.
            known: Keys that the cloud has accepted before; what it accepts now is added.
            hashes: The contents' hashes by key, as far as they are known.
            retried: Keys of records that were refused as they are and sent all the same.
            is_new: False for requests of a dead run.
        """
        kind, store = self.kind, self.session.store
        refused = {rejection.key: rejection for rejection in store.rejections.of(kind.cloud)}
        answered = 0
        for outcome in outcomes:
            accepted: list[SyncedRecord] = []
            rejected: list[Rejection] = []
            replaced: list[str] = []
            found = dict.fromkeys(("new", "changed", "deactivated"), 0)
            for result, key, content_hash in self._hashed(outcome, hashes):
                if result.status == "rejected":
                    rejected.append(self._rejection(key, result, str(content_hash), refused, retried))
                elif result.status == "deferred":
                    self.surprised = True
                    if is_new:
                        self._defer(Deferral(result.code or "register_required", 1, (key,)))
                else:
                    accepted.append(accepted_record(key, content_hash, result))
                    if key not in self.touched:
                        # once, also where a dead run's request and this run's own both brought it up
                        found[kind_of(result, key in known)] += 1
                    self.touched[key] = accepted[-1].active
                    if key in known:
                        replaced.append(key)
            store.synced.settle(
                kind.cloud,
                kind.name,
                answered=outcome.answered,
                accepted=accepted,
                rejected=rejected,
                replaced=replaced,
                mended=[record.key for record in accepted if bounded_key(record.key) in refused],
            )
            known.update(record.key for record in accepted)
            self.counts += Counts(**found)
            answered += len(outcome.results)
            self.session.progress(kind.cloud, answered)

    def _hashed(self, outcome: BatchOutcome, hashes: Mapping[str, str]) -> Iterator[tuple[ItemResult, str, int]]:
        """The results with their records' keys and hashes; a dead run's records are hashed again."""
        keys = [record_key(self.kind.name, result.item) for result in outcome.results]
        if all(key in hashes for key in keys):
            return zip(outcome.results, keys, (int(hashes[key]) for key in keys), strict=True)
        found = item_digests([result.item for result in outcome.results]).tolist()
        return zip(outcome.results, keys, found, strict=True)

    def _rejection(
        self, key: str, result: ItemResult, content: str, refused: dict[str, Rejection], retried: set[str]
    ) -> Rejection:
        value = result.item.get(result.field) if result.field else None
        detail = {
            "field": source_of(FLOWS[self.kind].payload, result.field) if result.field else "",
            "message": result.message or result.code or "",
            "value": "" if value is None else str(value),
        }
        old = refused.get(bounded_key(key))
        same = old is not None and old.content == content
        # tried again by itself, and refused again: that is no news
        if not (same and key in retried) or self.session.options.retry_rejected:
            self.refused_now.add(bounded_key(key))
        code = f"{CLOUD}{result.code}"
        return Rejection(self.kind.cloud, key, code, detail, content, since=old.since if old and same else None)

    def _refuse_ours(self, rejections: tuple[Rejection, ...]) -> None:
        """Notes payloads that break the wire's contract; they are not sent."""
        if not rejections:
            return
        asset, store = self.kind.cloud, self.session.store
        known = {(rejection.key, rejection.code): rejection.content for rejection in store.rejections.of(asset)}
        every = merged(rejections)  # as they are stored
        news = {bounded_key(r.key) for r in every if known.get((bounded_key(r.key), r.code)) != r.content}
        if news:
            fresh = [rejection for rejection in every if bounded_key(rejection.key) in news]
            store.synced.settle(asset, self.kind.name, answered=(), accepted=(), rejected=fresh)
        self.refused_now |= news

    def _defer(self, deferral: Deferral) -> None:
        for at, other in enumerate(self.deferrals):
            if other.code == deferral.code and other.detail == deferral.detail:
                examples = (other.examples + deferral.examples)[:EXAMPLES]
                self.deferrals[at] = Deferral(other.code, other.count + deferral.count, examples, other.detail)
                return
        self.deferrals.append(deferral)

    def _guard(self, retiring: int, active: int) -> None:
        safety = self.session.settings.safety
        allowed = retiring <= safety.retire_minimum or retiring * 100 <= active * safety.retire_percent
        if self.kind is REGISTERS and 0 < retiring == active:
            # few as they are: without a register the shop stands still, and broken settings look just like that
            allowed = False
        if not allowed and not self.session.options.allow_retire:
            damage = MassRetirementError(
                say(
                    "{retiring:,} of {active:,} {records} would be retired: {share}.",
                    retiring=retiring,
                    active=active,
                    records=self.kind.noun,
                    share=say("all of them")
                    if retiring == active
                    else say("more than {percent} %", percent=safety.retire_percent),
                ),
                hint=say("Look whether ERP and settings are right; if it is meant, run it again with --allow-retire."),
            )
            self.session.stop_before(self.kind.cloud, damage)

    def broken(self) -> AssetReport:
        """What had gone through before the upload broke; asks nothing any more."""
        return AssetReport(self.kind.cloud, self.counts + Counts(rejected=len(self.refused_now)))

    def report(self, scope: Scope) -> AssetReport:
        """What the upload came to; the open rejections of earlier runs included."""
        store, kind = self.session.store, self.kind
        stored = store.rejections.of(kind.cloud)
        rejections = [fresh(r) if r.key in self.refused_now else r for r in stored]
        deferred = sum(deferral.count for deferral in self.deferrals)
        active = store.synced.active_count(kind.name)
        unchanged = _unchanged(self.session, kind, active, rejections, self.touched)
        counts = replace(self.counts, deferred=deferred, unchanged=unchanged) + refused_counts(rejections)
        return AssetReport(
            kind.cloud,
            counts,
            tuple(rejections),
            tuple(self.deferrals),
            rows=active,
            looked_at=scope.count,
            why_everything=scope.reason,
        )


def _synced(store: StateStores, kind: Kind, scope: Scope) -> pd.DataFrame:
    """What the cloud last accepted of the records that this run looks at."""
    if isinstance(scope, Everything):
        return store.synced.all(kind.name)
    beneath = kind is PRICES
    return (store.synced.beneath if beneath else store.synced.among)(kind.name, scope.numbers)


def _unchanged(
    session: SyncSession,
    kind: Kind,
    active: int,
    rejections: Iterable[Rejection],
    touched: Mapping[str, bool],
) -> int:
    """How many records the cloud holds as active that this run neither sent nor finds refused, here or before."""
    refused = {r.key for r in (*rejections, *session.store.rejections.of(kind.source))} - touched.keys()
    return active - sum(touched.values()) - session.store.synced.active_among(kind.name, refused)
