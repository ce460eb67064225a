"""A dry run's plan as Markdown, for the UI. The same for a terminal: cli/commands/plan.py."""

from collections.abc import Sequence

from assets.ui.markdown import markdown_table, plain
from cloudkasse_etl.i18n.formats import counted
from cloudkasse_etl.i18n.text import rendered_each, say
from cloudkasse_etl.rejections.causes import Cause
from cloudkasse_etl.rejections.rejection import Language
from cloudkasse_etl.sync.dry_run.plan_report import DETAILS, Plan
from cloudkasse_etl.sync.dry_run.plan_view import (
    EntityView,
    ImportView,
    ReceiptsView,
    Table,
    view_of,
    would_be_rejected,
)
from cloudkasse_etl.sync.run.report import refused_counts

_REFUSED = (say("what to do"), say("what is wrong"), say("count"), say("amount"), say("examples"))


def plan_markdown(found: Plan, language: Language) -> str:
    """The whole plan: counts in full, records one by one up to a limit."""
    view = view_of(found, language)
    parts = [f"**{view.head}**", *([plain(view.scope)] if view.scope else [])]
    parts += [_entity(entity, language) for entity in view.entities]
    if view.receipts:
        parts.append(_receipts(view.receipts, language))
    if view.imports:
        parts.append(_import(view.imports, language))
    if view.nothing:
        parts.append(view.nothing)
    return "\n\n".join(parts)


def plan_counts(found: Plan) -> dict[str, int]:
    """The counts of a plan, so that the UI can plot them over time."""
    totals: dict[str, int] = {}
    for entity in found.entities:
        for name, count in entity.counts.items():
            totals[name] = totals.get(name, 0) + count
    for part in (found.receipts, found.imports):  # what their tables show is counted too
        refused = refused_counts(part.rejections if part else ())
        totals["rejected"] = totals.get("rejected", 0) + refused.rejected
        totals["resting"] = totals.get("resting", 0) + refused.still_rejected
    if found.receipts:
        totals["receipts"] = sum(found.receipts.by_status.values())
    if found.imports:
        totals |= {"postings": found.imports.postings, "movements": found.imports.movements}
    return totals


def _entity(entity: EntityView, language: Language) -> str:
    parts = [f"### {entity.title}", entity.counts]
    if entity.stopped:
        heading, reason = entity.stopped
        parts.append(f"**{heading}** {plain(reason)}")
    if entity.skipped:
        parts.append(f"**{entity.skipped}**")
    if entity.lines:
        rows = [(line.sign, line.name, line.field, line.before, line.after) for line in entity.lines]
        parts.append(markdown_table(entity.heads, rows))
    if entity.more:
        parts.append(entity.more)
    parts += [f"- {plain(text)}" for text in entity.waiting]
    return "\n\n".join([*parts, *_refused(entity.causes, language)])


def _receipts(receipts: ReceiptsView, language: Language) -> str:
    parts = [f"### {receipts.title}", receipts.counts, *_drawn(receipts.registers)]
    return "\n\n".join([*parts, *_refused(receipts.causes, language)])


def _import(imports: ImportView, language: Language) -> str:
    parts = [f"### {imports.title}", imports.counts]
    if imports.judged_anew:
        parts.append(imports.judged_anew)
    parts += [*_drawn(imports.accounts), *_drawn(imports.articles)]
    if imports.more_articles:
        parts.append(imports.more_articles)
    if imports.missing_settings:
        missing = ", ".join(f"`{name}` ({count})" for name, count in imports.missing_settings)
        parts.append(f"**{imports.missing}** {missing}")
    parts += [f"- {plain(text)}" for text in imports.waiting]
    return "\n\n".join([*parts, *_refused(imports.causes, language)])


def _refused(causes: Sequence[Cause], language: Language) -> list[str]:
    if not causes:
        return []
    rows = [
        (cause.cure, cause.summary, counted(cause.count, language), cause.amount_text or "–", cause.examples)
        for cause in causes[:DETAILS]
    ]
    heading = f"#### {would_be_rejected(causes, language)}"
    return [heading, markdown_table(rendered_each(_REFUSED, language), rows, numbers=(2, 3))]


def _drawn(table: Table) -> list[str]:
    return [markdown_table(table.heads, table.rows, numbers=table.numbers)] if table.rows else []
