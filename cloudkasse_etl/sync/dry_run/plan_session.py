"""The session of a dry run: the use cases run on it as on a real one, but nothing is sent or written."""

import datetime as dt
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import cached_property
from typing import Any

from cloudkasse_etl.config.settings import Configuration
from cloudkasse_etl.errors import MassRetirementError
from cloudkasse_etl.rejections.rejection import CLOUD
from cloudkasse_etl.state.connection import connect
from cloudkasse_etl.state.database.keys import bounded_key
from cloudkasse_etl.state.database.opening import place_of, tables_untouched
from cloudkasse_etl.state.dry_run.dry_stores import DryStores, dry_stores_on
from cloudkasse_etl.state.stores.tills import Parts
from cloudkasse_etl.sync.changes.unchanged import RETRIED_EVERY_RUN
from cloudkasse_etl.sync.inputs.own_tables import reported_as_the_erps
from cloudkasse_etl.sync.run.context import RunContext, SyncOptions, today
from cloudkasse_etl.sync.run.session import SyncSession
from cloudkasse_etl.sync.run.till_in_use import till_to_use
from cloudkasse_etl.tills.port import Till, record_key
from cloudkasse_etl.tills.till_opening import open_dry_till
from cloudkasse_etl.transform.digest import item_digests

# A person waits for the answer: an unreachable cloud is reported within half a minute.
_ATTEMPTS, _RETRY_SECONDS = 4, 30


class PlanSession(SyncSession):
    """A session that only reads. Made by `open_plan`.

    Attributes:
        stopped: Why a synchronisation would stop at an asset, by the asset's name.
    """

    store: DryStores
    is_dry = True

    def __init__(self, context: RunContext, store: DryStores, resources: ExitStack) -> None:
        super().__init__(context, store=store, resources=resources, stop=threading.Event())
        self.stopped: dict[str, MassRetirementError] = {}

    @cached_property
    def client(self) -> Till:
        """The cloud, from which is only read."""
        api = self.settings.api
        hasty = self.configuration.with_api(
            attempts=min(api.attempts, _ATTEMPTS), retry_seconds=min(api.retry_seconds, _RETRY_SECONDS)
        )
        client = open_dry_till(hasty, self._foresee, Parts(self.store.connection), stop=self._stop)
        return self._resources.enter_context(client)

    def stop_before(self, asset: str, damage: MassRetirementError) -> None:
        """Notes that a synchronisation would stop here."""
        self.stopped[asset] = damage

    def _foresee(self, entity: str, items: Sequence[dict[str, Any]]) -> list[str | None]:
        """Expects the same refusal again of records that are tried in every run, whatever their content."""
        refused = {
            rejection.key: rejection
            for rejection in self.store.rejections.of(self.kind(entity).cloud)
            if rejection.code in RETRIED_EVERY_RUN and rejection.code not in _CURED_BY_THE_RUN
        }
        if not refused:
            return [None] * len(items)
        codes: list[str | None] = []
        for item, content in zip(items, item_digests(items).tolist(), strict=True):
            before = refused.get(bounded_key(record_key(entity, item)))
            same = before is not None and before.content == str(content)
            codes.append(before.code.removeprefix(CLOUD) if before is not None and same else None)
        return codes


# A price is sent after the articles, and only if the cloud has its article according to our state.
_CURED_BY_THE_RUN = {"cloud.article_unknown"}


@contextmanager
def open_plan(configuration: Configuration, *, as_of: dt.date | None = None) -> Iterator[PlanSession]:
    """Opens the session of a dry run: no lease, no migration, no run.

    Args:
        configuration: Settings and connections.
        as_of: The day that is planned for; today where None.

    Raises:
        StateUnavailableError: Our own tables cannot be reached; that there are none yet is no error.
    """
    settings = configuration.settings
    with (
        reported_as_the_erps(configuration),
        tables_untouched(place_of(settings, configuration.connections)) as opened,
        ExitStack() as resources,
    ):
        connection = connect(opened)
        till_to_use(connection, settings)
        store = dry_stores_on(connection)
        resources.callback(store.close)
        context = RunContext(
            configuration,
            as_of=today(settings) if as_of is None else as_of,
            kind="plan",
            options=SyncOptions(import_receipts=True),
        )
        yield PlanSession(context, store, resources)
