"""Rejections in a dry run: the open ones, overlaid with the changes that it would make."""

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import replace

from cloudkasse_etl.rejections.rejection import Rejection, merged
from cloudkasse_etl.state.connection import StateConnection
from cloudkasse_etl.state.database.keys import bounded_key
from cloudkasse_etl.state.dry_run.scratch_file import ScratchFile
from cloudkasse_etl.state.stores.named_records import NamedRecords
from cloudkasse_etl.state.stores.rejections import Rejections, change_of


class DryRejections:
    """Rejections, read from the database, with all changes kept in memory."""

    def __init__(self, state: StateConnection, scratch: ScratchFile) -> None:
        self._stored, self._names, self._scratch = Rejections(state), NamedRecords(state), scratch
        self._now: dict[str, dict[str, dict[str, Rejection]]] = {}  # asset → key → code

    def of(self, asset: str) -> list[Rejection]:
        """The open rejections of an asset with what their records are called, oldest first."""
        found = [rejection for by_code in self._open(asset).values() for rejection in by_code.values()]
        return self.named(sorted(found, key=lambda r: (r.since or dt.datetime.max.replace(tzinfo=dt.UTC), r.key)))

    def named(self, rejections: Sequence[Rejection]) -> list[Rejection]:
        """The same rejections with what their records are called; receipts may be staged only here."""
        return self._names.named(rejections, self._scratch.heads)

    def replace(
        self,
        asset: str,
        found: Sequence[Rejection],
        checked: Callable[[Rejection], bool] = lambda rejection: True,
    ) -> list[Rejection]:
        """Treats `found` as the open rejections of an asset, and all others whose records were checked as ended."""
        change = change_of(asset, self.of(asset), found, checked)
        self.end(asset, change.ended)
        self.put(asset, change.put)
        return change.open

    def end(self, asset: str, keys: Sequence[str]) -> None:
        """Ends the rejections of some keys."""
        found = self._open(asset)
        for key in keys if found else ():
            found.pop(bounded_key(key), None)

    def put(self, asset: str, rejected: Sequence[Rejection]) -> None:
        """Notes rejections; those of the same keys end."""
        if not rejected:
            return
        self.end(asset, [rejection.key for rejection in rejected])
        now = dt.datetime.now(dt.UTC)
        found = self._open(asset)
        for rejection in merged(rejected):
            key, code = bounded_key(rejection.key), rejection.code[:80]
            found.setdefault(key, {})[code] = replace(
                rejection, asset=asset, key=key, code=code, since=rejection.since or now, still=True
            )

    def _open(self, asset: str) -> dict[str, dict[str, Rejection]]:
        if asset not in self._now:
            found: dict[str, dict[str, Rejection]] = {}
            for rejection in self._stored.nameless(asset):
                found.setdefault(rejection.key, {})[rejection.code] = rejection
            self._now[asset] = found
        return self._now[asset]
