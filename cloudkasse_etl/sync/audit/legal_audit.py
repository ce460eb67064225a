"""The use case of an audit: the registers' legal record against what was staged and booked, closing by closing."""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import orjson

from cloudkasse_etl.config.settings import Configuration
from cloudkasse_etl.errors import ConfigurationError, PermanentError
from cloudkasse_etl.i18n.formats import plain_euros
from cloudkasse_etl.i18n.text import Language, say
from cloudkasse_etl.schemas.wire_receipts import MalformedError, Receipt, parse_closing, read_receipt
from cloudkasse_etl.state.stores.books.audited_receipts import AuditedClosing, AuditedReceipt, AuditedReceipts
from cloudkasse_etl.state.stores.books.receipt_status import Status
from cloudkasse_etl.sync.audit.audit_report import SHOWN, AuditDifference, AuditReport, AuditTally, Kind
from cloudkasse_etl.sync.audit.receipt_differences import Values, closing_differences, has_effect, receipt_differences
from cloudkasse_etl.sync.inputs.own_tables import open_reading
from cloudkasse_etl.tills.dsfinvk.export_reader import ClosingRecord
from cloudkasse_etl.tills.dsfinvk.legal_record import LegalRecord

Numbers = dict[int, list[tuple[Receipt, AuditedReceipt]]]


def audit_legal_record(
    configuration: Configuration,
    folder: Path,
    *,
    first_day: dt.date | None = None,
    last_day: dt.date | None = None,
    record: Callable[[], LegalRecord] | None = None,
) -> AuditReport:
    """Compares exports with our own tables; takes no lease, and changes nothing but the last audit that is kept.

    Args:
        configuration: Settings and connections.
        folder: A folder with exports, or a ZIP file.
        first_day, last_day: Only closings of these business days; all that the exports have where None.
        record: Makes what reads the exports.

    Returns:
        The differences.

    Raises:
        ConfigurationError: There is no such folder.
        PermanentError: There is no export in it, or none with a closing of these days.
        StateUnavailableError: Our own tables cannot be reached.
    """
    if not folder.exists():
        raise ConfigurationError(
            say("There is no folder {path}.", path=str(folder)), hint=say("Name the folder with the exports.")
        )
    legal = (
        record()
        if record
        else LegalRecord(folder, configuration.settings.zone, names=configuration.settings.registers_in_till)
    )
    with open_reading(configuration) as store:
        settings = configuration.settings
        audited = AuditedReceipts(store.connection)
        audit = _Audit(audited, settings.language, settings.accounts.clearing, first_day, last_day)
        for closing in legal.closings():
            audit.take(closing)
        if not audit.seen and audit.tally.first:
            raise PermanentError(say("No closing can be read. {why}", why=audit.tally.first[0].text))
        if not legal.exports:
            raise PermanentError(
                say("There is no DSFinV-K export in {path}.", path=str(folder)),
                hint=say("A folder or ZIP file with a cashpointclosing.csv is one."),
            )
        audit.look_for_missing()
        if not audit.compared and not audit.tally.first:
            raise PermanentError(
                say("Nothing could be compared: there is no closing of these days in {path}.", path=str(folder)),
                hint=say("Name other days, or the folder with the exports of these."),
            )
        report = AuditReport(
            folder=str(folder),
            audited_at=dt.datetime.now(configuration.settings.zone).isoformat(timespec="seconds"),
            closings=len(audit.compared),
            receipts=audit.receipts,
            not_booked=audit.not_booked,
            counts=dict(audit.tally.counts),
            differences=tuple(audit.tally.first),
            warnings=tuple(audit.warnings),
        )
        audit.store.keep(report.kept())
    return report


@dataclass
class _Audit:
    """Compares closing by closing."""

    store: AuditedReceipts
    language: Language
    clearing: str | None
    first_day: dt.date | None
    last_day: dt.date | None
    tally: AuditTally = field(default_factory=AuditTally)
    seen: set[tuple[str, int]] = field(default_factory=set)
    compared: set[tuple[str, int]] = field(default_factory=set)
    warnings: list[str] = field(default_factory=list)
    receipts: int = 0
    not_booked: int = 0

    def __post_init__(self) -> None:
        self.closings = self.store.closings()

    def take(self, record: ClosingRecord) -> None:
        """Compares a closing of the legal record and its receipts."""
        if record.closing is not None and not self._is_asked(dt.date.fromisoformat(record.closing.business_day)):
            self.seen.add((record.closing.register, record.closing.number))
            return
        unreadable = set()
        for deviation in record.deviations:
            text = say("{place}: {text}", place=deviation.place, text=deviation.text(self.language)).render(
                self.language
            )
            if deviation.is_refusal:
                unreadable.add(deviation.number)
                self._add("unreadable", deviation.register, deviation.closing, deviation.number, text=text)
            elif len(self.warnings) < SHOWN:
                self.warnings.append(text)
        closing = record.closing
        if closing is None:
            if record.number is not None:
                self.seen.add((record.register, record.number))
                self.compared.add((record.register, record.number))
            return
        self.seen.add((closing.register, closing.number))
        self.compared.add((closing.register, closing.number))
        staged = self.closings.get((closing.register, closing.number))
        if staged is None:
            self._add("missing_here", closing.register, closing.number)
        elif fields := closing_differences(
            closing, parse_closing(orjson.loads(staged.raw)), has_cases=staged.names_numbers
        ):
            self._add("different", closing.register, closing.number, fields=fields)
        self._compare_receipts(record, staged, unreadable)

    def _is_asked(self, day: dt.date) -> bool:
        return (self.first_day is None or day >= self.first_day) and (self.last_day is None or day <= self.last_day)

    def _compare_receipts(
        self, record: ClosingRecord, staged: AuditedClosing | None, unreadable: set[int | None]
    ) -> None:
        numbers = [receipt.number for receipt in record.receipts]
        if staged is not None and staged.names_numbers:
            numbers += [staged.first_receipt_number, staged.last_receipt_number]
        ours = self._staged(record, min(numbers, default=0), max(numbers, default=-1), staged)
        self.receipts += len(record.receipts)
        pairs, alone = [], []
        for receipt in record.receipts:
            candidates = ours.get(receipt.number, [])
            if candidates:
                # a number that two receipts have: first the one that is equal
                best = min(range(len(candidates)), key=lambda at: len(receipt_differences(receipt, candidates[at][0])))
                pairs.append((receipt, *candidates.pop(best)))
            else:
                alone.append(receipt)
        left = [pair for candidates in ours.values() for pair in candidates]
        for receipt in alone:
            twin = next((pair for pair in left if not _without_number(receipt, pair[0])), None)
            if twin is None:
                self._add("missing_here", record.register, record.number, receipt.number)
            else:
                left.remove(twin)
                pairs.append((receipt, *twin))
        for _, row in left:
            if row.number not in unreadable:
                self._add("missing_there", record.register, record.number, row.number)
        self._compare_pairs(record, pairs)

    def _staged(self, record: ClosingRecord, first: int, last: int, staged: AuditedClosing | None) -> Numbers:
        """Our receipts of the closing by number; those of another closing have their own turn."""
        asked = {receipt.number for receipt in record.receipts}
        found: Numbers = {}
        unnumbered = record.number if staged is not None and not staged.names_numbers else None
        for row in self.store.receipts(record.register, first, last, unnumbered):
            if row.closing_number not in (None, record.number):
                continue
            is_of_the_day = staged is not None and row.business_day == staged.business_day
            if row.number in asked or row.closing_number == record.number or is_of_the_day:
                try:
                    found.setdefault(row.number, []).append((read_receipt(row.raw), row))
                except MalformedError:
                    self._add("missing_here", record.register, record.number, row.number)
        return found

    def _compare_pairs(self, record: ClosingRecord, pairs: list[tuple[Receipt, Receipt, AuditedReceipt]]) -> None:
        imported = [row.receipt_id for _, _, row in pairs if row.status == Status.IMPORTED]
        booked = self.store.booked_tenders(imported)
        for legal, ours, row in pairs:
            fields = receipt_differences(legal, ours)
            if legal.number != ours.number:
                fields.append(("number", str(legal.number), str(ours.number)))
            if row.status == Status.IMPORTED:
                due, mine = _due(legal), _booked(booked.get(row.receipt_id, {}), self.clearing)
                if mine is not None and due != mine:
                    fields.append(("booked", plain_euros(due), plain_euros(mine)))
            elif has_effect(ours):
                self.not_booked += 1
            if fields:
                self._add("different", record.register, record.number, legal.number, fields=fields)

    def look_for_missing(self) -> None:
        """Staged closings that the legal record lacks: between those of a register, or on the days asked for."""
        numbers: dict[str, list[int]] = {}
        for register, number in self.seen:
            numbers.setdefault(register, []).append(number)
        for (register, number), closing in sorted(self.closings.items()):
            if (register, number) in self.seen or not self._is_asked(closing.business_day):
                continue
            mine = numbers.get(register, [])
            is_between = bool(mine) and min(mine) < number < max(mine)
            if is_between or (self.first_day is not None and self.last_day is not None):
                self._add("missing_there", register, number)

    def _add(
        self,
        kind: Kind,
        register: str,
        closing: int | None,
        receipt: int | None = None,
        *,
        fields: list[Values] | None = None,
        text: str = "",
    ) -> None:
        self.tally.add(AuditDifference(kind, register, closing, receipt, tuple(fields or ()), text))


def _without_number(legal: Receipt, ours: Receipt) -> bool:
    """Whether two receipts differ in more than their number."""
    return bool(receipt_differences(legal, ours))


def _booked(cents: dict[str, int], clearing: str | None) -> int | None:
    """What was booked on the accounts of tenders; None where clearing had another account then."""
    if cents and clearing not in cents:
        return None
    return sum(amount for account, amount in cents.items() if account != clearing)


def _due(receipt: Receipt) -> int:
    """What has to be booked on tenders: what was paid, without opening cash (docs/rules.md)."""
    if not has_effect(receipt):
        return 0
    opening = sum(
        line.gross_cents for line in receipt.lines if line.business_case == "Anfangsbestand" and not line.cancelled
    )
    return sum(payment.base_amount_cents for payment in receipt.payments) - opening
