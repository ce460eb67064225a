"""What customers do at a register: sales and returns of every kind, one function a scenario.

A scenario fills a draft and says how it is paid; how payments are split is in tendering.py. What else a register
writes (cash in and out, orders, training) is in cashbook.py.
"""

from collections.abc import Callable
from typing import NamedTuple

from cloudkasse_etl.sandbox import money
from cloudkasse_etl.sandbox.counter import Counter, Credit, article_line
from cloudkasse_etl.sandbox.drafts import Draft


class Scenario(NamedTuple):
    """A kind of visit.

    Attributes:
        name: Its name in plans and tests.
        weight: How often it happens, out of all weights.
        serve: Fills the draft; returns how it is paid (a word of tendering.py), "" for as it comes.
        needs: The list of `Offers` that must not be empty.
    """

    name: str
    weight: float
    serve: Callable[[Counter, Draft], str]
    needs: str = "all"


def main_supply(draft: Draft) -> tuple[str | None, int]:
    """Return the rate at which most goods are sold, and what they come to."""
    return max(draft.gross_by_rate("Umsatz").items(), key=lambda item: (item[1], item[0] or ""))


def _plain(counter: Counter, draft: Draft) -> str:
    counter.basket(draft)
    return ""


def _weighed(counter: Counter, draft: Draft) -> str:
    for _ in range(counter.rng.randint(1, 4)):
        counter.goods(draft, counter.pick(counter.offers.weighed))
    return ""


def _scaled(counter: Counter, draft: Draft) -> str:
    offer = counter.pick(counter.offers.scaled)
    step = counter.rng.choice(offer.steps)[0]
    counter.goods(draft, offer, milli=-(-step // 1000) * 1000 + 1000 * counter.rng.randint(0, 2))
    return ""


def _keyed(counter: Counter, draft: Draft) -> str:
    counter.goods(draft, counter.pick(counter.offers.keyed))
    counter.goods(draft)
    return ""


def _line_cancelled(counter: Counter, draft: Draft) -> str:
    counter.goods(draft, cancelled=True)
    counter.basket(draft)
    return ""


def _reduced(counter: Counter, draft: Draft) -> str:
    offer = counter.pick(counter.offers.discountable)
    milli = counter.quantity_milli(offer)
    price = offer.price_cents(milli) or 500
    percent = counter.rng.choice((10, 20, 30, 50))
    reduced = max(1, price - money.share_cents(price, percent))
    if money.amount_cents(reduced, milli) == 0:
        milli = 1000
    article_line(draft, "Umsatz", offer, f"{offer.name} (-{percent} %)", reduced, milli)
    counter.goods(draft)
    return ""


def _article_discount(counter: Counter, draft: Draft) -> str:
    offer = counter.pick(counter.offers.discountable)
    line = counter.goods(draft, offer)
    percent = counter.rng.choice((5, 10, 20, 25))
    article_line(
        draft, "Rabatt", offer, f"Rabatt {percent} %", -max(1, money.share_cents(line["gross_cents"], percent))
    )
    counter.goods(draft)
    return ""


def _receipt_discount(counter: Counter, draft: Draft) -> str:
    for _ in range(counter.rng.randint(2, 6)):
        counter.goods(draft, counter.pick(counter.offers.discountable))
    percent = counter.rng.choice((3, 5, 10))
    for rate, cents in draft.gross_by_rate().items():
        draft.add("Rabatt", f"Treuerabatt {percent} %", -max(1, money.share_cents(cents, percent)), rate)
    return ""


def _surcharge(counter: Counter, draft: Draft) -> str:
    counter.basket(draft)
    rate, cents = main_supply(draft)
    draft.add("Aufschlag", "Zuschlag 5 %", max(1, money.share_cents(cents, 5)), rate)
    return ""


def _deposit(counter: Counter, draft: Draft) -> str:
    line = counter.goods(draft, milli=1000 * counter.rng.randint(1, 6))
    milli = money.parse_milli(line["quantity"])
    draft.add("Pfand", "Pfand Flasche", counter.rng.choice((8, 15, 25)), line["vat_rate"], quantity_milli=milli)
    counter.goods(draft)
    return ""


def _deposit_back(counter: Counter, draft: Draft) -> str:
    rate = counter.pick().vat_rate
    if counter.rng.random() < 0.5:
        counter.basket(draft)
        rate, _ = main_supply(draft)
    milli = 1000 * counter.rng.randint(1, 12)
    draft.add("PfandRueckzahlung", "Leergut", -counter.rng.choice((8, 15, 25)), rate, quantity_milli=milli)
    return ""


def _single_purpose_sale(counter: Counter, draft: Draft) -> str:
    rate, cents = counter.pick().vat_rate, 500 * counter.rng.randint(2, 10)
    number = counter.document("EZ")
    draft.add("EinzweckgutscheinKauf", "Gutschein (Einzweck)", cents, rate, voucher=number)
    counter.memory.keep("EZ", Credit(number, cents, rate))
    return ""


def _redeem(counter: Counter, draft: Draft, prefix: str, case: str, text: str) -> None:
    """Pay goods of one rate by a voucher or an advance that was taxed when it was sold."""
    counter.basket(draft)
    sold = draft.gross_by_rate("Umsatz")
    credit = counter.memory.take(prefix)
    if credit is not None and credit.vat_rate not in sold:
        counter.memory.keep(prefix, credit)
        credit = None
    if credit is None:  # one from before this simulation began
        credit = Credit(counter.document(prefix), 1000, main_supply(draft)[0])
    cents = min(credit.cents, sold[credit.vat_rate])
    draft.add(case, text, -cents, credit.vat_rate, voucher=credit.number if prefix == "EZ" else None)
    if credit.cents > cents:
        counter.memory.keep(prefix, Credit(credit.number, credit.cents - cents, credit.vat_rate))


def _single_purpose_redeemed(counter: Counter, draft: Draft) -> str:
    _redeem(counter, draft, "EZ", "EinzweckgutscheinEinloesung", "Einlösung Gutschein (Einzweck)")
    return ""


def _multi_purpose_sale(counter: Counter, draft: Draft) -> str:
    cents = counter.rng.choice((1000, 2000, 2500, 5000, 10000))
    number = counter.document("MZ")
    draft.add("MehrzweckgutscheinKauf", "Gutschein", cents, None, voucher=number)
    counter.memory.keep("MZ", Credit(number, cents))
    if counter.rng.random() < 0.3:
        counter.goods(draft)
    return ""


def _multi_purpose_redeemed(counter: Counter, draft: Draft) -> str:
    counter.basket(draft)
    credit = counter.memory.take("MZ") or Credit(counter.document("MZ"), 2000)
    cents = min(credit.cents, draft.total_cents)
    draft.add("MehrzweckgutscheinEinloesung", "Einlösung Gutschein", -cents, None, voucher=credit.number)
    if credit.cents > cents:
        counter.memory.keep("MZ", Credit(credit.number, credit.cents - cents))
    return ""


def _paid_by_voucher(counter: Counter, draft: Draft) -> str:
    counter.basket(draft)
    voucher = counter.document("MZ")
    draft.add("MehrzweckgutscheinEinloesung", "Einlösung Gutschein", -draft.total_cents, None, voucher=voucher)
    return "Keine"


def _paid_by_voucher_silently(counter: Counter, draft: Draft) -> str:
    _paid_by_voucher(counter, draft)
    return "nothing"


def _staff_tip(counter: Counter, draft: Draft) -> str:
    counter.basket(draft)
    draft.add("TrinkgeldAN", "Trinkgeld", 10 * counter.rng.randint(5, 60), None)
    return counter.rng.choice(("ECKarte", "Kreditkarte", "Bar"))


def _owner_tip(counter: Counter, draft: Draft) -> str:
    counter.basket(draft)
    draft.add("TrinkgeldAG", "Trinkgeld Inhaber", 10 * counter.rng.randint(5, 60), main_supply(draft)[0])
    return ""


def _on_account(counter: Counter, draft: Draft, is_vat_left_out: bool) -> str:
    counter.basket(draft)
    draft.customer = f"D{counter.rng.randrange(10_000, 10_200)}"
    draft.is_vat_without_receivables = is_vat_left_out
    is_part = counter.rng.random() < 0.3
    for rate, cents in draft.gross_by_rate().items():
        owed = cents - cents // 2 if is_part else cents
        draft.add("Forderungsentstehung", "Lieferung auf Rechnung", -owed, rate)
        counter.memory.keep("RE", Credit(draft.customer, owed, rate, is_vat_left_out))
    return ""


def _account_paid(counter: Counter, draft: Draft, is_vat_left_out: bool) -> str:
    credit = counter.memory.take("RE")
    if credit is None or credit.is_vat_left_out != is_vat_left_out:
        rate, cents = counter.pick().vat_rate, counter.rng.randint(500, 20_000)
        credit = Credit(f"D{counter.rng.randrange(10_000, 10_200)}", cents, rate)
    draft.customer = credit.number
    draft.is_vat_without_receivables = is_vat_left_out
    draft.add("Forderungsaufloesung", "Zahlung offene Rechnung", credit.cents, credit.vat_rate)
    return ""


def _advance(counter: Counter, draft: Draft) -> str:
    rate, cents = counter.pick().vat_rate, 500 * counter.rng.randint(1, 20)
    draft.add("Anzahlungseinstellung", "Anzahlung Vorbestellung", cents, rate)
    counter.memory.keep("AZ", Credit(counter.document("AZ"), cents, rate))
    return ""


def _advance_settled(counter: Counter, draft: Draft) -> str:
    _redeem(counter, draft, "AZ", "Anzahlungsaufloesung", "Verrechnung Anzahlung")
    return ""


def _third_party_pays_part(counter: Counter, draft: Draft) -> str:
    counter.basket(draft)
    rate, cents = main_supply(draft)
    draft.add("ZuschussUnecht", "Zuschuss von dritter Seite", -max(1, money.share_cents(cents, 30)), rate)
    return ""


def _foreign_cash(counter: Counter, draft: Draft) -> str:
    counter.basket_of(draft, 500)
    return "foreign"


def _mixed_payment(counter: Counter, draft: Draft) -> str:
    counter.basket_of(draft, 1000)
    return "mixed"


def _return(counter: Counter, draft: Draft) -> str:
    for _ in range(counter.rng.randint(1, 2)):
        offer = counter.pick()
        counter.goods(draft, offer, milli=-counter.quantity_milli(offer))
    return ""


def _exchange(counter: Counter, draft: Draft) -> str:
    _return(counter, draft)
    counter.basket(draft)
    return ""


def _paid_with(tender: str) -> Callable[[Counter, Draft], str]:
    def serve(counter: Counter, draft: Draft) -> str:
        counter.basket(draft)
        return tender

    return serve


SCENARIOS = (
    Scenario("plain", 66, _plain),
    Scenario("weighed", 3, _weighed, "weighed"),
    Scenario("scaled", 1.5, _scaled, "scaled"),
    Scenario("keyed", 2, _keyed, "keyed"),
    Scenario("line cancelled", 3, _line_cancelled),
    Scenario("reduced", 2, _reduced, "discountable"),
    Scenario("discount on an article", 2.5, _article_discount, "discountable"),
    Scenario("discount on the receipt", 2, _receipt_discount, "discountable"),
    Scenario("surcharge", 0.5, _surcharge),
    Scenario("deposit", 2, _deposit),
    Scenario("deposit back", 1.5, _deposit_back),
    Scenario("single-purpose voucher sold", 0.6, _single_purpose_sale),
    Scenario("single-purpose voucher redeemed", 0.5, _single_purpose_redeemed),
    Scenario("multi-purpose voucher sold", 1, _multi_purpose_sale),
    Scenario("multi-purpose voucher redeemed", 0.8, _multi_purpose_redeemed),
    Scenario("paid by voucher, said so", 0.2, _paid_by_voucher),
    Scenario("paid by voucher, no payment", 0.2, _paid_by_voucher_silently),
    Scenario("tip for staff", 1, _staff_tip),
    Scenario("tip for the owner", 0.3, _owner_tip),
    Scenario("on account, VAT at once", 0.3, lambda counter, draft: _on_account(counter, draft, True)),
    Scenario("on account, VAT when paid", 0.3, lambda counter, draft: _on_account(counter, draft, False)),
    Scenario("account paid, VAT paid before", 0.2, lambda counter, draft: _account_paid(counter, draft, True)),
    Scenario("account paid, VAT now", 0.2, lambda counter, draft: _account_paid(counter, draft, False)),
    Scenario("advance", 0.3, _advance),
    Scenario("advance settled", 0.25, _advance_settled),
    Scenario("third party pays part", 0.15, _third_party_pays_part),
    Scenario("foreign cash", 0.3, _foreign_cash),
    Scenario("mixed payment", 1, _mixed_payment),
    Scenario("return", 1.8, _return),
    Scenario("exchange", 1, _exchange),
    *(
        Scenario(f"paid with {tender}", 0.2, _paid_with(tender))
        for tender in ("Bar", "ECKarte", "Kreditkarte", "ElZahlungsdienstleister", "Guthabenkarte", "Unbar")
    ),
)
BY_NAME = {scenario.name: scenario for scenario in SCENARIOS}
