"""The sheets of some days as chapters, for a page or a terminal."""

from collections.abc import Callable, Iterator
from dataclasses import replace

from cloudkasse_etl.config.settings import Configuration, Settings
from cloudkasse_etl.i18n import formats
from cloudkasse_etl.i18n.text import Language, Text, say, say_count
from cloudkasse_etl.sync.inputs.shop_name import shop_name
from cloudkasse_etl.sync.outputs.day.day_sheet import DayReport
from cloudkasse_etl.sync.outputs.day.sheet_chapter import chapter_of
from cloudkasse_etl.sync.outputs.day.span_table import span_chapter
from cloudkasse_etl.sync.outputs.tables.table_page import Chapter, table_page


def sheets_page(report: DayReport, configuration: Configuration, *, typed: Callable[[str], str] = str) -> str:
    """The page of some days.

    Args:
        report: The sheets.
        configuration: Settings and connections: the ERP has the shop's name.
        typed: Writes the commands within a text as they can be typed here.

    Returns:
        The HTML.
    """
    settings = configuration.settings
    language, company = settings.language, formats.clean(report.company, 20)
    kicker = say("{shop} · company {company}", shop=shop_name(configuration, report.now.date()), company=company)
    chapters = [
        replace(chapter, notes=[*map(typed, chapter.notes)]) for chapter in chapters_of(report, settings)
    ]  # fmt: skip
    return table_page(title_of(report, language), kicker.render(language), chapters, language, report.now)


def title_of(report: DayReport, language: Language) -> str:
    """What the page of some days is called."""
    first, last = (formats.day(day, language, year=True) for day in (report.first, report.last))
    if report.is_span:
        return say("Day's sheets from {first} to {last}", first=first, last=last).render(language)
    return say("Day's sheet of {day}", day=first).render(language)


def chapters_of(report: DayReport, settings: Settings) -> list[Chapter]:
    """The sheets of some days: of one day each register's, after a table of all; of several days the table alone.

    Args:
        report: The sheets.
        settings: Language and time zone, and what is delivered and exported.

    Returns:
        The chapters, at least one.
    """
    chapters: list[Chapter] = []
    if report.is_span or len(report.sheets) > 1:
        chapters.append(span_chapter(report, settings))
    if not report.is_span:
        chapters += [chapter_of(sheet, report.names.get(sheet.register, ""), settings) for sheet in report.sheets]
    if len(chapters) > 1:  # each begins on a sheet of paper of its own, where the page's title is not
        title = title_of(report, settings.language)
        chapters[1:] = [replace(chapter, kicker=title) for chapter in chapters[1:]]
    first, *others = chapters or [Chapter()]
    notes = [note.render(settings.language) for note in _notes(report, settings.language)]
    return [replace(first, notes=[*notes, *first.notes]), *others]


def _notes(report: DayReport, language: Language) -> Iterator[Text]:
    """What is to be said where there is no sheet, and of receipts that are on none."""
    if not report.sheets and report.first > report.now.date():
        yield say("This day has not come yet.")
    elif not report.sheets:
        newest = "" if report.newest is None else formats.day_in_figures(report.newest, language)
        yield say("Nothing was sold: there are no receipts and no closings.")
        if newest:
            yield say("The last business day with receipts is {day}.", day=newest)
    if report.without_day:
        yield say_count(
            "{count:,} receipt is on no sheet, since its day or register cannot be read: cloudkasse-etl rejections.",
            "{count:,} receipts are on no sheet, since their day or register cannot be read: cloudkasse-etl "
            "rejections.",
            count=report.without_day,
        )
