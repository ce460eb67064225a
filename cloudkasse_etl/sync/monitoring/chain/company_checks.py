"""The checks of `check` for all companies of a chain: what is wrong with the installation, and with which companies."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cloudkasse_etl.config.companies.installation import Installation
from cloudkasse_etl.config.variables import COMPANY_VARIABLE
from cloudkasse_etl.errors import CloudkasseError, ConfigurationError, Problem
from cloudkasse_etl.i18n.text import Language, Text, say, say_count
from cloudkasse_etl.sync.monitoring.chain.at_once import for_each
from cloudkasse_etl.sync.monitoring.diagnosis import diagnose, diagnose_shared

# Unlike a look at our own tables, it asks ERP and till, which may each take their time to be found silent.
SECONDS_A_COMPANY = 90.0


@dataclass(frozen=True, slots=True)
class ChainDiagnosis:
    """What is wrong.

    Attributes:
        shared: With the installation as a whole.
        companies: With each company, by its key; empty where it is well.
        broken: The companies whose settings are broken.
    """

    shared: Sequence[Problem]
    companies: Mapping[str, Sequence[Problem]]
    broken: frozenset[str]

    @property
    def is_well(self) -> bool:
        """Whether nothing is wrong anywhere."""
        return not any(not problem.is_note for problem in self.shared) and self.well == len(self.companies)

    @property
    def well(self) -> int:
        """How many companies are well."""
        return sum(all(problem.is_note for problem in problems) for problems in self.companies.values())

    @property
    def sentence(self) -> Text:
        """How many companies are well."""
        return say_count(
            "{well:,} of {count:,} company is well.", "{well:,} of {count:,} companies are well.",
            count=len(self.companies), well=self.well,
        )  # fmt: skip

    def as_dict(self, language: Language) -> dict[str, Any]:
        """As `check --json` prints it: every company, those that are well too."""
        return {
            "ok": self.is_well,
            **listed(self.shared, language),
            "companies": {key: _listed(problems, language) for key, problems in self.companies.items()},
        }


def diagnose_companies(
    installation: Installation, companies: Sequence[str], environment: Mapping[str, str]
) -> ChainDiagnosis:
    """Checks companies of a chain at once, and what they share.

    Args:
        installation: The chain.
        companies: The keys of those to check.
        environment: The environment's variables.

    Returns:
        Every problem with its cure.

    Raises:
        ConfigurationError: The chain's folder cannot be read, or is empty.
    """

    def look(key: str) -> Sequence[Problem]:
        return diagnose({**environment, COMPANY_VARIABLE: key}, of_all=False)

    answers = for_each(look, companies, seconds_a_company=SECONDS_A_COMPANY)
    found = {
        answer.company: _problems_of(answer.error) if answer.error is not None else answer.found or []
        for answer in answers
    }
    broken = frozenset(key for key in companies if _is_broken(installation, key))
    return ChainDiagnosis(diagnose_shared(installation), {key: found[key] for key in companies}, broken)


def listed(problems: Sequence[Problem], language: Language) -> dict[str, Any]:
    """Problems as `check --json` prints them; notes only where there are any."""
    notes = [problem.as_dict(language) for problem in problems if problem.is_note]
    wrong = [problem.as_dict(language) for problem in problems if not problem.is_note]
    return {"problems": wrong} | ({"notes": notes} if notes else {})


def _listed(problems: Sequence[Problem], language: Language) -> dict[str, Any]:
    found = listed(problems, language)
    return {"ok": not found["problems"], **found}


def _problems_of(error: CloudkasseError) -> Sequence[Problem]:
    if isinstance(error, ConfigurationError) and error.problems:
        return error.problems
    return [Problem(say("company"), error.message, error.hint or "")]


def _is_broken(installation: Installation, key: str) -> bool:
    try:
        installation.configuration(key)
    except ConfigurationError:
        return True
    return False
