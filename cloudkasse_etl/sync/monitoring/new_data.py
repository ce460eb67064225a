"""Cheaply checks whether a synchronisation would find anything new: no lease, no write, one request, a few queries.

It does not read what a run would read and send, but compares the present fingerprints with those of the last run. It
calls the same functions as a run (is_up_to_date, has_arrived, is_validation_due, due_for_import, missing_in_the_cloud),
so that the check and the run that it starts cannot disagree.
"""

import datetime as dt
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import orjson

from cloudkasse_etl.config.settings import Configuration
from cloudkasse_etl.entities import REVENUE_POSTINGS
from cloudkasse_etl.errors import CloudkasseError, ErpUnavailableError
from cloudkasse_etl.fingerprint import fingerprint
from cloudkasse_etl.i18n.text import Language, Text, joined, say, say_count
from cloudkasse_etl.state.connection import connect
from cloudkasse_etl.state.database.opening import place_of, tables_to_look_at
from cloudkasse_etl.state.stores.records import Checkpoint
from cloudkasse_etl.state.stores.state_stores import StateStores, stores_on
from cloudkasse_etl.state.targets import NO_TARGET, VALIDATED
from cloudkasse_etl.sync.changes.due_import import due_for_import
from cloudkasse_etl.sync.changes.unchanged import holds_on, is_up_to_date
from cloudkasse_etl.sync.inputs.own_tables import reported_as_the_erps
from cloudkasse_etl.sync.master_data.cloud_records import missing_in_the_cloud
from cloudkasse_etl.sync.receipts.arrivals import has_arrived
from cloudkasse_etl.sync.receipts.validation.receipt_validation import is_validation_due, validator_of
from cloudkasse_etl.sync.run.context import RunContext, today
from cloudkasse_etl.sync.run.session import SyncSession, refuse_other_company
from cloudkasse_etl.tills.port import Stream, TillStatus
from cloudkasse_etl.tills.till_opening import open_till

# A check must end before the next one: Dagster gives a sensor 60 seconds.
_PATIENCE = {"attempts": 1, "retry_seconds": 0, "connect_seconds": 5, "read_seconds": 15}
_STREAMS: Mapping[Stream, Text] = {"receipts": say("receipts in the till"), "closings": say("closings in the till")}


@dataclass(frozen=True, slots=True)
class Novelty:
    """The result of a check for new data.

    Attributes:
        master_data: Why a synchronisation of master data would find something, as texts; empty where it would not.
        receipts: Likewise, of receipts.
        importable: What an import would find, if the settings leave importing to a person.
        unwatched: Tables whose changes cannot be detected cheaply, because they have no rowversion.
        erp_problem: Why the ERP could not be checked, although there are new receipts.
        key: Identifies the state that was found: equal for equal states.
    """

    master_data: tuple[Text, ...]
    receipts: tuple[Text, ...]
    importable: tuple[Text, ...] = ()
    unwatched: tuple[str, ...] = ()
    erp_problem: CloudkasseError | None = None
    key: str = ""

    @property
    def kind(self) -> str | None:
        """The kind of run that processes it; None where nothing is new."""
        if self.master_data and self.receipts:
            return "all"
        return "master-data" if self.master_data else "receipts" if self.receipts else None

    def render(self, language: Language) -> str:
        """The result in a sentence or two."""
        found = [*self.master_data, *self.receipts]
        texts = [say("New: {found}.", found=joined("; ", found)) if found else say("No new data.")]
        if self.unwatched:
            texts.append(
                say(
                    "Changes in {tables} cannot be seen this way, for want of column TS; the schedules find them.",
                    tables=", ".join(self.unwatched),
                )
            )
        if self.importable:
            texts.append(say("Waiting for an import: {found}.", found=joined("; ", self.importable)))
        problem = [self.erp_problem.render(language)] if self.erp_problem else []
        return " ".join([*(text.render(language) for text in texts), *problem])


def look_for_novelty(configuration: Configuration, as_of: dt.date | None = None) -> Novelty:
    """Checks whether ERP, settings, calendar or cloud have changed since the last synchronisation.

    Args:
        configuration: Settings and connections.
        as_of: The day whose VAT rates are in force; the shop's today where None.

    Returns:
        What is new.

    Raises:
        CloudkasseError: The cloud or our own tables cannot be read, or the ERP cannot and nothing else is new.
    """
    status = _ask_cloud(configuration)
    with _looking(configuration, status, as_of) as session:
        if session is None:
            first = say("nothing was ever synchronised")
            return Novelty((first,), (first,), key=_key("first", status.heads["receipts"]))
        receipts, seen = _new_receipts(session)
        try:
            master_data, marks = _new_master_data(session)
            to_import, due = _to_import(session)
            unwatched = tuple(sorted(table for table, mark in session.sources.watermarks.items() if mark is None))
        except ErpUnavailableError as error:
            if not receipts:
                raise
            return Novelty((), receipts, erp_problem=error, key=_key(seen))
    if configuration.settings.receipts.import_ == "direct":
        return Novelty(master_data, (*receipts, *to_import), (), unwatched, key=_key(seen, marks, due))
    return Novelty(master_data, receipts, to_import, unwatched, key=_key(seen, marks))


def _ask_cloud(configuration: Configuration) -> TillStatus:
    with open_till(configuration.with_api(**_PATIENCE)) as till:
        return refuse_other_company(till.status(), configuration.settings)


class _Look(SyncSession):
    """A session for checking only: it runs the functions of a run, but its store writes nothing."""

    is_dry = True

    def __init__(self, context: RunContext, store: StateStores, status: TillStatus, resources: ExitStack) -> None:
        super().__init__(context, store=store, resources=resources, stop=threading.Event())
        self._status = status


@contextmanager
def _looking(configuration: Configuration, status: TillStatus, as_of: dt.date | None) -> Iterator[_Look | None]:
    """Our own tables as they are, never migrated; None where no synchronisation has ever reached the cloud."""
    settings = configuration.settings
    with ExitStack() as resources:
        with reported_as_the_erps(configuration):
            opened = resources.enter_context(tables_to_look_at(place_of(settings, configuration.connections)))
        if opened is None or (connection := connect(opened)).target == NO_TARGET:
            yield None
            return
        context = RunContext(configuration, today(settings) if as_of is None else as_of, kind="look")
        yield _Look(context, stores_on(connection), status, resources)


def _new_receipts(session: SyncSession) -> tuple[tuple[Text, ...], list[object]]:
    """What a run would fetch, and which fetched receipts it would check again."""
    found = [
        text
        for stream, text in _STREAMS.items()
        if (stream == "receipts" or session.till.has_closings_alone) and has_arrived(session, stream)
    ]
    if is_validation_due(session):
        found.append(say("receipts to be checked again, since settings have changed"))
    cursors = [(stream, session.store.checkpoints.cursor(stream)) for stream in _STREAMS]
    validated = session.store.checkpoints.of(VALIDATED)
    heads = sorted(session.cloud_status.heads.items())
    return tuple(found), [cursors, heads, validator_of(session).fingerprint(), *_noted(validated)]


def _to_import(session: SyncSession) -> tuple[tuple[Text, ...], list[object]]:
    """Receipts and stock lines that an import would book or try again."""
    due, checkpoint = due_for_import(session), session.store.checkpoints.of(REVENUE_POSTINGS)
    texts = (
        (
            due.staged,
            say_count("{count:,} staged receipt to import", "{count:,} staged receipts to import", count=due.staged),
        ),
        (
            due.voids,
            say_count(
                "{count:,} void that need not wait any longer",
                "{count:,} voids that need not wait any longer",
                count=due.voids,
            ),
        ),
        (
            due.refused,
            say_count(
                "{count:,} refused receipt to try again, since something has changed",
                "{count:,} refused receipts to try again, since something has changed",
                count=due.refused,
            ),
        ),
        (
            due.stock,
            say_count(
                "{count:,} receipt whose stock lines may be made up for",
                "{count:,} receipts whose stock lines may be made up for",
                count=due.stock,
            ),
        ),
    )
    marks = [session.sources.fingerprint(REVENUE_POSTINGS), *_noted(checkpoint)]
    return tuple(text for count, text in texts if count), [due.staged, due.voids, due.refused, due.stock, *marks]


def _new_master_data(session: SyncSession) -> tuple[tuple[Text, ...], list[object]]:
    """What a run would read and send."""
    store, sources = session.store, session.sources
    upstream = {kind.cloud: kind.upstream for kind in session.kinds}
    generations = {asset: store.checkpoints.generation(asset) for asset in upstream}
    marks = {
        asset: sources.fingerprint(asset, *(generations[a] for a in upstream.get(asset, ())))
        for kind in session.kinds
        for asset in kind.assets
    }
    changed = [asset for asset, mark in marks.items() if mark is not None and not is_up_to_date(session, asset, mark)]
    # what the calendar has changed, with the days between which it was valid: each such change is another state
    checkpoints = {asset: store.checkpoints.of(asset) for asset in changed}
    turned = {
        asset: checkpoint.details
        for asset, checkpoint in checkpoints.items()
        if checkpoint and not holds_on(checkpoint, session.as_of)
    }
    found = [say("changes for {assets}", assets=", ".join(changed))] if changed else []
    lost = {}
    for kind in session.kinds:
        ours = store.synced.active_count(kind.name)
        held = missing_in_the_cloud(session, kind, ours)
        if held is not None:
            lost[kind.name] = held
            found.append(say("the till holds {held:,} of {ours:,} {records}", held=held, ours=ours, records=kind.noun))
        if store.attempts.pending(kind.name):
            found.append(say("an interrupted upload of {records} is to be finished", records=kind.noun))
    noted = {asset: _noted(checkpoint) for asset, checkpoint in checkpoints.items()}
    return tuple(found), [sorted(known.items()) for known in (marks, generations, lost, turned, noted)]


def _noted(checkpoint: Checkpoint | None) -> tuple[str, str]:
    """The fingerprint of an asset's last comparison and the run that stored it: a setting changed back is new again.

    A run that broke in between stores nothing by which a key could differ: it would be started again endlessly.
    """
    return (checkpoint.fingerprint, checkpoint.run_id) if checkpoint and checkpoint.fingerprint else ("", "")


def _key(*parts: object) -> str:
    # the progress of a run is part of it (cursors, generations): after a run that broke halfway, the next
    # check starts another; after one that could do nothing, it does not
    return fingerprint(orjson.dumps(parts))
