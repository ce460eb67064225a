"""The one sentence of a run, or of an asset: its counts, and what they count. No I/O."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Self

from cloudkasse_etl.entities import (
    REVENUE_POSTINGS,
    SELECTLINE_DOCUMENTS,
    SELECTLINE_LEDGER,
    STAGED_CLOSINGS,
    STAGED_RECEIPTS,
    STOCK_MOVEMENTS,
)
from cloudkasse_etl.i18n.text import Text, joined, say, say_count, with_colon, with_semicolon
from cloudkasse_etl.rejections.rejection import Language
from cloudkasse_etl.sync.run.report import AssetReport, Counts, Outcome, total

_OUTCOMES = {
    "no_new_data": say("nothing new"),
    "successful": say("successful"),
    "partially_successful": say("partially successful"),
    "failed": say("failed"),
}


def outcome_text(outcome: Outcome, language: Language) -> str:
    """The outcome as text, such as "partially successful"."""
    return _OUTCOMES[outcome].render(language)


def count_texts(
    outcome: Outcome, reports: Iterable[AssetReport], language: Language, *, is_brief: bool = False
) -> dict[str, str]:
    """The counts of a sentence, as texts; counts of 0 are left out.

    Args:
        outcome: The outcome.
        reports: Of a run's assets, or of one.
        language: The language of the texts.
        is_brief: Whether there is no room to tell what was staged and imported, and what the rejected records are.

    Returns:
        Name of the count ("rejected") → text ("2 rejected"), in the sentence's order.
    """
    reports = list(reports)
    counts = total(reports)
    # fetched records are named by their kind: "12 new" could mean articles or receipts
    by_name = {report.asset: report.counts.new for report in reports if report.asset in _COMING_DOWN}
    words = _COMING_DOWN_IN_SHORT if is_brief else _COMING_DOWN
    coming = {asset: told(by_name[asset]) for asset, told in words.items() if asset in by_name}
    taken, processed = (
        sum(report.counts.changed for report in reports if report.asset == asset)
        for asset in (SELECTLINE_DOCUMENTS, SELECTLINE_LEDGER)
    )
    refused = _Refused.of([replace(report, asset="") for report in reports] if is_brief else reports)
    numbers = {
        "new": _new(counts.new - sum(by_name.values())),
        "changed": say_count("{count:,} changed", "{count:,} changed", count=counts.changed - taken - processed),
        "deactivated": say_count("{count:,} retired", "{count:,} retired", count=counts.deactivated),
        **{asset: text for asset, text in coming.items() if asset == STAGED_RECEIPTS},
        **{name: told(sum(one.apart.get(name, 0) for one in reports)) for name, told in APART.items()},
        **{asset: text for asset, text in coming.items() if asset != STAGED_RECEIPTS},
        "taken_over": say_count("{count:,} taken over there", "{count:,} taken over there", count=taken),
        "processed": say_count("{count:,} processed there", "{count:,} processed there", count=processed),
        "rejected": refused.render(_rejected, _are_rejected, "rejected"),
        # in a quiet run nothing is newly rejected: the short word is clearer
        "open": refused.render(_rejected, _are_rejected, "still_rejected")
        if outcome is Outcome.NO_NEW_DATA
        else refused.render(_still_rejected, _are_still_rejected, "still_rejected"),
        "waiting": say("{count:,} waiting", count=counts.deferred),
    }
    return {name: text.render(language) for name, text in numbers.items() if text and text.values.get("count", True)}


def sentence(
    outcome: Outcome,
    reports: Iterable[AssetReport],
    language: Language,
    error: str | None = None,
    waiting: Text | None = None,
    open_records: int = 0,
) -> str:
    """The one sentence for the clerk.

    Args:
        outcome: The outcome.
        reports: Of a run's assets, or of one.
        language: The language of the sentence.
        error: Why the run broke, if it did.
        waiting: A sentence on the receipts that wait for their import; None if none do.
        open_records: How many records are rejected in all, if it broke.

    Returns:
        The sentence.
    """
    word = outcome_text(outcome, language)
    reports = list(reports)
    quiet = outcome is Outcome.NO_NEW_DATA
    counts = count_texts(outcome, reports, language)
    if error:  # it looked at a part only
        counts.pop("open", None)
    parts = list(counts.values())
    text = word
    if parts:
        text = (with_semicolon if quiet else with_colon)(word, ", ".join(parts), language)
    if error:
        # why it broke comes first: rejections until then may be only its consequence
        text = with_colon(word, error, language)
        if parts:
            text = f"{text} {say('Until then: {counts}.', counts=', '.join(parts)).render(language)}"
        if open_records:
            whole = say_count(
                "{count:,} record is open in all.", "{count:,} records are open in all.", count=open_records
            )
            text = f"{text} {whole.render(language)}"
    # What all articles and prices wait for is said at once, and so is the receipt for which a void waits, and what an
    # undone import left in SelectLine; that some prices wait for their article, the protocol says.
    deferrals = [deferral for report in reports for deferral in report.deferrals]
    told_at_once = ("register_required", "receipt_original", "delivery_undone_elsewhere")
    waits = [deferral.text(language) for deferral in deferrals if deferral.code in told_at_once and not error]
    if waiting is not None:
        waits.append(waiting.render(language))
    return f"{text}. {' '.join(dict.fromkeys(waits))}" if waits else text


def _new(count: int) -> Text:
    return say_count("{count:,} new", "{count:,} new", count=count)


def _rejected(count: int) -> Text:
    return say_count("{count:,} rejected", "{count:,} rejected", count=count)


def _are_rejected(records: Text) -> Text:
    return say("{records} rejected", records=records)


def _still_rejected(count: int) -> Text:
    return say_count("{count:,} still rejected", "{count:,} still rejected", count=count)


def _are_still_rejected(records: Text) -> Text:
    return say("{records} still rejected", records=records)


def _receipts(count: int) -> Text:
    return say_count("{count:,} receipt", "{count:,} receipts", count=count)


def _closings(count: int) -> Text:
    return say_count("{count:,} closing", "{count:,} closings", count=count)


def _stock_lines(count: int) -> Text:
    return say_count("{count:,} stock line", "{count:,} stock lines", count=count)


def _documents(count: int) -> Text:
    return say_count("{count:,} document", "{count:,} documents", count=count)


def _batches(count: int) -> Text:
    return say_count("{count:,} batch", "{count:,} batches", count=count)


def _records(count: int) -> Text:
    return say_count("{count:,} record", "{count:,} records", count=count)


_NOUNS = {
    STAGED_RECEIPTS: _receipts,
    REVENUE_POSTINGS: _receipts,
    STAGED_CLOSINGS: _closings,
    STOCK_MOVEMENTS: _stock_lines,
    SELECTLINE_DOCUMENTS: _documents,
    SELECTLINE_LEDGER: _batches,
}
"""What an asset's records are; those of all others are simply records."""


@dataclass(frozen=True, slots=True)
class _Refused:
    """The refused records of a run by what they are: 27 receipts and 5 of their stock lines are no 32 receipts."""

    by_noun: Mapping[Callable[[int], Text], Counts]

    @classmethod
    def of(cls, reports: Iterable[AssetReport]) -> Self:
        found: dict[Callable[[int], Text], Counts] = {}
        for report in reports:
            noun = _NOUNS.get(report.asset, _records)
            found[noun] = found.get(noun, Counts()) + report.counts
        return cls({noun: counts for noun, counts in found.items() if counts.attempted or counts.still_rejected})

    def render(self, bare: Callable[[int], Text], named: Callable[[Text], Text], name: str) -> Text | None:
        """The number alone where the run was about one kind of thing; else what they are."""
        numbers = {noun: getattr(counts, name) for noun, counts in self.by_noun.items()}
        texts = [noun(count) for noun, count in numbers.items() if count]
        if len(self.by_noun) < 2 or not texts:
            return bare(sum(numbers.values()))
        *first, last = texts
        return named(say("{first} and {last}", first=joined(", ", first), last=last) if first else last)


def _staged_receipts(count: int) -> Text:
    return say_count("{count:,} receipt staged", "{count:,} receipts staged", count=count)


def _staged_closings(count: int) -> Text:
    return say_count("{count:,} closing staged", "{count:,} closings staged", count=count)


def _imported(count: int) -> Text:
    return say_count("{count:,} receipt imported", "{count:,} receipts imported", count=count)


def _moved(count: int) -> Text:
    return say_count("{count:,} stock line moved", "{count:,} stock lines moved", count=count)


def _delivered(count: int) -> Text:
    return say_count("{count:,} document delivered", "{count:,} documents delivered", count=count)


def _posted(count: int) -> Text:
    return say_count("{count:,} batch posted", "{count:,} batches posted", count=count)


def _without_effect(count: int) -> Text:
    return say_count("{count:,} of them without effect", "{count:,} of them without effect", count=count)


def _before_start(count: int) -> Text:
    return say_count("{count:,} of them before the start date", "{count:,} of them before the start date", count=count)


APART = {"no_effect": _without_effect, "before_start": _before_start}
"""Parts of the receipts that a run staged."""

# Receipts before closings, postings before movements, deliveries last, whatever ran first.
_COMING_DOWN: Mapping[str, Callable[[int], Text]] = {
    STAGED_RECEIPTS: _staged_receipts,
    STAGED_CLOSINGS: _staged_closings,
    REVENUE_POSTINGS: _imported,
    STOCK_MOVEMENTS: _moved,
    SELECTLINE_DOCUMENTS: _delivered,
    SELECTLINE_LEDGER: _posted,
}
# In the list of runs, where the job's name says that it was about receipts.
_COMING_DOWN_IN_SHORT: Mapping[str, Callable[[int], Text]] = {
    STAGED_RECEIPTS: lambda count: say_count("{count:,} staged", "{count:,} staged", count=count),
    STAGED_CLOSINGS: _closings,
    REVENUE_POSTINGS: lambda count: say_count("{count:,} imported", "{count:,} imported", count=count),
    STOCK_MOVEMENTS: lambda count: say_count("{count:,} moved", "{count:,} moved", count=count),
    SELECTLINE_DOCUMENTS: lambda count: say_count("{count:,} delivered", "{count:,} delivered", count=count),
    SELECTLINE_LEDGER: _batches,
}
