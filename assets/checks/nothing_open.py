"""The check of asset action_needed: yellow while something is open, red once it has been open for too long."""

import dagster as dg

from assets.instance.typed_commands import as_typed
from cloudkasse_etl.config.settings import Settings
from cloudkasse_etl.entities import ACTION_NEEDED
from cloudkasse_etl.i18n.text import Text, joined, say, say_count
from cloudkasse_etl.sync.monitoring.open_records import OpenReport

NOTHING_OPEN = "nothing_open"


def open_check(settings: Settings) -> dg.AssetCheckSpec:
    """Warns while something needs a person; fails when it has been open for long, or the last run failed."""
    return dg.AssetCheckSpec(
        NOTHING_OPEN,
        asset=ACTION_NEEDED,
        description=say(
            "No record is rejected, no receipt or closing is missing, and each run that failed has been made up for. A "
            "warning while something is open; an error once a record has been rejected for longer than "
            "`checks.waiting_hours` in the settings, or while nothing has made up for a run that failed."
        ).render(settings.language),
    )


def broken_result(sentence: str) -> dg.AssetCheckResult:
    """The check's result where a company's settings are broken: nothing is known of what is open."""
    return dg.AssetCheckResult(
        asset_key=ACTION_NEEDED,
        check_name=NOTHING_OPEN,
        passed=False,
        severity=dg.AssetCheckSeverity.ERROR,
        description=as_typed(sentence),
    )


def open_result(report: OpenReport, settings: Settings) -> dg.AssetCheckResult:
    """The check's result: the sentence, what is urgent about it, and the first thing to do."""
    texts: list[str | Text] = [report.sentence]
    if report.overdue:
        texts.append(
            say_count(
                "{count:,} record has been open for more than {hours}.",
                "{count:,} records have been open for more than {hours}.",
                count=report.overdue,
                hours=say_count("{count} hour", "{count} hours", count=report.hours or 0),
            )
        )
    if report.has_failed and report.last_run is not None:
        texts.append(report.last_run.message)
    if cures := [*(cause.cure for cause in report.causes), *(missing.cure for missing in report.missing)]:
        texts.append(say("First: {cure}", cure=cures[0]))
    severity = dg.AssetCheckSeverity.ERROR if report.is_urgent else dg.AssetCheckSeverity.WARN
    return dg.AssetCheckResult(
        asset_key=ACTION_NEEDED,
        check_name=NOTHING_OPEN,
        passed=not report.is_open,
        severity=severity,
        description=as_typed(joined(" ", texts).render(settings.language)) if report.is_open else None,
        metadata={
            "open_rejections": report.count,
            "causes": len(report.causes),
            "missing": sum(missing.count for missing in report.missing),
            "overdue": report.overdue,
        },
    )
