"""The lines of a KORONA receipt in canonical form, and its VAT by rate. Pure (docs/korona.md, Items)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from cloudkasse_etl.schemas.wire_receipts import Line, VatBlock
from cloudkasse_etl.tills.korona.exact_numbers import EXACT, ZERO, added, rounded_cents, text_of, units
from cloudkasse_etl.tills.korona.korona_fields import (
    AccountTransaction,
    KoronaReceipt,
    Named,
    ReceiptItem,
    TaxPayment,
    TotalPrice,
)
from cloudkasse_etl.tills.korona.settings_names import SettingsNames
from cloudkasse_etl.tills.port import UntranslatableError

VOUCHER = "VOUCHER"
_CENT = Decimal("0.01")


class FieldMissingError(ValueError):
    """A field without which a record means nothing; the text is its path."""


@dataclass(frozen=True, slots=True)
class Charged:
    """The amounts of an item: `tax` exactly, as KORONA has it, and `tax_cents` rounded."""

    gross_cents: int
    tax: Decimal
    tax_cents: int
    rate: str | None


@dataclass(frozen=True, slots=True)
class Lines:
    """The lines of a receipt, and its VAT as it was printed."""

    lines: list[Line]
    vat: list[VatBlock]


def lines_of(receipt: KoronaReceipt, names: SettingsNames) -> Lines:
    """The items of a receipt and, after them, its cash transactions.

    Args:
        receipt: The receipt.
        names: What the settings call KORONA's numbers.

    Returns:
        The lines, numbered from 1, and the VAT of the items.

    Raises:
        UntranslatableError: A number that the settings do not name, or sums that contradict each other.
        FieldMissingError: A field without which it means nothing is missing.
        UnreadableNumberError: A number is no amount.
    """
    items = _in_order(receipt.items or ())
    charged = [charged_of(item.total, f"items[{at}].total") for at, item in enumerate(items)]
    lines = [
        _line_of_item(at + 1, item, one, names, receipt)
        for at, (item, one) in enumerate(zip(items, charged, strict=True))
    ]
    printed = receipt.total.tax if receipt.total else None
    vat = _vat(charged, None if printed is None else rounded_cents(printed))
    lines += _cash_lines(receipt, sum(one.gross_cents for one in charged), len(lines), names)
    return Lines(lines, vat)


def charged_of(total: TotalPrice | None, path: str) -> Charged:
    """The amounts of an item, with its discounts taken off, and its taxes.

    `gross` is `base` and the taxes that are not included in it; `net` is it without any tax. Where KORONA states more
    than it has to, it must fit: a contradiction would be booked.
    """
    if total is None or (total.base is None and total.gross is None):
        raise FieldMissingError(path)
    taxes = [tax for tax in total.tax_payments or () if tax.amount is not None]
    tax = added(*(one.amount or ZERO for one in taxes))
    excluded = added(*(one.amount or ZERO for one in taxes if one.included is False))
    computed = None if total.base is None else EXACT.add(total.base, excluded)
    gross = total.gross if total.gross is not None else computed
    assert gross is not None  # noqa: S101 - one of both is there
    if computed is not None and computed != gross and any(one.included is not None for one in taxes):
        raise _contradiction(f"{path}.gross", gross, computed)
    net = EXACT.subtract(gross, tax)
    # a register that keeps taxes unrounded may round what it shows of them
    if total.net is not None and abs(EXACT.subtract(total.net, net)) >= _CENT:
        raise _contradiction(f"{path}.net", total.net, net)
    return Charged(units(gross, 2), tax, rounded_cents(tax), _rate(total.tax_payments or (), path))


def _rate(taxes: Sequence[TaxPayment], path: str) -> str | None:
    """The one rate of an item; None where it is not taxed at all."""
    rates = {units(tax.tax_rate, 2) for tax in taxes if tax.tax_rate is not None}
    if not rates and any(tax.amount for tax in taxes):
        raise FieldMissingError(f"{path}.taxPayments.taxRate")
    if len(rates) > 1:
        found = ", ".join(text_of(rate, 2) for rate in sorted(rates))
        raise UntranslatableError("korona_several_rates", {"value": path, "rates": found})
    return text_of(rates.pop(), 2) if rates else None


def _in_order(items: Sequence[ReceiptItem]) -> Sequence[ReceiptItem]:
    """The items by their index, so that a line has one number however the receipt was delivered."""
    places = [item.index for item in items]
    if None in places or len(set(places)) < len(places):
        return items
    return sorted(items, key=lambda item: item.index or 0)


def _line_of_item(
    number: int, item: ReceiptItem, charged: Charged, names: SettingsNames, receipt: KoronaReceipt
) -> Line:
    if item.quantity is None:
        raise FieldMissingError(f"items[{number - 1}].quantity")
    quantity = units(item.quantity, 3)
    product = item.product or Named()
    is_voucher = item.type == VOUCHER
    serials = [text for text in item.serial_numbers or () if isinstance(text, str) and text]
    return Line(
        article=None if is_voucher else product.number,
        business_case=_case(item, charged, names, receipt),
        cancelled=False,
        gross_cents=charged.gross_cents,
        net_cents=charged.gross_cents - charged.tax_cents,
        number=number,
        quantity=text_of(quantity, 3),
        serial=", ".join(serials) or None,
        tax_cents=charged.tax_cents,
        text=item.description or product.name or product.number or "",
        unit=None,
        unit_price_cents=_unit_price(charged.gross_cents, quantity),
        vat_rate=charged.rate,
        voucher=_voucher(item) if is_voucher else None,
    )


def _case(item: ReceiptItem, charged: Charged, names: SettingsNames, receipt: KoronaReceipt) -> str:
    if item.type == VOUCHER:
        return names.voucher_case(_configuration(item, receipt))
    if names.is_deposit(item.product):
        # what a reversal takes back is what was sold, with the other sign
        is_out = charged.gross_cents < 0
        return "PfandRueckzahlung" if is_out != bool(receipt.reversal) and charged.gross_cents else "Pfand"
    return "Umsatz"


def _configuration(item: ReceiptItem, receipt: KoronaReceipt) -> Named | None:
    """The configuration of an item's voucher: its own, or the one that all of the receipt's vouchers have."""
    if item.voucher_transaction and item.voucher_transaction.voucher_configuration:
        return item.voucher_transaction.voucher_configuration
    found = [one.voucher_configuration for one in receipt.voucher_transactions or () if one.voucher_configuration]
    return found[0] if len({one.key for one in found}) == 1 else None


def _voucher(item: ReceiptItem) -> str | None:
    voucher = item.voucher_transaction.voucher if item.voucher_transaction else item.voucher_transaction_reference
    return voucher.number if voucher else None


def _unit_price(gross_cents: int, quantity_milli: int) -> int:
    """The price of one, half a cent rounded up; of the line where it has no quantity."""
    if not quantity_milli:
        return gross_cents
    price, rest = divmod(abs(gross_cents) * 1000, abs(quantity_milli))
    price += 2 * rest >= abs(quantity_milli)
    return -price if (gross_cents < 0) != (quantity_milli < 0) else price


def _vat(charged: Sequence[Charged], printed_cents: int | None) -> list[VatBlock]:
    """The VAT by rate. KORONA prints one tax for the whole receipt; those of the rates add up to it.

    They are the items' taxes; else those of each rate's gross, which is how a register comes to another total; else
    the difference goes to the rate with the most gross.
    """
    by_rate: dict[str, list[Charged]] = {}
    for one in charged:
        if one.rate is not None:
            by_rate.setdefault(one.rate, []).append(one)
    rates = sorted(by_rate)
    gross = {rate: sum(one.gross_cents for one in by_rate[rate]) for rate in rates}
    tax = {rate: rounded_cents(added(*(one.tax for one in by_rate[rate]))) for rate in rates}
    if printed_cents is not None and sum(tax.values()) != printed_cents:
        computed = {rate: _tax_in(gross[rate], rate) for rate in rates}
        if sum(computed.values()) == printed_cents:
            tax = computed
        elif taxed := [rate for rate in rates if rate.strip("0.")]:
            most = max(taxed, key=lambda rate: (abs(gross[rate]), rate))
            tax[most] += printed_cents - sum(tax.values())
        else:
            raise _contradiction("total.tax", Decimal(printed_cents).scaleb(-2), ZERO)
    return [
        VatBlock(gross_cents=gross[rate], net_cents=gross[rate] - tax[rate], tax_cents=tax[rate], vat_rate=rate)
        for rate in rates
    ]


def _tax_in(gross_cents: int, rate: str) -> int:
    points = int(rate.replace(".", ""))
    tax = (2 * abs(gross_cents) * points + 10_000 + points) // (2 * (10_000 + points))
    return -tax if gross_cents < 0 else tax


def _cash_lines(receipt: KoronaReceipt, items_cents: int, before: int, names: SettingsNames) -> Iterator[Line]:
    """The cash transactions, in an order that does not depend on their delivery.

    Whether money that is taken out has a sign is not described: where only the turned signs come to what was paid,
    they are turned.
    """
    found = receipt.account_transactions or []
    cents = [_cents(one) for one in found]
    paid = sum(units(payment.amount, 2) for payment in receipt.payments or () if payment.amount is not None)
    turned = items_cents + sum(cents) != paid and items_cents - sum(cents) == paid
    amounts = [-amount if turned else amount for amount in cents]
    ordered = sorted(zip(found, amounts, strict=True), key=lambda pair: _place(*pair))
    for number, (one, amount) in enumerate(ordered, before + 1):
        account = one.account or Named()
        yield Line(
            article=None,
            business_case=names.cash_case(one.account),
            cancelled=False,
            gross_cents=amount,
            net_cents=amount,
            number=number,
            quantity="1.000",
            tax_cents=0,
            text=one.description or account.name or account.key or "",
            unit=None,
            unit_price_cents=amount,
            vat_rate=None,
            voucher=None,
        )


def _cents(transaction: AccountTransaction) -> int:
    if transaction.amount is None:
        raise FieldMissingError("accountTransactions.amount")
    return units(transaction.amount, 2)


def _place(one: AccountTransaction, amount: int) -> tuple[str, str, int, str]:
    key = one.account.key if one.account else None
    return one.booking_time or "", key or "", amount, one.description or ""


def _contradiction(field: str, stated: Decimal, computed: Decimal) -> UntranslatableError:
    return UntranslatableError("korona_sums", {"field": field, "value": f"{stated:f}", "computed": f"{computed:f}"})
