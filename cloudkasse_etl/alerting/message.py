"""The text of an alert: one entry for each cause, however many records it has. No I/O."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cloudkasse_etl.i18n.formats import counted
from cloudkasse_etl.rejections.causes import Place, more_than, place
from cloudkasse_etl.rejections.rejection import Language, Rejection

MAX_CAUSES = 20
MAX_REASON = 600


@dataclass(frozen=True, slots=True)
class RejectionCause:
    """Records that are rejected for one cause.

    Attributes:
        asset: The asset that refuses them.
        code: The rejection's code.
        count: The number of records.
        examples: The keys of the first of them.
    """

    asset: str
    code: str
    count: int
    examples: Sequence[Rejection]

    def place(self, language: Language) -> Place:
        """Its sort key, the same in every report."""
        return place(self.count, self.asset, self.code, self.examples[0].cure(language) if self.examples else "")


@dataclass(frozen=True, slots=True)
class FailedRun:
    """A run that could not do its work.

    Attributes:
        run_id: The run's id.
        kinds: The kinds of runs that fail for this reason.
        at: When it ended, as text in the shop's time zone.
        reason: The reason in plain words.
    """

    run_id: str
    kinds: Sequence[str]
    at: str
    reason: str


@dataclass(frozen=True, slots=True)
class Message:
    """An alert.

    Attributes:
        subject: One line.
        body: Plain text.
    """

    subject: str
    body: str


_WORDS: dict[Language, Mapping[str, str]] = {
    "en": {
        "failed": "synchronisation failed",
        "records": "{records} rejected for {causes}",
        "cause": "1 new cause",
        "causes": "{count} new causes",
        "failed_run": "A synchronisation failed: {kinds}, {at}, run {run}.",
        "rejections": "Newly rejected:",
        "entry": "{asset} · {code} · {count}",
        "cure": "What to do: {cure}",
        "all": "Every record with its reason: cloudkasse-etl protocol {run}",
        "once": "Each cause is told once; again only if it comes back after it was gone.",
    },
    "de": {
        "failed": "Synchronisation fehlgeschlagen",
        "records": "{records} abgelehnt, {causes}",
        "cause": "1 neue Ursache",
        "causes": "{count} neue Ursachen",
        "failed_run": "Eine Synchronisation ist fehlgeschlagen: {kinds}, {at}, Lauf {run}.",
        "rejections": "Neu abgelehnt:",
        "entry": "{asset} · {code} · {count}",
        "cure": "Was zu tun ist: {cure}",
        "all": "Jeder Datensatz mit seinem Grund: cloudkasse-etl protocol {run}",
        "once": "Jede Ursache wird einmal gemeldet; erneut nur, wenn sie behoben war und wiederkommt.",
    },
}


def compose(
    company: str,
    runs: Sequence[FailedRun],
    causes: Sequence[RejectionCause],
    language: Language,
    *,
    latest_run: str = "",
    ui_url: str | None = None,
) -> Message:
    """Writes one message for all that is new.

    Args:
        company: The company's number.
        runs: Failed runs, one for each reason.
        causes: Causes of rejections.
        language: The language of the text.
        latest_run: The run whose protocol lists the rejections; empty where none is known.
        ui_url: Address of the Dagster UI, for links to the runs.

    Returns:
        Subject and body.
    """
    words = _WORDS[language]
    head = [words["failed"]] if runs else []
    if causes:
        number = words["cause"] if len(causes) == 1 else words["causes"].format(count=len(causes))
        records = counted(sum(cause.count for cause in causes), language)
        head.append(words["records"].format(records=records, causes=number))
    blocks: list[str] = []
    for run in runs:
        heading = words["failed_run"].format(kinds=", ".join(run.kinds), at=run.at, run=run.run_id[:8])
        blocks.append("\n".join([heading, *_indented(_cut(run.reason, MAX_REASON)), *_link(ui_url, run.run_id)]))
    if causes:
        entries = [_entry(cause, language) for cause in causes[:MAX_CAUSES]]
        if further := more_than(len(causes), MAX_CAUSES, language):
            entries.append(further)
        blocks.append("\n\n".join([words["rejections"], *entries]))
        if latest_run:
            blocks.append("\n".join([words["all"].format(run=latest_run[:8]), *_link(ui_url, latest_run)]))
    return Message(f"CloudKasse {company}: {'; '.join(head)}", "\n\n".join([*blocks, words["once"]]))


def _entry(cause: RejectionCause, language: Language) -> str:
    words = _WORDS[language]
    lines = [words["entry"].format(asset=cause.asset, code=cause.code, count=counted(cause.count, language))]
    texts = list(dict.fromkeys(example.text(language) for example in cause.examples))
    more = more_than(cause.count, len(cause.examples), language)
    if len(texts) == 1:
        keys = ", ".join(example.key for example in cause.examples)
        lines += _indented(texts[0]) + _indented(f"{keys} {more}" if more else keys)
    else:
        for example in cause.examples:
            lines += _indented(f"{example.key}: {example.text(language)}")
        lines += _indented(more) if more else []
    for cure in dict.fromkeys(example.cure(language) for example in cause.examples[:1]):
        lines += _indented(words["cure"].format(cure=cure))
    return "\n".join(lines)


def _link(ui_url: str | None, run_id: str) -> list[str]:
    return [f"{ui_url.rstrip('/')}/runs/{run_id}"] if ui_url else []


def _indented(text: str) -> list[str]:
    # keys and reasons are foreign text: one that has line ends must not look like a line of ours
    return [f"  {' '.join(text.split())}"]


def _cut(text: str, length: int) -> str:
    return text if len(text) <= length else f"{text[: length - 1]}…"
