"""One receipt as Markdown, for the UI. The same for a terminal: cli/commands/books/list_receipts.py."""

from assets.ui.markdown import markdown_table, plain
from cloudkasse_etl.i18n.text import Language, say
from cloudkasse_etl.sync.outputs.receipt_view import ReceiptView


def receipt_markdown(view: ReceiptView, language: Language) -> str:
    """The whole receipt."""
    cure = say("What to do:").render(language)
    parts = [f"**{plain(view.head)}**"]
    parts += [f"{plain(text)} {cure} {plain(what)}" if what else plain(text) for text, what in view.problems]
    parts.append("\n".join(f"- {label}: {plain(told)}" for label, told in view.facts))
    for section in view.sections:
        parts += [f"### {section.title}", markdown_table(section.heads, section.rows, numbers=section.numbers)]
    return "\n\n".join(parts)
