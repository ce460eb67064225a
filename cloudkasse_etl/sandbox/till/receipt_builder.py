"""Builds a receipt: lines and payments are added, and at the end the totals and the printed VAT block are computed.

The shape and the sums of a receipt are the contract's (section Receipts). Sales are in baskets.py, other receipts in
cashbook.py.
"""

from dataclasses import dataclass, field
from datetime import date
from typing import Any

from cloudkasse_etl.sandbox.till import money

RECEIVABLES = frozenset({"Forderungsentstehung", "Forderungsaufloesung"})
NAMES = {
    "ECKarte": "girocard",
    "ElZahlungsdienstleister": "PayPal",
    "Guthabenkarte": "Kundenkarte",
    "Unbar": "Rechnung",
}

Fields = dict[str, Any]


@dataclass(slots=True)
class Draft:
    """A receipt that is not finished.

    Attributes:
        currency: The register's currency.
        kind: DSFinV-K BON_TYP.
        cancelled: DSFinV-K BON_STORNO.
        reference: The id of the receipt that it refers to.
        lines, payments: In wire format.
        vat: The VAT block if it is not to be computed from the lines.
        is_vat_without_receivables: Whether the VAT block leaves out the Forderungs lines; both ways occur.
    """

    currency: str
    kind: str = "Beleg"
    cancelled: bool = False
    reference: str | None = None
    customer: str | None = None
    note: str | None = None
    lines: list[Fields] = field(default_factory=list)
    payments: list[Fields] = field(default_factory=list)
    vat: list[Fields] | None = None
    is_vat_without_receivables: bool = False

    def add(
        self,
        business_case: str,
        text: str,
        unit_price_cents: int,
        vat_rate: str | None,
        *,
        quantity_milli: int = 1000,
        article: str | None = None,
        gtin: str | None = None,
        unit: str | None = None,
        voucher: str | None = None,
        cancelled: bool = False,
    ) -> Fields:
        """Add a line and return it; gross and the tax in it are rounded half up.

        Args:
            business_case: DSFinV-K GV_TYP.
            text: The text of the line.
            unit_price_cents: Gross price of one unit.
            vat_rate: Percent in wire format, such as "19.00"; None where no VAT applies.
            quantity_milli: The quantity in thousandths; negative for a return.
            article: The article's number.
            gtin: Its bar code.
            unit: The unit of the quantity.
            voucher: The voucher's number.
            cancelled: Whether the line was cancelled during entry.

        Returns:
            The line in wire format.
        """
        gross_cents = money.amount_cents(unit_price_cents, quantity_milli)
        tax_cents = money.tax_cents(gross_cents, vat_rate)
        line = {
            "number": len(self.lines) + 1,
            "business_case": business_case,
            "article": article,
            "gtin": gtin,
            "text": text,
            "quantity": money.format_milli(quantity_milli),
            "unit": unit,
            "unit_price_cents": unit_price_cents,
            "gross_cents": gross_cents,
            "net_cents": gross_cents - tax_cents,
            "tax_cents": tax_cents,
            "vat_rate": vat_rate,
            "voucher": voucher,
            "serial": None,
            "cancelled": cancelled,
            "in_house": False,
        }
        self.lines.append(line)
        return line

    def pay(self, tender: str, cents: int, *, name: str | None = None) -> None:
        """Add a payment in the register's currency.

        Args:
            tender: DSFinV-K ZAHLART_TYP.
            cents: The amount, with change given back already deducted.
            name: The tender's name, for those of type Unbar.
        """
        self._pay(tender, name or NAMES.get(tender, tender), self.currency, cents, cents)

    def pay_foreign_cash(self, currency: str, amount_cents: int, base_amount_cents: int) -> None:
        """Add a payment in cash of another currency.

        Args:
            currency: The other currency, three letters.
            amount_cents: The amount in that currency.
            base_amount_cents: Its value in the register's currency.
        """
        self._pay("Bar", f"Bar {currency}", currency, amount_cents, base_amount_cents)

    def _pay(self, tender: str, name: str, currency: str, amount_cents: int, base_amount_cents: int) -> None:
        self.payments.append(
            {
                "tender": tender,
                "name": name,
                "currency": currency,
                "amount_cents": amount_cents,
                "base_amount_cents": base_amount_cents,
            }
        )

    @property
    def total_cents(self) -> int:
        """The gross sum of the lines that are not cancelled."""
        return sum(int(line["gross_cents"]) for line in self.lines if not line["cancelled"])

    @property
    def unpaid_cents(self) -> int:
        """The part of the total that the payments do not cover yet."""
        return self.total_cents - sum(int(payment["base_amount_cents"]) for payment in self.payments)

    @property
    def cash_cents(self) -> int:
        """The cash paid in, less the cash paid out; of receipts without effect too."""
        return sum(int(payment["base_amount_cents"]) for payment in self.payments if payment["tender"] == "Bar")

    def gross_by_rate(self, *business_cases: str) -> dict[str | None, int]:
        """Return the gross sum of the lines that are not cancelled at each rate; of these business cases, or of all."""
        sums: dict[str | None, int] = {}
        for line in self.lines:
            if not line["cancelled"] and (not business_cases or line["business_case"] in business_cases):
                sums[line["vat_rate"]] = sums.get(line["vat_rate"], 0) + line["gross_cents"]
        return sums

    def finish(
        self, *, id_: str, register: str, number: int, started_at: str, ended_at: str, day: date, employee: str | None
    ) -> Fields:
        """Return the receipt; `closing_number` and `arrived_at` are filled in on delivery.

        Args:
            id_: The receipt's id.
            register: The register's number.
            number: The receipt's number at the register.
            started_at: RFC 3339.
            ended_at: RFC 3339.
            day: The business day.
            employee: The employee's number; None if there is none.

        Returns:
            The receipt in wire format.
        """
        if self.unpaid_cents:
            raise AssertionError(f"Receipt {register}/{number} is not paid: {self.unpaid_cents} cents are open.")
        return {
            "id": id_,
            "register": register,
            "closing_number": None,
            "number": number,
            "kind": self.kind,
            "cancelled": self.cancelled,
            "started_at": started_at,
            "ended_at": ended_at,
            "arrived_at": ended_at,
            "business_day": day.isoformat(),
            "employee": employee,
            "currency": self.currency,
            "total_cents": self.total_cents,
            "note": self.note,
            "reference": None if self.reference is None else {"receipt_id": self.reference},
            "customer": self.customer,
            "tse": {"serial": f"SANDBOX-{register}", "transaction": number, "signature_counter": 2 * number},
            "lines": self.lines,
            "payments": self.payments,
            "vat": self._printed_vat() if self.vat is None else self.vat,
        }

    def _printed_vat(self) -> list[Fields]:
        # Computed from the totals, as registers print it: it may differ from the sum of the lines' tax by cents.
        covered: dict[str, int] = {}
        for line in self.lines:
            rate = line["vat_rate"]
            if rate is not None and not line["cancelled"]:
                is_left_out = self.is_vat_without_receivables and line["business_case"] in RECEIVABLES
                covered[rate] = covered.get(rate, 0) + (0 if is_left_out else line["gross_cents"])
        return [_block(rate, gross_cents) for rate, gross_cents in sorted(covered.items(), key=_by_rate, reverse=True)]


def counter_entry(receipt: Fields, *, cancelled: bool) -> Draft:
    """Return the receipt that voids a finished one: every sign reversed, lines cancelled during entry left out."""
    live = [line for line in receipt["lines"] if not line["cancelled"]]
    amounts = ("gross_cents", "net_cents", "tax_cents")
    return Draft(
        currency=receipt["currency"],
        cancelled=cancelled,
        reference=receipt["id"],
        customer=receipt["customer"],
        lines=[
            line
            | {name: -line[name] for name in amounts}
            | {"number": number, "quantity": money.format_milli(-money.parse_milli(line["quantity"]))}
            for number, line in enumerate(live, 1)
        ],
        payments=[
            payment | {name: -payment[name] for name in ("amount_cents", "base_amount_cents")}
            for payment in receipt["payments"]
        ],
        vat=[block | {name: -block[name] for name in amounts} for block in receipt["vat"]],
    )


def copy_of(receipt: Fields, kind: str) -> Draft:
    """Return a slip of another kind that repeats a finished receipt and refers to it."""
    return Draft(
        currency=receipt["currency"],
        kind=kind,
        reference=receipt["id"],
        customer=receipt["customer"],
        lines=[dict(line) for line in receipt["lines"]],
        payments=[dict(payment) for payment in receipt["payments"]],
        vat=[dict(block) for block in receipt["vat"]],
    )


def _block(vat_rate: str, gross_cents: int) -> Fields:
    tax_cents = money.tax_cents(gross_cents, vat_rate)
    return {
        "vat_rate": vat_rate,
        "gross_cents": gross_cents,
        "net_cents": gross_cents - tax_cents,
        "tax_cents": tax_cents,
    }


def _by_rate(item: tuple[str, int]) -> tuple[int, str]:
    return len(item[0]), item[0]
