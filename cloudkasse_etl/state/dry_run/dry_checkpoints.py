"""Checkpoints of a dry run, in memory. Neither waiting records nor a snapshot of the ERP's rows are stored."""

import datetime as dt
from collections import Counter
from collections.abc import Collection, Iterable, Mapping

import pandas as pd

from cloudkasse_etl.rejections.rejection import Rejection
from cloudkasse_etl.state.connection import StateConnection
from cloudkasse_etl.state.stores.checkpoints import Checkpoints
from cloudkasse_etl.state.stores.erp_rows import ErpRows, Header, Written
from cloudkasse_etl.state.stores.records import Checkpoint
from cloudkasse_etl.state.stores.waiting_records import StagedLong, Waiting, WaitingRecords


class DryCheckpoints:
    """Checkpoints read from the database, with those that would be set kept in memory. Cursors do not move."""

    def __init__(self, state: StateConnection) -> None:
        self._stored = Checkpoints(state)
        self._grown: Counter[str] = Counter()
        self._set: dict[str, tuple[str, str]] = {}

    def of(self, asset: str) -> Checkpoint | None:
        """The fingerprint of the sources at which the asset was last up to date."""
        stored = self._stored.of(asset)
        if asset not in self._set and not self._grown[asset]:
            return stored
        fingerprint, details = self._set.get(asset, ("", "{}"))
        return Checkpoint(fingerprint, details, (stored.generation if stored else 0) + self._grown[asset])

    def generation(self, asset: str) -> int:
        """The number of changes that the cloud would have accepted for an asset by now."""
        found = self.of(asset)
        return found.generation if found else 0

    def set(self, asset: str, fingerprint: str, details: str) -> None:
        """Treats the asset as up to date for the rest of this dry run."""
        self._set[asset] = (fingerprint, details)

    def grow(self, asset: str, changes: int) -> None:
        """Counts changes that the cloud would accept."""
        self._grown[asset] += changes

    def cursor(self, stream: str) -> str | None:
        """The cursor up to which a stream was read."""
        return self._stored.cursor(stream)


class DryErpRows:
    """The stored snapshot, which a dry run does not change."""

    def __init__(self, state: StateConnection) -> None:
        self._stored = ErpRows(state)

    def header(self) -> Header | None:
        """The header of the stored snapshot; None where there is none."""
        return self._stored.header()

    def totals(self, source: str) -> Mapping[int, tuple[int, int]]:
        """Number of rows and sum of their rowversions, by bucket."""
        return self._stored.totals(source)

    def rows(self, source: str, buckets: Collection[int]) -> pd.DataFrame:
        """The rows of some buckets."""
        return self._stored.rows(source, buckets)

    def keep(self, header: Header, written: Mapping[str, Written], checkpoints: Mapping[str, tuple[str, str]]) -> None:
        """Does nothing: a dry run stores nothing."""


class DryWaiting:
    """The stored waiting records; those after the dry run are in its reports."""

    def __init__(self, state: StateConnection) -> None:
        self._stored = WaitingRecords(state)

    def replace(self, asset: str, found: Iterable[Waiting]) -> None:
        """Does nothing: a dry run stores nothing."""

    def of(self, asset: str) -> list[Waiting]:
        """All waiting records of an asset."""
        return self._stored.of(asset)

    def waiting_since_before(self, moment: dt.datetime) -> list[Waiting]:
        """Records that have waited since before a moment, longest first."""
        return self._stored.waiting_since_before(moment)

    def rejected_since_before(self, moment: dt.datetime) -> list[Rejection]:
        """Records that have been rejected since before a moment, longest first."""
        return self._stored.rejected_since_before(moment)

    def rejected_count(self) -> int:
        """How many records are rejected now, over all assets."""
        return self._stored.rejected_count()

    def staged_since_before(self, moment: dt.datetime, besides: Collection[str] = ()) -> StagedLong:
        """Receipts that have been staged since before a moment and were not imported; some ids are left out."""
        return self._stored.staged_since_before(moment, besides)
