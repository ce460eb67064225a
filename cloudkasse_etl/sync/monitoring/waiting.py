"""The use case that finds records that have waited too long: for a register, an article, an import, a correction.

It changes neither data nor a run's outcome. The beginning of each wait is stored by
state/stores/waiting_records.py and beside the rejections.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from cloudkasse_etl.config.settings import Settings
from cloudkasse_etl.entities import ARTICLES, STAGED_RECEIPTS
from cloudkasse_etl.i18n.formats import counted, shown_time
from cloudkasse_etl.i18n.text import Language, Text, rendered, say, say_count
from cloudkasse_etl.rejections.causes import by_cause, listed
from cloudkasse_etl.rejections.record_names import natural_place
from cloudkasse_etl.rejections.rejection import Rejection
from cloudkasse_etl.state.stores.state_stores import StateStores
from cloudkasse_etl.state.stores.waiting_records import AWAITED, KEPT_RECEIPTS, SHOWN_EXAMPLES, StagedLong, Waiting
from cloudkasse_etl.sync.receipts.receipt_search import originals_of
from cloudkasse_etl.sync.run.session import SyncSession


@dataclass(frozen=True, slots=True)
class LongWait:
    """Records of an asset that wait for one reason.

    Attributes:
        asset: The asset.
        count: How many wait.
        since: Since when the first of them has waited.
        names: What they are called, in the order of their numbers; of very many only the first.
        language: The language of the texts.
        why: What they wait for, in the settings' language.
        cure: What to do.
    """

    asset: str
    count: int
    since: dt.datetime
    names: tuple[str, ...]
    language: Language
    why: str
    cure: str

    @property
    def examples(self) -> str:
        """What the first few are called, and how many more there are, as one text."""
        return listed(self.names[:SHOWN_EXAMPLES], self.count, self.language)


@dataclass(frozen=True, slots=True)
class WaitingReport:
    """Records that have waited longer than the settings allow; longest first.

    Attributes:
        hours: The limit of the settings; None where there is no limit.
        waits: One for each cause.
    """

    hours: int | None
    waits: tuple[LongWait, ...] = ()

    @property
    def count(self) -> int:
        """How many records wait."""
        return sum(wait.count for wait in self.waits)


def look_for_waiting(session: SyncSession) -> WaitingReport:
    """Finds records that have waited longer than `checks.waiting_hours`.

    Raises:
        StateUnavailableError: Our own tables cannot be read.
    """
    hours, language = session.settings.checks.waiting_hours, session.settings.language
    if hours is None:
        return WaitingReport(None)
    limit = dt.datetime.now(dt.UTC) - dt.timedelta(hours=hours)
    waits = waits_since_before(limit, session.store, session.settings)
    waits += [
        LongWait(
            cause.asset,
            cause.count,
            cause.since,
            tuple(cause.names(SHOWN_EXAMPLES)),
            language,
            cause.summary,
            cause.cure,
        )
        for cause in by_cause(session.store.waiting.rejected_since_before(limit), language)
        if cause.since is not None
    ]
    return WaitingReport(hours, tuple(sorted(waits, key=lambda wait: wait.since)))


def waits_since_before(moment: dt.datetime, store: StateStores, settings: Settings) -> list[LongWait]:
    """What has waited since before a moment, longest first: for other records, or for an import. No rejections.

    Args:
        moment: The moment.
        store: Our own tables.
        settings: For the language of the texts, and how long a void waits.

    Returns:
        One for each cause.
    """
    language = settings.language
    waiting = store.waiting.waiting_since_before(moment)
    # voids that wait for their originals are staged too; importing them is not what they need
    held = [receipt_id for one in waiting if one.code == AWAITED for receipt_id in one.examples]
    waits = _deferred(store, waiting, settings)
    waits += _staged(store, store.waiting.staged_since_before(moment, besides=held), language)
    return sorted(waits, key=lambda wait: wait.since)


def waits_text(report: WaitingReport, session: SyncSession) -> str:
    """The report's total and its longest wait, in the settings' language; empty where nothing waits too long."""
    language, zone = session.settings.language, session.settings.zone
    if report.hours is None:
        return rendered(say("Switched off in the settings (checks.waiting_hours)."), language)
    if not report.waits:
        return ""
    since = shown_time(report.waits[0].since, zone, language)
    head = say_count(
        "1 record has waited for more than {hours}: since {since}.",
        "{count:,} records have waited for more than {hours}, the first since {since}.",
        count=report.count,
        hours=say_count("{count} hour", "{count} hours", count=report.hours),
        since=since,
    )
    return f"{head.render(language)} {_line(report.waits[0], session).render(language)}"


def _line(wait: LongWait, session: SyncSession) -> Text:
    return say(
        "{asset}: {count} since {since} ({examples}). {why} {cure}",
        asset=wait.asset,
        count=counted(wait.count, session.settings.language),
        since=shown_time(wait.since, session.settings.zone, session.settings.language),
        examples=wait.examples,
        why=wait.why,
        cure=wait.cure,
    )


def _deferred(store: StateStores, waiting: Sequence[Waiting], settings: Settings) -> list[LongWait]:
    language, found = settings.language, []
    originals = originals_of(store, [one for one in waiting if one.code == AWAITED])
    for (asset, code), each in groupby(sorted(waiting, key=_cause), key=_cause):
        some = list(each)
        awaited = [one.awaited for one in some if one.awaited]
        if code == AWAITED:
            first = sorted((originals.get(key, key) for key in awaited), key=natural_place)[:SHOWN_EXAMPLES]
        else:
            first = _names(store, ARTICLES.extract, sorted(awaited, key=natural_place)[:1], language)
        names = _names(store, asset, [key for one in some for key in one.examples], language)
        count = sum(one.count for one in some)
        detail = {
            "value": ", ".join(first),
            "more": str(len(awaited) - len(first)),
            "days": str(settings.receipts.void_wait_days),
        }
        sample = Rejection(asset, "", code, detail)
        since = min(one.since for one in some if one.since is not None)
        found.append(
            LongWait(asset, count, since, tuple(names), language, sample.text(language), sample.cure(language))
        )
    return found


def _cause(waiting: Waiting) -> tuple[str, str]:
    return waiting.asset, waiting.code


def _staged(store: StateStores, staged: StagedLong, language: Language) -> list[LongWait]:
    if staged.since is None:
        return []
    why = rendered(say("Fetched and checked, but not booked."), language)
    cure = rendered(
        say("Import them: job import_receipts in the Dagster UI, or cloudkasse-etl import on the command line."),
        language,
    )
    names = _names(store, STAGED_RECEIPTS, staged.examples, language)
    return [LongWait(STAGED_RECEIPTS, staged.count, staged.since, tuple(names), language, why, cure)]


def _names(store: StateStores, asset: str, keys: Sequence[str], language: Language) -> list[str]:
    """The names of records.

    Args:
        store: Our own tables.
        asset: The records' asset.
        keys: Their keys.
        language: The language of the names.

    Returns:
        The names, in the order of their numbers; of very many only the first.
    """
    found = store.rejections.named([Rejection(asset, key, "") for key in keys[:KEPT_RECEIPTS]])
    return [one.name(language) for one in sorted(found, key=lambda one: one.called.place)]
