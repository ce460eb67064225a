"""`plan`: what a synchronisation would do. Knows nothing of Dagster: a dry run leaves no run."""

from typing import TYPE_CHECKING, Any

import click

from assets.cli.output import WORDS, console, print_causes, print_counts, print_json
from cloudkasse_etl.i18n.formats import counted
from cloudkasse_etl.rejections.rejection import Language

if TYPE_CHECKING:
    from rich.console import Console

    from cloudkasse_etl.sync.dry_run.plan_report import EntityPlan, ImportPlan, Plan, PlannedRecord, ReceiptsPlan

SHOWN_RECORDS = 10
SHOWN_CAUSES = 10
TEXTS: dict[Language, dict[str, str]] = {
    "en": {
        "head": "What a synchronisation would do now; nothing was written or sent.",
        "nothing": "Nothing: everything is level.",
        "companies": "Company", "registers": "Registers", "employees": "Employees", "articles": "Articles",
        "prices": "Prices", "resting": "rejected before, resting", "waiting": "waiting",
        "stopped": "It would stop here:", "skipped": "Not reached: it would stop before, at {what}.",
        "receipts": "Receipts that would be fetched", "staged": "ready for an import", "no_effect": "without effect",
        "before_start": "before the start date", "seen": "staged already", "closings": "closings",
        "import": "What an import would book (also of what would be fetched before it)",
        "import_only": "What an import would book", "booked": "receipts", "postings": "postings",
        "movements": "stock movements", "account": "account", "debit": "debit", "credit": "credit",
        "counts": "What the run would count",
        "missing": "Missing settings:", "judged_anew": "By the settings of now:",
    },
    "de": {
        "head": "Was eine Synchronisation jetzt täte; nichts wurde geschrieben oder gesendet.",
        "nothing": "Nichts: alles ist auf gleichem Stand.",
        "companies": "Unternehmen", "registers": "Kassen", "employees": "Mitarbeiter", "articles": "Artikel",
        "prices": "Preise", "resting": "schon früher abgelehnt, ruht", "waiting": "wartend",
        "stopped": "Hier hielte sie an:", "skipped": "Nicht erreicht: sie hielte vorher an, bei {what}.",
        "receipts": "Bons, die abgeholt würden", "staged": "importierbar", "no_effect": "ohne Wirkung",
        "before_start": "vor dem Startdatum", "seen": "schon übernommen", "closings": "Abschlüsse",
        "import": "Was ein Import buchen würde (auch von dem, was vorher abgeholt würde)",
        "import_only": "Was ein Import buchen würde", "booked": "Bons", "postings": "Umsatzbuchungen",
        "movements": "Lagerungen", "account": "Konto", "debit": "Soll", "credit": "Haben",
        "counts": "Was der Lauf zählen würde",
        "missing": "Fehlende Einstellungen:", "judged_anew": "Nach den jetzigen Einstellungen:",
    },
}  # fmt: skip
SIGNS = {"new": "+", "changed": "~", "retired": "-"}


@click.command()
@click.argument("what", type=click.Choice(["all", "master-data", "receipts", "import"]), default="all")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object and nothing else.")
def plan(what: Any, as_json: bool) -> int:
    """Tell what a synchronisation would do, and do nothing: a dry run.

    Counts are complete; of each kind the first records are told one by one (20 with --json).
    """
    from cloudkasse_etl.config.settings import load
    from cloudkasse_etl.sync.dry_run.plan import plan as make_plan

    configuration = load()
    found = make_plan(configuration, what)
    language = configuration.settings.language
    if as_json:
        print_json(found.as_dict(language))
    else:
        _print(console(), found, language)
    return 0


def _print(out: "Console", found: "Plan", language: Language) -> None:
    texts = TEXTS[language]
    out.print(f"[bold]{texts['head']}[/]")
    for entity in found.entities:
        _print_entity(out, entity, language)
    if found.receipts:
        _print_receipts(out, found.receipts, language)
    if found.imports:
        _print_import(out, found.imports, language, texts["import_only" if found.what == "import" else "import"])
    if any(counts.attempted for counts in found.assets.values()):
        out.print(f"\n[bold]{texts['counts']}[/]")
        print_counts(out, {asset: counts.as_dict() for asset, counts in found.assets.items()}, language)
    if found.entities and not found.receipts and not found.imports and not any(map(is_told, found.entities)):
        out.print(texts["nothing"])


def is_told(entity: "EntityPlan") -> bool:
    """Whether there is anything to say of a kind of record."""
    told = sum(count for name, count in entity.counts.items() if name != "unchanged")
    return bool(told or entity.stopped or entity.skipped)


def _print_entity(out: "Console", entity: "EntityPlan", language: Language) -> None:
    from rich.markup import escape

    if not is_told(entity):
        return
    texts, words = TEXTS[language], WORDS[language]
    names = {"retired": words["deactivated"], "resting": texts["resting"], "waiting": texts["waiting"]}
    parts = [
        f"{counted(count, language)} {names.get(name, words.get(name, name))}"
        for name, count in entity.counts.items()
        if count
    ]
    out.print(f"\n[bold]{texts[entity.entity]}[/]: {', '.join(parts)}")
    if entity.stopped:
        out.print(f"  [red]{texts['stopped']}[/] {escape(entity.stopped)}")
    if entity.skipped:
        out.print(f"  [red]{texts['skipped'].format(what=texts[entity.skipped])}[/]")
    # what changes is looked at first: that something is new says less
    shown = sorted(entity.records, key=lambda record: ("changed", "retired", "new").index(record.action))
    for record in shown[:SHOWN_RECORDS]:
        for line in _lines(record, language):
            out.print(f"  {escape(line)}", soft_wrap=True)
    if len(shown) > SHOWN_RECORDS:
        out.print(f"  {words['more'].format(count=counted(len(shown) - SHOWN_RECORDS, language))}")
    for deferral in entity.waiting:
        out.print(f"  {escape(deferral.text(language))}")
    _print_refused(out, entity.rejections, language)


def _lines(record: "PlannedRecord", language: Language) -> list[str]:
    from cloudkasse_etl.sync.master_data.shown import field_name, shown_name, shown_value

    sign = SIGNS[record.action]
    if record.action == "changed":
        return [
            f"{sign} {record.key} {field_name(c.field)}: {shown_value(c.field, c.before, language)} -> "
            f"{shown_value(c.field, c.after, language)}"
            for c in record.changes
        ] or [f"{sign} {record.key}"]
    return [f"{sign} {record.key} {shown_name(record.item, language)}".rstrip()]


def _print_receipts(out: "Console", found: "ReceiptsPlan", language: Language) -> None:
    from cloudkasse_etl.sync.master_data.shown import euro_text

    texts, words = TEXTS[language], WORDS[language]
    parts = [
        f"{counted(count, language)} {texts.get(name, words.get(name, name))}"
        for name, count in found.by_status.items()
    ]
    parts += [f"{counted(found.seen, language)} {texts['seen']}"] if found.seen else []
    parts += [f"{counted(found.closings, language)} {texts['closings']}"] if found.closings else []
    out.print(f"\n[bold]{texts['receipts']}[/]: {', '.join(parts) or words['no_new_data']}")
    for register, (count, cents) in found.by_register.items():
        out.print(f"  {register}: {counted(count, language)}, {euro_text(cents, language)}")
    _print_refused(out, found.rejections, language)


def _print_import(out: "Console", found: "ImportPlan", language: Language, title: str) -> None:
    from rich.table import Table

    from cloudkasse_etl.sync.master_data.shown import euro_text

    texts, words = TEXTS[language], WORDS[language]
    numbers = {"booked": found.receipts, "postings": found.postings, "movements": found.movements}
    parts = [f"{counted(count, language)} {texts[name]}" for name, count in numbers.items() if count]
    out.print(f"\n[bold]{title}[/]: {', '.join(parts) or words['no_new_data']}")
    if found.judged_anew:
        anew = [
            f"{counted(count, language)} {texts.get(name, words.get(name, name))}"
            for name, count in found.judged_anew.items()
        ]
        out.print(f"  {texts['judged_anew']} {', '.join(anew)}")
    if found.accounts:
        table = Table(box=None, pad_edge=False, header_style="dim")
        table.add_column(texts["account"])
        for name in ("debit", "credit"):
            table.add_column(texts[name], justify="right")
        for account, (debit, credit) in found.accounts.items():
            table.add_row(account, *(euro_text(cents, language) if cents else "" for cents in (debit, credit)))
        out.print(table)
    if found.missing:
        settings = ", ".join(f"{name} ({counted(count, language)})" for name, count in found.missing.items())
        out.print(f"[red]{texts['missing']}[/] {settings}", soft_wrap=True)
    for deferral in found.waiting:
        told = f"{deferral.count:,} {texts['waiting']}: {deferral.text(language)}"
        out.print(told, soft_wrap=True, markup=False, highlight=False)
    _print_refused(out, found.rejections, language)


def _print_refused(out: "Console", rejections: Any, language: Language) -> None:
    from cloudkasse_etl.rejections.causes import by_cause

    if rejections:
        print_causes(out, by_cause(rejections, language), language, SHOWN_CAUSES)
