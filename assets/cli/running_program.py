"""What the code location and the command line consist of, for the procedure documentation: read off what runs."""

from collections.abc import Iterator, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Final

import click
import dagster as dg

from assets.definitions import build_defs
from cloudkasse_etl.config.companies.installation import Installation
from cloudkasse_etl.config.settings import Configuration
from cloudkasse_etl.i18n.text import Language, Text, rendered, say
from cloudkasse_etl.sync.outputs.procedure.procedure_facts import Running

RUNS: Final = say("runs: under the lock, in the history")
DECIDES: Final = say("decides: under the lock, with a reason, name and time")
WRITES: Final = say("writes files; changes nothing that is booked")
CLEARS: Final = say("removes old runs; nothing that is booked")
READS: Final = say("reads")
TRIES: Final = say("for trying out; not the shop's data")
_RUNNING: Final = ("sync", "import", "deliver", "ui")
_TRYING: Final = ("sandbox", "demo")
_FILES: Final = frozenset({"--html", "--csv", "--folder"})

TEXTS: Final[Mapping[str, Text]] = {
    "sync": say("Synchronises everything, or master data or receipts alone."),
    "import": say("Books staged receipts: all, or those named."),
    "deliver": say("Brings what is booked into SelectLine."),
    "plan": say("Tells what a synchronisation, an import or a delivery would do."),
    "rejections": say("Lists what is refused now, and what to do."),
    "receipts": say("Lists receipts and what became of them."),
    "receipts show": say("Shows one receipt, from its number to postings, stock and runs."),
    "receipts dismiss": say("Marks a receipt, a stock line or missing numbers as dealt with by hand."),
    "receipts restore": say("Takes such a decision back."),
    "receipts release": say("Lets a receipt through that is held for a person."),
    "closings": say("Lists closings: there, missing, refused."),
    "closings dismiss": say("Marks a closing as dealt with by hand."),
    "closings restore": say("Takes such a decision back."),
    "day": say("Shows the sheet of a business day, or of a span of days, and writes it as a page."),
    "deliveries": say("Lists what was brought into SelectLine."),
    "deliveries retract": say("Takes a delivery back while SelectLine allows it."),
    "export": say("Writes postings, movements or articles as CSV, or postings for DATEV."),
    "archive": say("Writes what has to be kept for ten years for an auditor's program."),
    "archive verify": say("Compares an archive with the books, and names what differs."),
    "history": say("Lists the runs."),
    "history prune": say("Removes old runs with their logs and protocols; nothing that is booked."),
    "protocol": say("Shows every record that stood refused after a run."),
    "report": say("Writes a page about a run and the sales up to it."),
    "settings log": say("Lists what of the settings changed when."),
    "procedure": say("Writes this documentation."),
    "check": say("Looks for what is wrong with settings, databases, till and clock."),
    "audit": say("Compares the registers' legal exports with what was staged and booked."),
    "undo": say("Takes an import back by counter-entries; nothing is deleted."),
    "ui": say("Opens the UI, from which jobs are started."),
    "demo": say("Shows the program on a made-up shop."),
    "sandbox": say("Runs a made-up till on this computer."),
    "sandbox sell": say("Sells in a running sandbox."),
    "sandbox export": say("Writes what a running sandbox sold as a legal export."),
    "sandbox misbehave": say("Lets a running sandbox answer as broken networks and servers do."),
}
"""What a command does; one that is missing here is told by the first line of its help."""


def running_program(configuration: Configuration, group: click.Command, language: Language) -> Running:
    """What runs.

    Args:
        configuration: Settings and connections.
        group: The command line's group.
        language: The language of the texts.

    Returns:
        Commands, assets, checks, jobs, schedules and sensors.
    """
    settings = configuration.settings.model_copy(update={"language": language})
    here = Installation.of(configuration.model_copy(update={"settings": settings}))
    defs = build_defs(here, protocol_folder=Path())
    assets = [one for one in defs.assets or () if isinstance(one, dg.AssetsDefinition)]
    checks = [one for one in defs.asset_checks or () if isinstance(one, dg.AssetsDefinition)]
    specs = {spec.key: spec for one in (*assets, *checks) for spec in one.check_specs}
    return Running(
        commands=[
            (f"cloudkasse-etl {words}", effect_of(words, command), _text(words, command, language))
            for words, command in sorted(commands_of(group))
        ],
        assets=[(spec.key.to_user_string(), spec.description or "") for one in assets for spec in one.specs],
        checks=[
            (spec.asset_key.to_user_string(), spec.name, rendered(spec.description or "", language))
            for spec in specs.values()
        ],
        jobs=[(job.name, rendered(_described(job), language)) for job in defs.jobs or ()],
        automation=[
            *(
                (one.name, say("by the clock").render(language), rendered(_described(one), language))
                for one in defs.schedules or ()
            ),
            *((one.name, _interval(one, language), rendered(_described(one), language)) for one in defs.sensors or ()),
        ],
        dagster=version("dagster"),
    )


def commands_of(command: click.Command, *words: str) -> Iterator[tuple[str, click.Command]]:
    """Each command that does something by itself, by its words."""
    is_group = isinstance(command, click.Group)
    if words and not (is_group and not getattr(command, "invoke_without_command", False)):
        yield " ".join(words), command
    for name, below in command.commands.items() if isinstance(command, click.Group) else ():
        yield from commands_of(below, *words, name)


def effect_of(words: str, command: click.Command) -> Text:
    """What a command may do, by its place and its options: a decision asks for a reason, a file is named."""
    options = {name for param in command.params for name in param.opts}
    first = words.partition(" ")[0]
    if first in _TRYING:
        return TRIES
    if "--reason" in options:
        return DECIDES
    if first in _RUNNING:
        return RUNS
    if words == "history prune":
        return CLEARS
    return WRITES if options & _FILES else READS


def _text(words: str, command: click.Command, language: Language) -> str:
    known = TEXTS.get(words)
    return known.render(language) if known else (command.help or "").partition("\n")[0]


def _described(one: object) -> str:
    return " ".join((getattr(one, "description", None) or "").split())


def _interval(sensor: object, language: Language) -> str:
    seconds = getattr(sensor, "minimum_interval_seconds", None)
    if seconds is None:
        return say("when a run ends").render(language)
    return say("every {seconds} seconds", seconds=seconds).render(language)
