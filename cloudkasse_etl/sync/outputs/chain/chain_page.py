"""The page of a chain: how each company is, causes across companies, and the turnover of each with sums by currency."""

import datetime as dt
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from cloudkasse_etl.config.settings import Configuration, Settings
from cloudkasse_etl.i18n import formats
from cloudkasse_etl.i18n.text import Language, Text, rendered_each, say, say_as, say_count
from cloudkasse_etl.rejections.causes import Cause, more_than
from cloudkasse_etl.rejections.stuck_money import StuckMoney
from cloudkasse_etl.sync.inputs.own_tables import open_reading
from cloudkasse_etl.sync.outputs.tables.table_page import Chapter, Section, table_page
from cloudkasse_etl.sync.outputs.turnover import DAYS, Turnover, sum_up_sales

SHOWN_CAUSES = 200
NAMED_COMPANIES = 10
_LONGEST = 600


@dataclass(frozen=True, slots=True)
class CompanyFacts:
    """A company, as the page tells of it.

    Attributes:
        key: Its key.
        state: How it is, in a word.
        is_wrong: Whether a person has to look at it.
        since: Since when; None where that is not known.
        open_now: What is open, or why that is not known.
        cure: The first thing to do.
        causes: Why records are rejected.
        turnover: What it sold; None where that cannot be read.
    """

    key: str
    state: str
    is_wrong: bool
    since: dt.datetime | None
    open_now: str
    cure: str
    causes: Sequence[Cause]
    turnover: Turnover | None


def turnover_of(configuration: Configuration) -> Turnover:
    """What a company sold on its last business days.

    Raises:
        StateUnavailableError: Our own tables cannot be reached.
    """
    with open_reading(configuration) as store:
        return sum_up_sales(store, configuration.settings.zone)


def chain_page(
    companies: Sequence[CompanyFacts], counts: str, settings: Settings, *, typed: Callable[[str], str] = str
) -> str:
    """The page as HTML.

    Args:
        companies: All of them, the worst first.
        counts: How many are how, as a sentence.
        settings: What holds for the whole installation: language and zone.
        typed: Writes the commands within a text as they can be typed here.

    Returns:
        The HTML.
    """
    language = settings.language
    now = dt.datetime.now(settings.zone)
    unread = [one.key for one in companies if one.turnover is None]
    notes = []
    if unread:
        names = _named(unread, language)
        notes.append(say("The sales of these companies cannot be read, and are in no sum: {names}.", names=names))
    chapter = Chapter(
        figures=[
            (say("Companies").render(language), formats.counted(len(companies), language)),
            *_sums(companies, language),
        ],
        notes=[counts, *(note.render(language) for note in notes)],
        sections=[
            _outcomes(companies, settings, typed),
            _causes(companies, language, typed),
            _turnover(companies, language),
        ],
    )
    title, kicker = say("All companies").render(language), say("Till synchronisation").render(language)
    return table_page(title, kicker, [chapter], language, now)


def _outcomes(companies: Sequence[CompanyFacts], settings: Settings, typed: Callable[[str], str]) -> Section:
    language = settings.language
    return _section(
        say("How each company is"),
        say("The worst comes first."),
        (say("company"), say("state"), say("what is open"), say("what to do first")),
        [
            (one.key, _state(one, settings), _short(typed(one.open_now)), _short(typed(one.cure)))
            for one in companies
        ],
        language,
        texts=4,
        wide=3,
        marks=frozenset(at for at, one in enumerate(companies) if one.is_wrong),
    )  # fmt: skip


def _state(one: CompanyFacts, settings: Settings) -> str:
    if one.since is None:
        return one.state
    since = formats.shown_time(one.since, settings.zone, settings.language)
    return f"{one.state}, {say('since {since}', since=since).render(settings.language)}"


def _causes(companies: Sequence[CompanyFacts], language: Language, typed: Callable[[str], str]) -> Section:
    found: dict[tuple[str, str, str], dict[str, Cause]] = {}
    for one in companies:
        for cause in one.causes:
            found.setdefault((cause.asset, cause.code, cause.cure), {})[one.key] = cause
    rows = []
    for (_, code, cure), of_companies in found.items():
        stuck = StuckMoney.sum_of(cause.stuck for cause in of_companies.values())
        count = sum(cause.count for cause in of_companies.values())
        row = (
            _short(typed(cure)),
            _named(list(of_companies), language),
            code,
            formats.counted(count, language),
            stuck.render(language) or "–",
        )
        rows.append(((-stuck.weight, -count, cure), row))
    rows.sort(key=lambda pair: pair[0])
    return _section(
        say("Causes across companies"),
        say("Why records are rejected: what most money waits for comes first. A record with two faults is in both."),
        (say("what to do"), say("companies"), say("code"), say("records"), say("money that is stuck")),
        [row for _, row in rows[:SHOWN_CAUSES]],
        language,
        texts=3,
        wide=1,
    )


def _turnover(companies: Sequence[CompanyFacts], language: Language) -> Section:
    rows: list[tuple[str, ...]] = []
    for one in sorted(companies, key=lambda one: one.key):
        for currency, receipts, cents in _sales(one.turnover):
            rows.append((one.key, formats.counted(receipts, language), formats.money(cents, currency, language)))
    first_sum = len(rows)
    receipts_of, cents_of = _totals(companies)
    for currency, cents in cents_of.items():
        name = say("Sum, {currency}", currency=currency).render(language)
        count = formats.counted(receipts_of[currency], language)
        rows.append((name, count, formats.money(cents, currency, language)))
    return _section(
        say("Turnover by company"),
        say_count(
            "Gross, of the last {count} business day of each.", "Gross, of the last {count} business days of each.",
            count=DAYS,
        ),
        (say("company"), say_as("column", "receipts"), say("turnover")),
        rows,
        language,
        texts=1,
        sums=frozenset(range(first_sum, len(rows))),
    )  # fmt: skip


def _sales(turnover: Turnover | None) -> list[tuple[str, int, int]]:
    """Currency, receipts and cents."""
    if turnover is None:
        return []
    own = [(turnover.currency, turnover.receipts, turnover.gross_cents)] if turnover.days else []
    return [*own, *((other.currency, other.receipts, other.gross_cents) for other in turnover.others)]


def _totals(companies: Sequence[CompanyFacts]) -> tuple[Counter[str], Counter[str]]:
    receipts_of, cents_of = Counter[str](), Counter[str]()
    for one in companies:
        for currency, receipts, cents in _sales(one.turnover):
            receipts_of[currency] += receipts
            cents_of[currency] += cents
    return receipts_of, cents_of


def _sums(companies: Sequence[CompanyFacts], language: Language) -> list[tuple[str, str]]:
    stuck = StuckMoney.sum_of(
        StuckMoney.of((victim.key, victim.amount) for cause in one.causes for victim in cause.victims)
        for one in companies
    )
    _, cents_of = _totals(companies)
    turnover = [formats.money(cents, currency, language) for currency, cents in cents_of.items()]
    found = [(say("Turnover").render(language), one) for one in turnover]
    return [*found, *([(say("Stuck").render(language), stuck.render(language))] if stuck.receipts else [])]


def _section(
    title: Text,
    lead: Text,
    heads: Sequence[Text],
    rows: Sequence[Sequence[str]],
    language: Language,
    *,
    texts: int,
    wide: int = 0,
    marks: frozenset[int] = frozenset(),
    sums: frozenset[int] = frozenset(),
) -> Section:
    """A table of the page.

    Args:
        title: Its heading.
        lead: What it tells.
        heads: The headings of its columns.
        rows: Its rows.
        language: The language.
        texts: How many columns from the left are texts.
        wide: Number of the column whose texts may take several lines.
        marks: Numbers of rows to look at.
        sums: Numbers of rows that are sums.

    Returns:
        The section.
    """
    return Section(
        title.render(language), lead.render(language), rendered_each(heads, language), rows,
        texts=texts, wide=wide, marks=marks, sums=sums,
    )  # fmt: skip


def _named(keys: Sequence[str], language: Language) -> str:
    return " ".join(filter(None, (", ".join(keys[:NAMED_COMPANIES]), more_than(len(keys), NAMED_COMPANIES, language))))


def _short(text: str) -> str:
    return formats.clean(text, _LONGEST)
