"""Translates a closing's own tables to wire format, and compares its sums with its receipts'. Pure."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cloudkasse_etl.i18n.formats import plain_euros
from cloudkasse_etl.schemas.wire_receipts import Closing, ClosingTender, ClosingTotal, Receipt
from cloudkasse_etl.tills.dsfinvk.cells.amounts import Amounts, rounded
from cloudkasse_etl.tills.dsfinvk.deviation_log import DeviationLog
from cloudkasse_etl.tills.dsfinvk.deviations import UnreadableError
from cloudkasse_etl.tills.dsfinvk.line_translation import LineTranslation
from cloudkasse_etl.tills.dsfinvk.standard_codes import CASE_CODES, TENDER_CODES, VatRates
from cloudkasse_etl.tills.dsfinvk.table_rows import ClosingRows
from cloudkasse_etl.tills.dsfinvk.table_scan import Row

CASH = "Bar"
SALES = frozenset({"Umsatz", "Rabatt", "Aufschlag", "Pfand", "PfandRueckzahlung"})


def has_effect(receipt: Receipt) -> bool:
    """Whether a closing covers a receipt: of kind Beleg, and not broken off."""
    return receipt.kind == "Beleg" and not (receipt.cancelled and receipt.reference_id is None)


@dataclass(frozen=True, slots=True)
class ClosingSums:
    """The sums of the receipts that a closing covers, in cents; pairs are of all receipts, and of sales only.

    Attributes:
        total, paid, cash: Totals of receipts, of payments, and of payments in cash.
        by_tender: Payments by tender and its name.
        cash_by_currency: Payments in cash, in their own currencies.
    """

    total: tuple[int, int]
    paid: tuple[int, int]
    cash: tuple[int, int]
    by_tender: Mapping[tuple[str, str | None], int]
    cash_by_currency: Mapping[str, int]


def _sums_of(receipts: Sequence[Receipt]) -> ClosingSums:
    parts = [receipts, [receipt for receipt in receipts if _is_sale(receipt)]]
    total = [sum(receipt.total_cents for receipt in some) for some in parts]
    payments = [[payment for receipt in some for payment in receipt.payments] for some in parts]
    paid = [sum(payment.base_amount_cents for payment in some) for some in payments]
    cash = [sum(payment.base_amount_cents for payment in some if payment.tender == CASH) for some in payments]
    by_tender: Counter[tuple[str, str | None]] = Counter()
    by_currency: Counter[str] = Counter()
    for payment in payments[0]:
        by_tender[payment.tender, payment.name] += payment.base_amount_cents
        if payment.tender == CASH:
            by_currency[payment.currency] += payment.amount_cents
    return ClosingSums((total[0], total[1]), (paid[0], paid[1]), (cash[0], cash[1]), by_tender, by_currency)


@dataclass(slots=True)
class ClosingTranslation:
    """One closing.

    Attributes:
        tables: Its rows by table.
        head: Its row in cashpointclosing.csv.
        rates: Its VAT rates.
        amounts, log: Read numbers, and take what deviates.
        currency: The register's currency.
    """

    tables: Mapping[str, ClosingRows]
    head: ClosingRows
    rates: VatRates
    amounts: Amounts
    log: DeviationLog
    currency: str

    def closing(
        self, register: str, number: int, created_at: str, business_day: str, *, numbers: tuple[int, int], count: int
    ) -> Closing:
        """Translates the closing.

        Args:
            register, number, created_at, business_day: Its head.
            numbers: The first and the last number of its receipts: a closing in this format names neither.
            count: How many receipts it covers.

        Returns:
            The closing, with the totals that it states.

        Raises:
            UnreadableError: It cannot be read.
        """
        return Closing(
            register=register,
            number=number,
            business_day=business_day,
            first_receipt_number=numbers[0],
            last_receipt_number=numbers[1],
            receipt_count=count,
            business_cases=self._business_cases(),
            tenders=self._tenders(),
            created_at=created_at,
        )

    def _business_cases(self) -> list[ClosingTotal]:
        table = self.tables["businesscases"]
        at = table.columns
        sums: dict[tuple[str, str | None], list[int]] = {}
        for row in table.rows:
            if (agency := row[at["AGENTUR_ID"]].strip()) and agency != "0":
                self.log.spelled("agency_in_closing", agency, "businesscases", "AGENTUR_ID", row)
                continue
            case = CASE_CODES.read(row, at["GV_TYP"], "businesscases", "GV_TYP")
            rate = self.rates.of(row, at["UST_SCHLUESSEL"], "businesscases")
            gross = self._units(row, at["Z_UMS_BRUTTO"], "businesscases", "Z_UMS_BRUTTO")
            tax = self._units(row, at["Z_UST"], "businesscases", "Z_UST") if row[at["Z_UST"]] else None
            if tax is None:
                net = row[at["Z_UMS_NETTO"]]
                tax = gross - self.amounts.units(net, "businesscases", "Z_UMS_NETTO", row, 5) if net else 0
            total = sums.setdefault((case, rate), [0, 0])
            total[0] += gross
            total[1] += tax
        found = []
        for (case, rate), (gross, tax) in sorted(sums.items(), key=lambda item: (item[0][0], item[0][1] or "")):
            gross_cents, tax_cents = rounded(gross), rounded(tax)
            found.append(ClosingTotal(case, rate, gross_cents, gross_cents - tax_cents, tax_cents))
        return found

    def _tenders(self) -> list[ClosingTender]:
        table = self.tables["payment"]
        at = table.columns
        sums: Counter[tuple[str, str | None]] = Counter()
        for row in table.rows:
            tender = TENDER_CODES.read(row, at["ZAHLART_TYP"], "payment", "ZAHLART_TYP")
            units = self._units(row, at["Z_ZAHLART_BETRAG"], "payment", "Z_ZAHLART_BETRAG")
            sums[tender, row[at["ZAHLART_NAME"]] or None] += rounded(units)
        ordered = sorted(sums.items(), key=lambda item: (item[0][0], item[0][1] or ""))
        return [ClosingTender(tender, name, cents) for (tender, name), cents in ordered]

    def _units(self, row: Row, at: int, table: str, column: str) -> int:
        text = row[at]
        if not text.strip():
            raise UnreadableError("value_missing", table, row, column)
        return self.amounts.units(text, table, column, row, 5)

    def compare(self, closing: Closing, receipts: Sequence[tuple[Receipt, Row]], *, is_whole: bool) -> None:
        """Compares all sums that the standard wants to be equal; differences are noted, nothing is refused.

        Args:
            closing: The closing.
            receipts: Its receipts and their rows.
            is_whole: Whether these are all of its receipts; else its own sums have nothing to be compared with.
        """
        printed = self._printed()
        bon_id = self.tables["transactions"].columns["BON_ID"]
        counted = []
        for receipt, row in receipts:
            if not has_effect(receipt):
                continue
            counted.append(receipt)
            total = receipt.total_cents
            charged = sum(line.gross_cents for line in receipt.lines if not line.cancelled)
            if charged != total:
                self._of_receipt(row, receipt, "lines_vat", "POS_BRUTTO", charged)
            paid = sum(payment.base_amount_cents for payment in receipt.payments)
            if paid != total:
                self._of_receipt(row, receipt, "datapayment", "BASISWAEH_BETRAG", paid)
            on_paper = rounded(printed.get(row[bon_id], 0))
            if on_paper != total:
                self._of_receipt(row, receipt, "transactions_vat", "BON_BRUTTO", on_paper)
        if is_whole:
            self.compare_closing(closing, _sums_of(counted))

    def compare_closing(self, closing: Closing, sums: ClosingSums) -> None:
        """Compares the closing's own sums; differences are noted.

        Args:
            closing: The closing.
            sums: What its receipts come to.
        """
        self._compare_payments(closing, sums)
        self._compare_cash(sums)
        stated = sum(case.gross_cents for case in closing.business_cases)
        self._of_closing("businesscases", "Z_UMS_BRUTTO", stated, *sums.total)

    def _printed(self) -> dict[str, int]:
        """The VAT tables' gross by BON_ID, in hundred-thousandths."""
        table, known = self.tables["transactions_vat"], self.amounts.known
        names = ("BON_ID", "UST_SCHLUESSEL", "BON_BRUTTO", "BON_NETTO", "BON_UST")
        bon_id, key, gross, net, tax = (table.columns[name] for name in names)
        lines = LineTranslation(self.tables, self.rates, self.amounts, self.log)
        sums: dict[str, int] = {}
        for row in table.rows:
            units = known.get(row[gross])
            if units is None:
                try:
                    if row[gross].strip():
                        units = self.amounts.units(row[gross], "transactions_vat", "BON_BRUTTO", row, 5)
                    else:  # a register that computes from net amounts
                        rate = self.rates.of(row, key, "transactions_vat")
                        units, _ = lines.gross_and_tax(row, rate, gross, net, tax, "transactions_vat")
                except UnreadableError:
                    continue  # its receipt was refused
            sums[row[bon_id]] = sums.get(row[bon_id], 0) + units
        return sums

    def _compare_payments(self, closing: Closing, sums: ClosingSums) -> None:
        stated = sum(tender.amount_cents for tender in closing.tenders)
        if self._of_closing("payment", "Z_ZAHLART_BETRAG", stated, *sums.paid):
            for tender in closing.tenders:
                mine = sums.by_tender.get((tender.tender, tender.name), 0)
                self._of_closing("payment", "Z_ZAHLART_BETRAG", tender.amount_cents, mine, mine, tender.tender)
        for column, actual in (("Z_SE_ZAHLUNGEN", sums.paid), ("Z_SE_BARZAHLUNGEN", sums.cash)):
            row = self.head.rows[0]
            text = row[self.head.columns[column]]
            if text.strip():
                units = self.amounts.units(text, "cashpointclosing", column, row)
                self._of_closing("cashpointclosing", column, rounded(units), *actual)

    def _compare_cash(self, sums: ClosingSums) -> None:
        table = self.tables["cash_per_currency"]
        actual = dict(sums.cash_by_currency)
        for row in table.rows:
            currency = row[table.columns["ZAHLART_WAEH"]] or self.currency
            at = table.columns["ZAHLART_BETRAG_WAEH"]
            stated = rounded(self._units(row, at, "cash_per_currency", "ZAHLART_BETRAG_WAEH"))
            mine = actual.pop(currency, 0)
            self._of_closing("cash_per_currency", "ZAHLART_BETRAG_WAEH", stated, mine, mine, currency)

    def _of_closing(self, table: str, column: str, stated: int, actual: int, sales: int, part: str = "") -> bool:
        """Notes a difference of a closing's sum; true if it is equal."""
        if stated == actual:
            return True
        code = "sums_of_sales_only" if stated == sales else "sum_differs"
        value = f"{plain_euros(stated)} ({part})" if part else plain_euros(stated)
        self.log.add(UnreadableError(code, table, None, column, value, plain_euros(actual)))
        return False

    def _of_receipt(self, row: Row, receipt: Receipt, table: str, column: str, value: int) -> None:
        fault = UnreadableError(
            "sum_differs", table, None, column, plain_euros(value), plain_euros(receipt.total_cents)
        )
        self.log.add(fault, receipt=row[self.tables["transactions"].columns["BON_ID"]], number=receipt.number)


def _is_sale(receipt: Receipt) -> bool:
    return all(line.business_case in SALES for line in receipt.lines if not line.cancelled)
