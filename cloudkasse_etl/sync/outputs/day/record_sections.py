"""The tables of a sheet about records: numbers, closings, deliveries, files, and receipts one by one."""

from collections.abc import Iterator, Sequence

from cloudkasse_etl.i18n import formats
from cloudkasse_etl.i18n.text import Text, joined, say, say_as
from cloudkasse_etl.state.stores.books.receipt_status import Status
from cloudkasse_etl.state.stores.deliveries.delivery_store import COVERED, STATUS_WORDS, DeliveryStatus
from cloudkasse_etl.sync.outputs.day.day_sheet import Correction, SheetClosing
from cloudkasse_etl.sync.outputs.day.sheet_drawing import SheetDrawing
from cloudkasse_etl.sync.outputs.day.sheet_words import TARGET_WORDS
from cloudkasse_etl.sync.outputs.tables.table_page import Section
from cloudkasse_etl.sync.receipts.receipt_list import ListedReceipt
from cloudkasse_etl.transform.day_sheet.day_sums import Corrected

# Past this many a reader asks `receipts` for them.
SHOWN = 200
_AMOUNT = say("Amount")
_RECEIPTS = say("Receipts")
_TAKEN_BACK = say("takes back")


class RecordSections(SheetDrawing):
    """Draws what a sheet tells of records."""

    def sections(self) -> Iterator[Section]:
        """Its tables."""
        yield self._numbers()
        yield self._delivered()
        yield self._exported()
        yield self._settings()
        yield self._closings()
        yield self._corrections()
        yield self._listed(say("Receipts that are in no sum"), self.sheet.uncounted)
        unbooked = say("Receipts that are counted, and will not be booked as they are")
        yield self._listed(unbooked, self.sheet.unbooked)

    def _numbers(self) -> Section:
        numbers = self.sheet.numbers
        rows: list[Sequence[str]] = [(self.told(say("Receipts, of any kind")), self.count(numbers.count))]
        if numbers.first is not None:
            rows.append((self.told(say("First and last number")), f"{numbers.first} – {numbers.last}"))
        marks = set()
        for found in numbers.gaps:
            told = say("Missing after the last one, maybe of the day after") if found.is_after else say("Missing")
            marks.add(len(rows))
            rows.append((self.told(told), found.gap.numbers))
        for gap, decision in numbers.dismissed:
            why = formats.clean(decision.why(self.language), 80)
            rows.append((self.told(say("Missing, and ended: {reason}", reason=why)), gap.numbers))
        if not numbers.gaps and numbers.count:
            rows.append((self.told(say("Missing")), self.told(say_as("numbers", "none"))))
        signed = say("not told by the till")
        if self.sheet.tells_tse:
            signed = say("none")
        if self.sheet.unsigned:
            signed = say("{numbers}", numbers=self.few(self.sheet.unsigned))
        rows.append((self.told(say("Not signed by the security device (TSE)")), self.told(signed)))
        title = say("Receipt numbers")
        return self.table(title, (say("What"), say("Numbers")), rows, marks=frozenset(marks))

    def _delivered(self) -> Section:
        rows: list[Sequence[str]] = [
            (
                self.told(joined(" ", (TARGET_WORDS.get(one.target, one.target), formats.clean(one.number or "–")))),
                self.told(joined(", ", (STATUS_WORDS[DeliveryStatus(one.status)], *([_TAKEN_BACK] * one.is_counter)))),
                self.count(one.receipts),
                self.amount(one.total_cents),
            )
            for one in self.sheet.delivered
        ]  # fmt: skip
        rows += self._undelivered()
        heads = (say("In SelectLine"), say("Status"), _RECEIPTS, say("Totals"))
        return self.table(say("Delivered into SelectLine"), heads, rows, texts=2)

    def _undelivered(self) -> Iterator[tuple[str, str, str, str]]:
        """What is booked and not delivered yet, of documents and of batches, as far as the settings ask for them."""
        imported = sum((one.fates.get(Status.IMPORTED, Corrected()) for one in self.sheet.money), Corrected())
        for target in (self.settings.delivery.documents, self.settings.delivery.ledger):
            there = [one for one in self.sheet.delivered if COVERED[one.target] == COVERED.get(target)]
            left = imported.count - sum(-one.receipts if one.is_counter else one.receipts for one in there)
            if target in COVERED and left > 0:
                cents = imported.cents - sum(one.total_cents for one in there)
                what = self.told(joined(" ", (TARGET_WORDS.get(target, target), "–")))
                yield what, self.told(say("not delivered yet")), self.count(left), self.amount(cents)

    def _exported(self) -> Section:
        is_used = self.settings.datev.adviser is not None
        rows = [
            (one.file or self.told(say("in no file yet")), self.count(one.postings), self.amount(one.debit_cents))
            for one in self.sheet.exported
            if one.file or is_used or any(other.file for other in self.sheet.exported)
        ]
        return self.table(say("Files for DATEV"), (say("File"), say("Postings"), say("Debit")), rows)

    def _settings(self) -> Section:
        rows = [
            (
                "–" if one.number is None else str(one.number),
                self.told(say("not on record")) if one.since is None else self.moment(one.since.isoformat()),
                f"{one.settings_hash[:12]} · {one.program}" if one.program else "–",
                self.count(one.runs),
            )
            for one in self.sheet.settings
        ]
        heads = (say("Number"), say("In force since"), say("Hash and program"), say("Runs"))
        return self.table(say("Booked under these settings"), heads, rows, texts=3)

    def _closings(self) -> Section:
        rows = [self._closing(one) for one in self.sheet.closings]
        marks = frozenset(at for at, one in enumerate(self.sheet.closings) if not one.is_settled or one.refused)
        heads = (say_as("column", "Closing"), say("Made"), say("Beside its receipts"), _RECEIPTS, say("Staged"))
        return self.table(say("Closings"), heads, rows, texts=3, wide=3, marks=marks, is_narrow=False)

    def _closing(self, one: SheetClosing) -> Sequence[str]:
        if one.closing is None or one.compared is None:
            return (str(one.number), "–", self.told(say("It has not come yet.")), "–", "–")
        texts = [formats.clean(text, 200) for text in one.compared.texts(self.language)]
        if one.refused:
            texts.append(self.told(say("refused receipts: {numbers}", numbers=self.few(one.refused))))
        if one.ended is not None:
            texts.append(self.told(say("ended: {reason}", reason=formats.clean(one.ended, 100))))
        return (
            str(one.number),
            self.moment(one.closing.created_at or ""),
            "; ".join(texts) or self.told(say("equal")),
            self.count(one.compared.stated_count),
            self.count(one.compared.staged_count),
        )

    def _corrections(self) -> Section:
        found = self.sheet.corrections
        title = say("Voids and receipts broken off, one by one")
        heads = (say("Number"), say("Ended"), say("Employee"), say("What"), _AMOUNT)
        lead = self._limited(len(found))
        rows = [self._correction(one) for one in found[:SHOWN]]
        return self.table(title, heads, rows, lead=lead, texts=4, wide=4, is_narrow=False)

    def _correction(self, one: Correction) -> Sequence[str]:
        what = say("broken off")
        if one.is_void:
            what = say("takes back {receipt}", receipt=formats.clean(one.original or "?", 80))
        return (
            "–" if one.number is None else str(one.number),
            self.moment(one.ended_at),
            formats.clean(one.employee or "–", 30),
            self.told(what),
            self.amount(one.cents),
        )

    def _listed(self, title: Text, found: Sequence[ListedReceipt]) -> Section:
        rows = [
            (
                one.name.render(self.language),
                formats.clean(one.reason(self.language), 400),
                "–" if one.total_cents is None else self.amount(one.total_cents),
            )
            for one in found[:SHOWN]
        ]
        heads = (say("Receipt"), say("Why"), _AMOUNT)
        lead = self._limited(len(found))
        return self.table(title, heads, rows, lead=lead, texts=2, wide=2, is_narrow=False)

    def _limited(self, count: int) -> Text | None:
        return say("The first {count:,} are shown.", count=SHOWN) if count > SHOWN else None
