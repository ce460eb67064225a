"""Closings whose receipts were translated by column: their own sums, and each one's share of the columns."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b
from typing import Any

import numpy as np
import pyarrow as pa

from cloudkasse_etl.schemas.wire_receipts import ReceiptColumns
from cloudkasse_etl.tills.dsfinvk.by_column.column_values import Integers, objects
from cloudkasse_etl.tills.dsfinvk.by_column.receipt_columns import ReceiptsByColumn
from cloudkasse_etl.tills.dsfinvk.closing_translation import CASH, ClosingSums


@dataclass(frozen=True)
class TranslatedClosings:
    """The receipts of several closings, of which each takes its own.

    Attributes:
        receipts: The receipts.
    """

    receipts: ReceiptsByColumn

    @cached_property
    def _json(self) -> Any:
        return self.receipts.json().cast(pa.large_binary())

    def texts(self, at: int) -> list[bytes]:
        """The receipts of the closing at a place in the batch, each in JSON."""
        rows = self._rows(at)
        texts: list[bytes] = self._json.slice(rows.start, rows.stop - rows.start).to_pylist()
        return texts

    def together(self, at: int) -> memoryview:
        """The same, one behind the other."""
        rows, json = self._rows(at), self._json
        _, offsets, data = json.buffers()
        first, end = np.frombuffer(offsets, dtype="int64")[json.offset + np.array([rows.start, rows.stop])].tolist()
        return memoryview(data)[first:end] if data is not None else memoryview(b"")

    def _hashes(self, at: int, texts: Sequence[bytes]) -> list[str]:
        """Of each receipt the hash of its content, which leaves out the closing's number."""
        begun = {}
        for cancelled in (False, True):
            head = self.receipts.beginning(at, cancelled=cancelled, number=str(self.receipts.heads[at].number))
            hashed = self.receipts.beginning(at, cancelled=cancelled, number="null").encode()
            begun[cancelled] = blake2b(hashed, digest_size=16), len(head.encode())
        found = []
        for text, cancelled in zip(texts, self.receipts.cancelled[self._rows(at)].tolist(), strict=True):
            before, length = begun[cancelled]
            digest = before.copy()
            digest.update(text[length:])
            found.append(digest.hexdigest())
        return found

    def _rows(self, at: int) -> slice:
        first, end = self.receipts.offsets[at : at + 2].tolist()
        return slice(first, end)

    def numbers(self, at: int) -> tuple[int, int]:
        """The first and the last number of a closing's receipts."""
        numbers = self.receipts.number[self._rows(at)]
        return (int(numbers.min()), int(numbers.max())) if len(numbers) else (0, 0)

    def count(self, at: int) -> int:
        """How many of its receipts a closing covers."""
        return int(self.receipts.counts[self._rows(at)].sum())

    @cached_property
    def _of_payment(self) -> tuple[Integers, Integers]:
        """Of each payment whether its receipt counts, and whether that is a sale only."""
        counted = self.receipts.counts
        sales = counted & self.receipts.sales()
        lengths = np.diff(self.receipts.payments.offsets)
        return np.repeat(counted, lengths), np.repeat(sales, lengths)

    def sums(self, at: int) -> ClosingSums:
        """The sums of the receipts that a closing covers."""
        rows, payments = self._rows(at), self.receipts.payments
        counted = self.receipts.counts[rows]
        sales = counted & self.receipts.sales()[rows]
        total = self.receipts.total[rows]
        part = slice(*payments.offsets[[rows.start, rows.stop]].tolist())
        of_all, of_sales = (mask[part] for mask in self._of_payment)
        base, amount = payments.base[part], payments.amount[part]
        tender = payments.tender[1][part]
        is_cash = np.array([name == CASH for name in payments.tender[0]], dtype=bool)[tender]
        names = payments.name
        by_tender: dict[tuple[str, str | None], int] = {}
        pair = (tender * max(len(names[0]), 1) + names[1][part])[of_all]
        for code, cents in _totals(pair, base[of_all]):
            key = payments.tender[0][code // len(names[0])], names[0][code % len(names[0])]
            by_tender[key] = by_tender.get(key, 0) + cents
        by_currency: dict[str, int] = {}
        for code, cents in _totals(payments.currency[1][part][of_all & is_cash], amount[of_all & is_cash]):
            by_currency[payments.currency[0][code]] = cents
        return ClosingSums(
            total=(int(total[counted].sum()), int(total[sales].sum())),
            paid=(int(base[of_all].sum()), int(base[of_sales].sum())),
            cash=(int(base[of_all & is_cash].sum()), int(base[of_sales & is_cash].sum())),
            by_tender=by_tender,
            cash_by_currency=by_currency,
        )

    def columns(self, at: int, texts: Sequence[bytes]) -> ReceiptColumns:
        """The columns of a closing's receipts.

        Args:
            at: The closing.
            texts: Its receipts in JSON.

        Returns:
            The columns.
        """
        rows, found = self._rows(at), self.receipts
        head, count = found.heads[at], rows.stop - rows.start
        kinds, kind = found.kind
        heads = {
            "receipt_id": found.ids.slice(rows.start, count).to_pylist(),
            "register": [head.register] * count,
            "number": found.number[rows].tolist(),
            "kind": objects(kinds, kind[rows]),
            "cancelled": found.cancelled[rows],
            "reference_id": [found.references.get(row) for row in range(rows.start, rows.stop)],
            "business_day": [head.business_day] * count,
            "ended_at": found.ended_at.slice(rows.start, count).to_pylist(),
            "currency": [head.currency] * count,
            "total_cents": found.total[rows].tolist(),
            "counts": found.counts[rows].tolist(),
        }
        lines, payments, blocks = (
            slice(*offsets[[rows.start, rows.stop]].tolist())
            for offsets in (found.lines.offsets, found.payments.offsets, found.vat.offsets)
        )
        rates = np.array([rate is not None for rate in found.of_vat.rates], dtype=bool)[found.of_vat.rate[blocks]]
        printed = blocks.start + np.flatnonzero(rates | (found.of_vat.tax[blocks] != 0))
        gross, tax = found.of_vat.gross[printed], found.of_vat.tax[printed]
        return ReceiptColumns(
            texts=texts,
            hashes=self._hashes(at, texts),
            heads=heads,
            lines={"receipt": found.lines.owner[lines] - rows.start} | found.of_lines.lists(lines),
            payments={
                "receipt": _owners(found.payments.offsets, rows),
                "tender": objects(found.payments.tender[0], found.payments.tender[1][payments]),
                "base_amount_cents": found.payments.base[payments],
            },
            vat={
                "receipt": found.vat.owner[printed] - rows.start,
                "vat_rate": objects(found.of_vat.rates, found.of_vat.rate[printed]),
                "gross_cents": gross,
                "net_cents": gross - tax,
                "tax_cents": tax,
            },
            closing_number=head.number,
        )


def _owners(offsets: Integers, rows: slice) -> Integers:
    return np.repeat(np.arange(rows.stop - rows.start), np.diff(offsets[rows.start : rows.stop + 1]))


def _totals(codes: Integers, cents: Integers) -> list[tuple[int, int]]:
    unique, inverse = np.unique(codes, return_inverse=True)
    found = np.zeros(len(unique), dtype="int64")
    np.add.at(found, inverse, cents)
    return list(zip(unique.tolist(), found.tolist(), strict=True))
