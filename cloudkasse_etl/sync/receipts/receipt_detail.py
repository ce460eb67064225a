"""One receipt with all that became of it: what was sold, what was booked, why not, and by which runs."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from cloudkasse_etl.config.settings import Configuration
from cloudkasse_etl.i18n.text import Language
from cloudkasse_etl.rejections.rejection import Rejection
from cloudkasse_etl.schemas.wire_receipts import read_item
from cloudkasse_etl.state.stores.books.journal import MOVEMENT_COLUMNS, POSTING_COLUMNS, Journal
from cloudkasse_etl.state.stores.books.receipt_reader import ReceiptReader, ReceiptRow, Refusal, StoredReceipt
from cloudkasse_etl.state.stores.deliveries.delivered_receipts import DeliveredReceipts, ErpDocument
from cloudkasse_etl.state.stores.deliveries.delivery_store import BATCH
from cloudkasse_etl.state.stores.state_stores import StateStores
from cloudkasse_etl.sync.inputs.own_tables import open_reading
from cloudkasse_etl.sync.receipts.receipt_list import ListedReceipt, listed
from cloudkasse_etl.sync.receipts.receipt_search import find_receipt, names_of

_TEXT_LIMIT = 200
_WHOLE_LIMIT = 10**15

_LINE: Mapping[str, type] = {
    "number": int, "article": str, "text": str, "quantity_milli": Decimal, "unit": str, "gross_cents": int,
    "vat_rate": str, "business_case": str, "serial": str, "cancelled": bool,
}  # fmt: skip
_PAYMENT: Mapping[str, type] = {
    "tender": str, "name": str, "base_amount_cents": int, "amount_cents": int, "currency": str,
}  # fmt: skip
_VAT: Mapping[str, type] = {"vat_rate": str, "gross_cents": int, "net_cents": int, "tax_cents": int}


@dataclass(frozen=True)
class OtherReceipt:
    """A receipt that this one refers to, or that refers to this one.

    Attributes:
        receipt_id: Its id.
        name: Its name; None if it has not arrived.
        status: Its status; None in the same case.
    """

    receipt_id: str
    name: str | None = None
    status: str | None = None


@dataclass(frozen=True)
class ReceiptDetail:
    """A receipt with all that became of it. Amounts are in cents, quantities in thousandths.

    Attributes:
        name: Its name, like `K1-348 · 2026-10-07 · 7.71 €`.
        listed: Its status, and why.
        kind: Its kind (DSFinV-K BON_TYP).
        currency: The currency of its amounts; None where it cannot be read.
        times: When it was begun, ended, and arrived at the till, as far as it states so.
        lines, payments, vat: What the receipt states; of one that cannot be parsed, what is readable.
        postings, movements: What was booked, by the columns of the tables.
        voids: The receipt that it refers to; None if there is none.
        voided_by: The receipts that refer to it.
        closing: The closing that it belongs to; None if there is none yet.
        closing_verified: Whether that closing equals its receipts; None where it has not arrived.
        fetched: When it was fetched, and by which run.
        imported: When it was booked, and by which run; None where it is not.
        batch: The batch for the ERP's ledger that it is in; None where it is in none.
        rejected: Since when it or a line of it is refused, and by which runs; None where nothing is.
    """

    name: str
    listed: ListedReceipt
    kind: str | None
    currency: str | None
    times: Mapping[str, str]
    lines: tuple[Mapping[str, Any], ...]
    payments: tuple[Mapping[str, Any], ...]
    vat: tuple[Mapping[str, Any], ...]
    postings: tuple[Mapping[str, Any], ...]
    movements: tuple[Mapping[str, Any], ...]
    voids: OtherReceipt | None
    voided_by: tuple[OtherReceipt, ...]
    closing: int | None
    closing_verified: bool | None
    fetched: tuple[dt.datetime, str]
    imported: tuple[dt.datetime, str] | None
    rejected: Refusal | None
    batch: ErpDocument | None = None

    @property
    def refused(self) -> tuple[Rejection, ...]:
        """Why it or a stock line of it was refused, and what it waits for."""
        waits = (self.listed.waits,) if self.listed.waits else ()
        return (*self.listed.rejections, *waits, *self.listed.lines)

    def as_dict(self, language: Language) -> dict[str, Any]:
        """The receipt as `receipts show --json` prints it."""
        fetched_at, fetched_by = self.fetched
        return {
            **self.listed.as_dict(language),
            "kind": self.kind,
            "currency": self.currency,
            **self.times,
            "cures": [rejection.cure(language) for rejection in self.refused],
            "lines": [dict(line) for line in self.lines],
            "payments": [dict(payment) for payment in self.payments],
            "vat": [dict(block) for block in self.vat],
            "postings": [_plain(row) for row in self.postings],
            "movements": [_plain(row) for row in self.movements],
            "voids": None if self.voids is None else vars(self.voids),
            "voided_by": [vars(other) for other in self.voided_by],
            "closing_number": self.closing,
            "closing_verified": self.closing_verified,
            "fetched": {"at": fetched_at.isoformat(), "run_id": fetched_by},
            "rejected": self.rejected
            and {
                "at": self.rejected.since.isoformat(),
                "run_id": self.rejected.first_run,
                "last_run_id": self.rejected.last_run,
            },
            "imported": self.imported and {"at": self.imported[0].isoformat(), "run_id": self.imported[1]},
            "batch": self.batch
            and {
                "id": self.batch.delivery_id,
                "status": str(self.batch.status),
                "number": self.batch.transfer_document,
            },
        }


def show_receipt(configuration: Configuration, text: str) -> ReceiptDetail:
    """All about one receipt. May be called while a synchronisation runs.

    Args:
        configuration: Settings and connections.
        text: The receipt as a person names it.

    Returns:
        The receipt, also if it was refused because it cannot be parsed.

    Raises:
        ConfigurationError: The text names no receipt, or several.
        StateUnavailableError: Our own tables cannot be reached.
    """
    language = configuration.settings.language
    with open_reading(configuration) as store:
        receipt_id = find_receipt(store, text, language)
        reader, journal = ReceiptReader(store.connection), Journal(store.connection)
        row = reader.with_ids(receipt_id)[receipt_id]
        stored = reader.stored(receipt_id)
        item = read_item(stored.raw)
        fields = item if isinstance(item, Mapping) else {}
        times = {at: str(fields[at])[:_TEXT_LIMIT] for at in ("started_at", "arrived_at") if fields.get(at)}
        (shown,) = listed(store, configuration, [row])
        return ReceiptDetail(
            name=shown.name.render(language),
            listed=shown,
            kind=row.kind or _read(fields.get("kind"), str),
            currency=_read(fields.get("currency"), str),
            times=times,
            lines=_rows(fields.get("lines"), _LINE),
            payments=_rows(fields.get("payments"), _PAYMENT),
            vat=_rows(fields.get("vat"), _VAT),
            postings=tuple(_named(found, POSTING_COLUMNS) for found in journal.postings_of(receipt_id)),
            movements=tuple(_named(found, MOVEMENT_COLUMNS) for found in journal.movements_of(receipt_id)),
            voids=_original(store, reader, row, language),
            voided_by=tuple(_others(store, reader.referring_to(receipt_id), language)),
            closing=stored.closing_number,
            closing_verified=stored.closing_verified,
            fetched=(stored.staged_at, stored.staged_run_id),
            imported=_imported(stored),
            rejected=stored.refused,
            batch=DeliveredReceipts(store.connection, BATCH).documents_of([receipt_id]).get(receipt_id),
        )


def _imported(stored: StoredReceipt) -> tuple[dt.datetime, str] | None:
    return (stored.imported_at, stored.imported_run_id or "") if stored.imported_at else None


def _original(store: StateStores, reader: ReceiptReader, row: ReceiptRow, language: Language) -> OtherReceipt | None:
    if not row.reference_id:
        return None
    found = list(reader.with_ids(row.reference_id).values())
    return _others(store, found, language)[0] if found else OtherReceipt(row.reference_id)


def _others(store: StateStores, rows: list[ReceiptRow], language: Language) -> list[OtherReceipt]:
    names = names_of(store, rows, language) if rows else []
    return [OtherReceipt(row.receipt_id, name, row.status) for row, name in zip(rows, names, strict=True)]


def _named(row: Any, columns: tuple[str, ...]) -> dict[str, Any]:
    return {name: row._mapping[name] for name in columns if name != "receipt_id"}


def _plain(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value.isoformat() if isinstance(value, dt.date) else value for name, value in row.items()}


def _rows(found: Any, columns: Mapping[str, type]) -> tuple[dict[str, Any], ...]:
    """The parts of a receipt, each field by itself: of a receipt that cannot be parsed, most can be read."""
    parts = [part for part in found if isinstance(part, Mapping)] if isinstance(found, list) else []
    return tuple(
        {name: _read(part.get(name.removesuffix("_milli")), kind) for name, kind in columns.items()} for part in parts
    )


def _read(value: Any, kind: type) -> Any:
    """A field of the type that it should have; None where it has another."""
    if kind is Decimal:
        try:
            milli = Decimal(value).scaleb(3)
            return int(milli) if isinstance(value, str) and abs(milli) < _WHOLE_LIMIT and milli == int(milli) else None
        except (InvalidOperation, TypeError, ValueError, OverflowError):
            return None
    if kind is int:
        is_whole = isinstance(value, int) and not isinstance(value, bool)
        if isinstance(value, float) and value.is_integer():
            value, is_whole = int(value), True  # 2380.0 is a notation of a whole number
        return value if is_whole and abs(value) < _WHOLE_LIMIT else None
    if kind is str:
        return value[:_TEXT_LIMIT] if isinstance(value, str) else None
    return value if isinstance(value, kind) else None
