"""The use case that finds missing data: gaps, duplicate numbers, closings that differ from their receipts.

Its findings are asset checks: they name register and numbers, and do not change a run's outcome.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass

import orjson

from cloudkasse_etl.entities import STAGED_RECEIPTS
from cloudkasse_etl.fingerprint import fingerprint
from cloudkasse_etl.i18n.formats import plain_euros, spelled
from cloudkasse_etl.i18n.text import Text, say, say_count
from cloudkasse_etl.rejections.rejection import Language
from cloudkasse_etl.schemas.wire_receipts import parse_closing, read_receipt
from cloudkasse_etl.state.stores.checkpoints import CheckpointStore
from cloudkasse_etl.state.stores.missing_numbers import TO, Completeness, Gap, OpenClosing
from cloudkasse_etl.sync.receipts.closing_differences import compare_closing
from cloudkasse_etl.sync.run.session import SyncSession
from cloudkasse_etl.transform.receipt_days import IMPLAUSIBLE

_LEVEL = "completeness"


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is missing or inconsistent.

    Attributes:
        register: The register.
        numbers: Receipt or closing numbers, `4711` or `4711–4715`.
        text: What is wrong.
    """

    register: str
    numbers: str
    text: str

    @property
    def ends(self) -> tuple[int, int]:
        """The first and the last of its numbers."""
        first, _, last = self.numbers.partition(TO)
        return int(first), int(last or first)


@dataclass(frozen=True)
class CompletenessReport:
    """The findings, by check; empty where all is complete."""

    receipt_gaps: tuple[Finding, ...] = ()
    doubled_numbers: tuple[Finding, ...] = ()
    implausible_days: tuple[Finding, ...] = ()
    closing_gaps: tuple[Finding, ...] = ()
    closing_differences: tuple[Finding, ...] = ()
    unbalanced: tuple[Finding, ...] = ()


def check_completeness(session: SyncSession) -> CompletenessReport:
    """Compares staged receipts among themselves and with the closings, and checks that the books balance.

    A closing that was found equal once is not compared again. A gap that a late receipt fills disappears by itself. If
    nothing was staged or booked since the last check, its findings are returned again.
    """
    asked = Completeness(session.store.connection)
    language = session.settings.language
    clearing = session.settings.accounts.clearing
    mark = fingerprint((asked.mark(), language, clearing))
    last = session.store.checkpoints.of(_LEVEL)
    if last is not None and last.fingerprint == mark:
        return last_findings(session.store.checkpoints)
    report = _compare(session, asked, language)
    session.store.checkpoints.set(_LEVEL, mark, orjson.dumps(asdict(report)).decode())
    return report


def last_findings(checkpoints: CheckpointStore) -> CompletenessReport:
    """What the last check found, in the words of then; nothing where there was none."""
    last = checkpoints.of(_LEVEL)
    found = {} if last is None or not last.details else orjson.loads(last.details)
    return CompletenessReport(**{name: tuple(Finding(**f) for f in findings) for name, findings in found.items()})


def _compare(session: SyncSession, asked: Completeness, language: Language) -> CompletenessReport:
    equal: list[OpenClosing] = []
    differences: list[Finding] = []
    for closing in asked.open_closings():
        raws, refused = asked.receipts_of(closing)
        stated, receipts = parse_closing(orjson.loads(closing.raw)), [read_receipt(raw) for raw in raws]
        compared = compare_closing(stated, receipts, has_cases=session.till.closing_sums == "all")
        if compared.is_equal:
            equal.append(closing)
            continue
        texts = compared.texts(language)
        if refused:
            texts.append(say("refused receipts: {numbers}", numbers=_numbers(refused)).render(language))
        differences.append(Finding(closing.register, str(closing.number), "; ".join(texts)))
    asked.set_verified(equal)
    return CompletenessReport(
        receipt_gaps=tuple(_gap(gap, missing_receipts, language) for gap in asked.receipt_gaps()),
        doubled_numbers=tuple(
            Finding(d.register, str(d.number), _doubled(d.count).render(language)) for d in asked.doubled_numbers()
        ),
        implausible_days=tuple(
            Finding(r.detail["register"], r.detail["number"], r.text(language))
            for r in session.store.rejections.of(STAGED_RECEIPTS)
            if r.code == IMPLAUSIBLE
        ),
        closing_gaps=tuple(_gap(gap, missing_closings, language) for gap in asked.closing_gaps()),
        closing_differences=tuple(differences),
        unbalanced=_unbalanced(asked, session.settings.accounts.clearing, language),
    )


def _unbalanced(asked: Completeness, clearing: str | None, language: Language) -> tuple[Finding, ...]:
    found = [
        Finding("", receipt_id, say("the postings of this receipt do not sum to 0").render(language))
        for receipt_id in asked.unbalanced()
    ]
    balance = asked.balance_of(clearing) if clearing else 0
    if clearing and balance:
        value = spelled(plain_euros(balance), language)
        text = say("the clearing account comes to {value}, not to 0", value=value)
        found.append(Finding("", clearing, text.render(language)))
    return tuple(found)


def _gap(gap: Gap, says: Callable[[int], Text], language: Language) -> Finding:
    return Finding(gap.register, gap.numbers, says(gap.count).render(language))


def _numbers(numbers: list[int]) -> str:
    shown = ", ".join(map(str, numbers[:10]))
    return shown + (", …" if len(numbers) > 10 else "")


def missing_receipts(count: int) -> Text:
    """That so many receipt numbers are missing."""
    return say_count(
        "{count:,} receipt number is missing; it may still come if a tablet is offline.",
        "{count:,} receipt numbers are missing; they may still come if a tablet is offline.",
        count=count,
    )


def missing_closings(count: int) -> Text:
    """That so many closings are missing."""
    return say_count("{count:,} closing is missing.", "{count:,} closings are missing.", count=count)


def _doubled(count: int) -> Text:
    return say("{count} receipts have this number; all of them were taken.", count=count)
