"""Translates the lines of receipts to wire format: one line for each VAT rate, as it was charged."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from cloudkasse_etl.i18n.formats import plain_euros
from cloudkasse_etl.schemas.wire_receipts import Line
from cloudkasse_etl.tills.dsfinvk.cells.amounts import CENT, UNIT, Amounts, rounded
from cloudkasse_etl.tills.dsfinvk.deviation_log import DeviationLog
from cloudkasse_etl.tills.dsfinvk.deviations import UnreadableError
from cloudkasse_etl.tills.dsfinvk.standard_codes import CASE_CODES, VatRates, flag
from cloudkasse_etl.tills.dsfinvk.table_rows import ClosingRows
from cloudkasse_etl.tills.dsfinvk.table_scan import Row

_MILLI: Final = UNIT // 1000  # hundred-thousandths in a thousandth
VatRows = Mapping[tuple[str, str], list[Row]]
"""Rows of lines_vat by BON_ID and POS_ZEILE."""


@dataclass(slots=True)
class LineTranslation:
    """The lines of the receipts of one closing.

    Attributes:
        tables: The closing's rows by table.
        rates: The closing's VAT rates.
        amounts, log: Read numbers, and take what deviates.
    """

    tables: Mapping[str, ClosingRows]
    rates: VatRates
    amounts: Amounts
    log: DeviationLog
    _quantities: dict[str, str] = field(default_factory=dict)

    def lines(self, rows: Sequence[Row], of_lines: VatRows) -> list[Line]:
        """Translates the lines of one receipt.

        Args:
            rows: Its rows in lines.csv.
            of_lines: The amounts of all lines.

        Returns:
            Its lines; those that add a second VAT rate to a line stand last.

        Raises:
            UnreadableError: One of them cannot be read.
        """
        if not rows:
            return []
        at, vat = self.tables["lines"].columns, self.tables["lines_vat"].columns
        bon, place, price = at["BON_ID"], at["POS_ZEILE"], at["STK_BR"]
        key, gross, net, tax = (vat[name] for name in ("UST_SCHLUESSEL", "POS_BRUTTO", "POS_NETTO", "POS_UST"))
        known = self.amounts.known
        found: list[Line] = []
        numbers: set[int] = set()
        further: list[Line] = []
        for row in rows:
            if (agency := row[at["AGENTUR_ID"]].strip()) and agency != "0":
                raise UnreadableError("agency_line", "lines", row, "AGENTUR_ID", agency[:30])
            text = row[place]
            number = int(text) if text.isdecimal() and len(text) < 10 else 0
            if text and not number and text.strip("0"):
                self.log.spelled("line_number_counted", text, "lines", "POS_ZEILE", row)
            number = number or len(found) + 1
            if number in numbers:
                raise UnreadableError("line_doubled", "lines", row, "POS_ZEILE", text[:30])
            numbers.add(number)
            amounts_of: Sequence[Row | None] | None = of_lines.get((row[bon], text))
            unit_price = known.get(row[price])
            if unit_price is None and row[price]:
                unit_price = self.amounts.units(row[price], "lines", "STK_BR", row, 5)
            cancelled = flag(row, at["P_STORNO"], "lines", "P_STORNO")
            if amounts_of is None:
                quantity = row[at["MENGE"]].strip("-0,. ")
                if unit_price and quantity and not cancelled:
                    raise UnreadableError("line_without_vat", "lines", row, "POS_ZEILE", text[:30])
                amounts_of = [None]
            for part in amounts_of:
                rate, gross_cents, tax_cents = None, 0, 0
                if part is not None:
                    rate = self.rates.by_key.get(part[key]) or self.rates.of(part, key, "lines_vat")
                    gross_units, net_units, tax_units = (
                        known.get(part[gross]),
                        known.get(part[net]),
                        known.get(part[tax]),
                    )
                    if (
                        gross_units is None
                        or net_units is None
                        or tax_units is None
                        or gross_units != net_units + tax_units
                    ):
                        gross_units, tax_units = self.gross_and_tax(part, rate, gross, net, tax, "lines_vat")
                    gross_cents, tax_cents = rounded(gross_units), rounded(tax_units)
                line = Line(
                    article=row[at["ART_NR"]] or None,
                    business_case=CASE_CODES.read(row, at["GV_TYP"], "lines", "GV_TYP"),
                    cancelled=cancelled,
                    gross_cents=gross_cents,
                    gtin=row[at["GTIN"]] or None,
                    in_house=flag(row, at["INHAUS"], "lines", "INHAUS") if row[at["INHAUS"]] else None,
                    net_cents=gross_cents - tax_cents,
                    number=number,
                    quantity=self.quantity(row[at["MENGE"]], row[at["FAKTOR"]], row),
                    tax_cents=tax_cents,
                    text=row[at["ARTIKELTEXT"]],
                    unit=row[at["EINHEIT"]] or None,
                    unit_price_cents=rounded(unit_price or 0),
                    vat_rate=rate,
                    voucher=row[at["GUTSCHEIN_NR"]] or None,
                )
                if part is amounts_of[0]:
                    found.append(line)
                else:  # a set with several rates: the goods move once, with the first
                    line.quantity, line.unit_price_cents, line.unit = "0.000", 0, None
                    further.append(line)
        for line in further:
            line.number = max(numbers) + 1
            numbers.add(line.number)
        return found + further

    def gross_and_tax(self, row: Row, rate: str | None, gross: int, net: int, tax: int, table: str) -> tuple[int, int]:
        """Gross and tax in hundred-thousandths, of which the method of the register may leave out one.

        Args:
            row: The row.
            rate: Its VAT rate.
            gross, net, tax: The cells.
            table: lines_vat or transactions_vat.

        Returns:
            Gross and tax.

        Raises:
            UnreadableError: They cannot be read.
        """
        names = (
            ("POS_BRUTTO", "POS_NETTO", "POS_UST") if table == "lines_vat" else ("BON_BRUTTO", "BON_NETTO", "BON_UST")
        )
        gross_units, net_units, tax_units = (
            self.amounts.units(row[at], table, name, row, 5) if row[at].strip() else None
            for at, name in zip((gross, net, tax), names, strict=True)
        )
        points = 0 if rate is None else int(rate.replace(".", ""))
        if gross_units is None:
            if net_units is None:
                raise UnreadableError("value_missing", table, row, names[0])
            tax_units = rounded(net_units * points, 10_000) if tax_units is None else tax_units
            return net_units + tax_units, tax_units
        if tax_units is None:
            if net_units is not None:
                return gross_units, gross_units - net_units
            return gross_units, rounded(gross_units * points, 10_000 + points)
        if net_units is not None and abs(gross_units - net_units - tax_units) >= CENT:
            self._differs(UnreadableError("sum_differs", table, row, names[0]), gross_units, net_units + tax_units)
        return gross_units, tax_units

    def settle_fractions(self, bon_id: str, lines: list[Line], total_cents: int) -> None:
        """Takes the rounding differences of fractions of a cent to the largest line; any other difference stays.

        Args:
            bon_id: The receipt.
            lines: Its lines, which are changed.
            total_cents: Its total.
        """
        exact = self._exact_gross(bon_id)
        live = [line for line in lines if not line.cancelled]
        if not live or exact is None or exact != total_cents * CENT:
            return
        largest = max(live, key=lambda line: abs(line.gross_cents))
        missing = total_cents - sum(line.gross_cents for line in live)
        largest.gross_cents += missing
        largest.net_cents += missing
        self.log.noted("fractions_of_cents", "", "lines_vat", "POS_BRUTTO")

    def _exact_gross(self, bon_id: str) -> int | None:
        vat, lines = self.tables["lines_vat"], self.tables["lines"]
        at, line, gross = (vat.columns[name] for name in ("BON_ID", "POS_ZEILE", "POS_BRUTTO"))
        net, tax = vat.columns["POS_NETTO"], vat.columns["POS_UST"]
        cancelled = lines.columns["P_STORNO"]
        dead = {
            row[lines.columns["POS_ZEILE"]]
            for row in lines.rows
            if row[lines.columns["BON_ID"]] == bon_id and flag(row, cancelled, "lines", "P_STORNO")
        }
        total = 0
        for row in vat.rows:
            if row[at] == bon_id and row[line] not in dead:
                rate = self.rates.of(row, vat.columns["UST_SCHLUESSEL"], "lines_vat")
                total += self.gross_and_tax(row, rate, gross, net, tax, "lines_vat")[0]
        return total

    def quantity(self, text: str, factor: str, row: Row | None) -> str:
        """The product of a quantity and its factor.

        Args:
            text, factor: As they are written; an empty one is 1.
            row: Where they are.

        Returns:
            With three decimals.

        Raises:
            UnreadableError: One of them is no number.
        """
        key = text if factor in ("1,000", "1", "") else f"{text}*{factor}"
        known = self._quantities.get(key)
        if known is None:
            units = self.amounts.units(text, "lines", "MENGE", row, 3) if text.strip() else UNIT
            times = self.amounts.units(factor, "lines", "FAKTOR", row, 3) if factor.strip() else UNIT
            milli = units * (times or UNIT)
            if milli % (UNIT * _MILLI):
                self.log.spelled("quantity_rounded", text, "lines", "MENGE", row)
            milli = rounded(milli, UNIT * _MILLI)
            whole_part, rest = divmod(abs(milli), 1000)
            known = f"{'-' if milli < 0 else ''}{whole_part}.{rest:03d}"
            if len(self._quantities) < 100_000:
                self._quantities[key] = known
        return known

    def _differs(self, fault: UnreadableError, value: int, expected: int) -> None:
        fault.value, fault.expected = plain_euros(rounded(value)), plain_euros(rounded(expected))
        self.log.add(fault)
