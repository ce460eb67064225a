"""How each company is: its last run, what is open, what waits. The worst comes first."""

import datetime as dt
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Self

from cloudkasse_etl.config.settings import Configuration
from cloudkasse_etl.errors import CloudkasseError, ConfigurationError
from cloudkasse_etl.i18n.text import Language, Text, joined, rendered, say, say_as, say_count
from cloudkasse_etl.sync.monitoring.chain.at_once import for_each
from cloudkasse_etl.sync.monitoring.failed_runs import LastRun
from cloudkasse_etl.sync.monitoring.open_records import OpenReport, open_records

LastRunOf = Callable[[str | None], LastRun | None]


class State(StrEnum):
    """How a company is, the worst first."""

    BROKEN = "broken"
    UNREACHABLE = "unreachable"
    FAILED = "failed"
    ACTION_NEEDED = "action_needed"
    WAITING = "waiting"
    LEVEL = "level"


STATE_WORDS = {
    State.BROKEN: say_as("company", "broken settings"),
    State.UNREACHABLE: say_as("company", "unreachable"),
    State.FAILED: say_as("company", "failed"),
    State.ACTION_NEEDED: say_as("company", "needs a person"),
    State.WAITING: say_as("company", "waiting"),
    State.LEVEL: say_as("company", "level"),
}
_RANKS = {state: rank for rank, state in enumerate(State)}
# The exit code, the worst first.
_CODES = {State.BROKEN: 2, State.UNREACHABLE: 20, State.FAILED: 20, State.ACTION_NEEDED: 10}


@dataclass(frozen=True, slots=True)
class CompanyStatus:
    """How a company is.

    Attributes:
        company: Its key; None for a single shop.
        report: What is open; None where it could not be read.
        error: Why it could not be.
    """

    company: str | None
    report: OpenReport | None = None
    error: CloudkasseError | None = None

    @property
    def state(self) -> State:
        """How it is, in a word."""
        if self.report is None:
            return State.BROKEN if isinstance(self.error, ConfigurationError) else State.UNREACHABLE
        if self.report.has_failed:
            return State.FAILED
        if self.report.is_open:
            return State.ACTION_NEEDED
        return State.WAITING if self.report.waiting or self.report.last_run is None else State.LEVEL

    @property
    def since(self) -> dt.datetime | None:
        """Since when something is open or waits; None where that is not known."""
        report = self.report
        if report is None:
            return None
        if self.state is State.FAILED and report.last_run is not None:
            return report.last_run.ended_at
        if self.state is State.ACTION_NEEDED:
            return min((cause.since for cause in report.causes if cause.since), default=None)
        return min((wait.since for wait in report.waits), default=None)

    @property
    def text(self) -> Text | str:
        """What is open, or why that is not known."""
        if self.report is None:
            return _told_error(self.error)
        texts: list[Text | str] = [self.report.sentence]
        if self.report.last_run is None:
            texts.insert(0, say("No run has ended yet."))
        return joined(" ", texts)

    def in_short(self, language: Language) -> str:
        """The same in a few words, for a line of a table; empty where nothing is open."""
        report = self.report
        if report is None:
            return rendered(self.text, language)
        texts: list[Text | str] = []
        if report.last_run is None:
            texts.append(say("No run has ended yet."))
        elif report.has_failed:
            texts.append(report.last_run.message)
        if report.causes:
            causes = say_count("1 cause", "{count:,} causes", count=len(report.causes))
            parts = joined(", ", filter(None, (causes, report.stuck.render(language))))
            texts.append(
                say_count("{count:,} record rejected ({parts})", "{count:,} records rejected ({parts})",
                          count=report.count, parts=parts)
            )  # fmt: skip
        if missing := sum(missing.count for missing in report.missing):
            texts.append(say("{count:,} missing", count=missing))
        to_import = report.sums.waiting
        if to_import.count:
            texts.append(
                say("{count:,} to import ({amount})", count=to_import.count, amount=to_import.amount(language))
            )
        if (others := report.waiting - to_import.count) > 0:
            texts.append(say("{count:,} waiting for others", count=others))
        return joined(" · ", texts).render(language)

    @property
    def cure(self) -> Text | str:
        """The first thing to do; empty where there is none."""
        report = self.report
        if report is None:
            if isinstance(self.error, ConfigurationError):
                cures = [problem.cure for problem in self.error.problems]
                return self.error.hint or next(filter(None, cures), say("Correct the company's settings file."))
            return (self.error.hint if self.error else None) or ""
        if report.last_run is not None and report.has_failed:
            return report.last_run.message
        cures = [*(cause.cure for cause in report.causes), *(missing.cure for missing in report.missing)]
        return next(iter([*cures, *(wait.cure for wait in report.waits)]), "")

    @property
    def place(self) -> tuple[int, int, str]:
        """Its sort key: the worst first, then the most records."""
        open_ones = 0 if self.report is None else self.report.count or self.report.waiting
        return _RANKS[self.state], -open_ones, self.company or ""

    def as_dict(self, language: Language) -> dict[str, Any]:
        """As `status --json` prints it."""
        report, since = self.report or OpenReport(language), self.since
        last, waiting = report.last_run, report.sums.waiting
        return {
            "state": str(self.state),
            "since": since.isoformat(timespec="seconds") if since else None,
            "message": rendered(self.text, language),
            "cure": rendered(self.cure, language),
            "last_run": {
                "kind": last.kind,
                "outcome": last.outcome,
                "ended_at": last.ended_at.isoformat(timespec="seconds"),
                "message": rendered(last.message, language),
            }
            if last
            else None,
            "open": report.count,
            "causes": len(report.causes),
            **report.stuck.as_dict(),
            "missing": sum(missing.count for missing in report.missing),
            "waiting": report.waiting,
            "to_import": waiting.count,
        }


def status_of(configuration: Configuration, last_run: LastRun | None) -> CompanyStatus:
    """How a company, or the single shop, is.

    Args:
        configuration: Settings and connections.
        last_run: The run by which one judges whether all is well.

    Raises:
        ErpUnavailableError: Our tables are in the ERP's database, and that cannot be reached.
        StateUnavailableError: Our own tables cannot be reached.
    """
    return CompanyStatus(configuration.company, open_records(configuration, last_run=last_run))


def statuses_of(
    load: Callable[[str], Configuration],
    companies: Sequence[str],
    last_run_of: LastRunOf,
    *,
    seconds: float | None = None,
) -> list[CompanyStatus]:
    """How companies are, the worst first.

    Args:
        load: Reads a company's configuration, by its key.
        companies: Their keys.
        last_run_of: The run by which one judges whether all is well with a company.
        seconds: When the look ends; None: when all have been looked at.

    Returns:
        The companies; those for which there was no time as unreachable.
    """
    answers = for_each(lambda key: status_of(load(key), last_run_of(key)), companies, seconds=seconds)
    found = {answer.company: answer.found or CompanyStatus(answer.company, error=answer.error) for answer in answers}
    late = CloudkasseError(say("There was no time to look at it."))
    return in_order([found.get(key) or CompanyStatus(key, error=late) for key in companies])


def in_order(statuses: Iterable[CompanyStatus]) -> list[CompanyStatus]:
    """The worst first."""
    return sorted(statuses, key=lambda status: status.place)


def exit_code(statuses: Iterable[CompanyStatus]) -> int:
    """That of the worst: 2 broken settings, 20 failed or unreachable, 10 a person is needed, else 0."""
    codes = {_CODES.get(status.state, 0) for status in statuses}
    return next((code for code in _CODES.values() if code in codes), 0)


@dataclass(frozen=True, slots=True)
class Counts:
    """How many companies are in which state."""

    by_state: Counter[State]

    @classmethod
    def of(cls, statuses: Iterable[CompanyStatus]) -> Self:
        """Those of some companies."""
        return cls(Counter(status.state for status in statuses))

    def render(self, language: Language) -> str:
        """Like `60 companies: 1 broken settings, 2 failed, 57 level.`"""
        parts = [
            say("{count:,} {state}", count=self.by_state[state], state=rendered(STATE_WORDS[state], language))
            for state in State
            if self.by_state[state]
        ]
        head = say_count("{count:,} company", "{count:,} companies", count=self.by_state.total())
        return say("{companies}: {parts}.", companies=head, parts=joined(", ", parts)).render(language)


def _told_error(error: CloudkasseError | None) -> Text | str:
    if isinstance(error, ConfigurationError) and error.problems:
        return joined(" ", [problem.text_of() for problem in error.problems])
    return "" if error is None else joined(" ", filter(None, (error.message, error.hint)))
