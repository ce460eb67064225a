"""Alerts: finds new causes, decides who receives them, and sends each only once.

It compares the open causes with those already sent, so it does not depend on seeing each event exactly once: a run
that is checked twice causes one alert, and one that was missed is found by the next check.
"""

import datetime as dt
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

from cloudkasse_etl.alerting.email import EmailChannel
from cloudkasse_etl.alerting.message import FailedRun, Message, RejectionCause, compose
from cloudkasse_etl.alerting.webhook import WebhookChannel
from cloudkasse_etl.config.connections import Connections
from cloudkasse_etl.config.sections.alert_settings import Email
from cloudkasse_etl.config.settings import Configuration, Settings
from cloudkasse_etl.errors import DeliveryError, Problem
from cloudkasse_etl.fingerprint import fingerprint
from cloudkasse_etl.i18n.formats import minute
from cloudkasse_etl.i18n.text import say
from cloudkasse_etl.rejections.causes import SHOWN_EXAMPLES
from cloudkasse_etl.state.connection import connect
from cloudkasse_etl.state.database.opening import place_of, tables_to_write
from cloudkasse_etl.state.stores.sent_alerts import AlertStore, CauseKey
from cloudkasse_etl.sync.monitoring.failed_runs import is_made_up_for, not_made_up_for

_RUN = "run "
# Parts that differ between failures of the same reason: run ids, counts, times, ports.
_VARYING = re.compile(r"\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b|\b(?=[a-f]*\d)[0-9a-f]{8,}\b|\d+")


@dataclass(frozen=True, slots=True)
class EndedRun:
    """The latest run of a kind that has ended.

    Attributes:
        run_id: Its id.
        kind: `all`, `master-data`, `receipts`, `import` or `assets`.
        ended_at: When it ended.
        reason: Why it could not do its work; None where it could, even if every record was rejected.
    """

    run_id: str
    kind: str
    ended_at: dt.datetime
    reason: str | None

    @property
    def is_failed(self) -> bool:
        """Whether it could not do its work."""
        return self.reason is not None


@dataclass(frozen=True, slots=True)
class AlertReport:
    """The result of a check for alerts.

    Attributes:
        told: Number of new causes sent, by channel.
        problems: Why some could not be sent; they are tried again at the next check.
    """

    told: Mapping[str, int]
    problems: tuple[str, ...]


class Channel(Protocol):
    """A way to deliver messages to people."""

    def send(self, message: Message) -> None:
        """Delivers a message, or raises DeliveryError."""

    def look(self) -> None:
        """Checks whether delivery would work, or raises DeliveryError; delivers nothing."""


def is_wanted(settings: Settings) -> bool:
    """Whether the settings name any recipient."""
    return settings.alerts.email is not None or settings.alerts.webhook


@dataclass(frozen=True, slots=True)
class News:
    """What is new for one channel.

    Attributes:
        keys: What is to be remembered once it was sent.
        failed: Runs that failed, by the fingerprint of their reason.
        causes: Causes of rejections.
        latest_run: The latest run that worked; empty where there is none.
    """

    keys: Sequence[CauseKey]
    failed: Mapping[str, Sequence[EndedRun]]
    causes: Mapping[CauseKey, RejectionCause]
    latest_run: str

    @property
    def count(self) -> int:
        """How many there are to tell."""
        return len(self.failed) + len(self.causes)


def send_alerts(configuration: Configuration, runs: Sequence[EndedRun]) -> AlertReport:
    """Sends new causes through each channel, and forgets those that are over.

    Args:
        configuration: Settings and connections.
        runs: The latest ended run of each kind.

    Returns:
        What was sent. A receiver that cannot be reached is a problem in it, not an error.

    Raises:
        StateUnavailableError: Our own tables cannot be reached or written.
    """
    told: dict[str, int] = {}
    problems: list[str] = []
    with alert_store(configuration) as store:
        for name, make in channels_of(configuration.settings, configuration.connections).items():
            news = find_news(store, name, runs)
            try:
                if news.count:
                    make().send(_message(configuration.settings, news))
                    told[name] = news.count
            except DeliveryError as error:
                problems.append(error.render(configuration.settings.language))
            else:
                store.note(name, news.keys)
    return AlertReport(told, tuple(problems))


def find_news(store: AlertStore, channel: str, runs: Sequence[EndedRun], company: str | None = None) -> News:
    """What was not sent through a channel yet; forgets what is over.

    Args:
        store: What is open, and what was sent.
        channel: The channel's name.
        runs: The latest ended run of each kind.
        company: The company's key in a chain: a reason that names it is another company's too.

    Returns:
        The news.

    Raises:
        StateUnavailableError: Our own tables cannot be reached or written.
    """
    open_causes = store.open_causes()
    failing = {_key(run, company): run for run in not_made_up_for(runs)}
    known = _known(store, channel, open_causes)
    store.forget(channel, [key for key in known if _is_over(key, open_causes, failing, runs)])
    new = [key for key in (*failing, *sorted(open_causes)) if key not in known]
    # the same reason under another kind of run is not new, and must not be sent later either
    reasons = {key.code for key in known if key in failing}
    failed: dict[str, list[EndedRun]] = {}
    for key in new:
        if key.is_run and key.code not in reasons:
            failed.setdefault(key.code, []).append(failing[key])
    causes = {key: _cause(store, key, open_causes[key]) for key in new if not key.is_run}
    told_by = [run for run in runs if run.reason is None]
    latest = max(told_by, key=lambda run: run.ended_at).run_id if told_by else ""
    return News(new, failed, causes, latest)


def failed_run(same: Sequence[EndedRun], settings: Settings, companies: Sequence[str] = ()) -> FailedRun:
    """Runs that failed for one reason, as a message tells of them.

    Args:
        same: The runs.
        settings: For language and zone.
        companies: The companies of a chain whose they are.

    Returns:
        The latest of them, with the kinds of all.
    """
    latest = max(same, key=lambda run: run.ended_at)
    at = minute(latest.ended_at.astimezone(settings.zone), settings.language)
    return FailedRun(latest.run_id, sorted({run.kind for run in same}), at, latest.reason or "", companies)


def _known(store: AlertStore, channel: str, open_causes: Mapping[CauseKey, int]) -> frozenset[CauseKey]:
    """The causes already sent; what an older release sent for a code counts for all causes of that code."""
    known = store.known(channel)
    if former := {key for key in known if not key.is_whole}:
        store.note(channel, [key for key in open_causes if CauseKey(key.subject, key.code) in former])
        store.forget(channel, former)
        known = store.known(channel)
    return known


def diagnose_alerts(settings: Settings, connections: Connections) -> list[Problem]:
    """Checks whether alerts could be delivered; sends none."""
    problems = []
    for make in channels_of(settings, connections).values():
        try:
            make().look()
        except DeliveryError as error:
            problems.append(Problem("alerts", error.message, error.hint or ""))
    return problems


def channels_of(settings: Settings, connections: Connections) -> Mapping[str, Callable[[], Channel]]:
    """The channels of the settings, by name; creating one raises DeliveryError where its secret is missing."""
    wanted: dict[str, Callable[[], Channel]] = {}
    email = settings.alerts.email
    if email is not None:
        wanted["email"] = lambda: _email(email, settings, connections)
    if settings.alerts.webhook:
        wanted["webhook"] = lambda: _webhook(settings, connections)
    return wanted


def _email(email: Email, settings: Settings, connections: Connections) -> Channel:
    if email.user is not None and connections.smtp_password is None:
        raise DeliveryError(
            say("There is no password for the mail server's user '{user}'.", user=email.user),
            hint=say("Set CLOUDKASSE_SMTP_PASSWORD, or remove alerts.email.user from the settings."),
        )
    return EmailChannel(email, connections.smtp_password, settings.alerts.timeout_seconds)


def _webhook(settings: Settings, connections: Connections) -> Channel:
    if connections.alert_webhook_url is None:
        raise DeliveryError(
            say("alerts.webhook is set, but the webhook's address is not known."),
            hint=say("Set CLOUDKASSE_ALERT_WEBHOOK_URL; it holds a secret, and so does not stand in the settings."),
        )
    return WebhookChannel(connections.alert_webhook_url, settings.alerts.timeout_seconds)


def _is_over(
    key: CauseKey,
    open_causes: Mapping[CauseKey, int],
    failing: Mapping[CauseKey, EndedRun],
    runs: Sequence[EndedRun],
) -> bool:
    if not key.is_run:
        return key not in open_causes
    kind = key.subject.removeprefix(_RUN)
    # Another reason since then does not end it, and neither does a history that was lost or pruned: a run that
    # worked does.
    if any(known.subject == key.subject for known in failing):
        return False
    return any(run.kind == kind for run in runs) or is_made_up_for(kind, runs, since=None)


def _key(run: EndedRun, company: str | None = None) -> CauseKey:
    reason = run.reason or ""
    if company is not None:  # as part of a database's name or a file's, too
        reason = re.sub(rf"(?<![a-z0-9]){re.escape(company)}(?![a-z0-9])", "#", reason)
    return CauseKey(f"{_RUN}{run.kind}", fingerprint(" ".join(_VARYING.sub("#", reason).split())), is_run=True)


def _cause(store: AlertStore, key: CauseKey, count: int) -> RejectionCause:
    return RejectionCause(key.subject, key.code, count, store.examples(key, SHOWN_EXAMPLES), store.stuck(key))


def _message(settings: Settings, news: News) -> Message:
    return compose(
        settings.company.number,
        [failed_run(same, settings) for same in news.failed.values()],
        sorted(news.causes.values(), key=lambda cause: cause.place(settings.language)),
        settings.language,
        latest_run=news.latest_run,
        ui_url=settings.alerts.ui_url,
    )


@contextmanager
def alert_store(configuration: Configuration) -> Iterator[AlertStore]:
    """Opens what is open and what was sent, of a company.

    Raises:
        StateUnavailableError: Our own tables cannot be reached or written.
    """
    with tables_to_write(place_of(configuration.settings, configuration.connections)) as opened:
        yield AlertStore(connect(opened))
