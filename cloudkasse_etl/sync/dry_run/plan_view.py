"""A dry run's plan in a person's language: headings, counts and rows. No markup.

cli/commands/plan.py draws it for a terminal, assets/ui/plan_markdown.py for the UI.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from cloudkasse_etl.entities import BY_NAME
from cloudkasse_etl.i18n.formats import counted, short_quantity
from cloudkasse_etl.i18n.text import Text, rendered, rendered_each, say, say_as, say_count
from cloudkasse_etl.rejections.causes import Cause, by_cause, more_than
from cloudkasse_etl.rejections.rejection import Language
from cloudkasse_etl.sync.dry_run.plan_report import DETAILS, EntityPlan, ImportPlan, Plan, PlannedRecord, ReceiptsPlan
from cloudkasse_etl.sync.master_data.shown import euro_text, field_name, shown_value
from cloudkasse_etl.sync.run.receipt_sums import fate_words
from cloudkasse_etl.sync.run.report import Deferral

# What a plan counts, by the names of the plan's own counts; without the fates, which have one wording everywhere.
_COUNTS: Mapping[str, Callable[[int], Text]] = {
    "new": lambda count: say_count("{count:,} new", "{count:,} new", count=count),
    "changed": lambda count: say_count("{count:,} changed", "{count:,} changed", count=count),
    "retired": lambda count: say_count("{count:,} retired", "{count:,} retired", count=count),
    "unchanged": lambda count: say_count("{count:,} unchanged", "{count:,} unchanged", count=count),
    "rejected": lambda count: say_count("{count:,} rejected", "{count:,} rejected", count=count),
    "resting": lambda count: say_count(
        "{count:,} rejected before, resting", "{count:,} rejected before, resting", count=count
    ),
    "waiting": lambda count: say("{count:,} waiting", count=count),
    "staged": lambda count: say_count("{count:,} ready for an import", "{count:,} ready for an import", count=count),
    "seen": lambda count: say("{count:,} staged already", count=count),
    "closings": lambda count: say_count("{count:,} closing", "{count:,} closings", count=count),
    "booked": lambda count: say_count("{count:,} receipt", "{count:,} receipts", count=count),
    "postings": lambda count: say_count("{count:,} posting", "{count:,} postings", count=count),
    "movements": lambda count: say_count("{count:,} stock movement", "{count:,} stock movements", count=count),
    "stock_lines": lambda count: say_count(
        "of {count:,} stock line, with the parts of trade sets",
        "of {count:,} stock lines, with the parts of trade sets",
        count=count,
    ),
}
_NOTHING_NEW = say("nothing new")
_ACCOUNTS = (say("account"), say("debit"), say("credit"))
_ARTICLES = (say("article"), say("warehouse"), say("in"), say("out"))
_ACTIVE, _RETIRED, _NEW = say("active"), say_as("plan", "retired"), say_as("plan", "new")
_AMOUNT = "gross_cents"
_SIGNS = {"new": "+", "changed": "~", "retired": "-"}
_CHANGES_FIRST = ("changed", "retired", "new")  # new records are the least informative


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under headings; `numbers` are the places of the columns that hold numbers."""

    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...] = ()
    numbers: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class RecordLine:
    """A field of a record that would change, or a record that would be new or retired.

    Attributes:
        sign: `+` new, `~` changed, `-` retired.
        name: What the record is called.
        field: The field; for a new price its amount, empty for other records that are new or retired.
        before: The value in the cloud; empty for a new record.
        after: The value that it would have; for a retired record, that it is.
    """

    sign: str
    name: str
    field: str = ""
    before: str = ""
    after: str = ""


@dataclass(frozen=True, slots=True)
class EntityView:
    """One kind of record.

    Attributes:
        title: Its heading.
        counts: Number of records by action, as text.
        stopped: Heading and reason, where a synchronisation would stop here.
        skipped: A note that the synchronisation would have stopped before; else empty.
        heads: The headings of a line's parts.
        lines: The first records.
        more: A note on how many records are not shown; empty where all are.
        waiting: Records that wait for something in order.
        causes: What would be refused, by cause.
    """

    title: str
    counts: str
    stopped: tuple[str, str] | None
    skipped: str
    heads: tuple[str, ...]
    lines: tuple[RecordLine, ...]
    more: str
    waiting: tuple[str, ...]
    causes: Sequence[Cause]


@dataclass(frozen=True, slots=True)
class ReceiptsView:
    """What would be fetched: title, counts in words, receipts and sums by register, what would be refused."""

    title: str
    counts: str
    registers: Table
    causes: Sequence[Cause]


@dataclass(frozen=True, slots=True)
class ImportView:
    """What would be booked.

    Attributes:
        title: What the part is called.
        counts: Receipts, postings and movements, in words.
        judged_anew: What the settings of now make of receipts, in words; empty where nothing else.
        accounts: Debit and credit by account.
        articles: What goes in and out by article and warehouse, the first ones.
        more_articles: How many are not among them; empty where all are.
        missing: A heading for the settings that name no account.
        missing_settings: Those settings, each with how many receipts it keeps back.
        waiting: Receipts that would wait for others.
        causes: What would be refused, by cause.
    """

    title: str
    counts: str
    judged_anew: str
    accounts: Table
    articles: Table
    more_articles: str
    missing: str
    missing_settings: tuple[tuple[str, str], ...]
    waiting: tuple[str, ...]
    causes: Sequence[Cause]


@dataclass(frozen=True, slots=True)
class PlanView:
    """The whole plan.

    Attributes:
        head: What it is.
        entities: The kinds of record of which there is anything to say.
        receipts: What would be fetched; None where it was not asked for.
        imports: What would be booked; None where it was not asked for.
        nothing: That there is nothing to do; empty where there is.
        counts: A heading for what the run would count.
        scope: The articles that it would process, as text; empty if there are none to process.
    """

    head: str
    entities: tuple[EntityView, ...]
    receipts: ReceiptsView | None
    imports: ImportView | None
    nothing: str
    counts: str
    scope: str


def view_of(found: Plan, language: Language, *, records: int = DETAILS) -> PlanView:
    """A plan in words.

    Args:
        found: What the dry run found.
        language: Of the words.
        records: How many records of a kind are listed one by one.

    Returns:
        Counts in full, records and articles up to a limit.
    """
    entities = tuple(_entity(entity, language, records) for entity in found.entities if _is_told(entity))
    receipts = _receipts(found.receipts, language) if found.receipts else None
    if found.what == "import":
        title = say("What an import would book")
    else:
        title = say("What an import would book (also of what would be fetched before it)")
    imports = _import(found.imports, language, title.render(language)) if found.imports else None
    is_empty = bool(found.entities) and not entities and receipts is None and imports is None
    return PlanView(
        head=say("What a synchronisation would do now; nothing was written or sent.").render(language),
        entities=entities,
        receipts=receipts,
        imports=imports,
        nothing=say("Nothing: everything is level.").render(language) if is_empty else "",
        counts=say("What the run would count").render(language),
        scope=rendered(found.scope or "", language),
    )


def _is_told(entity: EntityPlan) -> bool:
    told = sum(count for name, count in entity.counts.items() if name != "unchanged")
    return bool(told or entity.stopped or entity.skipped)


def _entity(entity: EntityPlan, language: Language, limit: int) -> EntityView:
    skipped = BY_NAME[entity.skipped].heading if entity.skipped else None
    shown = sorted(entity.records, key=lambda record: _CHANGES_FIRST.index(record.action))
    return EntityView(
        title=BY_NAME[entity.entity].heading.render(language),
        counts=_in_words(entity.counts, language),
        stopped=(say("It would stop here:").render(language), entity.stopped) if entity.stopped else None,
        skipped=say("Not reached: it would stop before, at {what}.", what=skipped).render(language) if skipped else "",
        heads=rendered_each(("", say("record"), say("field"), say("now"), say("then")), language),
        lines=tuple(line for record in shown[:limit] for line in _lines(record, language)),
        more=more_than(len(shown), limit, language),
        waiting=tuple(deferral.text(language) for deferral in entity.waiting),
        causes=by_cause(entity.rejections, language),
    )


def _lines(record: PlannedRecord, language: Language) -> list[RecordLine]:
    sign, name = _SIGNS[record.action], record.name(language)
    if record.action == "changed":
        return [
            RecordLine(
                sign, name, field_name(c.field), *(shown_value(c.field, v, language) for v in (c.before, c.after))
            )
            for c in record.changes
        ] or [RecordLine(sign, name)]
    if record.action == "retired":
        return [RecordLine(sign, name, before=_ACTIVE.render(language), after=_RETIRED.render(language))]
    amount = record.item.get(_AMOUNT)
    if amount is None:
        return [RecordLine(sign, name, after=_NEW.render(language))]
    return [RecordLine(sign, name, field_name(_AMOUNT), after=shown_value(_AMOUNT, amount, language))]


def _receipts(found: ReceiptsPlan, language: Language) -> ReceiptsView:
    counts = [_named(count, name, language) for name, count in found.by_status.items()]
    counts += [_named(found.seen, "seen", language)] if found.seen else []
    counts += [_named(found.closings, "closings", language)] if found.closings else []
    rows = tuple(
        (name, counted(count, language), euro_text(cents, language))
        for name, (count, cents) in found.by_register.items()
    )
    return ReceiptsView(
        title=say("Receipts that would be fetched").render(language),
        counts=", ".join(counts) or _NOTHING_NEW.render(language),
        registers=Table(
            rendered_each((say("register"), say("receipts"), say("total")), language), rows, numbers=(1, 2)
        ),
        causes=by_cause(found.rejections, language),
    )


def _import(found: ImportPlan, language: Language, title: str) -> ImportView:
    numbers = {"booked": found.receipts, "postings": found.postings, "movements": found.movements}
    lines = f" {_named(found.stock_lines, 'stock_lines', language)}" * (found.stock_lines != found.movements)
    anew = ", ".join(_named(count, name, language) for name, count in found.judged_anew.items())
    accounts = tuple(
        (account, *(euro_text(cents, language) if cents else "" for cents in sides))
        for account, sides in found.accounts.items()
    )
    places = list(found.articles.items())
    moved = tuple(
        (*place, *(short_quantity(milli, language) if milli else "" for milli in way))
        for place, way in places[:DETAILS]
    )
    return ImportView(
        title=title,
        counts=f"{_in_words(numbers, language)}{lines}" or _NOTHING_NEW.render(language),
        judged_anew=say("By the settings of now: {counts}", counts=anew).render(language) if anew else "",
        accounts=Table(rendered_each(_ACCOUNTS, language), accounts, numbers=(1, 2)),
        articles=Table(rendered_each(_ARTICLES, language), moved, numbers=(2, 3)),
        more_articles=more_than(len(places), DETAILS, language),
        missing=say("Missing settings:").render(language),
        missing_settings=tuple((name, counted(count, language)) for name, count in found.missing.items()),
        waiting=tuple(_waiting(found.waiting, language)),
        causes=by_cause(found.rejections, language),
    )


def would_be_rejected(causes: Sequence[Cause], language: Language) -> str:
    """The heading of what would be rejected: how many records, and how many of them were before."""
    victims = [victim for cause in causes for victim in cause.victims]
    fresh = {victim.key for victim in victims if not victim.still}
    before = len({victim.key for victim in victims} - fresh)
    count = len(fresh) + before
    if not before:
        return say("Would be rejected: {count:,}", count=count).render(language)
    return say("Would be rejected: {count:,}, {before:,} of them as before", count=count, before=before).render(
        language
    )


def _in_words(counts: Mapping[str, int], language: Language) -> str:
    return ", ".join(_named(count, name, language) for name, count in counts.items() if count)


def _named(count: int, name: str, language: Language) -> str:
    says = _COUNTS.get(name)
    return says(count).render(language) if says else f"{counted(count, language)} {fate_words(name, count, language)}"


def _waiting(deferrals: Iterable[Deferral], language: Language) -> Iterable[str]:
    return (f"{_named(one.count, 'waiting', language)}: {one.text(language)}" for one in deferrals)
