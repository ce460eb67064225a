"""The fields of KORONA.cloud's receipts and closings that are read (docs/korona.md). Types only, no rule.

Every field may be missing, as its description says of all but two of them; fields that are not named here are ignored.
Numbers are read as decimals, exactly as they are written.
"""

from collections.abc import Sequence
from decimal import Decimal

import msgspec


class Named(msgspec.Struct, omit_defaults=True, gc=False):
    """What refers to another record (ModelReference)."""

    id: str | None = None
    name: str | None = None
    number: str | None = None

    @property
    def key(self) -> str | None:
        """What the settings know it by: its number, or its id where it has none."""
        return self.number or self.id


class TaxPayment(msgspec.Struct, rename="camel", gc=False):
    """The tax of an item at one rate, in percent; `included` where it is part of `TotalPrice.base`."""

    amount: Decimal | None = None
    tax_rate: Decimal | None = None
    included: bool | None = None


class TotalPrice(msgspec.Struct, rename="camel", gc=False):
    """What an item was sold for, its discounts taken off; `gross` is `base` and the taxes not included in it."""

    base: Decimal | None = None
    gross: Decimal | None = None
    net: Decimal | None = None
    tax_payments: list[TaxPayment] | None = None


class VoucherTransaction(msgspec.Struct, rename="camel", gc=False):
    """What an item of type VOUCHER did to a voucher (VoucherTransactionOld)."""

    voucher: Named | None = None
    voucher_configuration: Named | None = None


class ReceiptItem(msgspec.Struct, rename="camel", gc=False):
    """An item of a receipt."""

    description: str | None = None
    index: int | None = None
    product: Named | None = None
    quantity: Decimal | None = None
    serial_numbers: Sequence[object] | None = None
    total: TotalPrice | None = None
    type: str | None = None
    voucher_transaction: VoucherTransaction | None = None
    voucher_transaction_reference: Named | None = None


class AccountTransaction(msgspec.Struct, rename="camel", gc=False):
    """Money that was put into the drawer or taken out of it, by account."""

    account: Named | None = None
    amount: Decimal | None = None
    booking_time: str | None = None
    description: str | None = None


class Payment(msgspec.Struct, rename="camel", gc=False):
    """What was paid by a payment method."""

    amount: Decimal | None = None
    payment_method: Named | None = None


class ReceiptTotal(msgspec.Struct, gc=False):
    """A receipt's total as it was printed."""

    gross: Decimal | None = None
    net: Decimal | None = None
    tax: Decimal | None = None


class KoronaReceipt(msgspec.Struct, rename="camel", gc=False):
    """A receipt."""

    account_transactions: list[AccountTransaction] | None = None
    booking_time: str | None = None
    cancelled: bool | None = None
    cashier: Named | None = None
    creation_time: str | None = None
    currency: Named | None = None
    customer: Named | None = None
    id: str | None = None
    items: list[ReceiptItem] | None = None
    number: str | None = None
    payments: list[Payment] | None = None
    point_of_sale: Named | None = None
    reversal: bool | None = None
    reversed_receipt: Named | None = None
    total: ReceiptTotal | None = None
    voided: bool | None = None
    voucher_transactions: list[VoucherTransaction] | None = None
    zcounter: int | None = None


class FiscalTransaction(msgspec.Struct, gc=False):
    """A signature of the security device (TSE), or that it failed."""

    failed: bool | None = None


class SignedReceipt(msgspec.Struct, rename="camel", gc=False):
    """What a receipt says of its signatures; they may arrive later than it."""

    fiscal_transactions: list[FiscalTransaction] | None = None


class PaymentSummary(msgspec.Struct, rename="camel", gc=False):
    """What a closing has of a payment method: as the receipts have it, and as it was counted."""

    actual_amount: Decimal | None = None
    expected_amount: Decimal | None = None
    payment_method: Named | None = None


class Summaries(msgspec.Struct, gc=False):
    """The sums of a closing."""

    payments: list[PaymentSummary] | None = None


class EndOfDayStatement(msgspec.Struct, rename="camel", gc=False):
    """A closing; it does not name its point of sale."""

    finish_time: str | None = None
    receipt_count: int | None = None
    summaries: Summaries | None = None
    z_count: int | None = None


class PlacedStatement(msgspec.Struct, rename="camel", gc=False):
    """A closing as the client hands it on: KORONA's own JSON, beside the point of sale in whose list it was."""

    point_of_sale: Named
    end_of_day_statement: EndOfDayStatement
