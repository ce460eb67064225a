"""Translates the rows of a closing to receipts in wire format. Pure: rows in, receipts and deviations out."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from cloudkasse_etl.fingerprint import fingerprint
from cloudkasse_etl.schemas.wire_receipts import Line, Payment, Receipt, Reference, VatBlock
from cloudkasse_etl.tills.dsfinvk.cells.amounts import CENT, Amounts, rounded
from cloudkasse_etl.tills.dsfinvk.cells.moments import Moments
from cloudkasse_etl.tills.dsfinvk.deviation_log import DeviationLog
from cloudkasse_etl.tills.dsfinvk.deviations import UnreadableError
from cloudkasse_etl.tills.dsfinvk.line_translation import LineTranslation
from cloudkasse_etl.tills.dsfinvk.standard_codes import KIND_CODES, TENDER_CODES, VatRates, flag, whole
from cloudkasse_etl.tills.dsfinvk.table_rows import ClosingRows
from cloudkasse_etl.tills.dsfinvk.table_scan import Row

TRANSACTION: Final = "Transaktion"
"""The kind of reference (REF_TYP) that names another receipt."""
ID_LENGTH = 100
TSE_FIELDS: Final = (
    ("transaction", "TSE_TANR"),
    ("signature_counter", "TSE_TA_SIGZ"),
    ("started_at", "TSE_TA_START"),
    ("ended_at", "TSE_TA_ENDE"),
    ("process_type", "TSE_TA_VORGANGSART"),
    ("signature", "TSE_TA_SIG"),
    ("error", "TSE_TA_FEHLER"),
)


def receipt_id(register: str, closing: int, bon_id: str) -> str:
    """The id of a receipt: it is the same in each export, and no two receipts of a company share it.

    Args:
        register: Z_KASSE_ID.
        closing: Z_NR.
        bon_id: BON_ID, which is unique within a closing only.

    Returns:
        At most 100 characters.
    """
    plain = f"{register}/{closing}/{bon_id}"
    return plain if len(plain) <= ID_LENGTH else f"{plain[:67]}~{fingerprint(plain)}"


@dataclass(slots=True)
class ReceiptTranslation:
    """The receipts of one closing.

    Attributes:
        tables: The closing's rows by table.
        till_id, closing: Z_KASSE_ID and Z_NR.
        register: What the settings call it.
        business_day: The day that the closing is booked on.
        currency: The register's currency.
        rates: The closing's VAT rates.
        amounts, moments, log: Read numbers and times, and take what deviates.
        tse_serials: The serial numbers of the closing's TSEs by TSE_ID.
    """

    tables: Mapping[str, ClosingRows]
    till_id: str
    register: str
    closing: int
    business_day: str
    currency: str
    rates: VatRates
    amounts: Amounts
    moments: Moments
    log: DeviationLog
    tse_serials: Mapping[str, str]
    lines: LineTranslation = field(init=False)

    def __post_init__(self) -> None:
        self.lines = LineTranslation(self.tables, self.rates, self.amounts, self.log)

    def receipts(self) -> Iterator[tuple[Receipt, Row]]:
        """Translates each receipt; what cannot be read is a refusal in the log, and the others go on.

        Yields:
            A receipt, and its row in transactions.csv.
        """
        table = self.tables["transactions"]
        at_id, at_number = table.columns["BON_ID"], table.columns["BON_NR"]
        lines, payments, blocks, references, tse = (
            self._by_receipt(name)
            for name in ("lines", "datapayment", "transactions_vat", "references", "transactions_tse")
        )
        of_lines = self._by_line("lines_vat")
        self._note_prices()
        seen: set[str] = set()
        for row in table.rows:
            bon_id = row[at_id]
            try:
                if not bon_id:
                    raise UnreadableError("value_missing", "transactions", row, "BON_ID")
                if bon_id in seen:
                    raise UnreadableError("receipt_doubled", "transactions", row, "BON_ID", bon_id)
                seen.add(bon_id)
                yield (
                    self._receipt(
                        row,
                        self.lines.lines(lines.pop(bon_id, ()), of_lines),
                        payments.pop(bon_id, ()),
                        blocks.pop(bon_id, ()),
                        references.pop(bon_id, ()),
                        tse.pop(bon_id, ()),
                    ),
                    row,
                )
            except UnreadableError as fault:
                number = row[at_number]
                self.log.add(fault, receipt=bon_id, number=int(number) if number.isdecimal() else None)
        for name, left in (("lines", lines), ("datapayment", payments), ("transactions_vat", blocks)):
            for bon_id, rows in left.items():
                if bon_id not in seen:
                    self.log.add(UnreadableError("receipt_unknown", name, rows[0], "BON_ID", bon_id), receipt=bon_id)

    def _by_receipt(self, name: str) -> dict[str, list[Row]]:
        table = self.tables[name]
        at = table.columns["BON_ID"]
        found: dict[str, list[Row]] = {}
        for row in table.rows:
            found.setdefault(row[at], []).append(row)
        return found

    def _by_line(self, name: str) -> dict[tuple[str, str], list[Row]]:
        table = self.tables[name]
        at, line = table.columns["BON_ID"], table.columns["POS_ZEILE"]
        found: dict[tuple[str, str], list[Row]] = {}
        for row in table.rows:
            key = row[at], row[line]
            if key in found:
                found[key].append(row)
            else:
                found[key] = [row]
        return found

    def _note_prices(self) -> None:
        # Prices before discounts, and what a set is made of, change no amount: lines_vat has what was charged.
        known = None
        for name in ("itemamounts", "subitems"):
            table = self.tables[name]
            for key, rows in self._by_line(name).items():
                known = self._by_line("lines") if known is None else known
                if key not in known:
                    self.log.noted("line_unknown", " ".join(key), table.name, "POS_ZEILE", "", rows[0])

    def _receipt(self, row: Row, lines: list[Line], payments: Any, blocks: Any, references: Any, tse: Any) -> Receipt:
        at = self.tables["transactions"].columns
        total_cents = self._cents(row, at["UMS_BRUTTO"], "transactions", "UMS_BRUTTO")
        cancelled = flag(row, at["BON_STORNO"], "transactions", "BON_STORNO")
        number = whole(self.amounts, row, at["BON_NR"], "transactions", "BON_NR")
        started, ended = row[at["BON_START"]], row[at["BON_ENDE"]]
        if lines and sum(line.gross_cents for line in lines if not line.cancelled) != total_cents:
            self.lines.settle_fractions(row[at["BON_ID"]], lines, total_cents)
        ended_at = self.moments.read(ended, "transactions", "BON_ENDE", row)
        return Receipt(
            business_day=self.business_day,
            cancelled=cancelled,
            closing_number=self.closing,
            currency=self.currency,
            customer=row[at["KUNDE_ID"]] or None,
            employee=row[at["BEDIENER_ID"]] or None,
            ended_at=ended_at,
            id=receipt_id(self.till_id, self.closing, row[at["BON_ID"]]),
            kind=KIND_CODES.read(row, at["BON_TYP"], "transactions", "BON_TYP"),
            lines=lines,
            note=row[at["BON_NOTIZ"]] or None,
            number=number,
            payments=self._payments(row, payments, total_cents),
            reference=self._reference(references) if references else None,
            register=self.register,
            started_at=self.moments.read(started, "transactions", "BON_START", row) if started else ended_at,
            total_cents=total_cents,
            tse=self._tse(tse[0]) if tse else None,
            vat=self._blocks(blocks),
        )

    def _payments(self, head: Row, rows: Any, total_cents: int) -> list[Payment]:
        at = self.tables["datapayment"].columns
        code, name, amount, base, kind = (
            at[column]
            for column in ("ZAHLWAEH_CODE", "ZAHLART_NAME", "ZAHLWAEH_BETRAG", "BASISWAEH_BETRAG", "ZAHLART_TYP")
        )
        found = []
        for row in rows:
            cents = self._cents(row, base, "datapayment", "BASISWAEH_BETRAG")
            foreign = self._cents(row, amount, "datapayment", "ZAHLWAEH_BETRAG") if row[amount] else cents
            currency = row[code] or self.currency
            found.append(
                Payment(
                    amount_cents=cents if currency == self.currency else foreign,
                    base_amount_cents=cents,
                    currency=currency,
                    name=row[name] or None,
                    tender=TENDER_CODES.read(row, kind, "datapayment", "ZAHLART_TYP"),
                )
            )
        if total_cents and sum(payment.base_amount_cents for payment in found) == -total_cents:
            self.log.noted("payments_turned", "", "datapayment", "BASISWAEH_BETRAG", "", rows[0])
            for payment in found:
                payment.amount_cents, payment.base_amount_cents = -payment.amount_cents, -payment.base_amount_cents
        return found

    def _blocks(self, rows: Any) -> list[VatBlock]:
        at = self.tables["transactions_vat"].columns
        key, gross, net, tax = (at[name] for name in ("UST_SCHLUESSEL", "BON_BRUTTO", "BON_NETTO", "BON_UST"))
        known = self.amounts.known
        found = []
        for row in rows:
            rate = self.rates.by_key.get(row[key]) or self.rates.of(row, key, "transactions_vat")
            gross_units, net_units, tax_units = known.get(row[gross]), known.get(row[net]), known.get(row[tax])
            if gross_units is None or net_units is None or tax_units is None or gross_units != net_units + tax_units:
                gross_units, tax_units = self.lines.gross_and_tax(row, rate, gross, net, tax, "transactions_vat")
            gross_cents, tax_cents = rounded(gross_units), rounded(tax_units)
            if rate is None and not tax_cents:
                continue  # what is not taxable has no block in wire format
            found.append(
                VatBlock(gross_cents=gross_cents, net_cents=gross_cents - tax_cents, tax_cents=tax_cents, vat_rate=rate)
            )
        return found

    def _reference(self, rows: list[Row]) -> Reference | None:
        at = self.tables["references"].columns
        named = []
        for row in rows:
            if row[at["REF_TYP"]] != TRANSACTION or row[at["POS_ZEILE"]] or not row[at["REF_BON_ID"]]:
                continue
            register = row[at["REF_Z_KASSE_ID"]] or self.till_id
            number = row[at["REF_Z_NR"]]
            closing = whole(self.amounts, row, at["REF_Z_NR"], "references", "REF_Z_NR") if number else self.closing
            named.append(receipt_id(register, closing, row[at["REF_BON_ID"]]))
        if len(set(named)) > 1:
            self.log.spelled("several_references", named[0], "references", "REF_BON_ID", rows[0])
        return Reference(named[0]) if named else None

    def _tse(self, row: Row) -> dict[str, Any]:
        at = self.tables["transactions_tse"].columns
        found: dict[str, Any] = {"serial": self.tse_serials.get(row[at["TSE_ID"]])}
        for name, column in TSE_FIELDS:
            text = row[at[column]]
            found[name] = int(text) if text.isdecimal() and name in ("transaction", "signature_counter") else text
        return {name: value for name, value in found.items() if value not in ("", None)}

    def _cents(self, row: Row, at: int, table: str, column: str) -> int:
        text = row[at]
        units = self.amounts.known.get(text)
        if units is None:
            if not text.strip():
                raise UnreadableError("value_missing", table, row, column)
            units = self.amounts.units(text, table, column, row)
        cents, rest = divmod(units, CENT)
        if rest:
            raise UnreadableError("number_fraction", table, row, column, text[:30])
        return cents
