"""How a receipt is paid: which tenders, how split. Change given back is deducted from the cash at once."""

import random

from cloudkasse_etl.sandbox.till import money
from cloudkasse_etl.sandbox.till.counter import Memory
from cloudkasse_etl.sandbox.till.receipt_builder import Draft

TENDERS = ("Bar", "ECKarte", "Kreditkarte", "ElZahlungsdienstleister", "Guthabenkarte", "Unbar")
TENDER_WEIGHTS = (52, 87, 94, 97, 99.3, 100)  # cumulative
CARD_NAMES = ("VISA", "Mastercard")
# The value of one unit of foreign cash, in ten thousandths of the register's currency. The shop's own rate.
FOREIGN_RATE = 10_425


def settle(draft: Draft, rng: random.Random, how: str, memory: Memory | None = None) -> None:
    """Pay a draft to the cent.

    Args:
        draft: The receipt; its total may be negative.
        rng: Makes the choices that `how` does not.
        how: A tender; "mixed" or "foreign"; "nothing" or "Keine" for a total of zero; "" for at random.
        memory: The balance of the stored-value cards, which pay no more; None: they pay anything, as in training.
    """
    total = draft.total_cents
    if total == 0:
        # A register writes either no payment or the tender "Keine"; both are valid.
        if how == "Keine" or (how != "nothing" and rng.random() < 0.5):
            draft.pay("Keine", 0)
    elif total < 0:
        draft.pay("Bar" if rng.random() < 0.8 else "ECKarte", total)
    elif how == "mixed" and total > 1:
        cash = rng.randint(1, total - 1)
        _pay(draft, rng, rng.choice(("ECKarte", "Kreditkarte", "Guthabenkarte")), total - cash, memory)
        draft.pay("Bar", cash)
    elif how == "foreign" and total >= 6:
        _pay_foreign(draft, rng, total)
    elif how in TENDERS:
        _pay(draft, rng, how, total, memory)
    else:
        _pay(draft, rng, rng.choices(TENDERS, cum_weights=TENDER_WEIGHTS)[0], total, memory)


def _pay(draft: Draft, rng: random.Random, tender: str, cents: int, memory: Memory | None) -> None:
    if tender == "Guthabenkarte" and memory is not None and not memory.charge(cents):
        tender = "ECKarte"
    draft.pay(tender, cents, name=rng.choice(CARD_NAMES) if tender == "Kreditkarte" else None)


def _pay_foreign(draft: Draft, rng: random.Random, total: int) -> None:
    """Pay with as many whole coins of another currency as the total allows, and the rest in the register's own."""
    currency = "EUR" if draft.currency == "CHF" else "CHF"
    coin = 100 if total >= 110 else 5
    coins = total * 10_000 // (coin * FOREIGN_RATE)
    foreign = coin * rng.randint((coins + 1) // 2, coins)
    draft.pay_foreign_cash(currency, foreign, money.half_up(foreign * FOREIGN_RATE, 10_000))
    if draft.unpaid_cents:
        draft.pay("Bar", draft.unpaid_cents)
