"""The page beside DATEV's files: what is in them, what DATEV makes of the tax, and that the sums are the table's."""

import datetime as dt
from collections.abc import Callable, Iterable, Sequence

from cloudkasse_etl.config.settings import Configuration
from cloudkasse_etl.i18n import formats
from cloudkasse_etl.i18n.text import Language, Text, rendered_each, say, say_count
from cloudkasse_etl.sync.outputs.datev.datev_report import DatevReport, turnover_of
from cloudkasse_etl.sync.outputs.tables.table_page import Chapter, Section, table_page
from cloudkasse_etl.transform.datev.batch_rows import BatchRow

# Past this many a reader looks into the files.
SHOWN = 1000


def page_of(report: DatevReport, configuration: Configuration, now: dt.datetime) -> str:
    """The page of an export as HTML.

    Args:
        report: The export.
        configuration: The settings, for language and company.
        now: When the page is made, on the shop's clock.

    Returns:
        The HTML.
    """
    settings = configuration.settings
    language, datev = settings.language, settings.datev
    first, last = (formats.day_in_figures(day, language) for day in (report.first, report.last))
    return table_page(
        say("DATEV: postings from {first} to {last}", first=first, last=last).render(language),
        say(
            "Company {company} · adviser {adviser} · client {client}",
            company=settings.company.number, adviser=datev.adviser, client=datev.client,
        ).render(language),
        [Chapter(notes=[note.render(language) for note in _notes(report)], sections=[*_sections(report, language)])],
        language,
        now,
    )  # fmt: skip


def _notes(report: DatevReport) -> Iterable[Text]:
    if report.earlier_postings and not report.repeated:
        yield say_count(
            "{count:,} posting of these days was in a file before and is not in these.",
            "{count:,} postings of these days were in files before and are not in these.",
            count=report.earlier_postings,
        )
    if report.repeated:
        yield say_count(
            "{count:,} posting is in an earlier file too: take only one of them over.",
            "{count:,} postings are in earlier files too: take only one of them over.",
            count=report.repeated,
        )
    if any(line.difference_cents for line in report.accounts):
        yield say("Something was booked while the files were made: export the same days once more.")


def _sections(report: DatevReport, language: Language) -> Iterable[Section]:
    yield _of_files(report, language)
    yield _of_tax(report, language)
    yield _of_accounts(report, language)
    yield _of_left_out(report, language)
    yield _of_rows(
        report.dropped,
        language,
        say("Left out, because it comes to 0"),
        say("DATEV knows no posting of 0. The postings count as handed over."),
    )
    yield _of_rows(
        report.shortened,
        language,
        say("Shortened"),
        say("The text ends in …, or a star stands in the document's number. The receipt stands in the row in full."),
        lambda row: "; ".join(row.shortened(language)),
    )
    yield _of_rows(
        report.replaced,
        language,
        say("Letters replaced"),
        say("DATEV's files have the letters of Windows-1252 only: any other became a question mark there."),
        lambda row: "; ".join(row.replaced(language)),
    )


def _of_files(report: DatevReport, language: Language) -> Section:
    rows = [
        (
            batch.name,
            formats.day_in_figures(batch.first_day, language),
            formats.day_in_figures(batch.last_day, language),
            batch.currency,
            formats.count(len(batch.rows), language),
            formats.euros(turnover_of(batch), language),
        )
        for batch in report.batches
    ]
    heads = (say("File"), say("From"), say("To"), say("Currency"), say("Rows"), say("Sum of the amounts"))
    return Section(say("Files").render(language), "", rendered_each(heads, language), rows, 4)


def _of_tax(report: DatevReport, language: Language) -> Section:
    def money(cents: int) -> str:
        return formats.euros(cents, language)

    rows, marks = [], set()
    for at, line in enumerate(report.tax[:SHOWN]):
        difference = line.datev_cents - line.printed_cents
        if difference:
            marks.add(at)
        rows.append(
            (
                formats.day_in_figures(line.day, language),
                line.register,
                line.closing or "–",
                line.currency,
                formats.rate(line.vat_rate, language),
                money(line.gross_cents),
                money(line.printed_cents),
                money(line.datev_cents),
                money(difference),
            )
        )
    heads = (
        say("Date"), say("Register"), say("Closing"), say("Currency"), say("VAT %"), say("Gross"), say("Printed VAT"),
        say("VAT in DATEV"), say("Difference"),
    )  # fmt: skip
    total: Sequence[str] = ()
    if len({line.currency for line in report.tax}) == 1:
        sums = [
            sum(getattr(line, name) for line in report.tax) for name in ("gross_cents", "printed_cents", "datev_cents")
        ]
        total = (
            say("Total").render(language),
            "",
            "",
            report.tax[0].currency,
            "",
            *map(money, (*sums, sums[2] - sums[1])),
        )
    lead = say(
        "DATEV computes the tax of each row out of its gross amount, where the account or the BU key has a rate. The "
        "cents that the receipts print cannot be handed over, so they may differ."
    )
    if len(report.tax) > SHOWN:
        lead = say("{lead} The first {count:,} are shown.", lead=lead, count=SHOWN)
    title = say("Gross and tax by closing")
    return Section(
        title.render(language), lead.render(language), rendered_each(heads, language), rows, 5, total, frozenset(marks)
    )


def _of_accounts(report: DatevReport, language: Language) -> Section:
    rows, marks = [], set()
    for at, line in enumerate(report.accounts):
        if line.difference_cents:
            marks.add(at)
        cents = (
            line.debit_cents, line.credit_cents, line.debit_cents - line.credit_cents,
            line.earlier_cents - line.again_cents, line.left_out_cents, line.table_cents, line.difference_cents,
        )  # fmt: skip
        rows.append((line.account, line.currency, *(formats.euros(value, language) for value in cents)))
    heads = (
        say("Account"), say("Currency"), say("Debit"), say("Credit"), say("Balance"), say("In earlier files"),
        say("Left out"), say("In the table"), say("Difference"),
    )  # fmt: skip
    lead = say(
        "What the files have on each account, with what is left out because it was taken back, and what the table of "
        "postings has in these days: they are equal."
    )
    if marks:
        lead = say("What the files have on each account, and what the table of postings has in these days.")
    title = say("Totals by account")
    return Section(
        title.render(language), lead.render(language), rendered_each(heads, language), rows, 2, marks=frozenset(marks)
    )


def _of_left_out(report: DatevReport, language: Language) -> Section:
    rows = [
        (
            formats.day_in_figures(pair.day, language),
            formats.clean(pair.document, 100),
            formats.day_in_figures(pair.counter_day, language),
            formats.clean(pair.counter_document, 100),
            pair.account,
            pair.currency,
            formats.clean(pair.reason or "", 200),
            formats.euros(pair.amount_cents, language),
            formats.euros(pair.counter_cents, language),
        )
        for pair in report.left_out[:SHOWN]
    ]
    heads = (
        say("Date"), say("Document"), say("Taken back on"), say("Document"), say("Account"), say("Currency"),
        say("Reason"), say("Amount"), say("Counter-entry"),
    )  # fmt: skip
    lead = say_count(
        "{count:,} posting was taken back before it was in a file: it and its counter-entry are left out of all files, "
        "and their sum is {sum}.",
        "{count:,} postings were taken back before they were in a file: they and their counter-entries are left out of "
        "all files, and their sum is {sum}.",
        count=len(report.left_out),
        sum=formats.euros(sum(pair.amount_cents + pair.counter_cents for pair in report.left_out), language),
    )
    if len(report.left_out) > SHOWN:
        lead = say("{lead} The first {count:,} are shown.", lead=lead, count=SHOWN)
    title = say("Left out, because it was taken back")
    return Section(title.render(language), lead.render(language), rendered_each(heads, language), rows, 7, wide=7)


def _of_rows(
    rows: Sequence[BatchRow],
    language: Language,
    title: Text,
    lead: Text,
    text_of: Callable[[BatchRow], str] = lambda row: row.full_text,
) -> Section:
    shown = [
        (
            formats.day_in_figures(row.first.day, language),
            formats.clean("".join(row.document), 100),
            row.first.account,
            formats.clean(text_of(row), 1000),
            formats.count(len(row.entries), language),
            formats.euros(row.amount_cents, language),
        )
        for row in rows[:SHOWN]
    ]
    heads = (say("Date"), say("Document"), say("Account"), say("Text"), say("Entries"), say("Amount"))
    if len(rows) > SHOWN:
        lead = say("{lead} The first {count:,} are shown.", lead=lead, count=SHOWN)
    return Section(title.render(language), lead.render(language), rendered_each(heads, language), shown, 4, wide=4)
