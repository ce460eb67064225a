"""The page of all companies of a chain: how each is, why, and what to do first. The worst comes first.

Sensor `what_is_open`, which looks at each company anyway, brings it up to now; a person may materialise it too.
"""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import dagster as dg

from assets.checks.companies_level import level_check, level_result
from assets.instance.reported_assets import CONTENT, last_reported, report_if_changed
from assets.instance.run_history import last_run_of
from assets.run.failures import plain_failures
from assets.ui.companies_markdown import companies_metadata
from cloudkasse_etl.config.companies.installation import Installation
from cloudkasse_etl.entities import COMPANIES
from cloudkasse_etl.fingerprint import fingerprint
from cloudkasse_etl.i18n.text import rendered, say
from cloudkasse_etl.sync.monitoring.chain.company_status import CompanyStatus, State, in_order, statuses_of

if TYPE_CHECKING:
    Result = dg.MaterializeResult[None]
else:
    Result = dg.MaterializeResult

# As long as a person who materialises it would wait.
_SECONDS = 120.0


def companies_asset(installation: Installation) -> dg.AssetsDefinition:
    """The asset. It has no partitions: it is about all companies."""
    language = installation.shared.language

    @dg.asset(
        name=COMPANIES,
        group_name="report",
        kinds={"report"},
        check_specs=[level_check(installation.shared)],
        description=say(
            "All companies, the worst first: how each is, since when, what is open, and what to do first; a click on "
            "one leads to its page. Looked at each minute."
        ).render(language),
    )
    def companies(context: dg.AssetExecutionContext) -> Result:
        with plain_failures(language):
            statuses = statuses_of(
                installation.configuration,
                installation.companies(),
                lambda key: last_run_of(context.instance, key),
                seconds=_SECONDS,
            )
        return dg.MaterializeResult(
            metadata=companies_metadata(statuses, installation.shared),
            check_results=[level_result(statuses, installation.shared)],
            tags={CONTENT: _content(statuses, installation)},
        )

    return companies


class GatheredStatuses:
    """What a sensor has found of the companies, tick by tick."""

    def __init__(self) -> None:
        self._found: dict[str, CompanyStatus] = {}

    def put(self, status: CompanyStatus) -> None:
        """Notes how a company is now."""
        self._found[status.company or ""] = status

    def report(self, instance: dg.DagsterInstance, installation: Installation, busy: Iterable[str | None]) -> bool:
        """Brings the page up to now, once each company has been looked at, but for those that have a run.

        Args:
            instance: Where it is recorded.
            installation: The chain.
            busy: The companies that have a run going on.

        Returns:
            Whether it showed something else.
        """
        keys = installation.companies()
        self._found = {key: self._found[key] for key in keys if key in self._found}
        if {*keys} - {*self._found, *busy}:
            return False
        statuses = in_order(self._found.values())
        return report_if_changed(
            instance,
            COMPANIES,
            _content(statuses, installation),
            metadata=companies_metadata(statuses, installation.shared),
            check=level_result(statuses, installation.shared),
            before=last_reported(instance, COMPANIES),
        )


def _content(statuses: Sequence[CompanyStatus], installation: Installation) -> str:
    """Differs when a company differs; not with each receipt that waits for its import."""
    language = installation.shared.language
    seen: list[tuple[Any, ...]] = [(language, installation.shared.timezone)]
    for one in statuses:
        open_now = "" if one.state is State.WAITING else one.in_short(language)
        seen.append((one.company, str(one.state), str(one.since), open_now, rendered(one.cure, language)))
    return fingerprint(repr(seen))
