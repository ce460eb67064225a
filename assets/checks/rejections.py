"""Asset checks on rejections and reviews, made from reports; they do not change a run's outcome."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import dagster as dg

from assets.instance.typed_commands import as_typed
from assets.ui.markdown import plain
from assets.ui.tables import shown_list
from cloudkasse_etl.config.settings import Settings
from cloudkasse_etl.entities import ACTION_NEEDED
from cloudkasse_etl.i18n.formats import counted, shown_time
from cloudkasse_etl.i18n.text import Language, Text, say, say_count
from cloudkasse_etl.rejections.catalogue.delivery_codes import NOT_AS_BOOKED, WAITS_LONG
from cloudkasse_etl.rejections.catalogue.ledger_codes import NOT_AS_POSTED, WAITS_TO_BE_PROCESSED
from cloudkasse_etl.rejections.catalogue.storage_codes import NOT_AS_MOVED
from cloudkasse_etl.rejections.causes import SHOWN_EXAMPLES, Cause, by_cause, more_than
from cloudkasse_etl.sync.run.report import AssetReport

# The UI sorts an asset's checks by name and opens the first: it should be the one that fails most often.
REJECTIONS = "all_records_accepted"
REGISTER_FIRST = "register_before_articles"
SHOWN_WARNINGS = 20
SHOWN_CAUSES = 3
EVERY_REGISTER = "prices_for_every_register"
REVIEW = "nothing_to_review"
AS_BOOKED = "delivered_equals_booked"
TAKEN_OVER = "documents_are_taken_over"
PROCESSED = "batches_are_processed"
DESCRIPTIONS: Mapping[str, Text] = {
    REJECTIONS: say(
        "No record stands rejected. Rejected records hold up nothing else; the asset's page and the "
        "run's protocol say which they are and what to do."
    ),
    REGISTER_FIRST: say(
        "A register is synchronised, so that the till takes articles and prices. Until then they wait."
    ),
    EVERY_REGISTER: say(
        "Each article that has a price in one register's price group has one in every register's. "
        "May well be meant so: a market stall sells less than the shop."
    ),
    REVIEW: say(
        "Nothing that this run booked needs to be looked at: VAT rates are those of the ERP on that day, "
        "no cash went in or out without a known reason."
    ),
    AS_BOOKED: say(
        "What is not taken over or processed yet comes to what is booked of its receipts: a document by account and "
        "tax code to the cent, by article and warehouse to the thousandth; a batch by day, account and tax code to the "
        "cent."
    ),
    TAKEN_OVER: say(
        "No document waits in SelectLine for longer than `checks.waiting_hours` in the settings to be taken over."
    ),
    PROCESSED: say(
        "No batch waits in SelectLine's ledger for longer than `checks.waiting_hours` in the settings to be processed."
    ),
}


def report_checks(asset: str, *names: str) -> list[dg.AssetCheckSpec]:
    """The check of rejections and some others for an asset; each warns, and none changes a run's outcome."""
    return [dg.AssetCheckSpec(name, asset=asset, description=DESCRIPTIONS[name]) for name in (REJECTIONS, *names)]


def check_results(report: AssetReport, names: Sequence[str], settings: Settings) -> list[dg.AssetCheckResult]:
    """The results of the named checks; Dagster requires a result for every declared check, always.

    Args:
        report: The asset's report.
        names: The names of its checks.
        settings: For the language and the limits.

    Returns:
        A result for each name.
    """
    evaluate = {
        REJECTIONS: _rejections,
        REGISTER_FIRST: _register_first,
        EVERY_REGISTER: _every_register,
        REVIEW: _review,
        AS_BOOKED: _as_booked,
        TAKEN_OVER: _taken_over,
        PROCESSED: _processed,
    }
    return [evaluate[name](report, settings)._replace(asset_key=dg.AssetKey(report.asset)) for name in names]


def _rejections(report: AssetReport, settings: Settings) -> dg.AssetCheckResult:
    count, language = len({rejection.key for rejection in report.rejections}), settings.language
    causes = by_cause(report.rejections, language)
    if len(report.rejections) == 1:
        (only,) = report.rejections
        text = f"{only.name(language)}: {only.text(language)} {only.cure(language)}"
    else:
        shown = [f"{counted(cause.count, language)} × {cause.summary} {cause.cure}" for cause in causes[:SHOWN_CAUSES]]
        text = " ".join(shown) + (" …" if len(causes) > SHOWN_CAUSES else "")
    result = _warning(REJECTIONS, text, rejected=count, causes=len(causes))
    listed = [_told(cause, settings) for cause in causes[:SHOWN_WARNINGS]]
    more = _further(report.asset, causes, len(listed), language)
    return result._replace(metadata={**result.metadata, **shown_list("rejections", listed, more)})


def _further(asset: str, causes: Sequence[Cause], shown: int, language: Language) -> str:
    """A note on where every record is listed; empty if the check names all of them."""
    if len(causes) <= shown and all(cause.count <= SHOWN_EXAMPLES for cause in causes):
        return ""
    every = say(
        "Every record: asset {page}, or cloudkasse-etl rejections --asset {asset}", page=ACTION_NEEDED, asset=asset
    )
    return "; ".join(filter(None, [more_than(len(causes), shown, language), every.render(language)]))


def _told(cause: Cause, settings: Settings) -> str:
    """A cause as on the asset's page, and besides its code, and since when it exists: in three lines."""
    language = settings.language
    begun = shown_time(cause.since, settings.zone, language) if cause.since else ""
    since = say("since {since}", since=begun).render(language) if begun else ""
    count = say_count("{count:,} record", "{count:,} records", count=cause.count).render(language)
    facts = " · ".join(filter(None, [count, cause.amount_text, since, cause.code]))
    return "\n".join([cause.cure, cause.summary, f"{facts}: {cause.examples}"])


def _review(report: AssetReport, settings: Settings) -> dg.AssetCheckResult:
    language = settings.language
    shown = [f"{warning.name(language)}: {warning.text(language)}" for warning in report.warnings[:SHOWN_WARNINGS]]
    text = "; ".join(shown[:1])
    count = len(report.warnings)
    result = _warning(REVIEW, _several(count, text, settings) if count > 1 else text, to_review=count)
    found = {"warnings": dg.MetadataValue.md("\n".join(f"- {plain(line)}" for line in shown))} if shown else {}
    return result._replace(metadata={**result.metadata, **found})


def _as_booked(report: AssetReport, settings: Settings) -> dg.AssetCheckResult:
    return _warnings(AS_BOOKED, (NOT_AS_BOOKED, NOT_AS_POSTED, NOT_AS_MOVED), report, settings)


def _taken_over(report: AssetReport, settings: Settings) -> dg.AssetCheckResult:
    return _warnings(TAKEN_OVER, (WAITS_LONG,), report, settings)


def _processed(report: AssetReport, settings: Settings) -> dg.AssetCheckResult:
    return _warnings(PROCESSED, (WAITS_TO_BE_PROCESSED,), report, settings)


def _warnings(check: str, codes: Sequence[str], report: AssetReport, settings: Settings) -> dg.AssetCheckResult:
    """The warnings of some codes as a check of their own."""
    mine = replace(report, warnings=tuple(warning for warning in report.warnings if warning.code in codes))
    return _review(mine, settings)._replace(check_name=check)


def _several(count: int, first: str, settings: Settings) -> str:
    return say("{count:,} to review; {first}", count=count, first=first).render(settings.language)


def _register_first(report: AssetReport, settings: Settings) -> dg.AssetCheckResult:
    waiting = [deferral for deferral in report.deferrals if deferral.code == "register_required"]
    text = waiting[0].text(settings.language) if waiting else ""
    return _warning(REGISTER_FIRST, text, waiting=sum(deferral.count for deferral in waiting))


def _every_register(report: AssetReport, settings: Settings) -> dg.AssetCheckResult:
    lacking = {
        register.number: report.lacking[register.price_group]
        for register in settings.registers
        if report.lacking.get(register.price_group)
    }
    missing = (
        say_count(
            "{register}: {count:,} article without a price",
            "{register}: {count:,} articles without a price",
            count=count,
            register=number,
        )
        for number, count in lacking.items()
    )
    text = "; ".join(one.render(settings.language) for one in missing)
    return _warning(EVERY_REGISTER, text, **lacking)


def _warning(name: str, text: str, **counts: int) -> dg.AssetCheckResult:
    """The result of a check: passed if there is no text, else a warning."""
    return dg.AssetCheckResult(
        check_name=name,
        passed=not text,
        severity=dg.AssetCheckSeverity.WARN,
        description=as_typed(text) or None,
        metadata=counts,
    )
