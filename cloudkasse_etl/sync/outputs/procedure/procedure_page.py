"""The procedure documentation as a page: general, user, technical and operations documentation (GoBD)."""

import datetime as dt
import platform
import re
from collections.abc import Iterable, Iterator, Sequence
from importlib.metadata import version
from pathlib import Path

from cloudkasse_etl.config.record.setting_values import shown_value
from cloudkasse_etl.config.settings import Configuration, Settings
from cloudkasse_etl.entities import kinds_of
from cloudkasse_etl.i18n.formats import count, day_in_figures, moment
from cloudkasse_etl.i18n.messages import translated
from cloudkasse_etl.i18n.text import Language, Text, rendered, rendered_each, say
from cloudkasse_etl.rejections.catalogue import CATALOGUE
from cloudkasse_etl.state.database.append_only import PROTECTED
from cloudkasse_etl.state.database.fixed_columns import FIXED
from cloudkasse_etl.state.database.opening import place_of
from cloudkasse_etl.state.stores.books.receipt_status import STATUS_WORDS
from cloudkasse_etl.state.stores.settings_log import SettingsChange
from cloudkasse_etl.sync.outputs.procedure.guarantees import GUARANTEES
from cloudkasse_etl.sync.outputs.procedure.kept_tables import NOTES
from cloudkasse_etl.sync.outputs.procedure.mapping_sections import mapping_sections
from cloudkasse_etl.sync.outputs.procedure.procedure_facts import ProcedureFacts, Running, read_facts
from cloudkasse_etl.sync.outputs.procedure.procedure_texts import (
    OF_THE_COMPANY,
    RETENTION,
    ROLES,
    STATUS_NOTES,
    STEPS,
    SYSTEMS,
)
from cloudkasse_etl.sync.outputs.tables.page_file import write_page_file
from cloudkasse_etl.sync.outputs.tables.table_page import Chapter, Section, table_page
from cloudkasse_etl.sync.run.settings_record import HEADS, values_now
from cloudkasse_etl.tills.capabilities import CAPABILITIES

_CHANGES = 200
"""How many changes of the settings are told value by value: the latest."""
_PLACEHOLDER = re.compile(r"\{\w+(?::\w+)?\}")


def write_procedure(configuration: Configuration, running: Running, path: Path, language: Language) -> ProcedureFacts:
    """Writes the page.

    Args:
        configuration: Settings and connections.
        running: What runs.
        path: The file.
        language: The language of the page.

    Returns:
        What it was made of.

    Raises:
        ConfigurationError: The file cannot be written.
        StateUnavailableError: Our own tables cannot be reached.
    """
    facts = read_facts(configuration)
    write_page_file(path, page_of(configuration, running, facts, language))
    return facts


def page_of(configuration: Configuration, running: Running, facts: ProcedureFacts, language: Language) -> str:
    """The page as HTML.

    Args:
        configuration: Settings and connections; of the latter nothing is shown.
        running: What runs.
        facts: The shop's facts.
        language: The language of the page.

    Returns:
        The HTML.
    """
    settings = configuration.settings
    tables = place_of(settings, configuration.connections).tables
    page = _Page(settings, running, facts, language, tables.prefix)
    return table_page(
        say("Procedure documentation").render(language),
        say(
            "Company {company} · {till} and SelectLine · of {day}",
            company=settings.company.number,
            till=CAPABILITIES[settings.till.kind].title,
            day=day_in_figures(facts.day, language),
        ).render(language),
        page.chapters(),
        language,
        dt.datetime.now(settings.zone),
    )


class _Page:
    """Makes the chapters."""

    def __init__(
        self, settings: Settings, running: Running, facts: ProcedureFacts, language: Language, prefix: str
    ) -> None:
        self._settings = settings
        self._running = running
        self._facts = facts
        self._language = language
        self._prefix = prefix
        self._values = values_now(settings)

    def chapters(self) -> list[Chapter]:
        """All chapters."""
        return [
            self._chapter(
                say("General description"),
                [*self._general()],
                notes=self._notes(),
                figures=(
                    (say("Program"), version("cloudkasse-etl")),
                    (
                        say("Settings"),
                        f"{self._facts.history.changes[0].number}" if self._facts.history.changes else "–",
                    ),
                    (say("Till"), CAPABILITIES[self._settings.till.kind].title),
                    (say("Registers"), count(len(self._settings.registers), self._language)),
                ),
            ),
            self._chapter(say("User documentation"), [*self._user()]),
            self._chapter(say("Technical documentation"), [*self._technical()]),
            self._chapter(say("Operations documentation"), [*self._operations()]),
        ]

    def _chapter(
        self,
        title: Text,
        sections: Sequence[Section],
        notes: Iterable[Text] = (),
        figures: Iterable[tuple[Text, str]] = (),
    ) -> Chapter:
        shown = [(name.render(self._language), value) for name, value in figures]
        return Chapter(
            title.render(self._language), figures=shown, notes=rendered_each(notes, self._language), sections=sections
        )

    def _section(
        self, title: Text, heads: Iterable[Text], rows: Iterable[Iterable[str]], lead: Text | None = None, wide: int = 0
    ) -> Section:
        """A table of texts; a text of ours in a cell is rendered."""
        titles = rendered_each(heads, self._language)
        shown = [tuple(rendered(cell, self._language) for cell in row) for row in rows]
        told = lead.render(self._language) if lead else ""
        return Section(title.render(self._language), told, titles, shown, len(titles), wide=wide or len(titles))

    def _notes(self) -> Iterator[Text]:
        if self._facts.program.altered:
            yield say(
                "Files of the program are not as they were installed: {files}.",
                files=", ".join(self._facts.program.altered[:5]),
            )
        if self._facts.unprotected:
            yield say(
                "Triggers that refuse changes are missing: {tables}. cloudkasse-etl check tells how to make them "
                "again.",
                tables=", ".join(sorted(self._facts.unprotected)),
            )
        if self._facts.history.pending:
            yield say("The settings file has been changed since the last run; this page has the file's.")
        if self._facts.tax_codes is None:
            yield say("SelectLine could not be read when this was made, so its tax codes are missing here.")

    def _general(self) -> Iterator[Section]:
        yield self._section(
            say("What happens to the data"),
            (say("Step"), say("What happens")),
            STEPS,
            say(
                "SelectLine Auftrag is the company's merchandise management, the till sells, and cloudkasse-etl "
                "keeps the two level: this page is made by it, of the version and the settings that are running."
            ),
        )
        settings = self._settings
        states = (
            True, True, True, settings.delivery.documents != "none", settings.delivery.has_ledger,
            settings.datev.adviser is not None, settings.alerts.email is not None or settings.alerts.webhook,
        )  # fmt: skip
        yield self._section(
            say("Systems and interfaces"),
            (say("System"), say("State"), say("What for")),
            (
                (name, say("on") if is_on else say("off"), what)
                for (name, what), is_on in zip(SYSTEMS, states, strict=True)
            ),
        )
        yield self._section(
            say("What the company adds"),
            (say("What this page cannot know"),),
            ((text,) for text in OF_THE_COMPANY),
        )

    def _user(self) -> Iterator[Section]:
        yield self._section(
            say("Master data that go up"),
            (say("Kind"), say("From"), say("What it is")),
            (
                (
                    kind.heading,
                    ", ".join(kind.computed_tables or kind.tables) if kind.medium == "sql" else "cloudkasse.yaml",
                    _one_line(kind.cloud_is.render(self._language)),
                )
                for kind in kinds_of(self._settings.till.kind)
            ),
        )
        yield self._section(
            say("Assets: what each step makes"),
            (say("Asset"), say("What it is")),
            ((name, _one_line(text)) for name, text in self._running.assets),
        )
        yield self._section(
            say("What becomes of a receipt"),
            (say("Status"), say("What it means")),
            ((STATUS_WORDS[status], text) for status, text in STATUS_NOTES.items()),
        )
        yield self._section(
            say("What is refused, and what to do"),
            (say("Code"), say("What is wrong, and the cure")),
            (
                (code, _PLACEHOLDER.sub("…", f"{self._translated(one.text)} – {self._translated(one.cure)}"))
                for code, one in CATALOGUE.items()
            ),
            say("A refused record holds up no other. An ellipsis stands for what the message names."),
        )

    def _technical(self) -> Iterator[Section]:
        program, history = self._facts.program, self._facts.history
        source = say("installed wheel (RECORD)") if program.is_installed else say("sources")
        yield self._section(
            say("Versions"),
            (say("What"), say("Version or hash")),
            (
                ("cloudkasse-etl", version("cloudkasse-etl")),
                (say("Hash of the program"), program.sha256),
                (say("Made of"), say("{count} files, {source}", count=program.files, source=source)),
                (say("Hash of the settings"), history.hash_now),
                ("Python", platform.python_version()),
                ("Dagster", self._running.dagster),
                (say("Database of our own tables"), self._facts.database),
                (say("Version of our own tables"), self._facts.revision),
                (say("Operating system"), platform.platform(terse=True)),
            ),
            say(
                "The hash of the program is SHA-256 of a line for each file, in order, as a wheel's RECORD has them; "
                "that of the settings is of all values in force and the program's version."
            ),
        )
        yield from mapping_sections(self._settings, self._values, self._facts.tax_codes, self._language)
        yield self._section(
            say("Our own tables"),
            (say("Table"), say("Kept"), say("Changes"), say("What it holds")),
            (
                (
                    self._prefix + name,
                    say("10 years") if note.is_kept else say("present state"),
                    self._changes(name),
                    note.text,
                )
                for name, note in NOTES.items()
            ),
        )
        yield self._section(
            say("All settings in force"),
            (say("Setting"), say("Value")),
            ((path, shown_value(value)) for path, value in self._values.items()),
            say("Defaults are among them. Secrets and addresses are in the environment and not shown."),
        )

    def _changes(self, table: str) -> Text:
        if table not in (*PROTECTED, *FIXED):
            return say("allowed")
        if self._prefix + table in self._facts.unprotected:
            return say("TRIGGER MISSING")
        return say("refused") if table in PROTECTED else say("only of what becomes of it")

    def _operations(self) -> Iterator[Section]:
        yield self._section(say("Who may do what"), (say("Who"), say("May")), ROLES)
        yield self._section(
            say("Commands"),
            (say("Command"), say("Effect"), say("What it does")),
            self._running.commands,
        )
        yield self._section(say("Jobs"), (say("Job"), say("What it does")), self._running.jobs)
        yield self._section(
            say("What starts by itself"),
            (say("Name"), say("When"), say("What it does")),
            self._running.automation,
            say("Schedules and sensors; who switches them on or off does so in the UI."),
        )
        yield self._section(
            say("Internal controls"),
            (say("Asset"), say("Check"), say("What is checked")),
            ((asset, name, _one_line(text)) for asset, name, text in self._running.checks),
            say("Runs carry these checks out, comparisons a job of their own; what they find is shown on the asset."),
        )
        yield self._section(say("What is guaranteed"), (say("Guarantee"),), ((text,) for text in GUARANTEES))
        yield self._section(say("Retention"), (say("Rule"),), ((text,) for text in RETENTION))
        changes = self._facts.history.changes
        yield self._section(
            say("The record of the settings"),
            (
                say("Number"),
                say("Since"),
                say("First run"),
                say("Program"),
                say("Changes"),
                say("Hash of the settings"),
            ),
            (self._change(change) for change in changes),
        )
        yield self._section(
            say("What changed in the settings"),
            (say("Number"), *HEADS),
            (
                (str(change.number), key, shown_value(before), shown_value(after))
                for change in changes[:_CHANGES]
                for key, (before, after) in change.differences.items()
            ),
        )

    def _change(self, change: SettingsChange) -> tuple[str, ...]:
        since = moment(change.changed_at.astimezone(self._settings.zone), self._language)
        many = count(len(change.differences), self._language)
        return str(change.number), since, change.run_id, change.program, many, change.settings_hash

    def _translated(self, text: str) -> str:
        return translated(text, self._language)


def _one_line(text: str) -> str:
    """A description of the UI's, in Markdown, as plain text."""
    return " ".join(text.replace("`", "").split())
