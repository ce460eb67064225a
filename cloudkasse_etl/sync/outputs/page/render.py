"""The use case that writes the page of a run: the run's data and the sales up to it, in one HTML file."""

import datetime as dt
from collections.abc import Callable, Sequence
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import Any

from jinja2 import Environment, FunctionLoader, StrictUndefined

from cloudkasse_etl.config.settings import Configuration
from cloudkasse_etl.entities import BY_NAME
from cloudkasse_etl.i18n import formats
from cloudkasse_etl.i18n.text import rendered_by_name, say, say_count, with_semicolon
from cloudkasse_etl.rejections.causes import Cause, told_apart
from cloudkasse_etl.rejections.rejection import Language
from cloudkasse_etl.rejections.stuck_money import StuckMoney
from cloudkasse_etl.state.stores.deliveries.delivered_receipts import DeliveredReceipts, ListedDocument
from cloudkasse_etl.state.stores.deliveries.delivery_store import BATCH, TRANSFER
from cloudkasse_etl.sync.inputs.own_tables import open_reading
from cloudkasse_etl.sync.inputs.shop_name import shop_name
from cloudkasse_etl.sync.outputs.page.documents import SHOWN, documents_section
from cloudkasse_etl.sync.outputs.page.facts import RunFacts
from cloudkasse_etl.sync.outputs.page.settings_section import settings_section
from cloudkasse_etl.sync.outputs.page.texts import WORDS
from cloudkasse_etl.sync.outputs.page.view import View, cause_rows
from cloudkasse_etl.sync.outputs.tables.page_file import write_page_file
from cloudkasse_etl.sync.outputs.turnover import Turnover, sum_up_sales
from cloudkasse_etl.sync.run.report import Counts

SHOWN_CAUSES = 200
# The page is made to be passed on: whoever gets it has no other list. Past this many a reader needs the CSV file.
SHOWN_RECORDS = 1000
SYMBOLS = {"no_new_data": "✓", "successful": "✓", "partially_successful": "!", "failed": "✕"}
COLUMNS = ("new", "changed", "deactivated", "rejected", "still_rejected", "deferred")


def write_page(
    configuration: Configuration, facts: RunFacts, path: Path, *, typed: Callable[[str], str] = str
) -> Turnover:
    """Writes the page of a run. The file appears in one piece.

    Args:
        configuration: Settings and connections; the language and the zone are theirs.
        facts: The run.
        path: The HTML file.
        typed: Writes the commands and the settings file within a text as they can be typed here.

    Returns:
        The sales up to the run, as the page shows them.

    Raises:
        ConfigurationError: The file cannot be written.
        StateUnavailableError: Our own tables cannot be reached.
    """
    page, turnover = page_of(configuration, facts, typed=typed)
    write_page_file(path, page)
    return turnover


def page_of(
    configuration: Configuration, facts: RunFacts, *, typed: Callable[[str], str] = str
) -> tuple[str, Turnover]:
    """The page of a run as HTML, and the sales up to the run that it shows.

    Args:
        configuration: Settings and connections; the language and the zone are theirs.
        facts: The run.
        typed: Writes the commands and the settings file within a text as they can be typed here.

    Returns:
        The page and the sales.

    Raises:
        StateUnavailableError: Our own tables cannot be reached.
    """
    settings = configuration.settings
    now = dt.datetime.now(settings.zone)
    with open_reading(configuration) as store:
        turnover = sum_up_sales(store, settings.zone, until=facts.until)
        delivered = [
            DeliveredReceipts(store.connection, target).newest(SHOWN, facts.until) for target in (TRANSFER, BATCH)
        ]
    registers = {register.number: register.name for register in settings.registers}
    page = render(
        facts,
        turnover,
        language=settings.language,
        timezone=settings.timezone,
        registers=registers,
        delivered=delivered,
        now=now,
        shop=shop_name(configuration, now.date()),
        typed=typed,
    )
    return page, turnover


def render(
    facts: RunFacts,
    turnover: Turnover,
    *,
    language: Language,
    timezone: str,
    registers: dict[str, str],
    delivered: Sequence[Sequence[ListedDocument]] = (),
    now: dt.datetime,
    shop: str = "",
    typed: Callable[[str], str] = str,
) -> str:
    """Renders the page.

    Args:
        facts: The run.
        turnover: The sales up to it.
        language: The language of the page.
        timezone: The name of the shop's zone.
        registers: The registers' names by number.
        delivered: What was delivered into SelectLine last: documents, and batches for its ledger.
        now: When the page is made, on the shop's clock.
        shop: The shop's name.
        typed: Writes the commands and the settings file within a text as they can be typed here.

    Returns:
        The HTML.
    """
    words = rendered_by_name(WORDS, language)
    view = View(turnover, language, turnover.currency, registers)
    causes = facts.causes()
    environment = Environment(
        loader=FunctionLoader(lambda name: files(__package__).joinpath(name).read_text(encoding="utf-8")),
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    environment.filters["foreign"] = lambda text, limit: formats.clean(typed(text), limit)
    return environment.get_template("page.html.j2").render(
        t=words,
        language=language,
        shop=shop,
        run=_run(facts, language, now.tzinfo, typed),
        symbol=SYMBOLS.get(facts.outcome, "…"),
        up=_table({BY_NAME[name].heading.render(language): row for name, row in facts.upward().items()}, language),
        down=_table(facts.downward(), language),
        totals=_table({words["totals"]: Counts(**facts.counts)}, language),
        has_assets=facts.assets is not None,
        has_protocol=facts.protocol is not None,
        is_over=facts.seconds is not None,
        has_up=bool(facts.upward()),
        has_down=bool(facts.downward()),
        turnover=turnover,
        notices=_notices(turnover, language),
        figures=view.figures() if turnover.days else [],
        period=view.period() if turnover.days else "",
        sections=[
            *view.sections(),
            *filter(None, (documents_section(one, language) for one in delivered)),
            *filter(None, [settings_section(facts.settings_changes(), language)]),
        ],
        counts_what=_what_counts(timezone, language),
        open=_open(causes, language) if causes else "",
        causes=[(shown, _since(shown.cause.since, language, now.tzinfo)) for shown in
                cause_rows(causes, language, SHOWN_CAUSES, SHOWN_RECORDS)],
        further=typed(_further(len(causes) - SHOWN_CAUSES, facts.run_id, language)),
        fresh=lambda count: say("new in this run: {count:,}", count=count).render(language),
        as_table=lambda title: say("{title} as a table", title=title).render(language),
        waiting=(facts.protocol or {}).get("deferred", []),
        number=lambda value: formats.count(value, language),
        made=say("Made {now} by cloudkasse-etl {version}.", now=formats.moment(now, language),
                 version=version("cloudkasse-etl")).render(language),
    )  # fmt: skip


def _run(facts: RunFacts, language: Language, zone: dt.tzinfo | None, typed: Callable[[str], str]) -> dict[str, Any]:
    words = rendered_by_name(WORDS, language)
    message = typed(facts.message.strip())
    return {
        "id": facts.run_id,
        "outcome": facts.outcome,
        "word": words[facts.outcome],
        "sentence": formats.clean(message[:1].upper() + message[1:], 1000) or words[facts.outcome],
        "facts": [
            (words["kind"], words.get(f"kind_{facts.kind}", facts.kind)),
            (words["started"], formats.moment(facts.started_at.astimezone(zone), language)),
            (words["took"], "–" if facts.seconds is None else formats.duration(facts.seconds, language)),
            (words["by"], formats.clean(facts.started_by)),
            (words["run"], facts.run_id[:8]),
        ],
    }


def _table(counts: dict[str, Counts], language: Language) -> dict[str, Any]:
    """Counts as a table; columns and rows that are all 0 are left out."""
    shown = [name for name in COLUMNS if any(getattr(row, name) for row in counts.values())]
    words = rendered_by_name(WORDS, language)
    return {
        "heads": [words[name] for name in shown],
        "rows": [
            (
                words.get(label, label),
                [formats.count(getattr(row, name), language) if getattr(row, name) else "–" for name in shown],
            )
            for label, row in counts.items()
            if any(getattr(row, name) for name in shown)
        ],
    }


def _notices(turnover: Turnover, language: Language) -> list[str]:
    """Notes on what is missing in the figures."""
    notices = [
        say(
            "Receipts in {currency} are not counted here: {count}, turnover {amount} {currency}.",
            count=formats.count(other.receipts, language),
            amount=formats.euros(other.gross_cents, language),
            currency=formats.clean(other.currency, 10),
        )
        for other in turnover.others
    ]
    if turnover.refused:
        refused = say_count(
            "{count:,} receipt was rejected when it came and is not counted here.",
            "{count:,} receipts were rejected when they came and are not counted here.",
            count=turnover.refused,
        )
        notices.append(refused)
    return [notice.render(language) for notice in notices]


def _what_counts(timezone: str, language: Language) -> str:
    return say(
        "Turnover is what was sold, less returns, voids and discounts, with deposits, single-purpose vouchers and tips "
        "to the owner. Not in it: cash that was only moved, multi-purpose vouchers, tips to the staff, advances, and "
        "payments of open accounts; what was paid can therefore be another sum. Top articles are before discounts that "
        "stand on lines of their own. Days are business days of the registers; hours are those of {zone}.",
        zone=timezone,
    ).render(language)


def _open(causes: list[Cause], language: Language) -> str:
    records = len({(cause.asset, key) for cause in causes for key in cause.keys})
    head = say("1 record is rejected")
    if records > 1:
        told = say_count("1 cause", "{count:,} causes", count=len(causes))
        head = say("{records:,} records are rejected, for {causes}", records=records, causes=told)
    stuck = StuckMoney.of((victim.key, victim.amount) for cause in causes for victim in cause.victims)
    text = with_semicolon(head.render(language), stuck.sentence(language), language)
    several = told_apart(causes)
    return f"{text}. {several.render(language)}" if several else text


def _further(count: int, run_id: str, language: Language) -> str:
    if count <= 0:
        return ""
    return say_count(
        "{count:,} further cause stands in the protocol: cloudkasse-etl protocol {run}",
        "{count:,} further causes stand in the protocol: cloudkasse-etl protocol {run}",
        count=count,
        run=run_id[:8],
    ).render(language)


def _since(since: dt.datetime | None, language: Language, zone: dt.tzinfo | None) -> str:
    if since is None:
        return ""
    return say("since {since}", since=formats.moment(since.astimezone(zone), language)).render(language)
