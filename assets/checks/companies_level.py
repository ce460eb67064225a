"""The check of asset companies: yellow while one needs a person, red while one fails or cannot be read."""

from collections.abc import Sequence

import dagster as dg

from cloudkasse_etl.config.settings import Settings
from cloudkasse_etl.entities import COMPANIES
from cloudkasse_etl.i18n.text import joined, say
from cloudkasse_etl.rejections.causes import more_than
from cloudkasse_etl.sync.monitoring.chain.company_status import CompanyStatus, Counts, State, exit_code

ALL_LEVEL = "all_companies_level"
_NAMED = 10


def level_check(settings: Settings) -> dg.AssetCheckSpec:
    """Warns while a company needs a person; fails while one fails, or cannot be read."""
    return dg.AssetCheckSpec(
        ALL_LEVEL,
        asset=COMPANIES,
        description=say(
            "Every company is level, or waits for an import. A warning while one needs a person; an error while the "
            "settings of one are broken, while one cannot be reached, or while nothing has made up for a failed run."
        ).render(settings.language),
    )


def level_result(statuses: Sequence[CompanyStatus], settings: Settings) -> dg.AssetCheckResult:
    """The check's result: how many companies are how, and with which something is wrong.

    Args:
        statuses: All companies, the worst first.
        settings: For the language.

    Returns:
        The result.
    """
    language = settings.language
    wrong = [one.company or "" for one in statuses if exit_code([one])]
    is_error = any(one.state in (State.BROKEN, State.UNREACHABLE, State.FAILED) for one in statuses)
    names = " ".join(filter(None, (", ".join(wrong[:_NAMED]), more_than(len(wrong), _NAMED, language))))
    texts = [Counts.of(statuses).render(language), say("Not level: {names}.", names=names)]
    return dg.AssetCheckResult(
        asset_key=COMPANIES,
        check_name=ALL_LEVEL,
        passed=not wrong,
        severity=dg.AssetCheckSeverity.ERROR if is_error else dg.AssetCheckSeverity.WARN,
        description=joined(" ", texts).render(language) if wrong else None,
        metadata={"companies": len(statuses), "not_level": len(wrong)},
    )
