"""The text of an alert: one entry for each cause, however many records it has. No I/O."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from cloudkasse_etl.i18n.formats import counted
from cloudkasse_etl.i18n.text import Text, rendered, rendered_each, say, say_count
from cloudkasse_etl.rejections.causes import Place, listed, more_than, place
from cloudkasse_etl.rejections.rejection import Language, Rejection
from cloudkasse_etl.rejections.stuck_money import StuckMoney

MAX_CAUSES = 20
MAX_REASON = 600
MAX_COMPANIES = 10


@dataclass(frozen=True, slots=True)
class RejectionCause:
    """Records that are rejected for one cause.

    Attributes:
        asset: The asset that refuses them.
        code: The rejection's code.
        count: The number of records.
        examples: The first of them.
        stuck: The money in the receipts among them.
        companies: In a chain, the keys of the companies whose records they are.
    """

    asset: str
    code: str
    count: int
    examples: Sequence[Rejection]
    stuck: StuckMoney = field(default_factory=StuckMoney)
    companies: Sequence[str] = ()

    def place(self, language: Language) -> Place:
        """Its sort key, the same in every report."""
        cure = self.examples[0].cure(language) if self.examples else ""
        return place(self.stuck, self.count, self.asset, self.code, cure)


@dataclass(frozen=True, slots=True)
class FailedRun:
    """A run that could not do its work.

    Attributes:
        run_id: The run's id.
        kinds: The kinds of runs that fail for this reason.
        at: When it ended, as text in the shop's time zone.
        reason: The reason in plain words.
        companies: In a chain, the keys of the companies whose runs fail for it.
    """

    run_id: str
    kinds: Sequence[str]
    at: str
    reason: str
    companies: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class BrokenSettings:
    """Companies of a chain that are not synchronised, since their settings are broken.

    Attributes:
        companies: Their keys.
        problems: What is wrong.
    """

    companies: Sequence[str]
    problems: Text | str


@dataclass(frozen=True, slots=True)
class Message:
    """An alert.

    Attributes:
        subject: One line.
        body: Plain text.
    """

    subject: str
    body: str


def compose(
    company: str,
    runs: Sequence[FailedRun],
    causes: Sequence[RejectionCause],
    language: Language,
    *,
    latest_run: str = "",
    ui_url: str | None = None,
    broken: Sequence[BrokenSettings] = (),
    is_chain: bool = False,
) -> Message:
    """Writes one message for all that is new.

    Args:
        company: The company's number; of a chain the companies of which something is told.
        runs: Failed runs, one for each reason.
        causes: Causes of rejections.
        language: The language of the text.
        latest_run: The run whose protocol lists the rejections; empty where none is known.
        ui_url: Address of the Dagster UI, for links to the runs.
        broken: Companies whose settings are broken.
        is_chain: Whether it tells of companies of a chain.

    Returns:
        Subject and body.
    """
    head: list[Text] = [say("synchronisation failed")] if runs else []
    if broken:
        head.append(say("settings broken"))
    if causes:
        number = say_count("1 new cause", "{count} new causes", count=len(causes))
        head.append(
            say_count(
                "{count:,} rejected for {causes}",
                "{count:,} rejected for {causes}",
                count=sum(c.count for c in causes),
                causes=number,
            )
        )
    blocks = [_broken_block(one, language) for one in broken]
    for run in runs:
        failed = say(
            "A synchronisation failed: {kinds}, {at}, run {run}.",
            kinds=", ".join(run.kinds),
            at=run.at,
            run=run.run_id[:8],
        )
        blocks.append(
            "\n".join(
                [
                    failed.render(language),
                    *_indented(_cut(run.reason, MAX_REASON)),
                    *_of_companies(run.companies, language),
                    *_link(ui_url, run.run_id),
                ]
            )
        )
    if causes:
        entries = [_entry(cause, language) for cause in causes[:MAX_CAUSES]]
        if further := more_than(len(causes), MAX_CAUSES, language):
            entries.append(further)
        blocks.append("\n\n".join([say("Newly rejected:").render(language), *entries]))
        if latest_run:
            listed = say("Every record with its reason: cloudkasse-etl protocol {run}", run=latest_run[:8])
            blocks.append("\n".join([listed.render(language), *_link(ui_url, latest_run)]))
    if is_chain:
        all_of_them = say("How each company is, and what to do: cloudkasse-etl status --all-companies")
        page = [f"{ui_url.rstrip('/')}/assets/companies"] if ui_url else []
        blocks.append("\n".join([all_of_them.render(language), *page]))
    once = say("Each cause is told once; again only if it comes back after it was gone.")
    title = say("Till synchronisation")  # as the page is headed
    return Message(
        f"{title.render(language)} {company}: {'; '.join(rendered_each(head, language))}",
        "\n\n".join([*blocks, once.render(language)]),
    )


def _entry(cause: RejectionCause, language: Language) -> str:
    amount = cause.stuck.render(language)
    lines = [" · ".join([cause.asset, cause.code, counted(cause.count, language), *([amount] if amount else [])])]
    texts = list(dict.fromkeys(example.text(language) for example in cause.examples))
    more = more_than(cause.count, len(cause.examples), language)
    if len(texts) == 1:
        names = [example.name(language) for example in cause.examples]
        lines += _indented(texts[0]) + _indented(listed(names, cause.count, language))
    else:
        for example in cause.examples:
            lines += _indented(f"{example.name(language)}: {example.text(language)}")
        lines += _indented(more) if more else []
    lines += _of_companies(cause.companies, language)
    for cure in dict.fromkeys(example.cure(language) for example in cause.examples[:1]):
        lines += _indented(say("What to do: {cure}", cure=cure).render(language))
    return "\n".join(lines)


def _broken_block(broken: BrokenSettings, language: Language) -> str:
    head = say_count(
        "The settings of a company are broken, and it is not synchronised:",
        "The settings of {count:,} companies are broken, and they are not synchronised:",
        count=len(broken.companies),
    )
    text = _cut(rendered(broken.problems, language), MAX_REASON)
    return "\n".join([head.render(language), *_indented(text), *_of_companies(broken.companies, language)])


def _of_companies(companies: Sequence[str], language: Language) -> list[str]:
    """A line with the first companies; none of a single shop."""
    if not companies:
        return []
    names = ", ".join(companies[:MAX_COMPANIES])
    more = more_than(len(companies), MAX_COMPANIES, language)
    told = say_count("Company: {names}", "Companies: {names}", count=len(companies), names=f"{names} {more}".strip())
    return _indented(told.render(language))


def _link(ui_url: str | None, run_id: str) -> list[str]:
    return [f"{ui_url.rstrip('/')}/runs/{run_id}"] if ui_url else []


def _indented(text: str) -> list[str]:
    # keys and reasons are foreign text: one that has line ends must not look like a line of ours
    return [f"  {' '.join(text.split())}"]


def _cut(text: str, length: int) -> str:
    return text if len(text) <= length else f"{text[: length - 1]}…"
