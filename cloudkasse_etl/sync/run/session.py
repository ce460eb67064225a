"""The session of a run: its lease, its connections, data that is read once, and the reports of its use cases."""

import datetime as dt
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from cloudkasse_etl.config.settings import Configuration, Settings
from cloudkasse_etl.entities import STAGED_RECEIPTS, Kind, kind_of, kinds_of
from cloudkasse_etl.errors import AuthorizationError, CloudkasseError, MassRetirementError, NetworkError
from cloudkasse_etl.i18n.text import Text, say
from cloudkasse_etl.state.stores.attempts import AttemptStore
from cloudkasse_etl.state.stores.books.receipt_totals import ReceiptTotals
from cloudkasse_etl.state.stores.deliveries.api_sessions import ApiSessions
from cloudkasse_etl.state.stores.settings_log import SettingsChange
from cloudkasse_etl.state.stores.state_stores import StateStores, stores_on
from cloudkasse_etl.state.stores.tills import Parts, Tills
from cloudkasse_etl.sync.inputs.article_subset import Scope
from cloudkasse_etl.sync.inputs.erp_frames import ErpFrames
from cloudkasse_etl.sync.run.context import RunContext, SyncOptions, today
from cloudkasse_etl.sync.run.leased_tables import leased
from cloudkasse_etl.sync.run.protocol import protocol_path, write_protocol
from cloudkasse_etl.sync.run.receipt_sums import ReceiptSums, sums_of, waiting_text
from cloudkasse_etl.sync.run.report import AssetReport, Counts, RunReport, outcome_of, total
from cloudkasse_etl.sync.run.sentence import sentence
from cloudkasse_etl.sync.run.settings_record import note_of, record_settings
from cloudkasse_etl.sync.run.till_in_use import till_to_use
from cloudkasse_etl.tills.capabilities import CAPABILITIES, Capabilities
from cloudkasse_etl.tills.port import Attempt, Till, TillStatus
from cloudkasse_etl.tills.till_opening import open_till

if TYPE_CHECKING:  # what a run that delivers nothing need not load
    from cloudkasse_etl.erp.selectline_api.selectline_client import SelectLineClient


class _Journal:
    """Stores the client's requests before they are sent."""

    def __init__(self, attempts: AttemptStore) -> None:
        self._attempts = attempts

    def record(self, attempts: Sequence[Attempt]) -> None:
        self._attempts.record((attempt.key, attempt.entity, attempt.body) for attempt in attempts)


class ArrivedReport(Protocol):
    """What a step counts that stages closings."""

    counts: Counts
    refused: set[str]


class SyncSession:
    """The shared objects of a run's use cases. Made by `open_session`, used in one thread.

    Attributes:
        is_dry: Whether nothing of it is stored.
        scope: The articles that the last step processed; the next one begins with it. None before the first.
        settings_change: The change that brought the settings of this run; None where nothing is stored.
    """

    is_dry = False
    scope: Scope | None = None
    settings_change: SettingsChange | None = None

    def __init__(self, context: RunContext, *, store: StateStores, resources: ExitStack, stop: threading.Event) -> None:
        self._context = context
        self.store = store
        self.reports: dict[str, AssetReport] = {}
        self.protocol_path = protocol_path(context.protocol_folder, context.run_id)
        # Called with the number of records of an asset that a long step has processed; replaced by observers.
        self.progress: Callable[[str, int], None] = lambda asset, count: None
        # Likewise, with a sentence, before a request to the cloud is repeated; from the request's own thread.
        self.on_retry: Callable[[Text], None] = lambda text: None
        self._resources = resources
        self._stop = stop
        self._sources: ErpFrames | None = None
        self._finished: RunReport | None = None
        self._status: TillStatus | None = None
        self._unreachable: NetworkError | None = None
        self._sums: ReceiptSums | None = None
        # What of closings came together with receipts, for the step that reports on them.
        self.arrived_closings: ArrivedReport | None = None

    @property
    def context(self) -> RunContext:
        """The constants of the run."""
        return self._context

    @property
    def configuration(self) -> Configuration:
        """Settings and connections."""
        return self._context.configuration

    @property
    def settings(self) -> Settings:
        """The settings of cloudkasse.yaml."""
        return self._context.settings

    @property
    def options(self) -> SyncOptions:
        """The options of this run."""
        return self._context.options

    @property
    def till(self) -> Capabilities:
        """What the till can do."""
        return CAPABILITIES[self.settings.till.kind]

    @cached_property
    def receipts_from(self) -> dt.date | None:
        """The first business day of receipts from this till, where another one was in use before."""
        used = Tills(self.store.connection).in_use()
        return used.receipts_from if used else None

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """The kinds of record that the till takes, in the order of their upload."""
        return kinds_of(self.settings.till.kind)

    def kind(self, name: str) -> Kind:
        """A kind of record by its name, as the till takes it."""
        return kind_of(self.settings.till.kind, name)

    @property
    def run_id(self) -> str:
        """The run's id; empty if nothing of it is stored."""
        return self._context.run_id

    @property
    def as_of(self) -> dt.date:
        """The day whose prices and VAT rates apply."""
        return self._context.as_of

    @property
    def sources(self) -> ErpFrames:
        """The ERP and the settings as frames, each read once a run.

        Raises:
            ErpUnavailableError: The ERP cannot be reached.
        """
        if self._sources is None:
            self._sources = self._resources.enter_context(ErpFrames(self.configuration, self.as_of))
        return self._sources

    @property
    def has_read_company(self) -> bool:
        """Whether this run has read the company from the ERP already."""
        return self._sources is not None and self._sources.has_read_company

    @cached_property
    def client(self) -> Till:
        """The client of the cloud, whose requests are stored before they are sent."""
        client = open_till(
            self.configuration,
            _Journal(self.store.attempts),
            Parts(self.store.connection),
            stop=self._stop,
            on_retry=lambda text: self.on_retry(text),
        )
        return self._resources.enter_context(client)

    @cached_property
    def selectline(self) -> "SelectLineClient":
        """SelectLine's Web API, logged in once a run; its session ends with the run's.

        Raises:
            CloudkasseError: It cannot be reached, or does not let us in.
        """
        from cloudkasse_etl.erp.selectline_api.selectline_client import SelectLineClient

        client = SelectLineClient(
            self.configuration,
            ApiSessions(self.store.connection),
            stop=self._stop,
            on_retry=lambda text: self.on_retry(text),
        )
        return self._resources.enter_context(client)

    @property
    def cloud_status(self) -> TillStatus:
        """The cloud's status, requested once a run; if it cannot be reached, that is not tried again either.

        Raises:
            NetworkError: It cannot be reached.
            AuthorizationError: The token is wrong, or another company's.
        """
        if self._unreachable is not None:
            raise self._unreachable
        if self._status is None:
            try:
                self._status = self._ask_status()
            except NetworkError as error:
                self._unreachable = error
                raise
        return self._status

    def _ask_status(self) -> TillStatus:
        return refuse_other_company(self.client.status(), self.settings)

    def stop_before(self, asset: str, damage: MassRetirementError) -> None:
        """Stops an upload that would retire too much. A dry run notes it and continues, to show what would be retired.

        Args:
            asset: The asset of the upload.
            damage: Says how many would be retired, and what to do.

        Raises:
            MassRetirementError: In all but a dry run.
        """
        raise damage

    def keep_waiting(self, report: AssetReport) -> None:
        """Stores the waiting records of an asset, and since when they wait; records that no longer wait are removed."""
        self.store.waiting.replace(report.asset, [w for d in report.deferrals for w in d.by_awaited()])

    @property
    def wants_import(self) -> bool:
        """Whether the run books what is staged, by its options or by the settings."""
        asked = self.options.import_receipts
        return self.settings.receipts.import_ == "direct" if asked is None else asked

    @property
    def settings_note(self) -> Mapping[str, Any] | None:
        """Number and hash of the settings, and what had changed where this run is the first under them."""
        return note_of(self.settings_change, self.run_id) if self.settings_change else None

    def receipt_sums(self) -> ReceiptSums:
        """The sums of all receipts; computed again only if this run may have moved one since."""
        if self._sums is None:
            totals = ReceiptTotals(self.store.connection)
            self._sums = sums_of(totals.unbooked(), totals.keep_booked())
        return self._sums

    def forget_sums(self) -> None:
        """Called after receipts were moved, where no report of `staged_receipts` says so."""
        self._sums = None

    @contextmanager
    def timed(self) -> Iterator[Callable[[], float]]:
        """Yields a function that returns the seconds since the beginning of the block."""
        started = time.monotonic()
        yield lambda: time.monotonic() - started

    def deliver(self, report: AssetReport, seconds: float) -> AssetReport:
        """Adds a use case's report and its duration to the run's report."""
        report = replace(report, seconds=seconds)
        self.reports[report.asset] = report
        if report.asset == STAGED_RECEIPTS and not report.quiet:
            self.forget_sums()
        return report

    def finish(self, error: str | None = None, in_short: str = "") -> RunReport:
        """Sums the run up and writes its protocol. A second call gives the same report, unless it brings an error.

        Args:
            error: Why the run broke, where it did.
            in_short: The same in two or three words.
        """
        if self._finished is not None and (error is None or self._finished.error):
            return self._finished
        counts = total(self.reports.values())
        outcome = outcome_of(counts, broke=error is not None)
        sums = None if error else self.receipt_sums()
        waiting = sums and waiting_text(sums.waiting, self.settings.language)
        open_records = self._open_records() if error else 0
        report = RunReport(
            run_id=self.run_id,
            kind=self.context.kind,
            outcome=outcome,
            message=sentence(
                outcome, self.reports.values(), self.settings.language, error, waiting or None, open_records
            ),
            assets=dict(self.reports),
            protocol=str(self.protocol_path),
            error=error,
            sums=sums,
            in_short=in_short,
            open_records=open_records,
            settings=self.settings_note,
        )
        write_protocol(report, self.protocol_path, self.settings.language, self.settings.timezone)
        self._finished = report
        return report

    def _open_records(self) -> int:
        """How many records are rejected in all; 0 where the database is away, which may be why the run broke."""
        with suppress(CloudkasseError):
            return self.store.waiting.rejected_count()
        return 0


def refuse_other_company(status: TillStatus, settings: Settings) -> TillStatus:
    """Returns the cloud's status if it is that of our company.

    Raises:
        AuthorizationError: The token is another company's.
    """
    ours = settings.company.number
    if status.company_number is not None and status.company_number != ours:
        raise AuthorizationError(
            say(
                "The till's token belongs to company '{theirs}', the settings to '{ours}'.",
                theirs=status.company_number,
                ours=ours,
            ),
            hint=say("Correct company.number in the settings, or CLOUDKASSE_API_TOKEN."),
        )
    return status


@contextmanager
def open_session(
    configuration: Configuration,
    *,
    run_id: str,
    kind: str,
    options: SyncOptions,
    protocol_folder: Path,
    started_by: str,
    cancelled: Callable[[], bool] = lambda: False,
    interrupt: Callable[[], None] = lambda: None,
    as_of: dt.date | None = None,
) -> Iterator[SyncSession]:
    """Opens a run: migrates our tables if necessary, takes the lease, renews it, and releases it at the end.

    Args:
        configuration: Settings and connections.
        run_id: The run's id; a lease that was taken for it beforehand is taken again.
        kind: What kind of run it is, for the history.
        options: The options of this run.
        protocol_folder: Where protocols are written.
        started_by: Who started it, in words.
        cancelled: Called every two seconds; returns whether the run was cancelled.
        interrupt: Called, from another thread, when the run was cancelled or the lease was lost.
        as_of: The day whose prices and VAT rates hold; the shop's today where None.

    Yields:
        The run's session, to be used in this thread.

    Raises:
        LeaseHeldError: Another run of the same company is going on.
        StateUnavailableError: Our own tables cannot be reached or written.
    """
    stop = threading.Event()

    def interrupted() -> None:
        stop.set()  # ends all waiting for the cloud almost at once
        interrupt()

    with ExitStack() as resources:
        connection = resources.enter_context(
            leased(
                configuration,
                run_id=run_id,
                kind=kind,
                started_by=started_by,
                cancelled=cancelled,
                interrupt=interrupted,
            )
        )
        context = RunContext(
            configuration,
            as_of=today(configuration.settings) if as_of is None else as_of,
            run_id=run_id,
            kind=kind,
            options=options,
            protocol_folder=protocol_folder,
        )
        if (till := till_to_use(connection, configuration.settings)) is not None:
            Tills(connection).use(till)
        session = SyncSession(context, store=stores_on(connection), resources=resources, stop=stop)
        session.settings_change = record_settings(connection, configuration.settings)
        yield session
