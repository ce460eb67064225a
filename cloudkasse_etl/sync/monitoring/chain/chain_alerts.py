"""Alerts of a chain: one cause in many companies is one entry, with their names.

What was sent is remembered in each company's own tables, so that a company which gets the same cause later is told
then. Broken settings hide these tables: whoever calls remembers of which companies they were told.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from cloudkasse_etl.alerting.message import BrokenSettings, FailedRun, Message, RejectionCause, compose
from cloudkasse_etl.config.companies.installation import Installation
from cloudkasse_etl.config.connections import receivers_of
from cloudkasse_etl.config.settings import Configuration, Settings
from cloudkasse_etl.errors import ConfigurationError, DeliveryError
from cloudkasse_etl.fingerprint import fingerprint
from cloudkasse_etl.i18n.text import Text, joined, say, say_count
from cloudkasse_etl.rejections.causes import SHOWN_EXAMPLES
from cloudkasse_etl.rejections.stuck_money import StuckMoney
from cloudkasse_etl.state.stores.sent_alerts import CauseKey
from cloudkasse_etl.sync.monitoring.alerts import (
    AlertReport,
    Channel,
    EndedRun,
    News,
    alert_store,
    channels_of,
    failed_run,
    find_news,
)
from cloudkasse_etl.sync.monitoring.chain.at_once import Answer, for_each

# Dagster gives a sensor 60 seconds, in which the message has to go out too.
SECONDS_TO_LOOK = 25.0
SECONDS_TO_NOTE = 10.0
SECONDS_A_COMPANY = 10.0
BrokenTold = Mapping[str, Mapping[str, str]]
"""By channel: the companies whose broken settings were told, each with a fingerprint of what is wrong."""

_hanging: set[str] = set()
"""Companies whose threads have not come back yet, of earlier looks too."""


@dataclass(frozen=True, slots=True)
class ChainAlertReport(AlertReport):
    """The result for a chain.

    Attributes:
        unreached: Companies that could not be looked at: they have to be looked at again.
        undelivered: Companies of which something could not be delivered.
        broken_told: What is to be remembered until the next call.
    """

    unreached: tuple[str, ...] = ()
    undelivered: tuple[str, ...] = ()
    broken_told: BrokenTold | None = None


@dataclass(frozen=True, slots=True)
class _Broken:
    """A company's broken settings."""

    text: Text
    mark: str


def send_chain_alerts(
    installation: Installation,
    companies: Sequence[str],
    runs_of: Callable[[str], Sequence[EndedRun]],
    broken_told: BrokenTold,
) -> ChainAlertReport:
    """Sends what is new at companies of a chain, in one message a channel, and forgets what is over.

    Args:
        installation: The chain.
        companies: The keys of those to look at; broken settings are found of all.
        runs_of: The latest ended run of each kind of a company.
        broken_told: What the report before said.

    Returns:
        What was sent. A receiver or a company that cannot be reached is a problem in it, not an error.

    Raises:
        ConfigurationError: The chain's folder cannot be read, or is empty.
    """
    shared, language = installation.shared, installation.shared.language
    channels = channels_of(shared, receivers_of(installation.environment))
    usable, broken = _read(installation)

    def look(key: str) -> Mapping[str, News]:
        with alert_store(usable[key]) as store:
            return {name: find_news(store, name, runs_of(key), key) for name in channels}

    asked = [key for key in companies if key in usable]
    answers = for_each(look, asked, hanging=_hanging, seconds=SECONDS_TO_LOOK, seconds_a_company=SECONDS_A_COMPANY)
    found = {answer.company: answer.found for answer in answers if answer.found is not None}
    unreached = tuple(key for key in asked if key not in found)
    problems: list[str] = [_problem(answer) for answer in answers if answer.error is not None]
    told: dict[str, int] = {}
    undelivered: set[str] = set()
    remembered: dict[str, Mapping[str, str]] = {}
    for name, make in channels.items():
        news = {key: by_channel[name] for key, by_channel in sorted(found.items())}
        before = broken_told.get(name, {})
        try:
            if count := _send(make, news, _new_broken(broken, before), shared):
                told[name] = count
        except DeliveryError as error:
            problems.append(error.render(language))
            undelivered |= {key for key, one in news.items() if one.count}
            remembered[name] = {key: mark for key, mark in before.items() if key in broken}
        else:
            problems += _note(usable, name, news)
            remembered[name] = {key: one.mark for key, one in broken.items()}
    return ChainAlertReport(told, tuple(problems), unreached, tuple(sorted(undelivered)), remembered)


def _read(installation: Installation) -> tuple[dict[str, Configuration], dict[str, _Broken]]:
    usable, broken = {}, {}
    for key in installation.companies():
        try:
            usable[key] = installation.configuration(key)
        except ConfigurationError as error:
            text = joined(" ", [problem.text_of() for problem in error.problems] or [error.message])
            broken[key] = _Broken(text, fingerprint(str(text), size=8))
    return usable, broken


def _new_broken(broken: Mapping[str, _Broken], before: Mapping[str, str]) -> list[BrokenSettings]:
    """Those that were not sent yet: another fault in a file that is broken already is new, too."""
    by_text: dict[str, list[str]] = {}
    for key, one in broken.items():
        if before.get(key) != one.mark:
            by_text.setdefault(one.mark, []).append(key)
    return [BrokenSettings(keys, broken[keys[0]].text) for keys in by_text.values()]


def _send(
    make: Callable[[], Channel], news: Mapping[str, News], broken: Sequence[BrokenSettings], settings: Settings
) -> int:
    """Sends one message for all that is new; returns how many causes it tells, none where nothing is."""
    runs, causes = _failed_runs(news, settings), _causes(news)
    if count := len(runs) + len(causes) + len(broken):
        make().send(_message(news, runs, causes, broken, settings))
    return count


def _message(
    news: Mapping[str, News],
    runs: Sequence[FailedRun],
    causes: Sequence[RejectionCause],
    broken: Sequence[BrokenSettings],
    settings: Settings,
) -> Message:
    language = settings.language
    concerned = {
        *(key for key, one in news.items() if one.count),
        *(key for one in broken for key in one.companies),
    }
    several = say_count("({count:,} company)", "({count:,} companies)", count=len(concerned)).render(language)
    return compose(
        next(iter(concerned)) if len(concerned) == 1 else several,
        runs,
        sorted(causes, key=lambda cause: cause.place(language)),
        language,
        ui_url=settings.alerts.ui_url,
        broken=broken,
        is_chain=True,
    )


def _failed_runs(news: Mapping[str, News], settings: Settings) -> list[FailedRun]:
    by_reason: dict[str, dict[str, Sequence[EndedRun]]] = {}
    for key, one in news.items():
        for reason, same in one.failed.items():
            by_reason.setdefault(reason, {})[key] = same
    return [
        failed_run([run for same in of_companies.values() for run in same], settings, list(of_companies))
        for of_companies in by_reason.values()
    ]


def _causes(news: Mapping[str, News]) -> list[RejectionCause]:
    by_cause: dict[CauseKey, dict[str, RejectionCause]] = {}
    for key, one in news.items():
        for cause, told in one.causes.items():
            by_cause.setdefault(cause, {})[key] = told
    return [_merged(of_companies) for of_companies in by_cause.values()]


def _merged(of_companies: Mapping[str, RejectionCause]) -> RejectionCause:
    causes = list(of_companies.values())
    return replace(
        causes[0],
        count=sum(cause.count for cause in causes),
        examples=[example for cause in causes for example in cause.examples][:SHOWN_EXAMPLES],
        stuck=StuckMoney.sum_of(cause.stuck for cause in causes),
        companies=list(of_companies),
    )


def _note(usable: Mapping[str, Configuration], channel: str, news: Mapping[str, News]) -> list[str]:
    """Remembers what was sent, in each company's own tables."""

    def note(key: str) -> bool:
        with alert_store(usable[key]) as store:
            store.note(channel, news[key].keys)
        return True

    keys = [key for key, one in news.items() if one.keys]
    answers = for_each(note, keys, seconds=SECONDS_TO_NOTE, seconds_a_company=SECONDS_A_COMPANY)
    return [_problem(answer) for answer in answers if answer.error is not None]


def _problem(answer: Answer[Mapping[str, News]] | Answer[bool]) -> Text:
    fault = answer.error.message if answer.error is not None else ""
    return say("{company}: {text}", company=answer.company, text=fault)
