"""Visits that leave a debt, and those that settle it: vouchers, stored-value cards, advances, open accounts.

Only existing debts are settled: a visit that would redeem a voucher while none is open sells one instead. So a
voucher's value never falls below zero, and neither does the liability of all of them.
"""

from cloudkasse_etl.sandbox.till.assortment import Offer
from cloudkasse_etl.sandbox.till.counter import Counter, Credit, Scenario
from cloudkasse_etl.sandbox.till.receipt_builder import Draft

MULTI_PURPOSE, SINGLE_PURPOSE, ADVANCE, ON_ACCOUNT, CARD = "MZ", "EZ", "AZ", "RE", "GK"


def _taxed_rate(counter: Counter) -> str | None:
    """A rate above zero at which something is sold; None in a shop that charges no VAT."""
    taxed = [offer for offer in counter.offers.all if offer.is_taxed]
    return counter.pick(taxed).vat_rate if taxed else None


def _sell_voucher(
    counter: Counter, draft: Draft, kind: str, case: str, text: str, cents: int, rate: str | None, offer: Offer | None
) -> None:
    number = counter.document(kind)
    if offer is not None:
        text, cents = offer.name, offer.base_cents or cents
    article, gtin, unit = (offer.number, offer.gtin, offer.unit) if offer else (None, None, None)
    draft.add(case, text, cents, rate, article=article, gtin=gtin, unit=unit, voucher=number)
    counter.memory.keep(kind, Credit(number, cents, rate))


def _single_purpose_sale(counter: Counter, draft: Draft) -> str:
    offers = counter.offers.single_purpose
    offer = counter.pick(offers) if offers else None
    rate = offer.vat_rate if offer else _taxed_rate(counter)
    if rate is None:
        return _multi_purpose_sale(counter, draft)
    cents = 500 * counter.rng.randint(2, 10)
    _sell_voucher(counter, draft, SINGLE_PURPOSE, "EinzweckgutscheinKauf", "Gutschein (Einzweck)", cents, rate, offer)
    return ""


def _multi_purpose_sale(counter: Counter, draft: Draft) -> str:
    offers = counter.offers.multi_purpose
    offer = counter.pick(offers) if offers else None
    cents = counter.rng.choice((1000, 2000, 2500, 5000, 10000))
    # without VAT whatever rate the article has: it is not known yet for which goods it will be redeemed
    _sell_voucher(counter, draft, MULTI_PURPOSE, "MehrzweckgutscheinKauf", "Gutschein", cents, None, offer)
    if counter.rng.random() < 0.3:
        counter.goods(draft)
    return ""


def _settle_taxed(counter: Counter, draft: Draft, credit: Credit, kind: str, case: str, text: str) -> None:
    """Pay goods of one rate by a voucher or an advance that was taxed when it was sold."""
    counter.basket(draft)
    of_rate = [offer for offer in counter.offers.all if offer.vat_rate == credit.vat_rate]
    if of_rate and credit.vat_rate not in draft.gross_by_rate("Umsatz"):
        counter.goods(draft, counter.pick(of_rate))
    cents = min(credit.cents, draft.gross_by_rate("Umsatz").get(credit.vat_rate, 0))
    if cents > 0:
        draft.add(case, text, -cents, credit.vat_rate, voucher=credit.number if kind == SINGLE_PURPOSE else None)
    _keep_rest(counter, kind, credit, max(cents, 0))


def _keep_rest(counter: Counter, kind: str, credit: Credit, spent_cents: int) -> None:
    if credit.cents > spent_cents:
        counter.memory.keep(kind, Credit(credit.number, credit.cents - spent_cents, credit.vat_rate))


def _single_purpose_redeemed(counter: Counter, draft: Draft) -> str:
    credit = counter.memory.take(SINGLE_PURPOSE)
    if credit is None:
        return _single_purpose_sale(counter, draft)
    text = "Einlösung Gutschein (Einzweck)"
    _settle_taxed(counter, draft, credit, SINGLE_PURPOSE, "EinzweckgutscheinEinloesung", text)
    return ""


def _redeem(counter: Counter, draft: Draft, credit: Credit) -> None:
    cents = min(credit.cents, draft.total_cents)
    draft.add("MehrzweckgutscheinEinloesung", "Einlösung Gutschein", -cents, None, voucher=credit.number)
    _keep_rest(counter, MULTI_PURPOSE, credit, cents)


def _multi_purpose_redeemed(counter: Counter, draft: Draft) -> str:
    credit = counter.memory.take(MULTI_PURPOSE)
    if credit is None:
        return _multi_purpose_sale(counter, draft)
    counter.basket(draft)
    _redeem(counter, draft, credit)
    return ""


def _paid_by_voucher(counter: Counter, draft: Draft) -> str:
    credit = counter.memory.take(MULTI_PURPOSE)
    if credit is None:
        return _multi_purpose_sale(counter, draft)
    if not counter.basket_up_to(draft, credit.cents):
        counter.basket(draft)
    _redeem(counter, draft, credit)
    return "Keine" if draft.total_cents == 0 else ""


def _paid_by_voucher_silently(counter: Counter, draft: Draft) -> str:
    return "nothing" if _paid_by_voucher(counter, draft) == "Keine" else ""


def _card_topped_up(counter: Counter, draft: Draft) -> str:
    cents = counter.rng.choice((2000, 3000, 5000))
    number = f"{CARD}-{counter.register}-{counter.rng.randrange(1000):03d}"
    draft.add("MehrzweckgutscheinKauf", "Aufladung Kundenkarte", cents, None, voucher=number)
    counter.memory.cards_cents += cents
    return counter.rng.choice(("Bar", "ECKarte"))


def _paid_with_card(counter: Counter, draft: Draft) -> str:
    if not counter.memory.cards_cents:
        return _card_topped_up(counter, draft)
    if not counter.basket_up_to(draft, counter.memory.cards_cents):
        counter.basket(draft)
    return "Guthabenkarte"


def _on_account(counter: Counter, draft: Draft) -> str:
    counter.basket(draft)
    draft.customer = f"D{counter.rng.randrange(10_000, 10_200)}"
    draft.is_vat_without_receivables = not counter.is_taxed_when_paid
    is_part = counter.rng.random() < 0.3
    for rate, cents in draft.gross_by_rate().items():
        owed = cents - cents // 2 if is_part else cents
        draft.add("Forderungsentstehung", "Lieferung auf Rechnung", -owed, rate)
        counter.memory.keep(ON_ACCOUNT, Credit(draft.customer, owed, rate))
    return ""


def _account_paid(counter: Counter, draft: Draft) -> str:
    credit = counter.memory.take(ON_ACCOUNT)
    if credit is None:
        return _on_account(counter, draft)
    draft.customer = credit.number
    draft.is_vat_without_receivables = not counter.is_taxed_when_paid
    draft.add("Forderungsaufloesung", "Zahlung offene Rechnung", credit.cents, credit.vat_rate)
    return ""


def _advance(counter: Counter, draft: Draft) -> str:
    rate = _taxed_rate(counter)
    if rate is None:
        return _on_account(counter, draft)
    cents = 500 * counter.rng.randint(1, 20)
    draft.add("Anzahlungseinstellung", "Anzahlung Vorbestellung", cents, rate)
    counter.memory.keep(ADVANCE, Credit(counter.document(ADVANCE), cents, rate))
    return ""


def _advance_settled(counter: Counter, draft: Draft) -> str:
    credit = counter.memory.take(ADVANCE)
    if credit is None:
        return _advance(counter, draft)
    _settle_taxed(counter, draft, credit, ADVANCE, "Anzahlungsaufloesung", "Verrechnung Anzahlung")
    return ""


CREDIT_SCENARIOS = (
    Scenario("single-purpose voucher sold", 0.6, _single_purpose_sale),
    Scenario("single-purpose voucher redeemed", 0.5, _single_purpose_redeemed, after="single-purpose voucher sold"),
    Scenario("multi-purpose voucher sold", 1, _multi_purpose_sale),
    Scenario("multi-purpose voucher redeemed", 0.8, _multi_purpose_redeemed, after="multi-purpose voucher sold"),
    Scenario("paid by voucher, said so", 0.2, _paid_by_voucher, after="multi-purpose voucher sold"),
    Scenario("paid by voucher, no payment", 0.2, _paid_by_voucher_silently, after="multi-purpose voucher sold"),
    Scenario("stored-value card topped up", 0.4, _card_topped_up),
    Scenario("paid with Guthabenkarte", 0.3, _paid_with_card, after="stored-value card topped up"),
    Scenario("on account", 0.6, _on_account),
    Scenario("account paid", 0.4, _account_paid, after="on account"),
    Scenario("advance", 0.3, _advance),
    Scenario("advance settled", 0.25, _advance_settled, after="advance"),
)
