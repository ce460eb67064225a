"""Scenarios of customers at a register: sales and returns of every kind, one function each.

A scenario fills a draft and says how it is paid; how payments are split is in tendering.py. Vouchers, advances and
open accounts are in credits.py; what else a register writes (cash in and out, orders, training) is in cashbook.py.
"""

from collections.abc import Callable

from cloudkasse_etl.sandbox.till import money
from cloudkasse_etl.sandbox.till.counter import Counter, Scenario, article_line, main_supply
from cloudkasse_etl.sandbox.till.credits import CREDIT_SCENARIOS
from cloudkasse_etl.sandbox.till.receipt_builder import Draft


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
    line = counter.goods(draft, counter.pick(counter.offers.bottled), milli=1000 * counter.rng.randint(1, 6))
    milli = money.parse_milli(line["quantity"])
    # a deposit is taxed like the goods that it belongs to, whatever rate its own article has
    if counter.offers.deposits:
        offer = counter.pick(counter.offers.deposits)
        price = offer.price_cents(milli) or 15
        draft.add(
            "Pfand", offer.name, price, line["vat_rate"], quantity_milli=milli, article=offer.number, unit=offer.unit
        )
    else:
        draft.add("Pfand", "Pfand Flasche", counter.rng.choice((8, 15, 25)), line["vat_rate"], quantity_milli=milli)
    counter.goods(draft)
    return ""


def _deposit_back(counter: Counter, draft: Draft) -> str:
    rate = counter.pick(counter.offers.bottled).vat_rate
    if counter.rng.random() < 0.5:
        counter.basket(draft)
    milli = 1000 * counter.rng.randint(1, 12)
    draft.add("PfandRueckzahlung", "Leergut", -counter.rng.choice((8, 15, 25)), rate, quantity_milli=milli)
    return ""


def _staff_tip(counter: Counter, draft: Draft) -> str:
    counter.basket(draft)
    draft.add("TrinkgeldAN", "Trinkgeld", 10 * counter.rng.randint(5, 60), None)
    return counter.rng.choice(("ECKarte", "Kreditkarte", "Bar"))


def _owner_tip(counter: Counter, draft: Draft) -> str:
    counter.basket(draft)
    draft.add("TrinkgeldAG", "Trinkgeld Inhaber", 10 * counter.rng.randint(5, 60), main_supply(draft)[0])
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
    Scenario("tip for staff", 1, _staff_tip),
    Scenario("tip for the owner", 0.3, _owner_tip),
    Scenario("third party pays part", 0.15, _third_party_pays_part),
    Scenario("foreign cash", 0.3, _foreign_cash),
    Scenario("mixed payment", 1, _mixed_payment),
    Scenario("return", 1.8, _return),
    Scenario("exchange", 1, _exchange),
    *(
        Scenario(f"paid with {tender}", 0.2, _paid_with(tender))
        for tender in ("Bar", "ECKarte", "Kreditkarte", "ElZahlungsdienstleister", "Unbar")
    ),
    *CREDIT_SCENARIOS,
)
BY_NAME = {scenario.name: scenario for scenario in SCENARIOS}
