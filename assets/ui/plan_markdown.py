"""A dry run's plan as Markdown, for the UI. The same for a terminal: cli/commands/plan.py."""

from collections.abc import Iterable, Sequence

from assets.cli.commands.plan import SIGNS, TEXTS, is_told
from assets.cli.output import WORDS
from assets.ui.markdown import plain
from cloudkasse_etl.i18n.formats import counted, spelled
from cloudkasse_etl.rejections.causes import by_cause
from cloudkasse_etl.rejections.rejection import Language, Rejection
from cloudkasse_etl.sync.dry_run.plan_report import DETAILS, EntityPlan, ImportPlan, Plan, PlannedRecord, ReceiptsPlan
from cloudkasse_etl.sync.master_data.shown import euro_text, field_name, naming_field, shown_name, shown_value

_HEADS: dict[Language, dict[str, str]] = {
    "en": {
        "record": "record", "field": "field", "before": "now", "after": "then", "register": "register",
        "receipts": "receipts", "total": "total", "article": "article", "warehouse": "warehouse", "in": "in",
        "out": "out", "refused": "Would be rejected", "cure": "what to do", "what": "what is wrong", "count": "count",
    },
    "de": {
        "record": "Datensatz", "field": "Feld", "before": "jetzt", "after": "dann", "register": "Kasse",
        "receipts": "Bons", "total": "Summe", "article": "Artikel", "warehouse": "Lager", "in": "Zugang",
        "out": "Abgang", "refused": "Würde abgelehnt", "cure": "was zu tun ist", "what": "was nicht stimmt",
        "count": "Anzahl",
    },
}  # fmt: skip


def plan_markdown(found: Plan, language: Language) -> str:
    """The whole plan: counts in full, records one by one up to a limit."""
    texts = TEXTS[language]
    parts = [f"**{texts['head']}**"]
    told = [entity for entity in found.entities if is_told(entity)]
    parts += [_entity(entity, language) for entity in told]
    if found.receipts:
        parts.append(_receipts(found.receipts, language))
    if found.imports:
        parts.append(_import(found.imports, language, texts["import_only" if found.what == "import" else "import"]))
    if found.entities and not told and not found.receipts and not found.imports:
        parts.append(texts["nothing"])
    return "\n\n".join(parts)


def plan_counts(found: Plan) -> dict[str, int]:
    """The numbers of a plan, so that the UI can draw them over time."""
    totals: dict[str, int] = {}
    for entity in found.entities:
        for name, count in entity.counts.items():
            totals[name] = totals.get(name, 0) + count
    if found.receipts:
        totals["receipts"] = sum(found.receipts.by_status.values())
    if found.imports:
        totals |= {"postings": found.imports.postings, "movements": found.imports.movements}
    return totals


def _entity(entity: EntityPlan, language: Language) -> str:
    texts, words, heads = TEXTS[language], WORDS[language], _HEADS[language]
    names = {"retired": words["deactivated"], "resting": texts["resting"], "waiting": texts["waiting"]}
    counts = [
        f"{counted(count, language)} {names.get(name, words.get(name, name))}"
        for name, count in entity.counts.items()
        if count
    ]
    parts = [f"### {texts[entity.entity]}", ", ".join(counts)]
    if entity.stopped:
        parts.append(f"**{texts['stopped']}** {plain(entity.stopped)}")
    if entity.skipped:
        parts.append(f"**{texts['skipped'].format(what=texts[entity.skipped])}**")
    # what changes is looked at first: that something is new says less
    shown = sorted(entity.records, key=lambda record: ("changed", "retired", "new").index(record.action))
    rows = [row for record in shown[:DETAILS] for row in _rows(record, language)]
    if rows:
        parts.append(_table(("", heads["record"], heads["field"], heads["before"], heads["after"]), rows))
    if len(shown) > DETAILS:
        parts.append(words["more"].format(count=counted(len(shown) - DETAILS, language)))
    parts += [f"- {plain(deferral.text(language))}" for deferral in entity.waiting]
    return "\n\n".join([*parts, *_refused(entity.rejections, language)])


def _rows(record: PlannedRecord, language: Language) -> list[tuple[str, ...]]:
    sign = SIGNS[record.action]
    if record.action == "changed":
        return [
            (sign, record.key, field_name(c.field), *(shown_value(c.field, v, language) for v in (c.before, c.after)))
            for c in record.changes
        ] or [(sign, record.key, "", "", "")]
    value = shown_name(record.item, language)
    before, after = (value, "") if record.action == "retired" else ("", value)
    return [(sign, record.key, field_name(naming_field(record.item) or ""), before, after)]


def _receipts(found: ReceiptsPlan, language: Language) -> str:
    texts, words, heads = TEXTS[language], WORDS[language], _HEADS[language]
    counts = [
        f"{counted(count, language)} {texts.get(name, words.get(name, name))}"
        for name, count in found.by_status.items()
    ]
    counts += [f"{counted(found.seen, language)} {texts['seen']}"] if found.seen else []
    counts += [f"{counted(found.closings, language)} {texts['closings']}"] if found.closings else []
    parts = [f"### {texts['receipts']}", ", ".join(counts) or words["no_new_data"]]
    rows = [
        (name, counted(count, language), euro_text(cents, language))
        for name, (count, cents) in found.by_register.items()
    ]
    if rows:
        parts.append(_table((heads["register"], heads["receipts"], heads["total"]), rows, numbers=(1, 2)))
    return "\n\n".join([*parts, *_refused(found.rejections, language)])


def _import(found: ImportPlan, language: Language, title: str) -> str:
    texts, words, heads = TEXTS[language], WORDS[language], _HEADS[language]
    numbers = {"booked": found.receipts, "postings": found.postings, "movements": found.movements}
    counts = [f"{counted(count, language)} {texts[name]}" for name, count in numbers.items() if count]
    parts = [f"### {title}", ", ".join(counts) or words["no_new_data"]]
    if found.judged_anew:
        anew = [
            f"{counted(count, language)} {texts.get(name, words.get(name, name))}"
            for name, count in found.judged_anew.items()
        ]
        parts.append(f"{texts['judged_anew']} {', '.join(anew)}")
    if found.accounts:
        rows = [
            (account, *(euro_text(cents, language) if cents else "" for cents in sides))
            for account, sides in found.accounts.items()
        ]
        parts.append(_table((texts["account"], texts["debit"], texts["credit"]), rows, numbers=(1, 2)))
    if found.articles:
        places = list(found.articles.items())
        moved = [(*place, *(_quantity(milli, language) for milli in way)) for place, way in places[:DETAILS]]
        parts.append(_table((heads["article"], heads["warehouse"], heads["in"], heads["out"]), moved, numbers=(2, 3)))
        if len(places) > DETAILS:
            parts.append(words["more"].format(count=counted(len(places) - DETAILS, language)))
    if found.missing:
        missing = ", ".join(f"`{name}` ({counted(count, language)})" for name, count in found.missing.items())
        parts.append(f"**{texts['missing']}** {missing}")
    parts += [
        f"- {deferral.count:,} {texts['waiting']}: {plain(deferral.text(language))}" for deferral in found.waiting
    ]
    return "\n\n".join([*parts, *_refused(found.rejections, language)])


def _refused(rejections: Sequence[Rejection], language: Language) -> list[str]:
    if not rejections:
        return []
    heads = _HEADS[language]
    rows = [
        (counted(cause.count, language), cause.examples, cause.summary, cause.cure)
        for cause in by_cause(rejections, language)[:DETAILS]
    ]
    return [f"{heads['refused']}:", _table((heads["count"], heads["record"], heads["what"], heads["cure"]), rows)]


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]], *, numbers: Sequence[int] = ()) -> str:
    rule = ["---:" if at in numbers else "---" for at in range(len(heads))]
    return "\n".join(f"| {' | '.join(map(plain, row))} |" for row in (heads, rule, *rows))


def _quantity(milli: int, language: Language) -> str:
    if not milli:
        return ""
    text = f"{milli // 1000:,}" + (f".{milli % 1000:03d}".rstrip("0") if milli % 1000 else "")
    return spelled(text, language)
