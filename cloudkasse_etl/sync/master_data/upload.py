"""The use cases that upload master data: they compare the desired records with those that the cloud last accepted.

Only records that the cloud accepted count as synchronised; they are stored in the transaction that removes the
request. Nothing is retired after a failed or partial read: such a read raises before.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

import orjson
import pandas as pd

from cloudkasse_etl.arrow_lookup import places_among
from cloudkasse_etl.entities import REGISTERS, Kind
from cloudkasse_etl.errors import MassRetirementError
from cloudkasse_etl.i18n.text import Text, say
from cloudkasse_etl.rejections.record_names import name_of, title_of
from cloudkasse_etl.rejections.rejection import CLOUD, Rejection, merged
from cloudkasse_etl.schemas.contract import Checked, check, source_of
from cloudkasse_etl.state.database.keys import bounded_key
from cloudkasse_etl.state.stores.records import SyncedRecord
from cloudkasse_etl.state.stores.state_stores import StateStores
from cloudkasse_etl.sync.changes import reasons
from cloudkasse_etl.sync.changes.changed_articles import has_row_keys, scope_of
from cloudkasse_etl.sync.changes.erp_snapshot import keep_snapshot
from cloudkasse_etl.sync.changes.unchanged import RETRIED_EVERY_RUN, mark_up_to_date, quiet_report
from cloudkasse_etl.sync.inputs.article_subset import Everything, Scope, Subset
from cloudkasse_etl.sync.master_data.cloud_records import learn_what_the_cloud_holds, missing_in_the_cloud
from cloudkasse_etl.sync.master_data.desired_records import EXAMPLES, FLOWS, Desired
from cloudkasse_etl.sync.master_data.upload_results import Items, accepted_as_desired, accepted_record, fresh, kind_of
from cloudkasse_etl.sync.run.report import AssetReport, Counts, Deferral, refused_counts
from cloudkasse_etl.sync.run.session import SyncSession
from cloudkasse_etl.tills.port import Attempt, BatchOutcome, ItemResult, record_key
from cloudkasse_etl.transform import payloads
from cloudkasse_etl.transform.digest import digests, item_digests


def upload(session: SyncSession, kind: Kind) -> AssetReport:
    """Uploads the records of a kind, as far as the cloud accepts them; those that are no longer desired are retired.

    After the prices the ERP is not read any more, so the snapshot of its rows is stored then.

    Args:
        session: The run.
        kind: Which kind.

    Returns:
        The report, which was added to the session.

    Raises:
        MassRetirementError: More would be retired than the settings allow unasked.
        NetworkError: The cloud cannot be reached.
        ErpUnavailableError: The ERP cannot be reached.
    """
    report = _upload(session, kind)
    if kind.is_last_of_the_erp and session.scope is not None:
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
            scope = going.synchronise(scope)
        except BaseException:
            # results before the error are reported nevertheless
            session.deliver(going.broken(), seconds())
            raise
        report = going.report(scope)
        if kind.by_article:
            session.scope = scope
        session.keep_waiting(report)
        # if the cloud lacks a register that it should have according to our state, everything is compared again
        # else the fingerprint must be that of the rows read, which may be from a later snapshot
        fingerprint = None if going.surprised else session.sources.fingerprint(kind.cloud, *upstream)
        mark_up_to_date(session, report, fingerprint)
        return session.deliver(report, seconds())


def _scope(session: SyncSession, kind: Kind, fingerprint: str | None, unsettled: Text | None) -> Scope:
    """The articles that an upload processes: only some if no others can differ.

    Requests of a dead run, records lost by the cloud and articles that waited for a register may be of any article.

    Args:
        session: The run.
        kind: The kind of record.
        fingerprint: Of its sources.
        unsettled: Why the cloud may differ from our state, if it may.
    """
    if unsettled is not None and kind.by_article:
        session.scope = Everything(unsettled) if session.scope is None else session.scope.widened(unsettled)
    scope = scope_of(session, kind.cloud, fingerprint)
    if isinstance(scope, Subset) and scope.registers != session.store.checkpoints.generation(
        session.kind(REGISTERS.name).cloud
    ):
        return scope.widened(reasons.registers_sent())
    return scope


def _recover_lost(session: SyncSession, kind: Kind, active: int) -> bool:
    """Reads the cloud's records if the cloud reports fewer than our state has.

    Returns:
        Whether it reports fewer.
    """
    if missing_in_the_cloud(session, kind, active) is None:
        return False
    learn_what_the_cloud_holds(session, kind)
    return True


@dataclass
class _Upload:
    """One upload of one kind of record, and its results so far."""

    session: SyncSession
    kind: Kind
    counts: Counts = field(default_factory=Counts)
    deferrals: list[Deferral] = field(default_factory=list)
    refused_now: set[str] = field(default_factory=set)
    touched: dict[str, bool] = field(default_factory=dict)  # whether it is active in the cloud now
    surprised: bool = False

    def finish_pending(self, attempts: list[Attempt]) -> None:
        """Finishes requests of a run that died before their answers came, under their own keys."""
        if attempts:
            known = set(self.session.store.synced.all(self.kind.name)["key"])
            self._take(self.session.client.resend(attempts), known=known, hashes={}, retried=set(), is_new=False)

    def synchronise(self, scope: Scope) -> Scope:
        """Compares, and sends what differs.

        Args:
            scope: The articles to process.

        Returns:
            The articles that were processed, which may be more.
        """
        kind, store = self.kind, self.session.store
        scope, desired, checked = self._desired(scope)
        payload = checked.frame
        self.deferrals += desired.waiting
        keys, hashes = payloads.keys(kind.name, payload), digests(payload)
        synced = _synced(store, kind, scope)
        places = places_among(keys, synced["key"])
        up_to_date = accepted_as_desired(places, hashes, synced)
        refused = {r.key: r for r in store.rejections.of(kind.cloud) if scope.covers(r)}
        to_send = payload[~up_to_date]
        items = Items(list(keys[~up_to_date]), list(hashes[~up_to_date].astype(str)), payloads.items(to_send))

        refused_here = {rejection.key for rejection in checked.rejections}
        is_gone = synced["active"].to_numpy(dtype=bool, copy=True)
        is_gone[places[places >= 0]] = False
        gone = synced.loc[is_gone, "key"]
        gone = gone[desired.may_retire(gone) & ~gone.isin(refused_here)]
        self._guard(len(gone), store.synced.active_count(kind.name) if len(gone) else 0)
        retired = self._retired(list(gone))

        # rejections of records that are up to date again, or no longer desired, have ended; new ones of ours begin
        open_keys = {*items.keys, *retired.keys, *map(bounded_key, refused_here)}
        store.rejections.end(kind.cloud, [key for key in refused if key not in open_keys])
        self._refuse_ours(checked.rejections)
        self._send([items, retired], refused, known={*keys[~up_to_date & (places >= 0)], *retired.keys})
        return scope

    def _desired(self, scope: Scope) -> tuple[Scope, Desired, Checked]:
        """The records that the cloud should have, and those of them that satisfy the contract."""
        kind, session = self.kind, self.session
        desired = FLOWS[kind.name].desired(session, scope)
        checked = check(desired.payload, FLOWS[kind.name].payload, asset=kind.cloud, key_columns=kind.key)
        if isinstance(scope, Subset) and has_row_keys(checked.rejections):
            return self._desired(scope.widened(reasons.article_unknown()))
        return scope, desired, checked

    def _retired(self, keys: list[str]) -> "Items":
        """The records as the cloud last accepted them, set to inactive."""
        contents = self.session.store.synced.contents(self.kind.name, keys)
        items = [{**orjson.loads(contents[key]), "active": False} for key in keys]
        return Items(keys, list(item_digests(items).astype(str)), iter(items))

    def _send(self, groups: list["Items"], refused: dict[str, Rejection], known: set[str]) -> None:
        """Sends records, except refused ones: these are not tried again while nothing about their refusal has changed.

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
            # that the prices' articles are missing too is not worth reporting
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
        """Stores the cloud's answers, batch by batch.

        Records of a dead run's request that are deferred are not counted here: the following comparison defers them.

        Args:
            outcomes: The results of the records.
            known: Keys that the cloud has accepted before; those accepted now are added.
            hashes: The contents' hashes by key, as far as they are known.
            retried: Keys of records that were refused with the same content and are sent nevertheless.
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
                        # once, even if both a dead run's request and this run's own uploaded it
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
            "field": source_of(FLOWS[self.kind.name].payload, result.field) if result.field else "",
            "message": result.message or result.code or "",
            "value": "" if value is None else str(value),
        }
        old = refused.get(bounded_key(key))
        same = old is not None and old.content == content
        # tried again automatically, and refused again: not a new rejection
        if not (same and key in retried) or self.session.options.retry_rejected:
            self.refused_now.add(bounded_key(key))
        code = f"{CLOUD}{result.code}"
        record = name_of(self.kind.cloud, key, title_of(result.item))
        return Rejection(self.kind.cloud, key, code, detail, content, record=record).refused_as(old if same else None)

    def _refuse_ours(self, rejections: tuple[Rejection, ...]) -> None:
        """Stores rejections of payloads that violate the contract; they are not sent."""
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
        if self.kind.name == REGISTERS.name and 0 < retiring == active:
            # however few: without a register the shop cannot sell, and broken settings would have that effect
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
        """The report of an upload that broke; makes no further requests."""
        return AssetReport(self.kind.cloud, self.counts + Counts(rejected=len(self.refused_now)))

    def report(self, scope: Scope) -> AssetReport:
        """The report of the upload, with open rejections of earlier runs."""
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
    """The records of the scope as the cloud last accepted them."""
    if isinstance(scope, Everything):
        return store.synced.all(kind.name)
    return (store.synced.beneath if kind.part_of else store.synced.among)(kind.name, scope.numbers)


def _unchanged(
    session: SyncSession,
    kind: Kind,
    active: int,
    rejections: Iterable[Rejection],
    touched: Mapping[str, bool],
) -> int:
    """How many records are active in the cloud that this run neither sent nor found refused, now or before."""
    refused = {r.key for r in (*rejections, *session.store.rejections.of(kind.source))} - touched.keys()
    return active - sum(touched.values()) - session.store.synced.active_among(kind.name, refused)
